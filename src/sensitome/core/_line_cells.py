"""The k-d tree of loess on a line: there it is a row of cells, which need not be grown to be known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core._kd_tree import FEWEST_CELLS_ALLOWED, MARGIN, hermite

FloatArray = npt.NDArray[np.float64]

#: Lines with so many positions have fewer cells than the tree may have, whatever is fitted.
LONGEST = FEWEST_CELLS_ALLOWED // 4


def line_vertices(data: FloatArray, *, most: int) -> tuple[float, ...]:
    """Ends of the cells over different rising positions (positions,); as `_kd_tree.plan` divides them."""
    places = data.tolist()
    margin = MARGIN * (places[-1] - places[0])
    low, high = places[0] - margin, places[-1] + margin
    ends = [low, high]
    cells = [(0, len(places), low, high)]
    while cells:
        first, end, below, above = cells.pop()
        if end - first <= most:
            continue
        last = first + (end - first - 1) // 2
        cut = places[last]
        if cut not in (below, above):
            ends.append(cut)
            cells += [(first, last + 1, below, cut), (last + 1, end, cut, above)]
    return tuple(sorted(ends))


def line_blend(vertices: FloatArray, points: FloatArray) -> FloatArray:
    """(points, vertices, 2) weights of each vertex's value and slope; a point on a cut belongs to the cell below."""
    cell = np.searchsorted(vertices[1:-1], points)
    length = vertices[cell + 1] - vertices[cell]
    value, slope = hermite((points - vertices[cell]) / length, length)
    weights = np.zeros((len(points), len(vertices), 2))
    number = np.arange(len(points))
    for end in (0, 1):
        weights[number, cell + end, 0] = value[end]
        weights[number, cell + end, 1] = slope[end]
    return weights
