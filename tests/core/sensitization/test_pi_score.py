"""The π-score: additive tables leave nothing, a planted cell is what is left."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.pi_score import alternating_medians, pi_score


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_an_additive_table_leaves_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((15, 1)) + rng.standard_normal((1, 4))
    np.testing.assert_allclose(alternating_medians(table), 0, atol=1e-9)


def test_a_planted_cell_is_left() -> None:
    table = np.add.outer(np.arange(9.0), np.array([0.0, 1.0, 2.0]))
    table[4, 2] -= 3.0
    pi = alternating_medians(table)
    assert pi[4, 2] == -3.0
    assert np.abs(np.delete(pi, 4, axis=0)).max() == 0


def test_gaps_stay_gaps() -> None:
    table = np.add.outer(np.arange(9.0), np.arange(4.0))
    table[2, 1] = np.nan
    pi = alternating_medians(table)
    assert np.isnan(pi[2, 1])
    assert np.nanmax(np.abs(pi)) < 1e-9


def test_one_acting_arm_of_four_is_found_and_its_p_is_small() -> None:
    rng = np.random.default_rng(1)
    values = 0.1 * rng.standard_normal((200, 1, 4, 3))
    values[0, 0, 3] -= 1.0
    test = pi_score(contrasts(values))
    assert test.effect[0, 0, 2] < -0.8
    assert test.p_value[0, 0, 2] == np.nanmin(test.p_value)


def test_a_reagent_that_acts_in_most_arms_moves_its_own_median() -> None:
    rng = np.random.default_rng(2)
    values = 0.05 * rng.standard_normal((200, 1, 4, 2))
    values[0, 0, 1:] -= 1.0
    assert np.abs(pi_score(contrasts(values)).effect[0]).max() < 0.3
