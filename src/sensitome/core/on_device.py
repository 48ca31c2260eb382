"""Correlations and their p on any device that speaks the array API: NumPy, CuPy, PyTorch, in float64.

The tails of Student's t and of the normal law are no part of the standard. Written as exp(−w²/2) / (1 + z) times a
function that is nearly a constant, they need a Chebyshev series of that function alone, which is made here once from
SciPy's tails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Device", "device_p_spearman", "device_p_t", "device_product"]

FloatArray = npt.NDArray[np.float64]
#: An array of the device's own library.
Array = Any

# Beyond this a normal tail is below the smallest double.
_REACH = 37.0
# The series is in (z − k) / (z + k), in which the function is nearly a polynomial.
_BEND = 4.0
_DEGREE = 40


@dataclass(frozen=True)
class Device:
    """A device and how arrays get there and back.

    Parameters
    ----------
    name : for messages and the manifest
    xp : namespace of the array API
    send : NumPy array → array of the device, float64
    fetch : array of the device → NumPy array
    """

    name: str
    xp: Any
    send: Callable[[FloatArray], Array]
    fetch: Callable[[Array], FloatArray]


def device_product(device: Device, unit_x: Array, unit_y: Array) -> Array:
    """Correlation of unit rows: (rows of x, rows of y), −1 … 1."""
    xp = device.xp
    product = xp.matmul(unit_x, xp.permute_dims(unit_y, (1, 0)))
    return xp.clip(product, -1.0, 1.0)


def device_p_t(device: Device, estimate: Array, *, df: int) -> Array:
    """Two-sided p by Student's t, as `sensitome.core.correlation.correlation_p` (rtol 1e-12).

    Parameters
    ----------
    device : where `estimate` is
    estimate : −1 … 1; NaN stays NaN
    df : degrees of freedom; below 1 all is NaN

    Notes
    -----
    p = (1 − r²)^(df/2) s(z) / (1 + z), z = |r| √df; s is analytic from r = 0 to 1, and has a series.
    """
    xp = device.xp
    if df < 1:
        return estimate * float("nan")
    coefficients, reach = _t_series(df)
    z = xp.abs(estimate) * float(np.sqrt(df))
    factor = _sum(xp, coefficients, _place(xp, z, reach)) / (1.0 + z)
    return xp.clip(factor * xp.exp(0.5 * df * xp.log1p(-estimate * estimate)), 0.0, 1.0)


def device_p_spearman(device: Device, estimate: Array, *, n: int) -> Array:
    """Two-sided p of Spearman correlations without ties by the series of AS 89, for 10 ≤ n ≤ 1290.

    Parameters
    ----------
    device : where `estimate` is
    estimate : −1 … 1; NaN stays NaN
    n : places

    Notes
    -----
    The arithmetic of `sensitome.core.correlation.spearman_p` (atol 1e-15, rtol 1e-10).

    References
    ----------
    Best & Roberts 1975, algorithm AS 89, doi:10.2307/2347111
    """
    xp = device.xp
    cubes = float(n) * (n * n - 1.0)
    s = cubes * (1.0 - estimate) / 6.0
    lower = s <= cubes / 6.0
    whole = xp.round(s) + xp.where(lower, 2.0 + 0.0 * s, 0.0 * s)
    b = 1.0 / n
    x = (6.0 * (whole - 1.0) * b / (n * n - 1.0) - 1.0) * float(np.sqrt(n - 1.0))
    y = x * x
    last = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * (-0.0758 + b * (0.1033 + 0.3932 * b) - y * b * last))
    sign = xp.where(lower, 0.0 * s - 1.0, 0.0 * s + 1.0)
    p = sign * u * xp.exp(-0.5 * y) + _normal_tail(xp, sign * x)
    is_lower = xp.where(lower, 0.0 * s + 1.0, 0.0 * s)
    p = xp.where(whole <= 0, 1.0 - is_lower, p)
    p = xp.where(whole > cubes / 3.0, is_lower, p)
    p = xp.clip(2.0 * xp.clip(p, 0.0, 1.0), 0.0, 1.0)
    return xp.where(xp.isnan(estimate), estimate, p)


def _normal_tail(xp: Any, x: Array) -> Array:
    """P(Z > x)."""
    size = xp.abs(x)
    tail = _sum(xp, _normal_series(), _place(xp, size, _REACH)) / (1.0 + size) * xp.exp(-0.5 * size * size)
    return xp.where(x < 0, 1.0 - tail, tail)


def _place(xp: Any, z: Array, reach: float) -> Array:
    """Argument of the series, −1 … 1."""
    bent = xp.clip(z, 0.0, reach)
    bent = (bent - _BEND) / (bent + _BEND)
    top = (reach - _BEND) / (reach + _BEND)
    return (2.0 * bent + 1.0 - top) / (1.0 + top)


def _sum(xp: Any, coefficients: tuple[float, ...], place: Array) -> Array:
    """Sum of a Chebyshev series, by Clenshaw's recurrence."""
    before, last = 0.0 * place, 0.0 * place
    for value in coefficients[:0:-1]:
        before, last = 2.0 * place * before - last + value, before
    return place * before - last + coefficients[0]


@lru_cache(maxsize=256)
def _t_series(df: int) -> tuple[tuple[float, ...], float]:
    """Series of s, and how far it reaches in z: beyond, p is below the smallest double."""
    from scipy.special import stdtr

    reach = float(np.sqrt(df * -np.expm1(-1370.0 / df)))
    z = _nodes(reach)
    r = z / np.sqrt(df)
    left = (1.0 - r) * (1.0 + r)
    tail = 2.0 * stdtr(df, -r * np.sqrt(df / left))
    return _fit(tail * np.exp(-0.5 * df * np.log(left)) * (1.0 + z)), reach


@lru_cache(maxsize=1)
def _normal_series() -> tuple[float, ...]:
    """Series of P(Z > z) exp(z²/2) (1 + z)."""
    from scipy.special import log_ndtr

    z = _nodes(_REACH)
    return _fit(np.exp(log_ndtr(-z) + 0.5 * z * z) * (1.0 + z))


def _nodes(reach: float) -> FloatArray:
    """Where the series is made to fit: Chebyshev's nodes, brought back to z."""
    top = (reach - _BEND) / (reach + _BEND)
    bent = (np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1)) * (1.0 + top) - 1.0 + top) / 2.0
    return np.asarray(_BEND * (1.0 + bent) / (1.0 - bent))


def _fit(values: FloatArray) -> tuple[float, ...]:
    """Coefficients of the series through values at the nodes."""
    angle = np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1)
    series = np.cos(np.outer(np.arange(_DEGREE + 1), angle)) @ values * (2.0 / (_DEGREE + 1))
    series[0] /= 2.0
    kept = int(np.flatnonzero(np.abs(series) > 1e-15)[-1]) + 1
    return tuple(float(value) for value in series[:kept])
