"""Many local polynomial fits at once: the engine under `loess` and `locfit`.

A plate is fitted at *points* (wells, or the vertices of a tree). The geometry (kernel weights, basis, how the local
coefficients make a surface) depends only on which wells are fitted, so plates of one pattern share it. What is left per
plate is one matrix product for the moments of all points and one Cholesky factorization of a few terms per point, done
for all points of a chunk of plates by vectorized arithmetic. Points whose normal equations are close to singular are
solved again from their weighted design by a pseudo-inverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core._small_systems import Inverse, pseudo_inverse, solve_all

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

Reweight = Callable[[FloatArray, FloatArray], FloatArray]

#: Plates that are worked on together (with robust weights, without), and the bytes of kernel weights of a chunk.
ROBUST_CHUNK = 64
PLAIN_CHUNK = 1024
CHUNK_BYTES = 1 << 24
#: Residuals below this share of the largest reading are rounding, not noise of the plate.
ROUNDING = 1e-10
#: Points that the pseudo-inverse takes at a time.
INVERSE_BLOCK = 256


def exponents(dimensions: int, degree: int) -> list[tuple[int, ...]]:
    """Powers of each coordinate in every term of a full polynomial, constant first.

    >>> exponents(2, 2)
    [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    """
    if dimensions == 1:
        return [(power,) for power in range(degree + 1)]
    return [(total - y, y) for total in range(degree + 1) for y in range(total + 1)]


def pair_products(basis: FloatArray) -> FloatArray:
    """(pairs, wells) products of every pair of terms, lower triangle by rows."""
    row, column = np.tril_indices(len(basis))
    return basis[row] * basis[column]


def monomials(points: FloatArray, powers: list[tuple[int, ...]], derivative: int | None = None) -> FloatArray:
    """(terms, points) values of every term at points (points, dimensions), or of its derivative in one coordinate."""
    values = np.ones((len(powers), len(points)))
    for term, power in enumerate(powers):
        for axis, exponent in enumerate(power):
            if axis != derivative:
                values[term] *= points[:, axis] ** exponent
            elif exponent == 0:
                values[term] = 0.0
            else:
                values[term] *= exponent * points[:, axis] ** (exponent - 1)
    return values


@dataclass(frozen=True)
class LocalFits:
    """Fits at points, and how they are read out.

    Parameters
    ----------
    kernel : (points, wells) weights by distance
    basis : (terms, wells) terms at the fitted wells
    products : (pairs, wells) products of every pair of terms, as from `pair_products`
    points : (points, dimensions) in the coordinates of the basis
    powers : powers of the terms
    readout : (terms, outputs) when every point is an output, else (outputs, terms × points)
    direct : whether every point is an output
    """

    kernel: FloatArray
    basis: FloatArray
    products: FloatArray
    points: FloatArray
    powers: list[tuple[int, ...]]
    readout: FloatArray
    direct: bool

    def values(self, coefficients: FloatArray) -> FloatArray:
        """(plates, outputs) from coefficients (terms, plates, points)."""
        if self.direct:
            return np.asarray(np.einsum("kgp,kp->gp", coefficients, self.readout))
        plates = coefficients.shape[1]
        return np.asarray(coefficients.transpose(1, 0, 2).reshape(plates, -1) @ self.readout.T)


@dataclass(frozen=True)
class Geometry:
    """All that one pattern of fitted wells decides.

    Parameters
    ----------
    wells : (fitted,) flat positions of the fitted wells
    steps : fits read out at the fitted wells, for the residuals of the robust steps
    final : fits read out at all wells
    unknown : (wells,) wells that have no surface
    """

    wells: IntArray
    steps: LocalFits
    final: LocalFits
    unknown: BoolArray

    @property
    def bytes(self) -> int:
        """Memory of the kernel weights."""
        return self.final.kernel.nbytes


def surfaces(
    signal: FloatArray,
    fitted: BoolArray,
    *,
    geometry: Callable[[BoolArray], Geometry | None],
    rule: Inverse,
    fits: int,
    reweight: Reweight,
) -> FloatArray:
    """(plates, wells) surfaces of plates (plates, wells); NaN throughout where `geometry` gives none.

    Parameters
    ----------
    signal : (plates, wells)
    fitted : (plates, wells) wells that define the fit; the signal is finite there
    geometry : from a pattern of fitted wells
    rule : of the pseudo-inverse that mends points with too little to fit
    fits : how many times to fit; before every fit but the first wells are weighted by the last residuals
    reweight : from absolute residuals (plates, fitted) and their median (plates, 1) to weights; the median is not
        below the rounding of the signal, so that a perfect fit does not weight wells by noise
    """
    result = np.full(signal.shape, np.nan)
    if not len(signal):
        return result
    for chunk in _chunks(fitted, geometry, most=ROBUST_CHUNK if fits > 1 else PLAIN_CHUNK):
        readings = [np.take(signal[plates], shape.wells, axis=1) for shape, plates in chunk]
        weights: list[FloatArray] | None = None
        for _ in range(fits - 1):
            steps = [shape.steps for shape, _ in chunk]
            values = _fit(steps, readings, weights, rule)
            weights = [_weights(reading, value, reweight) for reading, value in zip(readings, values, strict=True)]
        last = _fit([shape.final for shape, _ in chunk], readings, weights, rule)
        for (shape, plates), value in zip(chunk, last, strict=True):
            value[:, shape.unknown] = np.nan
            result[plates] = value
    return result


def _weights(reading: FloatArray, value: FloatArray, reweight: Reweight) -> FloatArray:
    """Robust weights (plates, fitted) of the wells for the next fit."""
    size = np.abs(reading - value)
    rounding = ROUNDING * np.abs(reading).max(axis=1, keepdims=True) + np.finfo(np.float64).tiny
    return reweight(size, np.maximum(_row_medians(size), rounding))


def _row_medians(values: FloatArray) -> FloatArray:
    """(rows, 1) median of each row; the same as `numpy.median` in a fraction of its time."""
    middle = values.shape[1] // 2
    if values.shape[1] % 2:
        return np.asarray(np.partition(values, middle, axis=1)[:, middle, np.newaxis])
    halves = np.partition(values, (middle - 1, middle), axis=1)[:, middle - 1 : middle + 1]
    return np.asarray(halves.mean(axis=1, keepdims=True))


def _chunks(
    fitted: BoolArray, geometry: Callable[[BoolArray], Geometry | None], *, most: int
) -> Iterator[list[tuple[Geometry, IntArray]]]:
    """Groups of plates of one pattern, several patterns together, within a fixed number of plates and bytes."""
    packed = np.packbits(fitted, axis=1)
    _, first, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    members = np.argsort(pattern.ravel(), kind="stable")
    counts = np.bincount(pattern.ravel(), minlength=len(first))
    chunk: list[tuple[Geometry, IntArray]] = []
    plates = held = 0
    for index, group in zip(first, np.split(members, np.cumsum(counts)[:-1]), strict=True):
        shape = geometry(fitted[index])
        if shape is None:
            continue
        for start in range(0, len(group), most):
            part = group[start : start + most]
            if chunk and (plates + len(part) > most or held + shape.bytes > CHUNK_BYTES):
                yield chunk
                chunk, plates, held = [], 0, 0
            chunk.append((shape, part))
            plates, held = plates + len(part), held + shape.bytes
    if chunk:
        yield chunk


def _fit(
    fits: list[LocalFits], readings: list[FloatArray], weights: list[FloatArray] | None, rule: Inverse
) -> list[FloatArray]:
    """(plates, outputs) of each group of plates."""
    if weights is None:
        return _fit_plain(fits, readings, rule)
    return _fit_weighted(fits, readings, weights, rule)


def _fit_plain(fits: list[LocalFits], readings: list[FloatArray], rule: Inverse) -> list[FloatArray]:
    """Fits without robust weights: the normal equations are those of the pattern, whatever the plate."""
    if fits[0].direct:
        return _smooth(fits, readings, rule)
    terms = len(fits[0].powers)
    moments = []
    for fit, reading in zip(fits, readings, strict=True):
        gram = np.tile(fit.products @ fit.kernel.T, (1, len(reading)))
        right = (fit.basis[:, None] * reading).reshape(-1, reading.shape[1]) @ fit.kernel.T
        moments.append(np.concatenate([gram, right.reshape(terms, -1)]))
    results = []
    for fit, reading, part, flag in zip(fits, readings, *solve_all(moments, terms), strict=True):
        cube = part.reshape(terms, len(reading), -1)
        for block in _blocks(np.flatnonzero(flag[: len(fit.points)])):
            cube[:, :, block] = np.einsum("mkn,gn->kgm", _inverse(fit, block, None, rule), reading)
        results.append(fit.values(cube))
    return results


def _smooth(fits: list[LocalFits], readings: list[FloatArray], rule: Inverse) -> list[FloatArray]:
    """Values at every point without robust weights: one smoother matrix per pattern."""
    moments = [np.concatenate([fit.products @ fit.kernel.T, fit.readout]) for fit in fits]
    results = []
    for fit, reading, part, flag in zip(fits, readings, *solve_all(moments, len(fits[0].powers)), strict=True):
        rows = part.T @ fit.basis
        rows *= fit.kernel
        for block in _blocks(np.flatnonzero(flag)):
            rows[block] = np.einsum("mkn,km->mn", _inverse(fit, block, None, rule), fit.readout[:, block])
        results.append(reading @ rows.T)
    return results


def _fit_weighted(
    fits: list[LocalFits], readings: list[FloatArray], weights: list[FloatArray], rule: Inverse
) -> list[FloatArray]:
    """Fits with robust weights: normal equations per plate and point, all in one flat axis."""
    terms, pairs = len(fits[0].powers), len(fits[0].products)
    moments = []
    for fit, reading, weight in zip(fits, readings, weights, strict=True):
        columns = np.empty((pairs + terms, *reading.shape))
        np.multiply(fit.products[:, None], weight, out=columns[:pairs])
        np.multiply(fit.basis[:, None], weight * reading, out=columns[pairs:])
        moments.append((columns.reshape(-1, reading.shape[1]) @ fit.kernel.T).reshape(pairs + terms, -1))
    results = []
    for fit, reading, weight, part, flag in zip(fits, readings, weights, *solve_all(moments, terms), strict=True):
        cube = part.reshape(terms, len(reading), -1)
        for block in _blocks(np.flatnonzero(flag)):
            plate, point = np.divmod(block, len(fit.points))
            solver = _inverse(fit, point, weight[plate], rule)
            cube[:, plate, point] = np.einsum("mkn,mn->km", solver, reading[plate])
        results.append(fit.values(cube))
    return results


def _blocks(indices: IntArray) -> Iterator[IntArray]:
    """Indices in blocks that fit in memory."""
    for start in range(0, len(indices), INVERSE_BLOCK):
        yield indices[start : start + INVERSE_BLOCK]


def _inverse(fit: LocalFits, points: IntArray, robust: FloatArray | None, rule: Inverse) -> FloatArray:
    """(points, terms, wells) pseudo-inverse at some points of a fit."""
    weights = fit.kernel[points] if robust is None else fit.kernel[points] * robust
    return pseudo_inverse(weights, fit.basis, fit.points[points], fit.powers, rule)
