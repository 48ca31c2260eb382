"""Contexts together: covariance of a shared vehicle, the closed form of one component, patterns that are planted."""

from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.sensitization.shared_contexts import (
    common_baseline_covariance,
    lone_well_covariances,
    mash,
    sharing_covariances,
)


def test_the_vehicle_correlates_the_drugs_of_a_line() -> None:
    covariance = common_baseline_covariance(np.full((1, 2, 3), 0.5), np.array([0.04]))
    line = 0.02 * (np.eye(2) + 1)
    np.testing.assert_allclose(covariance[0], np.kron(np.eye(2), line))


def test_a_missing_arm_says_nothing() -> None:
    relative = np.full((1, 1, 3), 0.5)
    relative[0, 0, 1] = np.inf
    covariance = common_baseline_covariance(relative, np.array([1.0]))
    assert np.isinf(covariance[0, 0, 0])
    assert covariance[0, 0, 1] == 0
    assert covariance[0, 1, 1] == 1.0


def test_patterns_that_one_bad_well_imitates_can_be_left_out() -> None:
    everything, rest = sharing_covariances(2, 3), sharing_covariances(2, 3, lone=False)
    assert len(everything) == 22
    assert len(rest) == 22 - 1 - 6 - 2
    assert len(lone_well_covariances(2, 3)) == 8


def screen(count: int, *, acting: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wells = 0.15 * rng.standard_normal((count, 2, 4))
    wells[:acting, :, 2:] -= 0.6
    effect = (wells[:, :, 1:] - wells[:, :, :1]).reshape(count, -1)
    return effect, common_baseline_covariance(np.ones((count, 2, 4)), np.full(count, 0.15**2))


def test_shared_effects_are_found_and_their_list_is_clean() -> None:
    effect, noise = screen(600, acting=25, seed=0)
    found = mash(effect, noise, shapes=sharing_covariances(2, 3))
    truth = np.zeros((600, 2, 3), dtype=bool)
    truth[:25, :, 1:] = True
    called = found.sensitizer.reshape(600, 2, 3) > 0.9
    assert called[truth].mean() > 0.9
    assert (called & ~truth).sum() <= 0.1 * called.sum()
    assert abs(found.mean.reshape(600, 2, 3)[truth].mean() + 0.6) < 0.08


def test_nothing_is_called_where_nothing_is() -> None:
    effect, noise = screen(600, acting=0, seed=1)
    assert (mash(effect, noise, shapes=sharing_covariances(2, 3)).sensitizer > 0.9).sum() == 0


def test_the_posterior_of_one_component_is_that_of_the_normal() -> None:
    effect, noise = screen(200, acting=20, seed=2)
    shape = np.full((1, 6, 6), 0.8) + 0.2 * np.eye(6)
    found = mash(effect, noise, shapes=shape)
    i = 3
    assert found.weights.sum() == pytest.approx(1.0)
    mean = np.zeros(6)
    log_density, centers = [], []
    sizes = len(found.weights) - 1
    from scipy import stats

    errors = np.sqrt(np.einsum("icc->ic", noise))
    low = np.median(errors) / 4
    high = 2 * np.sqrt((effect**2 - errors**2).max())
    grid = high * 2.0 ** -np.arange(sizes)
    assert grid[-1] <= low * 1.0001
    for prior in [np.zeros((6, 6)), *(size**2 * shape[0] for size in grid)]:
        log_density.append(stats.multivariate_normal.logpdf(effect[i], mean, noise[i] + prior))
        centers.append(prior @ np.linalg.solve(noise[i] + prior, effect[i]))
    member = found.weights * np.exp(np.array(log_density) - max(log_density))
    member /= member.sum()
    np.testing.assert_allclose(found.mean[i], member @ np.array(centers), atol=1e-6)


def test_gaps_stay_gaps() -> None:
    effect, _ = screen(200, acting=20, seed=3)
    relative = np.ones((200, 2, 4))
    relative[0, 0, 1] = np.inf
    effect[0, 0] = np.nan
    found = mash(effect, common_baseline_covariance(relative, np.full(200, 0.0225)), shapes=sharing_covariances(2, 3))
    assert np.isnan(found.sensitizer[0, 0])
    assert np.isfinite(found.sensitizer[0, 1:]).all()
    assert found.sensitizer[0, 1] > 0.5


def test_what_one_bad_well_explains_is_no_effect() -> None:
    effect, noise = screen(400, acting=15, seed=4)
    effect[50, 0] -= 2.0  # one drug well
    effect[51, 3:] -= 2.0  # the vehicle well of the second line
    found = mash(effect, noise, shapes=sharing_covariances(2, 3, lone=False), artifacts=lone_well_covariances(2, 3))
    assert found.sensitizer[50, 0] < 0.5
    assert (found.sensitizer[51, 3:] < 0.5).all()
    assert (found.sensitizer[:15, 1] > 0.8).mean() > 0.8


def test_items_with_noise_of_their_own_are_answered_as_those_that_share_it() -> None:
    effect, noise = screen(200, acting=20, seed=5)
    lone = noise * np.linspace(1.0, 1.0 + 1e-7, 200)[:, None, None]
    lone[:, 0, 0] *= np.linspace(1.0, 1.0 + 1e-6, 200)  # no two items alike
    shared, alone = (mash(effect, v, shapes=sharing_covariances(2, 3)) for v in (noise, lone))
    np.testing.assert_allclose(alone.sensitizer, shared.sensitizer, atol=1e-4)
    np.testing.assert_allclose(alone.mean, shared.mean, atol=1e-4)
