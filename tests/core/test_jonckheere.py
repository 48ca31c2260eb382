from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.jonckheere import jonckheere


def test_trend_with_ties_equals_kendalls_test_in_r(oracle: Path) -> None:
    table = pl.read_csv(oracle / "survival" / "input.csv")
    r = pl.read_csv(oracle / "survival" / "kendall_stage.csv").row(0, named=True)
    answer = jonckheere(table["x"].to_numpy()[None], table["stage"].to_numpy() - 1)
    np.testing.assert_allclose([answer.tau[0], answer.z[0], answer.p[0]], [r["tau"], r["z"], r["p"]], rtol=1e-10)
    assert np.isnan(answer.p_exact[0])


def test_exact_p_counts_every_arrangement() -> None:
    values, group = np.array([[1.0, 5.0, 3.0, 4.0, 6.0, 2.0]]), np.array([0, 0, 1, 1, 2, 2])
    answer = jonckheere(values, group)
    laws = [
        jonckheere(np.array([order], dtype=float), group, exact=False).statistic[0] for order in permutations(range(6))
    ]
    tail = min(np.mean(np.array(laws) <= answer.statistic[0]), np.mean(np.array(laws) >= answer.statistic[0]))
    assert answer.p_exact[0] == pytest.approx(min(1, 2 * tail))


def test_permutation_p_agrees_with_the_exact_one() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2], [7, 9, 6])
    values = rng.normal(size=(3, 22)) + 0.4 * group
    exact = jonckheere(values, group).p_exact
    drawn = jonckheere(values, group, exact=False, permutations=2000, rng=rng).p_exact
    np.testing.assert_allclose(drawn, exact, atol=0.04)
    assert drawn.min() >= 1 / 2001


def test_gaps_and_left_out_subjects_do_not_count() -> None:
    rng = np.random.default_rng(4)
    group = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, -1])
    values = rng.normal(size=(2, 10))
    values[1, [0, 4]] = np.nan
    answer = jonckheere(values, group)
    kept = np.array([1, 2, 3, 5, 6, 7, 8])
    alone = jonckheere(values[1:, kept], group[kept])
    assert answer.p_exact[1] == pytest.approx(alone.p_exact[0])
    assert answer.z[1] == pytest.approx(alone.z[0])


def test_turning_the_order_turns_the_sign() -> None:
    rng = np.random.default_rng(4)
    values, group = rng.normal(size=(2, 12)), np.tile([0, 1, 2], 4)
    forth, back = jonckheere(values, group), jonckheere(values, 2 - group)
    np.testing.assert_allclose(forth.z, -back.z)
    np.testing.assert_allclose(forth.p_exact, back.p_exact)


def test_permutations_need_a_source_of_chance() -> None:
    with pytest.raises(ValueError, match="permutations need a generator of random numbers"):
        jonckheere(np.array([[1.0, 1.0, 2.0]]), np.array([0, 1, 1]), permutations=5)
