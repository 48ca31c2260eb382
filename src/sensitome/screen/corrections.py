"""What each named normalization does to a cube of plates: readings and masks in, fitted and normalized values out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core import centering, robust
from sensitome.core.blup import blup_surface
from sensitome.core.locfit import locfit_surface
from sensitome.core.loess import extrapolated, loess_surface
from sensitome.core.polish import VARIANTS, Variant, b_score, median_polish, trimmed_mean_polish
from sensitome.core.r_score import r_score
from sensitome.core.row_column_loess import row_column_loess
from sensitome.settings import NormalizeSettings

__all__ = [
    "Corrected",
    "Masks",
    "Run",
    "b_scored",
    "blup",
    "cellhts2_loess_2007",
    "centered",
    "locfit",
    "r_scored",
    "sights_loess",
    "stats_loess",
    "untouched",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Masks:
    """What the wells are for; each (plates, rows, columns)."""

    sample: BoolArray
    negative: BoolArray
    positive: BoolArray

    def of(self, block: slice) -> Masks:
        """The masks of some of the plates."""
        return Masks(self.sample[block], self.negative[block], self.positive[block])


@dataclass(frozen=True)
class Corrected:
    """Answer of a method; each (plates, rows, columns).

    Parameters
    ----------
    fitted : level or surface that was taken away, in the scale of the readings; NaN where there is none
    normalized : readings after it; NaN plates where the method lacked the wells that it needs
    extrapolated : wells outside the rows and columns of the wells that define a spatial fit
    uncorrected : wells that the method, as its peer does it, leaves at their raw level
    """

    fitted: FloatArray
    normalized: FloatArray
    extrapolated: BoolArray
    uncorrected: BoolArray


Run = Callable[[FloatArray, Masks, NormalizeSettings], Corrected]


def _corrected(
    fitted: FloatArray,
    normalized: FloatArray,
    *,
    defining: BoolArray | None = None,
    uncorrected: BoolArray | None = None,
) -> Corrected:
    """Answer of a method; without defining wells nothing is extrapolated."""
    none = np.zeros(normalized.shape, dtype=np.bool_)
    outside = none if defining is None else extrapolated(defining)
    return Corrected(fitted, normalized, outside, none if uncorrected is None else uncorrected)


def untouched(values: FloatArray, _masks: Masks, _settings: NormalizeSettings) -> Corrected:
    """Leave the readings as they are."""
    return _corrected(np.zeros_like(values), values.copy())


def centered(name: str) -> Run:
    """Run one of the per-plate centerings."""
    record = centering.METHODS[name]

    def run(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
        sample = _defining(masks, settings)
        roles = {"is_negative": masks.negative, "is_positive": masks.positive}
        if record.additive:
            normalized = record.kernel(values, sample, additive=settings.scale == "log2", **roles)
            return _corrected(_difference(values, normalized, settings), normalized)
        normalized = record.kernel(values, sample, **roles)
        return _corrected(_center(name, values, Masks(sample, masks.negative, masks.positive)), normalized)

    return run


def _center(name: str, values: FloatArray, masks: Masks) -> FloatArray:
    """Level of the plate that a score or a percentage starts from, at every well with a reading."""
    centers = {
        "z": lambda: robust.mean(values, masks.sample),
        "robust-z": lambda: robust.median(values, masks.sample),
        "poc": lambda: robust.mean(values, masks.positive),
    }
    level = centers.get(name, lambda: robust.mean(values, masks.negative))()
    return np.where(np.isfinite(values), level[:, None, None], np.nan)


def _defining(masks: Masks, settings: NormalizeSettings) -> BoolArray:
    """Wells that define a plate's statistics or surface."""
    if settings.statistics_from == "samples":
        return masks.sample
    return masks.negative if settings.statistics_from == "negatives" else np.ones_like(masks.sample)


def _difference(values: FloatArray, normalized: FloatArray, settings: NormalizeSettings) -> FloatArray:
    """What was taken away, seen from the answer: the difference of log2 readings, the ratio of raw ones."""
    if settings.scale == "log2":
        return values - normalized
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(normalized != 0, values / normalized, np.nan)


def b_scored(variant: Variant) -> Run:
    """Run one of the B-scores."""
    record = VARIANTS[variant]

    polish = median_polish if record.center == "median" else trimmed_mean_polish

    def run(values: FloatArray, masks: Masks, _settings: NormalizeSettings) -> Corrected:
        normalized = b_score(values, masks.sample, variant=record.name)
        there = np.isfinite(values)
        defining = masks.sample & there if record.fit == "samples" else there
        polished = polish(values, defining, eps=record.eps, max_iterations=record.max_iterations)
        fitted = polished.fitted(missing=record.unestimated)
        return _corrected(np.where(np.isfinite(normalized), fitted, np.nan), normalized, defining=defining)

    return run


def r_scored(values: FloatArray, masks: Masks, _settings: NormalizeSettings) -> Corrected:
    """Run the R-score; it answers scores alone, without the surface behind them."""
    defining = masks.sample & np.isfinite(values)
    return _corrected(np.full(values.shape, np.nan), r_score(values, masks.sample), defining=defining)


def _surface(fit: Callable[[FloatArray, BoolArray, NormalizeSettings], FloatArray]) -> Run:
    """Subtract a fitted surface from log2 readings, or divide raw readings by it."""

    def run(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
        defining = _defining(masks, settings)
        fitted = fit(values, defining, settings)
        if settings.scale == "log2":
            normalized = values - fitted
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                normalized = np.where(fitted > 0, values / fitted, np.nan)
        return _corrected(fitted, normalized, defining=defining & np.isfinite(values))

    return run


def _stats_loess(values: FloatArray, sample: BoolArray, settings: NormalizeSettings) -> FloatArray:
    return loess_surface(
        values,
        sample,
        span=settings.span,
        degree=settings.degree,
        family=settings.family,
        normalize=settings.scale_axes,
    )


def _locfit(values: FloatArray, sample: BoolArray, settings: NormalizeSettings) -> FloatArray:
    return locfit_surface(values, sample, nn=settings.span, h=settings.bandwidth, degree=settings.degree)


def _blup(values: FloatArray, sample: BoolArray, _settings: NormalizeSettings) -> FloatArray:
    return blup_surface(values, sample).surface


def cellhts2_loess_2007(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
    """As the peer did it: not robust, and wells outside the samples' rows and columns left as they are."""
    fitted = loess_surface(
        values, masks.sample, span=settings.span, degree=settings.degree, normalize=True, surface="interpolate"
    )
    fittable = np.isfinite(fitted).any(axis=(1, 2), keepdims=True)
    normalized = np.where(fittable, values - np.where(np.isfinite(fitted), fitted, 0.0), np.nan)
    there = np.isfinite(values)
    return _corrected(
        fitted, normalized, defining=masks.sample & there, uncorrected=there & fittable & ~np.isfinite(fitted)
    )


def sights_loess(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
    """Row and column loess; on raw readings with SIGHTS' robust z a plate, on log2 less the plate's median."""
    defining = masks.sample & np.isfinite(values)
    if settings.scale == "raw":
        factor = row_column_loess(values, masks.sample)
        corrected = values * factor
        score = centering.robust_z(corrected, masks.sample, is_negative=masks.negative, is_positive=masks.positive)
        return _corrected(values - corrected, score, defining=defining)
    factor = row_column_loess(np.exp2(values), masks.sample)
    with np.errstate(invalid="ignore"):
        corrected = values + np.log2(np.where(factor > 0, factor, np.nan))
    normalized = corrected - robust.median(corrected, masks.sample)[:, None, None]
    return _corrected(values - normalized, normalized, defining=defining)


stats_loess = _surface(_stats_loess)
locfit = _surface(_locfit)
blup = _surface(_blup)
