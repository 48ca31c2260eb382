from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.blocked import fit_blocks, fit_mixed, mixed_contrasts
from sensitome.core.dunnett import dunnett_p, dunnett_quantile
from sensitome.core.t_tests import paired_t, t_of

HALF = 0.5**0.5


def design_of(group: np.ndarray, groups: int) -> np.ndarray:
    return np.stack([np.ones(len(group)), *(group == g for g in range(1, groups))], axis=1).astype(np.float64)


def mixed_case(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    group = frame["group"].to_numpy().astype(np.intp) - 1
    block = frame["block"].to_numpy().astype(np.intp) - 1
    groups, blocks = int(group.max()) + 1, int(block.max()) + 1
    return frame["y"].to_numpy(), design_of(group, groups), [block, group * blocks + block]


def test_paired_t_equals_r(oracle: Path) -> None:
    given = pl.read_csv(oracle / "blocked" / "paired_input.csv")
    expected = pl.read_csv(oracle / "blocked" / "paired_expected.csv")
    for case, row in zip(given.partition_by("case", maintain_order=True), expected.iter_rows(named=True), strict=True):
        test = paired_t(case["first"].to_numpy()[None], case["second"].to_numpy()[None])
        got = [test.t[0], test.df[0], test.p_value[0], test.ci_low[0], test.ci_high[0]]
        np.testing.assert_allclose(got, [row[name] for name in ("t", "df", "p", "low", "high")], rtol=1e-10)


def test_complete_blocks_equal_the_anova_and_dunnett_of_r(oracle: Path) -> None:
    given = pl.read_csv(oracle / "blocked" / "anova_input.csv")
    expected = pl.read_csv(oracle / "blocked" / "anova_expected.csv")
    for case in given.partition_by("case", maintain_order=True):
        own = expected.filter(pl.col("case") == case["case"][0])
        values = case.pivot(on="block", index="group", values="y").sort("group").drop("group").to_numpy()
        groups, blocks = values.shape
        fit = fit_blocks(values[None])
        df = (groups - 1) * (blocks - 1)
        square = fit.squares.sum() / df
        error = np.full(groups - 1, np.sqrt(2 * square / blocks))
        test = t_of(fit.mean[0, 1:] - fit.mean[0, 0], error, np.array(float(df)))
        for name, got in {"effect": test.effect, "se": test.standard_error, "t": test.t, "p": test.p_value}.items():
            np.testing.assert_allclose(got, own[name].to_numpy(), rtol=1e-9, err_msg=name)
        assert own["df"].unique().to_list() == [df]
        assert groups * fit.df == pytest.approx(df)
        loadings = np.full(groups - 1, HALF)
        np.testing.assert_allclose(dunnett_p(test.t, test.df, loadings), own["p_dunnett"].to_numpy(), atol=3e-4)
        critical = dunnett_quantile(0.95, df, loadings)
        np.testing.assert_allclose(test.effect - critical * error, own["low"].to_numpy(), atol=5e-3 * error[0])
        np.testing.assert_allclose(test.effect + critical * error, own["high"].to_numpy(), atol=5e-3 * error[0])


def test_mixed_models_equal_lme4_lmertest_and_nlme(oracle: Path) -> None:
    given = pl.read_csv(oracle / "blocked" / "mixed_input.csv")
    expected = pl.read_csv(oracle / "blocked" / "mixed_expected.csv")
    parts = pl.read_csv(oracle / "blocked" / "mixed_components.csv")
    for case in given.partition_by("case", maintain_order=True):
        own, about = (table.filter(pl.col("case") == case["case"][0]) for table in (expected, parts))
        values, design, factors = mixed_case(case)
        fit = fit_mixed(values, design, factors)
        test = mixed_contrasts(fit, np.eye(design.shape[1])[1:])
        assert fit.log_likelihood == pytest.approx(about["reml"][0], abs=1e-9)
        assert fit.log_likelihood == pytest.approx(about["reml_nlme"][0], abs=5e-4)
        np.testing.assert_allclose(fit.components, about.select("block", "cell", "well").row(0), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(test.effect, own["effect"].to_numpy(), rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(test.standard_error, own["se"].to_numpy(), rtol=1e-6)
        np.testing.assert_allclose(test.effect, own["effect_nlme"].to_numpy(), atol=1e-5)
        np.testing.assert_allclose(test.df, own["df"].to_numpy(), rtol=1e-5)
        np.testing.assert_allclose(test.p_value, own["p"].to_numpy(), rtol=1e-5)


def test_a_balanced_mixed_model_is_the_anova_of_the_means() -> None:
    rng = np.random.default_rng(4)
    groups, blocks, wells = 5, 3, 3
    values = rng.normal(size=(groups, blocks, wells)) * 0.1 + rng.normal(size=(1, blocks, 1))
    values = values + rng.normal(size=(groups, blocks, 1)) * 0.2
    group, block, _ = np.indices(values.shape)
    design = design_of(group.ravel(), groups)
    fit = fit_mixed(values.ravel(), design, [block.ravel(), (group * blocks + block).ravel()])
    test = mixed_contrasts(fit, np.eye(groups)[1:])
    anova = fit_blocks(values.mean(axis=2)[None])
    df = (groups - 1) * (blocks - 1)
    np.testing.assert_allclose(test.effect, anova.mean[0, 1:] - anova.mean[0, 0], atol=1e-9)
    np.testing.assert_allclose(test.standard_error, np.sqrt(2 * anova.squares.sum() / df / blocks), rtol=1e-6)
    np.testing.assert_allclose(test.df, df, rtol=1e-5)


def test_two_groups_in_blocks_are_the_paired_t() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(2, 5)) + rng.normal(size=5)
    paired = paired_t(values[[1]], values[[0]])
    fit = fit_blocks(values[None])
    variance = fit.squares[0] / fit.df
    test = t_of(fit.mean[0, [1]] - fit.mean[0, [0]], np.sqrt(variance.sum(keepdims=True) / 5), np.array([4.0]))
    np.testing.assert_allclose(test.p_value, paired.p_value, rtol=1e-9)


def test_a_component_without_variance_is_exactly_zero() -> None:
    values = np.array([1.0, 2.0, 3.0, 2.0, 1.0, 2.0])
    fit = fit_mixed(values, np.ones((6, 1)), [np.array([0, 0, 0, 1, 1, 1], dtype=np.intp)])
    assert fit.components[0] == 0.0
    assert fit.uncertainty[0].tolist() == [0.0, 0.0]
    assert fit.components[1] == pytest.approx(values.var(ddof=1))
