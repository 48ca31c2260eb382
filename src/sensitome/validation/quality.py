"""Quality of validation plates: controls without drug, their spread, and the room to cell death."""

from __future__ import annotations

import polars as pl

from sensitome.validation.tables import ValidationPlates

__all__ = ["LIMITS", "judge_plates"]

#: Figure → (warn, fail): coefficient of variation of the controls (percent) from above, Z′ from below.
LIMITS = {"control_cv": (15.0, 30.0), "z_prime": (0.5, 0.0)}
#: Fewer wells of the control have no median worth its name.
FEWEST = 3


def judge_plates(wells: pl.DataFrame, *, vehicle: str) -> pl.DataFrame:
    """Say of every plate how well its controls stand.

    Parameters
    ----------
    wells : from `normalize_validation`
    vehicle : the arm without drug

    Returns
    -------
    Table `validation_plates`, sorted by plate

    Notes
    -----
    Z′ = 1 − 3 (s₋ + s₊) / |x̄₋ − x̄₊| from the wells without drug, in counts. Where a plate holds one arm, that arm
    stands for it.

    References
    ----------
    Zhang et al. 1999, doi:10.1177/108705719900400206
    """
    read = pl.col("signal").is_not_null()
    base = wells.with_columns((pl.col("treatment") == vehicle).any().over("plate").alias("_has"))
    base = base.with_columns((~pl.col("_has") | (pl.col("treatment") == vehicle)).alias("_base"))
    negative, positive = (
        pl.col("signal").filter(read & pl.col("_base") & (pl.col("role") == role)) for role in ("negative", "positive")
    )
    room = (negative.mean() - positive.mean()).abs()
    plates = base.group_by("plate").agg(
        pl.col("cell_line", "replicate").first(),
        (read & (pl.col("role") == "sample")).sum().cast(pl.Int32).alias("n_samples"),
        (read & (pl.col("role") == "negative")).sum().cast(pl.Int32).alias("n_negative"),
        negative.count().cast(pl.Int32).alias("n_control"),
        positive.count().cast(pl.Int32).alias("n_positive"),
        (~read).sum().cast(pl.Int32).alias("n_missing"),
        pl.col("treatment").n_unique().cast(pl.Int32).alias("n_arms"),
        negative.median().alias("control_level"),
        (100 * negative.std() / negative.mean()).alias("control_cv"),
        (1 - 3 * (negative.std() + positive.std()) / room).alias("z_prime"),
    )
    return _with_verdict(plates.sort("plate"))


def _with_verdict(plates: pl.DataFrame) -> pl.DataFrame:
    """Add the verdict and what it rests on."""
    finite = pl.col("control_cv", "z_prime").fill_nan(None)
    plates = plates.with_columns(
        pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in ("control_cv", "z_prime")
    ).with_columns(finite)
    cv, z = pl.col("control_cv"), pl.col("z_prime")
    few = pl.col("n_control") < FEWEST
    fails = (cv > LIMITS["control_cv"][1]) | (z < LIMITS["z_prime"][1])
    warns = (cv > LIMITS["control_cv"][0]) | (z < LIMITS["z_prime"][0]) | few | (pl.col("n_missing") > 0)
    reasons = [
        pl.when(cv > LIMITS["control_cv"][0]).then(pl.format("controls vary by {} %", cv.round(0).cast(pl.Int64))),
        pl.when(z < LIMITS["z_prime"][0]).then(pl.format("Z′ {}", z.round(2))),
        pl.when(few).then(pl.format("{} control wells without drug", "n_control")),
        pl.when(pl.col("n_missing") > 0).then(pl.format("{} wells without a reading", "n_missing")),
    ]
    return plates.with_columns(
        pl.when(fails.fill_null(False))
        .then(pl.lit("fail"))
        .when(warns.fill_null(False))
        .then(pl.lit("warn"))
        .otherwise(pl.lit("pass"))
        .alias("verdict"),
        pl.concat_list(reasons).list.drop_nulls().list.join("; ").alias("detail"),
    ).select(ValidationPlates.column_names())
