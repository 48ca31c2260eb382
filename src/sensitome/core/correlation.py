"""Spearman and Pearson correlation with the p-values of R ``cor.test``, for one pair or for millions.

A pair is two rows. All pairs of two matrices come from one product of their `unit_ranks`; `spearman_p` then turns the
correlations into p-values, whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks

__all__ = [
    "COUNTED",
    "EDGEWORTH",
    "Correlation",
    "SpearmanP",
    "correlation_p",
    "has_ties",
    "pearson",
    "residuals",
    "spearman",
    "spearman_p",
    "unit_ranks",
    "unit_rows",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: ``r``: as R ``cor.test``, by size and ties; ``t``: Student's t throughout, which is never 0.
SpearmanP = Literal["r", "t"]

#: Up to here R counts permutations, and up to there it uses the Edgeworth series.
COUNTED = 9
EDGEWORTH = 1290
# From this many correlations on, and this many degrees of freedom, t tails come from a series made for the df.
_MANY = 2048
_SMOOTH_DF = 10
_REACH = 6.0


@dataclass(frozen=True)
class Correlation:
    """Correlation of pairs.

    Parameters
    ----------
    estimate : (pairs,), −1 … 1; NaN where a side is constant or fewer than 3 places are complete
    p : (pairs,), two-sided
    n : (pairs,), complete places
    """

    estimate: FloatArray
    p: FloatArray
    n: IntArray


def unit_rows(values: FloatArray) -> FloatArray:
    """Rows with their mean taken away and scaled to length 1, so that products of rows are Pearson correlations.

    Parameters
    ----------
    values : (rows, places), without NaN

    Returns
    -------
    (rows, places); NaN throughout a constant row

    >>> unit_rows(np.array([[1.0, 3.0], [2.0, 2.0]]))
    array([[-0.70710678,  0.70710678],
           [        nan,         nan]])
    """
    centered = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", centered, centered))
    constant = (values == values[:, :1]).all(axis=1) | (length == 0)
    return np.asarray(centered / np.where(constant, np.nan, length)[:, None])


def unit_ranks(values: FloatArray) -> FloatArray:
    """Ranks of each row as `unit_rows`: products of rows are Spearman correlations.

    Parameters
    ----------
    values : (rows, places), without NaN

    Returns
    -------
    (rows, places); NaN throughout a constant row

    >>> x = unit_ranks(np.array([[1.0, 2.0, 9.0], [3.0, 2.0, 1.0]]))
    >>> round(float(x[0] @ x[1]), 12)
    -1.0
    """
    return unit_rows(midranks(values))


def has_ties(values: FloatArray) -> BoolArray:
    """Which rows hold a value twice; NaN values are passed over.

    >>> has_ties(np.array([[1.0, 2.0, np.nan], [1.0, 1.0, np.nan]]))
    array([False,  True])
    """
    ordered = np.sort(values, axis=1)
    return np.asarray((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


def residuals(values: FloatArray, covariates: FloatArray) -> FloatArray:
    """What is left of each row after a linear fit of the covariates and a constant.

    Parameters
    ----------
    values : (rows, places), without NaN
    covariates : (covariates, places), without NaN; a covariate that adds nothing to the others does no harm

    Returns
    -------
    (rows, places). Of ranks on ranked covariates these are what a partial Spearman correlation correlates
    """
    design = np.vstack([np.ones(values.shape[1]), covariates - covariates.mean(axis=1, keepdims=True)])
    left, size, _ = np.linalg.svd(design.T, full_matrices=False)
    basis = left[:, size > size[0] * max(design.shape) * np.finfo(float).eps]
    return np.asarray(values - (values @ basis) @ basis.T)


def correlation_p(estimate: FloatArray, *, df: npt.ArrayLike) -> FloatArray:
    """Two-sided p of correlations by Student's t.

    Parameters
    ----------
    estimate : any shape, −1 … 1
    df : degrees of freedom: n − 2, less one for each covariate; broadcasts

    Returns
    -------
    shape of estimate; NaN where df < 1

    Notes
    -----
    t = r √(df / (1 − r²)), the test of R ``cor.test(method = "pearson")`` (tests/oracle/two_vectors, rtol 1e-10).
    """
    from scipy.special import stdtr

    if estimate.size >= _MANY and np.ndim(df) == 0 and float(np.asarray(df)) >= _SMOOTH_DF:
        return _many_p(estimate, float(np.asarray(df)))
    free = np.asarray(df, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(estimate) * np.sqrt(free / np.maximum(1.0 - estimate * estimate, 0.0))
        p = 2.0 * stdtr(free, -t)
    return np.asarray(np.where(free >= 1, np.minimum(p, 1.0), np.nan), dtype=np.float64)


def spearman_p(estimate: FloatArray, *, n: int, tied: npt.ArrayLike, method: SpearmanP = "r") -> FloatArray:
    """Two-sided p of Spearman correlations.

    Parameters
    ----------
    estimate : any shape, −1 … 1; NaN stays NaN
    n : complete places of every pair
    tied : whether either row of a pair has ties; broadcasts
    method : ``r``: without ties, all permutations up to n = 9, the Edgeworth series of AS 89 up to n = 1290, else t;
        with ties t. The series gives 0 beyond about |r| = .37 at n = 377. ``t``: t throughout

    Returns
    -------
    shape of estimate; NaN where n < 3

    Notes
    -----
    Equal to R 4.2.2 ``cor.test(method = "spearman")`` (tests/oracle/two_vectors, rtol 1e-10).

    References
    ----------
    Best & Roberts 1975, algorithm AS 89, doi:10.2307/2347111
    """
    if n < 3:
        return np.full(estimate.shape, np.nan)
    by_t = np.broadcast_to(np.asarray(tied, dtype=np.bool_), estimate.shape)
    if method == "t" or n > EDGEWORTH or bool(by_t.all()):
        return correlation_p(estimate, df=n - 2)
    by_rank = _counted if n <= COUNTED else _edgeworth
    if not by_t.any():
        return by_rank(estimate, n)
    p = np.empty(estimate.shape)
    p[by_t] = correlation_p(estimate[by_t], df=n - 2)
    p[~by_t] = by_rank(estimate[~by_t], n)
    return p


def spearman(x: FloatArray, y: FloatArray, *, method: SpearmanP = "r") -> Correlation:
    """Spearman correlation of each row of x with the same row of y, over the places where both have a value.

    Parameters
    ----------
    x, y : (pairs, places); NaN = missing
    method : as `spearman_p`

    Examples
    --------
    >>> answer = spearman(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), np.array([[2.0, 1.0, 3.0, 5.0, 4.0]]))
    >>> answer.estimate.round(12), answer.p.round(6)
    (array([0.8]), array([0.133333]))
    """
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = np.where(both, x, np.nan), np.where(both, y, np.nan)
    n = both.sum(axis=1)
    estimate = _products(midranks(x), midranks(y), both)
    tied = has_ties(x) | has_ties(y)
    p = np.full(len(x), np.nan)
    for size in np.unique(n):
        rows = n == size
        p[rows] = spearman_p(estimate[rows], n=int(size), tied=tied[rows], method=method)
    return Correlation(np.where(n >= 3, estimate, np.nan), p, n)


def pearson(x: FloatArray, y: FloatArray) -> Correlation:
    """Pearson correlation of each row of x with the same row of y, over the places where both have a value.

    Parameters
    ----------
    x, y : (pairs, places); NaN = missing

    Notes
    -----
    R ``cor.test`` (tests/oracle/two_vectors, rtol 1e-10).
    """
    both = ~(np.isnan(x) | np.isnan(y))
    n = both.sum(axis=1)
    estimate = np.where(n >= 3, _products(x, y, both), np.nan)
    return Correlation(estimate, correlation_p(estimate, df=n - 2), n)


def _products(x: FloatArray, y: FloatArray, both: BoolArray) -> FloatArray:
    """Correlation of rows over the places of `both`."""
    n = np.maximum(both.sum(axis=1), 1)
    centered = []
    for side in (x, y):
        there = np.where(both, side, 0.0)
        middle = np.where(both, there - (there.sum(axis=1) / n)[:, None], 0.0)
        low = np.where(both, side, np.inf).min(axis=1, initial=np.inf)
        high = np.where(both, side, -np.inf).max(axis=1, initial=-np.inf)
        length = np.where(high > low, np.sqrt(np.einsum("ij,ij->i", middle, middle)), np.nan)
        centered.append(middle / length[:, None])
    return np.asarray(np.clip(np.einsum("ij,ij->i", *centered), -1.0, 1.0))


def _many_p(estimate: FloatArray, df: float) -> FloatArray:
    """P by t of many correlations with the same df, three times faster than one tail at a time, to 1e-13.

    With w = √(df log(1 + t²/df)) = √(−df log(1 − r²)) the t tail is the normal tail at w times a smooth function of w,
    whose Chebyshev series serves up to w = 6; the few beyond go the long way.
    """
    from numpy.polynomial import chebyshev
    from scipy.special import ndtr, stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.sqrt(-df * np.log1p(-estimate * estimate))
        p = 2.0 * ndtr(-w) * np.exp(chebyshev.chebval(np.minimum(w, _REACH) * (2.0 / _REACH) - 1.0, _tail_series(df)))
        far = w > _REACH
        if far.any():
            strong = estimate[far]
            p[far] = 2.0 * stdtr(df, -np.abs(strong) * np.sqrt(df / np.maximum(1.0 - strong * strong, 0.0)))
    return np.asarray(np.minimum(p, 1.0), dtype=np.float64)


@lru_cache(maxsize=256)
def _tail_series(df: float) -> FloatArray:
    """Chebyshev coefficients of log (t tail / normal tail) over w = 0 … 6."""
    from numpy.polynomial import chebyshev
    from scipy.special import log_ndtr, stdtr

    degree = 24
    node = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    w = (node + 1.0) * (_REACH / 2.0)
    ratio = np.log(stdtr(df, -np.sqrt(df * np.expm1(w * w / df)))) - log_ndtr(-w)
    series = chebyshev.chebfit(node, ratio, degree)
    return np.asarray(series[: int(np.flatnonzero(np.abs(series) > 1e-15)[-1]) + 1])


def _edgeworth(estimate: FloatArray, n: int) -> FloatArray:
    """Two-sided p by the series of AS 89, the tails chosen and rounded as R does."""
    from scipy.special import ndtr

    cubes = float(n) * (n * n - 1.0)
    s = cubes * (1.0 - estimate) / 6.0
    lower = s <= cubes / 6.0
    whole = np.rint(s) + 2.0 * lower
    b = 1.0 / n
    x = (6.0 * (whole - 1.0) * b / (n * n - 1.0) - 1.0) * np.sqrt(n - 1.0)
    y = x * x
    last = 0.0879 + 0.0151 * b - y * (0.0072 - 0.0831 * b + y * b * (0.0131 - 4.6e-4 * y))
    u = x * b * (0.2274 + b * (0.2531 + 0.1745 * b) + y * (-0.0758 + b * (0.1033 + 0.3932 * b) - y * b * last))
    sign = np.where(lower, -1.0, 1.0)
    p = sign * u * np.exp(-0.5 * y) + ndtr(-sign * x)
    p = np.where(whole <= 0, np.where(lower, 0.0, 1.0), p)
    p = np.where(whole > cubes / 3.0, np.where(lower, 1.0, 0.0), p)
    return np.asarray(np.minimum(2.0 * np.clip(p, 0.0, 1.0), 1.0), dtype=np.float64)


def _counted(estimate: FloatArray, n: int) -> FloatArray:
    """Two-sided p by counting every permutation."""
    cubes = n * (n * n - 1)
    there = ~np.isnan(estimate)
    s = cubes * (1.0 - np.where(there, estimate, 0.0)) / 6.0
    at_most = _permutation_shares(n)
    whole = np.rint(s).astype(np.intp)
    # Below the middle P(S ≤ s), above it P(S ≥ s); S takes even values only.
    p = np.where(s <= cubes / 6.0, at_most[np.clip(whole, 0, len(at_most) - 1)], 0.0)
    before = np.clip(whole - 1, 0, len(at_most) - 1)
    p = np.where(s > cubes / 6.0, np.where(whole >= 1, 1.0 - at_most[before], 1.0), p)
    return np.where(there, np.minimum(2.0 * p, 1.0), np.nan)


@lru_cache(maxsize=16)
def _permutation_shares(n: int) -> FloatArray:
    """P(S ≤ s) for s = 0 … (n³ − n)/3 over all permutations: places are filled one after another."""
    most = n * (n * n - 1) // 3
    ways = {0: np.eye(1, most + 1)[0]}
    for place in range(n):
        following: dict[int, FloatArray] = {}
        for used, counts in ways.items():
            for rank in range(n):
                if used >> rank & 1:
                    continue
                shift = (place - rank) ** 2
                moved = np.zeros(most + 1)
                moved[shift:] = counts[: most + 1 - shift]
                key = used | 1 << rank
                following[key] = following[key] + moved if key in following else moved
        ways = following
    counts = ways[(1 << n) - 1]
    return np.asarray(np.cumsum(counts) / counts.sum())
