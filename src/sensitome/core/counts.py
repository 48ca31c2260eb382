"""Counts of sequencing reads on a scale that can be compared between samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["log2_cpm"]

FloatArray = npt.NDArray[np.float64]


def log2_cpm(counts: FloatArray, *, prior: float = 1.0) -> FloatArray:
    """Binary logarithm of counts per million.

    Parameters
    ----------
    counts : (samples, features), reads; NaN = not counted
    prior : added to the counts per million, so that 0 reads have a logarithm

    Returns
    -------
    (samples, features), log2; NaN throughout a sample without reads

    Notes
    -----
    log2(10⁶ x / Σx + prior), the library Σx over all features of the sample.

    >>> log2_cpm(np.array([[0.0, 3.0, 1.0]])).round(3)
    array([[ 0.   , 19.517, 17.932]])
    """
    library = np.nansum(counts, axis=1, keepdims=True)
    return np.asarray(np.log2(1e6 * counts / np.where(library > 0, library, np.nan) + prior))
