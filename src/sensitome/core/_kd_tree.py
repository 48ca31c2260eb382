"""The k-d tree of loess: cells, their vertices, and the cubic blending between vertices.

Cleveland and Grosse (1991, doi:10.1007/BF01890836) fit value and gradient only at the vertices of a tree of rectangles
and blend between them. The tree depends on where the fitted wells are, not on what they read, so blending is a matrix
from vertex values and gradients to points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: The box around the data is wider by this share of its range on each side.
MARGIN = 0.005
#: The peer stops to divide cells when there are as many cells as wells, but not below this number.
FEWEST_CELLS_ALLOWED = 200

#: Where the tree begins and how it is divided: corners of the box, then cell, axis and cut of each division.
Plan = tuple[tuple[float, ...], tuple[float, ...], tuple[tuple[int, int, float], ...]]


@dataclass(frozen=True)
class Tree:
    """Cells of a k-d tree.

    Parameters
    ----------
    axis : (cells,) coordinate that is divided; -1 for a leaf
    cut : (cells,) where
    children : (cells, 2) cells below and above the cut
    low, high : (cells, dimensions) corners
    corners : (cells, 2**dimensions) vertices; bit i of the corner's number is set at the high end of coordinate i
    across : (cells, dimensions, 2) of a leaf: the subtree on the other side of its low and high face; -1 for none
    vertices : (vertices, dimensions)
    """

    axis: IntArray
    cut: FloatArray
    children: IntArray
    low: FloatArray
    high: FloatArray
    corners: IntArray
    across: IntArray
    vertices: FloatArray

    def leaf(self, points: FloatArray, start: IntArray) -> IntArray:
        """(points,) leaf under a starting cell where each point belongs; on a cut it belongs below."""
        cell = start.copy()
        while True:
            inner = np.flatnonzero(self.axis[cell] >= 0)
            if not len(inner):
                return cell
            here = cell[inner]
            above = points[inner, self.axis[here]] > self.cut[here]
            cell[inner] = self.children[here, above.astype(np.intp)]


class _Growing:
    """Lists that become a `Tree`."""

    def __init__(self, low: FloatArray, high: FloatArray) -> None:
        self.axis: list[int] = []
        self.cut: list[float] = []
        self.children: list[tuple[int, int]] = []
        self.low: list[FloatArray] = []
        self.high: list[FloatArray] = []
        self.corners: list[list[int]] = []
        self.trail: list[list[tuple[int, int]]] = []
        self.vertex: dict[tuple[float, ...], int] = {}
        self.add(low, high, [])

    def add(self, low: FloatArray, high: FloatArray, trail: list[tuple[int, int]]) -> int:
        """Add a leaf; its trail is (cell, which child) from the root down."""
        sides = (low, high)
        corners = []
        for number in range(2 ** len(low)):
            corner = tuple(float(sides[number >> axis & 1][axis]) for axis in range(len(low)))
            corners.append(self.vertex.setdefault(corner, len(self.vertex)))
        self.axis.append(-1)
        self.cut.append(0.0)
        self.children.append((-1, -1))
        self.low.append(low)
        self.high.append(high)
        self.corners.append(corners)
        self.trail.append(trail)
        return len(self.axis) - 1

    def divide(self, cell: int, axis: int, cut: float) -> None:
        """Divide a leaf."""
        high, low = self.high[cell].copy(), self.low[cell].copy()
        high[axis] = low[axis] = cut
        below = self.add(self.low[cell], high, [*self.trail[cell], (cell, 0)])
        above = self.add(low, self.high[cell], [*self.trail[cell], (cell, 1)])
        self.axis[cell], self.cut[cell], self.children[cell] = axis, cut, (below, above)

    def across(self, cell: int) -> list[list[int]]:
        """For each coordinate: the nearest subtree that begins where this cell ends, on the low and the high side."""
        faces = [[-1, -1] for _ in self.low[cell]]
        if self.axis[cell] >= 0:
            return faces
        for parent, _ in self.trail[cell]:
            axis = self.axis[parent]
            if self.cut[parent] == self.low[cell][axis]:
                faces[axis][0] = self.children[parent][0]
            if self.cut[parent] == self.high[cell][axis]:
                faces[axis][1] = self.children[parent][1]
        return faces

    def tree(self) -> Tree:
        """Freeze."""
        return Tree(
            axis=np.array(self.axis, dtype=np.intp),
            cut=np.array(self.cut),
            children=np.array(self.children, dtype=np.intp),
            low=np.array(self.low),
            high=np.array(self.high),
            corners=np.array(self.corners, dtype=np.intp),
            across=np.array([self.across(cell) for cell in range(len(self.axis))], dtype=np.intp),
            vertices=np.array(list(self.vertex)),
        )


def plan(data: FloatArray, *, scale: FloatArray, most: int) -> Plan:
    """Plan of a tree over data (wells, dimensions) whose leaves hold at most so many wells.

    A cell is divided across the coordinate in which its wells range widest, in units of scale, at the lower median,
    moved to the nearest place between two different values. Plates that lack different wells often have the same plan.
    """
    low, high = data.min(axis=0), data.max(axis=0)
    margin = MARGIN * (high - low)
    box = (low - margin).tolist(), (high + margin).tolist()
    cells: list[tuple[IntArray, list[float], list[float]]] = [(np.arange(len(data)), *box)]
    divisions = []
    scaled = data / scale
    limit = max(FEWEST_CELLS_ALLOWED, len(data))
    cell = 0
    while cell < len(cells):
        wells, low_end, high_end = cells[cell]
        if len(wells) > most and len(cells) + 2 <= limit:
            values = scaled[wells]
            axis = int((values.max(axis=0) - values.min(axis=0)).argmax())
            column = data[wells, axis]
            order = column.argsort(kind="stable")
            last = _last_below(column[order].tolist())
            cut = float(column[order[last]])
            if cut not in (low_end[axis], high_end[axis]):
                divisions.append((cell, axis, cut))
                middle_high, middle_low = list(high_end), list(low_end)
                middle_high[axis] = middle_low[axis] = cut
                cells.append((wells[order[: last + 1]], low_end, middle_high))
                cells.append((wells[order[last + 1 :]], middle_low, high_end))
        cell += 1
    return tuple(box[0]), tuple(box[1]), tuple(divisions)


def grow(planned: Plan) -> Tree:
    """Tree of a plan."""
    low, high, divisions = planned
    growing = _Growing(np.array(low), np.array(high))
    for cell, axis, cut in divisions:
        growing.divide(cell, axis, cut)
    return growing.tree()


def _last_below(values: list[float]) -> int:
    """Position of the last sorted value below the cut: the lower median, or the nearest position before a step."""
    middle, offset = (len(values) - 1) // 2, 0
    while 0 <= middle + offset < len(values) - 1:
        if values[middle + offset] != values[middle + offset + 1]:
            return middle + offset
        offset = -offset
        if offset >= 0:
            offset += 1
    return middle


def hermite(position: FloatArray, length: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cubic Hermite weights (2, points) of the values and of the slopes at both ends of an edge."""
    rest = 1.0 - position
    value = np.stack([rest**2 * (1 + 2 * position), position**2 * (3 - 2 * position)])
    slope = np.stack([position * rest**2, position**2 * (position - 1)]) * length
    return value, slope


def blend(tree: Tree, points: FloatArray) -> FloatArray:
    """(points, vertices, 1 + dimensions): weights of each vertex's value and gradient in the surface at points.

    In two dimensions: the blend of the north-south and the east-west interpolants of the four edges less their tensor
    product. An edge that a neighbor divides more finely is taken in the neighbor's finer piece.
    """
    weights = np.zeros((len(points), len(tree.vertices), 1 + points.shape[1]))
    leaf = tree.leaf(points, np.zeros(len(points), dtype=np.intp))
    low, high = tree.low[leaf], tree.high[leaf]
    length = high - low
    position = (points - low) / length
    number = np.arange(len(points))
    if points.shape[1] == 1:
        value, slope = hermite(position[:, 0], length[:, 0])
        for end in (0, 1):
            vertex = tree.corners[leaf, end]
            weights[number, vertex, 0] += value[end]
            weights[number, vertex, 1] += slope[end]
        return weights
    both = [hermite(position[:, axis], length[:, axis]) for axis in (0, 1)]
    for corner in range(4):
        x, y = corner & 1, corner >> 1
        vertex = tree.corners[leaf, corner]
        weights[number, vertex, 0] -= both[0][0][x] * both[1][0][y]
        weights[number, vertex, 1] -= both[0][1][x] * both[1][0][y]
        weights[number, vertex, 2] -= both[0][0][x] * both[1][1][y]
    for axis in (0, 1):
        for side in (0, 1):
            value, slope = both[axis][0][side], both[axis][1][side]
            _add_edge(weights, tree, points, leaf, face=(axis, side), value=value, slope=slope)
    return weights


def _add_edge(
    weights: FloatArray,
    tree: Tree,
    points: FloatArray,
    leaf: IntArray,
    *,
    face: tuple[int, int],
    value: FloatArray,
    slope: FloatArray,
) -> None:
    """Add the edge of each point's leaf at one end of a coordinate: its value and the slope across it."""
    axis, side = face
    along = 1 - axis
    number = np.arange(len(points))

    def corner(end: int, of_side: int) -> int:
        return (end << along) | (of_side << axis)

    start, stop = tree.low[leaf, along].copy(), tree.high[leaf, along].copy()
    ends = [tree.corners[leaf, corner(end, side)] for end in (0, 1)]
    root = tree.across[leaf, axis, side]
    some = np.flatnonzero(root >= 0)
    neighbor = tree.leaf(points[some], root[some])
    for end, limit, bounds, finer in ((0, start, tree.low, np.greater), (1, stop, tree.high, np.less)):
        other = bounds[neighbor, along]
        better = finer(other, limit[some])
        limit[some[better]] = other[better]
        ends[end][some[better]] = tree.corners[neighbor[better], corner(end, 1 - side)]
    length = stop - start
    edge_value, edge_slope = hermite((points[:, along] - start) / length, length)
    for end in (0, 1):
        weights[number, ends[end], 0] += value * edge_value[end]
        weights[number, ends[end], 1 + along] += value * edge_slope[end]
        weights[number, ends[end], 1 + axis] += slope * edge_value[end]
