from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.survival.best_cut import best_cut, lausen_92, lausen_94


def test_best_cut_equals_maxstat(oracle: Path) -> None:
    d = pl.read_csv(oracle / "survival" / "input.csv")
    r = pl.read_csv(oracle / "survival" / "maxstat.csv").row(0, named=True)
    answer = best_cut(d["time"].to_numpy(), d["status"].to_numpy() == 1, d["x"].to_numpy())
    ours = [answer.statistic, answer.cut, answer.p_lausen_94, answer.p_lausen_92]
    np.testing.assert_allclose(ours, [r["M"], r["cut"], r["p_Lau94"], r["p_Lau92"]], rtol=1e-10)
    assert answer.n_low == (d["x"] <= answer.cut).sum()
    assert answer.p_uncorrected < answer.p_lausen_94 < answer.p_lausen_92
    assert np.isnan(answer.p_permutation)


def test_lung_cancer_by_age_has_the_published_p(shared: Path) -> None:
    lung = pl.read_csv(shared / "data" / "survival" / "R_survival_lung.csv", null_values="NA")
    answer = best_cut(lung["time"].to_numpy() * 1.0, lung["status"].to_numpy() == 2, lung["age"].to_numpy() * 1.0)
    assert round(answer.statistic, 4) == 2.0136
    assert answer.cut == 70
    assert round(answer.p_lausen_94, 4) == 0.4272
    assert round(answer.p_lausen_92, 7) == 0.4545809


def test_corrected_p_hold_their_level_and_the_uncorrected_does_not() -> None:
    rng = np.random.default_rng(6)
    p = []
    for _ in range(150):
        time, event, x = rng.exponential(size=80), rng.random(80) < 0.6, rng.normal(size=80)
        found = best_cut(time, event, x, permutations=39, rng=rng)
        p.append([found.p_lausen_94, found.p_permutation, found.p_uncorrected])
    share = (np.array(p) <= 0.05).mean(axis=0)
    # 99.9 % of binomial(150, .05) lies below 17.
    assert share[0] < 17 / 150
    assert share[1] < 17 / 150
    assert share[2] > 0.25


def test_bounds_are_probabilities() -> None:
    assert lausen_92(0.5) == 1.0
    assert lausen_94(0.1, n=50, sizes=np.arange(5, 45)) == 1.0
    assert 0 <= lausen_92(9.0) < 1e-12


def test_a_feature_that_cannot_be_cut_is_refused() -> None:
    time, event = np.arange(1.0, 11.0), np.ones(10, dtype=bool)
    with pytest.raises(ValueError, match=r"^no value of the feature parts off between 0\.1 and 0\.9 of the subjects$"):
        best_cut(time, event, np.ones(10))
    with pytest.raises(ValueError, match="permutations need a generator of random numbers"):
        best_cut(time, event, time, permutations=9)
