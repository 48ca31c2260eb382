"""Arithmetic of one-color arrays: floors, quantiles, background and summaries, as the peers do it.

Matrices are samples × features (or spots), float64; NaN = not measured.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks
from sensitome.core.robust import nan_median

__all__ = [
    "center_on_detected",
    "epanechnikov_mode",
    "floor_undetected",
    "half_floor",
    "median_polish",
    "offset_floor",
    "quantile_normalize",
    "rma_background",
    "summarize_probes",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Signals below it are set to it by `half_floor`.
HALF = 0.5


def half_floor(signal: FloatArray) -> FloatArray:
    """Signal with everything below ½ set to ½, as AgiMicroRna ``tgsMicroRna(half = TRUE)``: any shape, counts."""
    return np.asarray(np.where(signal < HALF, HALF, signal), dtype=np.float64)


def offset_floor(signal: FloatArray, *, offset: float = 1.0) -> FloatArray:
    """Signal lifted by |smallest| + offset, as AgiMicroRna ``tgsMicroRna(half = FALSE)``: any shape, counts.

    The smallest is that of all samples, so that all are lifted alike; a matrix without values stays as it is.
    """
    there = signal[np.isfinite(signal)]
    return signal + (abs(float(there.min())) + offset if len(there) else 0.0)


def quantile_normalize(values: FloatArray) -> FloatArray:
    """Give every sample the same distribution: the mean of all samples' order statistics.

    Parameters
    ----------
    values : (samples, features), any unit; NaN = not measured

    Returns
    -------
    (samples, features); ties within a sample get the value of their mean rank, NaN stays NaN

    Notes
    -----
    As limma 3.54.1 ``normalizeQuantiles(ties = TRUE)``, missing values included (tests/oracle/arrays, rtol 1e-12).

    References
    ----------
    Bolstad et al. 2003, doi:10.1093/bioinformatics/19.2.185
    """
    samples, features = values.shape
    if samples < 2 or features < 2:
        return values.copy()
    ordered = np.sort(values, axis=1)  # NaN sorts last
    n = features - np.isnan(values).sum(axis=1)
    grid = np.arange(features) / (features - 1)
    for row in np.flatnonzero(n < features):
        ordered[row] = np.interp(grid, _spaced(n[row]), ordered[row, : n[row]]) if n[row] > 1 else ordered[row, 0]
    target = ordered.mean(axis=0)
    ranks = midranks(values)
    place = (ranks - 1) / np.maximum(n - 1, 1)[:, None]
    return np.asarray(np.where(np.isnan(values), np.nan, _on_grid(place, target)), dtype=np.float64)


def center_on_detected(log2_signal: FloatArray, detected: BoolArray) -> FloatArray:
    """Values less the median of each sample's detected features.

    Parameters
    ----------
    log2_signal : (samples, features), log2 counts
    detected : (samples, features)

    Returns
    -------
    (samples, features), log2; NaN throughout a sample that detects nothing
    """
    return log2_signal - nan_median(np.where(detected, log2_signal, np.nan), axis=1)[:, None]


def floor_undetected(
    values: FloatArray, detected: BoolArray, *, nowhere_only: bool = False, below: float = 0.0
) -> FloatArray:
    """Values with what was not detected set to one common minimum.

    Parameters
    ----------
    values : (samples, features), log2
    detected : (samples, features)
    nowhere_only : set only the features that no sample detects; False = every undetected value
    below : how far the floor lies below the smallest detected value

    Returns
    -------
    (samples, features); unchanged where nothing was detected at all
    """
    seen = values[detected & np.isfinite(values)]
    if not len(seen):
        return values.copy()
    hidden = np.broadcast_to(~detected.any(axis=0), detected.shape) if nowhere_only else ~detected
    return np.asarray(np.where(hidden, seen.min() - below, values), dtype=np.float64)


def epanechnikov_mode(values: FloatArray, *, points: int = 2**14) -> float:
    """Mode of a sample: the top of its kernel density.

    Parameters
    ----------
    values : (n,), finite
    points : of the grid

    Returns
    -------
    Where the density is largest; the first such place

    Notes
    -----
    Epanechnikov kernel, bandwidth 0.9 min(SD, IQR / 1.34) n^(−1/5), the values binned linearly onto twice the grid and
    convolved by FFT, as R ``density`` (tests/oracle/arrays: the same grid point).
    """
    n = len(values)
    low, high = np.quantile(values, [0.25, 0.75])
    sd = float(np.std(values, ddof=1))
    width = 0.9 * (min(sd, float(high - low) / 1.34) or sd or abs(float(values[0])) or 1.0) * n**-0.2
    # R keeps 7 bandwidths of room for the wrap of the FFT, and shows the inner part, 3 bandwidths around the data.
    start, stop = float(values.min()) - 7 * width, float(values.max()) + 7 * width
    mass = _linear_bins(values, start=start, stop=stop, points=points)
    # R before 4.4 spaces the kernel a little wider than the bins; so did every published RMA.
    gap = 2 * (stop - start) / (2 * points - 1)
    lag = np.concatenate([np.arange(points + 1), -np.arange(points - 1, 0, -1)]) * gap
    reach = width * np.sqrt(5)
    kernel = np.where(np.abs(lag) < reach, 0.75 * (1 - (np.abs(lag) / reach) ** 2) / reach, 0.0)
    density = np.fft.irfft(np.fft.rfft(mass) * np.conj(np.fft.rfft(kernel)), 2 * points)[:points]
    shown = np.linspace(float(values.min()) - 3 * width, float(values.max()) + 3 * width, points)
    heights = np.interp(shown, np.linspace(start, stop, points), np.maximum(density, 0.0))
    return float(shown[int(np.argmax(heights))])


def rma_background(signal: FloatArray) -> FloatArray:
    """Signal without its background, by the normal-exponential convolution of RMA.

    Parameters
    ----------
    signal : (samples, spots), counts; NaN = no reading

    Returns
    -------
    (samples, spots), counts, above 0

    Notes
    -----
    Per sample: m = mode of the signals below the overall mode, σ = √2 × their RMS about m, α = 1 / mode of what lies
    above m; with a = x − m − α σ²: a + σ φ(a/σ) / Φ(a/σ). As affy ``bg.parameters`` (tests/oracle/arrays, rtol 1e-9).

    References
    ----------
    Irizarry et al. 2003, doi:10.1093/biostatistics/4.2.249
    """
    return np.stack([_background(row) for row in signal])


def summarize_probes(log2_signal: FloatArray, probe: IntArray, *, probes: int) -> FloatArray:
    """Median over the spots of each probe: (samples, spots) → (samples, probes)."""
    summary = np.full((len(log2_signal), probes), np.nan)
    for number in range(probes):
        summary[:, number] = nan_median(log2_signal[:, probe == number], axis=1)
    return summary


def median_polish(log2_signal: FloatArray, *, rounds: int = 5, tolerance: float = 0.01) -> FloatArray:
    """Level of each sample from all probes of one gene.

    Parameters
    ----------
    log2_signal : (samples, probes), log2, without NaN
    rounds, tolerance : stop after so many rounds, or when the sum of |residuals| changes by less than this share

    Returns
    -------
    (samples,), overall level + effect of the sample

    Notes
    -----
    Rows (probes) first, as R ``medpolish`` (eps 0.01, maxiter 5: those of RMA; tests/oracle/arrays, rtol 1e-12).
    """
    residual = log2_signal.T.copy()
    overall, row, column = 0.0, np.zeros(len(residual)), np.zeros(residual.shape[1])
    before = 0.0
    for _ in range(rounds):
        step = np.median(residual, axis=1)
        residual -= step[:, None]
        row += step
        shift = float(np.median(column))
        column -= shift
        overall += shift
        step = np.median(residual, axis=0)
        residual -= step
        column += step
        shift = float(np.median(row))
        row -= shift
        overall += shift
        now = float(np.abs(residual).sum())
        if now == 0 or abs(now - before) < tolerance * now:
            break
        before = now
    return overall + column


def _spaced(n: int) -> FloatArray:
    """So many points from 0 to 1."""
    return np.arange(n) / (n - 1)


def _on_grid(place: FloatArray, target: FloatArray) -> FloatArray:
    """Values at places from 0 to 1 of an evenly spaced function."""
    position = np.nan_to_num(place) * (len(target) - 1)
    below = np.clip(np.floor(position + 1e-9).astype(np.intp), 0, len(target) - 1)
    part = np.maximum(position - below, 0.0)
    part = np.where(part < 1e-9, 0.0, part)
    return np.asarray(target[below] + part * (target[np.minimum(below + 1, len(target) - 1)] - target[below]))


def _linear_bins(values: FloatArray, *, start: float, stop: float, points: int) -> FloatArray:
    """Weight of each of 2 × points grid places when each value is shared between its two neighbors."""
    position = (values - start) / ((stop - start) / (points - 1))
    below = np.floor(position).astype(np.intp)
    part = position - below
    mass = np.bincount(below, weights=(1 - part) / len(values), minlength=2 * points)
    mass += np.bincount(below + 1, weights=part / len(values), minlength=2 * points)
    return np.asarray(mass, dtype=np.float64)


def _background(row: FloatArray) -> FloatArray:
    """One sample of `rma_background`."""
    from scipy.special import log_ndtr

    there = row[np.isfinite(row)]
    if len(there) < 2 or np.ptp(there) == 0:
        return row.copy()
    mode = epanechnikov_mode(there[there < epanechnikov_mode(there)])
    below, above = there[there < mode] - mode, there[there > mode] - mode
    sigma = float(np.sqrt((below**2).sum() / (len(below) - 1))) * np.sqrt(2)
    alpha = 1 / epanechnikov_mode(above)
    a = row - mode - alpha * sigma**2
    ratio = np.exp(-0.5 * (a / sigma) ** 2 - 0.5 * np.log(2 * np.pi) - log_ndtr(a / sigma))
    return np.asarray(a + sigma * ratio, dtype=np.float64)
