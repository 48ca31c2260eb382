"""What loess fits where: neighborhoods, kernel weights and blending for one pattern of fitted wells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core._kd_tree import Plan, blend, grow, plan
from sensitome.core._local_fits import Geometry, LocalFits, exponents, monomials, pair_products
from sensitome.errors import MethodError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
Surface = Literal["direct", "interpolate"]

#: Share of the span that a leaf of the tree may hold.
CELL = 0.2


def plate_places(rows: int, columns: int) -> FloatArray:
    """(wells, 2) column, and row counted upward, from the middle: the predictors of cellHTS2, in its order.

    A direct fit does not depend on order or direction; a tree does, because ties go below the cut.
    """
    row, column = np.indices((rows, columns)).reshape(2, -1).astype(np.float64)
    return np.column_stack([column - (columns - 1) / 2, (rows - 1) / 2 - row])


@dataclass(frozen=True)
class LoessGeometries:
    """Makes the geometry of a pattern of fitted wells.

    Parameters
    ----------
    place : (wells, dimensions) of the plate
    span, degree, normalize, surface : as for `loess_surface`
    robust : whether residuals will be needed
    offsets : (wells, wells) which of the squared offsets lies between two wells; used by the direct surface
    squares : (offsets, dimensions) the different squared offsets
    powers : powers of the terms
    terms, products : (terms, wells), (pairs, wells) at all places
    readouts : readouts of the trees met so far
    """

    place: FloatArray
    span: float
    degree: int
    normalize: bool
    surface: Surface
    robust: bool
    offsets: IntArray
    squares: FloatArray
    powers: list[tuple[int, ...]]
    terms: FloatArray
    products: FloatArray
    readouts: dict[Plan, tuple[FloatArray, FloatArray]]

    @classmethod
    def over(
        cls, place: FloatArray, *, span: float, degree: int, normalize: bool, surface: Surface, robust: bool
    ) -> LoessGeometries:
        """Geometries over places on a grid of unit steps."""
        if degree not in (0, 1, 2):
            raise MethodError("loess of this degree is not supported", found=degree, expected="0, 1 or 2")
        if not span > 0:
            raise MethodError("loess has no neighborhood", found=f"span = {span}", expected="a span above 0")
        size = [int(np.ptp(each)) + 1 for each in place.T]
        offsets = np.zeros((len(place), len(place)), dtype=np.intp)
        if surface == "direct":
            for each, positions in zip(place.T, size, strict=True):
                step = (each - each.min()).astype(np.intp)
                offsets *= positions
                offsets += np.abs(step[:, np.newaxis] - step)
        squares = np.indices(tuple(size)).reshape(len(size), -1).T.astype(np.float64) ** 2
        powers = exponents(place.shape[1], degree)
        terms = monomials(_unit(place, place), powers)
        products = pair_products(terms)
        return cls(
            place, span, degree, normalize, surface, robust, offsets, squares, powers, terms, products, readouts={}
        )

    def __call__(self, fitted: BoolArray) -> Geometry | None:
        """Geometry of a pattern (wells,); None when it cannot be fitted."""
        wells = np.flatnonzero(fitted)
        data = self.place[wells]
        neighbors = min(len(wells), int(np.floor(len(wells) * self.span + 1e-5)))
        if neighbors < len(self.powers) + 1 or np.ptp(data, axis=0).min() == 0:
            return None
        scale = _scale(data) if self.normalize else np.ones(data.shape[1])
        if not np.all(scale > 0):
            return None
        if self.surface == "interpolate":
            return self._interpolated(wells, scale=scale, neighbors=neighbors)
        return self._direct(wells, scale=scale, neighbors=neighbors)

    def _direct(self, wells: IntArray, *, scale: FloatArray, neighbors: int) -> Geometry | None:
        """Fits at every well."""
        kernel = self._grid_tricube(wells, scale=scale, neighbors=neighbors)
        if kernel is None:
            return None
        points = _unit(self.place, self.place)
        basis, products = np.take(self.terms, wells, axis=1), np.take(self.products, wells, axis=1)
        final = LocalFits(kernel, basis, products, points, self.powers, self.terms, direct=True)
        steps = final
        if self.robust:
            steps = replace(final, kernel=kernel[wells], points=points[wells], readout=basis)
        return Geometry(wells, steps, final, np.zeros(len(self.place), dtype=bool))

    def _interpolated(self, wells: IntArray, *, scale: FloatArray, neighbors: int) -> Geometry | None:
        """Fits at the vertices of a tree; how they blend depends on the plan of the tree only."""
        data = self.place[wells]
        unknown = ((self.place < data.min(axis=0)) | (self.place > data.max(axis=0))).any(axis=1)
        planned = plan(data, scale=scale, most=int(np.floor(len(wells) * (self.span * CELL))))
        if planned not in self.readouts:
            tree = grow(planned)
            half = np.ptp(self.place, axis=0) / 2
            weights = np.zeros((len(self.place), len(tree.vertices), 1 + len(half)))
            weights[~unknown] = blend(tree, self.place[~unknown])
            self.readouts[planned] = (
                tree.vertices,
                _readout(weights, _unit(tree.vertices, self.place), half, self.powers),
            )
        vertices, readout = self.readouts[planned]
        kernel = _tricube(vertices / scale, data / scale, neighbors=neighbors, span=self.span)
        if kernel is None:
            return None
        basis, products = np.take(self.terms, wells, axis=1), np.take(self.products, wells, axis=1)
        points = _unit(vertices, self.place)
        final = LocalFits(kernel, basis, products, points, self.powers, readout, direct=False)
        steps = replace(final, readout=readout[wells]) if self.robust else final
        return Geometry(wells, steps, final, unknown)

    def _grid_tricube(self, wells: IntArray, *, scale: FloatArray, neighbors: int) -> FloatArray | None:
        """(all wells, fitted wells) weights, from the few distances that a grid has.

        The radius is selected among ranks of distances: small whole numbers sort much faster.
        """
        distance = (self.squares / scale**2).sum(axis=1)
        order = distance.argsort(kind="stable")
        rank = np.empty(len(order), dtype=np.uint16)
        rank[order] = np.arange(len(order))
        offsets = np.take(self.offsets, wells, axis=1)  # indexing by [:, wells] would leave the columns contiguous
        ranks = rank[offsets]
        ranks.partition(neighbors - 1, axis=1)
        radius = distance[order[ranks[:, neighbors - 1]]] * max(1.0, self.span)
        if radius.min() <= 0:
            return None
        weights = (distance**1.5)[offsets]
        weights *= (radius**-1.5)[:, np.newaxis]
        return _cubed_rest(weights)


def _unit(points: FloatArray, place: FloatArray) -> FloatArray:
    """Points in coordinates that run from -1 to 1 over the plate."""
    low, high = place.min(axis=0), place.max(axis=0)
    return np.asarray((2 * points - (low + high)) / np.maximum(high - low, 1.0))


def _scale(data: FloatArray) -> FloatArray:
    """Standard deviation of each coordinate's values without the lowest and the highest tenth."""
    trim = int(np.ceil(0.1 * len(data)))
    middle = np.sort(data, axis=0)[trim : len(data) - trim]
    if len(middle) < 2:
        return np.zeros(data.shape[1])
    return np.asarray(middle.std(axis=0, ddof=1))


def _tricube(points: FloatArray, data: FloatArray, *, neighbors: int, span: float) -> FloatArray | None:
    """(points, wells) weights over the nearest wells; None where a neighborhood has no radius."""
    distance = np.zeros((len(points), len(data)))
    for axis in range(points.shape[1]):
        distance += (points[:, axis, np.newaxis] - data[:, axis]) ** 2
    radius = np.partition(distance, neighbors - 1, axis=1)[:, neighbors - 1] * max(1.0, span)
    if radius.min() <= 0:
        return None
    distance /= radius[:, np.newaxis]
    distance *= np.sqrt(distance)
    return _cubed_rest(distance)


def _cubed_rest(ratio: FloatArray) -> FloatArray:
    """max(0, 1 - ratio)³, in the place of the ratio as far as possible."""
    np.subtract(1.0, ratio, out=ratio)
    np.maximum(ratio, 0.0, out=ratio)
    weights = ratio * ratio
    weights *= ratio
    return weights


def _readout(weights: FloatArray, vertices: FloatArray, half: FloatArray, powers: list[tuple[int, ...]]) -> FloatArray:
    """(wells, terms × vertices) from weights of vertex values and gradients (wells, vertices, 1 + dimensions)."""
    terms = weights[:, np.newaxis, :, 0] * monomials(vertices, powers)
    for axis, unit in enumerate(half):
        slopes = monomials(vertices, powers, derivative=axis) / unit
        terms += weights[:, np.newaxis, :, 1 + axis] * slopes
    return terms.reshape(len(weights), -1)
