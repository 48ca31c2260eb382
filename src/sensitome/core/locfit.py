"""Robust local regression of plates as in the R package locfit, which cellHTS2 uses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from sensitome.core._local_fits import (
    Geometry,
    LocalFits,
    exponents,
    monomials,
    pair_products,
    surfaces,
)
from sensitome.core.loess import plate_places
from sensitome.errors import MethodError

__all__ = ["locfit_surface"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Cells longer than this share of the smallest bandwidth at their corners are divided.
CUT = 0.8
#: Fits of the robust form; the weights of the last come from the residuals of the one before.
ROBUST_FITS = 4
CORNERS = 4

#: Corners of the box, which cells are halved, between which vertices, and which vertices are fitted.
Shape = tuple[
    tuple[tuple[float, float], ...],
    tuple[tuple[tuple[int, ...], int], ...],
    tuple[tuple[int, int], ...],
    tuple[int, ...],
]


def locfit_surface(
    signal: FloatArray,
    defines_fit: BoolArray,
    *,
    nn: float = 0.7,
    h: float = 0.0,
    degree: int = 2,
    scale: bool = False,
    robust: bool = True,
) -> FloatArray:
    """Smooth surface of each plate by locfit, for all of its wells.

    Parameters
    ----------
    signal : (plates, rows, columns), any unit; NaN = no reading
    defines_fit : (plates, rows, columns) or (rows, columns); the wells that are fitted, where they have a reading
    nn : share of the fitted wells in each neighborhood; 0 for none
    h : smallest bandwidth, in wells (in standard deviations with `scale`); with `nn=0` the bandwidth itself
    degree : 1 or 2, of the local polynomial in column and row
    scale : measure distances in standard deviations of column and row instead of wells
    robust : weight wells by the residuals of the last fit, four fits in all, as `locfit.robust`

    Returns
    -------
    (plates, rows, columns), unit of the signal. NaN: all wells of a plate that has fewer fitted wells than one more
    than the terms of the polynomial, or fitted wells in one row or column only, or a corner of a cell out of reach of
    all wells. Wells outside the fitted rows and columns get a value however far it is extrapolated: see
    `sensitome.core.loess.extrapolated`; a small fixed `h` can leave any sensible range there.

    Raises
    ------
    MethodError
        The degree is not 1 or 2, or neither `nn` nor `h` is positive.

    Notes
    -----
    Bandwidth: the distance to the floor(n nn)-th nearest fitted well, at least h; weights (1 - (d/b)³)³. Value and
    gradient are fitted at the corners of cells that are halved until they are shorter than 0.8 bandwidths, and blended
    by bicubic Hermite polynomials, after a polynomial of the whole plate is taken off; it is added back. Robust weights
    are max(0, 1 - (e/6s)²)², s the median of the absolute residuals e.
    Equal to locfit 1.5-9.7 (`locfit(y ~ lp(column, row, …), lfproc = locfit.robust)`) within 1e-6
    (tests/oracle/plate384).

    References
    ----------
    Loader 1999, Local Regression and Likelihood, doi:10.1007/b98858

    Examples
    --------
    >>> tilted = np.add.outer(np.arange(8.0), np.arange(12.0))[np.newaxis]
    >>> fit = locfit_surface(tilted, np.ones((8, 12), dtype=bool))
    >>> bool(np.allclose(fit, tilted))
    True
    """
    if degree not in (1, 2):
        raise MethodError("locfit of this degree is not supported", found=degree, expected="1 or 2")
    if not (nn > 0 or h > 0):
        raise MethodError("locfit has no bandwidth", found=f"nn = {nn}, h = {h}", expected="one of them above 0")
    plates, rows, columns = signal.shape
    values = signal.reshape(plates, rows * columns)
    fitted = np.broadcast_to(defines_fit, signal.shape).reshape(values.shape) & np.isfinite(values)
    result = surfaces(
        values,
        fitted,
        geometry=_Geometries(plate_places(rows, columns), nn, h, exponents(2, degree), scale, readouts={}),
        inverse="eigenvalues",
        fits=ROBUST_FITS if robust else 1,
        reweight=_bisquare,
    )
    return result.reshape(signal.shape)


def _bisquare(size: FloatArray, middle: FloatArray) -> FloatArray:
    """Robust weights (plates, fitted)."""
    return np.asarray(np.maximum(1 - (size / (6 * middle)) ** 2, 0) ** 2)


@dataclass
class _Cells:
    """Cells of the plate, halved until they are short, and their vertices.

    A vertex where the neighboring cells are short already is not fitted ("pseudo"): its parents give its value.

    Parameters
    ----------
    data : (fitted, 2) places of the fitted wells
    scale : units of distance along each axis
    neighbors : how many wells a neighborhood holds at least
    h : smallest bandwidth
    points, bandwidth : of each vertex
    fitted : vertices that are fitted, with their number among these
    between : vertex halfway between two others
    halved : axis along which a cell is halved; -1 for a cell that is not
    """

    data: FloatArray
    scale: tuple[float, float]
    neighbors: int
    h: float
    points: list[tuple[float, float]] = field(default_factory=list)
    bandwidth: list[float] = field(default_factory=list)
    fitted: dict[int, int] = field(default_factory=dict)
    between: dict[tuple[int, int], int] = field(default_factory=dict)
    halved: dict[tuple[int, ...], int] = field(default_factory=dict)

    def start(self) -> tuple[int, ...]:
        """Corners of the box around the fitted wells; then all cells."""
        low, high = self.data.min(axis=0).tolist(), self.data.max(axis=0).tolist()
        corners = tuple(self.add((x, y)) for y in (low[1], high[1]) for x in (low[0], high[0]))
        self.grow(corners)
        return corners

    def add(self, point: tuple[float, float]) -> int:
        """Add a vertex that is fitted."""
        self.fitted[len(self.points)] = len(self.fitted)
        self.bandwidth.append(self._bandwidth(point))
        self.points.append(point)
        return len(self.points) - 1

    def _bandwidth(self, point: tuple[float, float]) -> float:
        """Distance to the last of the neighbors, at least h."""
        if self.neighbors == 0:
            return self.h
        squared = _squared_distances(np.array([point]), self.data, self.scale)[0]
        if self.neighbors < len(squared):
            last = float(np.partition(squared, self.neighbors - 1)[self.neighbors - 1])
        else:
            last = float(squared.max()) * self.neighbors / len(squared)
        return max(self.h, math.sqrt(last))

    def _axis(self, corners: tuple[int, ...]) -> int:
        """Which side of a cell to halve; -1 when the cell is short enough."""
        smallest = min((self.bandwidth[corner] for corner in corners if self.bandwidth[corner] > 0), default=0.0)
        box = self.length((0, 1, 2, 3))
        score = [
            side / unit / smallest if smallest else 2 * side / whole
            for side, unit, whole in zip(self.length(corners), self.scale, box, strict=True)
        ]
        longest = 1 if score[1] > score[0] else 0
        return longest if score[longest] > CUT else -1

    def length(self, corners: tuple[int, ...]) -> tuple[float, float]:
        """Sides of a cell."""
        low, high = self.points[corners[0]], self.points[corners[-1]]
        return high[0] - low[0], high[1] - low[1]

    def grow(self, corners: tuple[int, ...]) -> None:
        """Halve a cell and its halves until all are short; the lower half first."""
        axis = self.halved[corners] = self._axis(corners)
        if axis < 0:
            return
        side = self.length(corners)[axis] / self.scale[axis]
        middle = {}
        for low, high in _edges(corners, axis):
            pseudo = side < CUT * min(self.bandwidth[low], self.bandwidth[high])
            middle[low, high] = self._halfway(low, high, pseudo=pseudo)
        for half in _halves(corners, axis, middle):
            self.grow(half)

    def _halfway(self, low: int, high: int, *, pseudo: bool) -> int:
        """Vertex between two others."""
        pair = (min(low, high), max(low, high))
        if pair not in self.between:
            first, second = self.points[low], self.points[high]
            point = (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
            if pseudo:
                self.bandwidth.append((self.bandwidth[low] + self.bandwidth[high]) / 2)
                self.points.append(point)
                self.between[pair] = len(self.points) - 1
            else:
                self.between[pair] = self.add(point)
        return self.between[pair]

    def shape(self) -> Shape:
        """What the readout depends on; patterns that lack different wells often share it."""
        return tuple(self.points[:CORNERS]), tuple(self.halved.items()), tuple(self.between), tuple(self.fitted)

    def kernel(self) -> FloatArray:
        """(fitted vertices, fitted wells) weights by distance."""
        vertices = np.array([self.points[number] for number in self.fitted])
        distance = np.sqrt(_squared_distances(vertices, self.data, self.scale))
        bandwidth = np.array([self.bandwidth[number] for number in self.fitted])[:, np.newaxis]
        with np.errstate(all="ignore"):
            ratio = np.where(bandwidth > 0, distance / bandwidth, np.where(distance > 0, 1.0, 0.0))
        return np.asarray((1 - np.minimum(ratio, 1.0) ** 3) ** 3)

    def vertex(self, number: int) -> FloatArray:
        """(4, vertices × 3) value, slopes and twist at a fitted vertex, from values and gradients of all."""
        parts = np.zeros((CORNERS, len(self.fitted), 3))
        for part in range(3):
            parts[part, self.fitted[number], part] = 1.0
        return parts.reshape(CORNERS, -1)

    def readout(self, places: FloatArray, corners: tuple[int, ...]) -> FloatArray:
        """(places, vertices, 3) weights of values and gradients in the surface at places."""
        result = np.zeros((len(places), 3 * len(self.fitted)))
        root = [self.vertex(corner) for corner in corners]
        stack = [(corners, root, np.arange(len(places)))]
        while stack:
            cell, parts, inside = stack.pop()
            if self.halved[cell] >= 0 and len(inside):
                stack += self._descend(cell, parts, inside, places)
                continue
            low, length = self.points[cell[0]], self.length(cell)
            x, y = (_hermite((places[inside, i] - low[i]) / length[i], length[i]) for i in (0, 1))
            for corner in range(CORNERS):
                for part in range(CORNERS):
                    weight = x[corner & 1][part & 1] * y[corner >> 1][part >> 1]
                    result[inside] += weight[:, np.newaxis] * parts[corner][part]
        return result.reshape(len(places), -1, 3)

    def _descend(
        self, cell: tuple[int, ...], parts: list[FloatArray], inside: IntArray, places: FloatArray
    ) -> list[tuple[tuple[int, ...], list[FloatArray], IntArray]]:
        """Both halves of a cell with the places in them."""
        axis = self.halved[cell]
        length = self.length(cell)[axis]
        by_vertex = dict(zip(cell, parts, strict=True))
        middle = {(low, high): self.between[min(low, high), max(low, high)] for low, high in _edges(cell, axis)}
        for (low, high), number in middle.items():
            if number in self.fitted:
                by_vertex[number] = self.vertex(number)
            else:
                by_vertex[number] = _midway(by_vertex[low], by_vertex[high], axis, length)
        below = 2 * (places[inside, axis] - self.points[cell[0]][axis]) < length
        return [
            (half, [by_vertex[corner] for corner in half], inside[which])
            for half, which in zip(_halves(cell, axis, middle), (below, ~below), strict=True)
        ]


def _squared_distances(points: FloatArray, data: FloatArray, scale: tuple[float, float]) -> FloatArray:
    """(points, wells) squared distances in units of scale."""
    x, y = ((points[:, axis, np.newaxis] - data[:, axis]) / scale[axis] for axis in (0, 1))
    return np.asarray(x * x + y * y)


def _edges(corners: tuple[int, ...], axis: int) -> Iterator[tuple[int, int]]:
    """Both edges of a cell along an axis, as (low, high) vertices."""
    for number, corner in enumerate(corners):
        if not number >> axis & 1:
            yield corner, corners[number | 1 << axis]


def _halves(
    corners: tuple[int, ...], axis: int, middle: dict[tuple[int, int], int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Corners of the lower and the upper half of a cell."""
    lower, upper = list(corners), list(corners)
    for number, corner in enumerate(corners):
        if not number >> axis & 1:
            other = number | 1 << axis
            lower[other] = upper[number] = middle[corner, corners[other]]
    return tuple(lower), tuple(upper)


def _midway(low: FloatArray, high: FloatArray, axis: int, length: float) -> FloatArray:
    """Value, slopes and twist halfway along an edge, by cubic Hermite interpolation."""
    result = np.empty_like(low)
    along = 1 << axis
    for part in range(CORNERS):
        if not part & along:
            slope = part | along
            result[part] = (low[part] + high[part]) / 2 + length * (low[slope] - high[slope]) / 8
            result[slope] = 1.5 * (high[part] - low[part]) / length - (low[slope] + high[slope]) / 4
    return result


def _hermite(position: FloatArray, length: float) -> list[list[FloatArray]]:
    """Weights [end][value, slope] along an edge; straight on beyond its ends."""
    inside = np.clip(position, 0.0, 1.0)
    upper = inside**2 * (3 - 2 * inside)
    rise = inside * (1 - inside) ** 2 + np.minimum(position, 0.0)
    fall = inside**2 * (inside - 1) + np.maximum(position - 1, 0.0)
    return [[1 - upper, rise * length], [upper, fall * length]]


@dataclass(frozen=True)
class _Geometries:
    """Makes the geometry of a pattern of fitted wells; keeps the readouts of the cells met so far."""

    place: FloatArray
    nn: float
    h: float
    powers: list[tuple[int, ...]]
    scale: bool
    readouts: dict[Shape, tuple[FloatArray, FloatArray]]

    def __call__(self, fitted: BoolArray) -> Geometry | None:
        """Geometry of a pattern (wells,); None when it cannot be fitted."""
        wells = np.flatnonzero(fitted)
        data = self.place[wells]
        if len(wells) < len(self.powers) + 1 or np.ptp(data, axis=0).min() == 0:
            return None
        unit = data.std(axis=0, ddof=1).tolist() if self.scale else [1.0, 1.0]
        cells = _Cells(data, (unit[0], unit[1]), int(len(wells) * self.nn + 1e-12), self.h)
        corners = cells.start()
        shape = cells.shape()
        if shape not in self.readouts:
            self.readouts[shape] = self._readout(cells, corners)
        points, readout = self.readouts[shape]
        basis = monomials(self._unit(data), self.powers)
        final = LocalFits(
            kernel=np.vstack([cells.kernel(), np.ones((1, len(wells)))]),
            basis=basis,
            products=pair_products(basis),
            points=np.vstack([points, self._unit(data.mean(axis=0, keepdims=True))]),
            powers=self.powers,
            readout=readout,
            direct=False,
        )
        steps = replace(final, readout=readout[wells])
        return Geometry(wells, steps, final, np.zeros(len(self.place), dtype=bool))

    def _unit(self, points: FloatArray) -> FloatArray:
        """Points in coordinates that run from -1 to 1 over the plate."""
        return np.asarray(points / self.place.max(axis=0))

    def _readout(self, cells: _Cells, corners: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
        """Fitted vertices, and (wells, terms × points) from the coefficients there and of the whole plate."""
        blend = cells.readout(self.place, corners)
        vertices = self._unit(np.array([cells.points[number] for number in cells.fitted]))
        half = self.place.max(axis=0)
        slopes = [monomials(vertices, self.powers, derivative=axis) / half[axis] for axis in (0, 1)]
        terms = np.stack([monomials(vertices, self.powers), *slopes])
        readout = np.empty((len(self.place), len(self.powers), len(vertices) + 1))
        readout[:, :, :-1] = np.einsum("wvp,pkv->wkv", blend, terms)
        # The last point is the polynomial of the whole plate: what the cells would take off it is added back.
        whole = monomials(self._unit(self.place), self.powers).T
        readout[:, :, -1] = whole - readout[:, :, :-1].sum(axis=2)
        return vertices, readout.reshape(len(self.place), -1)
