"""The stability map against the rule run once for every setting."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from sensitome.io.expressed import read_expressed
from sensitome.io.study_file import read_study
from sensitome.pipeline import run_study
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.stability import NORMALIZATIONS, map_stability, settings_grid
from sensitome.settings import Study

KEY = ["reagent", "kind", "position", "cell_line", "treatment"]


@pytest.fixture(scope="module")
def study(small_study: Path) -> Study:
    return read_study(small_study)


@pytest.fixture(scope="module")
def tables(study: Study, small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    run = run_study(study, folder=small_study, out=tmp_path_factory.mktemp("out"))
    return run.tables | {"expressed": read_expressed(small_study / str(study.inputs.expressed))}


def test_the_map_counts_what_the_rule_calls_under_each_setting(study: Study, tables: dict[str, pl.DataFrame]) -> None:
    called: Counter[tuple[str, ...]] = Counter()
    numbers = []
    for setting in settings_grid(study):
        changed = study.normalize.model_copy(update=dict(NORMALIZATIONS[setting.normalization]))
        scores = score(
            normalize(tables["wells"], settings=changed),
            settings=study.score.model_copy(update={"summary": setting.summary}),
        )
        hits = call_hits(
            scores, settings=setting.hits, treatments=study.treatments, expressed=tables["expressed"]
        ).filter("is_hit")
        numbers.append((hits.height, hits.select(KEY[:3]).n_unique()))
        called.update(hits.select(KEY).rows())
    assert tables["stability_settings"].select("n_hits", "n_reagents").rows() == numbers
    assert dict(zip(tables["stability"].select(KEY).rows(), tables["stability"]["n_called"], strict=True)) == called


def test_scores_that_are_made_again_are_those_of_the_run(study: Study, tables: dict[str, pl.DataFrame]) -> None:
    again, settings = map_stability(tables["wells"], tables["hits"], study=study, expressed=tables["expressed"])
    assert again.equals(tables["stability"].select(again.columns))
    assert settings.equals(tables["stability_settings"].select(settings.columns))
