from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.dunnett import control_loadings, dunnett_p, dunnett_quantile
from sensitome.core.t_tests import two_sided

HALF = 0.5**0.5


def test_the_probability_equals_mvtnorm(oracle: Path) -> None:
    for row in pl.read_csv(oracle / "blocked" / "dunnett_p.csv").iter_rows(named=True):
        k = row["comparisons"]
        loadings = np.full(k, HALF) if row["lambda"] == "equal" else np.linspace(0.3, 0.9, k)
        p = dunnett_p(np.full(k, row["t"]), np.array(float(row["df"])), loadings)
        assert p[0] == pytest.approx(row["p"], abs=2e-4), row


def test_textbook_critical_values() -> None:
    # Dunnett 1964, two-sided 5 %: 2 comparisons and 8, 4 and 20 degrees of freedom.
    for k, df, critical in ((2, 8, 2.67), (4, 20, 2.65)):
        assert dunnett_quantile(0.95, df, np.full(k, HALF)) == pytest.approx(critical, abs=0.006)


def test_one_comparison_is_students_t() -> None:
    t = np.array([2.2])
    np.testing.assert_allclose(
        dunnett_p(t, np.array([7.0]), np.array([HALF])), two_sided(t, np.array([7.0])), atol=1e-10
    )


def test_adjusted_p_lies_between_the_single_p_and_bonferroni() -> None:
    rng = np.random.default_rng(1)
    for k in (5, 30, 200):
        t, df, loadings = rng.normal(0, 2, k), rng.uniform(3, 30, k), rng.uniform(0.2, 0.9, k)
        p, single = dunnett_p(t, df, loadings), two_sided(t, df)
        assert np.all(p >= single)
        assert np.all(p <= np.minimum(1, k * single) + 1e-3)


def test_a_comparison_that_was_not_tested_takes_no_part() -> None:
    t, df = np.array([2.5, np.nan, 1.0]), np.array([8.0, np.nan, 8.0])
    p = dunnett_p(t, df, np.full(3, HALF))
    assert np.isnan(p[1])
    np.testing.assert_array_equal(p[[0, 2]], dunnett_p(t[[0, 2]], df[[0, 2]], np.full(2, HALF)))
    assert np.isnan(dunnett_p(np.array([np.nan]), np.array([3.0]), np.array([HALF]))).all()


def test_many_comparisons_by_interpolation_equal_few_by_integration() -> None:
    rng = np.random.default_rng(2)
    t = np.concatenate([rng.normal(0, 1, 41), [3.0, 4.5, 7.0, 30.0]])
    loadings = np.full(len(t), HALF)
    df = np.full(len(t), 12.0)
    many = dunnett_p(t, df, loadings)
    from sensitome.core.dunnett import _all_within

    exact = 1 - _all_within(np.abs(t), 12.0, loadings)
    np.testing.assert_allclose(many, exact, atol=1e-4)
    assert np.all(np.diff(many[np.argsort(np.abs(t))]) <= 1e-9)


def test_a_control_measured_more_often_correlates_the_comparisons_less() -> None:
    assert control_loadings(np.array([1.0]), np.array(1.0))[0] == pytest.approx(HALF)
    assert control_loadings(np.array([1.0]), np.array(0.25))[0] < HALF


def test_the_familywise_error_is_five_percent() -> None:
    rng = np.random.default_rng(3)
    sets, groups, blocks = 1500, 6, 4
    values = rng.normal(size=(sets, groups, blocks))
    centered = (
        values - values.mean(1, keepdims=True) - values.mean(2, keepdims=True) + values.mean((1, 2), keepdims=True)
    )
    df = (groups - 1) * (blocks - 1)
    square = (centered**2).sum((1, 2)) / df
    t = (values.mean(2)[:, 1:] - values.mean(2)[:, :1]) / np.sqrt(2 * square / blocks)[:, None]
    critical = dunnett_quantile(0.95, df, np.full(groups - 1, HALF))
    wrong = float(np.mean(np.abs(t).max(1) > critical))
    assert abs(wrong - 0.05) < 3 * np.sqrt(0.05 * 0.95 / sets)
