"""How large position effects are: edge against interior, and the level of each row and column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core.robust import median, nan_median

__all__ = ["edge_index", "edge_mask", "edge_permutation_p", "line_effects"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def edge_mask(rows: int, columns: int, *, rings: int = 1) -> BoolArray:
    """Mark the wells of the outermost rings of a plate: (rows, columns).

    >>> int(edge_mask(16, 24).sum())
    76
    """
    mask = np.ones((rows, columns), dtype=np.bool_)
    mask[rings : rows - rings, rings : columns - rings] = False
    return mask


def edge_index(log2_values: FloatArray, mask: BoolArray, *, rings: int = 1) -> FloatArray:
    """Median of the edge wells minus median of the interior wells.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples)
    rings : how many outer rings are "edge"

    Returns
    -------
    (plates,), log2 units; negative = fewer living cells at the edge; NaN where either side has no reading

    References
    ----------
    Malo et al. 2006, doi:10.1038/nbt1186
    """
    edge = edge_mask(*log2_values.shape[1:], rings=rings)
    return median(log2_values, mask & edge) - median(log2_values, mask & ~edge)


def edge_permutation_p(
    log2_values: FloatArray, mask: BoolArray, *, rng: np.random.Generator, permutations: int = 999, rings: int = 1
) -> FloatArray:
    """Two-sided permutation p of the edge index: readings are dealt anew to the wells of their plate.

    Parameters
    ----------
    log2_values, mask, rings : as in `edge_index`
    rng : source of chance
    permutations : m; the work is m sorts a plate, so `spatial_tests` (exact moments) is the one for many plates

    Returns
    -------
    (plates,), p = (b + 1) / (m + 1), b the permutations with an edge index at least as far from 0; NaN where there is
    no edge index

    References
    ----------
    Phipson & Smyth 2010, doi:10.2202/1544-6115.1585
    """
    edge = edge_mask(*log2_values.shape[1:], rings=rings)
    p_values = np.full(len(log2_values), np.nan)
    for plate, observed in enumerate(edge_index(log2_values, mask, rings=rings)):
        use = mask[plate] & ~np.isnan(log2_values[plate])
        if np.isnan(observed):
            continue
        dealt = rng.permuted(np.tile(log2_values[plate][use], (permutations, 1)), axis=1)
        at_edge = edge[use]
        index = np.median(dealt[:, at_edge], axis=1) - np.median(dealt[:, ~at_edge], axis=1)
        p_values[plate] = (np.sum(np.abs(index) >= abs(observed) - 1e-12) + 1) / (permutations + 1)
    return p_values


def line_effects(log2_values: FloatArray, mask: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Median of each row and of each column, minus the median of the plate.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples)

    Returns
    -------
    rows (plates, rows) and columns (plates, columns), log2 units; NaN for a line without a reading
    """
    residual = np.where(mask, log2_values, np.nan) - median(log2_values, mask)[:, None, None]
    return nan_median(residual, axis=2), nan_median(residual, axis=1)
