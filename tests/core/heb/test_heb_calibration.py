"""The model's promises: local rates that hold, intervals that cover, and no say of an item in its own prior."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sensitome.core.heb.calibrate import calibrate
from sensitome.core.heb.classes import Kind, interaction_classes
from sensitome.core.heb.likelihood import common_noise, log_likelihood, prepare
from sensitome.core.heb.mixture import shares_of_others
from sensitome.core.heb.model import Sensitization, fit_sensitization
from sensitome.core.heb.patterns import full_patterns
from sensitome.core.heb.posterior import _quantile


def simulated(seed: int, *, lines: int, arms: int, wells: int, items: int = 700) -> tuple[np.ndarray, ...]:
    """Wells of a screen, its interactions, and which of them are of sensitizers; the rest are small."""
    rng = np.random.default_rng(seed)
    drugs = arms - 1
    delta = rng.normal(scale=0.03, size=(items, lines, drugs))
    hits = items // 25
    pattern = rng.random((hits, lines, drugs)) < 0.6
    pattern[~pattern.any(axis=(1, 2)), 0, 0] = True
    delta[:hits] -= pattern * rng.uniform(0.5, 1.0, size=(hits, 1, 1))
    active = np.zeros(delta.shape, dtype=bool)
    active[:hits] = pattern
    general = rng.normal(scale=0.08, size=(items, 1, 1, 1))
    values = general + np.sqrt(8 / rng.chisquare(8, size=(items, 1, 1, 1))) * rng.normal(
        scale=0.13, size=(items, lines, arms, wells)
    )
    values[:, :, 1:] += delta[..., None]
    values += (rng.random(values.shape) < 0.01) * rng.normal(-0.3, 0.8, size=values.shape)
    order = rng.permutation(items)
    return values[order], delta[order], active[order]


@cache
def fitted(lines: int, arms: int, wells: int) -> list[tuple[Sensitization, np.ndarray, np.ndarray]]:
    """Fits of four screens, with true interactions and whether they are of sensitizers."""
    found = []
    for seed in range(4):
        values, delta, active = simulated(seed, lines=lines, arms=arms, wells=wells)
        found.append((fit_sensitization(values), delta, active))
    return found


@pytest.mark.parametrize("design", [(1, 2, 1), (1, 3, 2), (2, 3, 1)])
def test_local_rates_promise_no_more_than_they_keep(design: tuple[int, int, int]) -> None:
    """The false contexts of all bins of middle rates are not more than the rates say, three standard errors granted."""
    fits = fitted(*design)
    rate = np.concatenate([answer.local_rate.ravel() for answer, _, _ in fits])
    false = np.concatenate([~active.ravel() for _, _, active in fits])
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8)):
        own = (rate >= low) & (rate < high)
        # Contexts of one reagent stand or fall together, so that there are fewer judgments than contexts.
        error = np.sqrt((rate[own] * (1 - rate[own])).sum() * 2)
        assert false[own].sum() <= rate[own].sum() + 3 * error + 2


@pytest.mark.parametrize("design", [(1, 2, 1), (1, 3, 2), (2, 3, 1)])
def test_intervals_cover_what_is_true(design: tuple[int, int, int]) -> None:
    fits = fitted(*design)
    inside = np.concatenate([((d >= a.effect_low) & (d <= a.effect_high)).ravel() for a, d, _ in fits])
    assert 0.93 <= inside.mean() <= 0.985


def test_one_line_one_drug_and_one_replicate_do_not_promise_too_much() -> None:
    fits = fitted(1, 2, 1)
    called = [answer.local_rate <= 0.2 for answer, _, _ in fits]
    false = sum(int((calls & ~active).sum()) for calls, (_, _, active) in zip(called, fits, strict=True))
    promised = sum(float(answer.local_rate[calls].sum()) for calls, (answer, _, _) in zip(called, fits, strict=True))
    assert false <= promised + 3 * np.sqrt(promised) + 1
    assert sum(int(calls.sum()) for calls in called) > 10


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 0), st.floats(0.02, 0.5), st.floats(0.01, 0.3), st.floats(0.001, 0.999), st.floats(0.01, 0.99))
def test_quantiles_are_those_of_the_mixture(a: float, sa: float, sb: float, share: float, p: float) -> None:
    parts = [(np.array([a]), np.array([sa])), (np.array([0.0]), np.array([sb]))]
    mean = np.array([share * a])
    sd = np.sqrt(share * (sa**2 + a**2) + (1 - share) * sb**2 - mean**2)
    found = _quantile(mean, sd, parts=parts, share=np.array([share]), p=p)[0]
    assert share * norm.cdf(found, a, sa) + (1 - share) * norm.cdf(found, 0, sb) == pytest.approx(p, abs=1e-4)


def test_where_one_part_matters_the_quantile_is_normal() -> None:
    parts = [(np.array([-1.0]), np.array([0.2])), (np.array([0.0]), np.array([0.1]))]
    found = _quantile(np.array([0.0]), np.array([0.1]), parts=parts, share=np.array([0.0]), p=0.025)
    np.testing.assert_allclose(found, -0.1959963984540054, atol=1e-12)


def test_an_item_has_no_say_in_the_share_of_its_own_pattern() -> None:
    classes = interaction_classes(full_patterns(1, 2), sizes=(0.6,), antagonist_sizes=())
    weights = np.array([0.97, 0.01, 0.01, 0.01])
    likelihood = np.tile([1.0, 1e-9, 1e-9, 1e-9], (500, 1))
    likelihood[:12, 0], likelihood[:12, 1] = 1e-9, 1.0
    likelihood[12, 0], likelihood[12, 2] = 1e-9, 1.0
    own = shares_of_others(likelihood, weights, classes, lone_wells=False)
    np.testing.assert_allclose(own.sum(axis=1), 1.0)
    np.testing.assert_allclose(own[20], own[30])
    # The lone item with the second pattern sees a pattern that nobody else has; the others see one that has an item.
    assert own[12, 2] < 0.8 * own[20, 2]
    assert own[0, 1] == pytest.approx(own[1, 1])
    assert own[0, 1] < own[20, 1]
    assert (classes.kind == Kind.SENSITIZER).sum() == 3


def test_single_precision_is_good_to_a_thousandth() -> None:
    rng = np.random.default_rng(1)
    values, arms = rng.normal(scale=0.5, size=(200, 4)), 4
    noise = np.where(rng.random((200, 4)) < 0.1, np.inf, np.where(rng.random((200, 4)) < 0.2, 1.0, 0.5))
    root = rng.normal(scale=0.3, size=(30, arms, arms))
    parts = {
        "mean": rng.normal(scale=0.5, size=(30, arms)),
        "covariance": root @ root.transpose(0, 2, 1),
        "scale": rng.uniform(0.01, 0.1, size=30),
        "common": common_noise(noise),
    }
    exact = log_likelihood(prepare(**parts), values, noise)
    single = log_likelihood(prepare(**parts, single=True), values, noise)
    assert single.dtype == np.float32
    likely = exact > exact.max(axis=1, keepdims=True) - 20
    assert np.abs(single - exact)[likely].max() < 1e-3


def test_wells_that_go_wrong_to_one_side_are_expected_there() -> None:
    """A lone low well is easier explained as an accident where accidents are known to be low."""
    rng = np.random.default_rng(4)
    values = rng.normal(scale=0.1, size=(900, 1, 3, 2))
    values -= (rng.random(values.shape) < 0.02) * rng.uniform(0.6, 1.2, size=values.shape)
    values[0, 0, 1] = [-0.9, 0.0]
    found = calibrate(values, mean=values.mean(axis=-1), variance=0.01).readings
    row = np.flatnonzero((found.item == 0) & (found.wells[:, 0] == 2))
    # With the accident set right by its usual depth the arm is nearer to 0 than its sound well and a low one say.
    assert len(row) == 1
    assert abs(found.values[row[0], 1]) < 0.03
