"""The cut that parts survival most, with a p that knows it was searched for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BestCut", "best_cut", "lausen_92", "lausen_94", "log_rank_scores"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class BestCut:
    """The best of all cuts of one feature.

    Parameters
    ----------
    statistic : M, the largest standardized log-rank statistic
    cut : low = value ≤ cut
    n_low : subjects at or below it
    p_uncorrected : the normal p of M as if the cut had been chosen beforehand: never to be reported as a result
    p_lausen_92, p_lausen_94 : corrected for the search, by the two approximations
    p_permutation : (b + 1) / (m + 1); NaN without permutations
    cuts, statistics : (candidates,), every cut tried
    """

    statistic: float
    cut: float
    n_low: int
    p_uncorrected: float
    p_lausen_92: float
    p_lausen_94: float
    p_permutation: float
    cuts: FloatArray
    statistics: FloatArray


def log_rank_scores(time: FloatArray, event: BoolArray) -> FloatArray:
    """Log-rank score of each subject: event less the hazard it came through.

    Parameters
    ----------
    time : (n,), any unit, no NaN
    event : (n,)

    Returns
    -------
    (n,); equal times have the risk set of the last of them, as R ``exactRankTests::cscores``
    """
    n = len(time)
    ordered = np.sort(time)
    rank = np.searchsorted(ordered, time, side="right")
    order = np.argsort(time, kind="stable")
    passed = np.cumsum((event / (n - rank + 1.0))[order])
    return np.asarray(event - passed[rank - 1], dtype=np.float64)


def best_cut(
    time: FloatArray,
    event: BoolArray,
    x: FloatArray,
    *,
    min_share: float = 0.1,
    max_share: float = 0.9,
    permutations: int = 0,
    rng: np.random.Generator | None = None,
) -> BestCut:
    """Search the cut of a feature that parts the survival of those above and below it most.

    Parameters
    ----------
    time : (n,), any unit, no NaN
    event : (n,), whether the event was seen
    x : (n,), the feature, no NaN
    min_share, max_share : share of the subjects that may lie at or below the cut
    permutations : random orders of the feature for `p_permutation`; 0 = none
    rng : source of chance; needed with permutations

    Raises
    ------
    ValueError
        No value of the feature lies between the shares, or permutations without `rng`.

    Notes
    -----
    T(m) = |Σ_{i ≤ m} a − m ā| / √(m (n − m) / (n (n − 1)) Σ (a − ā)²) for log-rank scores a. R
    ``maxstat::maxstat.test`` 0.7-25 (tests/oracle/survival, rtol 1e-10).

    References
    ----------
    Lausen & Schumacher 1992, doi:10.2307/2532740; Lausen, Sauerbrei & Schumacher 1994,
    doi:10.1007/978-3-642-57991-2_14; Hothorn & Lausen 2003, doi:10.1016/S0167-9473(02)00225-6
    """
    from scipy.special import ndtr

    if permutations and rng is None:
        raise ValueError("permutations need a generator of random numbers")
    n = len(x)
    order = np.argsort(x, kind="stable")
    scores = log_rank_scores(time, event)[order]
    ordered = x[order]
    sizes = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    sizes = sizes[(sizes >= max(1, int(np.floor(n * min_share)))) & (sizes <= int(np.floor(n * max_share)))]
    if not len(sizes):
        raise ValueError(f"no value of the feature parts off between {min_share:g} and {max_share:g} of the subjects")
    spread = np.sqrt(sizes * (n - sizes) / (n * (n - 1.0)) * ((scores - scores.mean()) ** 2).sum())
    middle = sizes * scores.mean()
    statistics = np.abs(np.cumsum(scores)[sizes - 1] - middle) / spread
    best = int(np.argmax(statistics))
    top = float(statistics[best])
    p_permutation = float("nan")
    if rng is not None and permutations:
        beyond = 0
        for _ in range(permutations):
            again = np.cumsum(rng.permutation(scores))[sizes - 1]
            beyond += bool((np.abs(again - middle) / spread).max() >= top * (1 - 1e-12))
        p_permutation = (beyond + 1) / (permutations + 1)
    return BestCut(
        statistic=top,
        cut=float(ordered[sizes[best] - 1]),
        n_low=int(sizes[best]),
        p_uncorrected=float(2 * ndtr(-top)),
        p_lausen_92=lausen_92(top, min_share=min_share, max_share=max_share),
        p_lausen_94=lausen_94(top, n=n, sizes=sizes),
        p_permutation=p_permutation,
        cuts=ordered[sizes - 1],
        statistics=statistics,
    )


def lausen_92(statistic: float, *, min_share: float = 0.1, max_share: float = 0.9) -> float:
    """Upper bound of the p of a searched maximum, from the shares alone.

    >>> round(lausen_92(3.0), 6)
    0.057844
    """
    if statistic < 1:
        return 1.0
    density = float(np.exp(-0.5 * statistic**2) / np.sqrt(2 * np.pi))
    reach = float(np.log(max_share * (1 - min_share) / ((1 - max_share) * min_share)))
    return min(max(4 * density / statistic + density * (statistic - 1 / statistic) * reach, 0.0), 1.0)


def lausen_94(statistic: float, *, n: int, sizes: IntArray) -> float:
    """Improved bound of the p of a searched maximum, from the cuts that were tried.

    Parameters
    ----------
    statistic : M
    n : subjects
    sizes : (candidates,), subjects at or below each cut, rising
    """
    from scipy.special import ndtr

    first, second = sizes[:-1].astype(np.float64), sizes[1:].astype(np.float64)
    t = np.sqrt(1 - first * (n - second) / ((n - first) * second))
    steps = np.exp(-0.5 * statistic**2) / np.pi * (t - (statistic**2 / 4 - 1) * t**3 / 6)
    return float(min(max(2 * ndtr(-statistic) + steps.sum(), 0.0), 1.0))
