"""Patterns of readings over a plate, made comparable between plates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core.robust import MAD_SCALE, nan_median

__all__ = ["CLIP", "clipped_rows", "fisher_z", "unit_rows"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Readings further from the plate's median than this, in scaled MADs, count as this far: one killer makes no pattern.
CLIP = 5.0


def clipped_rows(values: FloatArray, mask: BoolArray) -> FloatArray:
    """Readings of each plate in scaled MADs from its median, clipped at 5.

    Parameters
    ----------
    values : (plates, rows, columns); NaN = no reading
    mask : (plates, rows, columns); the wells that count

    Returns
    -------
    (plates, wells), in scaled MADs; NaN outside the mask, and throughout a plate without variation
    """
    rows = np.where(mask, values, np.nan).reshape(len(values), -1)
    rows -= nan_median(rows, axis=1)[:, None]
    scale = MAD_SCALE * nan_median(np.abs(rows), axis=1)
    rows /= np.where(scale > 0, scale, np.nan)[:, None]
    return np.clip(rows, -CLIP, CLIP, out=rows)


def unit_rows(rows: FloatArray) -> npt.NDArray[np.float32]:
    """Rows (n, wells) without their mean, of length 1, gaps as 0: their products are (nearly) correlations."""
    present = ~np.isnan(rows)
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    filled = np.where(present, rows, 0.0)
    filled = np.where(present, filled - filled.sum(axis=1, keepdims=True) / n, 0.0)
    length = np.sqrt((filled**2).sum(axis=1, keepdims=True))
    return (filled / np.where(length > 0, length, 1.0)).astype(np.float32)


def fisher_z(correlation: FloatArray) -> FloatArray:
    """Fisher's z of correlations; 1 − 1e-12 stands for perfect agreement."""
    return np.asarray(np.arctanh(np.clip(correlation, -1 + 1e-12, 1 - 1e-12)))
