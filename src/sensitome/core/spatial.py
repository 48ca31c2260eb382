"""Does position on the plate matter? Edge, row, column, trend and neighbor tests, all plates at once.

Every test asks the same question: could these readings have been dealt to the wells at random? So it holds whatever
the distribution of the readings, hits and outliers included: readings are replaced by their normal scores within the
plate (`sensitome.core.ranks.normal_scores`), and each statistic is held against its permutation distribution, through
its exact moments.

A library plate puts the same reagent at the same position on every plate that it is stamped onto. A position effect
that all these plates share is therefore aliased with the effect of the reagents: a library plate on which active
reagents lie together shows "position effects" that are biology. It cancels in a comparison of arms, not in an effect
read within one arm. Only the mean over *different* library plates tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from sensitome.core.edge import edge_mask
from sensitome.core.grouped import sum_by_group
from sensitome.core.moran import morans_i
from sensitome.core.multiple import adjust_p
from sensitome.core.ranks import normal_scores
from sensitome.core.robust import median

__all__ = [
    "CorrectionNeeded",
    "SpatialTests",
    "correction_needed",
    "library_means",
    "spatial_tests",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Fewer readings on a plate than this, and no position test is made.
FEWEST_WELLS = 20
#: Plates a block, so that the work stays in the cache.
BLOCK = 128
#: Chance that a plate without position effects has any stripe (Bonferroni over its rows and columns).
STRIPE_LEVEL = 0.01


@dataclass(frozen=True)
class SpatialTests:
    """Position tests of each plate; every p is (plates,), NaN where the test cannot be made.

    Parameters
    ----------
    p_edge : edge against interior wells
    p_rows, p_columns : differences between rows, between columns (van der Waerden tests)
    p_trend : quadratic surface over the plate (5 coefficients)
    p_neighbors : likeness of neighbors (Moran's I of the normal scores)
    p_value : the five together, by Simes' rule
    moran : Moran's I of the normal scores
    row_stripes, column_stripes : (plates, rows) and (plates, columns), True for a line that stands out by itself, as a
        clogged or double-dispensing channel makes it
    """

    p_edge: FloatArray
    p_rows: FloatArray
    p_columns: FloatArray
    p_trend: FloatArray
    p_neighbors: FloatArray
    p_value: FloatArray
    moran: FloatArray
    row_stripes: BoolArray
    column_stripes: BoolArray


def spatial_tests(values: FloatArray, mask: BoolArray) -> SpatialTests:
    """Five position tests a plate, and one p from them.

    Parameters
    ----------
    values : (plates, rows, columns), any unit; only the order of the readings within a plate counts; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples: controls have places of their own)

    Returns
    -------
    The tests; a plate with fewer than 20 readings, or with equal readings throughout, has NaN

    Notes
    -----
    On normal scores s (mean 0) with total T = Σ s²: R² = Σ_g n_g s̄_g² / T over the groups (edge/interior, rows,
    columns), or the share of T that the terms u, v, u², uv, v² of the plate coordinates explain. Under random dealing
    the mean of R² is exactly k / (n − 1) and R² ~ Beta(k/2, (n − 1 − k)/2) (Pitman's approximation). Simes:
    min_i m p_(i) / i over the m tests that can be made.

    A stripe is a line between two others whose mean score leaves the mean of its neighbors by more than the two-sided
    normal limit of 1 % over all lines of the plate, with the exact permutation variance of that contrast,
    T / (n − 1) · (1/n_l + 1/(4 n_before) + 1/(4 n_after)): a gradient or a bowl makes no stripes. First and last lines
    have no two neighbors: see the edge. Type I error at 5 % is shown by simulation (tests).

    References
    ----------
    Pitman 1938, doi:10.1093/biomet/29.3-4.322; Simes 1986, doi:10.1093/biomet/73.3.751; van der Waerden 1952,
    doi:10.1016/S1385-7258(52)50063-5
    """
    blocks = [_tests_of_block(values[at : at + BLOCK], mask[at : at + BLOCK]) for at in range(0, len(values), BLOCK)]
    if not blocks:
        blocks = [_tests_of_block(values, mask)]
    return SpatialTests(
        *(np.concatenate([getattr(block, one.name) for block in blocks]) for one in fields(SpatialTests))
    )


def _tests_of_block(values: FloatArray, mask: BoolArray) -> SpatialTests:
    """Position tests of plates that fit the cache."""
    plates, rows, columns = values.shape
    use = mask & ~np.isnan(values)
    use &= (use.sum(axis=(1, 2)) >= FEWEST_WELLS)[:, None, None]
    scores = normal_scores(np.where(use, values, np.nan).reshape(plates, rows * columns)).reshape(values.shape)
    moran, p_neighbors = morans_i(scores, use)
    scores = np.where(use, scores, 0.0)
    count = use.astype(np.float64)
    edge = edge_mask(rows, columns)
    at_edge = np.stack([scores[:, edge].sum(axis=1), scores[:, ~edge].sum(axis=1)], axis=1)
    n_edge = np.stack([count[:, edge].sum(axis=1), count[:, ~edge].sum(axis=1)], axis=1)
    total, n = (scores**2).sum(axis=(1, 2)), count.sum(axis=(1, 2))
    p_edge = _group_p(at_edge, n_edge, total)
    p_rows = _group_p(scores.sum(axis=2), count.sum(axis=2), total)
    p_columns = _group_p(scores.sum(axis=1), count.sum(axis=1), total)
    explained, df = _trend(scores, count)
    p_trend = _beta_p(explained, df, total, n)
    together = _simes(np.stack([p_edge, p_rows, p_columns, p_trend, p_neighbors]))
    return SpatialTests(p_edge, p_rows, p_columns, p_trend, p_neighbors, together, moran, *_stripes(scores, use))


def _group_p(sums: FloatArray, sizes: FloatArray, total: FloatArray) -> FloatArray:
    """P of a difference between groups from their sums of scores and sizes, both (plates, groups)."""
    explained = (sums**2 / np.maximum(sizes, 1)).sum(axis=1)
    return _beta_p(explained, (sizes > 0).sum(axis=1) - 1.0, total, sizes.sum(axis=1))


def _beta_p(explained: FloatArray, df: FloatArray, total: FloatArray, n: FloatArray) -> FloatArray:
    """Chance of at least so much explained when scores are dealt at random; NaN where nothing can be explained."""
    from scipy.special import betainc

    rest = n - 1 - df
    possible = (df > 0) & (rest > 0) & (total > 1e-12)
    share = np.clip(explained / np.where(possible, total, 1.0), 0.0, 1.0)
    p_value = betainc(np.where(possible, rest, 1) / 2, np.where(possible, df, 1) / 2, 1 - share)
    return np.where(possible, p_value, np.nan)


def _trend(scores: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum of squares of the scores that a quadratic surface explains, and its rank: both (plates,)."""
    plates, rows, columns = scores.shape
    u, v = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    terms = np.stack([u, v, u * u, u * v, v * v], axis=-1).reshape(rows * columns, 5)
    products = (terms[:, :, None] * terms[:, None, :]).reshape(rows * columns, 25)
    flat_count = count.reshape(plates, rows * columns)
    n = np.maximum(flat_count.sum(axis=1), 1)
    sums = flat_count @ terms
    gram = (flat_count @ products).reshape(plates, 5, 5) - sums[:, :, None] * sums[:, None, :] / n[:, None, None]
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-8 * np.maximum(values[:, -1:], 1e-300)
    loading = np.einsum("pkj,pk->pj", vectors, scores.reshape(plates, rows * columns) @ terms)
    explained = np.where(kept, loading**2 / np.where(kept, values, 1.0), 0.0).sum(axis=1)
    return explained, kept.sum(axis=1).astype(np.float64) * (n > 1)


def _simes(p_values: FloatArray) -> FloatArray:
    """One p from several, (tests, plates) → (plates,), over those that are not NaN."""
    ordered = np.sort(p_values, axis=0)  # NaN sorts last
    made = np.sum(~np.isnan(p_values), axis=0)
    scaled = ordered * made / np.arange(1, len(p_values) + 1)[:, None]
    together = np.min(np.where(np.isnan(scaled), np.inf, scaled), axis=0)
    return np.where(made > 0, np.minimum(together, 1.0), np.nan)


def _stripes(scores: FloatArray, use: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Rows (plates, rows) and columns (plates, columns) that leave the line between their neighbors."""
    from scipy.special import ndtri

    n = use.sum(axis=(1, 2))[:, None].astype(np.float64)
    variance = (scores**2).sum(axis=(1, 2))[:, None] / np.maximum(n - 1, 1)
    distances = [_from_neighbors(scores.sum(axis=axis), use.sum(axis=axis).astype(np.float64)) for axis in (2, 1)]
    lines = sum((~np.isnan(distance)).sum(axis=1) for distance in distances)
    critical = -ndtri(STRIPE_LEVEL / 2 / np.maximum(lines, 1))[:, None] * np.sqrt(variance)
    marked = []
    for distance in distances:
        size = np.where(np.isnan(distance), 0.0, np.abs(distance))
        around = np.maximum(np.pad(size, ((0, 0), (1, 0)))[:, :-1], np.pad(size, ((0, 0), (0, 1)))[:, 1:])
        # Next to a stripe a good line looks bad as well, at half the size.
        marked.append((size > critical) & (size >= around) & (variance > 1e-12))
    return marked[0], marked[1]


def _from_neighbors(sums: FloatArray, n: FloatArray) -> FloatArray:
    """Mean of each line minus that of its two neighbors, scaled to unit variance of the scores; NaN at the ends."""
    distance = np.full(sums.shape, np.nan)
    before, here, after = n[:, :-2], n[:, 1:-1], n[:, 2:]
    able = (before >= 3) & (here >= 3) & (after >= 3)
    means = sums / np.maximum(n, 1)
    share = 1 / np.maximum(here, 1) + 0.25 / np.maximum(before, 1) + 0.25 / np.maximum(after, 1)
    contrast = (means[:, 1:-1] - (means[:, :-2] + means[:, 2:]) / 2) / np.sqrt(share)
    distance[:, 1:-1] = np.where(able, contrast, np.nan)
    return distance


def library_means(log2_values: FloatArray, mask: BoolArray, *, library: IntArray) -> FloatArray:
    """Mean over the plates that share a library plate, each plate centered at its median first.

    In this mean, position and reagent are aliased: see the head of this module.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples)
    library : (plates,), number of the library plate of each, from 0 without gaps

    Returns
    -------
    (library plates, rows, columns), log2 units; NaN where no plate has a reading
    """
    residual = log2_values - median(log2_values, mask)[:, None, None]
    use = mask & ~np.isnan(residual)
    libraries = int(library.max(initial=-1)) + 1
    total = sum_by_group(np.where(use, residual, 0.0), library, groups=libraries)
    n = sum_by_group(use.astype(np.float64), library, groups=libraries)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


@dataclass(frozen=True)
class CorrectionNeeded:
    """Whether position effects call for a spatial correction; every field is (plates,).

    Parameters
    ----------
    tests : the position tests behind it
    q_value : p of the tests together, adjusted over all plates (Benjamini–Hochberg); NaN where no test was made
    needed : q_value < level
    """

    tests: SpatialTests
    q_value: FloatArray
    needed: BoolArray


def correction_needed(values: FloatArray, mask: BoolArray, *, level: float = 0.05) -> CorrectionNeeded:
    """Is a spatial correction needed here? One honest answer a plate.

    Give it the plates, and then the `library_means` of the plates. For library plates (and, to a lesser degree, for
    each plate by itself) a position effect is aliased with the effect of the reagents that lie there.

    Parameters
    ----------
    values : (plates, rows, columns), before any spatial correction; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples)
    level : expected share of flat plates among those called; on flat plates alone, the chance of any call

    Returns
    -------
    The tests, their q-values and the verdicts

    Notes
    -----
    Benjamini–Hochberg over plates (doi:10.1111/j.2517-6161.1995.tb02031.x) of the Simes p of `spatial_tests`. When no
    plate has a position effect, the chance that any is called is at most `level` (simulated: tests).
    """
    tests = spatial_tests(values, mask)
    q_value = adjust_p(tests.p_value)
    return CorrectionNeeded(tests, q_value, np.nan_to_num(q_value, nan=1.0) < level)
