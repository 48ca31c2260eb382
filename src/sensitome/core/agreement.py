"""Agreement of replicates, for many pairs at once, and the trend of the signal over the order of the plates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks

__all__ = ["Drift", "concordance", "drift", "pearson", "repeatability_sd", "spearman"]

FloatArray = npt.NDArray[np.float64]

#: A correlation of fewer pairs of readings than this is not given.
FEWEST_PAIRS = 3
#: Pairs a block.
BLOCK = 256
#: A drift over fewer plates than this is not tested.
FEWEST_PLATES = 6
#: Past this many plates, Theil–Sen runs on medians of consecutive plates.
MOST_SLOPE_POINTS = 600


def pearson(x: FloatArray, y: FloatArray) -> FloatArray:
    """Pearson correlation of each row of `x` with the same row of `y`.

    Parameters
    ----------
    x, y : (pairs, wells); NaN = no reading: the well is left out of that pair

    Returns
    -------
    (pairs,), −1 to 1; NaN with fewer than three common readings or no variation

    Notes
    -----
    Equals R ``cor(x, y, use = "complete.obs")`` (1e-12).

    >>> pearson(np.array([[1.0, 2.0, 3.0, np.nan]]), np.array([[2.0, 4.0, 6.0, 0.0]]))
    array([1.])
    """
    pairs = _moments(x, y)
    defined = (pairs.n >= FEWEST_PAIRS) & (pairs.power_x > 0) & (pairs.power_y > 0)
    scale = np.sqrt(np.where(defined, pairs.power_x, 1.0)) * np.sqrt(np.where(defined, pairs.power_y, 1.0))
    return np.where(defined, np.clip(pairs.cross / scale, -1.0, 1.0), np.nan)


def spearman(x: FloatArray, y: FloatArray) -> FloatArray:
    """Spearman rank correlation of each row of `x` with the same row of `y`, ties at their mean rank.

    Parameters
    ----------
    x, y : (pairs, wells); NaN = no reading: the well is left out of that pair

    Returns
    -------
    (pairs,), −1 to 1; NaN with fewer than three common readings or no variation

    Notes
    -----
    Equals R ``cor(x, y, method = "spearman", use = "complete.obs")`` (1e-12).
    """
    gap = np.isnan(x) | np.isnan(y)
    return pearson(midranks(np.where(gap, np.nan, x)), midranks(np.where(gap, np.nan, y)))


def concordance(x: FloatArray, y: FloatArray) -> FloatArray:
    """Lin's concordance (CCC): how close the pairs come to y = x, shift and scale included.

    Parameters
    ----------
    x, y : (pairs, wells); NaN = no reading: the well is left out of that pair

    Returns
    -------
    (pairs,), −1 to 1; at most |Pearson|; NaN with fewer than three common readings or no variation

    Notes
    -----
    CCC = 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²), moments over n, as in Lin's paper.

    References
    ----------
    Lin 1989, doi:10.2307/2532051
    """
    pairs = _moments(x, y)
    defined = (pairs.n >= FEWEST_PAIRS) & ((pairs.power_x > 0) | (pairs.power_y > 0))
    scale = np.where(defined, pairs.power_x + pairs.power_y + pairs.n * pairs.shift**2, 1.0)
    return np.where(defined, 2 * pairs.cross / scale, np.nan)


def repeatability_sd(values: FloatArray) -> FloatArray:
    """Spread of replicates around their own means, over the wells with more than one reading.

    Parameters
    ----------
    values : (groups, replicates, wells), any unit; NaN = no reading

    Returns
    -------
    (groups,), in the unit of `values`; NaN where no well has two readings

    Notes
    -----
    √(Σ_j s_j² / n) over the n wells j with at least two readings, s_j their SD (n − 1), as the repeatability SD of
    cellHTS2.
    """
    present = ~np.isnan(values)
    n = present.sum(axis=1)
    filled = np.where(present, values, 0.0)
    center = filled.sum(axis=1) / np.maximum(n, 1)
    square = np.where(present, (values - center[:, None, :]) ** 2, 0.0).sum(axis=1)
    repeated = n > 1
    variance = np.where(repeated, square / np.maximum(n - 1, 1), 0.0)
    wells = repeated.sum(axis=1)
    return np.where(wells > 0, np.sqrt(variance.sum(axis=1) / np.maximum(wells, 1)), np.nan)


@dataclass(frozen=True)
class Drift:
    """Trend of one run of plates.

    Parameters
    ----------
    rho : Spearman correlation of level and order
    p_value : two-sided, t approximation with n − 2 degrees of freedom
    slope : Theil–Sen, in the unit of the levels per plate
    change : slope times the number of steps from the first to the last plate
    n : plates with a level
    """

    rho: float
    p_value: float
    slope: float
    change: float
    n: int


def drift(levels: FloatArray, order: FloatArray) -> Drift:
    """Test whether the level of the plates goes up or down over the order of measuring.

    Parameters
    ----------
    levels : (plates,), e.g. medians of log2 signal of one arm of one cell line; NaN = no reading
    order : (plates,), when each was measured

    Returns
    -------
    The trend; all NaN with fewer than six plates, or when levels or order do not vary

    Notes
    -----
    The slope is the median of the slopes between all pairs of plates of different order; past 600 plates, between the
    medians of consecutive plates.

    References
    ----------
    Sen 1968, doi:10.1080/01621459.1968.10480934
    """
    from scipy.special import stdtr

    use = ~np.isnan(levels) & ~np.isnan(order)
    n = int(use.sum())
    rho = float(spearman(levels[use][None, :], order[use][None, :])[0]) if n else np.nan
    if n < FEWEST_PLATES or np.isnan(rho):
        return Drift(np.nan, np.nan, np.nan, np.nan, n)
    away = np.abs(rho) * np.sqrt((n - 2) / max(1 - rho**2, 1e-300))
    slope = _theil_sen(levels[use], order[use])
    steps = float(np.ptp(order[use]))
    return Drift(rho, float(2 * stdtr(n - 2, -away)), slope, slope * steps, n)


def _theil_sen(levels: FloatArray, order: FloatArray) -> float:
    """Median slope between all pairs of points of different order."""
    by_order = np.argsort(order, kind="stable")
    levels, order = levels[by_order], order[by_order]
    if len(levels) > MOST_SLOPE_POINTS:
        blocks = np.array_split(np.arange(len(levels)), MOST_SLOPE_POINTS // 2)
        levels = np.array([np.median(levels[block]) for block in blocks])
        order = np.array([np.median(order[block]) for block in blocks])
    first, second = np.triu_indices(len(levels), 1)
    run = order[second] - order[first]
    apart = run > 0
    return float(np.median((levels[second] - levels[first])[apart] / run[apart]))


@dataclass(frozen=True)
class _Moments:
    """Sums over the readings that both rows of a pair have; every field is (pairs,)."""

    n: FloatArray
    shift: FloatArray
    power_x: FloatArray
    power_y: FloatArray
    cross: FloatArray


def _moments(x: FloatArray, y: FloatArray) -> _Moments:
    """Centered moments of each pair, block by block so that the work stays in the cache."""
    blocks = [_moments_of_block(x[at : at + BLOCK], y[at : at + BLOCK]) for at in range(0, max(len(x), 1), BLOCK)]
    return _Moments(*np.concatenate(blocks, axis=1))


def _moments_of_block(x: FloatArray, y: FloatArray) -> FloatArray:
    """The fields of `_Moments`, (5, pairs); a sum of squares within rounding error of the values is 0."""
    gap = np.isnan(x) | np.isnan(y)
    n = (x.shape[1] - gap.sum(axis=1)).astype(np.float64)
    safe = np.maximum(n, 1)
    centers, offs, powers = [], [], []
    for values in (x, y):
        off = np.where(gap, 0.0, values)
        size = np.einsum("pw,pw->p", off, off)
        center = off.sum(axis=1) / safe
        off -= center[:, None]
        off[gap] = 0.0
        power = np.einsum("pw,pw->p", off, off)
        centers.append(center)
        offs.append(off)
        powers.append(np.where(power > 1e-24 * size, power, 0.0))
    return np.stack([n, centers[0] - centers[1], *powers, np.einsum("pw,pw->p", *offs)])
