from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.t_tests import equivalence, paired_t, student_t, t_of, welch_t


def padded(frame: pl.DataFrame, group: str) -> np.ndarray:
    """(cases, readings), NaN where a case has fewer."""
    parts = [own["value"].to_list() for own in frame.filter(pl.col("group") == group).partition_by("case")]
    width = max(map(len, parts))
    return np.array([part + [np.nan] * (width - len(part)) for part in parts])


def test_student_and_welch_equal_r(oracle: Path) -> None:
    given_ = pl.read_csv(oracle / "t_test" / "input.csv").sort("case", maintain_order=True)
    expected = pl.read_csv(oracle / "t_test" / "expected.csv")
    a, b = padded(given_, "a"), padded(given_, "b")
    student, welch = student_t(a, b), welch_t(a, b)
    for name, values in {
        "t_student": student.t,
        "p_student": student.p_value,
        "lo_student": student.ci_low,
        "hi_student": student.ci_high,
        "t_welch": welch.t,
        "df_welch": welch.df,
        "p_welch": welch.p_value,
    }.items():
        np.testing.assert_allclose(values, expected[name].to_numpy(), rtol=1e-10, err_msg=name)


def test_a_pair_without_a_partner_does_not_count() -> None:
    first = np.array([[1.0, 2.0, 4.0, 9.0]])
    second = np.array([[0.0, 2.5, 1.0, np.nan]])
    test = paired_t(first, second)
    assert test.df[0] == 2
    whole = paired_t(first[:, :3], second[:, :3])
    assert test.t[0] == whole.t[0]
    assert test.effect[0] == pytest.approx((1 - 0.5 + 3) / 3)


def test_readings_that_do_not_vary_have_an_effect_and_no_test() -> None:
    test = student_t(np.full((1, 3), 0.1), np.full((1, 3), 0.3))
    assert test.effect[0] == pytest.approx(-0.2)
    assert np.isnan([test.t[0], test.p_value[0], test.ci_low[0], test.standard_error[0]]).all()


def test_one_reading_a_group_has_no_test() -> None:
    one = np.array([[1.0]])
    for test in (student_t(one, one + 1), welch_t(one, one + 1), paired_t(one, one + 1)):
        assert test.effect[0] == -1.0
        assert np.isnan(test.p_value[0])


def test_no_reading_at_all_gives_nan_without_a_warning() -> None:
    none = np.full((2, 3), np.nan)
    for test in (student_t(none, none), welch_t(none, none), paired_t(none, none)):
        assert np.isnan(test.effect).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(0.1, 10))
def test_shift_scale_and_swap_do_what_they_must(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    for test in (student_t, welch_t, paired_t):
        one, moved, swapped = test(a, b), test(a * scale + shift, b * scale + shift), test(b, a)
        np.testing.assert_allclose(moved.t, one.t, rtol=1e-6)
        np.testing.assert_allclose(moved.effect, one.effect * scale, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(swapped.t, -one.t, rtol=1e-9)
        np.testing.assert_allclose(swapped.ci_low, -one.ci_high, rtol=1e-9)


def test_the_interval_excludes_zero_exactly_when_p_is_below_its_level() -> None:
    rng = np.random.default_rng(2)
    test = student_t(rng.normal(size=(500, 4)), rng.normal(size=(500, 4)) + 0.8)
    outside = (test.ci_low > 0) | (test.ci_high < 0)
    np.testing.assert_array_equal(outside, test.p_value < 0.05)


def test_equivalence_is_the_interval_within_the_margin() -> None:
    rng = np.random.default_rng(5)
    effect, error, df = rng.normal(0, 0.2, 400), rng.uniform(0.02, 0.2, 400), np.full(400, 4.0)
    test = equivalence(effect, error, df, margin=0.32)
    inside = (test.ci_low > -0.32) & (test.ci_high < 0.32)
    np.testing.assert_array_equal(inside, test.p_value < 0.05)
    assert 20 < inside.sum() < 380


def test_an_effect_at_the_margin_passes_equivalence_in_five_percent() -> None:
    rng = np.random.default_rng(8)
    n = 20_000
    values = rng.normal(0.5, 0.1, size=(n, 4))
    test = paired_t(values, np.zeros_like(values))
    share = float(np.mean(equivalence(test.effect, test.standard_error, test.df, margin=0.5).p_value < 0.05))
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / n)


def test_many_degrees_of_freedom_are_the_normal() -> None:
    test = t_of(np.array([1.959963984540054]), np.array([1.0]), np.array([np.inf]))
    assert test.p_value[0] == pytest.approx(0.05, abs=1e-7)
    assert test.ci_low[0] == pytest.approx(0.0, abs=1e-6)
