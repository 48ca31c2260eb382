"""What the bars of the validation figure show: means over n with their spread, and those of the comparator."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.validation.comparators import served_controls
from sensitome.validation.wells import KEYS

__all__ = ["bars_of", "with_comparator"]

_KEYS = list(KEYS)
_SHARED = ["cell_line", "treatment", "comparator"]


def bars_of(wells: pl.DataFrame, *, by_well: bool, level: float) -> pl.DataFrame:
    """Mean, standard error and t interval of every reagent × arm and of what it is compared with.

    Parameters
    ----------
    wells : from `comparators.match_controls`
    by_well : whether n are wells, or biological replicates (technical wells averaged, controls of a class as well)
    level : coverage of the intervals

    Returns
    -------
    One row per cell_line × reagent × kind × treatment: viability and control_viability (percent of the negative
    control), each with _sem, _low and _high; n_replicates, n_wells
    """
    read = wells.filter(pl.col("viability").is_not_null()).sort("plate", "row", "column")
    samples, controls = read.filter(pl.col("role") == "sample"), served_controls(read)
    if not by_well:
        samples, controls = (
            own.group_by(*keys, "replicate", maintain_order=True).agg(pl.col("viability").mean())
            for own, keys in ((samples, _KEYS), (controls, _SHARED))
        )
    own = _spread(samples, _KEYS, "viability", level=level)
    control = _spread(controls, _SHARED, "control", level=level).rename({"control": "control_viability"})
    counts = (
        read.filter(pl.col("role") == "sample")
        .group_by(_KEYS)
        .agg(
            pl.col("replicate").n_unique().cast(pl.Int32).alias("n_replicates"),
            pl.len().cast(pl.Int32).alias("n_wells"),
        )
    )
    joined = with_comparator(own, wells).join(counts, on=_KEYS, how="left")
    return joined.join(control, on=_SHARED, how="left").drop("comparator")


def with_comparator(rows: pl.DataFrame, wells: pl.DataFrame) -> pl.DataFrame:
    """Add to rows of reagents what they are compared with."""
    of_kind = wells.filter(pl.col("role") == "sample").select("cell_line", "kind", "comparator").unique()
    return rows.join(of_kind, on=["cell_line", "kind"], how="left", maintain_order="left")


def _spread(units: pl.DataFrame, keys: list[str], name: str, *, level: float) -> pl.DataFrame:
    """Mean over units in percent, as `name`, with `name`_sem, `name`_low and `name`_high."""
    from scipy import special

    value = (100 * pl.col("viability")).sort()
    table = units.group_by(keys).agg(
        value.mean().alias(name), (value.std() / value.len().sqrt()).alias(f"{name}_sem"), pl.len().alias("_n")
    )
    n = table["_n"].to_numpy().astype(np.float64)
    reach = pl.Series(special.stdtrit(np.maximum(n - 1, 1), 0.5 + level / 2)) * table[f"{name}_sem"]
    return table.with_columns(
        (pl.col(name) - reach).alias(f"{name}_low"), (pl.col(name) + reach).alias(f"{name}_high")
    ).drop("_n")
