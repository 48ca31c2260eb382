from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.interaction import (
    interactions,
    replicate_quality,
    replicate_variance,
    summarize_arms,
)


def screen(seed: int, *shape: int, sd: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=sd, size=shape)


def test_hand_computed_interaction_pairs_replicates() -> None:
    values = np.array([[[[0.0, 1.0], [-1.0, np.nan], [np.nan, -2.0]]]])
    found = interactions(values)
    assert found.main[0, 0] == 0.5
    np.testing.assert_array_equal(found.with_drug[0, 0], [-1.0, -2.0])
    np.testing.assert_array_equal(found.interaction[0, 0], [-1.0, -3.0])
    np.testing.assert_array_equal(found.pairs[0, 0], [1, 1])
    np.testing.assert_array_equal(found.covariance[0, 0], [[2.0, 0.0], [0.0, 2.0]])


def test_without_a_common_replicate_the_means_are_compared() -> None:
    found = interactions(np.array([[[[0.5, np.nan], [np.nan, -0.5]]]]))
    assert found.interaction[0, 0, 0] == -1.0
    assert found.pairs[0, 0, 0] == 0
    assert found.covariance[0, 0, 0, 0] == 2.0


def test_a_shared_vehicle_correlates_interactions_by_one_half() -> None:
    values = screen(1, 4000, 1, 3, 2)
    found = interactions(values)
    np.testing.assert_allclose(found.covariance[0, 0], [[1.0, 0.5], [0.5, 1.0]])
    empirical = np.cov(found.interaction[:, 0].T) / 0.01
    np.testing.assert_allclose(empirical, found.covariance[0, 0], atol=0.06)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_a_shift_of_a_replicate_or_line_leaves_interactions_unchanged(seed: int, shift: float) -> None:
    values = screen(seed, 10, 2, 3, 3)
    moved = values.copy()
    moved[:, 1] += shift
    moved[..., 2] -= shift
    np.testing.assert_allclose(interactions(moved).interaction, interactions(values).interaction, atol=1e-12)


def test_swapping_vehicle_and_drug_flips_the_sign() -> None:
    values = screen(5, 20, 1, 2, 3)
    one, other = interactions(values), interactions(values[:, :, ::-1])
    np.testing.assert_allclose(one.interaction, -other.interaction)


def test_missing_arms_are_not_testable() -> None:
    values = screen(2, 3, 1, 3, 2)
    values[0, 0, 0] = np.nan
    values[1, 0, 2] = np.nan
    found = interactions(values)
    assert np.isnan(found.interaction[0]).all()
    assert np.isnan(found.interaction[1, 0]).tolist() == [False, True]
    assert np.isnan(found.covariance[1, 0, 0, 1])


@pytest.mark.parametrize("replicates", [2, 3, 5])
def test_the_replicate_variance_is_recovered_in_spite_of_outliers(replicates: int) -> None:
    values = screen(7, 2000, 1, 3, replicates, sd=0.2)
    values[::50, :, :, 0] -= 5.0
    assert replicate_variance(values) == pytest.approx(0.04, rel=0.08)


def test_one_replicate_has_no_variance_and_passes_unchanged() -> None:
    values = screen(7, 5, 1, 3, 1)
    assert np.isnan(replicate_variance(values))
    quality = replicate_quality(values, variance=np.nan)
    np.testing.assert_array_equal(quality.values, values)
    summary = summarize_arms(quality)
    np.testing.assert_array_equal(summary.mean, values[..., 0])
    assert not summary.df.any()


def test_one_of_three_discordant_wells_is_dropped_and_no_more() -> None:
    values = np.zeros((3, 1, 1, 3))
    values[0, 0, 0] = [0.0, 0.05, -2.0]
    values[1, 0, 0] = [0.0, 1.0, -2.0]
    values[2, 0, 0] = [0.0, 0.05, -0.3]
    quality = replicate_quality(values, variance=0.01)
    assert quality.discordant[:, 0, 0].tolist() == [[False, False, True], [False] * 3, [False] * 3]
    assert quality.inflation[:, 0, 0].tolist() == [1.0, pytest.approx(np.var([0, 1, -2], ddof=1) / 0.01), 1.0]


def test_two_quarreling_replicates_are_kept_with_an_inflated_variance() -> None:
    quality = replicate_quality(np.array([[[[0.0, -2.0], [0.0, 0.1]]]]), variance=0.01)
    assert not quality.discordant.any()
    np.testing.assert_allclose(quality.inflation[0, 0], [200.0, 1.0])
    summary = summarize_arms(quality)
    assert summary.df[0] == 1
    assert summary.squares[0] == pytest.approx(0.005)


def test_unequal_replicates_are_counted() -> None:
    values = screen(3, 2, 1, 2, 4)
    values[0, 0, 1, 2:] = np.nan
    values[1, 0, 1] = np.nan
    summary = summarize_arms(replicate_quality(values, variance=0.01))
    assert summary.wells[:, 0].tolist() == [[4, 2], [4, 0]]
    assert summary.df.tolist() == [4, 3]
    assert np.isnan(summary.mean[1, 0, 1])
