from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sensitome.core.group_ranks import (
    aligned_ranks,
    block_ranks,
    blocked_test,
    kruskal_wallis,
    permutation_p,
    smallest_p,
)

ARMS = np.tile(np.repeat(np.arange(4), 2), 3)
LINES = np.repeat(np.arange(3), 8)


def test_kruskal_wallis_has_the_digits_of_r(oracle: Path) -> None:
    cases = pl.read_csv(oracle / "kruskal" / "input.csv").partition_by("case", maintain_order=True)
    expected = pl.read_csv(oracle / "kruskal" / "expected.csv", null_values=["NA", "NaN"])
    for case, (_, h, df, p) in zip(cases, expected.iter_rows(), strict=True):
        test = kruskal_wallis(case["value"].to_numpy()[None], case["group"].to_numpy() - 1)
        np.testing.assert_allclose(test.statistic, [np.nan if h is None else h], rtol=1e-12)
        np.testing.assert_allclose(test.p, [np.nan if p is None else p], rtol=1e-12)
        assert test.df == df


def test_many_rows_with_gaps_and_ties_are_tested_as_each_alone() -> None:
    rng = np.random.default_rng(3)
    values = np.maximum(np.round(rng.normal(size=(40, 24)), 1), -0.4)
    values[rng.random(values.shape) < 0.1] = np.nan
    test = kruskal_wallis(values, ARMS)
    for row, h, p in zip(values, test.statistic, test.p, strict=True):
        groups = [row[(arm == ARMS) & ~np.isnan(row)] for arm in range(4)]
        np.testing.assert_allclose([h, p], stats.kruskal(*groups), rtol=1e-11)


def test_left_out_samples_and_empty_groups_do_not_count() -> None:
    values = np.array([[5.0, 1.0, 2.0, 3.0, 4.0]])
    with_gap = kruskal_wallis(values, np.array([-1, 0, 0, 2, 2]))
    without = kruskal_wallis(values[:, 1:], np.array([0, 0, 1, 1]))
    assert with_gap.df == without.df == 1
    assert with_gap.n == 4
    np.testing.assert_allclose(with_gap.p, without.p)


@pytest.mark.parametrize("group", [[0, 0, 0], [-1, -1, -1]])
def test_one_group_or_none_is_not_testable(group: list[int]) -> None:
    test = kruskal_wallis(np.array([[1.0, 2.0, 3.0]]), np.array(group))
    assert np.isnan(test.statistic).all()
    assert np.isnan(test.p).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=24, max_size=24), st.floats(0.1, 9), st.permutations(range(24)))
def test_scale_shift_and_order_of_samples_do_not_matter(numbers: list[int], scale: float, order: list[int]) -> None:
    values = np.array([numbers], dtype=np.float64)
    test = kruskal_wallis(values, ARMS)
    moved = kruskal_wallis(3 + scale * values[:, order], ARMS[order])
    np.testing.assert_allclose(moved.p, test.p, rtol=1e-9)
    np.testing.assert_allclose(blocked_test(block_ranks(values, 0 * ARMS), ARMS, block=0 * ARMS).p, test.p, rtol=1e-8)


def test_one_reading_a_cell_is_friedmans_test() -> None:
    rng = np.random.default_rng(4)
    values = np.round(rng.normal(size=(30, 20)), 1)
    arm, line = np.tile(np.arange(4), 5), np.repeat(np.arange(5), 4)
    test = blocked_test(block_ranks(values, line), arm, block=line)
    expected = [stats.friedmanchisquare(*(row[arm == a] for a in range(4))) for row in values]
    np.testing.assert_allclose(test.statistic, [e.statistic for e in expected], rtol=1e-10)
    np.testing.assert_allclose(test.p, [e.pvalue for e in expected], rtol=1e-10)


def test_levels_of_blocks_do_not_touch_blocked_tests() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(20, 24))
    values[3, 4] = np.nan
    shifted = values + 10.0 * LINES
    for scores in (block_ranks, aligned_ranks):
        plain = blocked_test(scores(values, LINES), ARMS, block=LINES)
        np.testing.assert_allclose(blocked_test(scores(shifted, LINES), ARMS, block=LINES).p, plain.p, rtol=1e-9)
    assert kruskal_wallis(shifted, ARMS).p.min() > 0.5


def test_p_of_blocked_tests_is_uniform_without_effects_and_finds_effects() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(2000, 24)) + 3.0 * LINES
    values[:200] += 2.5 * (ARMS == 3)
    for scores in (block_ranks, aligned_ranks):
        p = blocked_test(scores(values, LINES), ARMS, block=LINES).p
        assert 0.03 < (p[200:] < 0.05).mean() < 0.065
        assert (p[:200] < 0.05).mean() > 0.85
    assert (kruskal_wallis(values, ARMS).p[:200] < 0.05).mean() < 0.1


def test_permutations_agree_with_the_chi_square_and_never_give_zero() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(40, 24)) + 3.0 * LINES
    values[0] += 9.0 * ARMS
    values[1] = 1.0
    scores = aligned_ranks(values, LINES)
    p = permutation_p(scores, ARMS, block=LINES, draws=400, rng=rng)
    assert p[0] == 1 / 401
    assert np.isnan(p[1])
    np.testing.assert_allclose(p[2:], blocked_test(scores, ARMS, block=LINES).p[2:], atol=0.09)


@pytest.mark.parametrize(
    ("sizes", "h", "p"),
    [
        ([2, 6], 4.0, 0.0455),
        ([2, 2, 2, 2], 6.67, 0.083),
        ([4, 12], 8.47, 0.0036),
        ([4, 4, 4, 4], 14.12, 0.0027),
        ([6, 18], 12.96, 0.0003),
        ([6, 6, 6, 6], 21.60, 0.0001),
    ],
)
def test_the_smallest_p_of_a_design_is_known_before_measuring(sizes: list[int], h: float, p: float) -> None:
    found = smallest_p(sizes)
    assert found[0] == pytest.approx(h, abs=0.006)
    assert found[1] == pytest.approx(p, abs=0.0006)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    test = kruskal_wallis(np.arange(len(groups), dtype=np.float64)[None], groups)
    assert found[0] >= test.statistic[0] - 1e-12


def test_the_smallest_p_of_one_group_is_none() -> None:
    assert np.isnan(smallest_p([5, 0])).all()
