"""Two groups by ranks: Wilcoxon's test as R does it, the shift between the groups, and how often one exceeds the other.

Every function takes many features at once: a row a feature, a column a subject; NaN = no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks

__all__ = ["Estimate", "RankSum", "cliffs_delta", "hodges_lehmann", "rank_sum", "rank_sum_counts"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

# R counts every arrangement when both groups are smaller than this and no value occurs twice.
_COUNTED_BELOW = 50


@dataclass(frozen=True)
class RankSum:
    """Wilcoxon's rank-sum test of many features.

    Parameters
    ----------
    statistic : (features,), W: pairs in which x is larger, ties counted half
    p : (features,), two-sided; NaN where a group is empty or all values are equal
    n_x, n_y : (features,), values of each group
    is_exact : (features,), whether p counts every arrangement
    """

    statistic: FloatArray
    p: FloatArray
    n_x: IntArray
    n_y: IntArray
    is_exact: BoolArray


@dataclass(frozen=True)
class Estimate:
    """An estimate and its interval, one a feature; NaN where the values do not allow it."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def rank_sum(x: FloatArray, y: FloatArray, *, exact: bool | None = None, correct: bool = True) -> RankSum:
    """Wilcoxon's rank-sum (Mann-Whitney) test of each row of x against the same row of y.

    Parameters
    ----------
    x : (features, n_x); NaN = no value
    y : (features, n_y); NaN = no value
    exact : None: count every arrangement where both groups have fewer than 50 values and no value occurs twice, as R;
        False: normal approximation throughout
    correct : continuity correction of the normal approximation

    Notes
    -----
    R ``wilcox.test(x, y, exact = , correct = )`` (tests/oracle/two_vectors, rtol 1e-10). `scipy.stats.mannwhitneyu`
    with its automatic choice counts only up to 8 values, and so gives another p between 9 and 49.

    Examples
    --------
    >>> answer = rank_sum(np.array([[1.1, 2.2, 3.3]]), np.array([[0.4, 0.5, 0.6]]))
    >>> answer.statistic, answer.p
    (array([9.]), array([0.1]))
    """
    both = np.concatenate([x, y], axis=1)
    ranks = midranks(both)
    n_x, n_y = (~np.isnan(x)).sum(axis=1), (~np.isnan(y)).sum(axis=1)
    statistic = np.nansum(ranks[:, : x.shape[1]], axis=1) - n_x * (n_x + 1) / 2
    ties = _tie_sum(both)
    p = _normal_p(statistic, n_x, n_y, ties=ties, correct=correct)
    small = (n_x < _COUNTED_BELOW) & (n_y < _COUNTED_BELOW) & (n_x > 0) & (n_y > 0)
    is_exact = small & (ties == 0) if exact is None else np.zeros(len(x), dtype=np.bool_)
    for size_x, size_y in {(int(a), int(b)) for a, b in zip(n_x[is_exact], n_y[is_exact], strict=True)}:
        rows = is_exact & (n_x == size_x) & (n_y == size_y)
        p[rows] = _counted_p(statistic[rows], size_x, size_y)
    return RankSum(np.where((n_x > 0) & (n_y > 0), statistic, np.nan), p, n_x, n_y, is_exact)


@lru_cache(maxsize=256)
def rank_sum_counts(n_x: int, n_y: int) -> FloatArray:
    """Arrangements of two groups for each value of W, as shares.

    Parameters
    ----------
    n_x, n_y : sizes of the groups

    Returns
    -------
    (n_x · n_y + 1,), P(W = w) for w = 0 … n_x · n_y, without ties

    >>> rank_sum_counts(2, 1)
    array([0.33333333, 0.33333333, 0.33333333])
    """
    few, many = min(n_x, n_y), max(n_x, n_y)
    # ways[k, w]: subsets of k ranks with W = w. Adding the i-th rank as the k-th chosen raises W by i − k.
    ways = np.zeros((few + 1, few * many + 1))
    ways[0, 0] = 1.0
    for rank in range(1, few + many + 1):
        for chosen in range(min(rank, few), max(0, rank - many) - 1, -1):
            if chosen == 0:
                continue
            gain = rank - chosen
            if gain <= few * many:
                ways[chosen, gain:] += ways[chosen - 1, : few * many + 1 - gain]
    return np.asarray(ways[few] / ways[few].sum())


def hodges_lehmann(x: FloatArray, y: FloatArray, *, level: float = 0.95) -> Estimate:
    """Shift of x against y: the median of all differences, with the interval that Wilcoxon's test does not reject.

    Parameters
    ----------
    x : (features, n_x); NaN = no value
    y : (features, n_y); NaN = no value
    level : of the interval

    Notes
    -----
    By R's rule (``wilcox.test(conf.int = TRUE)``): where it counts arrangements, the interval ends at the differences
    whose ranks are the quantiles of W (tests/oracle/rank_sum, rtol 1e-10). Elsewhere R searches the root of the
    normal approximation to 1e-4; that root is a difference of two values, which is found exactly here. The estimate is
    always the median of the differences, R's only where it counts.

    References
    ----------
    Hodges & Lehmann 1963, doi:10.1214/aoms/1177704172
    """
    rows = [_shift(a[~np.isnan(a)], b[~np.isnan(b)], level) for a, b in zip(x, y, strict=True)]
    return Estimate(*np.array(rows, dtype=np.float64).reshape(-1, 3).T)


def cliffs_delta(x: FloatArray, y: FloatArray, *, level: float = 0.95) -> Estimate:
    """How much more often x exceeds y than y exceeds x, over all pairs: −1 … 1.

    Parameters
    ----------
    x : (features, n_x); NaN = no value
    y : (features, n_y); NaN = no value
    level : of the interval

    Notes
    -----
    δ = (#{x > y} − #{x < y}) / (n_x n_y) = 2 W / (n_x n_y) − 1. The interval is the asymmetric one, with the unbiased
    variance; without any overlap its open end is (n − z²) / (n + z²), n the size of the smaller group.

    References
    ----------
    Cliff 1993, doi:10.1037/0033-2909.114.3.494; Feng & Cliff 2004, doi:10.22237/jmasm/1099267560
    """
    rows = [_dominance(a[~np.isnan(a)], b[~np.isnan(b)], level) for a, b in zip(x, y, strict=True)]
    return Estimate(*np.array(rows, dtype=np.float64).reshape(-1, 3).T)


def _tie_sum(values: FloatArray) -> FloatArray:
    """Σ (t³ − t) over the groups of equal values of each row."""
    ordered = np.sort(values, axis=1)
    rows, width = ordered.shape
    if width == 0:
        return np.zeros(rows)
    starts = np.ones(ordered.shape, dtype=np.bool_)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]  # NaN starts a group of its own, which adds nothing
    place = np.flatnonzero(starts.ravel())
    size = np.diff(np.append(place, rows * width)).astype(np.float64)
    return np.bincount(place // width, weights=size**3 - size, minlength=rows).astype(np.float64)


def _normal_p(statistic: FloatArray, n_x: IntArray, n_y: IntArray, *, ties: FloatArray, correct: bool) -> FloatArray:
    from scipy.special import ndtr

    n = (n_x + n_y).astype(np.float64)
    distance = statistic - n_x * n_y / 2
    distance -= (np.sign(distance) if correct else 0.0) * 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(n_x * n_y / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0))))
        p = 2.0 * ndtr(-np.abs(distance / spread))
    return np.where((n_x > 0) & (n_y > 0) & (spread > 0), np.minimum(p, 1.0), np.nan)


def _counted_p(statistic: FloatArray, n_x: int, n_y: int) -> FloatArray:
    shares = rank_sum_counts(n_x, n_y)
    at_most = np.cumsum(shares)
    w = np.rint(statistic).astype(np.intp)
    # The distribution is symmetric, so that the upper tail is read off the lower one without loss of digits.
    tail = np.where(statistic > n_x * n_y / 2, n_x * n_y - w, w)
    return np.minimum(2.0 * at_most[tail], 1.0)


def _shift(x: FloatArray, y: FloatArray, level: float) -> tuple[float, float, float]:
    if len(x) == 0 or len(y) == 0:
        return np.nan, np.nan, np.nan
    differences = (x[:, None] - y[None, :]).ravel()
    pairs = len(differences)
    pooled = np.concatenate([x, y])
    if len(x) < _COUNTED_BELOW and len(y) < _COUNTED_BELOW and len(np.unique(pooled)) == len(pooled):
        at_most = np.cumsum(rank_sum_counts(len(x), len(y)))
        # As R's quantile function: the smallest w whose share reaches the tail, up to rounding.
        first = max(int(np.searchsorted(at_most, (1.0 - level) / 2 * (1 - 64 * np.finfo(float).eps))), 1)
        low, high = first - 1, pairs - first
    else:
        low, high = _normal_places(x, y, level)
    middle = [(pairs - 1) // 2, pairs // 2]
    ordered = np.partition(differences, sorted({low, high, *middle}))
    return float((ordered[middle[0]] + ordered[middle[1]]) / 2), float(ordered[low]), float(ordered[high])


def _normal_places(x: FloatArray, y: FloatArray, level: float) -> tuple[int, int]:
    """Places in the sorted differences at which the corrected normal deviate of W crosses its quantiles.

    Between two differences W counts those above, and its spread has only the ties within each group; so the places
    follow from the deviate without a search.
    """
    from scipy.special import ndtri

    pairs, n = len(x) * len(y), len(x) + len(y)
    ties = _tie_sum(x[None, :])[0] + _tie_sum(y[None, :])[0]
    reach = float(ndtri(0.5 + level / 2)) * np.sqrt(pairs / 12.0 * max(n + 1.0 - ties / (n * (n - 1.0)), 0.0))
    places = [pairs - int(np.floor(above)) - 1 for above in (pairs / 2 + 0.5 + reach, pairs / 2 - 0.5 - reach)]
    low, high = (min(max(place, 0), pairs - 1) for place in places)
    return low, high


def _dominance(x: FloatArray, y: FloatArray, level: float) -> tuple[float, float, float]:
    from scipy.special import ndtri

    n_x, n_y = len(x), len(y)
    if not n_x or not n_y:
        return np.nan, np.nan, np.nan
    by_x, by_y = _net_wins(x, y) / n_y, -_net_wins(y, x) / n_x
    delta = float(by_x.mean())
    if n_x < 2 or n_y < 2:
        return delta, np.nan, np.nan
    z = float(ndtri(0.5 + level / 2))
    if abs(delta) == 1.0:
        # No overlap: the variance is 0, and the open end is taken as if the smaller group were all trials.
        n = min(n_x, n_y)
        open_end = (n - z * z) / (n + z * z)
        return (delta, open_end, 1.0) if delta > 0 else (delta, -1.0, -open_end)
    ordered = np.sort(y)
    equal = int((np.searchsorted(ordered, x, side="right") - np.searchsorted(ordered, x, side="left")).sum())
    spread_x, spread_y = by_x - delta, by_y - delta
    whole = n_x * n_y - equal - n_x * n_y * delta**2
    squares = n_y**2 * (spread_x @ spread_x) + n_x**2 * (spread_y @ spread_y) - whole
    variance = max(float(squares) / (n_x * n_y * (n_x - 1) * (n_y - 1)), (1 - delta**2) / (n_x * n_y - 1))
    middle, half = delta - delta**3, z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + z * z * variance)
    below = 1 - delta**2 + z * z * variance
    return delta, float(max((middle - half) / below, -1.0)), float(min((middle + half) / below, 1.0))


def _net_wins(x: FloatArray, y: FloatArray) -> FloatArray:
    """For each of x, how many of y it exceeds less how many exceed it."""
    ordered = np.sort(y)
    below, upto = np.searchsorted(ordered, x, side="left"), np.searchsorted(ordered, x, side="right")
    return (below + upto - len(y)).astype(np.float64)
