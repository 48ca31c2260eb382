"""Loess along every row and every column: the "Loess" normalization of the R package sights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core.loess import loess_lines

__all__ = ["row_column_loess"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

SPAN = 0.75
DEGREE = 2


def row_column_loess(signal: FloatArray, defines_fit: BoolArray) -> FloatArray:
    """Factor of each well that evens out every row and every column of its plate; multiply the signal by it.

    Parameters
    ----------
    signal : (plates, rows, columns), positive, not logarithmic; NaN = no reading
    defines_fit : (plates, rows, columns) or (rows, columns); the wells that are fitted, where they have a reading

    Returns
    -------
    (plates, rows, columns), dimensionless, around 1. NaN: all wells of a plate none of whose rows and columns can be
    fitted. A factor that is not positive means that a smooth curve crossed zero there; it corrects nothing.

    Notes
    -----
    factor = (mean(f) / f) (mean(g) / g), f the curve of the well's row along its columns and g the curve of its column
    along its rows, means over the fitted wells of that line. Curves are `loess` with the defaults of R (span 0.75,
    degree 2, k-d tree interpolation) and family "symmetric"; at fitted wells it is what `normLoess` of sights 1.31 has
    before its z-score, within 1e-9 (tests/oracle/loess_cases). sights fits all wells. Here two cases are added:
    wells past the first or last fitted well of a line take the directly fitted curve instead of the interpolated one,
    and a line with too few fitted wells for a curve (fewer than 6) contributes the factor 1.

    References
    ----------
    Baryshnikova et al. 2010, doi:10.1038/nmeth.1534; Garg et al., sights, doi:10.18129/B9.bioc.sights

    Examples
    --------
    >>> tilted = np.multiply.outer(np.linspace(1, 2, 8), np.linspace(3, 4, 12))[np.newaxis]
    >>> even = tilted * row_column_loess(tilted, np.ones((8, 12), dtype=bool))
    >>> float(np.ptp(even).round(9))
    0.0
    """
    fitted = np.broadcast_to(defines_fit, signal.shape) & np.isfinite(signal)
    along_rows = _share(signal, fitted)
    along_columns = _share(signal.swapaxes(1, 2), fitted.swapaxes(1, 2)).swapaxes(1, 2)
    factor = np.where(np.isnan(along_rows), 1.0, along_rows) * np.where(np.isnan(along_columns), 1.0, along_columns)
    unfitted = (np.isnan(along_rows) & np.isnan(along_columns)).all(axis=(1, 2))
    factor[unfitted] = np.nan
    return factor


def _share(signal: FloatArray, fitted: BoolArray) -> FloatArray:
    """Mean of each line's curve over the curve, lines along the last axis; NaN where a line has no curve."""
    positions = signal.shape[2]
    values, used = signal.reshape(-1, positions), fitted.reshape(-1, positions)
    curve = loess_lines(values, used, span=SPAN, degree=DEGREE, family="symmetric")
    beyond = np.flatnonzero(np.isnan(curve).any(axis=1) & ~np.isnan(curve).all(axis=1))
    if len(beyond):
        direct = loess_lines(
            values[beyond], used[beyond], span=SPAN, degree=DEGREE, family="symmetric", surface="direct"
        )
        curve[beyond] = np.where(np.isnan(curve[beyond]), direct, curve[beyond])
    count = np.maximum(used.sum(axis=1, keepdims=True), 1)
    mean = np.where(used, curve, 0.0).sum(axis=1, keepdims=True) / count
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((mean / curve).reshape(signal.shape))
