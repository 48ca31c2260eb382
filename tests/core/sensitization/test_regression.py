"""The drug arm on the vehicle: exact curves, outliers that do not bend them, and local spread."""

from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.regression import local_mad, regression_residual, robust_spline


def test_a_line_with_outliers_is_found() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    y = 0.8 * x - 0.3 + 0.01 * rng.standard_normal(200)
    y[:15] -= 5
    fitted = robust_spline(x, y)
    np.testing.assert_allclose(fitted[15:], 0.8 * x[15:] - 0.3, atol=0.02)


def test_a_curve_is_followed() -> None:
    rng = np.random.default_rng(7)
    x = np.linspace(-2, 1, 400)
    fitted = robust_spline(x, np.tanh(x) + 0.02 * rng.standard_normal(400), knots=6)
    assert np.abs(fitted - np.tanh(x)).max() < 0.05


def test_a_vehicle_that_does_not_vary_gives_the_median() -> None:
    np.testing.assert_allclose(robust_spline(np.zeros(5), np.array([1.0, 2, 3, 4, 90])), 3.0, atol=1.0)


def test_local_spread_follows_the_vehicle() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 1, 2000))
    scale = local_mad(rng.standard_normal(2000) * (1 + 4 * x), x)
    assert scale[100] == pytest.approx(1.2, rel=0.2)
    assert scale[1900] == pytest.approx(4.8, rel=0.2)


def test_local_spread_by_hand() -> None:
    residual = np.array([1.0, -2.0, 3.0, -4.0])
    np.testing.assert_allclose(local_mad(residual, np.arange(4.0)), 1.4826 * 2.5)


def test_general_toxicity_that_a_drug_dampens_is_no_interaction() -> None:
    rng = np.random.default_rng(2)
    main = -rng.exponential(0.5, 1000)
    values = np.stack([main, 0.7 * main], axis=1)[:, None, :, None] + 0.02 * rng.standard_normal((1000, 1, 2, 1))
    values[0, 0, 1, 0] -= 1.0
    test = regression_residual(contrasts(values))
    assert test.statistic[0, 0, 0] < -10
    assert np.abs(test.statistic[1:]).max() < 8
    assert (np.abs(test.statistic[1:]) > 3).mean() < 0.02


def test_few_reagents_carry_no_curve() -> None:
    assert np.isnan(regression_residual(contrasts(np.random.default_rng(0).random((19, 1, 2, 1)))).statistic).all()
