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
from sensitome.core.polish import VARIANTS, Variant, b_score
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
    fitted : what was taken away, in the scale of the readings; NaN where nothing was
    normalized : readings after it; NaN plates where the method lacked the wells that it needs
    extrapolated : wells outside the rows and columns of the wells that define a spatial fit
    """

    fitted: FloatArray
    normalized: FloatArray
    extrapolated: BoolArray


Run = Callable[[FloatArray, Masks, NormalizeSettings], Corrected]


def untouched(values: FloatArray, _masks: Masks, _settings: NormalizeSettings) -> Corrected:
    """Leave the readings as they are."""
    return Corrected(np.zeros_like(values), values.copy(), np.zeros(values.shape, dtype=np.bool_))


def centered(name: str) -> Run:
    """Run one of the per-plate centerings."""
    record = centering.METHODS[name]

    def run(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
        sample = _defining(masks, settings)
        roles = {"is_negative": masks.negative, "is_positive": masks.positive}
        if record.additive:
            normalized = record.kernel(values, sample, additive=settings.scale == "log2", **roles)
        else:
            normalized = record.kernel(values, sample, **roles)
        return Corrected(_level(values, normalized, settings), normalized, np.zeros(values.shape, dtype=np.bool_))

    return run


def _defining(masks: Masks, settings: NormalizeSettings) -> BoolArray:
    """Wells that define a plate's statistics or surface."""
    if settings.statistics_from == "samples":
        return masks.sample
    return masks.negative if settings.statistics_from == "negatives" else np.ones_like(masks.sample)


def _level(values: FloatArray, normalized: FloatArray, settings: NormalizeSettings) -> FloatArray:
    """What was taken away, seen from the answer: the difference of log2 readings, the ratio of raw ones."""
    if settings.scale == "log2":
        return values - normalized
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(normalized != 0, values / normalized, np.nan)


def b_scored(variant: Variant) -> Run:
    """Run one of the B-scores."""
    record = VARIANTS[variant]

    def run(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
        normalized = b_score(values, masks.sample, variant=record.name)
        defines = masks.sample if record.fit == "samples" else np.isfinite(values)
        return Corrected(_level(values, normalized, settings), normalized, extrapolated(defines & np.isfinite(values)))

    return run


def r_scored(values: FloatArray, masks: Masks, _settings: NormalizeSettings) -> Corrected:
    """Run the R-score."""
    normalized = r_score(values, masks.sample)
    return Corrected(values - normalized, normalized, extrapolated(masks.sample & np.isfinite(values)))


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
        return Corrected(fitted, normalized, extrapolated(defining & np.isfinite(values)))

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
    outside = extrapolated(masks.sample & np.isfinite(values))
    fittable = np.isfinite(fitted).any(axis=(1, 2), keepdims=True)
    normalized = np.where(fittable, values - np.where(np.isfinite(fitted), fitted, 0.0), np.nan)
    return Corrected(fitted, normalized, outside)


def sights_loess(values: FloatArray, masks: Masks, settings: NormalizeSettings) -> Corrected:
    """Row and column loess; on raw readings with SIGHTS' robust z a plate, on log2 less the plate's median."""
    outside = extrapolated(masks.sample & np.isfinite(values))
    if settings.scale == "raw":
        factor = row_column_loess(values, masks.sample)
        corrected = values * factor
        score = centering.robust_z(corrected, masks.sample, is_negative=masks.negative, is_positive=masks.positive)
        return Corrected(values - corrected, score, outside)
    factor = row_column_loess(np.exp2(values), masks.sample)
    with np.errstate(invalid="ignore"):
        corrected = values + np.log2(np.where(factor > 0, factor, np.nan))
    normalized = corrected - robust.median(corrected, masks.sample)[:, None, None]
    return Corrected(values - normalized, normalized, outside)


stats_loess = _surface(_stats_loess)
locfit = _surface(_locfit)
blup = _surface(_blup)
