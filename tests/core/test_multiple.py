from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.multiple import ADJUSTMENTS, Adjustment, adjust_p, bayesian_fdr


@pytest.mark.parametrize(("ours", "theirs"), [("bh", "BH"), ("holm", "holm"), ("bonferroni", "bonferroni")])
def test_adjusted_p_equals_r(oracle: Path, ours: Adjustment, theirs: str) -> None:
    table = np.genfromtxt(oracle / "p_adjust" / "expected.csv", delimiter=",", names=True, missing_values="NA")
    np.testing.assert_allclose(adjust_p(table["p"], method=ours), table[theirs], rtol=1e-12)


def test_hand_computed_adjustments() -> None:
    p = np.array([0.01, 0.02, 0.03, np.nan])
    np.testing.assert_allclose(adjust_p(p, method="hochberg")[:3], [0.03, 0.03, 0.03])
    np.testing.assert_allclose(adjust_p(p, method="by")[:3], np.full(3, 0.03 * (1 + 1 / 2 + 1 / 3)))
    np.testing.assert_allclose(adjust_p(p, method="none"), p)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), max_size=20), st.sampled_from(ADJUSTMENTS))
def test_adjusted_p_is_no_smaller_and_keeps_the_order(values: list[float], method: Adjustment) -> None:
    p = np.array(values, dtype=float)
    adjusted = adjust_p(p, method=method)
    there = ~np.isnan(p)
    assert np.array_equal(there, ~np.isnan(adjusted))
    assert (adjusted[there] >= p[there] * (1 - 1e-12)).all()
    assert (np.diff(adjusted[there][np.argsort(p[there], kind="stable")]) >= -1e-15).all()


def test_lines_are_families_of_their_own() -> None:
    p = np.array([[0.01, 0.5], [0.04, 0.5]])
    expected = np.stack([adjust_p(p[:, 0]), adjust_p(p[:, 1])], axis=1)
    np.testing.assert_array_equal(adjust_p(p, axis=0), expected)


def test_bayesian_fdr_is_the_running_mean_with_ties_sharing_it() -> None:
    rate = np.array([[0.2, 0.0], [0.2, np.nan]])
    np.testing.assert_allclose(bayesian_fdr(rate), [[0.4 / 3, 0.0], [0.4 / 3, np.nan]])


def test_nothing_to_adjust_stays_nothing() -> None:
    assert np.isnan(adjust_p(np.array([np.nan]))).all()
    assert adjust_p(np.array([])).shape == (0,)
    assert bayesian_fdr(np.array([])).shape == (0,)
