"""Scale of the noise: single wells, small persistent interactions, and how arms compress general effects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.interaction import replicate_variance
from sensitome.errors import MethodError

__all__ = ["arm_slopes", "assumed_background", "background_variance", "contrast_variance", "well_variance"]

FloatArray = npt.NDArray[np.float64]

#: No screen is more exact than this (log2²); readings that do not vary at all would divide by 0.
LEAST_VARIANCE = 1e-4
#: Variance of small interactions in noise variances of a well, where replicates do not tell: a quarter of its SD.
BACKGROUND_SHARE = 0.0625
#: Standard error of a squared MAD of n normal values, times √n, in variances: 2 √(1 / (2 · 0.3675)), the efficiency of
#: the MAD being 0.3675 (Rousseeuw & Croux 1993, doi:10.1080/01621459.1993.10476408).
MAD_ERROR = 2.33
#: Reagents with a slope of 1 that are counted in beforehand.
EVEN_COUNT = 25


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


def assumed_background(variance: float) -> float:
    """Variance of small interactions where replicates do not tell: a sixteenth of that of a well."""
    return BACKGROUND_SHARE * variance


def background_variance(values: FloatArray, *, variance: float) -> float:
    """Variance of persistent, uninteresting interactions in a drug arm.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; arm 0 = vehicle
    variance : of a single well

    Returns
    -------
    log2²

    Notes
    -----
    The half sum of two replicates of an interaction holds what persists, their half difference has the same noise
    without it: the difference of their robust variances, averaged over contexts and pairs of replicates, estimates the
    background. It is averaged with a sixteenth of `variance`, which counts as one replicate beside the R − 1 that tell
    (more where few reagents tell, so that the standard error of the estimate is beyond a sixteenth of `variance`), and
    stands alone where there is one. The answer is at least a quarter of that.
    """
    assumed = assumed_background(variance)
    contrast = values[:, :, 1:] - values[:, :, :1]
    replicates = values.shape[-1]
    found = [
        robust.nan_mad((contrast[..., i] + contrast[..., j]) / 2, axis=0) ** 2
        - robust.nan_mad((contrast[..., i] - contrast[..., j]) / 2, axis=0) ** 2
        for i in range(replicates)
        for j in range(i)
    ]
    known = [float(np.mean(part[np.isfinite(part)])) for part in found if np.isfinite(part).any()]
    if not known:
        return assumed
    several = np.isfinite(contrast).sum(axis=-1)
    compared = int((several * (several - 1) // 2).sum())
    error = MAD_ERROR * np.sqrt(2 / max(compared, 1)) * variance
    share = min(1 - 1 / replicates, assumed**2 / (assumed**2 + error**2))
    return float(max(assumed + share * (float(np.mean(known)) - assumed), 0.25 * assumed))


def well_variance(values: FloatArray, mean: FloatArray) -> float:
    """Variance of a well, from replicates where there are any.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2
    mean : (items, lines, arms) their means

    Returns
    -------
    log2²; with one replicate from drug minus vehicle, less the background that is assumed

    Raises
    ------
    MethodError
        One replicate and no drug arm, so that nothing tells noise from effects.
    """
    variance = replicate_variance(values)
    if not np.isfinite(variance):
        # Half the variance of a contrast is the noise of a well and half the background.
        variance = contrast_variance(mean) / (1 + BACKGROUND_SHARE / 2)
    if not np.isfinite(variance):
        if values.shape[2] > 1 or values.shape[3] > 1:
            variance = LEAST_VARIANCE
        else:
            raise MethodError(
                "the sensitization model cannot tell noise from effects",
                found="one replicate and no drug arm",
                expected="two replicates or a drug arm",
            )
    return max(variance, LEAST_VARIANCE)


def arm_slopes(mean: FloatArray, *, sd: float) -> FloatArray:
    """How strongly a general effect shows in each arm, relative to the vehicle.

    Parameters
    ----------
    mean : (items, lines, arms), log2
    sd : of a single well

    Returns
    -------
    (lines, arms); the median over reagents beyond max(0.4, 4 SD) of arm / mean of the line's arms, divided by that of
    the vehicle; drawn to 1 as if by 25 more reagents
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
