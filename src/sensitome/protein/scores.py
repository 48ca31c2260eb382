"""Proteins of every reagent: z scores as in the paper, moderated tests over replicates, ratios, and what they say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.robust import nan_mad, nan_mean, nan_median, nan_sd
from sensitome.protein.comparators import relative_to_comparator, replicate_matrix, tested_effects
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.tables import ProteinReadings, Proteins

__all__ = ["chance_hits", "read_proteins", "score_proteins", "summarize_spots"]

FloatArray = npt.NDArray[np.float64]

_ITEM = ["cell_line", "treatment", "reagent", "kind"]
_GROUP = ["cell_line", "treatment", "protein"]
#: Columns of the map that the scores look at.
_CARRIED = ("source_plate", "control_class")


def summarize_spots(spots: pl.DataFrame, *, settings: ProteinSettings) -> pl.DataFrame:
    """Average technical spots and dilutions, and add the ratios.

    Parameters
    ----------
    spots : from `normalize_spots`
    settings : dilution, ratios

    Returns
    -------
    One row per cell_line × treatment × reagent × kind × protein × replicate: `role`, `log2`, `n_spots` (and the source
    plate)

    Notes
    -----
    ``dilution="slope"``: log2 = level + slope · log2(dilution) with one slope per protein, by least squares within
    lysates, and the level at dilution 1 is the value. After division by total protein the slope is near 0.
    """
    read = spots.filter(pl.col("log2").is_not_null()).rename({"antibody": "protein"})
    if settings.dilution == "undiluted":
        read = read.filter(pl.col("dilution") == pl.col("dilution").max().over("protein", *_ITEM, "replicate"))
    elif settings.dilution == "slope":
        read = _to_undiluted(read)
    plate = [pl.col(name).first() for name in _CARRIED if name in read.columns]
    means = (
        read.sort("slide", "pad", "block", "row", "column")
        .group_by(*_ITEM, "protein", "replicate", maintain_order=True)
        .agg(pl.col("role").first(), pl.col("log2").mean(), pl.len().cast(pl.Int32).alias("n_spots"), *plate)
    )
    keys = [*_ITEM, "replicate"]
    ratios = []
    for name, (phospho, total) in settings.ratios.items():
        one, two = (means.filter(pl.col("protein") == protein) for protein in (phospho, total))
        both = one.join(two.select(*keys, pl.col("log2").alias("_total"), pl.col("n_spots").alias("_n")), on=keys)
        ratios.append(
            both.with_columns(
                pl.lit(name).alias("protein"),
                (pl.col("log2") - pl.col("_total")).alias("log2"),
                pl.min_horizontal("n_spots", "_n").alias("n_spots"),
            ).drop("_total", "_n")
        )
    return pl.concat([means, *(r.select(means.columns) for r in ratios)]).sort(*_ITEM, "protein", "replicate")


def score_proteins(values: pl.DataFrame, *, settings: ProteinSettings) -> pl.DataFrame:
    """Score every protein of every reagent.

    Parameters
    ----------
    values : from `summarize_spots`
    settings : center, spread, pool, call, comparator

    Returns
    -------
    Table `proteins`, sorted by its key. z is over the reagents of a protein, arm and line, controls left out of center
    and spread. The moderated test needs two replicates; with one its p is null.

    Notes
    -----
    The test is of (reagent − comparator) over replicates, its variance drawn towards that of all reagents of the
    protein, arm and line (limma).

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2; Smyth 2004, doi:10.2202/1544-6115.1027
    """
    parts = [
        _scored(own, settings)
        for _, own in values.sort(*_GROUP, "reagent", "kind", "replicate").group_by(_GROUP, maintain_order=True)
    ]
    return pl.concat(parts).select(Proteins.column_names()).sort(*_ITEM, "protein")


def read_proteins(proteins: pl.DataFrame, *, settings: ProteinSettings) -> pl.DataFrame:
    """Say what the proteins of a reagent mean together.

    Parameters
    ----------
    proteins : table `proteins`
    settings : the lists of proliferation and apoptosis proteins

    Returns
    -------
    Table `protein_readings`, sorted by its key
    """
    groups = {"proliferation": settings.proliferation, "apoptosis": settings.apoptosis}
    hit = pl.col("is_hit").fill_null(False)
    read = (
        proteins.filter(pl.col("role") != "negative")
        .group_by(_ITEM)
        .agg(
            *(
                pl.col("z").filter(pl.col("protein").is_in(names)).sort().mean().alias(name)
                for name, names in groups.items()
            ),
            *(
                pl.col("z").filter(pl.col("protein").is_in(names)).count().cast(pl.Int32).alias(f"n_{name}")
                for name, names in groups.items()
            ),
            pl.concat_str("protein", "direction", separator=" ").filter(hit).sort().str.join("; ").alias("hits"),
        )
    )
    reading = pl.col("apoptosis").fill_null(0.0) - pl.col("proliferation").fill_null(0.0)
    known = pl.col("apoptosis").is_not_null() | pl.col("proliferation").is_not_null()
    table = read.with_columns(pl.when(known).then(reading).alias("reading")).with_columns(
        pl.struct("proliferation", "apoptosis", "hits").map_elements(_in_words, return_dtype=pl.String).alias("summary")
    )
    return table.select(ProteinReadings.column_names()).sort(_ITEM)


def chance_hits(proteins: pl.DataFrame, *, k: float) -> tuple[int, float]:
    """Hits at |z| ≥ k, and how many a normal without any effect would give.

    Returns
    -------
    found, expected
    """
    from scipy import special

    z = proteins.filter(pl.col("role") != "negative")["z"].drop_nulls()
    return int((z.abs() >= k).sum()), float(2 * special.ndtr(-k) * len(z))


def _to_undiluted(read: pl.DataFrame) -> pl.DataFrame:
    """Bring every spot to dilution 1 by the common slope of its protein."""
    lysate = ["protein", *_ITEM, "replicate"]
    x = pl.col("dilution").log(2)
    centered = read.with_columns(x.alias("_x")).with_columns(
        (pl.col("_x") - pl.col("_x").mean().over(lysate)).alias("_dx"),
        (pl.col("log2") - pl.col("log2").mean().over(lysate)).alias("_dy"),
    )
    slope = ((pl.col("_dx") * pl.col("_dy")).sum() / (pl.col("_dx") ** 2).sum()).over("protein")
    moved = centered.with_columns(slope.fill_nan(0.0).fill_null(0.0).alias("_slope"))
    return moved.with_columns((pl.col("log2") - pl.col("_slope") * pl.col("_x")).alias("log2")).drop(
        "_x", "_dx", "_dy", "_slope"
    )


def _scored(values: pl.DataFrame, settings: ProteinSettings) -> pl.DataFrame:
    """One protein in one arm and line."""
    plate = [pl.col(name).first() for name in _CARRIED if name in values.columns]
    items = values.group_by(*_GROUP, "reagent", "kind", maintain_order=True).agg(
        pl.col("role").first(),
        pl.col("log2").mean(),
        pl.col("replicate").n_unique().cast(pl.Int32).alias("n"),
        pl.col("n_spots").sum().cast(pl.Int32),
        *plate,
    )
    items = items.with_columns(pl.Series("z", _z(items, settings)).fill_nan(None))
    return _called(items.with_columns(_moderated(values, items, settings)), settings)


def _z(items: pl.DataFrame, settings: ProteinSettings) -> FloatArray:
    """Distance of each item from the center, over all samples or those of its source plate."""
    log2 = items["log2"].to_numpy()
    sample = items["role"].to_numpy() != "negative"
    plates = np.zeros(len(log2), dtype=np.intp)
    if settings.pool == "by-plate" and "source_plate" in items.columns:
        plates = np.unique(items["source_plate"].fill_null("").to_numpy().astype(str), return_inverse=True)[1].reshape(
            -1
        )
    z = np.full(len(log2), np.nan)
    for plate in np.unique(plates):
        own = plates == plate
        pool = log2[own & sample]
        center = (nan_median if settings.center == "median" else nan_mean)(pool[None], axis=1)[0]
        spread = (nan_mad if settings.spread == "mad" else nan_sd)(pool[None], axis=1)[0]
        if spread > 0:
            z[own] = (log2[own] - center) / spread
    return z


def _moderated(values: pl.DataFrame, items: pl.DataFrame, settings: ProteinSettings) -> list[pl.Series]:
    """Effect against the comparator of each replicate, with a moderated test over replicates."""
    log2 = replicate_matrix(values, items, replicates=values["replicate"].unique().sort().to_list())
    effect = relative_to_comparator(log2, items, settings=settings)
    return tested_effects(effect, control=items["role"].to_numpy() == "negative", level=settings.level)


def _called(items: pl.DataFrame, settings: ProteinSettings) -> pl.DataFrame:
    """Call hits and their direction."""
    called = pl.col("z").abs() >= settings.k if settings.call == "z" else pl.col("q_value") < settings.fdr
    sign = pl.col("z") if settings.call == "z" else pl.col("effect")
    is_hit = pl.when(pl.col("role") != "negative").then(called)
    direction = pl.when(sign > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    return items.with_columns(is_hit.alias("is_hit")).with_columns(
        pl.when(pl.col("is_hit").fill_null(False)).then(direction).otherwise(pl.lit("")).alias("direction")
    )


def _in_words(row: dict[str, object]) -> str:
    """What the proteins of one reagent say."""
    words = []
    for name, low, high in (("proliferation", "down", "up"), ("apoptosis", "down", "up")):
        value = row[name]
        if not isinstance(value, float):
            words.append(f"{name} not measured")
        elif abs(value) < 0.5:
            words.append(f"{name} unchanged")
        else:
            words.append(f"{name} {high if value > 0 else low} ({value:+.1f} SD)".replace("-", "−"))
    hits = f"; called: {row['hits']}" if row["hits"] else ""
    return f"{', '.join(words)}{hits}"
