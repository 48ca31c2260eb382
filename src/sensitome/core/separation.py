"""How far the controls of each plate lie apart: Z′, SSMD, dynamic range, signal window, variation.

All figures take a cube (plates, rows, columns) and two masks of the same shape, and return one number a plate. A plate
with fewer than two wells of a class has no spread and so no figure: NaN.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core.robust import mad, mean, median, sd

__all__ = [
    "coefficient_of_variation",
    "counts",
    "dynamic_range",
    "signal_window",
    "ssmd",
    "z_prime",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Spread = Literal["sd", "mad"]


def counts(values: FloatArray, mask: BoolArray) -> npt.NDArray[np.intp]:
    """Count the wells of a class with a reading, per plate: (plates,)."""
    present: npt.NDArray[np.intp] = np.sum(mask & ~np.isnan(values), axis=(1, 2))
    return present


def z_prime(values: FloatArray, *, positive: BoolArray, negative: BoolArray, spread: Spread = "sd") -> FloatArray:
    """Z′: the share of the distance between the controls that is free of their spread.

    Parameters
    ----------
    values : (plates, rows, columns), raw or normalized signal; NaN = no reading
    positive, negative : (plates, rows, columns); the two control classes
    spread : "sd" with means (the classic Z′), or "mad" with medians (robust Z′, 1.4826 MAD)

    Returns
    -------
    (plates,), at most 1; −inf where the centers coincide; NaN with fewer than two wells in a class, or when nothing
    varies at all

    Notes
    -----
    Z′ = 1 − 3 (s_pos + s_neg) / |c_pos − c_neg|. Equals cellHTS2 ``getZfactor`` (robust = "mad") on the wells given:
    .756 and .808 for the two replicates of the KcViab screen.

    References
    ----------
    Zhang JH et al. 1999, doi:10.1177/108705719900400206; robust form: Birmingham et al. 2009, doi:10.1038/nmeth.1351

    >>> cube = np.array([[[10.0, 12.0, 100.0, 104.0]]])
    >>> is_pos = np.array([[[True, True, False, False]]])
    >>> z_prime(cube, positive=is_pos, negative=~is_pos).round(4)
    array([0.8601])
    """
    center_pos, spread_pos = _center_and_spread(values, positive, spread)
    center_neg, spread_neg = _center_and_spread(values, negative, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - 3 * (spread_pos + spread_neg) / np.abs(center_pos - center_neg))


def ssmd(log2_values: FloatArray, *, positive: BoolArray, negative: BoolArray, spread: Spread = "sd") -> FloatArray:
    """Strictly standardized mean difference of the controls: their distance in SDs of the difference.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    positive, negative : (plates, rows, columns); the two control classes
    spread : "sd" with means, or "mad" with medians (robust)

    Returns
    -------
    (plates,), in SDs; positive when the positive controls are lower (they kill); infinite when neither class varies

    Notes
    -----
    β = (c_neg − c_pos) / √(s_neg² + s_pos²), the plug-in estimate for independent wells.

    References
    ----------
    Zhang XD 2007, doi:10.1016/j.ygeno.2006.12.014; medians and MADs: Chung et al. 2008, doi:10.1177/1087057107312035
    """
    center_pos, spread_pos = _center_and_spread(log2_values, positive, spread)
    center_neg, spread_neg = _center_and_spread(log2_values, negative, spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((center_neg - center_pos) / np.hypot(spread_pos, spread_neg))


def dynamic_range(values: FloatArray, *, positive: BoolArray, negative: BoolArray) -> FloatArray:
    """Distance between the controls as cellHTS2 states it: a ratio when all values allow it, else a difference.

    Parameters
    ----------
    values : (plates, rows, columns), raw or normalized signal; NaN = no reading
    positive, negative : (plates, rows, columns); the two control classes

    Returns
    -------
    (plates,); the rule is chosen once for all plates, so that they can be compared

    Notes
    -----
    All control values > 0: exp |mean(ln neg) − mean(ln pos)|, the ratio of the geometric means, ≥ 1.
    Otherwise: |mean(neg) − mean(pos)|. As cellHTS2 ``getDynamicRange``.
    """
    either = positive | negative
    readings = values[either]
    if np.all(readings[~np.isnan(readings)] > 0):
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.where(either, values, np.nan))
        return np.asarray(np.exp(np.abs(mean(logs, negative) - mean(logs, positive))))
    return np.asarray(np.abs(mean(values, negative) - mean(values, positive)))


def signal_window(values: FloatArray, *, positive: BoolArray, negative: BoolArray) -> FloatArray:
    """Room between the controls' 3-SD bands, in SDs of the class with the higher signal.

    Parameters
    ----------
    values : (plates, rows, columns), raw signal; NaN = no reading
    positive, negative : (plates, rows, columns); the two control classes

    Returns
    -------
    (plates,), in SDs; negative when the bands overlap

    Notes
    -----
    SW = (|m_pos − m_neg| − 3 (s_pos + s_neg)) / s_high.

    References
    ----------
    Sittampalam et al. 1997, doi:10.1177/108705719700200306; Iversen et al. 2006, doi:10.1177/1087057105285610
    """
    center_pos, spread_pos = _center_and_spread(values, positive, "sd")
    center_neg, spread_neg = _center_and_spread(values, negative, "sd")
    spread_high = np.where(center_pos > center_neg, spread_pos, spread_neg)
    room = np.abs(center_pos - center_neg) - 3 * (spread_pos + spread_neg)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(room / spread_high)


def coefficient_of_variation(values: FloatArray, mask: BoolArray) -> FloatArray:
    """Spread of one class of wells relative to its mean.

    Parameters
    ----------
    values : (plates, rows, columns), raw signal; NaN = no reading
    mask : (plates, rows, columns); the class

    Returns
    -------
    (plates,), in percent: 100 s / |m|; NaN with fewer than two wells or a mean of 0
    """
    center, spread = _center_and_spread(values, mask, "sd")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 100 * spread / np.abs(center)
    return np.where(np.isfinite(share), share, np.nan)


def _center_and_spread(values: FloatArray, mask: BoolArray, spread: Spread) -> tuple[FloatArray, FloatArray]:
    """Center and spread of the masked wells per plate; NaN with fewer than two."""
    used = mask.any(axis=0)  # controls lie in few places: the others need not be sorted
    wells, chosen = values[:, None, used], mask[:, None, used]
    few = counts(wells, chosen) < 2
    if spread == "mad":
        center, width = median(wells, chosen), mad(wells, chosen)
    else:
        center, width = mean(wells, chosen), sd(wells, chosen)
    return np.where(few, np.nan, center), np.where(few, np.nan, width)
