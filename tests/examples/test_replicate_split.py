"""Calls from some replicates against another one: the one-arm model predicts it better than the paper's rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from examples.replicate_split import compare

from examples import replicate_split


def means(table: pl.DataFrame, by: str) -> dict[str, float]:
    return table.filter(pl.col("by") == by).select("calls", "hold", "found", "brier").mean().row(0, named=True)


def test_one_replicate_of_mcf7_predicts_another_better_than_the_rule(shared: Path) -> None:
    wells = replicate_split.read_screen("mcf7-inhibitors")
    table = compare("mcf7-inhibitors", wells, splits=[((1,), 2), ((1, 2), 3)])
    rule, model = means(table, "the paper's rule"), means(table, "one-arm model, P ≥ 0.5")
    assert model["brier"] < 0.4 * rule["brier"]
    assert model["found"] > 5 * rule["found"]
    assert model["hold"] > 0.85
    two = table.filter(pl.col("from") == "1+2", pl.col("by") == "one-arm model, P ≥ 0.9").row(0, named=True)
    assert two["promised"] == pytest.approx(two["hold"], abs=0.05)


def made_up_wells() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    truth = np.where(np.arange(300) < 40, -rng.exponential(0.8, 300), rng.normal(0, 0.08, 300))
    names = [f"r{i}" for i in range(300)] + ["nc"] * 20
    role = ["sample"] * 300 + ["negative"] * 20
    level = np.concatenate([truth, np.zeros(20)])
    plates = []
    for replicate in (1, 2):
        value = level + rng.normal(0, 0.1, 320)
        plates.append(
            pl.DataFrame({"reagent": names, "role": role, "normalized": value, "place": range(320)}).with_columns(
                replicate=pl.lit(replicate), plate=pl.format("p{}", pl.lit(replicate))
            )
        )
    place = pl.col("place")
    return pl.concat(plates).with_columns(
        kind=pl.lit("mimic"), control_class=pl.lit(None, pl.String), library_plate=pl.lit("L1"), cell_line=pl.lit("A"),
        treatment=pl.lit("none"), row=(place // 24 + 1).cast(pl.Int16), column=(place % 24 + 1).cast(pl.Int16),
        well=pl.format("{}{}", pl.lit("W"), place), signal=pl.col("normalized").exp(), flags=pl.lit(""),
    )  # fmt: skip


def test_made_up_replicates_are_predicted_better_than_by_the_rule() -> None:
    table = compare("made up", made_up_wells(), splits=[((1,), 2)])
    rule, model = means(table, "the paper's rule"), means(table, "one-arm model, P ≥ 0.5")
    assert model["brier"] < rule["brier"]
    assert model["found"] > rule["found"]


def test_without_the_files_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(replicate_split, "DATA", tmp_path)
    assert replicate_split.main() == 0
    assert capsys.readouterr().out == (
        f"skipped: not there: KcViab_plates.tar.gz, MCF7wt.csv.gz, expected in {tmp_path}\n"
    )
