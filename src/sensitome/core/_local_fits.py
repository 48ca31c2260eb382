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
from math import comb
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

Inverse = Literal["singular_values", "eigenvalues"]
Reweight = Callable[[FloatArray, FloatArray], FloatArray]

#: Plates that are worked on together (with robust weights, without), and the bytes of kernel weights of a chunk.
ROBUST_CHUNK = 64
PLAIN_CHUNK = 1024
CHUNK_BYTES = 1 << 24
#: Points of all plates that are solved at a time: what fits in the cache of a core.
SOLVE_BLOCK = 2048
#: A pivot smaller than this share of its diagonal sends the point to the pseudo-inverse.
SMALLEST_PIVOT = 1e-6
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
    inverse: Inverse,
    fits: int,
    reweight: Reweight,
) -> FloatArray:
    """(plates, wells) surfaces of plates (plates, wells); NaN throughout where `geometry` gives none.

    Parameters
    ----------
    signal : (plates, wells)
    fitted : (plates, wells) wells that define the fit; the signal is finite there
    geometry : from a pattern of fitted wells
    inverse : which pseudo-inverse mends points with too little to fit
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
            values = _fit(steps, readings, weights, inverse)
            weights = [_weights(reading, value, reweight) for reading, value in zip(readings, values, strict=True)]
        last = _fit([shape.final for shape, _ in chunk], readings, weights, inverse)
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
    fits: list[LocalFits], readings: list[FloatArray], weights: list[FloatArray] | None, inverse: Inverse
) -> list[FloatArray]:
    """(plates, outputs) of each group of plates."""
    if weights is None:
        return _fit_plain(fits, readings, inverse)
    return _fit_weighted(fits, readings, weights, inverse)


def _fit_plain(fits: list[LocalFits], readings: list[FloatArray], inverse: Inverse) -> list[FloatArray]:
    """Fits without robust weights: the normal equations are those of the pattern, whatever the plate."""
    if fits[0].direct:
        return _smooth(fits, readings, inverse)
    terms = len(fits[0].powers)
    moments = []
    for fit, reading in zip(fits, readings, strict=True):
        gram = np.tile(fit.products @ fit.kernel.T, (1, len(reading)))
        right = (fit.basis[:, None] * reading).reshape(-1, reading.shape[1]) @ fit.kernel.T
        moments.append(np.concatenate([gram, right.reshape(terms, -1)]))
    results = []
    for fit, reading, part, flag in zip(fits, readings, *_solve_all(moments, terms), strict=True):
        cube = part.reshape(terms, len(reading), -1)
        for block in _blocks(np.flatnonzero(flag[: len(fit.points)])):
            cube[:, :, block] = np.einsum("mkn,gn->kgm", _inverse(fit, block, None, inverse), reading)
        results.append(fit.values(cube))
    return results


def _smooth(fits: list[LocalFits], readings: list[FloatArray], inverse: Inverse) -> list[FloatArray]:
    """Values at every point without robust weights: one smoother matrix per pattern."""
    moments = [np.concatenate([fit.products @ fit.kernel.T, fit.readout]) for fit in fits]
    results = []
    for fit, reading, part, flag in zip(fits, readings, *_solve_all(moments, len(fits[0].powers)), strict=True):
        rows = part.T @ fit.basis
        rows *= fit.kernel
        for block in _blocks(np.flatnonzero(flag)):
            rows[block] = np.einsum("mkn,km->mn", _inverse(fit, block, None, inverse), fit.readout[:, block])
        results.append(reading @ rows.T)
    return results


def _fit_weighted(
    fits: list[LocalFits], readings: list[FloatArray], weights: list[FloatArray], inverse: Inverse
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
    for fit, reading, weight, part, flag in zip(fits, readings, weights, *_solve_all(moments, terms), strict=True):
        cube = part.reshape(terms, len(reading), -1)
        for block in _blocks(np.flatnonzero(flag)):
            plate, point = np.divmod(block, len(fit.points))
            solver = _inverse(fit, point, weight[plate], inverse)
            cube[:, plate, point] = np.einsum("mkn,mn->km", solver, reading[plate])
        results.append(fit.values(cube))
    return results


def _blocks(indices: IntArray) -> Iterator[IntArray]:
    """Indices in blocks that fit in memory."""
    for start in range(0, len(indices), INVERSE_BLOCK):
        yield indices[start : start + INVERSE_BLOCK]


def _solve_all(moments: list[FloatArray], terms: int) -> tuple[list[FloatArray], list[BoolArray]]:
    """For each group its coefficients (terms, points), and which points are near singular.

    Moments are (pairs and right sides, points). The points of all groups are solved together, a block at a time.
    """
    joined = moments[0] if len(moments) == 1 else np.concatenate(moments, axis=1)
    points = joined.shape[1]
    coefficients, singular = np.empty((terms, points)), np.empty(points, dtype=bool)
    for start in range(0, points, SOLVE_BLOCK):
        block = slice(start, start + SOLVE_BLOCK)
        factor, singular[block] = _factor(joined[:-terms, block], terms)
        coefficients[:, block] = _solve(factor, joined[-terms:, block])
    ends = np.cumsum([moment.shape[1] for moment in moments])[:-1]
    return np.split(coefficients, ends, axis=1), np.split(singular, ends)


def _factor(gram: FloatArray, terms: int) -> tuple[FloatArray, BoolArray]:
    """LDL' of many small symmetric matrices held as (pairs, …); 1/D on the diagonal. And which are near singular."""
    factor = np.empty(gram.shape)
    product = np.empty(gram.shape[1:])
    singular = np.zeros(gram.shape[1:], dtype=bool)

    def at(row: int, column: int) -> int:
        return row * (row + 1) // 2 + column

    with np.errstate(all="ignore"):
        for column in range(terms):
            pivot = at(column, column)
            # Row `column` of L times D, needed by every row below.
            scaled = [factor[at(column, inner)] / factor[at(inner, inner)] for inner in range(column)]
            for row in range(column, terms):
                rest = factor[at(row, column)]
                rest[...] = gram[at(row, column)]
                for inner in range(column):
                    rest -= np.multiply(factor[at(row, inner)], scaled[inner], out=product)
            singular |= ~(factor[pivot] > SMALLEST_PIVOT * gram[pivot])
            np.divide(1.0, factor[pivot], out=factor[pivot])
            for row in range(column + 1, terms):
                factor[at(row, column)] *= factor[pivot]
    return factor, singular


def _solve(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions (terms, points) of the factored systems."""
    terms = len(right)
    solution = right.copy()
    product = np.empty(right.shape[1:])
    with np.errstate(all="ignore"):
        for row in range(1, terms):
            for inner in range(row):
                solution[row] -= np.multiply(factor[row * (row + 1) // 2 + inner], solution[inner], out=product)
        for row in range(terms):
            solution[row] *= factor[row * (row + 3) // 2]
        for row in range(terms - 2, -1, -1):
            for inner in range(row + 1, terms):
                solution[row] -= np.multiply(factor[inner * (inner + 1) // 2 + row], solution[inner], out=product)
    return solution


def _inverse(fit: LocalFits, points: IntArray, robust: FloatArray | None, inverse: Inverse) -> FloatArray:
    """(points, terms, wells) from readings to coefficients of the basis, by the pseudo-inverse of each point.

    Peers solve around the point with columns of length one, and drop what is below a tolerance; where something is
    dropped the answer depends on that form, so it is kept. A point without any weight gives NaN.
    """
    weights = fit.kernel[points] if robust is None else fit.kernel[points] * robust
    shift = _shift(fit.points[points], fit.powers)
    design = np.einsum("mij,jn->min", shift, fit.basis)
    root = np.sqrt(weights)
    design *= root[:, None]
    length = np.sqrt(np.einsum("min,min->mi", design, design))
    length[length == 0] = 1.0
    design /= length[:, :, None]
    left, size, right = np.linalg.svd(design, full_matrices=False)
    if inverse == "singular_values":
        kept = size > size[:, :1] * (100 * np.finfo(np.float64).eps)
        scale = np.where(kept, 1.0, 0.0) / np.where(kept, size, 1.0)
        local = np.einsum("mis,ms,msn->min", left, scale, right) * root[:, None] / length[:, :, None]
    else:
        local = _from_mean(weights, (left, size, right), root, length)
    local[~(weights.sum(axis=1) > 0)] = np.nan
    return np.asarray(np.einsum("mij,min->mjn", shift, local))


def _from_mean(
    weights: FloatArray, parts: tuple[FloatArray, FloatArray, FloatArray], root: FloatArray, length: FloatArray
) -> FloatArray:
    """One Newton step from the weighted mean, with eigenvalues below 1e-8 of the largest left undivided."""
    left, size, right = parts
    kept = size**2 > size[:, :1] ** 2 * 1e-8
    scale = np.where(kept, 1.0 / np.where(kept, size, 1.0), size)
    local = np.einsum("mis,ms,msn->min", left, scale, right) * root[:, None] / length[:, :, None]
    with np.errstate(all="ignore"):
        mean = weights / weights.sum(axis=1, keepdims=True)
    local -= local.sum(axis=2, keepdims=True) * mean[:, None]
    local[:, 0] += mean
    return np.asarray(local)


def _shift(points: FloatArray, powers: list[tuple[int, ...]]) -> FloatArray:
    """(points, terms, terms): each term centered on the point, as a sum of the terms that are not."""
    shift = np.zeros((len(points), len(powers), len(powers)))
    for i, centered in enumerate(powers):
        for j, plain in enumerate(powers):
            if all(p <= c for p, c in zip(plain, centered, strict=True)):
                factor = np.ones(len(points))
                for axis, (p, c) in enumerate(zip(plain, centered, strict=True)):
                    factor *= comb(c, p) * (-points[:, axis]) ** (c - p)
                shift[:, i, j] = factor
    return shift
