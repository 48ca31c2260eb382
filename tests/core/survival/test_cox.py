from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.survival.cox import cox, cox_each, proportional_hazards


@pytest.fixture(scope="module")
def d(oracle: Path) -> dict[str, np.ndarray]:
    table = pl.read_csv(oracle / "survival" / "input.csv")
    found = {name: table[name].to_numpy().astype(float) for name in table.columns}
    return found | {"event": found["status"] == 1, "hi": (found["x"] > np.median(found["x"])).astype(float)}


def test_cox_equals_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    for (ties, formula), r in pl.read_csv(oracle / "survival" / "cox.csv").group_by("ties", "formula"):
        x = np.stack([d[name] for name in str(formula).split("+")])
        fit = cox(d["time"], d["event"], x, ties=ties)  # type: ignore[arg-type]
        se = np.sqrt(np.diag(fit.covariance))
        np.testing.assert_allclose(fit.coefficient, r["coef"], rtol=1e-10)
        np.testing.assert_allclose(se, r["se"], rtol=1e-10)
        np.testing.assert_allclose(fit.p, r["p"], rtol=1e-10)
        np.testing.assert_allclose(np.exp(fit.coefficient - 1.959963984540054 * se), r["hr_lo"], rtol=1e-10)
        np.testing.assert_allclose(np.exp(fit.coefficient + 1.959963984540054 * se), r["hr_hi"], rtol=1e-10)
        np.testing.assert_allclose(fit.log_likelihood[1], r["loglik"][0], rtol=1e-10)
        np.testing.assert_allclose(fit.score, r["score"][0], rtol=1e-10)
        assert fit.converged
        assert (fit.n, fit.n_event) == (160, 111)


def test_strata_have_baselines_of_their_own_as_in_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    for (ties,), r in pl.read_csv(oracle / "survival" / "cox_stratified.csv").group_by("ties"):
        x = np.stack([d["x"], d["age"]])
        how = {"ties": ties, "strata": d["stage"].astype(np.intp)}
        fit = cox(d["time"], d["event"], x, **how)  # type: ignore[arg-type]
        np.testing.assert_allclose(fit.coefficient, r["coef"], rtol=1e-10)
        np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), r["se"], rtol=1e-10)
        np.testing.assert_allclose([fit.log_likelihood[1], fit.score], [r["loglik"][0], r["score"][0]], rtol=1e-10)
        test = proportional_hazards(d["time"], d["event"], x, coefficient=fit.coefficient, **how)  # type: ignore[arg-type]
        np.testing.assert_allclose(test.statistic, [*r["zph"], r["zph_global"][0]], rtol=1e-8)


def test_proportional_hazards_equal_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    x = np.stack([d["x"], d["age"], d["stage"]])
    test = proportional_hazards(d["time"], d["event"], x, coefficient=cox(d["time"], d["event"], x).coefficient)
    r = pl.read_csv(oracle / "survival" / "cox_zph.csv")
    np.testing.assert_allclose(test.statistic, r["chisq"], rtol=1e-10)
    np.testing.assert_allclose(test.p, r["p"], rtol=1e-10)
    np.testing.assert_array_equal(test.df, r["df"])


def test_many_features_at_once_give_the_same_numbers(d: dict[str, np.ndarray]) -> None:
    rng = np.random.default_rng(2)
    features = np.vstack([d["x"], rng.normal(size=(8, 160)), np.ones((1, 160))])
    features[2, :40], features[3, rng.integers(0, 160, 60)] = np.nan, np.nan
    covariates = np.stack([d["age"], d["stage"]])
    stage = d["stage"].astype(np.intp)
    for adjusting, strata in ((None, None), (covariates, None), (covariates[:1], stage)):
        each = cox_each(d["time"], d["event"], features, covariates=adjusting, strata=strata)
        for row, values in enumerate(features[:-1]):
            there = ~np.isnan(values)
            x = np.vstack([values[None], *([] if adjusting is None else [adjusting])])[:, there]
            alone = cox(d["time"][there], d["event"][there], x, strata=None if strata is None else strata[there])
            np.testing.assert_allclose(each.coefficient[row], alone.coefficient[0], rtol=1e-10)
            np.testing.assert_allclose(each.se[row] ** 2, alone.covariance[0, 0], rtol=1e-10)
            np.testing.assert_allclose(each.p[row], alone.p[0], rtol=1e-9)
            np.testing.assert_allclose(each.score[row], alone.score, rtol=1e-9)
            assert each.n[row] == there.sum()
        assert np.isnan(each.coefficient[-1])
        assert not each.converged[-1]
        assert each.converged[:-1].all()


def test_separation_is_told_and_firth_stays_finite() -> None:
    time, event = np.arange(1.0, 13.0), np.ones(12, dtype=bool)
    x = (time <= 6).astype(float)[None]
    assert not cox(time, event, x).converged
    assert not cox_each(time, event, x).converged[0]
    fit = cox(time, event, x, firth=True)
    assert fit.converged
    assert 1 < fit.coefficient[0] < 6


def test_firth_maximizes_the_penalized_likelihood(d: dict[str, np.ndarray]) -> None:
    x = np.stack([d["x"], d["hi"]])
    fit = cox(d["time"], d["event"], x, firth=True)
    plain = cox(d["time"], d["event"], x)
    assert np.abs(fit.coefficient).sum() < np.abs(plain.coefficient).sum()
    # Differences of the penalized likelihood around the end show no slope.
    from sensitome.core.survival._risk_terms import slope_of, strata_of

    parts = strata_of(d["time"], d["event"], strata=None, ties="efron")
    sides = [row[None] for row in x]
    step = 1e-4
    for a in range(2):
        shift = np.eye(2)[a] * step
        heights = [
            slope_of(sides, fit.coefficient[None] + sign * shift, parts, firth=True).height[0] for sign in (1, -1)
        ]
        assert abs(heights[0] - heights[1]) / (2 * step) < 1e-5
    assert np.abs(slope_of(sides, fit.coefficient[None], parts, firth=True).gradient).max() < 1e-4


def test_ties_of_breslow_and_efron_agree_without_ties() -> None:
    rng = np.random.default_rng(3)
    time, event, x = rng.exponential(size=50), rng.random(50) < 0.8, rng.normal(size=(2, 50))
    efron, breslow = cox(time, event, x), cox(time, event, x, ties="breslow")
    np.testing.assert_allclose(efron.coefficient, breslow.coefficient, rtol=1e-12)


def test_intervals_cover_the_true_hazard_ratio() -> None:
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(100):
        x = rng.normal(size=(1, 80))
        time = rng.exponential(np.exp(-0.5 * x[0]))
        censored = rng.uniform(0.5, 3, 80)
        fit = cox_each(np.minimum(time, censored), time <= censored, x)
        covered += bool(abs(fit.coefficient[0] - 0.5) < 1.96 * fit.se[0])
    # 99.9 % of binomial(100, .95) lies within 86 … 100.
    assert covered >= 86


def test_no_event_gives_no_model() -> None:
    each = cox_each(np.array([1.0, 2.0]), np.zeros(2, dtype=bool), np.array([[1.0, 2.0]]))
    assert np.isnan(each.p).all()
