"""Cells of a line are those of the k-d tree, and blend alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core._kd_tree import blend, grow, plan
from sensitome.core._line_cells import line_blend, line_vertices


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 49), min_size=2, max_size=50), st.integers(0, 12))
def test_a_line_has_the_vertices_and_weights_of_its_tree(positions: set[int], most: int) -> None:
    data = np.array(sorted(positions), dtype=np.float64)
    tree = grow(plan(data[:, np.newaxis], scale=np.ones(1), most=most))
    order = np.argsort(tree.vertices[:, 0])
    vertices = np.array(line_vertices(data, most=most))
    assert vertices.tolist() == tree.vertices[order, 0].tolist()
    points = np.arange(data[0], data[-1] + 1)
    by_tree = blend(tree, points[:, np.newaxis])[:, order]
    assert line_blend(vertices, points) == pytest.approx(by_tree, abs=1e-15)
