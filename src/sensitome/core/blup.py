"""Plate surfaces by best linear unbiased prediction, with variance components pooled over all plates.

A loess surface costs every plate the same number of parameters, whether the plate has an artefact or not. Here rows,
columns, the edge and two smooth fields are random effects; their variances are estimated once from all plates, and the
surface of each plate is shrunk by them. Without artefacts the variances are near 0 and so is the surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["COMPONENTS", "BlupSurface", "Component", "blup_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

Component = Literal["rows", "columns", "edge", "local", "broad"]

#: The parts of a surface.
COMPONENTS: tuple[Component, ...] = get_args(Component)

#: Wells over which the edge effect falls to 1/e, and length scales of the two smooth fields, in wells.
_EDGE, _LOCAL, _BROAD = 0.8, 5.0, 12.0
#: Noise is at least this share of the variance, so that every covariance can be inverted.
_LEAST_NOISE = 1e-6
#: Numbers that one batch of small linear systems, or of products, may hold.
_BATCH = 4_000_000


@dataclass(frozen=True)
class BlupSurface:
    """Predicted surfaces of plates, and how much of the variance is spatial.

    Parameters
    ----------
    surface : (plates, rows, columns), in the unit of the signal, level included; NaN plates where fewer than 2 wells
        define the fit
    level : (plates,), the generalized least-squares level of each plate
    variances : variance of each component, in squared units of the signal
    spatial_variance : mean variance within plates that the components explain together
    noise_variance : variance of single wells around the surface (true effects of reagents included)
    """

    surface: FloatArray
    level: FloatArray
    variances: dict[Component, float]
    spatial_variance: float
    noise_variance: float

    @property
    def spatial_share(self) -> float:
        """Spatial variance as a share of all variance within plates, 0 to 1."""
        total = self.spatial_variance + self.noise_variance
        return self.spatial_variance / total if total > 0 else 0.0

    @property
    def spatial_to_noise(self) -> float:
        """Spatial variance as a multiple of the noise variance."""
        return self.spatial_variance / self.noise_variance if self.noise_variance > 0 else 0.0


@dataclass(frozen=True)
class _Kernel:
    """Covariance w(i) A(row i, row j) B(column i, column j) w(j) between wells: products cost rows + columns a well."""

    weight: FloatArray
    rows: FloatArray
    columns: FloatArray

    def apply(self, cube: FloatArray) -> FloatArray:
        """Multiply the wells of each plate by the covariance."""
        product: FloatArray = self.weight * (self.rows @ (self.weight * cube) @ self.columns)
        return product

    def times(self, other: _Kernel) -> _Kernel:
        """Element-wise product of two covariances."""
        return _Kernel(self.weight * other.weight, self.rows * other.rows, self.columns * other.columns)

    def diagonal(self) -> FloatArray:
        """(rows, columns) variances."""
        return self.weight**2 * np.diag(self.rows)[:, None] * np.diag(self.columns)[None, :]

    def matrix(self) -> FloatArray:
        """(wells, wells) covariance."""
        weight = self.weight.ravel()
        return weight[:, None] * np.kron(self.rows, self.columns) * weight[None, :]


def blup_surface(
    log2_signal: FloatArray,
    defines_fit: BoolArray,
    *,
    components: Sequence[Component] = COMPONENTS,
    winsorize: float = 2.5,
) -> BlupSurface:
    """Predict the surface of every plate from its own wells and the variances of all plates.

    Parameters
    ----------
    log2_signal : (plates, rows, columns), log2 units; NaN = no reading. Plates whose artefacts may differ in kind (cell
        lines, instruments) are better given in calls of their own, since the variances are pooled
    defines_fit : (plates, rows, columns); wells that define the surface, usually the samples
    components : the parts that a surface may have
    winsorize : readings further than this many scaled MADs from the median of their plate are drawn in to that distance
        before anything is estimated, so that strong hits do not bend the surface; ``np.inf`` for none

    Returns
    -------
    `BlupSurface`; the surface is given at every well of the format, controls and empty wells included

    Notes
    -----
    Model, within a plate: e = μ1 + Z_r u_r + Z_c u_c + b · edge + g_local + g_broad + ε, with edge = exp(−d / 0.8) at d
    wells from the nearest edge and Gaussian fields of covariance exp(−distance² / 2ℓ²), ℓ = 5 and 12 wells. With K_q
    the covariance of component q per unit of variance, θ = argmin over θ ≥ 0 of Σ_plates Σ_{i≠j} (e_i e_j − E[e_i
    e_j])², where e is centered on its plate's mean and E[e_i e_j] = Σ_q θ_q (M K_q M)_ij − σ²/n is its exact
    expectation under that centering (M = I − 11ᵀ/n); σ² follows from the diagonal. Products of single wells with
    themselves do not enter, so θ is free of noise. The surface is ŝ = μ̂ + G V⁻¹(e − μ̂1), V = G + σ²I on the wells
    that define the fit, μ̂ by generalized least squares. Isolated true effects are attenuated by a few percent, the
    price of the shrinkage.

    References
    ----------
    Robinson 1991, doi:10.1214/ss/1177011926 (BLUP); Haseman & Elston 1972, doi:10.1007/BF01066731 (moments)

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> plates = 12 + 0.3 * rng.normal(size=(20, 16, 24)) + rng.normal(size=(20, 16, 1))
    >>> fit = blup_surface(plates, np.ones(plates.shape, dtype=bool))
    >>> round(fit.variances["rows"], 1), round(fit.spatial_share, 1)
    (1.0, 0.9)
    """
    there = defines_fit & np.isfinite(log2_signal)
    kernels = [_kernel(name, log2_signal.shape[1:]) for name in components]
    center, residual = _centered(log2_signal, there, winsorize=winsorize)
    usable = there.sum(axis=(1, 2)) >= 2
    theta, noise, spatial = _variances(residual[usable], there[usable], kernels)
    level = np.full(len(there), np.nan)
    surface = np.full(log2_signal.shape, np.nan)
    shift, field = _predict(residual[usable], there[usable], kernels, theta=theta, noise=noise)
    level[usable] = center[usable] + shift
    surface[usable] = level[usable][:, None, None] + field
    return BlupSurface(surface, level, dict(zip(components, theta.tolist(), strict=True)), spatial, noise)


def _kernel(name: Component, shape: tuple[int, ...]) -> _Kernel:
    """Covariance of one component of unit variance on a plate of that shape."""
    rows, columns = shape
    ones = np.ones((rows, columns))
    if name == "rows":
        return _Kernel(ones, np.eye(rows), np.ones((columns, columns)))
    if name == "columns":
        return _Kernel(ones, np.ones((rows, rows)), np.eye(columns))
    row, column = np.arange(rows), np.arange(columns)
    if name == "edge":
        from_row, from_column = np.minimum(row, row[::-1]), np.minimum(column, column[::-1])
        edge = np.exp(-np.minimum(from_row[:, None], from_column[None, :]) / _EDGE)
        return _Kernel(edge, np.ones((rows, rows)), np.ones((columns, columns)))
    length = _LOCAL if name == "local" else _BROAD
    # The squared distance is a sum over the two axes, so the covariance is a product over them.
    along_rows, along_columns = (np.exp(-((x[:, None] - x[None, :]) ** 2) / (2 * length**2)) for x in (row, column))
    return _Kernel(ones, along_rows, along_columns)


def _centered(signal: FloatArray, there: BoolArray, *, winsorize: float) -> tuple[FloatArray, FloatArray]:
    """(plates,) mean of the winsorized readings, and the readings around it; 0 where a well does not define the fit."""
    median, spread = robust.median(signal, there), robust.mad(signal, there)
    # Readings that mostly agree have no MAD to draw the others in by.
    reach = np.where(spread > 0, winsorize * spread, np.inf)[:, None, None]
    drawn = np.clip(np.where(there, signal, np.nan) - median[:, None, None], -reach, reach)
    mean = robust.mean(drawn, there)
    return median + mean, np.where(there, drawn - mean[:, None, None], 0.0)


def _patterns(there: BoolArray) -> tuple[BoolArray, IntArray]:
    """The distinct sets of wells that plates have, and which one each plate has."""
    packed = np.packbits(there.reshape(len(there), -1), axis=1)
    _, first, of_plate = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return there[first], of_plate.reshape(-1).astype(np.intp)


def _variances(e: FloatArray, there: BoolArray, kernels: list[_Kernel]) -> tuple[FloatArray, float, float]:
    """Variance of each component, of the noise, and of the surface within plates."""
    freedom = float((there.sum(axis=(1, 2)) - 1).sum())
    total = float((e * e).sum()) / freedom if freedom else 0.0
    if total == 0 or not kernels:
        return np.zeros(len(kernels)), total, 0.0
    gram, target, trace = _moments(e, there, kernels, total=total, freedom=freedom)
    theta = _nonnegative_least_squares(gram, target)
    spatial = float(theta @ trace) / freedom
    return theta, max(total - spatial, _LEAST_NOISE * total), spatial


@dataclass(frozen=True)
class _Sums:
    """What the moments need: sums over plates, with A = MKM the centered covariance."""

    gram: FloatArray  # Σ_{i≠j} A_q A_r
    target: FloatArray  # Σ_{i≠j} e_i e_j A_q
    trace: FloatArray  # Σ_i A_q
    trace_by_wells: FloatArray  # Σ_i A_q / n
    squares_by_wells: float  # Σ_i e_i² / n
    pairs: float  # (n − 1) / n

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(*(mine + its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)))


def _moments(
    e: FloatArray, there: BoolArray, kernels: list[_Kernel], *, total: float, freedom: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Normal equations of the off-diagonal products, and the trace of each centered covariance, over all plates."""
    step = max(1, _BATCH // (2 * len(kernels) * e[0].size))
    parts = [_sums(e[at : at + step], there[at : at + step], kernels) for at in range(0, len(e), step)]
    sums = parts[0]
    for part in parts[1:]:
        sums = sums + part
    # σ² = total − θᵀc, put into −σ²/n, turns each covariance A into A + c/n and each product e_i e_j into e_i e_j +
    # total/n.
    c = sums.trace / freedom
    crossed = c[:, None] * sums.trace_by_wells[None, :]
    gram = sums.gram - crossed - crossed.T + sums.pairs * c[:, None] * c[None, :]
    target = sums.target - c * sums.squares_by_wells - total * sums.trace_by_wells + total * c * sums.pairs
    return gram, target, sums.trace


def _sums(e: FloatArray, there: BoolArray, kernels: list[_Kernel]) -> _Sums:
    """Sums over plates, from products of covariances with o = 1 where a well is there.

    tr(A_q A_r) = oᵀ(K_q∘K_r)o − (2/n) Σ (K_q o)(K_r o) + (oᵀK_q o)(oᵀK_r o)/n², so no (wells × wells) matrix of a plate
    is ever made; and what depends on the set of wells alone is computed once for each distinct set.
    """
    sets, of_plate = _patterns(there)
    plates = np.bincount(of_plate, minlength=len(sets)).astype(float)
    o = sets.astype(float)
    n = o.sum(axis=(1, 2))
    squares = np.zeros(o.shape)
    np.add.at(squares, of_plate, e * e)
    reached = np.stack([o * kernel.apply(o) for kernel in kernels])
    sums = reached.sum(axis=(2, 3))
    own = np.stack([kernel.diagonal() for kernel in kernels])[:, None]
    diagonal = o * (own - 2 * reached / n[:, None, None] + (sums / n**2)[:, :, None, None])
    traces = diagonal.sum(axis=(2, 3))
    gram = np.empty((len(kernels), len(kernels)))
    for q, first in enumerate(kernels):
        for r, second in enumerate(kernels[: q + 1]):
            whole = (o * first.times(second).apply(o)).sum(axis=(1, 2)) + sums[q] * sums[r] / n**2
            whole -= 2 / n * (reached[q] * reached[r]).sum(axis=(1, 2))
            gram[q, r] = gram[r, q] = (whole - (diagonal[q] * diagonal[r]).sum(axis=(1, 2))) @ plates
    whole_target = np.array([float((e * kernel.apply(e)).sum()) for kernel in kernels])
    return _Sums(
        gram=gram,
        target=whole_target - (squares * diagonal).sum(axis=(1, 2, 3)),
        trace=traces @ plates,
        trace_by_wells=traces @ (plates / n),
        squares_by_wells=float((squares.sum(axis=(1, 2)) / n).sum()),
        pairs=float((plates * (n - 1) / n).sum()),
    )


def _nonnegative_least_squares(gram: FloatArray, target: FloatArray) -> FloatArray:
    """Minimize θᵀ gram θ / 2 − targetᵀ θ over θ ≥ 0, where components may be hard to tell apart on a small format."""
    from scipy.optimize import nnls

    size, axes = np.linalg.eigh(gram)
    kept = size > 1e-12 * size[-1]
    root = np.sqrt(size[kept])
    theta, _ = nnls(root[:, None] * axes[:, kept].T, (axes[:, kept].T @ target) / root)
    answer: FloatArray = theta
    return answer


def _predict(
    e: FloatArray, there: BoolArray, kernels: list[_Kernel], *, theta: FloatArray, noise: float
) -> tuple[FloatArray, FloatArray]:
    """(plates,) level and (plates, rows, columns) field of each plate, relative to its mean."""
    parts = [(variance, kernel) for variance, kernel in zip(theta, kernels, strict=True) if variance > 0]
    if not parts or not len(e):
        return np.zeros(len(e)), np.zeros(e.shape)
    ever = there.any(axis=0).ravel()
    wells = np.flatnonzero(ever)
    covariance = sum(variance * kernel.matrix()[np.ix_(wells, wells)] for variance, kernel in parts)
    precision = np.linalg.inv(covariance + noise * np.eye(len(wells)))
    present = there.reshape(len(there), -1)[:, wells]
    readings = e.reshape(len(e), -1)[:, wells]
    sets, of_plate = _patterns(there)
    present_in_set = sets.reshape(len(sets), -1)[:, wells]
    of_ones = _solve(precision, present_in_set.astype(float), present_in_set)[of_plate]
    of_readings = _solve(precision, readings, present)
    level = of_readings.sum(axis=1) / of_ones.sum(axis=1)
    weights = np.zeros((len(e), ever.size))
    weights[:, wells] = of_readings - level[:, None] * of_ones
    cube = weights.reshape(e.shape)
    field = np.zeros(e.shape)
    for variance, kernel in parts:
        field += variance * kernel.apply(cube)
    return level, field


def _solve(precision: FloatArray, values: FloatArray, present: BoolArray) -> FloatArray:
    """Covariance of the wells that are present, inverted, times their values; 0 at the other wells.

    One inverse, of all wells that any plate has, serves every plate: adding δ to the missing wells' values, with
    precision(missing, missing) δ = −(precision · values)(missing), makes their weights 0, which is the inverse of the
    rest. Plates with equally many missing wells are solved in one batch.
    """
    weights = values @ precision
    missing = (~present).sum(axis=1)
    for count in np.unique(missing[missing > 0]).tolist():
        plates = np.flatnonzero(missing == count)
        step = max(1, _BATCH // (count * max(count, precision.shape[0])))
        for start in range(0, len(plates), step):
            some = plates[start : start + step]
            gone = np.nonzero(~present[some])[1].reshape(len(some), count)
            block = precision[gone[:, :, None], gone[:, None, :]]
            line = np.take_along_axis(weights[some], gone, axis=1)
            delta = np.linalg.solve(block, -line[:, :, None])
            weights[some] += (delta.swapaxes(1, 2) @ precision[gone])[:, 0]
    return np.where(present, weights, 0.0)
