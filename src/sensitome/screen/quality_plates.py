"""Quality figures of single plates: controls, gaps, position effects, mix-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.edge import edge_index, line_effects
from sensitome.core.grouped import sum_by_group
from sensitome.core.mixups import LAYOUTS, TURNS, fit_of_layout, fit_of_pattern
from sensitome.core.multiple import adjust_p
from sensitome.core.robust import mad, median
from sensitome.core.separation import (
    coefficient_of_variation,
    counts,
    dynamic_range,
    signal_window,
    ssmd,
    z_prime,
)
from sensitome.core.spatial import CorrectionNeeded, correction_needed
from sensitome.core.twins import twins
from sensitome.parallel import map_blocks
from sensitome.plates import PlateCube, plate_cubes, row_letters
from sensitome.tables import ROLES

__all__ = ["PlateData", "PlateFigures", "measure_plates", "plate_data"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: What a plate is, in the order of the plate table.
IDENTITY = ("plate", "order", "library_plate", "cell_line", "treatment", "replicate", "batch")


@dataclass(frozen=True)
class PlateData:
    """Plates of one format as cubes (plates, rows, columns), with what each plate is.

    Parameters
    ----------
    identity : one row per plate, in the order of the first axis: the columns of `IDENTITY`
    library : (plates,), number of the library plate among those of this format
    signal, log2_signal, normalized : readings; NaN = none
    sample, negative, positive : roles
    expected : wells that the library plate fills on any of its plates
    """

    identity: pl.DataFrame
    library: IntArray
    signal: FloatArray
    log2_signal: FloatArray
    normalized: FloatArray
    sample: BoolArray
    negative: BoolArray
    positive: BoolArray
    expected: BoolArray

    @property
    def names(self) -> list[str]:
        """Names of the plates."""
        return [str(name) for name in self.identity["plate"]]


@dataclass
class PlateFigures:
    """Values (plates,) of each figure, and what is behind single ones: figure → number of the plate → words."""

    values: dict[str, FloatArray] = field(default_factory=dict)
    details: dict[str, dict[int, str]] = field(default_factory=dict)


def plate_data(wells: pl.DataFrame) -> list[PlateData]:
    """Cubes of every format of a table `wells`, from its keys: the order of its rows does not matter."""
    role = wells["role"].cast(pl.Enum(ROLES)).to_physical().to_numpy()
    columns = {name: _numbers(wells, name) for name in ("signal", "log2_signal", "normalized")}
    return [_data_of_format(cube, role, columns, wells) for cube in plate_cubes(wells)]


def _numbers(wells: pl.DataFrame, name: str) -> FloatArray:
    return wells[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _data_of_format(
    cube: PlateCube,
    role: npt.NDArray[np.generic],
    columns: dict[str, FloatArray],
    wells: pl.DataFrame,
) -> PlateData:
    any_well = np.zeros(len(cube.plates), dtype=np.intp)
    any_well[cube.cell // cube.format.wells] = cube.row_index
    own = wells.select(IDENTITY)[any_well]
    library = (own["library_plate"].rank("dense") - 1).to_numpy().astype(np.intp)
    sample, negative, positive = (cube.mark(role == ROLES.index(name)) for name in ("sample", "negative", "positive"))
    reagents = (sample | negative | positive).astype(np.float64)
    filled = sum_by_group(reagents, library, groups=int(library.max(initial=-1)) + 1) > 0
    log2_signal = cube.fill(columns["log2_signal"])
    normalized = cube.fill(columns["normalized"])
    if np.isnan(normalized).all():
        normalized = log2_signal - median(log2_signal, sample)[:, None, None]
    return PlateData(
        own,
        library,
        cube.fill(columns["signal"]),
        log2_signal,
        normalized,
        sample,
        negative,
        positive,
        filled[library],
    )


def measure_plates(data: PlateData, *, jobs: int = 1) -> PlateFigures:
    """Every figure of `sensitome.screen.quality_figures.PLATE_FIGURES` for the plates of one format."""
    figures = PlateFigures()
    for part in map_blocks(lambda measure: measure(data), MEASURES, jobs=jobs):
        figures.values |= part.values
        figures.details |= part.details
    return figures


def _measure_controls(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    positive, negative = data.positive, data.negative
    controls = data.signal[positive | negative]
    is_ratio = bool(np.all(controls[~np.isnan(controls)] > 0))
    fold = dynamic_range(data.signal, positive=positive, negative=negative)
    figures.values |= {
        "z_prime": z_prime(data.signal, positive=positive, negative=negative),
        "z_prime_robust": z_prime(data.signal, positive=positive, negative=negative, spread="mad"),
        "ssmd": ssmd(data.log2_signal, positive=positive, negative=negative),
        "ssmd_robust": ssmd(data.log2_signal, positive=positive, negative=negative, spread="mad"),
        "dynamic_range": fold if is_ratio else np.full(len(fold), np.nan),
        "signal_window": signal_window(data.signal, positive=positive, negative=negative),
        "cv_negative": coefficient_of_variation(data.signal, negative),
        "cv_positive": coefficient_of_variation(data.signal, positive),
        "spread": mad(data.log2_signal, data.sample),
    }
    return figures


def _measure_gaps(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    missing = data.expected & np.isnan(data.signal)
    wells = data.expected.sum(axis=(1, 2))
    rows, columns = (
        (data.expected.sum(axis=axis) > 1) & (missing.sum(axis=axis) == data.expected.sum(axis=axis)) for axis in (2, 1)
    )
    figures.values["missing_share"] = np.where(wells > 0, missing.sum(axis=(1, 2)) / np.maximum(wells, 1), np.nan)
    figures.values["missing_lines"] = (rows.sum(axis=1) + columns.sum(axis=1)).astype(np.float64)
    figures.details["missing_lines"] = dict(_lines(rows, columns))
    return figures


def _lines(rows: BoolArray, columns: BoolArray) -> Iterator[tuple[int, str]]:
    """Plates with marked lines, and the lines in words."""
    for plate in np.flatnonzero(rows.any(axis=1) | columns.any(axis=1)):
        marked = [f"row {row_letters(int(row) + 1)}" for row in np.flatnonzero(rows[plate])]
        marked += [f"column {column + 1}" for column in np.flatnonzero(columns[plate])]
        more = [f"{len(marked) - 8} more"] if len(marked) > 8 else []
        yield int(plate), ", ".join(marked[:8] + more)


def _measure_positions(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    needed = correction_needed(data.log2_signal, data.sample)
    rows, columns = needed.tests.row_stripes, needed.tests.column_stripes
    tested = ~np.isnan(needed.tests.p_value)
    figures.values |= {
        "stripes": np.where(tested, rows.sum(axis=1) + columns.sum(axis=1), np.nan),
        "moran": needed.tests.moran,
        "correction_q": needed.q_value,
    }
    figures.details |= {"stripes": dict(_lines(rows, columns)), "correction_q": _strongest(needed)}
    return figures


def _measure_edges(data: PlateData) -> PlateFigures:
    by_row, by_column = line_effects(data.log2_signal, data.sample)
    return PlateFigures(
        {
            "edge_index": edge_index(data.log2_signal, data.sample),
            "row_effect": _furthest(by_row),
            "column_effect": _furthest(by_column),
        }
    )


def _measure_remaining(data: PlateData) -> PlateFigures:
    remaining = correction_needed(data.normalized, data.sample)
    return PlateFigures({"remaining_q": remaining.q_value}, {"remaining_q": _strongest(remaining)})


def _strongest(answer: CorrectionNeeded) -> dict[int, str]:
    """For plates that are called, the test with the smallest p."""
    words = ("edge", "rows", "columns", "trend", "neighbors")
    tests = answer.tests
    p_values = np.stack([tests.p_edge, tests.p_rows, tests.p_columns, tests.p_trend, tests.p_neighbors])
    p_values = np.where(np.isnan(p_values), 1.0, p_values)
    least = p_values.argmin(axis=0)
    return {
        int(plate): f"strongest: {words[least[plate]]} (p {p_values[least[plate], plate]:.1g})"
        for plate in np.flatnonzero(answer.needed)
    }


def _furthest(effects: FloatArray) -> FloatArray:
    """Largest distance from 0 of each row; NaN without any."""
    size = np.where(np.isnan(effects), -1.0, np.abs(effects)).max(axis=1, initial=-1.0)
    return np.where(size < 0, np.nan, size)


def _measure_layout(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    # Wells without cells read lower than any killed well, so a turn that lands on them would always seem to fit.
    filled = np.where(data.expected, data.log2_signal, np.nan)
    fit = fit_of_layout(filled, positive=data.positive, negative=data.negative, sample=data.sample)
    figures.values["layout_margin"] = fit.margin
    figures.details["layout_margin"] = {
        int(plate): f"controls {fit.best_other[plate]:.1f} SD apart if {LAYOUTS[fit.layout[plate]]}, "
        f"{fit.as_laid_out[plate]:.1f} SD as laid out"
        for plate in np.flatnonzero(fit.margin < 0)
    }
    return figures


def _measure_identity(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    fit = fit_of_pattern(data.normalized, data.sample, library=data.library)
    q_value = adjust_p(fit.p_value)
    library_names = dict(zip(data.library.tolist(), data.identity["library_plate"], strict=True))
    figures.values["own_pattern"] = fit.own
    figures.values["identity_q"] = q_value
    figures.details["identity_q"] = {
        int(plate): (
            f'looks like library plate "{library_names[int(fit.other[plate])]}"'
            if fit.turn[plate] < 0
            else f"looks {TURNS[fit.turn[plate]]}"
        )
        + f" (r {fit.best_other[plate]:.2f}; as listed {fit.own[plate]:.2f})"
        for plate in np.flatnonzero(q_value < 0.05)
    }
    return figures


def _measure_twins(data: PlateData) -> PlateFigures:
    figures = PlateFigures()
    pairs = twins(data.log2_signal, library=data.library)
    number = np.bincount(np.concatenate([pairs.first, pairs.second]), minlength=len(data.library))
    has_reading = counts(data.log2_signal, np.ones_like(data.sample)) > 0
    names = data.names
    words: dict[int, list[str]] = {}
    both = [(pairs.first, pairs.second), (pairs.second, pairs.first)]
    for ours, theirs in both:
        for plate, other, fit, is_exact in zip(ours, theirs, pairs.correlation, pairs.is_exact, strict=True):
            like = f'equal to "{names[other]}"' if is_exact else f'like "{names[other]}" (r {fit:.4f})'
            words.setdefault(int(plate), []).append(like)
    figures.values["twins"] = np.where(has_reading, number, np.nan).astype(np.float64)
    figures.details["twins"] = {plate: ", ".join(likes[:5]) for plate, likes in words.items()}
    return figures


#: What is measured of plates, the longest work first.
MEASURES: tuple[Callable[[PlateData], PlateFigures], ...] = (
    _measure_positions,
    _measure_remaining,
    _measure_identity,
    _measure_twins,
    _measure_controls,
    _measure_edges,
    _measure_layout,
    _measure_gaps,
)
