"""Scores as a matrix of reagents × contexts, the form in which the rule works on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import MethodError
from sensitome.screen.arms import check_treatments
from sensitome.settings import HitSettings, Treatments

__all__ = ["ITEM", "ScoreMatrix", "score_matrix"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: What one row of the matrix is.
ITEM = ("reagent", "kind", "position")


@dataclass(frozen=True)
class ScoreMatrix:
    """Scores as a matrix, with its labels.

    Parameters
    ----------
    items : one row per reagent: reagent, kind, position, role
    contexts : one row per cell line × treatment: cell_line, treatment; line and arm as numbers; is_drug; vehicle, the
        index of the line's context without drug, −1 where there is none
    scores : (items, contexts); NaN = no score
    replicates : (replicates, items, contexts)
    n : (items, contexts) replicates with a value
    expressed : (items, contexts) target expressed, or not asked for
    asked : (items,) whether exclusion 2 concerns the item
    """

    items: pl.DataFrame
    contexts: pl.DataFrame
    scores: FloatArray
    replicates: FloatArray
    n: npt.NDArray[np.int32]
    expressed: BoolArray
    asked: BoolArray


def score_matrix(
    scores: pl.DataFrame,
    *,
    settings: HitSettings,
    treatments: Treatments,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
) -> ScoreMatrix:
    """Scores as reagents × contexts; parameters and errors as `call_hits`."""
    contexts = _contexts(scores, treatments=treatments)
    roles = ["sample", "negative"] if settings.controls == "in" else ["sample"]
    kept = scores.filter(pl.col("role").cast(pl.String).is_in(roles))
    items, item = _items(kept)
    places = ["cell_line", "treatment"]
    located = kept.select(places).join(
        contexts.select(*places, "context"), on=places, how="left", maintain_order="left"
    )
    cell = (item, located["context"].to_numpy())
    shape = (items.height, contexts.height)
    names = [name for name in scores.columns if name.startswith("score_r")]

    def spread_out(column: str) -> FloatArray:
        matrix = np.full(shape, np.nan)
        matrix[cell] = kept[column].to_numpy()
        return matrix

    n = np.zeros(shape, dtype=np.int32)
    n[cell] = kept["n"].to_numpy()
    asked, is_expressed = _expression(items, contexts, settings=settings, expressed=expressed, targets=targets)
    return ScoreMatrix(
        items=items,
        contexts=contexts,
        scores=spread_out("score"),
        replicates=np.stack([spread_out(name) for name in names]),
        n=n,
        expressed=is_expressed,
        asked=asked,
    )


def _items(scores: pl.DataFrame) -> tuple[pl.DataFrame, npt.NDArray[np.intp]]:
    """Items with their role, sorted, and which of them each row is."""
    # Rows of an item mostly follow each other: names are compared once a run of rows.
    changes = scores.select(pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ITEM))
    is_first = changes.to_series().to_numpy().copy()
    is_first[:1] = True
    run = np.cumsum(is_first) - 1
    roles = scores.select(pl.Series("_run", run), "role").group_by("_run").agg(pl.col("role").min()).sort("_run")
    runs = scores.select(ITEM).filter(pl.Series(is_first)).with_columns(roles["role"])
    if _rises(runs):
        return runs, run
    items = runs.group_by(ITEM).agg(pl.col("role").min()).sort(ITEM)
    number = runs.select(ITEM).join(
        items.select(ITEM).with_row_index("item"), on=ITEM, how="left", maintain_order="left"
    )["item"]
    return items, number.to_numpy().astype(np.intp)[run]


def _rises(items: pl.DataFrame) -> bool:
    """Whether every row comes after the one before it, as in a table `scores`."""
    after = pl.lit(value=False)
    for name in reversed(ITEM):
        after = (pl.col(name) > pl.col(name).shift()) | ((pl.col(name) == pl.col(name).shift()) & after)
    return bool(items.select(after)[1:].to_series().all())


def _contexts(scores: pl.DataFrame, *, treatments: Treatments) -> pl.DataFrame:
    """Cell lines × treatments of the scores, numbered, with the vehicle of each."""
    contexts = scores.select("cell_line", "treatment").unique().sort("cell_line", "treatment")
    check_treatments(treatments, arms=contexts["treatment"].unique().sort().to_list())
    vehicle = treatments.vehicle
    numbered = contexts.with_columns(
        (pl.col("cell_line").rank("dense") - 1).cast(pl.Int32).alias("line"),
        (pl.col("treatment").rank("dense") - 1).cast(pl.Int32).alias("arm"),
        (pl.col("treatment") != pl.lit(vehicle) if vehicle else pl.lit(value=True)).alias("is_drug"),
    ).with_row_index("context")
    vehicles = numbered.filter(~pl.col("is_drug")).select("line", pl.col("context").cast(pl.Int32).alias("vehicle"))
    return numbered.join(vehicles, on="line", how="left", maintain_order="left").with_columns(
        pl.col("vehicle").fill_null(-1)
    )


def _expression(
    items: pl.DataFrame,
    contexts: pl.DataFrame,
    *,
    settings: HitSettings,
    expressed: pl.DataFrame | None,
    targets: pl.DataFrame | None,
) -> tuple[BoolArray, BoolArray]:
    """Which items need an expressed target, and in which contexts it is expressed (True where nobody asks)."""
    asked = items["kind"].is_in(list(settings.expression_kinds)).to_numpy()
    everywhere = np.ones((items.height, contexts.height), dtype=np.bool_)
    if settings.expression == "off" or not asked.any():
        return np.zeros(items.height, dtype=np.bool_), everywhere
    if expressed is None:
        raise MethodError(
            "exclusion 2 needs to know which targets the untreated cells express",
            found="neither inputs.expressed nor inputs.arrays",
            expected="a table with target, cell_line, expressed, or arrays of untreated cells",
            next_step='Name one in study.toml, or set hits.expression = "off".',
        )
    named = items.with_columns(pl.col("reagent").alias("target"))
    if targets is not None:
        named = items.join(
            targets.select("reagent", "kind", "target"), on=["reagent", "kind"], how="left", maintain_order="left"
        ).with_columns(pl.coalesce("target", "reagent"))
    present = expressed.filter("expressed").select("target", "cell_line").unique()
    if settings.expression == "any-line":
        found = named["target"].is_in(present["target"].implode()).to_numpy()
        return asked, ~asked[:, None] | found[:, None] & everywhere
    result = everywhere.copy()
    for column, line in enumerate(contexts["cell_line"]):
        here = present.filter(pl.col("cell_line") == line)["target"]
        result[:, column] = ~asked | named["target"].is_in(here.implode()).to_numpy()
    return asked, result
