"""All plates of a run in a form that the page can draw: packed values, layouts told once, plates in reading order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, middle_and_reach, score_unit, setting
from sensitome.plates import PlateCube, plate_cubes
from sensitome.report.payload import pack
from sensitome.tables import ROLES

__all__ = ["plate_data"]

#: Wells past which one byte a value has to do.
WIDE_WELLS = 1_000_000
#: What the page tells of a plate.
SHOWN = ("plate", "cell_line", "treatment", "library_plate", "replicate", "verdict")
FloatArray = npt.NDArray[np.float64]


def plate_data(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Pack the wells of a run for the plate wall and for the wells behind a point.

    Parameters
    ----------
    tables : `wells`, and `plates` for the verdicts
    manifest : scale of the normalization; how many plates the page holds at most

    Returns
    -------
    JSON-able: ``reagents`` ([name, kind] each), ``roles``, ``units``, ``left_out`` (plates past the limit), and one
    entry per plate format in ``formats``, with ``plates`` sorted by cell line, arm, library plate and replicate
    """
    wells = tables["wells"]
    chosen, left_out = _chosen(tables, manifest)
    wells = wells.join(chosen.select("plate"), on="plate", how="semi")
    is_log = setting(manifest, "normalize", "scale", default="log2") == "log2"
    names = wells.select("reagent", "kind").drop_nulls("reagent").unique().sort("reagent", "kind", nulls_last=True)
    coded = _coded(wells, names)
    middle, reach = middle_and_reach(coded.filter(pl.col("role").cast(pl.String) == "sample")["normalized"])
    limits = [coded["normalized"].min() or 0.0, coded["normalized"].max() or 0.0]
    wide = wells.height <= WIDE_WELLS
    raw = "log2_signal" if is_log else "signal"
    formats = [_format(cube, coded, chosen, raw=raw, limits=limits, wide=wide) for cube in plate_cubes(coded)]
    return {
        "reagents": [list(row) for row in names.iter_rows()],
        "roles": list(ROLES),
        "log": is_log,
        "units": {"raw": "log2 counts" if is_log else "counts", "normalized": score_unit(manifest)},
        "wide": wide,
        "middle": middle,
        "reach": reach,
        "left_out": left_out,
        "formats": formats,
    }


def _chosen(tables: Tables, manifest: Manifest) -> tuple[pl.DataFrame, int]:
    """Plates that the page shows, in reading order, and how many are past the limit."""
    keys = ["cell_line", "treatment", "library_plate", "replicate"]
    first = [pl.col(name).first() for name in [*keys, "batch", "order"]]
    plates = tables["wells"].group_by("plate").agg(*first)
    known = tables.get("plates")
    if known is not None:
        plates = plates.join(known.select("plate", pl.col("verdict").cast(pl.String)), on="plate", how="left")
    else:
        plates = plates.with_columns(pl.lit(None, dtype=pl.String).alias("verdict"))
    arms = {arm: place for place, arm in enumerate(arms_in_order(tables, manifest))}
    place = pl.col("treatment").replace_strict(arms, default=len(arms), return_dtype=pl.Int32)
    natural = pl.col("library_plate").str.extract(r"(\d+)$").cast(pl.Int64, strict=False)
    plates = plates.sort(
        "cell_line", place, "treatment", natural, "library_plate", "replicate", "plate", nulls_last=True
    )
    most = int(setting(manifest, "report", "plates", default=4000))
    return plates.head(most), max(0, plates.height - most)


def _coded(wells: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Wells with numbers for reagent and role."""
    roles = {role: index for index, role in enumerate(ROLES)}
    return wells.join(
        names.with_row_index("reagent_code"),
        on=["reagent", "kind"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).with_columns(
        pl.col("reagent_code").cast(pl.Int32).fill_null(-1),
        pl.col("role").cast(pl.String).replace_strict(roles, default=0, return_dtype=pl.Int32).alias("role_code"),
    )


def _format(
    cube: PlateCube, wells: pl.DataFrame, chosen: pl.DataFrame, *, raw: str, limits: list[Any], wide: bool
) -> dict[str, Any]:
    """Plates of one format."""
    place = {plate: index for index, plate in enumerate(cube.plates)}
    order = [plate for plate in chosen["plate"] if plate in place]
    rank = np.array([place[plate] for plate in order], dtype=np.intp)
    flat = {name: _flat(cube, wells[name])[rank] for name in (raw, "fitted", "normalized")}
    low, high = _range(flat[raw], flat["fitted"])
    everywhere = np.ones(len(order))
    codes = np.stack([_flat(cube, wells[name], empty=-1)[rank] for name in ("reagent_code", "role_code")], axis=1)
    layouts, which = _layouts(codes)
    rows = chosen.filter(pl.col("plate").is_in(order))
    return {
        "rows": cube.format.rows,
        "columns": cube.format.columns,
        "plates": {name: rows[name].to_list() for name in SHOWN},
        "layout": which,
        "layouts": layouts,
        "low": [round(float(value), 5) for value in low],
        "high": [round(float(value), 5) for value in high],
        "limits": [round(float(limits[0]), 5), round(float(limits[1]), 5)],
        "raw": pack(flat[raw], low, high, wide=wide),
        "fitted": pack(flat["fitted"], low, high, wide=wide),
        "normalized": pack(flat["normalized"], limits[0] * everywhere, limits[1] * everywhere, wide=wide),
    }  # fmt: skip


def _flat(cube: PlateCube, values: pl.Series, *, empty: float = np.nan) -> FloatArray:
    """(plates, cells) of a column; `empty` where there is no well or no value."""
    filled = cube.fill(values.cast(pl.Float64).fill_null(np.nan).to_numpy())
    flat = filled.reshape(len(cube.plates), -1)
    return flat if np.isnan(empty) else np.where(np.isnan(flat), empty, flat)


def _range(raw: FloatArray, fitted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest value of each plate, readings and surface together."""
    both = np.concatenate([raw, fitted], axis=1)
    some = np.isfinite(both).any(axis=1)
    low = np.where(some, np.min(np.where(np.isfinite(both), both, np.inf), axis=1), 0.0)
    high = np.where(some, np.max(np.where(np.isfinite(both), both, -np.inf), axis=1), 1.0)
    return low, high


def _layouts(codes: FloatArray) -> tuple[list[dict[str, Any]], list[int]]:
    """Layouts that occur, each once: reagent and role of every cell (−1 = no well), and which plate has which."""
    seen: dict[bytes, int] = {}
    layouts: list[dict[str, Any]] = []
    which: list[int] = []
    for plate in codes.astype(np.int32):
        number = seen.setdefault(plate.tobytes(), len(layouts))
        if number == len(layouts):
            layouts.append({"reagent": plate[0].tolist(), "role": plate[1].tolist()})
        which.append(number)
    return layouts, which
