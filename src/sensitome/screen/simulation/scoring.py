"""Calls and rankings of a screen against its truth: by context, by reagent, by candidate."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.core.operating import average_precision, call_quality
from sensitome.errors import TableError, listed, suggestion

__all__ = ["CONTEXT", "score_against_truth"]

#: What a context is: one reagent with one drug on one cell line.
CONTEXT = ("reagent", "kind", "cell_line", "treatment")


def score_against_truth(
    calls: pl.DataFrame, truth: pl.DataFrame, *, called: str = "is_hit", ranking: str | None = None
) -> pl.DataFrame:
    """How many of the true sensitizing interactions are found, and how many of the calls are false.

    Levels: a *context* is one reagent with one drug on one cell line; a *reagent* is true, or called, when any of its
    contexts is; a *candidate* when at least two of them are, which is to say in two cell lines or with two drugs.

    Parameters
    ----------
    calls : `CONTEXT` columns and the two below; contexts that it lacks, and nulls, count as not called and ranked last
    truth : `CONTEXT` columns and `is_active`
    called : Boolean column of the calls
    ranking : column by which the contexts are ranked, the smallest first (z, local false sensitizer rate); a reagent
        is ranked by its best context, a candidate by its second best

    Returns
    -------
    One row a level: level, true, called, right, recall (null when nothing is true), false_share (0 when nothing is
    called), average_precision (null without a ranking)

    Raises
    ------
    TableError
        A column is missing, or a context stands twice.
    """
    columns = [called] if ranking is None else list(dict.fromkeys([called, ranking]))
    _require(calls, [*CONTEXT, *columns], name="calls")
    _require(truth, [*CONTEXT, "is_active"], name="truth")
    value = pl.lit(None, pl.Float64) if ranking is None else pl.col(ranking).cast(pl.Float64).fill_nan(None)
    own = calls.select(*CONTEXT, pl.col(called).alias("called"), value.alias("value"))
    contexts = truth.select(*CONTEXT, pl.col("is_active").alias("true")).join(
        own, on=CONTEXT, how="left", maintain_order="left"
    )
    contexts = contexts.with_columns(pl.col("called").fill_null(False), pl.col("value").fill_null(np.inf))
    best = pl.col("value").bottom_k(2).sort()
    reagents = contexts.group_by(CONTEXT[:2], maintain_order=True).agg(
        pl.col("called").sum().alias("n_called"),
        pl.col("true").sum().alias("n_true"),
        best.first().alias("first"),
        best.last().alias("second"),
    )
    levels = {
        "context": contexts,
        "reagent": reagents.select(called=pl.col("n_called") > 0, true=pl.col("n_true") > 0, value="first"),
        "candidate": reagents.select(called=pl.col("n_called") > 1, true=pl.col("n_true") > 1, value="second"),
    }
    ranked = ranking is not None
    return pl.DataFrame([{"level": level, **_score(frame, ranked=ranked)} for level, frame in levels.items()])


def _score(frame: pl.DataFrame, *, ranked: bool) -> dict[str, float | int | None]:
    truth = frame["true"].to_numpy()
    quality = call_quality(frame["called"].to_numpy(), truth)
    area = average_precision(frame["value"].to_numpy(), truth) if ranked else float("nan")
    return {
        "true": quality.true,
        "called": quality.called,
        "right": quality.right,
        "recall": quality.recall if quality.true else None,
        "false_share": quality.false_share,
        "average_precision": area if quality.true and ranked else None,
    }


def _require(frame: pl.DataFrame, columns: list[str], *, name: str) -> None:
    """Refuse a table without these columns, or with a context twice."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise TableError(
            f"table {name!r} lacks columns",
            found=f"columns {listed(frame.columns, last='and')}",
            expected=listed(missing, last="and"),
            next_step=" ".join(filter(None, (suggestion(column, frame.columns) for column in missing))),
        )
    doubled = frame.filter(frame.select(CONTEXT).is_duplicated())
    if doubled.height:
        raise TableError(
            f"table {name!r} has contexts twice",
            found=f"{doubled.height} rows, the first {listed(doubled.select(CONTEXT).row(0), last='and')}",
            expected="one row per reagent, kind, cell line and treatment",
        )
