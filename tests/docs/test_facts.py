"""Numbers that the documentation states are the numbers that the code gives."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.polish import VARIANTS, b_score
from sensitome.io.study_file import preset
from sensitome.screen.stability import settings_grid
from sensitome.settings import Inputs, Study, Treatments

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plate() -> pl.DataFrame:
    path = ROOT / "tests" / "oracle" / "plate384" / "plate384_reference.csv"
    return pl.read_csv(path, null_values="NA", infer_schema_length=None)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("loess_hist_pred", "loess_direct_pred", "0.035"),
        ("loess_sym_pred", "loess_sym_direct_pred", "0.026"),
        ("loess_direct_pred", "loess_sym_direct_pred", "0.227"),
        ("loess_sym_direct_pred", "locfit_nn06_pred", "0.038"),
        ("loess_sym_direct_pred", "locfit_default_pred", "0.052"),
    ],
)
def test_forms_of_loess_differ_as_the_page_says(
    plate: pl.DataFrame, page: Callable[[str], str], one: str, other: str, told: str
) -> None:
    samples = plate.filter(pl.col("anno") == "sample")
    assert f"{(samples[one] - samples[other]).abs().max():.3f}" == told
    assert f"| {told} |" in page("against")


def test_locfit_reaches_as_far_as_the_page_says(plate: pl.DataFrame, page: Callable[[str], str]) -> None:
    controls = plate.filter(pl.col("anno").is_in(["neg", "pos"]))
    reach = [
        f"{f(controls[name]):.1f}"
        for name in ("locfit_h3_pred", "locfit_default_pred")
        for f in (pl.Series.min, pl.Series.max)
    ]
    assert reach == ["8.5", "12.8", "10.8", "12.2"]
    assert "reach from 8.5 to 12.8 log2 where the default `nn = 0.7` gives 10.8 to 12.2" in page("against")


def test_b_scores_find_as_many_as_the_page_says(plate: pl.DataFrame, page: Callable[[str], str]) -> None:
    ordered = plate.sort("row", "col")
    signal = np.log2(ordered["raw"].cast(pl.Float64).fill_null(np.nan).to_numpy()).reshape(1, 16, 24)
    sample = (ordered["anno"] == "sample").to_numpy().reshape(1, 16, 24)
    found = [int((b_score(signal, sample, variant=name)[sample] < -3).sum()) for name in VARIANTS]
    assert found == [0, 14, 14, 13, 14, 9, 0, 13, 13]
    assert '"B-score < −3" finds 0, 14, 14, 13, 14, 9, 0, 13 and 13 samples' in page("against")


def test_the_stability_map_has_as_many_settings_as_the_page_says(page: Callable[[str], str]) -> None:
    answers = preset("normann2021")
    study = Study(
        name="s",
        inputs=Inputs(wells="w.csv"),
        treatments=Treatments(vehicle="v"),
        normalize=answers.normalize,
        score=answers.score,
        hits=answers.hits,
        sensitization=answers.sensitization,
        stability=answers.stability,
    )
    assert len(list(settings_grid(study))) == 224
    assert "224 settings" in page("rule")


def test_the_rule_does_on_simulated_screens_as_the_page_says(page: Callable[[str], str]) -> None:
    spec = importlib.util.spec_from_file_location("docs_measure", ROOT / "docs" / "measure.py")
    assert spec is not None
    assert spec.loader is not None
    measure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measure)
    assert measure.line("main", 1) in page("simulation")


def test_the_commands_of_the_readme_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make (\w+) +#|`make (\w+)`", text)) != set()
    for first, second in re.findall(r"make (\w+) +#|`make (\w+)`", text):
        assert (first or second) in targets
    for link in re.findall(r"\]\(((?!https)[^)]+)\)", text):
        assert (ROOT / link).is_file(), link
