"""Make plates comparable: take away each plate's level or surface by a named method."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.position_effects import adjust_variance, batch_effects, well_effects
from sensitome.errors import Caution, ControlError, Fault, MethodError, listed
from sensitome.frames import to_polars
from sensitome.parallel import blocks, map_blocks
from sensitome.plates import PlateCube, plate_cubes
from sensitome.screen.corrections import Corrected, Masks
from sensitome.screen.methods import METHODS, Method
from sensitome.settings import NormalizeSettings

__all__ = ["normalize"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Plates in one block of work: fixed, so that results do not depend on the number of threads.
BLOCK = 64


def normalize(wells: pl.DataFrame, *, settings: NormalizeSettings, jobs: int = 1) -> pl.DataFrame:
    """Add log2 reading, fitted level or surface, and normalized value to every well.

    Parameters
    ----------
    wells : plates with `signal`, one row a well in any order
    settings : method, scale and options; the page of each method has its formula
    jobs : threads

    Returns
    -------
    The same rows in the same order with `log2_signal`, `fitted`, `normalized` and more codes in `flags`. Sample wells
    define every fit; controls are corrected by it too.

    Raises
    ------
    MethodError
        The method does not work on that scale.
    ControlError
        Plates lack the wells that the method needs, or those do not vary; all plates are named.

    Notes
    -----
    Every method equals the peer that defined it: see `sensitome.screen.methods.METHODS`.
    """
    wells = to_polars(wells)
    method = METHODS[settings.method]
    _refuse_scale(method, settings)
    readings = _readings(wells)
    signal = readings["log2_signal" if settings.scale == "log2" else "signal"].to_numpy().astype(np.float64)
    columns = {name: np.full(wells.height, np.nan) for name in ("fitted", "normalized")}
    marks = {name: np.zeros(wells.height, dtype=np.bool_) for name in ("extrapolated", "uncorrected")}
    faults: list[Fault] = []
    for cube in plate_cubes(wells):
        values = cube.fill(signal)
        masks = Masks(*(cube.mark(_has_role(wells, role)) for role in ("sample", "negative", "positive")))
        corrected = _correct(values, masks, method=method, settings=settings, jobs=jobs)
        faults += _unfit(cube, values, corrected, method=method)
        normalized = _over_plates(corrected.normalized, cube, masks, wells, settings=settings)
        cube.read_back(corrected.fitted, columns["fitted"])
        cube.read_back(normalized, columns["normalized"])
        cube.read_back(corrected.extrapolated, marks["extrapolated"])
        cube.read_back(corrected.uncorrected, marks["uncorrected"])
    if faults:
        raise ControlError(
            f"the method {settings.method!r} cannot work on some plates",
            faults=faults,
            next_step="Mark the controls in the library, leave the plates out, or choose another method.",
        )
    return readings.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in columns.items())
    ).with_columns(_flags(readings, marks))


def _refuse_scale(method: Method, settings: NormalizeSettings) -> None:
    if settings.scale not in method.scales:
        raise MethodError(
            f"the method {settings.method!r} does not work on this scale",
            where="normalize.scale",
            found=repr(settings.scale),
            expected=listed(method.scales),
        )


def _readings(wells: pl.DataFrame) -> pl.DataFrame:
    """Add log2 readings; zero and negative ones have none and are counted aloud."""
    signal = pl.col("signal").cast(pl.Float64).fill_nan(None)
    readings = wells.with_columns(signal).with_columns(
        pl.when(pl.col("signal") > 0).then(pl.col("signal").log(2.0)).alias("log2_signal")
    )
    refused = readings.filter(pl.col("signal") <= 0)
    if refused.height:
        plates = refused["plate"].unique().sort().to_list()
        warnings.warn(
            Caution(
                "zero or negative readings have no logarithm",
                where=f"{len(plates)} plates ({listed(plates, last='and', most=5)})",
                found=f"{refused.height} wells",
                next_step='They are left out of log2 values and marked "not_positive".',
            ),
            stacklevel=3,
        )
    return readings


def _has_role(wells: pl.DataFrame, role: str) -> BoolArray:
    """Which rows have a role."""
    return np.asarray((wells["role"].cast(pl.String) == role).fill_null(value=False).to_numpy())


def _correct(values: FloatArray, masks: Masks, *, method: Method, settings: NormalizeSettings, jobs: int) -> Corrected:
    """Run the method over blocks of plates; a method that learns from all plates together gets them all."""
    if method.pools_plates:
        return method.run(values, masks, settings)
    parts = map_blocks(
        lambda block: method.run(values[block], masks.of(block), settings), blocks(len(values), size=BLOCK), jobs=jobs
    )
    return Corrected(
        np.concatenate([part.fitted for part in parts]),
        np.concatenate([part.normalized for part in parts]),
        np.concatenate([part.extrapolated for part in parts]),
        np.concatenate([part.uncorrected for part in parts]),
    )


def _unfit(cube: PlateCube, values: FloatArray, corrected: Corrected, *, method: Method) -> list[Fault]:
    """Plates with readings that the method returned without a single value."""
    read = np.isfinite(values).any(axis=(1, 2))
    done = np.isfinite(corrected.normalized).any(axis=(1, 2))
    return [
        Fault(rule=f"{method.needs_in_words} on plate {cube.plates[index]!r}") for index in np.flatnonzero(read & ~done)
    ]


def _over_plates(
    normalized: FloatArray, cube: PlateCube, masks: Masks, wells: pl.DataFrame, *, settings: NormalizeSettings
) -> FloatArray:
    """What is taken away over plates together: positions, batches, and unequal spread."""
    plates = (
        pl.DataFrame({"plate": cube.plates})
        .join(wells.unique("plate", keep="first", maintain_order=True), on="plate", how="left", maintain_order="left")
        .with_columns(pl.col("batch").fill_null(""))
    )

    def groups(*names: str) -> npt.NDArray[np.intp]:
        return plates.select(pl.struct(names).rank("dense") - 1).to_series().to_numpy().astype(np.intp)

    if settings.batch_effects:
        batch = groups("cell_line", "treatment", "batch")
        normalized = normalized - batch_effects(normalized, masks.sample, batch=batch)[:, None, None]
    if settings.well_effects:
        _refuse_one_library(plates)
        effects = well_effects(normalized, masks.sample, group=groups("cell_line", "treatment"))
        normalized = normalized - np.where(np.isfinite(effects), effects, 0.0)
    if settings.variance == "none":
        return normalized
    own = {"plate": ("plate",), "batch": ("replicate", "batch"), "experiment": ("replicate",)}
    return adjust_variance(normalized, masks.sample, group=groups(*own[settings.variance]))


def _refuse_one_library(plates: pl.DataFrame) -> None:
    """Refuse position effects where every plate of an arm carries the same library: they would be its reagents."""
    alone = (
        plates.group_by("cell_line", "treatment")
        .agg(pl.col("library_plate").n_unique().alias("libraries"))
        .filter(pl.col("libraries") < 2)
        .sort("cell_line", "treatment")
    )
    if alone.height:
        raise MethodError(
            "position effects over plates would take the reagents away",
            where="normalize.well_effects",
            faults=[
                Fault(rule=f"at least two library plates in cell line {line!r}, treatment {arm!r}")
                for line, arm in alone.select("cell_line", "treatment").iter_rows()
            ],
            next_step="Set normalize.well_effects = false.",
        )


def _flags(readings: pl.DataFrame, marks: Mapping[str, BoolArray]) -> pl.Expr:
    """Add this step's codes to those of the layout."""
    before = pl.col("flags") if "flags" in readings.columns else pl.lit(None, dtype=pl.String)
    codes = [
        pl.when(before.str.len_chars() > 0).then(before),
        pl.when(pl.col("signal") <= 0).then(pl.lit("not_positive")),
        *(pl.when(pl.Series(marked)).then(pl.lit(code)) for code, marked in marks.items()),
    ]
    return pl.concat_str(codes, separator=";", ignore_nulls=True).alias("flags")
