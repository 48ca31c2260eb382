"""Tests by ranks: the rank product over replicates, and RSA over the reagents of one gene or miRNA."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks
from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, unanswered

__all__ = ["product_tail", "rank_product", "redundant_activity", "rsa"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Libraries up to this size have their products of two or three ranks counted, small ones those of more.
MOST_EXACT = 5000
SMALL = 100
MOST_FACTORS = 4
DRAWS = 9999


def rank_product(screen: Contrasts) -> ContextTest:
    """Ranks of the interaction in every replicate, multiplied.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more

    Returns
    -------
    ContextTest; statistic = log of the mean relative rank from the nearer end, negative where reagents sensitize and
    positive where they protect; p two-sided, twice the smaller of the two

    Notes
    -----
    P(Π r ≤ observed) for independent uniform ranks, counted exactly for two and three replicates of up to 5,000
    reagents (four of up to 100); beyond, −log Π r/(n + 1) as Gamma(R, 1), which is too large at the far end (six times
    at the second smallest product of two ranks of 100). The smallest p of R replicates is 2 / n^R.

    References
    ----------
    Breitling et al. 2004, doi:10.1016/j.febslet.2004.07.055; Koziol 2010, doi:10.1016/j.febslet.2010.01.049
    """
    difference = screen.values[:, :, 1:] - screen.values[:, :, :1]
    items, lines, drugs, replicates = difference.shape
    rows = np.moveaxis(difference, 0, -1).reshape(-1, items)
    low = midranks(rows)
    count = np.isfinite(rows).sum(axis=1, keepdims=True).astype(np.float64)
    # Both ends at once: ranks from below and from above.
    ranks = np.stack([low, count + 1 - low]).reshape(2 * lines, drugs, replicates, items)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _combined(ranks, np.stack([count, count]).reshape(2 * lines, drugs, replicates))
    (p_low, p_high), (log_low, log_high) = (part.reshape(2, lines, drugs, items) for part in found)
    # Ranks that are as near to both ends: the effect says which side.
    negative = np.moveaxis(screen.effect, 0, -1) < 0
    nearer = np.where(p_low == p_high, negative, p_low < p_high)
    p_value = np.minimum(2 * np.where(nearer, p_low, p_high), 1.0)
    statistic = np.where(nearer, log_low, -log_high)
    test = unanswered(screen.effect)
    there = np.isfinite(screen.effect)
    back = [np.where(there, np.moveaxis(part, -1, 0), np.nan) for part in (statistic, p_value)]
    return ContextTest(screen.effect, test.standard_error, test.ci_low, test.ci_high, back[0], back[1], test.rate)


def product_tail(product: FloatArray, *, n: int, factors: int) -> FloatArray:
    """P(product of `factors` independent ranks of 1 … n ≤ product), by counting.

    Parameters
    ----------
    product : any shape
    n : ranks are 1 … n
    factors : of more than three, all distinct products are made, so that n must be small

    Returns
    -------
    Shape of `product`

    >>> product_tail(np.array([1.0, 2.0, 3.0]), n=3, factors=2)
    array([0.11111111, 0.33333333, 0.55555556])
    """
    whole = np.floor(product * (1 + 1e-12))
    if factors == 1:
        return np.asarray(np.minimum(whole, n) / n)
    if factors <= 3:
        pairs = _pairs_up_to(n)
        below = np.minimum(whole, float(n) ** factors).astype(np.int64)
        if factors == 2:
            return np.asarray(pairs[below] / float(n) ** 2)
        values, place = np.unique(below, return_inverse=True)
        count, rest = np.zeros(len(values), dtype=np.int64), np.empty_like(values)
        for rank in range(1, n + 1):
            np.floor_divide(values, rank, out=rest)
            # Beyond the last pair all pairs are counted.
            count += pairs.take(rest, mode="clip")
        return np.asarray((count / float(n) ** 3)[place.reshape(product.shape)])
    value, ways = np.ones(1), np.ones(1)
    for _ in range(factors):
        grown = np.multiply.outer(value, np.arange(1.0, n + 1)).ravel()
        value, place = np.unique(grown, return_inverse=True)
        ways = np.asarray(np.bincount(place.reshape(-1), weights=np.repeat(ways, n)), dtype=np.float64)
    tail = np.concatenate([[0.0], np.cumsum(ways)]) / float(n) ** factors
    return np.asarray(tail[np.searchsorted(value, whole, side="right")])


@lru_cache(maxsize=8)
def _pairs_up_to(n: int) -> npt.NDArray[np.int32]:
    """Number of pairs of ranks 1 … n whose product is at most k, for k = 0 … n²; n up to 46,340."""
    ways = np.zeros(n * n + 1, dtype=np.int16)
    for rank in range(1, n + 1):
        ways[rank * rank] += 1
        # Each with a larger one, in either order.
        ways[rank * (rank + 1) : rank * n + 1 : rank] += 2
    return np.cumsum(ways, dtype=np.int32)


def _combined(rank: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lower p and log relative rank (lines, drugs, items) of the ranks (lines, drugs, replicates, items)."""
    from scipy import special

    there = np.isfinite(rank)
    factors = there.sum(axis=2)
    relative = np.where(there, rank / (count[..., None] + 1), 1.0)
    log_product = np.log(relative).sum(axis=2)
    p_value = np.where(factors > 0, special.gammaincc(np.maximum(factors, 1), -log_product), np.nan)
    for (n, factor), parts in _countable(rank, count, there=there, factors=factors).items():
        tail = product_tail(np.concatenate([product for _, product in parts]), n=n, factors=factor)
        ends = np.cumsum([len(product) for _, product in parts])[:-1]
        for (place, _), own in zip(parts, np.split(tail, ends), strict=True):
            p_value[place] = own
    log_mean = np.where(factors > 0, log_product / np.maximum(factors, 1), np.nan)
    return p_value, log_mean


def _countable(
    rank: FloatArray, count: FloatArray, *, there: BoolArray, factors: IntArray
) -> dict[tuple[int, int], list[tuple[tuple[int, int, IntArray], FloatArray]]]:
    """Library size and number of ranks → places and products, of contexts whose products are few enough to count."""
    found: dict[tuple[int, int], list[tuple[tuple[int, int, IntArray], FloatArray]]] = {}
    for i, j in np.ndindex(*count.shape[:2]):
        sizes = count[i, j]
        n = int(sizes.max(initial=0))
        most = MOST_EXACT if rank.shape[2] <= 3 else SMALL if rank.shape[2] <= MOST_FACTORS else 0
        if not (0 < n <= most and sizes.min() >= 0.9 * n):
            continue
        # Replicates that lack some reagents: their ranks are stretched to the size of the largest.
        stretched = rank[i, j] * (n / np.maximum(sizes, 1))[:, None]
        product = np.where(there[i, j], stretched, 1.0).prod(axis=0)
        for factor in np.unique(factors[i, j][factors[i, j] > 0]):
            own = np.flatnonzero(factors[i, j] == factor)
            found.setdefault((n, int(factor)), []).append(((i, j, own), product[own]))
    return found


def rsa(score: FloatArray, group: IntArray) -> tuple[FloatArray, FloatArray]:
    """Redundant siRNA activity: whether the reagents of a group lie at the front of the ranking.

    Parameters
    ----------
    score : (items,), the smallest is the most active; numbers, also negative ones and 1e-04; NaN = not scored
    group : (items,) codes from 0; −1 = in no group, but in the ranking

    Returns
    -------
    (groups,) log10 of the smallest hypergeometric p, and the number of reagents up to the place where it lies; NaN and
    0 for groups without a score

    Notes
    -----
    p = min over i of P(at least i of the group's n among the first r_i of N), r_i the rank of its i-th best. It is a
    minimum over places, and so no p by itself: `redundant_activity` holds it against random groups.

    References
    ----------
    König et al. 2007, doi:10.1038/nmeth1089
    """
    there = np.isfinite(score) & (group >= 0)
    total = int(np.isfinite(score).sum())
    rank = midranks(np.where(np.isfinite(score), score, np.nan)[None])[0]
    groups = int(group.max(initial=-1)) + 1
    log_p, best = np.full(groups, np.nan), np.zeros(groups)
    order = np.lexsort((rank, group))
    order = order[there[order]]
    sizes = np.bincount(group[order], minlength=groups)
    for code, members in zip(
        np.flatnonzero(sizes), np.split(order, np.cumsum(sizes[sizes > 0])[:-1]) if len(order) else [], strict=True
    ):
        tails = _tails(np.ceil(rank[members])[None], total)[0]
        best[code] = int(np.argmin(tails)) + 1
        log_p[code] = tails.min()
    return log_p, best


def redundant_activity(screen: Contrasts, group: IntArray, *, rng: np.random.Generator) -> ContextTest:
    """RSA of every context; each reagent carries the answer of its group.

    Parameters
    ----------
    screen : from `contrasts`; one replicate is enough
    group : (items,) codes of genes or miRNAs from 0; −1 = none
    rng : for the random groups

    Returns
    -------
    ContextTest; effect = the reagent's own interaction; statistic = ± log10 of the smallest hypergeometric p, negative
    when the group sensitizes; p = (1 + random groups at least as extreme) / (1 + 9999), two-sided
    """
    effect = screen.effect
    statistic, p_value = np.full(effect.shape, np.nan), np.full(effect.shape, np.nan)
    null: dict[tuple[int, int], FloatArray] = {}
    for context in np.ndindex(effect.shape[1:]):
        own = effect[(slice(None), *context)]
        ends = [rsa(sign * own, group)[0] for sign in (1.0, -1.0)]
        total = _rounded(int(np.isfinite(own).sum()))
        sizes = np.bincount(group[np.isfinite(own) & (group >= 0)], minlength=len(ends[0]))
        tails = []
        for log_p in ends:
            tail = np.full(log_p.shape, np.nan)
            for size in np.unique(sizes[sizes > 0]):
                if (int(size), total) not in null:
                    null[int(size), total] = _null_tails(int(size), total, rng=rng)
                of_size = sizes == size
                at_most = np.searchsorted(null[int(size), total], log_p[of_size] + 1e-12, side="right")
                tail[of_size] = (1 + at_most) / (1 + DRAWS)
            tails.append(tail)
        low, high = tails
        both = np.minimum(2 * np.fmin(low, high), 1.0)
        signed = np.where(low <= high, ends[0], -ends[1])
        has_group = np.isfinite(own) & (group >= 0)
        statistic[(has_group, *context)] = signed[group[has_group]]
        p_value[(has_group, *context)] = both[group[has_group]]
    test = unanswered(effect)
    return ContextTest(effect, test.standard_error, test.ci_low, test.ci_high, statistic, p_value, test.rate)


def _tails(ranks: FloatArray, total: int) -> FloatArray:
    """Log10 P(at least i of n among the first r_i of the total), for sorted ranks (groups, n)."""
    from scipy import stats

    size = ranks.shape[1]
    place = np.arange(size)
    tail = stats.hypergeom.sf(place[None, :], total, size, ranks)
    return np.asarray(np.log10(np.maximum(tail, 1e-300)))


def _rounded(count: int) -> int:
    """Two leading digits: contexts of nearly the same size share their random groups."""
    step: int = 10 ** max(len(str(count)) - 2, 0)
    return round(count / step) * step


def _null_tails(size: int, total: int, *, rng: np.random.Generator) -> FloatArray:
    """Sorted log10 p of random groups of a size."""
    ranks = rng.integers(1, total + 1, size=(DRAWS, size))
    ranks.sort(axis=1)
    for _ in range(1000):
        doubled = np.flatnonzero((np.diff(ranks, axis=1) == 0).any(axis=1))
        if not len(doubled):
            break
        if size > 3 * np.sqrt(total):
            ranks[doubled] = [rng.choice(total, size=size, replace=False) + 1 for _ in doubled]
        else:
            ranks[doubled] = rng.integers(1, total + 1, size=(len(doubled), size))
        ranks.sort(axis=1)
    return np.sort(_tails(ranks.astype(np.float64), total).min(axis=1))
