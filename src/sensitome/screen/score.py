"""From normalized wells to one score per reagent, cell line and treatment arm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.replicates import summarize_replicates
from sensitome.errors import ControlError, Fault
from sensitome.frames import to_polars
from sensitome.screen.items import number_items
from sensitome.settings import ScoreSettings

__all__ = ["KEYS", "score"]

#: What one score is about.
KEYS = ("reagent", "kind", "position", "cell_line", "treatment")

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

MAD_SCALE = 1.4826


def score(wells: pl.DataFrame, *, settings: ScoreSettings) -> pl.DataFrame:
    """Average technical wells, standardize each replicate if asked, and summarize the replicates.

    Parameters
    ----------
    wells : table `wells` after `normalize`; wells without a reagent and excluded wells are left out
    settings : unit, standardization, sign and summary

    Returns
    -------
    Table `scores`, sorted by its key, with one further column `score_r<replicate>` for each replicate. In units of the
    normalization, or scaled MADs after ``standardize="zscore"``; negative = fewer living cells under ``sign="+"``.

    Raises
    ------
    ControlError
        ``standardize="npi"`` and an arm without positive or negative controls, or ``"zscore"`` and samples that do not
        vary; all arms are named.

    Notes
    -----
    With ``unit="well"`` and ``standardize="zscore"`` these are cellHTS2's scoreReplicates and summarizeReplicates
    (tests/screen/test_score.py, 1e-9).
    """
    usable = _usable(to_polars(wells))
    value = _standardize(usable, settings=settings)
    items, item = number_items(usable, by_well=settings.unit == "well")
    contexts, context = _number(usable, ["cell_line", "treatment"])
    key, of_key = np.unique(item * contexts.height + context, return_inverse=True)
    labels = items[key // max(contexts.height, 1)].hstack(contexts[key % max(contexts.height, 1)])
    return _summarize(labels, usable, of_key, value, settings=settings)


def _usable(wells: pl.DataFrame) -> pl.DataFrame:
    """Wells that have a score: with a reagent, not excluded, and not left at their raw level by the normalization."""
    kept = pl.col("reagent").is_not_null() & ~pl.col("role").is_in(["excluded", "empty"])
    if "flags" in wells.columns:
        kept &= ~pl.col("flags").fill_null("").str.contains("uncorrected", literal=True)
    return wells.filter(kept)


def _number(frame: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, IntArray]:
    """Different rows of some columns, sorted, and which of them each row is."""
    different = frame.select(names).unique().sort(names)
    joined = frame.select(names).join(different.with_row_index("_number"), on=names, how="left", maintain_order="left")
    return different, joined["_number"].to_numpy().astype(np.intp)


def _standardize(wells: pl.DataFrame, *, settings: ScoreSettings) -> pl.Series:
    """Per cell line, arm and replicate, over all plates together: center and scale as asked, then the sign."""
    sign = 1.0 if settings.sign == "+" else -1.0
    if settings.standardize == "none":
        return wells["normalized"] * sign
    group = ["cell_line", "treatment", "replicate"]
    role = pl.col("role").cast(pl.String)
    value = pl.col("normalized")
    if settings.standardize == "zscore":
        samples = wells.filter(role == "sample")
        moments = samples.group_by(group).agg(
            value.median().alias("offset"),
            (MAD_SCALE * (value - value.median()).abs().median()).alias("scale"),
        )
        expression = (value - pl.col("offset")) / pl.col("scale")
        rule = "sample wells that vary"
    else:
        moments = wells.group_by(group).agg(
            value.filter(role == "positive").mean().alias("offset"),
            (value.filter(role == "positive").mean() - value.filter(role == "negative").mean()).alias("scale"),
        )
        expression = (pl.col("offset") - value) / pl.col("scale")
        rule = "positive and negative controls that differ"
    unfit = moments.filter(pl.col("scale").is_null() | (pl.col("scale") == 0)).sort(group)
    if unfit.height:
        raise ControlError(
            f"replicates cannot be standardized by {settings.standardize!r}",
            faults=[
                Fault(rule=f"{rule} in cell line {line!r}, treatment {arm!r}, replicate {replicate}")
                for line, arm, replicate in unfit.select(group).iter_rows()
            ],
            next_step='Mark the controls in the library, or set score.standardize = "none".',
        )
    scaled = wells.select(*group, "normalized").join(moments, on=group, how="left", maintain_order="left")
    return scaled.select(expression * sign).to_series()


def _summarize(
    labels: pl.DataFrame, wells: pl.DataFrame, of_key: IntArray, value: pl.Series, *, settings: ScoreSettings
) -> pl.DataFrame:
    """One row per key with a column for each replicate and their summary."""
    replicates, replicate = _number(wells, ["replicate"])
    shape = labels.height, replicates.height
    cell = of_key * shape[1] + replicate
    values = _technical_means(cell, value, cells=shape[0] * shape[1]).reshape(shape)
    names = [f"score_r{number}" for number in replicates["replicate"]]
    summary = summarize_replicates(np.ascontiguousarray(values.T), method=settings.summary)
    role, control_class = (_least(wells[name], of_key, keys=shape[0]) for name in ("role", "control_class"))
    return labels.with_columns(
        role,
        control_class,
        pl.Series("score", summary).fill_nan(None),
        pl.Series("n", np.isfinite(values).sum(axis=1).astype(np.int32)),
        pl.Series("n_wells", np.bincount(of_key[value.is_not_null()], minlength=shape[0]).astype(np.int32)),
        *(pl.Series(name, values[:, number]).fill_nan(None) for number, name in enumerate(names)),
    )


def _technical_means(cell: IntArray, value: pl.Series, *, cells: int) -> FloatArray:
    """(cells,) mean of the values of each cell; NaN where there is none."""
    means = np.full(cells, np.nan)
    wells = np.bincount(cell, minlength=cells)
    alone = wells[cell] == 1
    means[cell[alone]] = value.to_numpy()[alone]
    several = (
        pl.DataFrame({"cell": cell[~alone], "value": value.filter(pl.Series(~alone))})
        .group_by("cell")
        # Sorted, so that the sum does not depend on the order of the rows.
        .agg(pl.col("value").sort().mean().cast(pl.Float64))
    )
    means[several["cell"].to_numpy()] = several["value"].to_numpy()
    return means


def _least(column: pl.Series, of_key: IntArray, *, keys: int) -> pl.Series:
    """Smallest value of each key; null where all are."""
    words = column.unique().drop_nulls().sort()
    numbers = pl.DataFrame({column.name: words}).with_row_index("_number")
    found = column.to_frame().join(numbers, on=column.name, how="left", maintain_order="left")["_number"]
    least = np.full(keys, words.len(), dtype=np.intp)
    known = found.is_not_null().to_numpy()
    np.minimum.at(least, of_key[known], found.drop_nulls().to_numpy().astype(np.intp))
    index = pl.Series(least).cast(pl.Int64)
    return words.gather(index.set(index == words.len(), None)).alias(column.name)
