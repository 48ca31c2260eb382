"""Plates behind the spots: level and surface of the printed source plates, taken away as in the screen."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.core import robust
from sensitome.core.loess import loess_surface
from sensitome.errors import LayoutError
from sensitome.plates import parse_well, plate_cubes
from sensitome.protein.settings import ProteinSettings

__all__ = ["correct_plates"]

_PLATE = ["slide", "pad", "source_plate", "treatment", "cell_line", "replicate", "dilution"]


def correct_plates(spots: pl.DataFrame, *, settings: ProteinSettings) -> pl.DataFrame:
    """Take away the level or the surface that the wells of each source plate have on each slide.

    Parameters
    ----------
    spots : from `normalize_spots`, with `source_plate` and `well` from the map of spots
    settings : `plate_correction`

    Returns
    -------
    The spots, `log2` corrected: relative to the typical reagent of its source plate

    Raises
    ------
    LayoutError
        A correction is asked for and the map of spots has no source plates.

    Notes
    -----
    Spots of one well are averaged; the median or the local quadratic surface (span 0.7, robust) is that of the sample
    wells of a plate. Controls are corrected and not fitted.
    """
    if settings.plate_correction == "none":
        return spots
    if not {"source_plate", "well"} <= set(spots.columns):
        raise LayoutError(
            "spots have no source plate to correct by",
            where="map of spots",
            expected="columns source_plate and well",
            next_step='Add them to the map, or set protein.plate_correction = "none".',
        )
    located = spots.with_columns(pl.concat_str(_PLATE, separator="|", ignore_nulls=True).alias("plate"))
    wells = (
        located.group_by("plate", "well")
        .agg(pl.col("log2").mean(), pl.col("role").first())
        .sort("plate", "well")
        .with_columns(
            pl.col("well")
            .map_elements(lambda well: (parse_well(well) or (1, 1))[0], return_dtype=pl.Int64)
            .alias("row"),
            pl.col("well")
            .map_elements(lambda well: (parse_well(well) or (1, 1))[1], return_dtype=pl.Int64)
            .alias("column"),
        )
    )
    fitted = np.full(wells.height, np.nan)
    sample = (wells["role"] != "negative").to_numpy()
    values = wells["log2"].fill_null(np.nan).to_numpy()
    for cube in plate_cubes(wells):
        signal, mask = cube.fill(values), cube.mark(sample)
        if settings.plate_correction == "median":
            level = np.broadcast_to(robust.median(signal, mask)[:, None, None], signal.shape)
        else:
            level = loess_surface(signal, mask, span=0.7, degree=2, family="symmetric")
        cube.read_back(level, fitted)
    about = wells.select("plate", "well").with_columns(pl.Series("_fitted", fitted).fill_nan(None))
    joined = located.join(about, on=["plate", "well"], how="left", maintain_order="left")
    return joined.with_columns((pl.col("log2") - pl.col("_fitted")).alias("log2")).drop("plate", "_fitted")
