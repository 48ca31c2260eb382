"""Scale of the noise: single wells, small persistent interactions, and how arms compress general effects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["arm_slopes", "background_variance", "contrast_variance"]

FloatArray = npt.NDArray[np.float64]

#: Reagents with a slope of 1 that are counted in beforehand.
EVEN_COUNT = 10


def contrast_variance(mean: FloatArray) -> float:
    """Half the robust variance of drug minus vehicle: the noise of one arm mean, with small true interactions in it.

    Parameters
    ----------
    mean : (items, lines, arms) arm means, log2; arm 0 = vehicle

    Returns
    -------
    log2²; the median over contexts of MAD² / 2; NaN when no context can be tested

    >>> round(contrast_variance(np.random.default_rng(0).normal(size=(4000, 1, 2))), 1)
    1.0
    """
    difference = mean[:, :, 1:] - mean[:, :, :1]
    spread = robust.nan_mad(difference, axis=0)
    spread = spread[np.isfinite(spread) & (spread > 0)]
    return float(np.median(spread**2) / 2) if spread.size else np.nan


def background_variance(contrast: float, *, well: float, replicates: float) -> float:
    """Variance of persistent, uninteresting interactions in a drug arm.

    Parameters
    ----------
    contrast : from `contrast_variance`
    well : variance of a single well; NaN with one replicate
    replicates : typical wells per arm

    Returns
    -------
    max(0, 2 (v − σ²/R)); 0 with one replicate, where noise and background cannot be told apart
    """
    if not (np.isfinite(contrast) and np.isfinite(well)):
        return 0.0
    return max(0.0, 2 * (contrast - well / replicates))


def arm_slopes(mean: FloatArray, *, sd: float) -> FloatArray:
    """How strongly a general effect shows in each arm, relative to the vehicle.

    Parameters
    ----------
    mean : (items, lines, arms), log2
    sd : of a single well

    Returns
    -------
    (lines, arms); the median over reagents beyond max(0.4, 4 SD) of arm / mean of the line's arms, divided by that of
    the vehicle; drawn to 1 as if by 10 more reagents
    """
    line = robust.nan_mean(mean, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        strong = np.abs(line) > max(0.4, 4 * sd)
        share = np.where(strong[:, :, None], mean / line[:, :, None], np.nan)
    slopes = robust.nan_median(share, axis=0)
    count = np.isfinite(share).sum(axis=0)
    usable = (count > 0) & (count[:, :1] > 0) & (slopes[:, :1] > 0) & (slopes > 0)
    ratio = np.where(usable, slopes, 1.0) / np.where(usable, slopes[:, :1], 1.0)
    number = np.where(usable, np.minimum(count, count[:, :1]), 0)
    return np.asarray((number * ratio + EVEN_COUNT) / (number + EVEN_COUNT), dtype=np.float64)
