from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sensitome.core.agreement import concordance, drift, pearson, repeatability_sd, spearman


@pytest.fixture
def pairs():
    rng = np.random.default_rng(20)
    x = rng.integers(0, 15, (12, 60)).astype(float)
    y = x + rng.integers(-6, 7, x.shape)
    x[rng.random(x.shape) < 0.1] = np.nan
    y[rng.random(x.shape) < 0.1] = np.nan
    return x, y


def test_correlations_equal_scipy_on_common_wells(pairs):
    x, y = pairs
    for i in range(len(x)):
        both = ~np.isnan(x[i] + y[i])
        one = slice(i, i + 1)
        np.testing.assert_allclose(pearson(x[one], y[one]), stats.pearsonr(x[i, both], y[i, both])[0], rtol=1e-12)
        np.testing.assert_allclose(spearman(x[one], y[one]), stats.spearmanr(x[i, both], y[i, both])[0], rtol=1e-12)
    np.testing.assert_allclose(pearson(x, y)[3], pearson(x[3:4], y[3:4])[0])


def test_concordance_by_hand():
    x, y = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 3.0, 4.0]])
    # Moments over n: s_xy = s_x² = s_y² = 2/3, shift 1.
    np.testing.assert_allclose(concordance(x, y), [2 * (2 / 3) / (4 / 3 + 1)])
    np.testing.assert_allclose(concordance(x, x), [1.0])


def test_concordance_never_exceeds_pearson(pairs):
    x, y = pairs
    assert np.all(np.abs(concordance(x, y)) <= np.abs(pearson(x, y)) + 1e-12)


def test_shift_leaves_pearson_alone_but_not_concordance(pairs):
    x, y = pairs
    np.testing.assert_allclose(pearson(x, y + 100), pearson(x, y), rtol=1e-10)
    assert np.all(concordance(x, y + 100) < 0.1)


@pytest.mark.parametrize("correlate", [pearson, spearman])
def test_no_variation_or_too_few_wells_give_nothing(correlate):
    x = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 2.0, np.nan, np.nan], [np.nan] * 4])
    y = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]])
    assert np.isnan(correlate(x, y)).all()


def test_no_pairs_give_no_answers():
    assert pearson(np.empty((0, 5)), np.empty((0, 5))).shape == (0,)


def test_repeatability_by_hand():
    # Wells: SDs √2 and 0; the third has one reading, the fourth none.
    values = np.array([[[1.0, 5.0, 2.0, np.nan], [3.0, 5.0, np.nan, np.nan]]])
    np.testing.assert_allclose(repeatability_sd(values), [np.sqrt((2 + 0) / 2)])


def test_repeatability_needs_two_readings_of_a_well():
    assert np.isnan(repeatability_sd(np.array([[[1.0, np.nan], [np.nan, 2.0]]]))).all()


def test_drift_equals_theil_sen_and_spearman_of_scipy():
    rng = np.random.default_rng(21)
    order = np.arange(30.0)
    levels = 0.02 * order + rng.normal(0, 0.2, 30)
    trend = drift(levels, order)
    expected = stats.spearmanr(levels, order)
    np.testing.assert_allclose([trend.rho, trend.p_value], [expected.statistic, expected.pvalue], rtol=1e-9)
    np.testing.assert_allclose(trend.slope, stats.theilslopes(levels, order).slope, rtol=1e-12)
    np.testing.assert_allclose(trend.change, trend.slope * 29, rtol=1e-12)


def test_drift_of_a_long_run_keeps_its_slope():
    rng = np.random.default_rng(22)
    order = rng.permutation(5000).astype(float)
    trend = drift(0.001 * order + rng.normal(0, 0.5, 5000), order)
    np.testing.assert_allclose(trend.slope, 0.001, rtol=0.05)
    assert trend.p_value < 1e-12


def test_the_chance_to_call_a_steady_run_is_its_level():
    rng = np.random.default_rng(23)
    called = sum(drift(rng.normal(size=12), np.arange(12.0)).p_value < 0.05 for _ in range(1000))
    low, high = stats.binom.interval(0.9998, 1000, 0.05)
    assert low <= called <= high


@pytest.mark.parametrize("levels", [np.arange(5.0), np.full(9, 2.0), np.full(9, np.nan), np.empty(0)])
def test_too_short_or_constant_runs_have_no_drift(levels):
    trend = drift(levels, np.arange(float(len(levels))))
    assert np.isnan([trend.rho, trend.p_value, trend.slope, trend.change]).all()
    assert trend.n == np.sum(~np.isnan(levels))
