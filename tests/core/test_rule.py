"""The threshold rule on arrays, against hand-computed cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sensitome.core.rule import candidates, group_statistics, quiet, significant

SCORES = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [-9.0, np.nan]])
ALL = np.ones(4, dtype=bool)
ONE_POOL = np.zeros(4, dtype=np.intp)
OWN = np.array([0, 1])


def test_center_and_spread_are_those_of_r() -> None:
    answer = group_statistics(SCORES, ALL, pools=ONE_POOL, context_groups=OWN, center="median", spread="sd")
    np.testing.assert_allclose(answer.center[0], [0.5, 3.0])
    np.testing.assert_allclose(answer.spread[0], [np.std([0, 1, 2, -9], ddof=1), 2.0])
    np.testing.assert_allclose(answer.z[3, 0], (-9 - 0.5) / np.std([0, 1, 2, -9], ddof=1))
    robust = group_statistics(SCORES, ALL, pools=ONE_POOL, context_groups=OWN, center="mean", spread="mad")
    np.testing.assert_allclose(robust.center[0], [-1.5, 3.0])
    np.testing.assert_allclose(robust.spread[0], [1.4826, 2 * 1.4826])


def test_only_members_define_the_group_but_all_are_held_against_it() -> None:
    members = np.array([True, True, True, False])
    answer = group_statistics(SCORES, members, pools=ONE_POOL, context_groups=OWN, center="median", spread="sd")
    np.testing.assert_allclose(answer.center[:, 0], 1.0)
    np.testing.assert_allclose(answer.z[3, 0], -10.0)


def test_pools_and_pooled_lines_have_their_own_statistics() -> None:
    pools = np.array([0, 0, 1, 1])
    apart = group_statistics(SCORES, ALL, pools=pools, context_groups=OWN, center="median", spread="sd")
    np.testing.assert_allclose(apart.center[:, 0], [0.5, 0.5, -3.5, -3.5])
    together = group_statistics(
        SCORES, ALL, pools=ONE_POOL, context_groups=np.array([0, 0]), center="median", spread="sd"
    )
    np.testing.assert_allclose(together.center, np.median([0, 1, 2, -9, 1, 3, 5]))


def test_a_group_that_does_not_vary_or_has_one_score_gives_no_z() -> None:
    scores = np.array([[1.0, 4.0], [1.0, np.nan]])
    answer = group_statistics(
        scores, np.ones(2, bool), pools=np.zeros(2, np.intp), context_groups=OWN, center="median", spread="sd"
    )
    assert np.isnan(answer.z).all()


def test_the_boundary_itself_is_not_significant() -> None:
    z = np.array([[-3.0, np.nextafter(-3.0, -4.0), 3.5, np.nan]])
    assert significant(z, k=3.0, tail="low").tolist() == [[False, True, False, False]]
    assert significant(z, k=3.0, tail="high").tolist() == [[False, False, True, False]]


def test_an_effect_without_drug_excludes_and_an_unmeasured_one_is_not_quiet() -> None:
    z = np.array([[-2.9, -4.0], [-3.1, -4.0], [3.1, -4.0], [np.nan, -4.0]])
    vehicle_of = np.array([0, 0])
    two = quiet(z, vehicle_of, k=3.0, tail="low", sides="two-sided", lines="same")
    assert two[:, 1].tolist() == [True, False, False, False]
    one = quiet(z, vehicle_of, k=3.0, tail="low", sides="one-sided", lines="same")
    assert one[:, 1].tolist() == [True, False, True, False]
    assert quiet(z, vehicle_of, k=3.0, tail="low", sides="off", lines="same").all()
    assert quiet(z, np.array([-1, -1]), k=3.0, tail="low", sides="two-sided", lines="same").all()


def test_any_line_asks_the_vehicles_of_all_lines() -> None:
    z = np.array([[0.0, -4.0, -3.5, -4.0]])
    vehicle_of = np.array([0, 0, 2, 2])
    assert quiet(z, vehicle_of, k=3.0, tail="low", sides="two-sided", lines="same").tolist() == [
        [True, True, False, False]
    ]
    assert not quiet(z, vehicle_of, k=3.0, tail="low", sides="two-sided", lines="any").any()


@pytest.mark.parametrize(
    ("hits", "same_arm", "expected"),
    [
        ([1, 1, 0, 0], False, True),  # two arms of one line
        ([1, 0, 1, 0], False, True),  # one arm, both lines
        ([1, 0, 0, 1], False, True),  # another arm in each line
        ([1, 0, 0, 1], True, False),
        ([1, 0, 0, 0], False, False),
        ([0, 0, 0, 0], False, False),
    ],
)
def test_a_candidate_has_more_than_one_effect(hits: list[int], same_arm: bool, expected: bool) -> None:
    answer = candidates(
        np.array([hits], dtype=bool), line_of=np.array([0, 0, 1, 1]), arm_of=np.array([0, 1, 0, 1]), same_arm=same_arm
    )
    assert answer.tolist() == [expected]


@given(
    scores=hnp.arrays(np.float64, (6, 3), elements=st.floats(-100, 100)),
    shift=st.floats(-50, 50),
    scale=st.floats(0.1, 10),
)
@settings(max_examples=40, deadline=None)
def test_shift_and_scale_leave_z_unchanged(scores: np.ndarray, shift: float, scale: float) -> None:
    def z(values: np.ndarray) -> np.ndarray:
        return group_statistics(
            values,
            np.ones(6, bool),
            pools=np.zeros(6, np.intp),
            context_groups=np.arange(3),
            center="median",
            spread="sd",
        ).z

    before = z(scores)
    if np.isfinite(before).all() and (np.std(scores, axis=0) > 1e-3).all():
        np.testing.assert_allclose(z(scores * scale + shift), before, rtol=1e-6, atol=1e-6)
