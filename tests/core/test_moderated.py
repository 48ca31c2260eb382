from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.moderated import (
    LinearFit,
    block_design,
    fit_linear,
    moderated_t,
    squeeze_variance,
    variance_prior,
)

TWO_GROUPS = np.stack([np.ones(8), np.repeat([0.0, 1.0], 4)], axis=1)


def table(path: Path) -> np.ndarray:
    return np.genfromtxt(path, delimiter=",", names=True, missing_values="NA", filling_values=np.nan)


def matrix(path: Path) -> np.ndarray:
    return np.genfromtxt(path, delimiter=",", skip_header=1, missing_values="NA", filling_values=np.nan)


@pytest.mark.parametrize("kind", ["finite_prior", "infinite_prior"])
def test_moderated_t_equals_limma(oracle: Path, kind: str) -> None:
    expected = table(oracle / "limma" / f"{kind}_expected.csv")
    fit = fit_linear(matrix(oracle / "limma" / f"{kind}_input.csv"), TWO_GROUPS)
    test = moderated_t(fit)
    np.testing.assert_allclose(test.prior.df, expected["df_prior"][0], rtol=1e-10)
    np.testing.assert_allclose(test.prior.variance, expected["s2_prior"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(fit.variance), expected["sigma"], rtol=1e-10)
    np.testing.assert_allclose(test.variance, expected["s2_post"], rtol=1e-10)
    np.testing.assert_allclose(test.effect[:, 1], expected["effect"], rtol=1e-10)
    np.testing.assert_allclose(test.t[:, 1], expected["t"], rtol=1e-10)
    np.testing.assert_allclose(test.df, expected["df_total"], rtol=1e-10)
    np.testing.assert_allclose(test.p_value[:, 1], expected["p"], rtol=1e-10)


@pytest.mark.parametrize("trend", [False, True])
def test_blocks_missing_readings_and_trend_equal_limma(oracle: Path, trend: bool) -> None:
    expected = table(oracle / "limma" / f"blocks_{'trend' if trend else 'plain'}_expected.csv")
    fit = fit_linear(matrix(oracle / "limma" / "blocks_input.csv"), block_design(4, 3))
    test = moderated_t(fit, trend=trend)
    np.testing.assert_allclose(np.sqrt(fit.variance), expected["sigma"], rtol=1e-10)
    np.testing.assert_array_equal(fit.df, expected["df"])
    np.testing.assert_allclose(fit.unscaled_sd[:, 1], expected["unscaled"], rtol=1e-10)
    np.testing.assert_allclose(test.prior.df, expected["df_prior"][0], rtol=1e-10)
    np.testing.assert_allclose(test.prior.variance, expected["s2_prior"], rtol=1e-10)
    np.testing.assert_allclose(test.variance, expected["s2_post"], rtol=1e-10)
    np.testing.assert_allclose(test.t[:, 1], expected["t"], rtol=1e-10)
    np.testing.assert_allclose(test.p_value[:, 1], expected["p"], rtol=1e-10)
    np.testing.assert_allclose(test.ci_low[:, 1], expected["low"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(test.ci_high[:, 1], expected["high"], rtol=1e-10, atol=1e-12)


def test_a_constant_shift_of_a_replicate_changes_no_contrast() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 12))
    shifted = values + np.tile([0.0, 2.0, -1.0], 4)
    one, other = (moderated_t(fit_linear(v, block_design(4, 3))) for v in (values, shifted))
    np.testing.assert_allclose(one.t[:, 1:4], other.t[:, 1:4], atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_swapping_the_labels_flips_the_sign(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(30, 8))
    one = moderated_t(fit_linear(values, TWO_GROUPS))
    other = moderated_t(fit_linear(values[:, ::-1], TWO_GROUPS))
    np.testing.assert_allclose(one.t[:, 1], -other.t[:, 1], rtol=1e-8)
    np.testing.assert_allclose(one.p_value[:, 1], other.p_value[:, 1], rtol=1e-8)
    np.testing.assert_allclose(one.ci_low[:, 1], -other.ci_high[:, 1], rtol=1e-8)


def test_a_coefficient_without_readings_is_not_determined() -> None:
    values = np.random.default_rng(0).normal(size=(20, 8))
    values[0, 4:] = np.nan
    values[1] = np.nan
    test = moderated_t(fit_linear(values, TWO_GROUPS))
    assert np.isnan(test.t[0, 1])
    assert np.isfinite(test.t[0, 0])
    assert np.isnan(test.p_value[1]).all()
    assert np.isfinite(test.p_value[2:]).all()


def test_a_row_without_residual_freedom_takes_the_prior_variance() -> None:
    variance = np.array([1.0, 2.0, 4.0, 0.5, np.nan])
    df = np.array([4.0, 2.0, 5.0, 3.0, 0.0])
    prior = variance_prior(variance, df)
    assert squeeze_variance(variance, df, prior=prior)[4] == pytest.approx(prior.variance[4])


def test_too_few_variances_leave_the_variances_alone() -> None:
    variance, df = np.array([2.0, np.nan]), np.array([3.0, 0.0])
    prior = variance_prior(variance, df)
    assert prior.df == 0
    assert squeeze_variance(variance, df, prior=prior)[0] == 2.0
    nothing = variance_prior(np.full(2, np.nan), np.zeros(2))
    assert np.isnan(nothing.df)


def test_a_zero_variance_does_not_stop_the_prior() -> None:
    variance = np.array([0.0, 1.0, 2.0, 3.0])
    assert np.isfinite(variance_prior(variance, np.full(4, 3.0)).variance).all()


def test_under_the_null_p_is_uniform_and_intervals_cover() -> None:
    rng = np.random.default_rng(11)
    spread = np.sqrt(4 / rng.chisquare(4, size=4000))[:, None]
    test = moderated_t(fit_linear(rng.normal(size=(4000, 8)) * spread, TWO_GROUPS))
    rejected = float(np.mean(test.p_value[:, 1] < 0.05))
    covered = float(np.mean((test.ci_low[:, 1] < 0) & (test.ci_high[:, 1] > 0)))
    assert 0.04 < rejected < 0.06
    assert 0.94 < covered < 0.96


def test_one_replicate_has_no_test() -> None:
    fit = fit_linear(np.random.default_rng(0).normal(size=(10, 4)), block_design(4, 1))
    assert isinstance(fit, LinearFit)
    assert np.isnan(moderated_t(fit).p_value).all()


def test_recorded_screen_with_blocks_equals_limma(shared: Path) -> None:
    import polars as pl

    wells = pl.read_parquet(shared / "data" / "simulated" / "main_d0.75_r2_1_wells.parquet")
    line = wells.filter((pl.col("cell_line") == "KPL4") & (pl.col("role") == "sample")).with_columns(
        pl.col("treatment").cast(pl.String)
    )
    arms = ["vehicle", "trastuzumab", "lapatinib", "trastuzumab+lapatinib"]
    wide = line.with_columns(
        (pl.col("treatment").replace_strict(arms, list(range(4)), return_dtype=pl.Int64) * 2 + pl.col("replicate") - 1)
        .cast(pl.String)
        .alias("sample")
    ).pivot(on="sample", index="reagent", values="log2_loess")
    wide = wide.sort("reagent")
    values = wide.select([str(i) for i in range(8)]).to_numpy().astype(np.float64)
    test = moderated_t(fit_linear(values, block_design(4, 2)))
    assert np.isnan(values).any()
    # limma 3.54.1 on the same readings.
    np.testing.assert_allclose(test.prior.df, 6.76607479588761, rtol=1e-10)
    np.testing.assert_allclose(test.prior.variance[0], 0.0189444833781914, rtol=1e-10)
    expected = [
        [1.05599821859485, 1.11093421582795, 0.27755457029785],
        [0.506524658426534, 0.153125923091323, 1.45004106837553],
        [-0.347965190158912, -0.7802274796094, -0.379218942491774],
    ]
    np.testing.assert_allclose(test.t[:3, 1:4], expected, rtol=1e-10)
