from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.rank_sum import cliffs_delta, hodges_lehmann, rank_sum, rank_sum_counts


def test_wilcoxon_equals_r_at_every_size(oracle: Path) -> None:
    given = pl.read_csv(oracle / "two_vectors" / "input.csv.gz").partition_by("case", maintain_order=True)
    expected = pl.read_csv(oracle / "two_vectors" / "expected.csv")
    for group, r in zip(given, expected.iter_rows(named=True), strict=True):
        x, y = group["x"].to_numpy()[None], group["y"].to_numpy()[None]
        answer = rank_sum(x, y)
        assert answer.statistic[0] == r["W"]
        np.testing.assert_allclose(answer.p[0], r["p_wilcoxon"], rtol=1e-10)
        plain = rank_sum(x, y, exact=False, correct=False)
        np.testing.assert_allclose(plain.p[0], r["p_wilcoxon_normal_uncorrected"], rtol=1e-10)
        assert answer.is_exact[0] or r["n"] >= 50 or r["tied"]


def test_many_features_are_tested_at_once_with_gaps_and_ties() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(6, 12)), rng.normal(size=(6, 9))
    x[1, :3], x[2, 0], y[2, 0], x[3], y[4] = np.nan, 0.5, 0.5, np.nan, np.nan
    x[5], y[5] = 1.0, 1.0
    answer = rank_sum(x, y)
    for row in (0, 1, 2):
        alone = rank_sum(x[row : row + 1, ~np.isnan(x[row])], y[row : row + 1])
        assert answer.p[row] == pytest.approx(alone.p[0], rel=1e-12)
    assert answer.is_exact.tolist() == [True, True, False, False, False, False]
    assert np.isnan(answer.p[3:]).all()
    assert answer.n_x.tolist() == [12, 9, 12, 0, 12, 12]


def test_arrangements_of_small_groups_are_counted() -> None:
    np.testing.assert_allclose(rank_sum_counts(2, 2), np.array([1, 1, 2, 1, 1]) / 6)
    np.testing.assert_allclose(rank_sum_counts(49, 49).sum(), 1.0)
    np.testing.assert_allclose(rank_sum_counts(7, 3), rank_sum_counts(3, 7))


def test_shift_and_interval_are_those_of_r(oracle: Path) -> None:
    given = pl.read_csv(oracle / "rank_sum" / "input.csv").partition_by("case", maintain_order=True)
    for group, r in zip(given, pl.read_csv(oracle / "rank_sum" / "expected.csv").iter_rows(named=True), strict=True):
        x = group.filter(pl.col("group") == "x")["value"].to_numpy()[None]
        y = group.filter(pl.col("group") == "y")["value"].to_numpy()[None]
        answer = hodges_lehmann(x, y, level=r["level"])
        if r["exact"]:
            np.testing.assert_allclose(
                [answer.value[0], answer.low[0], answer.high[0]], [r["estimate"], r["lo"], r["hi"]], rtol=1e-10
            )
        else:
            np.testing.assert_allclose([answer.low[0], answer.high[0]], [r["lo"], r["hi"]], atol=2e-4)


def test_delta_is_the_share_of_pairs_won_less_the_share_lost() -> None:
    x, y = np.array([[1.0, 2.0, 5.0, 7.0]]), np.array([[2.0, 3.0, 1.5]])
    answer = cliffs_delta(x, y)
    assert answer.value[0] == pytest.approx((7 - 4) / 12)
    assert answer.value[0] == pytest.approx(2 * rank_sum(x, y).statistic[0] / 12 - 1)
    assert -1 < answer.low[0] < answer.value[0] < answer.high[0] < 1
    turned = cliffs_delta(y, x)
    assert turned.low[0] == pytest.approx(-answer.high[0])


def test_delta_equals_its_definition_over_all_pairs() -> None:
    rng = np.random.default_rng(6)
    x, y = np.round(rng.normal(0.3, 1, (1, 23)), 1), np.round(rng.normal(size=(1, 31)), 1)
    answer = cliffs_delta(x, y)
    sign = np.sign(x[0][:, None] - y[0][None, :])
    delta = sign.mean()
    parts = [n**2 * ((sign.mean(axis=axis) - delta) ** 2).sum() for axis, n in ((1, 31), (0, 23))]
    variance = (sum(parts) - ((sign - delta) ** 2).sum()) / (23 * 31 * 22 * 30)
    z = 1.959963984540054
    half = z * np.sqrt(variance) * np.sqrt((1 - delta**2) ** 2 + z**2 * variance)
    below = 1 - delta**2 + z**2 * variance
    np.testing.assert_allclose([answer.value[0], answer.low[0]], [delta, (delta - delta**3 - half) / below], rtol=1e-12)


def test_no_overlap_leaves_one_end_open() -> None:
    answer = cliffs_delta(np.array([[4.0, 5.0, 6.0, 7.0, 8.0]]), np.array([[1.0, 2.0, 3.0, 3.5, 3.7, 3.8]]))
    z2 = 1.959963984540054**2
    np.testing.assert_allclose([answer.value[0], answer.low[0], answer.high[0]], [1, (5 - z2) / (5 + z2), 1])


def test_empty_groups_have_no_estimate() -> None:
    empty, some = np.full((1, 3), np.nan), np.array([[1.0, 2.0, 3.0]])
    assert np.isnan(hodges_lehmann(empty, some).value[0])
    assert np.isnan(cliffs_delta(empty, some).value[0])
    single = cliffs_delta(np.array([[1.0]]), some)
    assert single.value[0] == pytest.approx(-2 / 3)
    assert np.isnan(single.low[0])


def test_interval_of_the_shift_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    x, y = rng.normal(0.7, 1, size=(400, 14)), rng.normal(size=(400, 17))
    answer = hodges_lehmann(x, y, level=0.9)
    covered = int(((answer.low <= 0.7) & (answer.high >= 0.7)).sum())
    # 99.9 % of binomial(400, .9) lies within 340 … 379; the interval may be a little wider than asked.
    assert 340 <= covered <= 383
