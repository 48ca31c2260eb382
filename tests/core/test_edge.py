from __future__ import annotations

import numpy as np
from scipy import stats

from sensitome.core.edge import edge_index, edge_mask, edge_permutation_p, line_effects
from sensitome.core.spatial import spatial_tests


def test_edge_index_by_hand():
    plate = np.ones((1, 4, 6))
    plate[0, 1:3, 1:5] = 3.0
    np.testing.assert_allclose(edge_index(plate, np.ones(plate.shape, dtype=bool)), [-2.0])


def test_edge_index_needs_both_sides():
    mask = np.zeros((1, 4, 6), dtype=bool)
    mask[0, 1:3, 1:5] = True
    assert np.isnan(edge_index(np.zeros((1, 4, 6)), mask)).all()


def test_permutation_p_of_the_edge_finds_an_edge_holds_its_level_and_repeats_with_its_seed():
    values, mask = np.random.default_rng(17).normal(size=(120, 8, 12)), np.ones((120, 8, 12), dtype=bool)
    values[0] -= 1.5 * edge_mask(8, 12)
    p_value = edge_permutation_p(values, mask, rng=np.random.default_rng(1), permutations=199)
    again = edge_permutation_p(values, mask, rng=np.random.default_rng(1), permutations=199)
    np.testing.assert_array_equal(p_value, again)
    assert p_value[0] == 1 / 200
    assert stats.kstest(p_value[1:], "uniform").pvalue > 1e-3
    assert stats.spearmanr(p_value[1:], spatial_tests(values, mask).p_edge[1:]).statistic > 0.5
    assert np.isnan(edge_permutation_p(values[:1], mask[:1] & ~edge_mask(8, 12), rng=np.random.default_rng(1))).all()


def test_line_effects_by_hand():
    plate = np.zeros((1, 4, 6))
    plate[0, 2] = -1.0
    rows, columns = line_effects(plate, np.ones(plate.shape, dtype=bool))
    np.testing.assert_array_equal(rows, [[0, 0, -1, 0]])
    np.testing.assert_array_equal(columns, np.zeros((1, 6)))
