"""Row and column effects of plates by polishing, and the B-scores that the peers make of them.

A *B-score* is what is left of a reading when the plate's row and column effects are taken away, in some unit of spread.
The peers agree on nothing else: which wells define the effects, when the polish stops, and what the residual is divided
by. Each form is therefore a named variant with a record (`VARIANTS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["VARIANTS", "BScore", "MedianPolish", "Variant", "b_score", "median_polish", "trimmed_mean_polish"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

Variant = Literal[
    "cellhts2",
    "cellhts1",
    "rnaither",
    "rnaither-all-wells",
    "synlet",
    "hitseekr",
    "platetools",
    "platetools-mad",
    "spawn",
]

#: Plates that are polished together: their readings stay in a core's second-level cache.
_CHUNK = 256


@dataclass(frozen=True)
class MedianPolish:
    """Additive decomposition of plates: reading = overall + row + column + residual.

    Parameters
    ----------
    overall : (plates,)
    row : (plates, rows); NaN where no well of the row defined the fit
    column : (plates, columns); NaN where no well of the column defined the fit
    residual : (plates, rows, columns); NaN where a well did not define the fit
    """

    overall: FloatArray
    row: FloatArray
    column: FloatArray
    residual: FloatArray

    def fitted(self, *, missing: float = np.nan) -> FloatArray:
        """Overall + row + column at every well; `missing` stands for a row or column effect without wells."""
        row = np.where(np.isnan(self.row), missing, self.row)
        column = np.where(np.isnan(self.column), missing, self.column)
        fitted: FloatArray = self.overall[:, None, None] + (row[:, :, None] + column[:, None, :])
        return fitted


@dataclass(frozen=True)
class BScore:
    """What one form of the B-score is made of.

    Parameters
    ----------
    name : the word for it
    fit : wells that define row and column effects
    eps, max_iterations : when the polish stops, as in R ``medpolish``
    center : what is taken off rows and columns
    unestimated : what a row or column effect without wells becomes (0: the well keeps it; NaN: the well has no score)
    divisor : scaled MAD of what the residual is divided by
    scored : wells that get a score
    peer : package and version whose numbers it gives
    """

    name: Variant
    fit: Literal["samples", "all"]
    eps: float
    max_iterations: int
    unestimated: float
    divisor: Literal["none", "fitted residuals", "all residuals", "signal"]
    peer: str
    center: Literal["median", "trimmed mean"] = "median"
    scored: Literal["all", "fit"] = "all"


#: The named forms. Their answers differ; an analysis says which it used.
VARIANTS: dict[Variant, BScore] = {
    variant.name: variant
    for variant in (
        BScore(
            "cellhts2", "samples", 1e-5, 200, 0.0, "none", "cellHTS2 (from 2.11.6) normalizePlates(method='Bscore')"
        ),
        BScore("cellhts1", "samples", 1e-5, 200, 0.0, "all residuals", "cellHTS 1, last form of Bscore(scale=TRUE)"),
        BScore(
            "rnaither",
            "samples",
            0.01,
            100,
            np.nan,
            "fitted residuals",
            "RNAither (from 2010-02) BScore, controls excluded",
        ),
        BScore(
            "rnaither-all-wells",
            "all",
            0.01,
            100,
            np.nan,
            "fitted residuals",
            "RNAither (from 2010-02) BScore, controls included",
        ),
        BScore("synlet", "samples", 0.01, 100, np.nan, "fitted residuals", "synlet 2.7.0 bScore", scored="fit"),
        BScore("hitseekr", "all", 0.01, 10, np.nan, "signal", "HiTSeekR (2013 to 2024) Bscore"),
        BScore("platetools", "all", 0.01, 10, np.nan, "none", "platetools 0.1.7 b_score(normalise=FALSE)"),
        BScore(
            "platetools-mad", "all", 0.01, 10, np.nan, "fitted residuals", "platetools 0.1.7 b_score(normalise=TRUE)"
        ),
        BScore(
            "spawn",
            "all",
            0.01,
            10,
            np.nan,
            "fitted residuals",
            "sights 1.33.0 normSPAWN(trimFactor=0.2)",
            "trimmed mean",
        ),
    )
}


def b_score(signal: FloatArray, is_sample: BoolArray, *, variant: Variant) -> FloatArray:
    """Reading less the row and column effects of its plate, in the form of a named peer.

    Parameters
    ----------
    signal : (plates, rows, columns), log2 or raw units; NaN = no reading
    is_sample : (plates, rows, columns); sample wells, which alone define the effects in most variants
    variant : one of `VARIANTS`

    Returns
    -------
    (plates, rows, columns); the unit of the signal where the variant has no divisor, else scaled MADs. NaN where a well
    has no reading or no score in that variant; a plate without the wells that the variant needs, or whose divisor is 0,
    comes back all NaN.

    Notes
    -----
    r = x − (overall + row + column) by median polish of the wells that define the fit, for *all* wells; then

    * ``cellhts2`` — effects from samples; an effect without samples is 0; not divided (cellHTS2's
      varianceAdjust='byPlate' divides by the MAD of the samples' residuals: `position_effects.adjust_variance`).
    * ``cellhts1`` — the same, divided by the MAD of the residuals of all wells, controls included.
    * ``rnaither`` — effects from samples, looser stop; divided by the MAD of the samples' residuals; controls by the
      same effects, and without a score where a whole row or column is controls. ``rnaither-all-wells``: controls define
      too.
    * ``synlet`` — as rnaither, but controls have no score at all.
    * ``hitseekr`` — effects from all wells; divided by the MAD of the **readings**, so a plate with strong spatial
      effects gets small scores.
    * ``platetools`` — residual of the polish of all wells with R's own defaults; ``platetools-mad`` divides by the MAD
      of the residuals. Its map (`b_map`) shows the former as (r − mean) / sd of the plate.
    * ``spawn`` — 20 %-trimmed means in place of medians, all wells, divided by the MAD of the residuals.

    Equal to base R on tests/oracle/plate384 (cellhts2, 1e-9) and tests/oracle/b_scores (every other variant, 1e-9); to
    cellHTS2's and HiTSeekR's recorded numbers on their public screens (1e-9, 5e-14).

    References
    ----------
    Brideau et al. 2003, doi:10.1177/1087057103258285; Malo et al. 2006, doi:10.1038/nbt1186;
    Malo et al. 2010, doi:10.1177/1087057110377497 and Murie et al. 2015, PMID 25190066 (SPAWN)
    """
    form = VARIANTS[variant]
    there = np.isfinite(signal)
    fit = there & is_sample if form.fit == "samples" else there
    polish = trimmed_mean_polish if form.center == "trimmed mean" else median_polish
    parts = polish(signal, fit, eps=form.eps, max_iterations=form.max_iterations)
    residual = np.where(there, signal, np.nan) - parts.fitted(missing=form.unestimated)
    if form.scored == "fit":
        residual = np.where(fit, residual, np.nan)
    if form.divisor == "none":
        return residual
    if form.divisor == "signal":
        spread = robust.mad(signal, fit)
    else:
        spread = robust.mad(residual, fit if form.divisor == "fitted residuals" else there)
    return residual / np.where(spread > 0, spread, np.nan)[:, None, None]


def median_polish(cube: FloatArray, mask: BoolArray, *, eps: float = 0.01, max_iterations: int = 10) -> MedianPolish:
    """Tukey's median polish of every plate at once.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit; NaN = no reading
    mask : (plates, rows, columns); wells that define the effects
    eps : a plate is done when the sum of its absolute residuals changes by less than this share of itself
    max_iterations : sweeps over rows and columns at most

    Returns
    -------
    `MedianPolish`, in the unit of the cube; a plate without a well that counts is all NaN

    Notes
    -----
    One sweep takes row medians off the residuals, moves the median of the column effects into the overall effect, takes
    column medians off, and moves the median of the row effects; then |new − old| < eps · new of the sums of absolute
    residuals, or a sum of 0, stops that plate, while the others go on. Equal to R 4.2 ``medpolish(na.rm = TRUE)``
    (tests/oracle/b_scores, 1e-9; measured 5e-15).

    References
    ----------
    Tukey 1977, Exploratory Data Analysis
    """
    return _polish(cube, mask, eps=eps, max_iterations=max_iterations, trim=0.5)


def trimmed_mean_polish(
    cube: FloatArray, mask: BoolArray, *, eps: float = 0.01, max_iterations: int = 10, trim: float = 0.2
) -> MedianPolish:
    """Polish every plate with trimmed means in place of medians (SPAWN).

    Parameters
    ----------
    cube, mask, eps, max_iterations : as in `median_polish`
    trim : share of the values that is left out at each end, 0 to 0.5; 0.5 is the median

    Returns
    -------
    `MedianPolish`, in the unit of the cube

    Notes
    -----
    The trimmed mean is R's ``mean(x, trim)``: floor(n · trim) values are left out at each end.

    References
    ----------
    Malo et al. 2010, doi:10.1177/1087057110377497; Murie et al. 2015, PMID 25190066
    """
    return _polish(cube, mask, eps=eps, max_iterations=max_iterations, trim=trim)


def _polish(cube: FloatArray, mask: BoolArray, *, eps: float, max_iterations: int, trim: float) -> MedianPolish:
    """Polish in chunks of plates."""
    plates, rows, columns = cube.shape
    result = MedianPolish(
        np.full(plates, np.nan),
        np.full((plates, rows), np.nan),
        np.full((plates, columns), np.nan),
        np.full(cube.shape, np.nan),
    )
    for start in range(0, plates, _CHUNK):
        part = slice(start, start + _CHUNK)
        readings = np.where(mask[part] & np.isfinite(cube[part]), cube[part], np.nan)
        _polish_chunk(readings, result, start=start, eps=eps, max_iterations=max_iterations, trim=trim)
    return result


@dataclass
class _State:
    """Plates that are still being polished, and what has been taken off them so far."""

    plate: IntArray
    residual: FloatArray
    overall: FloatArray
    row: FloatArray
    column: FloatArray
    kept_by_row: tuple[IntArray, IntArray]
    kept_by_column: tuple[IntArray, IntArray]

    def of(self, plates: BoolArray) -> _State:
        """Some of the plates."""
        return _State(
            self.plate[plates],
            self.residual[plates],
            self.overall[plates],
            self.row[plates],
            self.column[plates],
            (self.kept_by_row[0][plates], self.kept_by_row[1][plates]),
            (self.kept_by_column[0][plates], self.kept_by_column[1][plates]),
        )


def _polish_chunk(
    readings: FloatArray, result: MedianPolish, *, start: int, eps: float, max_iterations: int, trim: float
) -> None:
    """Polish some plates and write each into the result, from plate `start` on, when it is done."""
    plates, rows, columns = readings.shape
    there = ~np.isnan(readings)
    state = _State(
        plate=np.arange(start, start + plates),
        residual=readings,
        overall=np.where(there.any(axis=(1, 2)), 0.0, np.nan),
        row=np.zeros((plates, rows)),
        column=np.zeros((plates, columns)),
        kept_by_row=_kept(there.sum(axis=2), columns, trim),
        kept_by_column=_kept(there.sum(axis=1), rows, trim),
    )
    old = np.zeros(plates)
    for sweep in range(1, max_iterations + 1):
        _sweep(state, trim)
        new = np.where(there, np.abs(state.residual), 0.0).sum(axis=(1, 2))
        done = (new == 0) | (np.abs(new - old) < eps * new) | (sweep == max_iterations)
        if done.any():
            ready = state.of(done)
            result.overall[ready.plate], result.residual[ready.plate] = ready.overall, ready.residual
            result.row[ready.plate], result.column[ready.plate] = ready.row, ready.column
            state, new, there = state.of(~done), new[~done], there[~done]
            if not len(state.plate):
                return
        old = new


def _sweep(state: _State, trim: float) -> None:
    """Take row centers and then column centers off the residuals; keep both kinds of effects centered."""
    change = _center(state.residual, state.kept_by_row)
    state.residual = state.residual - change[:, :, None]
    state.row = state.row + change
    shift = _center_of_effects(state.column, trim)
    state.column, state.overall = state.column - shift[:, None], state.overall + shift
    change = _center(np.ascontiguousarray(state.residual.swapaxes(1, 2)), state.kept_by_column)
    state.residual = state.residual - change[:, None, :]
    state.column = state.column + change
    shift = _center_of_effects(state.row, trim)
    state.row, state.overall = state.row - shift[:, None], state.overall + shift


def _kept(count: npt.NDArray[np.int_], length: int, trim: float) -> tuple[IntArray, IntArray]:
    """First and last place, in sorted order, of the values whose mean is the center of a line of `count` values."""
    low = np.floor(count * trim).astype(np.intp) if trim < 0.5 else np.maximum(count - 1, 0) // 2
    high = np.maximum(count - 1 - low, 0)
    return low[..., None], np.minimum(high, length - 1)[..., None]


def _center(lines: FloatArray, kept: tuple[IntArray, IntArray]) -> FloatArray:
    """Mean of the kept values of each line (last axis); NaN where the line has none."""
    low, high = kept
    ordered = np.sort(lines, axis=-1)
    if int((high - low).max(initial=0)) <= 1:
        line = np.arange(0, ordered.size, ordered.shape[-1]).reshape(low.shape)
        flat = ordered.ravel()
        middle: FloatArray = 0.5 * (flat.take(line + low) + flat.take(line + high))[..., 0]
        return middle
    place = np.arange(lines.shape[-1])
    inside = (place >= low) & (place <= high)
    total = np.where(inside, ordered, 0.0).sum(axis=-1)
    return np.where(np.isnan(ordered[..., 0]), np.nan, total / (high - low + 1)[..., 0])


def _center_of_effects(effects: FloatArray, trim: float) -> FloatArray:
    """Center of the row or column effects of each plate; effects that could not be estimated are left out."""
    return _center(effects, _kept((~np.isnan(effects)).sum(axis=-1), effects.shape[-1], trim))
