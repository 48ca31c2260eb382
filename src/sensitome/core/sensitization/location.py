"""Tests of sensitization that know one thing of a context: where most reagents lie, and how widely they scatter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.sensitization.contrasts import (
    ContextTest,
    Contrasts,
    normal_two_sided,
    spread_by_context,
    z_test,
)

__all__ = ["drugz", "effect_ratio", "monotone_sliding_sd", "robust_z_of_interaction"]

FloatArray = npt.NDArray[np.float64]

#: Guides on either side of a window in drugZ, and the step between windows.
HALF_WINDOW = 500
STEP = 25


def robust_z_of_interaction(screen: Contrasts) -> ContextTest:
    """Distance of each interaction from the median of its context, in scaled MADs.

    Parameters
    ----------
    screen : from `contrasts`; one replicate is enough

    Returns
    -------
    ContextTest; interactions whose replicates quarrel are divided by the root of their doubt

    Notes
    -----
    z = (δ − median δ) / (1.4826 MAD δ), p from the normal distribution. Wells that went wrong have heavier tails than
    that: on simulated screens with 1 % such wells about half of the calls at z < −3 are false with one replicate.

    References
    ----------
    Birmingham et al. 2009, doi:10.1038/nmeth.1351
    """
    center, scale = spread_by_context(screen.effect)
    return z_test(screen.effect - center, scale * np.sqrt(screen.doubt))


def effect_ratio(screen: Contrasts) -> ContextTest:
    """Treatment over control, as synlet: the ratio of medians, against the median and MAD of all ratios.

    Parameters
    ----------
    screen : from `contrasts`; one replicate is enough

    Returns
    -------
    ContextTest; effect = log2 of the ratio, statistic = (ratio − median) / MAD on the plain scale; no p

    Notes
    -----
    ratio = median(treated plates) / median(control plates); a hit lies below median(ratio) − k MAD(ratio), k = 3, one
    side only. On the plain scale gains spread more than losses, which widens the MAD.

    References
    ----------
    Shao et al. 2016, synlet, doi:10.18129/B9.bioc.synlet
    """
    plain = np.exp2(screen.values)
    middle = robust.nan_median(plain, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = middle[:, :, 1:] / middle[:, :, :1]
        center, scale = spread_by_context(ratio)
        statistic = np.where(scale > 0, (ratio - center) / scale, np.nan) / np.sqrt(screen.doubt)
        effect = np.log2(ratio)
    nothing = np.full(ratio.shape, np.nan)
    return ContextTest(effect, nothing, nothing, nothing, statistic, nothing, nothing)


def drugz(screen: Contrasts, *, half_window: int = HALF_WINDOW, step: int = STEP) -> ContextTest:
    """Z of drugZ, for plates: differences against those of reagents with a similar vehicle, summed over replicates.

    Parameters
    ----------
    screen : from `contrasts`; one replicate is enough
    half_window, step : reagents on either side of a window, and between windows; a library smaller than two windows
        uses halves of a quarter of itself, so that the SD can still follow the vehicle

    Returns
    -------
    ContextTest; statistic = the sum of z over replicates / √n, standardized over the reagents; p normal, two-sided

    Notes
    -----
    z_r = δ_r / sd(vehicle), where sd is a sliding SD along falling vehicle viability, made to never fall:
    `monotone_sliding_sd`. drugZ itself stops on libraries of 250 guides or fewer and misreads those up to 500.

    References
    ----------
    Colic et al. 2019, doi:10.1186/s13073-019-0665-3
    """
    difference = screen.values[:, :, 1:] - screen.values[:, :, :1]
    vehicle = np.broadcast_to(screen.values[:, :, :1], difference.shape)
    scale = np.full(difference.shape, np.nan)
    for context in np.ndindex(difference.shape[1:]):
        own = (slice(None), *context)
        scale[own] = monotone_sliding_sd(difference[own], vehicle[own], half_window=half_window, step=step)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(scale > 0, difference / scale, np.nan)
    count = np.isfinite(z).sum(axis=-1)
    total = np.where(count > 0, np.nansum(np.where(np.isfinite(z), z, 0.0), axis=-1), np.nan)
    summed = total / np.sqrt(np.maximum(count, 1)) / np.sqrt(screen.doubt)
    spread = robust.nan_sd(summed, axis=0)[None]
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(spread > 0, (summed - robust.nan_mean(summed, axis=0)[None]) / spread, np.nan)
    error = robust.nan_mean(scale, axis=-1) * np.where(spread > 0, spread, np.nan) / np.sqrt(np.maximum(count, 1))
    test = z_test(screen.effect, error, statistic=statistic)
    return ContextTest(test.effect, error, test.ci_low, test.ci_high, statistic, normal_two_sided(statistic), test.rate)


def monotone_sliding_sd(
    difference: FloatArray, vehicle: FloatArray, *, half_window: int = HALF_WINDOW, step: int = STEP
) -> FloatArray:
    """SD of the differences of reagents with a similar vehicle reading, never falling as viability falls.

    Parameters
    ----------
    difference, vehicle : (items,), log2; NaN = no reading
    half_window, step : items on either side of a window, and between windows

    Returns
    -------
    (items,), log2; NaN where either is missing, and throughout when fewer than 3 items have both
    """
    there = np.flatnonzero(np.isfinite(difference) & np.isfinite(vehicle))
    answer = np.full(difference.shape, np.nan)
    count = len(there)
    if count < 3:
        return answer
    half = half_window if count > 2 * half_window else max(count // 4, 1)
    order = there[np.argsort(-vehicle[there], kind="stable")]
    ordered = difference[order]
    first, last = min(half, count - 1), max(count - half, 1)
    centers = np.arange(first, max(last, first + 1), step)
    cumulated = np.concatenate([[0.0], np.cumsum(ordered)])
    squares = np.concatenate([[0.0], np.cumsum((ordered - ordered.mean()) ** 2)])
    low, high = np.maximum(centers - half, 0), np.minimum(centers + half, count)
    width = high - low
    mean = (cumulated[high] - cumulated[low]) / width - ordered.mean()
    variance = (squares[high] - squares[low] - width * mean**2) / np.maximum(width - 1, 1)
    rising = np.maximum.accumulate(np.sqrt(np.maximum(variance, 0.0)))
    slot = np.clip((np.arange(count) - centers[0]) // step, 0, len(centers) - 1)
    answer[order] = rising[slot]
    return answer
