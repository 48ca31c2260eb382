"""Many small normal equations at once, and the pseudo-inverse for those that are hardly determined."""

from __future__ import annotations

from math import comb
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Inverse = Literal["singular_values", "eigenvalues"]

#: Points of all plates that are solved at a time: what fits in the cache of a core.
SOLVE_BLOCK = 2048
#: A pivot smaller than this share of its diagonal sends the point to the pseudo-inverse.
SMALLEST_PIVOT = 1e-6
#: A sum smaller than this share of its largest possible size is zero.
ZERO = 1e-14


def solve_all(moments: FloatArray, terms: int, pairs: list[int]) -> tuple[FloatArray, BoolArray]:
    """Coefficients (terms, points), and which points are near singular.

    Parameters
    ----------
    moments : (products and right sides, points)
    terms : how many unknowns, and right sides
    pairs : which product each pair of terms has, lower triangle by rows
    """
    points = moments.shape[1]
    coefficients, singular = np.empty((terms, points)), np.empty(points, dtype=bool)
    for start in range(0, points, SOLVE_BLOCK):
        block = slice(start, start + SOLVE_BLOCK)
        factor, singular[block] = _factor(moments[:-terms, block], terms, pairs)
        coefficients[:, block] = _solve(factor, moments[-terms:, block])
    return coefficients, singular


def _factor(gram: FloatArray, terms: int, pairs: list[int]) -> tuple[FloatArray, BoolArray]:
    """LDL' of small symmetric matrices (pairs, …) made of products; 1/D on the diagonal. And near-singular ones."""
    factor = np.empty((len(pairs), *gram.shape[1:]))
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
                rest[...] = gram[pairs[at(row, column)]]
                for inner in range(column):
                    rest -= np.multiply(factor[at(row, inner)], scaled[inner], out=product)
            singular |= ~(factor[pivot] > SMALLEST_PIVOT * gram[pairs[pivot]])
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


def pseudo_inverse(
    weights: FloatArray, basis: FloatArray, points: FloatArray, powers: list[tuple[int, ...]], rule: Inverse
) -> FloatArray:
    """(points, terms, wells) from readings to coefficients of the basis, for points whose fit is hardly determined.

    Peers solve around the point with columns of length one, and drop what is below a tolerance; where something is
    dropped the answer depends on that form, so it is kept. A point without any weight gives NaN.

    Parameters
    ----------
    weights : (points, wells)
    basis : (terms, wells) terms at the fitted wells
    points : (points, dimensions) in the coordinates of the basis
    powers : powers of the terms
    rule : "singular_values" drops those below 100 roundings of the largest (loess); "eigenvalues" takes one Newton step
        from the weighted mean, with eigenvalues below 1e-8 of the largest left undivided (locfit)
    """
    shift = _shift(points, powers)
    root = np.sqrt(weights)
    design = shift @ basis
    # A term that is zero at a well is so exactly: a column of roundings would be made as long as the others.
    design[np.abs(design) <= ZERO * (np.abs(shift) @ np.abs(basis))] = 0.0
    design *= root[:, None]
    length = np.sqrt(np.einsum("min,min->mi", design, design))
    length[length == 0] = 1.0
    design /= length[:, :, None]
    if rule == "singular_values":
        left, size, right = np.linalg.svd(design, full_matrices=False)
        kept = size > size[:, :1] * (100 * np.finfo(np.float64).eps)
        scale = np.where(kept, 1.0, 0.0) / np.where(kept, size, 1.0)
        local = (left * scale[:, None]) @ right
    else:
        size, left = np.linalg.eigh(design @ design.swapaxes(1, 2))
        scale = 1.0 / np.where(size > size[:, -1:] * 1e-8, size, 1.0)
        local = (left * scale[:, None]) @ (left.swapaxes(1, 2) @ design)
    local *= root[:, None] / length[:, :, None]
    total = weights.sum(axis=1)
    if rule == "eigenvalues":
        mean = weights / np.where(total > 0, total, 1.0)[:, None]
        local -= local.sum(axis=2, keepdims=True) * mean[:, None]
        local[:, 0] += mean
    local[~(total > 0)] = np.nan
    return np.asarray(shift.swapaxes(1, 2) @ local)


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
