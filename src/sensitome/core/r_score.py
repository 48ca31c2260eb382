"""R-score: row and column effects of plates by robust regression, for plates whose effects a median polish overfits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["r_score"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Tuning constant of Huber's weights, the MAD of a normal distribution as MASS writes it, and where the fit stops.
_HUBER, _NORMAL_MAD, _ACCURACY, _MAX_ITERATIONS = 1.345, 0.6745, 1e-4, 20


def r_score(signal: FloatArray, defines_fit: BoolArray) -> FloatArray:
    """Reading less the row and column effects of its plate, by robust regression, in robust SDs.

    Parameters
    ----------
    signal : (plates, rows, columns), log2 or raw units; NaN = no reading
    defines_fit : (plates, rows, columns); wells that define the effects (the peer takes all)

    Returns
    -------
    (plates, rows, columns), in robust SDs of the residuals of the wells that define the fit; NaN in a row or column
    where no well does; a plate without wells, or without residuals, comes back all NaN

    Notes
    -----
    Huber's M-estimate of x ~ row + column, k = 1.345, from least squares, scale median|r| / 0.6745 at each of at most
    20 steps, until the residuals change by less than 1e-4 of their norm: R ``MASS::rlm`` with its defaults, as SIGHTS
    1.33.0 ``normR`` calls it (tests/oracle/b_scores, 1e-8).

    References
    ----------
    Wu et al. 2008, doi:10.1177/1087057107312628
    """
    there = defines_fit & np.isfinite(signal)
    score = np.full(signal.shape, np.nan)
    plate = np.flatnonzero(there.any(axis=(1, 2)))
    inside = there[plate]
    readings = np.where(inside, signal[plate], 0.0)
    residual = _least_squares(readings, inside.astype(float))[1]
    for _ in range(_MAX_ITERATIONS):
        scale = robust.median(np.abs(residual), inside) / _NORMAL_MAD
        reach = _HUBER * scale[:, None, None]
        size = np.abs(residual)
        weight = np.where(size > reach, reach / np.where(size > 0, size, 1.0), 1.0) * inside
        fitted, new = _least_squares(readings, weight)
        change = np.where(inside, new - residual, 0.0)
        norm = np.maximum(np.where(inside, residual**2, 0.0).sum(axis=(1, 2)), 1e-20)
        score[plate] = (signal[plate] - fitted) / np.where(scale > 0, scale, np.nan)[:, None, None]
        on = (np.sqrt((change**2).sum(axis=(1, 2)) / norm) > _ACCURACY) & (scale > 0)
        plate, inside, readings, residual = plate[on], inside[on], readings[on], new[on]
        if not len(plate):
            break
    reached = there.any(axis=1, keepdims=True) & there.any(axis=2, keepdims=True)
    return np.where(reached & np.isfinite(signal), score, np.nan)


def _least_squares(readings: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted least-squares fit of row and column effects to every plate: fitted values, and residuals."""
    by_row, by_column = weight.sum(axis=2), weight.sum(axis=1)
    share = weight / np.where(by_row > 0, by_row, 1.0)[:, :, None]
    row_mean = (share * readings).sum(axis=2)
    # Row effects are eliminated, so that one system of the size of the columns is left for each plate.
    target = (weight * (readings - row_mean[:, :, None])).sum(axis=1)
    columns = np.arange(weight.shape[2])
    system = -weight.swapaxes(1, 2) @ share
    system[:, columns, columns] += np.where(by_column > 0, by_column, 1.0)
    # Effects are defined up to a constant between rows and columns: the sum of the column effects is made 0.
    filled = (by_column > 0).astype(float)
    mean_weight = by_column.sum(axis=1) / len(columns) ** 2
    system += mean_weight[:, None, None] * filled[:, :, None] * filled[:, None, :]
    # Blocks of wells that share no row and no column leave one more constant each; a trace of a ridge settles it.
    system[:, columns, columns] += 1e-13 * mean_weight[:, None]
    column = np.linalg.solve(system, target[:, :, None])[:, :, 0]
    row = row_mean - (share * column[:, None, :]).sum(axis=2)
    fitted: FloatArray = row[:, :, None] + column[:, None, :]
    return fitted, readings - fitted
