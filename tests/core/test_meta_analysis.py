from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.meta_analysis import pool


def test_two_cohorts_by_hand() -> None:
    answer = pool(np.array([[0.0, 3.0]]), np.array([[1.0, 0.5]]))
    # Weights 1 and 4; Q = 1·2.4² + 4·0.6² = 7.2; τ² = (7.2 − 1) / (5 − 17/5) = 3.875.
    np.testing.assert_allclose([answer.fixed[0], answer.fixed_se[0]], [2.4, 1 / np.sqrt(5)])
    np.testing.assert_allclose([answer.q[0], answer.tau2[0], answer.i2[0]], [7.2, 3.875, 6.2 / 7.2])
    weights = 1 / np.array([1 + 3.875, 0.25 + 3.875])
    np.testing.assert_allclose(answer.random[0], 3 * weights[1] / weights.sum())
    np.testing.assert_allclose(answer.random_se[0], 1 / np.sqrt(weights.sum()))
    assert answer.cohorts[0] == 2


def test_cohorts_that_agree_have_no_variance_between_them() -> None:
    answer = pool(np.array([[1.0, 1.0, 1.0]]), np.array([[0.3, 0.2, 0.5]]))
    assert answer.tau2[0] == 0
    assert answer.i2[0] == 0
    assert answer.random[0] == pytest.approx(answer.fixed[0])
    assert answer.q_p[0] == pytest.approx(1.0)


def test_one_cohort_stands_for_itself_and_none_gives_nothing() -> None:
    answer = pool(np.array([[0.5, np.nan], [np.nan, np.nan]]), np.array([[0.25, 1.0], [1.0, np.nan]]))
    assert answer.fixed[0] == answer.random[0] == 0.5
    assert answer.fixed_p[0] == pytest.approx(0.0455, abs=1e-4)
    assert np.isnan(answer.q_p).all()
    assert np.isnan(answer.fixed[1])
    assert answer.cohorts.tolist() == [1, 0]


def test_the_pooled_interval_covers_the_true_effect() -> None:
    rng = np.random.default_rng(4)
    se = rng.uniform(0.1, 0.4, size=(1000, 6))
    answer = pool(rng.normal(0.3, se), se)
    covered = int((np.abs(answer.fixed - 0.3) < 1.96 * answer.fixed_se).sum())
    # 99.9 % of binomial(1000, .95) lies within 926 … 971.
    assert 926 <= covered <= 971
