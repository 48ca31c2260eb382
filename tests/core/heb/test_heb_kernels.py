from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from sensitome.core.heb.calibrate import calibrate
from sensitome.core.heb.classes import Kind, general_covariances, interaction_classes
from sensitome.core.heb.hit_rate import average_over_hit_rate
from sensitome.core.heb.joint import make_grid
from sensitome.core.heb.likelihood import normal_log_likelihood
from sensitome.core.heb.mixture import shape_weights
from sensitome.core.heb.noise import arm_slopes, background_variance, contrast_variance
from sensitome.core.heb.patterns import (
    canonical_patterns,
    enumerable_patterns,
    frequent_patterns,
    full_patterns,
    is_product,
    product_patterns,
)
from sensitome.core.heb.posterior import Pairs, effects
from sensitome.core.heb.readings import WRONG_EXCESS, all_readings
from sensitome.core.heb.seeds import seed_layer


def unique(patterns: np.ndarray) -> int:
    return len(np.unique(patterns.reshape(len(patterns), -1), axis=0))


@pytest.mark.parametrize(("lines", "drugs"), [(1, 1), (1, 3), (2, 3), (3, 2)])
def test_patterns_are_non_empty_and_all_different(lines: int, drugs: int) -> None:
    for make in (full_patterns, product_patterns, canonical_patterns):
        patterns = make(lines, drugs)
        assert patterns.any(axis=(1, 2)).all()
        assert unique(patterns) == len(patterns)
    assert len(full_patterns(lines, drugs)) == 2 ** (lines * drugs) - 1
    assert is_product(product_patterns(lines, drugs)).all()
    assert is_product(full_patterns(lines, drugs)).sum() == len(product_patterns(lines, drugs))


def test_a_design_without_drugs_has_no_patterns() -> None:
    assert enumerable_patterns(3, 0).shape == (0, 3, 0)


def test_frequent_patterns_are_new_and_seen_twice() -> None:
    known = canonical_patterns(4, 3)
    z = np.zeros((10, 4, 3))
    z[0:3, :2, :2] = -5.0
    z[3, 1:3, 0] = -5.0
    z[4:6, :, 1] = -5.0
    more = frequent_patterns(z, known=known, most=5)
    assert len(more) == 1
    assert more[0, :2, :2].all()
    assert more.sum() == 4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_likelihood_is_that_of_the_normal_distribution_with_missing_and_noisy_arms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items, arms, classes = 8, 4, 3
    noise = np.full((items, arms), 0.5)
    noise[rng.random((items, arms)) < 0.2] = 3.0
    noise[rng.random((items, arms)) < 0.2] = np.inf
    values = np.where(np.isfinite(noise), rng.normal(size=(items, arms)), np.nan)
    root = rng.normal(size=(classes, arms, arms))
    covariance, mean = root @ root.transpose(0, 2, 1), rng.normal(size=(classes, arms))
    scale = rng.uniform(0.5, 2, size=classes)
    found = normal_log_likelihood(values, noise, mean=mean, covariance=covariance, scale=scale)
    for n in range(items):
        there = np.isfinite(noise[n])
        for c in range(classes):
            total = covariance[c][np.ix_(there, there)] + np.diag(scale[c] * noise[n, there])
            expected = multivariate_normal(mean[c, there], total).logpdf(values[n, there]) if there.any() else 0.0
            assert found[n, c] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_readings_weigh_a_wrong_well_as_unequal_variances_do() -> None:
    values = np.array([[[[0.1, 2.0], [0.0, 0.2]]]])
    variance = 0.04
    readings, witnesses = all_readings(values, variance=variance, slopes=np.ones((1, 2)))
    assert 2 < witnesses < 4
    assert readings.wells.tolist() == [[-1, -1], [0, -1], [1, -1], [0, 1], [2, 3]]
    for row, shift in product(range(1, len(readings)), (0.0, 0.5)):
        spread = np.sqrt(variance * np.where(np.isin(np.arange(4), readings.wells[row]), 1 + WRONG_EXCESS, 1))
        direct = norm(shift, spread).logpdf(values.ravel()).sum()
        base = norm(shift, np.sqrt(variance)).logpdf(values.ravel()).sum()
        through = [
            norm(shift, np.sqrt(variance * readings.noise[r])).logpdf(readings.values[r]).sum()
            - readings.squares[r] / (2 * variance)
            + readings.offset[r]
            for r in (row, 0)
        ]
        assert through[0] - through[1] == pytest.approx(direct - base, rel=1e-8)


@pytest.mark.parametrize(("arm", "witnesses"), [(0, 2), (1, 0)])
def test_both_wells_of_an_odd_arm_may_be_wrong(arm: int, witnesses: int) -> None:
    """They tell of accidents in the vehicle arm alone: in a drug arm an effect looks the same."""
    values = np.zeros((1, 1, 4, 2))
    values[0, 0, arm] = [-0.9, -0.85]
    readings, _ = all_readings(values, variance=0.01, slopes=np.ones((1, 4)))
    both = np.flatnonzero(readings.wrong == 2)
    assert readings.wells[both].tolist() == [[2 * arm, 2 * arm + 1]]
    assert readings.witness[both].tolist() == [witnesses]
    assert readings.noise[both, arm] == pytest.approx((1 + WRONG_EXCESS) / 2)


def test_two_of_three_wells_of_an_arm_may_be_wrong() -> None:
    values = np.zeros((1, 1, 3, 3))
    values[0, 0, 1] = [-1.5, 1.5, 0.0]
    readings, _ = all_readings(values, variance=0.01, slopes=np.ones((1, 3)))
    both = np.flatnonzero(readings.wrong == 2)
    assert [3, 4] in np.sort(readings.wells[both], axis=1).tolist()
    assert abs(readings.values[both, 1]).min() < 0.02


def test_a_lone_well_in_a_drug_arm_is_no_witness() -> None:
    values = np.zeros((1, 1, 3, 1))
    values[0, 0, 1, 0] = -3.0
    readings, witnesses = all_readings(values, variance=0.01, slopes=np.ones((1, 3)))
    assert 0.4 < witnesses < 1
    assert readings.wells[readings.wells[:, 0] == 1][:, 0].size > 0
    assert not readings.witness[(readings.wells[:, 0] == 1) & (readings.wrong == 1)].any()


def test_weights_of_single_contexts_are_not_learned_from_lone_wells() -> None:
    classes = interaction_classes(full_patterns(2, 2))
    count = np.zeros(len(classes))
    count[0] = 1000.0
    single = (classes.kind == Kind.SENSITIZER) & (classes.active.sum(axis=1) == 1)
    whole_line = classes.like_a_well & (classes.kind == Kind.SENSITIZER) & ~single
    assert len(np.unique(classes.pattern[whole_line])) == 2
    count[single] = 20.0
    learned = shape_weights(count, classes, lone_wells=False)
    withheld = shape_weights(count, classes, lone_wells=True)
    assert learned[single].sum() > 0.05
    assert withheld[single].sum() < 0.01
    assert learned.sum() == pytest.approx(1.0)


def test_without_evidence_the_hit_rate_shrinks_to_nothing() -> None:
    classes = interaction_classes(full_patterns(1, 1))
    weights = np.where(classes.kind == Kind.NULL, 0.98, 0.02 / (classes.kind == Kind.SENSITIZER).sum())
    weights = np.where(classes.kind == Kind.ANTAGONIST, 0.0, weights)
    flat = np.ones((500, len(classes)))
    assert average_over_hit_rate(flat, weights, classes=classes).nothing == pytest.approx(0.5, abs=0.01)
    against = flat.copy()
    against[:, 1:] = 0.05
    none = average_over_hit_rate(against, weights, classes=classes)
    assert none.nothing > 0.6
    assert none.weights[1:].sum() < 0.006
    strong = against.copy()
    strong[:20, 1:] = 1e6
    found = average_over_hit_rate(strong, weights, classes=classes)
    assert found.nothing < 1e-10
    assert found.weights[1:].sum() == pytest.approx(0.04, rel=0.2)


def test_families_that_agree_lend_strength_and_labels_do_not() -> None:
    rng = np.random.default_rng(5)
    pairs = 60
    active = rng.random(pairs) < 0.3
    z = rng.normal(size=(2 * pairs,)) + 2.0 * np.repeat(active, 2)
    like = np.stack([norm(0, 1).pdf(z), norm(2, 1).pdf(z)], axis=1)
    weights = np.array([0.7, 0.3])
    together = seed_layer(like, weights, family=np.repeat(np.arange(pairs), 2))
    assert together.sharing > 0.4
    np.testing.assert_allclose(together.prior.sum(axis=1), 1.0)
    labels = seed_layer(like, weights, family=rng.permutation(np.repeat(np.arange(pairs), 2)))
    assert labels.sharing == 0.0
    np.testing.assert_array_equal(labels.prior, np.broadcast_to(weights, like.shape))
    assert seed_layer(like, weights, family=np.full(2 * pairs, -1)).sharing == 0.0


def test_families_in_which_only_some_act_still_lend_strength() -> None:
    family = np.repeat(np.arange(300), 6)
    member = np.tile(np.arange(6), 300)
    like = np.tile([1e3, 1.0], (1800, 1))
    like[(family < 30) & (member < 3)] = [1.0, 1e3]
    like[(family == 0) & (member == 0)] = [1.0, 1.0]
    weights = np.array([0.95, 0.05])
    layer = seed_layer(like, weights, family=family)
    assert 0.2 < layer.sharing < 0.8
    assert layer.prior[0, 1] > 5 * weights[1]
    assert layer.prior[1799, 1] < weights[1]


def test_noise_is_told_from_background_interactions() -> None:
    rng = np.random.default_rng(2)
    persistent = rng.normal(scale=0.1, size=(4000, 1, 2, 1))
    values = rng.normal(scale=0.2, size=(4000, 1, 3, 2))
    values[:, :, 1:] += persistent
    assert contrast_variance(values.mean(axis=-1)) == pytest.approx(0.04 / 2 + 0.01 / 2, rel=0.1)
    # Half of what is there, and half of a sixteenth of the noise.
    assert background_variance(values, variance=0.04) == pytest.approx((0.01 + 0.0025) / 2, rel=0.25)
    assert background_variance(values[..., :1], variance=0.04) == pytest.approx(0.0025)


def test_few_reagents_leave_the_background_as_it_is_assumed() -> None:
    """Thirty reagents cannot tell 0 from 1/16 of the variance; eight thousand can, as far as two replicates count."""
    values = np.random.default_rng(3).normal(scale=0.2, size=(8000, 1, 3, 2))
    assert background_variance(values[:30], variance=0.04) == pytest.approx(0.0025, rel=0.15)
    assert background_variance(values, variance=0.04) == pytest.approx(0.00125, rel=0.25)


def test_slopes_of_general_effects_are_found_and_few_reagents_change_nothing_much() -> None:
    rng = np.random.default_rng(3)
    general = -rng.exponential(size=(800, 1, 1))
    mean = general * np.array([1.0, 0.8, 0.6]) + rng.normal(scale=0.05, size=(800, 1, 3))
    np.testing.assert_allclose(arm_slopes(mean, sd=0.05), [[1.0, 0.8, 0.6]], atol=0.03)
    few = arm_slopes(mean[:2], sd=0.05)
    assert np.abs(few - 1).max() < 0.1


def test_general_effects_are_correlated_between_lines() -> None:
    covariance = general_covariances(np.ones((2, 2)))
    np.testing.assert_allclose(covariance[0, 0], 0.03**2 * np.array([1, 1, 0.5, 0.5]))


def test_effects_are_the_regression_of_the_class_on_the_data() -> None:
    classes = interaction_classes(np.ones((1, 1, 1), dtype=bool), sizes=(0.7,), antagonist_sizes=())
    groups = {"background": np.array([0.0, 0.02]), "group": np.array([0, 0, 1])}
    grid = make_grid(np.ones((1, 2)), classes, variance=0.01, **groups)
    values = np.array([[[[0.1, 0.1], [-0.8, -0.8]]], [[[0.0, 0.0], [-0.2, np.nan]]], [[[0.1, 0.1], [-0.8, -0.8]]]])
    readings, _ = all_readings(values, variance=0.01, slopes=np.ones((1, 2)))
    readings = readings.where(readings.wrong == 0)
    pairs = Pairs(np.array([0, 1, 2]), np.array([13, 13, 13]), np.array([1, 1, 1]), np.ones(3))
    found = effects(readings, grid, pairs=pairs, margin=0.1)
    for item, noise in enumerate(([0.005, 0.005], [0.005, 0.01], [0.005, 0.005])):
        small = np.diag([0.0, groups["background"][groups["group"][item]]])
        general, delta = grid.general[13], classes.covariance[1] + small
        total = general + delta + np.diag(noise)
        gain = delta @ np.linalg.inv(total)
        residual = np.nanmean(values[item, 0], axis=-1) - classes.mean[1]
        mean = classes.mean[1] + gain @ residual
        left = np.diag(delta - gain @ delta)
        np.testing.assert_allclose(found.mean[item], mean, atol=1e-12)
        np.testing.assert_allclose(found.sd[item], np.sqrt(left), atol=1e-9)
        assert found.beyond[item, 1] == pytest.approx(norm.cdf(-0.1, mean[1], np.sqrt(left[1])))
        whole = general @ np.linalg.solve(total, residual)
        np.testing.assert_allclose(found.general_mean[item], whole, atol=1e-12)


def test_wells_that_go_wrong_are_counted_where_nothing_imitates_them() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(scale=0.1, size=(1500, 1, 3, 2))
    wrong = rng.random(values.shape) < 0.02
    values += wrong * rng.normal(scale=0.1 * np.sqrt(WRONG_EXCESS), size=values.shape)
    values[:100, :, 1] -= 0.8
    found = calibrate(values, mean=values.mean(axis=-1), variance=0.01)
    assert found.wrong_rate == pytest.approx(0.02, rel=0.3)
    assert not found.lone_wells
    np.testing.assert_allclose(found.slopes, 1.0, atol=0.25)
