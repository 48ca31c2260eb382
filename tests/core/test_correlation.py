from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.correlation import (
    correlation_p,
    pearson,
    residuals,
    spearman,
    spearman_p,
    unit_ranks,
    unit_rows,
)


@pytest.fixture(scope="module")
def cases(oracle: Path) -> list[tuple[np.ndarray, np.ndarray, dict[str, float]]]:
    given_ = pl.read_csv(oracle / "two_vectors" / "input.csv.gz")
    expected = pl.read_csv(oracle / "two_vectors" / "expected.csv")
    groups = given_.partition_by("case", maintain_order=True)
    return [
        (group["x"].to_numpy(), group["y"].to_numpy(), row)
        for group, row in zip(groups, expected.iter_rows(named=True), strict=True)
    ]


def test_spearman_equals_r_at_every_size_with_and_without_ties(cases: list) -> None:
    for x, y, r in cases:
        answer = spearman(x[None], y[None])
        np.testing.assert_allclose(answer.estimate[0], r["rho"], rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(answer.p[0], r["p_spearman"], rtol=1e-10, atol=1e-15)
        s = (r["n"] ** 3 - r["n"]) * (1 - answer.estimate[0]) / 6
        np.testing.assert_allclose(s, r["S"], rtol=1e-10, atol=1e-8)


def test_pearson_equals_r(cases: list) -> None:
    for x, y, r in cases:
        answer = pearson(x[None], y[None])
        np.testing.assert_allclose(answer.estimate[0], r["r"], rtol=1e-10)
        np.testing.assert_allclose(answer.p[0], r["p_pearson"], rtol=1e-10)


def test_products_of_unit_ranks_are_spearman_correlations(cases: list) -> None:
    x, y, r = cases[60]
    assert (unit_ranks(x[None]) @ unit_ranks(y[None]).T).item() == pytest.approx(r["rho"], rel=1e-12)


def test_small_samples_count_every_permutation() -> None:
    # Of the six orders of three ranks one has rho 1 and one has rho -1.
    np.testing.assert_allclose(spearman_p(np.array([1.0, -1.0, 0.5]), n=3, tied=False), [1 / 3, 1 / 3, 1.0])


def test_both_signs_have_the_same_p() -> None:
    rho = np.linspace(-0.9, 0.9, 19)
    for n in (4, 9):
        levels = 1 - 6 * np.arange(0, (n**3 - n) // 3 + 1, 2) / (n**3 - n)
        np.testing.assert_allclose(spearman_p(levels, n=n, tied=False), spearman_p(levels, n=n, tied=False)[::-1])
    np.testing.assert_allclose(spearman_p(rho, n=50, tied=True), spearman_p(-rho, n=50, tied=True))


def test_the_series_of_r_gives_zero_where_t_does_not() -> None:
    assert spearman_p(np.array([0.5]), n=377, tied=False)[0] == 0.0
    assert 0 < spearman_p(np.array([0.5]), n=377, tied=False, method="t")[0] < 1e-20


@pytest.mark.parametrize("df", [3, 10, 28, 375, 998, 5000])
def test_many_correlations_have_the_p_of_each_alone(df: int) -> None:
    estimate = np.concatenate([np.linspace(-1, 1, 3001), [0.0, np.nan, 1e-9]])
    together = correlation_p(estimate, df=df)
    alone = np.array([correlation_p(np.array([value]), df=df)[0] for value in estimate[::50]])
    np.testing.assert_allclose(together[::50], alone, rtol=2e-13)
    assert np.isnan(together[-2])
    assert together[-3] == pytest.approx(1.0, rel=1e-13)


def test_ties_decide_pair_by_pair() -> None:
    rho = np.array([[0.3, 0.3], [0.3, 0.3]])
    p = spearman_p(rho, n=30, tied=np.array([[True, False], [False, True]]))
    by_t = correlation_p(np.array(0.3), df=28).item()
    assert p[0, 0] == by_t == p[1, 1]
    assert p[0, 1] == p[1, 0] != by_t


def test_missing_places_are_left_out_pair_by_pair() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 4, 20))
    gaps = x.copy()
    gaps[1, :5] = np.nan
    answer = spearman(gaps, y)
    assert answer.n.tolist() == [20, 15, 20, 20]
    alone = spearman(x[1:2, 5:], y[1:2, 5:])
    assert answer.p[1] == pytest.approx(alone.p[0], rel=1e-12)
    assert pearson(gaps, y).estimate[1] == pytest.approx(np.corrcoef(x[1, 5:], y[1, 5:])[0, 1], rel=1e-12)


def test_constant_rows_and_too_few_places_have_no_correlation() -> None:
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, np.nan]])
    y = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    for answer in (spearman(x, y), pearson(x, y)):
        assert np.isnan(answer.estimate).all()
        assert np.isnan(answer.p).all()
    assert np.isnan(unit_rows(x[:1])).all()
    assert np.isnan(spearman_p(np.array([0.1]), n=2, tied=False)).all()


def test_residuals_are_free_of_the_covariates() -> None:
    rng = np.random.default_rng(5)
    covariates = rng.normal(size=(2, 30))
    left = residuals(rng.normal(size=(3, 30)) + covariates[0], np.vstack([covariates, covariates[:1] * 2]))
    np.testing.assert_allclose(left @ covariates.T, 0, atol=1e-12)
    np.testing.assert_allclose(left.sum(axis=1), 0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 30))
def test_spearman_does_not_see_monotone_changes(seed: int, n: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 1, n))
    plain, bent = spearman(x, y), spearman(np.exp(x), y**3)
    np.testing.assert_allclose(plain.estimate, bent.estimate, atol=1e-14)
    np.testing.assert_allclose(plain.p, bent.p, rtol=1e-9, atol=1e-14)
    turned = spearman(-x, y)
    np.testing.assert_allclose(turned.estimate, -plain.estimate, atol=1e-14)
