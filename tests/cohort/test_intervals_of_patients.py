"""Intervals of what is told of patients cover the truth as often as they say: simulated truth, fixed seeds."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtr

from sensitome.cohort.association import associate
from sensitome.core.rank_sum import cliffs_delta
from sensitome.core.survival.competing import cumulative_incidence, fine_gray
from sensitome.core.survival.kaplan_meier import kaplan_meier, mean_difference
from sensitome.expression_matrix import Expression


@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_intervals_of_correlations_cover(method: Literal["spearman", "pearson"]) -> None:
    rng = np.random.default_rng(1)
    rho, n, genes = 0.45, 60, 2000
    samples = pl.DataFrame({"sample": [f"s{i}" for i in range(n)]})
    # Each gene is a draw of its own, given the miRNA; over miRNAs the coverage is that of the pair.
    covered = total = 0
    true = rho if method == "pearson" else 6 / np.pi * np.arcsin(rho / 2)
    for _ in range(20):
        mirna = rng.normal(size=(n, 1))
        gene = rho * mirna + np.sqrt(1 - rho**2) * rng.normal(size=(n, genes // 20))
        sides = [
            Expression(values, samples, pl.DataFrame({"feature": [f"{letter}{j}" for j in range(values.shape[1])]}))
            for letter, values in (("m", mirna), ("g", gene))
        ]
        pairs = associate(sides[0], sides[1], method=method, keep="all").pairs
        assert pairs is not None
        covered += pairs.filter((pl.col("ci_low") <= true) & (pl.col("ci_high") >= true)).height
        total += pairs.height
    assert total == genes
    assert 0.92 <= covered / total <= 0.975


def test_intervals_of_cliffs_delta_cover() -> None:
    rng = np.random.default_rng(2)
    shift = 0.8
    x, y = rng.normal(shift, 1, size=(1500, 30)), rng.normal(size=(1500, 40))
    true = 2 * ndtr(shift / np.sqrt(2)) - 1
    found = cliffs_delta(x, y)
    assert 0.93 <= float(((found.low <= true) & (found.high >= true)).mean()) <= 0.97


def test_intervals_of_restricted_means_and_incidence_cover() -> None:
    rng = np.random.default_rng(3)
    means = risks = 0
    runs, until = 600, 3.0
    for _ in range(runs):
        curves = []
        for rate in (0.3, 0.6):
            time, end = rng.exponential(1 / rate, 80), rng.uniform(2, 8, 80)
            curves.append(kaplan_meier(np.minimum(time, end), time <= end))
        found = mean_difference(*curves, until=until)
        true = [(1 - np.exp(-rate * until)) / rate for rate in (0.3, 0.6)]
        means += found.low <= true[0] - true[1] <= found.high
        first, second, end = rng.exponential(1 / 0.3, 120), rng.exponential(1 / 0.2, 120), rng.uniform(2, 8, 120)
        cause = np.select([end < np.minimum(first, second), first < second], [0, 1], default=2)
        seen = cumulative_incidence(np.minimum(np.minimum(first, second), end), cause, causes=2)
        at = np.searchsorted(seen.time, until, side="right") - 1
        risk = 0.6 * (1 - np.exp(-0.5 * until))
        risks += abs(seen.incidence[0, at] - risk) <= 1.96 * seen.se[0, at]
    # 99.9 % of binomial(600, .95) lies within 552 … 586.
    assert 0.92 <= means / runs <= 0.977
    assert 0.92 <= risks / runs <= 0.977


def test_fine_and_gray_without_an_effect_is_called_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    called, runs = 0, 400
    for _ in range(runs):
        first, second, end = rng.exponential(3.0, 90), rng.exponential(5.0, 90), rng.uniform(2, 8, 90)
        cause = np.select([end < np.minimum(first, second), first < second], [0, 1], default=2)
        time = np.minimum(np.minimum(first, second), end)
        called += float(fine_gray(time, cause, rng.normal(size=(1, 90))).p[0]) <= 0.05
    assert 0.02 <= called / runs <= 0.095
