from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.combination import (
    bliss_bootstrap,
    bliss_excess,
    bliss_log2,
    hsa_bootstrap,
    hsa_excess,
    resamples,
    three_way_log2,
)
from sensitome.core.t_tests import paired_t


def made(rng: np.random.Generator, *, items: int, replicates: int, delta: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Viabilities of two agents and of both, with what a replicate shares, log-normal noise and an interaction."""
    noise = rng.normal(0, 0.12, (items, 3, replicates))
    parts = np.array([0.5, 0.83])[None, :, None] * 2 ** noise[:, :2]
    return parts, 0.415 * 2 ** (delta + noise[:, 2])


def test_the_published_numbers_of_mir_101_and_lapatinib() -> None:
    parts = np.array([[[0.50] * 3, [0.83] * 3]])
    result = bliss_excess(parts, np.array([[0.25] * 3]))
    assert 100 * (1 - result.expected[0]) == pytest.approx(58.5)
    assert 100 * result.excess[0] == pytest.approx(16.5)
    assert bliss_log2(parts, np.array([[0.25] * 3])).effect[0] == pytest.approx(-0.7312, abs=1e-4)
    hsa = hsa_excess(parts, np.array([[0.25] * 3]))
    assert 100 * hsa.excess[0] == pytest.approx(25.0)
    # One replicate told three times has no variance, so there is no test.
    assert np.isnan([result.p_value[0], result.ci_low[0], hsa.p_value[0]]).all()


def test_the_two_drugs_of_the_paper_beat_bliss() -> None:
    result = bliss_excess(np.array([[[0.96], [0.83]]]), np.array([[0.67]]))
    assert 100 * result.excess[0] == pytest.approx(12.68)


def test_the_delta_method_of_one_agent_is_the_paired_t() -> None:
    rng = np.random.default_rng(1)
    parts, combined = rng.uniform(0.4, 0.9, (6, 1, 5)), rng.uniform(0.2, 0.8, (6, 5))
    result, paired = bliss_excess(parts, combined), paired_t(parts[:, 0], combined)
    np.testing.assert_allclose(result.excess, paired.effect)
    np.testing.assert_allclose(result.p_value, paired.p_value)
    one_sided = hsa_excess(parts, combined).p_value
    np.testing.assert_allclose(np.minimum(one_sided, 1 - one_sided), paired.p_value / 2)


def test_what_a_replicate_shares_drops_out_in_log2() -> None:
    rng = np.random.default_rng(2)
    parts, combined = made(rng, items=4, replicates=4)
    one = bliss_log2(parts, combined)
    np.testing.assert_allclose(bliss_log2(parts[:, ::-1], combined).t, one.t)
    scale = np.array([1.0, 1.1, 0.9, 1.0])
    moved = bliss_log2(parts * scale, combined * scale**2)
    np.testing.assert_allclose(moved.effect, one.effect)


def test_error_rates_and_coverage_hold() -> None:
    rng = np.random.default_rng(3)
    n = 6000
    parts, combined = made(rng, items=n, replicates=5)
    slack = 4 * np.sqrt(0.05 * 0.95 / n)
    assert abs(np.mean(bliss_log2(parts, combined).p_value < 0.05) - 0.05) < slack
    # In viability the expectation is exact only to first order, and n − 1 degrees of freedom are cautious.
    viability = bliss_excess(parts, combined)
    assert np.mean(viability.p_value < 0.05) < 0.05 + slack
    # Both singles at the combination's own level: the least favorable point of the intersection-union test.
    level = np.array([0.5, 0.5])[None, :, None] * 2 ** rng.normal(0, 0.1, (n, 2, 5))
    combined = 0.5 * 2 ** rng.normal(0, 0.1, (n, 5))
    hsa = hsa_excess(level, combined)
    assert np.mean(hsa.p_value < 0.05) < 0.05 + slack
    assert np.mean((hsa.ci_low <= 0) & (hsa.ci_high >= 0)) > 0.95 - slack


def test_the_bootstrap_agrees_with_the_delta_method_where_there_are_many_replicates() -> None:
    rng = np.random.default_rng(4)
    parts, combined = made(rng, items=20, replicates=40, delta=-0.3)
    over = resamples(40, rng=np.random.default_rng(7), draws=2000)
    boot, delta = bliss_bootstrap(parts, combined, over=over), bliss_excess(parts, combined)
    ratio = (boot.ci_high - boot.ci_low) / (delta.ci_high - delta.ci_low)
    assert 0.85 < ratio.mean() < 1.1
    assert np.all(boot.p_value >= 2 / 2001)
    hsa = hsa_bootstrap(parts, combined, over=over)
    assert np.all((hsa.ci_low <= hsa.ci_high) & (hsa.p_value <= 1))


def test_few_replicates_are_resampled_completely_and_without_chance() -> None:
    three = resamples(3, rng=np.random.default_rng(0))
    assert three.exact
    assert len(three.share) == 10
    assert three.chance.sum() == pytest.approx(1)
    np.testing.assert_allclose(three.chance @ three.share, 1 / 3)
    values = np.array([[0.3, 0.1, 0.2]])
    boot = bliss_bootstrap(np.zeros((1, 1, 3)), -values, over=three)
    assert (boot.ci_low[0], boot.ci_high[0]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert boot.p_value[0] == 0.0


def test_one_replicate_has_an_excess_and_nothing_else() -> None:
    parts, combined = np.array([[[0.5], [0.8]]]), np.array([[0.3]])
    result = bliss_excess(parts, combined)
    assert result.excess[0] == pytest.approx(0.1)
    assert np.isnan([result.ci_low[0], result.p_value[0], hsa_excess(parts, combined).p_value[0]]).all()
    boot = bliss_bootstrap(parts, combined, over=resamples(1, rng=np.random.default_rng(0)))
    assert np.isnan(boot.ci_low[0])


def test_a_replicate_with_a_missing_arm_does_not_count() -> None:
    rng = np.random.default_rng(5)
    parts, combined = made(rng, items=1, replicates=4)
    parts[0, 0, 3] = np.nan
    whole = bliss_excess(parts[:, :, :3], combined[:, :3])
    assert bliss_excess(parts, combined).excess[0] == pytest.approx(whole.excess[0])
    assert bliss_log2(parts, combined).df[0] == 2


def test_the_three_way_term_is_the_change_of_the_interaction() -> None:
    rng = np.random.default_rng(6)
    f = 2 ** rng.normal(-0.5, 0.2, (7, 1, 3))
    m, t, lap, mt, ml, tl, mtl = f
    result = three_way_log2(np.stack([m, t, lap], axis=1), np.stack([mt, ml, tl], axis=1), mtl)
    log = np.log2
    both = log(mtl) - log(m) - log(tl)
    expected = both - (log(mt) - log(m) - log(t)) - (log(ml) - log(m) - log(lap))
    np.testing.assert_allclose(result.effect, expected.mean(axis=1))
