"""Do values rise, or fall, from group to group: the test of Jonckheere and Terpstra for many features at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.rank_sum import rank_sum_counts
from sensitome.core.ranks import midranks

__all__ = ["OrderedTrend", "jonckheere"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

# Counting every arrangement costs products of polynomials of this degree; past it the normal law is exact enough.
_COUNTED_PAIRS = 20_000


@dataclass(frozen=True)
class OrderedTrend:
    """Test of a trend over ordered groups.

    Parameters
    ----------
    statistic : (features,), J: pairs of subjects of different groups in which the later group is higher, ties half
    z : (features,), J in standard deviations, corrected for ties; positive = rising
    tau : (features,), Kendall's tau-b of values and groups
    p : (features,), two-sided, by the normal law
    p_exact : (features,), two-sided: every arrangement where no value occurs twice and the groups are small, else by
        permutation; NaN where neither was asked for
    """

    statistic: FloatArray
    z: FloatArray
    tau: FloatArray
    p: FloatArray
    p_exact: FloatArray


def jonckheere(
    values: FloatArray,
    group: IntArray,
    *,
    exact: bool = True,
    permutations: int = 0,
    rng: np.random.Generator | None = None,
) -> OrderedTrend:
    """Jonckheere-Terpstra test: do the values rise, or fall, from group to group.

    Parameters
    ----------
    values : (features, subjects); NaN = no value
    group : (subjects,), codes from 0 in the order of the groups; −1 = left out
    exact : count every arrangement for features without ties whose groups are small enough
    permutations : where arrangements are not counted, how many random ones to try; 0 = none. They are the same for
        all features
    rng : source of chance; needed with permutations

    Raises
    ------
    ValueError
        Permutations without `rng`.

    Notes
    -----
    J = Σ over pairs of groups of Mann-Whitney's U. Its variance with ties is that of Kendall's S, so that z equals R
    ``cor.test(values, group, method = "kendall", exact = FALSE)`` (tests/oracle/survival, rtol 1e-10). The exact law
    is the convolution of Mann-Whitney laws of each group against all before it. Permutation p = (b + 1) / (m + 1).

    References
    ----------
    Jonckheere 1954, doi:10.1093/biomet/41.1-2.133; Terpstra 1952, doi:10.1016/S1385-7258(52)50043-X

    Examples
    --------
    >>> answer = jonckheere(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([0, 0, 1, 1]))
    >>> answer.statistic, answer.p_exact.round(6)
    (array([4.]), array([0.333333]))
    """
    from scipy.special import ndtr

    if permutations and rng is None:
        raise ValueError("permutations need a generator of random numbers")
    values = values[:, group >= 0]
    group = group[group >= 0]
    there = ~np.isnan(values)
    statistic = _pairs_won(values, group)
    sizes = there.astype(np.intp) @ np.eye(int(group.max(initial=-1)) + 1, dtype=np.intp)[group]
    n = there.sum(axis=1).astype(np.float64)
    pairs = (n * n - (sizes**2).sum(axis=1)) / 2
    tied_pairs = (_tie_groups(values, power=2) - n) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = _kendall_variance(values, sizes, n)
        z = np.where(variance > 0, (2.0 * statistic - pairs) / np.sqrt(np.maximum(variance, 0.0)), np.nan)
        tau = (2.0 * statistic - pairs) / np.sqrt(pairs * (n * (n - 1) / 2 - tied_pairs))
    p_exact = np.full(len(values), np.nan)
    counted = (tied_pairs == 0) & (pairs <= _COUNTED_PAIRS) & (pairs > 0) & exact
    for row in np.flatnonzero(counted):
        p_exact[row] = _counted_p(statistic[row], sizes[row])
    if rng is not None and permutations:
        rest = np.flatnonzero(~counted & (pairs > 0))
        p_exact[rest] = _permuted_p(values[rest], group, statistic[rest], permutations=permutations, rng=rng)
    return OrderedTrend(statistic, z, tau, np.minimum(2.0 * ndtr(-np.abs(z)), 1.0), p_exact)


def _tie_groups(values: FloatArray, *, power: int) -> FloatArray:
    """Σ t^power over the groups of equal values of each row."""
    ordered = np.sort(values, axis=1)
    rows, width = ordered.shape
    if width == 0:
        return np.zeros(rows)
    starts = np.ones(ordered.shape, dtype=np.bool_)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    place = np.flatnonzero(starts.ravel())
    size = np.diff(np.append(place, rows * width)).astype(np.float64)
    size[np.isnan(ordered.ravel()[place])] = 0.0
    return np.bincount(place // width, weights=size**power, minlength=rows).astype(np.float64)


def _pairs_won(values: FloatArray, group: IntArray) -> FloatArray:
    """J of each row, from ranks within each group and all groups before it."""
    total = np.zeros(len(values))
    for code in range(1, int(group.max(initial=0)) + 1):
        upto = group <= code
        own = group[upto] == code
        ranks = midranks(values[:, upto])
        size = (~np.isnan(values[:, group == code])).sum(axis=1)
        total += np.nansum(ranks[:, own], axis=1) - size * (size + 1) / 2
    return total


def _kendall_variance(values: FloatArray, sizes: IntArray, n: FloatArray) -> FloatArray:
    """Variance of Kendall's S with ties among the values and among the groups."""
    g1, g2, g3 = (sizes.astype(np.float64) ** power for power in (1, 2, 3))
    t2, t3 = _tie_groups(values, power=2), _tie_groups(values, power=3)
    group_2, group_3 = (g2 - g1).sum(axis=1), (g3 - 3 * g2 + 2 * g1).sum(axis=1)
    tie_2, tie_3 = t2 - n, t3 - 3 * t2 + 2 * n
    both = n * (n - 1) * (2 * n + 5) - (2 * t3 + 3 * t2 - 5 * n) - (2 * g3 + 3 * g2 - 5 * g1).sum(axis=1)
    pairs, triples = 2 * n * (n - 1), 9 * n * (n - 1) * (n - 2)
    return np.asarray(
        both / 18 + tie_2 * group_2 / np.maximum(pairs, 1) + tie_3 * group_3 / np.maximum(triples, 1), dtype=np.float64
    )


def _counted_p(statistic: float, sizes: IntArray) -> float:
    law = np.ones(1)
    before = 0
    for size in sizes.tolist():
        if before and size:
            law = np.convolve(law, rank_sum_counts(before, size))
        before += size
    # The law is symmetric: the smaller tail is read from the left.
    tail = min(round(statistic), len(law) - 1 - round(statistic))
    return float(min(2.0 * law[: tail + 1].sum(), 1.0))


def _permuted_p(
    values: FloatArray, group: IntArray, statistic: FloatArray, *, permutations: int, rng: np.random.Generator
) -> FloatArray:
    """Share of shuffles whose J lies at least as far from its middle; gaps keep their places, groups change theirs."""
    there = (~np.isnan(values)).astype(np.float64)
    member = np.eye(int(group.max(initial=0)) + 1)

    def distance(won: FloatArray, label: IntArray) -> FloatArray:
        count = there @ member[label]
        return np.asarray(np.abs(won - (count.sum(axis=1) ** 2 - (count**2).sum(axis=1)) / 4))

    observed = distance(statistic, group) * (1 - 1e-12)
    beyond = np.zeros(len(values))
    for _ in range(permutations):
        shuffled = rng.permutation(group)
        beyond += distance(_pairs_won(values, shuffled), shuffled) >= observed
    return np.asarray((beyond + 1.0) / (permutations + 1.0))
