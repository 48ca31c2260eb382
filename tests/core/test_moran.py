from __future__ import annotations

from itertools import permutations

import numpy as np
from scipy import stats

from sensitome.core.moran import morans_i


def brute_force_i(values):
    rows, columns = values.shape
    off = values - np.nanmean(values)
    cross = pairs = 0.0
    for r in range(rows):
        for c in range(columns):
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                r2, c2 = r + dr, c + dc
                if 0 <= r2 < rows and 0 <= c2 < columns and not np.isnan(values[r, c] + values[r2, c2]):
                    cross += off[r, c] * off[r2, c2]
                    pairs += 1
    return np.sum(~np.isnan(values)) / pairs * cross / np.nansum(off**2)


def test_morans_i_equals_the_definition_with_gaps():
    rng = np.random.default_rng(3)
    cube = rng.normal(size=(5, 4, 6))
    cube[rng.random(cube.shape) < 0.15] = np.nan
    found, _ = morans_i(cube, np.ones(cube.shape, dtype=bool))
    np.testing.assert_allclose(found, [brute_force_i(plate) for plate in cube], rtol=1e-12)


def test_a_checkerboard_is_minus_one():
    board = np.indices((4, 6)).sum(axis=0)[None] % 2 * 2.0 - 1
    found, p_value = morans_i(board, np.ones(board.shape, dtype=bool))
    np.testing.assert_allclose(found, -1.0, atol=1e-14)
    assert p_value[0] > 0.999


def test_moments_are_those_of_all_720_ways_to_deal_six_readings():
    readings = np.array([0.3, -1.0, 2.2, 0.1, 5.0, -0.4])
    deals = np.array(list(permutations(readings))).reshape(-1, 2, 3)
    index, _ = morans_i(deals, np.ones(deals.shape, dtype=bool))
    observed, p_value = morans_i(deals[:1], np.ones((1, 2, 3), dtype=bool))
    z = (observed - index.mean()) / index.std()
    np.testing.assert_allclose(index.mean(), -1 / 5, atol=1e-12)
    np.testing.assert_allclose(p_value, stats.norm.sf(z), rtol=1e-10)


def test_moments_hold_with_wells_left_out():
    rng = np.random.default_rng(4)
    mask = np.ones((1, 5, 6), dtype=bool)
    mask[0, 1:3, 2:4] = False
    mask[0, 4, 5] = False
    n = int(mask.sum())
    readings = rng.exponential(size=n)
    deals = np.full((20000, 5, 6), np.nan)
    deals[:, mask[0]] = rng.permuted(np.tile(readings, (20000, 1)), axis=1)
    index, p_value = morans_i(deals, np.broadcast_to(mask, deals.shape))
    z = stats.norm.isf(p_value)
    assert abs(z.mean()) < 4 / np.sqrt(20000)
    assert abs(z.std() - 1) < 0.02
    assert abs(index.mean() + 1 / (n - 1)) < 4 * index.std() / np.sqrt(20000)


def test_no_neighbors_or_no_variation_give_nothing():
    board = np.indices((4, 6)).sum(axis=0)[None] % 2 == 0
    values = np.random.default_rng(5).normal(size=(1, 4, 6))
    for cube, mask in ((values, board), (np.full((1, 4, 6), 3.3), np.ones((1, 4, 6), dtype=bool))):
        found, p_value = morans_i(cube, mask)
        assert np.isnan(found).all()
        assert np.isnan(p_value).all()
