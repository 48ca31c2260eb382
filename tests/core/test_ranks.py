from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import ndtri

from sensitome.core.ranks import midranks, normal_scores


def test_midranks_equal_scipy_row_by_row_with_ties_and_gaps():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 6, (30, 25)).astype(float)
    values[rng.random(values.shape) < 0.2] = np.nan
    ranks = midranks(values)
    for row, rank in zip(values, ranks, strict=True):
        there = ~np.isnan(row)
        np.testing.assert_array_equal(rank[there], stats.rankdata(row[there]))
        assert np.isnan(rank[~there]).all()


def test_midranks_do_not_change_their_input():
    values = np.array([[3.0, 1.0, 2.0]])
    midranks(values)
    np.testing.assert_array_equal(values, [[3.0, 1.0, 2.0]])


def test_normal_scores_are_the_quantiles_of_the_ranks():
    scores = normal_scores(np.array([[10.0, -5.0, np.nan, 1000.0]]))
    expected = ndtri(np.array([1.5, 0.5, 2.5]) / 3)
    np.testing.assert_allclose(scores[0, [0, 1, 3]], expected, atol=1e-15)
    assert np.isnan(scores[0, 2])


def test_normal_scores_of_equal_values_are_zero():
    np.testing.assert_allclose(normal_scores(np.full((1, 5), 7.0)), 0.0, atol=1e-15)


def test_an_empty_row_has_no_scores():
    assert np.isnan(normal_scores(np.full((1, 4), np.nan))).all()
