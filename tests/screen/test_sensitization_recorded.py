"""Recorded screens with known truth: what the methods find there, within what was measured."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.screen.sensitization import test_sensitization as run_test
from sensitome.screen.simulation.scoring import score_against_truth
from sensitome.settings import Treatments

ARMS = Treatments(vehicle="vehicle")


def recorded(folder: Path, name: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Scores, expressed targets and truth of a recorded screen."""
    wells = pl.read_parquet(folder / f"{name}_wells.parquet").with_columns(
        pl.col("cell_line", "treatment", "role").cast(pl.String), pl.col("log2_loess").cast(pl.Float64)
    )
    truth = pl.read_parquet(folder / f"{name}_truth.parquet")
    samples = wells.filter(role="sample")
    scores = samples.pivot(
        on="replicate", index=["reagent", "library_plate", "cell_line", "treatment", "role"], values="log2_loess"
    ).join(truth.select("reagent", "kind"), on="reagent")
    scores = scores.rename({name: f"score_r{name}" for name in scores.columns if name.isdigit()}).with_columns(
        position=pl.format("L{}", "library_plate"), control_class=pl.lit(None, pl.String)
    )
    expressed = pl.concat(
        truth.select(target="reagent", cell_line=pl.lit(line), expressed=f"expressed_{line}")
        for line in sorted(wells["cell_line"].unique())
    )
    contexts = truth.unpivot(
        on=[name for name in truth.columns if name.startswith("active|")],
        index=["reagent", "kind"],
        value_name="is_active",
    ).with_columns(
        cell_line=pl.col("variable").str.split("|").list.get(1), treatment=pl.col("variable").str.split("|").list.get(2)
    )
    return scores, expressed, contexts


@pytest.mark.parametrize(
    ("screen", "method", "least_recall", "most_false"),
    [
        ("main_d0.75_r1_1", "mash", 0.55, 0.35),
        ("main_d0.75_r1_1", "robust-z", 0.5, 0.6),
        ("main_d0.75_r1_1", "regression", 0.6, 0.55),
        ("main_d0.75_r2_1", "heb", 0.93, 0.05),
        ("main_d0.75_r2_1", "mash", 0.9, 0.3),
        ("main_d0.75_r2_1", "moderated-t", 0.45, 0.1),
        ("main_d0.75_r2_1", "drugz", 0.55, 0.3),
        ("main_d0.75_r2_1", "ssmd", 0.8, 0.45),
        ("main_d0.75_r2_1", "ash", 0.3, 0.1),
    ],
)
def test_recorded_screens(shared: Path, screen: str, method: str, least_recall: float, most_false: float) -> None:
    folder = shared / "data" / "simulated"
    if not folder.is_dir():
        pytest.skip(f"no recorded screens: {folder} does not exist")
    scores, expressed, truth = recorded(folder, screen)
    table = run_test(scores, treatments=ARMS, method=method, expressed=expressed)
    quality = score_against_truth(table, truth, called="is_sensitizer").row(0, named=True)
    assert quality["recall"] >= least_recall
    assert quality["false_share"] <= most_false


@pytest.mark.parametrize("method", ["heb", "moderated-t", "rank-product", "ash"])
def test_next_to_nothing_is_called_where_nothing_is(shared: Path, method: str) -> None:
    folder = shared / "data" / "simulated"
    if not folder.is_dir():
        pytest.skip(f"no recorded screens: {folder} does not exist")
    scores, expressed, _ = recorded(folder, "null_r2_1")
    table = run_test(scores, treatments=ARMS, method=method, expressed=expressed)
    assert table["is_sensitizer"].sum() <= 2
