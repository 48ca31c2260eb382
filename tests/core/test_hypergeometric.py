from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sensitome.core.hypergeometric import log_mass, log_two_sided, log_upper_tail


def counts(table: pl.DataFrame) -> list[np.ndarray]:
    return [table[name].cast(pl.Int64).to_numpy() for name in ("x", "K", "n", "N")]


def test_tails_have_the_digits_of_r(oracle: Path) -> None:
    table = pl.read_csv(oracle / "hypergeometric" / "expected.csv")
    log_p = log_upper_tail(*counts(table))
    np.testing.assert_allclose(log_p, table["log_p"], rtol=1e-12)
    np.testing.assert_allclose(np.exp(log_p), table["p"], rtol=1e-12)


def test_tails_below_the_smallest_number_keep_their_logarithm(oracle: Path) -> None:
    table = pl.read_csv(oracle / "hypergeometric" / "far_expected.csv")
    log_p = log_upper_tail(*counts(table))
    np.testing.assert_allclose(log_p, table["log_p"], rtol=1e-12, atol=1e-14)
    assert log_p.min() < -5000
    np.testing.assert_allclose(np.exp(log_two_sided(*counts(table))), table["p_two_sided"], rtol=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), *[st.integers(0, n)] * 3)))
def test_masses_and_tails_agree_with_each_other_and_with_scipy(case: tuple[int, int, int, int]) -> None:
    total, k, n, x = case
    span = np.arange(0, n + 1)
    mass = np.exp(log_mass(span, np.array(k), np.array(n), np.array(total)))
    np.testing.assert_allclose(mass.sum(), 1, rtol=1e-12)
    np.testing.assert_allclose(mass, stats.hypergeom.pmf(span, total, k, n), rtol=1e-9, atol=1e-15)
    tail = np.exp(log_upper_tail(np.array(min(x, n)), np.array(k), np.array(n), np.array(total)))
    np.testing.assert_allclose(tail, min(1.0, mass[min(x, n) :].sum()), rtol=1e-9, atol=1e-13)
    coarse = np.exp(log_upper_tail(np.array(min(x, n)), np.array(k), np.array(n), np.array(total), arithmetic="exp20"))
    np.testing.assert_allclose(coarse, tail, rtol=1e-3, atol=1e-13)


def test_the_roles_of_list_and_set_can_be_exchanged() -> None:
    x, k, n, total = np.array([3, 0, 12]), np.array([40, 40, 40]), np.array([90, 7, 30]), np.array([500, 500, 500])
    np.testing.assert_allclose(log_upper_tail(x, k, n, total), log_upper_tail(x, n, k, total), rtol=1e-12)


def test_the_server_takes_a_coarse_exponential() -> None:
    x, k, n, total = (np.array([value]) for value in (20, 60, 60, 20000))
    exact, coarse = log_upper_tail(x, k, n, total), log_upper_tail(x, k, n, total, arithmetic="exp20")
    # Every term is smaller by exp(−y² / 2²¹); the largest one rules.
    np.testing.assert_allclose(exact - coarse, exact**2 / 2**21, rtol=2e-3)


def test_what_cannot_be_has_no_chance_and_what_must_be_has_all() -> None:
    total = np.array(10)
    assert log_upper_tail(np.array(4), np.array(3), np.array(5), total) == -np.inf
    assert log_upper_tail(np.array(4), np.array(3), np.array(5), total, arithmetic="exp20") == -np.inf
    assert log_upper_tail(np.array(0), np.array(3), np.array(5), total) == 0
    assert log_upper_tail(np.array(2), np.array(8), np.array(4), total) == 0
    assert log_mass(np.array(0), np.array(3), np.array(0), total) == 0
    assert log_mass(np.array(3), np.array(3), np.array(10), total) == 0


def test_many_cases_are_solved_once_each() -> None:
    x = np.tile(np.arange(5), 10_000).reshape(100, 500)
    tail = log_upper_tail(x, np.array(100), np.array(200), np.array(20_000))
    assert tail.shape == x.shape
    np.testing.assert_array_equal(np.unique(tail).size, 5)
    huge = log_upper_tail(np.array([2]), np.array([10**6]), np.array([10**6]), np.array([10**9]))
    np.testing.assert_allclose(huge, np.log(stats.poisson.sf(1, 1000)), atol=1e-6)
