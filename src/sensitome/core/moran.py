"""Moran's I on plates: how alike neighboring wells are, all plates at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["morans_i"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def morans_i(values: FloatArray, mask: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Moran's I of neighboring wells (rook: sharing a side), and its one-sided p for likeness of neighbors.

    For a smooth pattern under independent noise, I is about the share of the variance that the pattern makes.

    Parameters
    ----------
    values : (plates, rows, columns); NaN = no reading
    mask : (plates, rows, columns); the wells that count

    Returns
    -------
    I (plates,) and p (plates,); NaN with fewer than four readings, no neighbors or no variation

    Notes
    -----
    I = (n / S0) Σ_ij w_ij z_i z_j / Σ z_i², w_ij = 1 for neighbors. Mean −1/(n − 1) and variance are the exact moments
    over all n! ways to deal the readings to the wells ("randomization"); p is normal. Moments equal the enumeration of
    all 720 deals of a 2 × 3 plate to 1e-12; p is uniform under the null to within binomial bounds (tests).

    References
    ----------
    Cliff & Ord 1981, Spatial Processes; Moran 1950, doi:10.1093/biomet/37.1-2.17
    """
    from scipy.special import ndtr

    use = mask & ~np.isnan(values)
    n = use.sum(axis=(1, 2)).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        center = np.where(use, values, 0.0).sum(axis=(1, 2)) / n
        z = np.where(use, values - center[:, None, None], 0.0)
        square = z**2
        total = square.sum(axis=(1, 2))
        kurtosis = n * (square**2).sum(axis=(1, 2)) / total**2
        neighbors = _neighbor_sum(use.astype(np.float64))
        s0 = np.where(use, neighbors, 0.0).sum(axis=(1, 2))
        observed = n / s0 * (z * _neighbor_sum(z)).sum(axis=(1, 2)) / total
        variance = _moran_variance(n, kurtosis, s0, 4 * np.where(use, neighbors**2, 0.0).sum(axis=(1, 2)))
        p_value = ndtr(-(observed + 1 / (n - 1)) / np.sqrt(variance))
    undefined = (n < 4) | (s0 == 0) | ~(total > 1e-24 * n)
    return np.where(undefined, np.nan, observed), np.where(undefined, np.nan, p_value)


def _moran_variance(n: FloatArray, kurtosis: FloatArray, s0: FloatArray, s2: FloatArray) -> FloatArray:
    """Variance of Moran's I over all deals; S1 = 2 S0 because the weights are symmetric zeros and ones."""
    s1 = 2 * s0
    even = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    odd = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return np.asarray((even - odd) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2)


def _neighbor_sum(cube: FloatArray) -> FloatArray:
    """Sum over the up to four wells that share a side: (plates, rows, columns)."""
    total = np.zeros_like(cube)
    total[:, 1:] += cube[:, :-1]
    total[:, :-1] += cube[:, 1:]
    total[:, :, 1:] += cube[:, :, :-1]
    total[:, :, :-1] += cube[:, :, 1:]
    return total
