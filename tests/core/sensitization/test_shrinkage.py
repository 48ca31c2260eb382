"""Adaptive shrinkage: the closed form of one component, effects drawn from the model, and a cautious null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sensitome.core.sensitization.shrinkage import ash, normal_equivalent_error


def drawn(count: int, *, null: float, size: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = size * rng.standard_normal(count) * (rng.random(count) > null)
    error = rng.uniform(0.1, 0.3, count)
    return truth, truth + error * rng.standard_normal(count), error


def test_the_posterior_follows_from_the_weights() -> None:
    _, effect, error = drawn(500, null=0.8, size=1.0, seed=0)
    found = ash(effect, error)
    i = int(np.argmin(effect))
    total = error[i] ** 2 + found.grid**2
    member = found.weights * stats.norm.pdf(effect[i], scale=np.sqrt(total))
    member /= member.sum()
    center = found.grid**2 / total * effect[i]
    assert found.mean[i] == pytest.approx(float(member @ center))
    sd = np.sqrt(found.grid**2 * error[i] ** 2 / total)
    below = np.where(sd > 0, stats.norm.cdf(0, loc=center, scale=np.where(sd > 0, sd, 1)), 0)
    assert found.sensitizer[i] == pytest.approx(float(member @ below))
    assert found.false_sign[i] == pytest.approx(member[0] + min(member @ below, 1 - member[0] - member @ below))


def test_effects_are_drawn_towards_zero_and_weights_sum_to_one() -> None:
    _, effect, error = drawn(500, null=0.5, size=1.0, seed=1)
    found = ash(effect, error)
    assert (np.abs(found.mean) <= np.abs(effect) + 1e-12).all()
    assert found.weights.sum() == pytest.approx(1.0)


def test_the_list_holds_its_false_sign_rate_and_effects_are_unbiased_after_selection() -> None:
    truth, effect, error = drawn(20000, null=0.9, size=1.0, seed=2)
    found = ash(effect, error)
    listed = found.s_value <= 0.05
    wrong = (np.sign(found.mean[listed]) != np.sign(truth[listed])).mean()
    assert wrong < 0.05 + 3 * np.sqrt(0.05 * 0.95 / listed.sum())
    assert listed.sum() > 700
    low = listed & (found.mean < 0)
    assert abs((found.mean - truth)[low].mean()) < 0.02
    assert (effect - truth)[low & (np.abs(effect) < 0.6)].mean() < -0.02, "unshrunken effects exaggerate"


def test_nothing_is_listed_where_nothing_is() -> None:
    _, effect, error = drawn(5000, null=1.0, size=1.0, seed=3)
    assert (ash(effect, error).s_value <= 0.1).sum() == 0


def test_gaps_stay_gaps_and_flipping_signs_flips_the_answer() -> None:
    _, effect, error = drawn(300, null=0.7, size=1.0, seed=4)
    effect[5] = np.nan
    found, flipped = ash(effect, error), ash(-effect, error)
    assert np.isnan(found.mean[5])
    np.testing.assert_allclose(flipped.mean, -found.mean, atol=1e-12)
    np.testing.assert_allclose(flipped.false_sign, found.false_sign, atol=1e-12)
    assert np.isnan(ash(np.full(3, np.nan), np.ones(3)).mean).all()


def test_the_equivalent_error_gives_the_p_of_the_t_test() -> None:
    t = np.array([-4.0, 0.5])
    p = 2 * stats.t.sf(np.abs(t), 6)
    effect = np.array([-0.8, 0.1])
    error = normal_equivalent_error(effect, t, p)
    np.testing.assert_allclose(2 * stats.norm.sf(np.abs(effect) / error), p)
