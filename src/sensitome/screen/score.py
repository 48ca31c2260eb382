"""From normalized wells to one score per reagent, cell line and treatment arm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.replicates import summarize_replicates
from sensitome.errors import ControlError, Fault
from sensitome.frames import to_polars
from sensitome.settings import ScoreSettings

__all__ = ["KEYS", "score"]

#: What one score is about.
KEYS = ("reagent", "kind", "position", "cell_line", "treatment")

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
    usable = to_polars(wells).filter(pl.col("reagent").is_not_null() & ~pl.col("role").is_in(["excluded", "empty"]))
    located = _locate(usable, unit=settings.unit)
    standardized = _standardize(located, settings=settings)
    items = standardized.group_by(*KEYS, "replicate").agg(
        pl.col("role").min(),
        pl.col("control_class").min(),
        # Sorted, so that the sum does not depend on the order of the rows.
        pl.col("value").sort().mean(),
        pl.col("value").count().alias("n_wells").cast(pl.Int32),
    )
    return _summarize(items, settings=settings)


def _locate(wells: pl.DataFrame, *, unit: str) -> pl.DataFrame:
    """Add the position of each reagent in the library: its well, or all its wells."""
    here = pl.concat_str("library_plate", "well", separator=":")
    columns = ["cell_line", "treatment", "replicate", "reagent", "kind", "role", "control_class"]
    value = pl.col("normalized").alias("value")
    named = wells.with_columns(pl.col("kind").fill_null("reagent"))
    if unit == "well":
        return named.select(*columns, here.alias("position"), value)
    places = (
        named.select("reagent", "kind", "library_plate", "well")
        .unique()
        .sort("library_plate", "well")
        .group_by("reagent", "kind", maintain_order=True)
        .agg(pl.concat_str("library_plate", "well", separator=":").alias("places"))
        .select(
            "reagent",
            "kind",
            pl.when(pl.col("places").list.len() <= 4)
            .then(pl.col("places").list.join(";"))
            .otherwise(pl.format("{} wells", pl.col("places").list.len()))
            .alias("position"),
        )
    )
    return named.select(*columns, value).join(places, on=["reagent", "kind"], how="left")


def _standardize(wells: pl.DataFrame, *, settings: ScoreSettings) -> pl.DataFrame:
    """Per cell line, arm and replicate, over all plates together: center and scale as asked, then the sign."""
    sign = 1.0 if settings.sign == "+" else -1.0
    if settings.standardize == "none":
        return wells.with_columns(pl.col("value") * sign)
    group = ["cell_line", "treatment", "replicate"]
    role = pl.col("role").cast(pl.String)
    value = pl.col("value")
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
    return wells.join(moments, on=group, how="left").with_columns((expression * sign).alias("value"))


def _summarize(items: pl.DataFrame, *, settings: ScoreSettings) -> pl.DataFrame:
    """One row per key with a column for each replicate and their summary."""
    replicates = sorted(items["replicate"].unique().to_list())
    names = [f"score_r{replicate}" for replicate in replicates]
    wide = items.group_by(KEYS).agg(
        pl.col("role").min(),
        pl.col("control_class").min(),
        *(
            pl.col("value").filter(pl.col("replicate") == replicate).first().alias(name)
            for replicate, name in zip(replicates, names, strict=True)
        ),
        pl.col("n_wells").sum().cast(pl.Int32),
    )
    values = wide.select(names).to_numpy().astype(np.float64).T
    summary = summarize_replicates(values, method=settings.summary)
    counts: npt.NDArray[np.int32] = np.isfinite(values).sum(axis=0).astype(np.int32)
    return (
        wide.with_columns(
            pl.Series("score", summary).fill_nan(None),
            pl.Series("n", counts),
        )
        .select(*KEYS, "role", "control_class", "score", "n", "n_wells", *names)
        .sort(*KEYS)
    )
