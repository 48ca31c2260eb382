"""Loess surfaces of plates: the same numbers as R's `loess`, for all plates at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core._kd_tree import Plan, blend, grow, plan
from sensitome.core._local_fits import (
    Geometry,
    LocalFits,
    exponents,
    monomials,
    pair_products,
    surfaces,
)
from sensitome.errors import MethodError

__all__ = ["extrapolated", "loess_lines", "loess_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Family = Literal["gaussian", "symmetric"]
Surface = Literal["direct", "interpolate"]

#: Share of the span that a leaf of the tree may hold.
CELL = 0.2


def loess_surface(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    span: float,
    degree: int,
    family: Family = "gaussian",
    iterations: int = 4,
    normalize: bool = True,
    surface: Surface = "direct",
) -> FloatArray:
    """Smooth surface of each plate over its rows and columns, for all of its wells.

    Parameters
    ----------
    signal : (plates, rows, columns), any unit; NaN = no reading
    defines_fit : (plates, rows, columns) or (rows, columns); the wells that are fitted, where they have a reading
    span : share of the fitted wells in each neighborhood; more than 1 widens the neighborhood past all wells
    degree : 0, 1 or 2, of the local polynomial in row and column
    family : "gaussian" for least squares; "symmetric" for Tukey's bisquare, which unusual wells do not move
    iterations : fits of the symmetric family, the first unweighted; not used by the gaussian family
    normalize : divide row and column by the standard deviation of their middle 80 %, as R does
    surface : "direct" fits at every well; "interpolate" fits at the vertices of a k-d tree and blends, R's default

    Returns
    -------
    (plates, rows, columns), unit of the signal. NaN: all wells of a plate whose neighborhoods hold fewer wells than one
    more than the terms of the polynomial, or whose fitted wells lie in one row or column; with
    `surface="interpolate"` also wells outside the fitted rows and columns (see `extrapolated`), as R's `predict`.

    Raises
    ------
    MethodError
        The degree is not 0, 1 or 2, or the span is not positive.

    Notes
    -----
    At a point, with q = floor(n span) and ρ the q-th smallest squared distance times max(1, span), the polynomial is
    fitted with weights r (1 - (d²/ρ)^1.5)³; where the weighted wells do not determine it, by the pseudo-inverse. The
    robustness weights are r = (1 - (e/6s)²)², s the median of the absolute residuals e.
    With `surface="interpolate"` the predictors are column and upward row, in this order, as in cellHTS2 (to 2.11.5).
    Equal to R 4.2 `loess` within 1e-9 for both surfaces and families (tests/oracle/plate384, tests/oracle/loess_cases).

    References
    ----------
    Cleveland and Devlin 1988, doi:10.1080/01621459.1988.10478639; Cleveland and Grosse 1991, doi:10.1007/BF01890836

    Examples
    --------
    >>> tilted = np.add.outer(np.arange(8.0), np.arange(12.0))[np.newaxis]
    >>> fit = loess_surface(tilted, np.ones((8, 12), dtype=bool), span=0.6, degree=1)
    >>> bool(np.allclose(fit, tilted))
    True
    """
    plates, rows, columns = signal.shape
    place = plate_places(rows, columns)
    values = signal.reshape(plates, rows * columns)
    fitted = np.broadcast_to(defines_fit, signal.shape).reshape(values.shape) & np.isfinite(values)
    result = _fitted(
        values,
        fitted,
        _Geometries.over(
            place,
            span=span,
            degree=degree,
            normalize=normalize,
            surface=surface,
            robust=family == "symmetric",
        ),
        fits=iterations if family == "symmetric" else 1,
    )
    return result.reshape(signal.shape)


def loess_lines(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    span: float,
    degree: int,
    family: Family = "gaussian",
    iterations: int = 4,
    surface: Surface = "interpolate",
) -> FloatArray:
    """Smooth each line of readings along its positions; the one-dimensional `loess_surface`.

    Parameters
    ----------
    signal : (lines, positions), any unit; NaN = no reading
    defines_fit : (lines, positions); the positions that are fitted, where they have a reading
    span, degree, family, iterations, surface : as for `loess_surface`

    Returns
    -------
    (lines, positions), unit of the signal; NaN as for `loess_surface`.
    """
    place = np.arange(signal.shape[1], dtype=np.float64)[:, np.newaxis]
    return _fitted(
        signal,
        defines_fit & np.isfinite(signal),
        _Geometries.over(
            place, span=span, degree=degree, normalize=False, surface=surface, robust=family == "symmetric"
        ),
        fits=iterations if family == "symmetric" else 1,
    )


def plate_places(rows: int, columns: int) -> FloatArray:
    """(wells, 2) column, and row counted upward, from the middle: the predictors of cellHTS2, in its order.

    A direct fit does not depend on order or direction; a tree does, because ties go below the cut.
    """
    row, column = np.indices((rows, columns)).reshape(2, -1).astype(np.float64)
    return np.column_stack([column - (columns - 1) / 2, (rows - 1) / 2 - row])


def extrapolated(defines_fit: BoolArray) -> BoolArray:
    """Wells outside the rows and columns that the fitted wells span: there a surface is a guess.

    Parameters
    ----------
    defines_fit : (..., rows, columns); the wells that are fitted (that define the fit and have a reading)

    Returns
    -------
    Same shape; all wells of a plate without fitted wells.

    Examples
    --------
    >>> extrapolated(np.array([[False, True, True], [False, True, False]]))
    array([[ True, False, False],
           [ True, False, False]])
    """
    inside = np.ones(defines_fit.shape, dtype=bool)
    for axis in (-2, -1):
        other = -1 if axis == -2 else -2
        used = defines_fit.any(axis=other, keepdims=True)
        from_start = np.logical_or.accumulate(used, axis=axis)
        from_end = np.flip(np.logical_or.accumulate(np.flip(used, axis), axis=axis), axis)
        inside &= from_start & from_end
    return ~inside


def _fitted(values: FloatArray, fitted: BoolArray, geometry: _Geometries, *, fits: int) -> FloatArray:
    """Surfaces by loess' own pseudo-inverse and weights."""
    return surfaces(values, fitted, geometry=geometry, inverse="singular_values", fits=max(1, fits), reweight=_bisquare)


def _bisquare(size: FloatArray, middle: FloatArray) -> FloatArray:
    """Robustness weights (plates, fitted): 1 near zero, 0 from six median absolute residuals on."""
    ratio = size / (6 * middle)
    weights = (1 - ratio**2) ** 2
    weights[ratio > 0.999] = 0.0
    weights[ratio <= 0.001] = 1.0
    return np.asarray(weights)


@dataclass(frozen=True)
class _Geometries:
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
    offsets: npt.NDArray[np.intp]
    squares: FloatArray
    powers: list[tuple[int, ...]]
    terms: FloatArray
    products: FloatArray
    readouts: dict[Plan, tuple[FloatArray, FloatArray]]

    @classmethod
    def over(
        cls, place: FloatArray, *, span: float, degree: int, normalize: bool, surface: Surface, robust: bool
    ) -> _Geometries:
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

    def _direct(self, wells: npt.NDArray[np.intp], *, scale: FloatArray, neighbors: int) -> Geometry | None:
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

    def _interpolated(self, wells: npt.NDArray[np.intp], *, scale: FloatArray, neighbors: int) -> Geometry | None:
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

    def _grid_tricube(self, wells: npt.NDArray[np.intp], *, scale: FloatArray, neighbors: int) -> FloatArray | None:
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
