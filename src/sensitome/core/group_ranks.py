"""Rank tests of equal groups, for many items at once, with or without blocks.

One statistic covers them all. Scores s (ranks of whatever kind) are compared with what chance gives when the labels of
the groups are exchanged within each block::

    T_g = Σ_b Σ_{i in g, b} (s_i − mean s_b),   cov T = Σ_b var(s_b) (diag n_bg − n_bg n_bg' / n_b),   χ² = T' cov⁻ T

One block and ranks: Kruskal–Wallis. Ranks within blocks: Friedman, with any number of readings in a cell (Benard and
van Elteren). Ranks over all blocks of values without the block's mean: aligned ranks (Hodges and Lehmann).
"""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks

__all__ = [
    "GroupTest",
    "aligned_ranks",
    "block_ranks",
    "blocked_test",
    "kruskal_wallis",
    "permutation_p",
    "smallest_p",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


class GroupTest(NamedTuple):
    """Rank tests of equal groups, one per item; NaN where there is nothing to test.

    ``statistic`` is χ² distributed with ``df`` degrees of freedom; ``n`` counts the readings that take part.
    """

    statistic: FloatArray
    df: IntArray
    p: FloatArray
    n: IntArray


def kruskal_wallis(values: FloatArray, group: IntArray) -> GroupTest:
    """Kruskal–Wallis test of every row.

    Parameters
    ----------
    values : (items, samples), any unit; NaN = no reading
    group : (samples,), numbers of the groups, from 0; −1 = left out

    Returns
    -------
    GroupTest; statistic and p are NaN where all readings are equal or fewer than two groups have readings

    Notes
    -----
    H = [12 / (n (n + 1)) Σ R_g² / n_g − 3 (n + 1)] / [1 − Σ (t³ − t) / (n³ − n)], χ² with groups − 1 df, as R
    ``kruskal.test`` (tests/oracle/kruskal, rtol 1e-12). R takes readings that agree in 15 digits for tied when it
    corrects for ties, but not when it ranks; here tied is what is equal.

    References
    ----------
    Kruskal & Wallis 1952, doi:10.1080/01621459.1952.10483441

    >>> test = kruskal_wallis(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([0, 0, 1, 1]))
    >>> test.statistic.round(2), test.p.round(4)
    (array([2.4]), array([0.1213]))
    """
    from scipy.special import chdtrc

    if (group < 0).any():
        values, group = values[:, group >= 0], group[group >= 0]
    groups = int(group.max(initial=0)) + 1
    rank, tied = _ordered_ranks(values)
    order = np.argsort(values, axis=1)
    gaps = np.isnan(values)
    n = np.full(len(values), values.shape[1])
    label = group[order]
    label += groups * np.arange(len(values))[:, None]
    if gaps.any():
        n = n - gaps.sum(axis=1)
        there = np.arange(values.shape[1]) < n[:, None]
        flat, weight = label[there], rank[there]
    else:
        flat, weight = label.ravel(), rank.ravel()
    size = np.bincount(flat, minlength=groups * len(values)).reshape(-1, groups)
    total = np.bincount(flat, weights=weight, minlength=groups * len(values)).reshape(-1, groups)
    present = size > 0
    # Deviations from the mean rank lose no digits; the textbook form 12/(n(n+1)) Σ R²/n − 3(n+1) cancels.
    excess = total - size * (n[:, None] + 1) / 2
    between = np.where(present, excess**2 / np.maximum(size, 1), 0.0).sum(axis=1)
    df = np.maximum(present.sum(axis=1) - 1, 0)
    cubes = n.astype(np.float64) ** 3 - n
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = 12 * between / (n * (n + 1.0)) / (1 - tied / cubes)
    testable = (df > 0) & (tied < cubes)
    statistic = np.where(testable, statistic, np.nan)
    return GroupTest(statistic, df, np.where(testable, chdtrc(np.maximum(df, 1), statistic), np.nan), n)


def block_ranks(values: FloatArray, block: IntArray) -> FloatArray:
    """Midranks within each block of samples: (items, samples); NaN stays NaN."""
    ranks = np.full(values.shape, np.nan)
    for number in np.unique(block):
        own = block == number
        ranks[:, own] = midranks(values[:, own])
    return ranks


def aligned_ranks(values: FloatArray, block: IntArray) -> FloatArray:
    """Midranks over all samples of the values less the mean of their block: (items, samples); NaN stays NaN.

    References
    ----------
    Hodges & Lehmann 1962, doi:10.1214/aoms/1177704575
    """
    aligned = values.copy()
    for number in np.unique(block):
        own = block == number
        part = values[:, own]
        there = ~np.isnan(part)
        center = np.where(there, part, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        aligned[:, own] = part - center[:, None]
    # Rounding makes noise of ties between blocks; nine digits below the largest value are more than any array has.
    scale = np.nanmax(np.abs(values), axis=1, initial=0.0, keepdims=True)
    step = np.where(scale > 0, scale, 1.0) * 1e-12
    return midranks(np.round(aligned / step))


def blocked_test(scores: FloatArray, group: IntArray, *, block: IntArray) -> GroupTest:
    """Test of equal groups, labels exchangeable within blocks.

    Parameters
    ----------
    scores : (items, samples), from `block_ranks`, `aligned_ranks` or any other; NaN = no reading
    group : (samples,), numbers of the groups, from 0
    block : (samples,), numbers of the blocks

    Returns
    -------
    GroupTest; NaN where the scores of no block with several groups vary

    Notes
    -----
    With one block and ranks it is Kruskal–Wallis; with ranks within blocks and one reading in each cell R
    ``friedman.test`` (both to 1e-10, tests/core/test_trend.py); with several readings in a cell the test of Benard and
    van Elteren.

    References
    ----------
    Benard & van Elteren 1953, doi:10.1016/S1385-7258(53)50043-5; Lehmann & D'Abrera 1975, Nonparametrics, ch. 6
    """
    from scipy.special import chdtrc

    groups = int(group.max(initial=0)) + 1
    total, covariance = _moments(scores, group, block, groups)
    there = ~np.isnan(scores)
    statistic, rank = _quadratic_form(total, covariance)
    testable = rank > 0
    p_value = np.where(testable, chdtrc(np.maximum(rank, 1), statistic), np.nan)
    return GroupTest(np.where(testable, statistic, np.nan), rank, p_value, there.sum(axis=1))


def permutation_p(
    scores: FloatArray, group: IntArray, *, block: IntArray, draws: int, rng: np.random.Generator
) -> FloatArray:
    """Monte-Carlo p of `blocked_test`: labels are shuffled within blocks, the same way for all items.

    Parameters
    ----------
    scores : (items, samples), without NaN
    group, block : (samples,)
    draws : number of shuffles
    rng : source of chance

    Returns
    -------
    (items,), (1 + shuffles with a statistic as large) / (1 + draws); NaN where nothing varies
    """
    groups = int(group.max(initial=0)) + 1
    total, covariance = _moments(scores, group, block, groups)
    observed, rank = _quadratic_form(total, covariance)
    inverse = np.linalg.pinv(covariance, rcond=1e-10, hermitian=True)
    centered = scores - _block_means(scores, block)
    members = [np.flatnonzero(block == number) for number in np.unique(block)]
    at_least = np.zeros(len(scores))
    labels = group.copy()
    for _ in range(draws):
        for own in members:
            labels[own] = rng.permutation(group[own])
        sums = centered @ np.eye(groups)[labels]
        drawn = np.einsum("ig,igh,ih->i", sums, inverse, sums)
        at_least += drawn >= observed * (1 - 1e-9)
    return np.where(rank > 0, (1 + at_least) / (1 + draws), np.nan)


def smallest_p(sizes: list[int]) -> tuple[float, float]:
    """Largest Kruskal–Wallis statistic that a design allows, and the p-value it has.

    Parameters
    ----------
    sizes : number of samples in each group

    Returns
    -------
    H and p (χ² approximation) when the groups do not overlap, in the order of groups that gives the largest H; NaN for
    fewer than two groups

    >>> [round(part, 4) for part in smallest_p([2, 6])]
    [4.0, 0.0455]
    """
    from scipy.special import chdtrc

    sizes = [size for size in sizes if size > 0]
    n = sum(sizes)
    if len(sizes) < 2:
        return float("nan"), float("nan")
    # Past seven groups the order hardly matters: the ascending one is taken.
    orders = set(permutations(sizes)) if len(sizes) <= 7 else {tuple(sorted(sizes))}
    best = 0.0
    for order in orders:
        ends = np.cumsum(order)
        middles = ends - (np.array(order) - 1) / 2
        best = max(best, 12 / (n * (n + 1)) * float(np.sum(np.array(order) * (middles - (n + 1) / 2) ** 2)))
    return best, float(chdtrc(len(sizes) - 1, best))


def _ordered_ranks(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Midranks of each row in ascending order of its values, and Σ (t³ − t) over its ties."""
    items, width = values.shape
    ordered = np.sort(values, axis=1)  # NaN sorts last
    is_new = np.ones(values.shape, dtype=np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=is_new[:, 1:])
    start = np.flatnonzero(is_new.ravel())
    if len(start) == values.size:
        return np.broadcast_to(np.arange(width) + 1.0, values.shape), np.zeros(items)
    length = np.diff(start, append=values.size)
    rank = np.repeat(start % width + (length + 1) / 2, length).reshape(values.shape)
    many = length > 1
    cubes = length[many].astype(np.float64)
    tied = np.bincount(start[many] // width, weights=cubes**3 - cubes, minlength=items).astype(np.float64)
    return np.asarray(rank, dtype=np.float64), tied


def _block_means(scores: FloatArray, block: IntArray) -> FloatArray:
    """Mean of the scores of each sample's block: (items, samples)."""
    means = np.empty_like(scores)
    for number in np.unique(block):
        own = block == number
        part = scores[:, own]
        there = ~np.isnan(part)
        means[:, own] = (np.where(there, part, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1))[:, None]
    return means


def _moments(scores: FloatArray, group: IntArray, block: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
    """Sums of centered scores (items, groups) and their covariance under exchange (items, groups, groups)."""
    there = ~np.isnan(scores)
    centered = np.where(there, scores - _block_means(scores, block), 0.0)
    indicator = np.eye(groups)[group]
    covariance = np.zeros((len(scores), groups, groups))
    for number in np.unique(block):
        own = block == number
        sizes = there[:, own].astype(np.float64) @ indicator[own]
        n = sizes.sum(axis=1)
        variance = (centered[:, own] ** 2).sum(axis=1) / np.maximum(n - 1, 1)
        spread = (
            sizes[:, :, None] * np.eye(groups) - sizes[:, :, None] * sizes[:, None, :] / np.maximum(n, 1)[:, None, None]
        )
        covariance += variance[:, None, None] * spread
    return centered @ indicator, covariance


def _quadratic_form(total: FloatArray, covariance: FloatArray) -> tuple[FloatArray, IntArray]:
    """T' cov⁻ T of every item, and the rank of cov."""
    width, axes = np.linalg.eigh(covariance)
    largest = width[:, -1:]
    used = (width > 1e-10 * np.maximum(largest, 0)) & (largest > 0)
    along = np.einsum("ig,igk->ik", total, axes)
    share = np.where(used, along**2 / np.where(used, width, 1.0), 0.0)
    return np.asarray(share.sum(axis=1), dtype=np.float64), np.asarray(used.sum(axis=1), dtype=np.intp)
