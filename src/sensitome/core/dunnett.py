"""Dunnett's test: many groups against one control, with the chance of any false call held.

The comparisons share the control, so that their t statistics are correlated. Where the correlation of two comparisons
is the product of a loading of each, as it is whenever the groups are estimated independently of each other, the
probability is a double integral, and quadrature gives it to ten digits without chance.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["control_loadings", "dunnett_p", "dunnett_quantile"]

FloatArray = npt.NDArray[np.float64]

#: Nodes of the two quadratures: enough for ten digits at 100 comparisons.
SHARED_NODES = 96
SCALE_NODES = 96
#: Above this the scale is as good as known.
MANY_DF = 1e6
#: Up to so many comparisons each is integrated by itself; beyond, the integral is interpolated (within 3e-3).
FEW = 40
#: Nodes of the interpolations in t, in 1/df and in the loading.
T_NODES, DF_NODES, LOADING_NODES = 24, 5, 10
#: Nodes of the two quadratures where they are interpolated.
INTERPOLATED_NODES = (72, 40)
#: Single p below which the sum of all single p is the adjusted p, to within the square of itself.
TINY_P = 1e-11
#: Normal scores below which the adjusted p of many comparisons may be 1: the largest that is, is where it begins.
BEGINNINGS = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0)


def control_loadings(variance: FloatArray, control_variance: FloatArray) -> FloatArray:
    """Loading of each comparison on the control that all share.

    Parameters
    ----------
    variance : (comparisons,), squared standard error of each group's mean
    control_variance : scalar or (comparisons,), squared standard error of the control's mean

    Returns
    -------
    (comparisons,), λ = √(v₀ / (v + v₀)); √½ for groups of one size and variance, where the correlation is ½
    """
    return np.asarray(np.sqrt(control_variance / (variance + control_variance)), dtype=np.float64)


def dunnett_p(t: FloatArray, df: FloatArray, loadings: FloatArray) -> FloatArray:
    """Adjusted two-sided p of each comparison with the control.

    Parameters
    ----------
    t : (comparisons,), t statistics; NaN = not tested, takes no part
    df : (comparisons,) or scalar, degrees of freedom; each comparison is judged with its own
    loadings : (comparisons,), from `control_loadings`; the correlation of i and j is λᵢ λⱼ

    Returns
    -------
    (comparisons,), P(max |Tⱼ| ≥ |tᵢ|) over all comparisons tested; never below the p of a single test

    Notes
    -----
    1 − ∫ f(s) ∫ φ(z) ∏ⱼ [Φ((c s + λⱼ z)/√(1−λⱼ²)) − Φ((−c s + λⱼ z)/√(1−λⱼ²))] dz ds with c = |tᵢ| and s = √(χ²/df).
    Equal to R mvtnorm 1.1.3 ``pmvt`` and multcomp 1.4-22 (tests/oracle/blocked, within the 2e-4 of their chance); past
    40 comparisons within 3e-3 of that integral.

    References
    ----------
    Dunnett 1955, doi:10.1080/01621459.1955.10501294; Genz & Bretz 2009, doi:10.1007/978-3-642-01689-9

    Examples
    --------
    >>> dunnett_p(np.array([2.5, 0.3]), np.array([8.0, 8.0]), np.full(2, 0.5**0.5)).round(4)
    array([0.065, 0.937])
    """
    tested = np.flatnonzero(np.isfinite(t))
    answer = np.full(np.shape(t), np.nan)
    if len(tested) == 0:
        return answer
    freedom = np.broadcast_to(np.asarray(df, dtype=np.float64), np.shape(t))[tested]
    own = np.broadcast_to(np.asarray(loadings, dtype=np.float64), np.shape(t))[tested]
    size = np.abs(t[tested])
    if len(tested) <= FEW:
        for value in np.unique(freedom):
            same = np.flatnonzero(freedom == value)
            answer[tested[same]] = 1 - _all_within(size[same], float(value), own)
    else:
        answer[tested] = _interpolated(size, freedom, own)
    return np.asarray(np.clip(np.maximum(answer, _single(t, df)), 0.0, 1.0), dtype=np.float64)


def dunnett_quantile(level: float, df: float, loadings: FloatArray) -> float:
    """Critical value of simultaneous two-sided intervals.

    Parameters
    ----------
    level : joint coverage, such as 0.95
    df : degrees of freedom
    loadings : (comparisons,), from `control_loadings`

    Returns
    -------
    The c with P(max |Tⱼ| ≤ c) = level

    Examples
    --------
    >>> round(dunnett_quantile(0.95, 8.0, np.full(2, 0.5**0.5)), 3)
    2.673
    """
    from scipy import optimize, special

    low = float(special.stdtrit(min(df, 1e7), 0.5 + level / 2)) - 1e-9
    high = float(special.stdtrit(min(df, 1e7), 1 - (1 - level) / (2 * len(loadings)))) + 1e-9

    def short(c: float) -> float:
        return float(_all_within(np.array([c]), df, loadings)[0]) - level

    return float(optimize.brentq(short, low, high, xtol=1e-10))


def _single(t: FloatArray, df: FloatArray) -> FloatArray:
    """P of each comparison by itself."""
    from sensitome.core.t_tests import two_sided

    return two_sided(t, np.asarray(df, dtype=np.float64))


def _interpolated(size: FloatArray, freedom: FloatArray, loadings: FloatArray) -> FloatArray:
    """Adjusted p of many comparisons, from a grid of Chebyshev nodes in the normal score and 1/df."""
    from numpy.polynomial import chebyshev
    from scipy import special

    from sensitome.core.t_tests import two_sided

    inverse = 1 / np.minimum(freedom, MANY_DF)
    low, high = inverse.min(), inverse.max()
    df_nodes = chebyshev.chebpts1(DF_NODES if high > low else 1)
    t_nodes = chebyshev.chebpts1(T_NODES)
    low_z, high_z = _where_it_begins(float(np.median(freedom)), loadings), float(-special.ndtri(TINY_P / 2))
    z = 0.5 * (high_z - low_z) * t_nodes + 0.5 * (high_z + low_z)
    grid = np.empty((T_NODES, len(df_nodes)))
    for column, node in enumerate(df_nodes):
        df = 1 / (0.5 * (high - low) * node + 0.5 * (high + low))
        bound = -special.stdtrit(min(df, 1e7), special.ndtr(-z))
        within = np.clip(_all_within(bound, df, loadings, nodes=INTERPOLATED_NODES), 1e-300, 1 - 1e-15)
        grid[:, column] = np.log(-np.log(within))
    single = two_sided(size, freedom)
    own_z = -special.ndtri(np.clip(single, TINY_P, 1.0) / 2)
    x = (2 * np.maximum(own_z, low_z) - high_z - low_z) / (high_z - low_z)
    y = (2 * inverse - high - low) / (high - low) if high > low else np.zeros_like(inverse)
    basis_t = np.linalg.inv(chebyshev.chebvander(t_nodes, T_NODES - 1))
    basis_df = np.linalg.inv(chebyshev.chebvander(df_nodes, len(df_nodes) - 1))
    value = chebyshev.chebval2d(x, y, basis_t @ grid @ basis_df.T)
    p = -np.expm1(-np.exp(np.minimum(value, 50.0)))
    return np.where(single < TINY_P, len(size) * single, p)


def _where_it_begins(df: float, loadings: FloatArray) -> float:
    """Normal score below which all adjusted p are 1 within 1e-6."""
    from scipy import special

    bound = -special.stdtrit(min(df, 1e7), special.ndtr(-np.array(BEGINNINGS)))
    within = _all_within(bound, df, loadings, nodes=INTERPOLATED_NODES)
    return max([BEGINNINGS[0], *(z for z, p in zip(BEGINNINGS, within, strict=True) if p < 1e-6)])


def _all_within(
    c: FloatArray, df: float, loadings: FloatArray, *, nodes: tuple[int, int] = (SHARED_NODES, SCALE_NODES)
) -> FloatArray:
    """P(max |T| ≤ c) for every c, over the shared normal and the scale."""
    z, shared_weight = _normal_nodes(nodes[0])
    scale, scale_weight = _scale_nodes(df, nodes[1])
    kinds, count = _kinds(np.minimum(loadings, 1 - 1e-9))
    answer = np.empty(len(c))
    for i, bound in enumerate(c):
        log_inside = np.zeros((len(scale), len(z)))
        for loading, times in zip(kinds, count, strict=True):
            log_inside += times * _log_within(bound * scale[:, None], z[None, :], loading)
        answer[i] = scale_weight @ np.exp(np.minimum(log_inside, 0.0)) @ shared_weight
    return answer


def _log_within(reach: FloatArray, z: FloatArray, loading: float) -> FloatArray:
    """Log of the chance that one comparison stays within its bound, given the shared normal."""
    from scipy import special

    rest = np.sqrt(1 - loading**2)
    inside = special.ndtr((reach + loading * z) / rest) - special.ndtr((loading * z - reach) / rest)
    return np.asarray(np.log(np.maximum(inside, 1e-300)), dtype=np.float64)


def _kinds(loadings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distinct loadings and how often each counts; where there are many, Chebyshev nodes and their share of all."""
    kinds, count = np.unique(loadings, return_counts=True)
    if len(kinds) <= FEW:
        return kinds, count.astype(np.float64)
    from numpy.polynomial import chebyshev

    low, high = kinds[0], kinds[-1]
    nodes = chebyshev.chebpts1(LOADING_NODES)
    basis = np.linalg.inv(chebyshev.chebvander(nodes, LOADING_NODES - 1))
    share = chebyshev.chebvander((2 * loadings - low - high) / (high - low), LOADING_NODES - 1) @ basis
    return 0.5 * (high - low) * nodes + 0.5 * (high + low), share.sum(axis=0)


@lru_cache(maxsize=4)
def _normal_nodes(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of an integral over the standard normal."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


@lru_cache(maxsize=512)
def _scale_nodes(df: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of an integral over s = √(χ²/df): Gauss-Legendre in the quantile-bounded range of s."""
    from scipy import special

    if not df < MANY_DF:
        return np.ones(1), np.ones(1)
    low = np.sqrt(2 * special.gammaincinv(df / 2, 1e-14) / df)
    high = np.sqrt(2 * special.gammainccinv(df / 2, 1e-14) / df)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    s = 0.5 * (high - low) * nodes + 0.5 * (high + low)
    log_density = (df - 1) * np.log(s) - df * s**2 / 2
    density = weights * np.exp(log_density - log_density.max())
    return s, density / density.sum()
