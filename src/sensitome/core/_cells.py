"""The cells of locfit: a plate is halved until each cell is short for the bandwidth, and blended between corners."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Cells longer than this share of the smallest bandwidth at their corners are divided.
CUT = 0.8
CORNERS = 4

#: Corners of the box, which cells are halved, between which vertices, and which vertices are fitted.
Shape = tuple[
    tuple[tuple[float, float], ...],
    tuple[tuple[tuple[int, ...], int], ...],
    tuple[tuple[int, int], ...],
    tuple[int, ...],
]


@dataclass
class Cells:
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
