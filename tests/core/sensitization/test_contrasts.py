"""Checked replicates, arm means and interactions: what every test of sensitization starts from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.sensitization.across_lines import partial_conjunction
from sensitome.core.sensitization.contrasts import contrasts


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(shape)


def test_the_interaction_is_drug_minus_vehicle_over_shared_replicates() -> None:
    values = noise((40, 1, 2, 2))
    values[0, 0] = [[0.1, 0.3], [-0.5, np.nan]]
    screen = contrasts(values)
    assert screen.effect[0, 0, 0] == pytest.approx(-0.6)
    assert screen.pairs[0, 0, 0] == 1
    assert screen.main[0, 0] == pytest.approx(0.2)
    assert screen.with_drug[0, 0, 0] == pytest.approx(-0.5)


def test_a_reagent_without_the_vehicle_has_no_interaction() -> None:
    values = noise((40, 1, 2, 2))
    values[3, 0, 0] = np.nan
    screen = contrasts(values)
    assert np.isnan(screen.effect[3, 0, 0])
    assert screen.pairs[3, 0, 0] == 0
    assert screen.doubt[3, 0, 0] == 1


def test_of_three_replicates_the_discordant_one_is_set_aside() -> None:
    values = noise((60, 1, 2, 3))
    values[5, 0, 1, 2] = -6.0
    screen = contrasts(values)
    assert screen.discordant[5, 0, 1].tolist() == [False, False, True]
    assert abs(screen.effect[5, 0, 0]) < 0.5
    assert screen.doubt[5, 0, 0] == 1


def test_two_replicates_that_quarrel_put_their_interaction_in_doubt() -> None:
    values = noise((60, 1, 3, 2))
    values[5, 0, 1, 1] = -6.0
    screen = contrasts(values)
    assert not screen.discordant.any()
    assert screen.doubt[5, 0, 0] > 100
    assert screen.doubt[5, 0, 1] == 1, "the other drug has the same, quiet vehicle"
    assert (np.delete(screen.doubt, 5, axis=0) == 1).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.integers(0, 2))
def test_a_shift_of_a_replicate_in_all_arms_leaves_interactions_unchanged(seed: int, shift: float, r: int) -> None:
    values = noise((30, 2, 3, 3), seed)
    moved = values.copy()
    moved[:, 0, :, r] += shift
    np.testing.assert_allclose(contrasts(moved, limit=1e9).effect, contrasts(values, limit=1e9).effect, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_swapping_drug_and_vehicle_flips_the_sign(seed: int) -> None:
    values = noise((30, 2, 2, 2), seed)
    np.testing.assert_allclose(contrasts(values[:, :, ::-1]).effect, -contrasts(values).effect, atol=1e-15)


def test_partial_conjunction_by_hand() -> None:
    p = partial_conjunction(np.array([[0.03, 0.001, 0.2], [0.5, np.nan, 0.01], [np.nan, np.nan, np.nan]]))
    np.testing.assert_allclose(p, [[0.003, 0.06, 0.2], [0.02, 0.5, np.nan], [np.nan] * 3])


def test_partial_conjunction_is_valid_when_one_line_of_two_is_real() -> None:
    rng = np.random.default_rng(1)
    p = np.stack([1e-6 * rng.random(4000), rng.random(4000)], axis=1)
    rate = (partial_conjunction(p)[:, 1] <= 0.05).mean()
    assert rate < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)
