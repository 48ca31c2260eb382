"""Quality of slides: spots without a value, saturated spots, and the room above the background."""

from __future__ import annotations

import polars as pl

from sensitome.protein.tables import ProteinSlides

__all__ = ["LIMITS", "judge_slides"]

#: Figure → (warn, fail): shares of spots from above, signal over background from below.
LIMITS = {"without_value": (0.05, 0.2), "saturated": (0.01, 0.1), "signal_to_background": (2.0, 1.2)}
#: A spot with more of its pixels at the limit (percent) is saturated.
SATURATED = 10.0


def judge_slides(spots: pl.DataFrame, normalized: pl.DataFrame) -> pl.DataFrame:
    """Say of every slide (and pad) how well it reads.

    Parameters
    ----------
    spots : from `read_array`: slides of every stain
    normalized : from `normalize_spots`: those of antibodies, with their values

    Returns
    -------
    Table `protein_slides`, sorted by slide and pad
    """
    ratio = pl.col("foreground") / pl.col("background")
    empty = normalized.group_by("slide", "pad").agg(
        pl.col("log2").is_null().sum().cast(pl.Int32).alias("n_without_value")
    )
    slides = (
        spots.group_by("slide", "pad")
        .agg(
            pl.col("antibody", "stain", "set").first(),
            pl.len().cast(pl.Int32).alias("n_spots"),
            (pl.col("saturated") > SATURATED).fill_null(False).sum().cast(pl.Int32).alias("n_saturated"),
            pl.col("foreground").median(),
            pl.col("background").median(),
            pl.when(pl.col("background") > 0).then(ratio).median().alias("signal_to_background"),
        )
        .join(empty, on=["slide", "pad"], how="left")
        .with_columns(pl.col("n_without_value").fill_null(0))
        .sort("slide", "pad")
        .with_columns(
            (pl.col("n_without_value") / pl.col("n_spots")).alias("without_value"),
            (pl.col("n_saturated") / pl.col("n_spots")).alias("saturated"),
        )
    )
    worse = {
        name: (pl.col(name) > limits[0], pl.col(name) > limits[1])
        if limits[0] < limits[1]
        else (pl.col(name) < limits[0], pl.col(name) < limits[1])
        for name, limits in LIMITS.items()
    }
    warns, fails = (pl.any_horizontal(pair[level].fill_null(False) for pair in worse.values()) for level in (0, 1))
    words = {
        "without_value": pl.format("{} of {} spots without a value", "n_without_value", "n_spots"),
        "saturated": pl.format("{} of {} spots saturated", "n_saturated", "n_spots"),
        "signal_to_background": pl.format("signal {} times the background", pl.col("signal_to_background").round(1)),
    }
    reasons = [pl.when(worse[name][0].fill_null(False)).then(text) for name, text in words.items()]
    verdict = pl.when(fails).then(pl.lit("fail")).when(warns).then(pl.lit("warn")).otherwise(pl.lit("pass"))
    return slides.with_columns(
        verdict.alias("verdict"), pl.concat_list(reasons).list.drop_nulls().list.join("; ").alias("detail")
    ).select(ProteinSlides.column_names())
