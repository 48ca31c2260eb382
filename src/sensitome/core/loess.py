"""Loess surfaces of plates: the same numbers as R's `loess`, for all plates at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core._local_fits import surfaces
from sensitome.core._loess_geometry import LoessGeometries, Surface, plate_places

__all__ = ["extrapolated", "loess_lines", "loess_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Family = Literal["gaussian", "symmetric"]


def loess_surface(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    span: float,
    degree: int,
    family: Family = "gaussian",
    iterations: int = 4,
    normalize: bool = True,
    surface: Surface = "direct",
) -> FloatArray:
    """Smooth surface of each plate over its rows and columns, for all of its wells.

    Parameters
    ----------
    signal : (plates, rows, columns), any unit; NaN = no reading
    defines_fit : (plates, rows, columns) or (rows, columns); the wells that are fitted, where they have a reading
    span : share of the fitted wells in each neighborhood; more than 1 widens the neighborhood past all wells
    degree : 0, 1 or 2, of the local polynomial in row and column
    family : "gaussian" for least squares; "symmetric" for Tukey's bisquare, which unusual wells do not move
    iterations : fits of the symmetric family, the first unweighted; not used by the gaussian family
    normalize : divide row and column by the standard deviation of their middle 80 %, as R does
    surface : "direct" fits at every well; "interpolate" fits at the vertices of a k-d tree and blends, R's default

    Returns
    -------
    (plates, rows, columns), unit of the signal. NaN: all wells of a plate whose neighborhoods hold fewer wells than one
    more than the terms of the polynomial, or whose fitted wells lie in one row or column; with
    `surface="interpolate"` also wells outside the fitted rows and columns (see `extrapolated`), as R's `predict`.

    Raises
    ------
    MethodError
        The degree is not 0, 1 or 2, or the span is not positive.

    Notes
    -----
    At a point, with q = floor(n span) and ρ the q-th smallest squared distance times max(1, span), the polynomial is
    fitted with weights r (1 - (d²/ρ)^1.5)³; where the weighted wells do not determine it, by the pseudo-inverse. The
    robustness weights are r = (1 - (e/6s)²)², s the median of the absolute residuals e.
    With `surface="interpolate"` the predictors are column and upward row, in this order, as in cellHTS2 (to 2.11.5).
    Equal to R 4.2 `loess` within 1e-9 for both surfaces and families (tests/oracle/plate384, tests/oracle/loess_cases).

    References
    ----------
    Cleveland and Devlin 1988, doi:10.1080/01621459.1988.10478639; Cleveland and Grosse 1991, doi:10.1007/BF01890836

    Examples
    --------
    >>> tilted = np.add.outer(np.arange(8.0), np.arange(12.0))[np.newaxis]
    >>> fit = loess_surface(tilted, np.ones((8, 12), dtype=bool), span=0.6, degree=1)
    >>> bool(np.allclose(fit, tilted))
    True
    """
    plates, rows, columns = signal.shape
    place = plate_places(rows, columns)
    values = signal.reshape(plates, rows * columns)
    fitted = np.broadcast_to(defines_fit, signal.shape).reshape(values.shape) & np.isfinite(values)
    result = _fitted(
        values,
        fitted,
        LoessGeometries.over(
            place,
            fitted,
            span=span,
            degree=degree,
            normalize=normalize,
            surface=surface,
            robust=family == "symmetric",
        ),
        fits=iterations if family == "symmetric" else 1,
    )
    return result.reshape(signal.shape)


def loess_lines(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    span: float,
    degree: int,
    family: Family = "gaussian",
    iterations: int = 4,
    surface: Surface = "interpolate",
) -> FloatArray:
    """Smooth each line of readings along its positions; the one-dimensional `loess_surface`.

    Parameters
    ----------
    signal : (lines, positions), any unit; NaN = no reading
    defines_fit : (lines, positions); the positions that are fitted, where they have a reading
    span, degree, family, iterations, surface : as for `loess_surface`

    Returns
    -------
    (lines, positions), unit of the signal; NaN as for `loess_surface`.
    """
    place = np.arange(signal.shape[1], dtype=np.float64)[:, np.newaxis]
    fitted = defines_fit & np.isfinite(signal)
    return _fitted(
        signal,
        fitted,
        LoessGeometries.over(
            place, fitted, span=span, degree=degree, normalize=False, surface=surface, robust=family == "symmetric"
        ),
        fits=iterations if family == "symmetric" else 1,
    )


def extrapolated(defines_fit: BoolArray) -> BoolArray:
    """Wells outside the rows and columns that the fitted wells span: there a surface is a guess.

    Parameters
    ----------
    defines_fit : (..., rows, columns); the wells that are fitted (that define the fit and have a reading)

    Returns
    -------
    Same shape; all wells of a plate without fitted wells.

    Examples
    --------
    >>> extrapolated(np.array([[False, True, True], [False, True, False]]))
    array([[ True, False, False],
           [ True, False, False]])
    """
    inside = np.ones(defines_fit.shape, dtype=bool)
    for axis in (-2, -1):
        other = -1 if axis == -2 else -2
        used = defines_fit.any(axis=other, keepdims=True)
        from_start = np.logical_or.accumulate(used, axis=axis)
        from_end = np.flip(np.logical_or.accumulate(np.flip(used, axis), axis=axis), axis)
        inside &= from_start & from_end
    return ~inside


def _fitted(values: FloatArray, fitted: BoolArray, geometry: LoessGeometries, *, fits: int) -> FloatArray:
    """Surfaces by loess' own pseudo-inverse and weights."""
    return surfaces(values, fitted, geometry=geometry, rule="singular_values", fits=max(1, fits), reweight=_bisquare)


def _bisquare(size: FloatArray, middle: FloatArray) -> FloatArray:
    """Robustness weights (plates, fitted): 1 near zero, 0 from six median absolute residuals on."""
    ratio = size / (6 * middle)
    weights = (1 - ratio**2) ** 2
    weights[ratio > 0.999] = 0.0
    weights[ratio <= 0.001] = 1.0
    return np.asarray(weights)
