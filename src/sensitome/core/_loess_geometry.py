"""What loess fits where: neighborhoods, kernel weights and blending for one pattern of fitted wells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core._kd_tree import Plan, blend, grow, plan
from sensitome.core._line_cells import LONGEST, line_blend, line_vertices
from sensitome.core._local_fits import Geometry, LocalFits, exponents, monomials, most_alive, products_of
from sensitome.core._loess_kernels import Grid, KernelBank, cubed_rest
from sensitome.errors import MethodError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
Surface = Literal["direct", "interpolate"]

#: Share of the span that a leaf of the tree may hold.
CELL = 0.2
#: A pattern with at least this share of the wells that any pattern fits is worked on among all of those.
SHARED = 0.75


def plate_places(rows: int, columns: int) -> FloatArray:
    """(wells, 2) column, and row counted upward, from the middle: the predictors of cellHTS2, in its order.

    A direct fit does not depend on order or direction; a tree does, because ties go below the cut.
    """
    row, column = np.indices((rows, columns)).reshape(2, -1).astype(np.float64)
    return np.column_stack([column - (columns - 1) / 2, (rows - 1) / 2 - row])


@dataclass(frozen=True)
class Layout:
    """What the direct surface needs of the wells that are worked on, whatever the weights.

    Parameters
    ----------
    wells : (used,) their flat positions
    order : (wells,) all wells, those first
    points : (wells, dimensions) in that order, in the coordinates of the basis
    basis, products : (terms, used), (products, used)
    readout : (terms, wells) in that order
    """

    wells: IntArray
    order: IntArray
    points: FloatArray
    basis: FloatArray
    products: FloatArray
    readout: FloatArray


@dataclass(frozen=True)
class LoessGeometries:
    """Makes the geometry of a pattern of fitted wells.

    Parameters
    ----------
    place : (wells, dimensions) of the plate
    span, degree, normalize, surface : as for `loess_surface`
    robust : whether residuals will be needed
    grid : distances between wells; of the direct surface
    used : (used,) flat positions of the wells that any pattern fits
    bank : kernel weights that patterns share; of the direct surface without scaling
    powers : powers of the terms
    terms, products : (terms, wells), (products, wells) at all places
    readouts : readouts of the trees met so far
    """

    place: FloatArray
    span: float
    degree: int
    normalize: bool
    surface: Surface
    robust: bool
    grid: Grid | None
    used: IntArray
    bank: KernelBank | None
    powers: list[tuple[int, ...]]
    terms: FloatArray
    products: FloatArray
    readouts: dict[Plan | tuple[float, ...], tuple[FloatArray, FloatArray]]

    @classmethod
    def over(
        cls,
        place: FloatArray,
        fitted: BoolArray,
        *,
        span: float,
        degree: int,
        normalize: bool,
        surface: Surface,
        robust: bool,
    ) -> LoessGeometries:
        """Geometries of patterns `fitted` (plates, wells) over places on a grid of unit steps."""
        if degree not in (0, 1, 2):
            raise MethodError("loess of this degree is not supported", found=degree, expected="0, 1 or 2")
        if not span > 0:
            raise MethodError("loess has no neighborhood", found=f"span = {span}", expected="a span above 0")
        used = np.flatnonzero(fitted.any(axis=0))
        grid = Grid(place) if surface == "direct" else None
        bank = None
        if grid and len(used) and not normalize:
            bank = KernelBank(grid, used, span=span, alive=most_alive(len(place) * len(used) * place.itemsize))
        powers = exponents(place.shape[1], degree)
        terms = monomials(_unit(place, place), powers)
        products = products_of(terms, powers)
        return cls(
            place, span, degree, normalize, surface, robust, grid, used, bank, powers, terms, products, readouts={}
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
        """Fits at every well, the fitted ones first."""
        if self.bank is not None and len(wells) >= SHARED * len(self.used):
            known = np.zeros(len(self.place), dtype=bool)
            known[wells] = True
            layout, there = self.layout, known[self.used]
            kernel = self.bank.weights(there, layout.order, neighbors=neighbors)
        else:
            layout, there = self._layout_of(wells), np.ones(len(wells), dtype=bool)
            kernel = self._grid_kernel(wells, layout.order, scale=scale, neighbors=neighbors)
        if kernel is None:
            return None
        basis, products = layout.basis, layout.products
        final = LocalFits(kernel, basis, products, layout.points, self.powers, layout.readout, direct=True)
        steps = final
        if self.robust:
            first = slice(len(there))
            steps = replace(final, kernel=kernel[first], points=layout.points[first], readout=basis)
        return Geometry(layout.wells, there, steps, final, layout.order, np.zeros(len(self.place), dtype=bool))

    @cached_property
    def layout(self) -> Layout:
        """Terms and points of the patterns that share the wells which any of them fits."""
        return self._layout_of(self.used)

    def _layout_of(self, wells: IntArray) -> Layout:
        rest = np.ones(len(self.place), dtype=bool)
        rest[wells] = False
        order = np.concatenate([wells, np.flatnonzero(rest)])
        return Layout(
            wells,
            order,
            _unit(self.place[order], self.place),
            np.take(self.terms, wells, axis=1),
            np.take(self.products, wells, axis=1),
            np.take(self.terms, order, axis=1),
        )

    def _grid_kernel(self, wells: IntArray, order: IntArray, *, scale: FloatArray, neighbors: int) -> FloatArray | None:
        """(points in order, fitted wells) weights of one pattern alone."""
        kernel = self.grid.weights(wells, scale=scale, neighbors=neighbors, span=self.span) if self.grid else None
        return None if kernel is None else kernel[order]

    def _interpolated(self, wells: IntArray, *, scale: FloatArray, neighbors: int) -> Geometry | None:
        """Fits at the vertices of a tree; how they blend depends on the plan of the tree only."""
        data = self.place[wells]
        unknown = ((self.place < data.min(axis=0)) | (self.place > data.max(axis=0))).any(axis=1)
        vertices, readout = self._tree(data, ~unknown, scale=scale)
        kernel = _tricube(vertices / scale, data / scale, neighbors=neighbors, span=self.span)
        if kernel is None:
            return None
        basis, products = np.take(self.terms, wells, axis=1), np.take(self.products, wells, axis=1)
        points = _unit(vertices, self.place)
        final = LocalFits(kernel, basis, products, points, self.powers, readout, direct=False)
        steps = replace(final, readout=readout[wells]) if self.robust else final
        there, order = np.ones(len(wells), dtype=bool), np.arange(len(self.place))
        return Geometry(wells, there, steps, final, order, unknown)

    def _tree(self, data: FloatArray, known: BoolArray, *, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Vertices of the tree over fitted wells, and what they make of all wells; those not known get nothing."""
        most = int(np.floor(len(data) * (self.span * CELL)))
        if self.place.shape[1] == 1 and len(self.place) <= LONGEST:
            ends = line_vertices(data[:, 0], most=most)
            if ends not in self.readouts:
                vertices = np.array(ends)
                blended = line_blend(vertices, self.place[known, 0])
                self.readouts[ends] = self._read_out(vertices[:, np.newaxis], blended, known)
            return self.readouts[ends]
        planned = plan(data, scale=scale, most=most)
        if planned not in self.readouts:
            tree = grow(planned)
            self.readouts[planned] = self._read_out(tree.vertices, blend(tree, self.place[known]), known)
        return self.readouts[planned]

    def _read_out(self, vertices: FloatArray, blended: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Vertices, and (wells, terms × vertices) from the weights of their values and slopes at the wells known."""
        half = np.ptp(self.place, axis=0) / 2
        weights = np.zeros((len(self.place), len(vertices), 1 + len(half)))
        weights[known] = blended
        return vertices, _readout(weights, _unit(vertices, self.place), half, self.powers)


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
    return cubed_rest(distance)


def _readout(weights: FloatArray, vertices: FloatArray, half: FloatArray, powers: list[tuple[int, ...]]) -> FloatArray:
    """(wells, terms × vertices) from weights of vertex values and gradients (wells, vertices, 1 + dimensions)."""
    terms = weights[:, np.newaxis, :, 0] * monomials(vertices, powers)
    for axis, unit in enumerate(half):
        slopes = monomials(vertices, powers, derivative=axis) / unit
        terms += weights[:, np.newaxis, :, 1 + axis] * slopes
    return terms.reshape(len(weights), -1)
