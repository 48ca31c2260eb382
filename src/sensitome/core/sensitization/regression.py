"""The drug arm regressed on the vehicle: what a reagent does beyond what its general toxicity predicts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, z_test

__all__ = ["local_mad", "regression_residual", "robust_spline"]

FloatArray = npt.NDArray[np.float64]

#: Tukey's constant: 95 % efficient under normal noise.
BISQUARE = 4.685
ROUNDS = 20
#: Fewer reagents than this do not carry a curve.
FEWEST = 20


def regression_residual(screen: Contrasts, *, knots: int = 4) -> ContextTest:
    """Distance of the drug arm from a robust curve on the vehicle, in local MADs.

    Parameters
    ----------
    screen : from `contrasts`; one replicate is enough
    knots : of the natural cubic spline, at the quantiles of the vehicle; 2 = a straight line

    Returns
    -------
    ContextTest; effect = residual, log2; NaN in contexts with fewer than 20 reagents

    Notes
    -----
    Vehicle readings carry noise, so that the curve is flatter than the truth, and part of the effect of toxic
    sensitizers goes into it (attenuation). p from the normal distribution, as for the robust z.

    References
    ----------
    Tukey's bisquare by iterated weights: Beaton & Tukey 1974, doi:10.1080/00401706.1974.10489171
    """
    residual = np.full(screen.effect.shape, np.nan)
    scale = np.full(screen.effect.shape, np.nan)
    for _, line, drug in np.ndindex(1, *screen.effect.shape[1:]):
        x, y = screen.main[:, line], screen.with_drug[:, line, drug]
        there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if len(there) < FEWEST:
            continue
        residual[there, line, drug] = y[there] - robust_spline(x[there], y[there], knots=knots)
        scale[there, line, drug] = local_mad(residual[there, line, drug], x[there])
    return z_test(residual, scale * np.sqrt(screen.doubt))


def robust_spline(x: FloatArray, y: FloatArray, *, knots: int = 4) -> FloatArray:
    """Natural cubic spline of y on x by Tukey's bisquare.

    Parameters
    ----------
    x, y : (n,), finite
    knots : at least 2; the outer ones lie at the ends, the others at quantiles

    Returns
    -------
    (n,) fitted values; x that does not vary gives a constant

    Notes
    -----
    Weights (1 − (r / 4.685 s)²)² with s = 1.4826 median|r|, iterated until the fit moves less than 1e-8 s, from least
    absolute deviations (three rounds with weights 1/|r|).
    """
    basis = _basis(x, knots=knots)
    fitted = np.full(len(y), np.median(y))
    for turn in range(ROUNDS):
        residual = y - fitted
        scale = robust.MAD_SCALE * float(np.median(np.abs(residual)))
        if not scale > 0:
            return fitted
        if turn < 3:
            weight = 1 / np.maximum(np.abs(residual), 1e-3 * scale)
        else:
            weight = np.maximum(1 - (residual / (BISQUARE * scale)) ** 2, 0.0) ** 2
        root = np.sqrt(weight)
        coefficients = np.linalg.lstsq(basis * root[:, None], y * root, rcond=None)[0]
        moved = basis @ coefficients
        step, fitted = float(np.abs(moved - fitted).max()), moved
        if turn > 3 and step < 1e-8 * scale:
            break
    return np.asarray(fitted)


def local_mad(residual: FloatArray, x: FloatArray) -> FloatArray:
    """Scaled median of |residual| among the reagents with the nearest ranks of x.

    Parameters
    ----------
    residual, x : (n,), finite

    Returns
    -------
    (n,); windows of a tenth of the reagents, at least 30 and at most 300; at the ends they are the outermost ones
    """
    count = len(x)
    width = min(max(count // 10, 30), 300, count)
    order = np.argsort(x, kind="stable")
    windows = np.lib.stride_tricks.sliding_window_view(np.abs(residual[order]), width)
    middle = robust.MAD_SCALE * np.median(windows, axis=1)
    answer = np.empty(count)
    answer[order] = middle[np.clip(np.arange(count) - width // 2, 0, len(middle) - 1)]
    return answer


def _basis(x: FloatArray, *, knots: int) -> FloatArray:
    """Natural cubic splines (n, knots) on x scaled to 0 … 1; fewer columns where knots coincide."""
    span = float(x.max() - x.min())
    if not span > 0:
        return np.ones((len(x), 1))
    scaled = (x - x.min()) / span
    places = np.unique(np.quantile(scaled, np.linspace(0, 1, max(knots, 2))))

    def beyond(knot: float) -> FloatArray:
        return np.asarray((np.maximum(scaled - knot, 0) ** 3 - np.maximum(scaled - 1.0, 0) ** 3) / (1.0 - knot))

    inner = [beyond(knot) - beyond(places[-2]) for knot in places[:-2]]
    return np.stack([np.ones_like(scaled), scaled, *inner], axis=1)
