"""Robust z, ratios and drugZ, by hand and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.location import drugz, effect_ratio, monotone_sliding_sd, robust_z_of_interaction


def screen_of(vehicle: list[float], drug: list[float]) -> np.ndarray:
    return np.stack([vehicle, drug], axis=1)[:, None, :, None]


def test_robust_z_by_hand() -> None:
    test = robust_z_of_interaction(contrasts(screen_of([0.0] * 5, [-2.0, -0.1, 0.0, 0.1, 0.2])))
    np.testing.assert_allclose(test.statistic[:, 0, 0], np.array([-2, -0.1, 0, 0.1, 0.2]) / (1.4826 * 0.1))


def test_a_difference_of_significances_is_no_sensitization() -> None:
    """A reagent at −2.9 SD without and −3.1 SD with the drug: the drug changes nothing."""
    rng = np.random.default_rng(0)
    values = 0.2 * rng.standard_normal((500, 1, 2, 1))
    values[0, 0] = [[-2.9 * 0.2], [-3.1 * 0.2]]
    assert abs(robust_z_of_interaction(contrasts(values)).statistic[0, 0, 0]) < 1


def test_equal_interactions_have_no_z() -> None:
    assert np.isnan(robust_z_of_interaction(contrasts(screen_of([0.0] * 5, [-1.0] * 5))).statistic).all()


def test_one_discordant_well_makes_no_call() -> None:
    rng = np.random.default_rng(1)
    for replicates in (2, 3):
        values = 0.1 * rng.standard_normal((300, 1, 2, replicates))
        values[7, 0, 1, 0] = -6.0
        for run in (robust_z_of_interaction, effect_ratio, drugz):
            assert run(contrasts(values)).statistic[7, 0, 0] > -3, (run.__name__, replicates)


def test_ratio_by_hand() -> None:
    drug = np.log2([0.5, 0.9, 1.0, 1.1, 1.2])
    test = effect_ratio(contrasts(screen_of([0.0] * 5, list(drug))))
    np.testing.assert_allclose(test.effect[:, 0, 0], drug)
    np.testing.assert_allclose(test.statistic[:, 0, 0], (np.array([0.5, 0.9, 1.0, 1.1, 1.2]) - 1.0) / (1.4826 * 0.1))


def test_the_ratio_takes_medians_of_plates() -> None:
    values = np.zeros((5, 1, 2, 3))
    values[0, 0, 1] = [0.0, -1.0, -9.0]
    values[:, 0, 0] += np.arange(5)[:, None]
    values[:, 0, 1] += np.arange(5)[:, None]
    assert effect_ratio(contrasts(values, limit=1e9)).effect[0, 0, 0] == pytest.approx(-1.0)


def plain_sd(difference: np.ndarray, vehicle: np.ndarray, half: int, step: int) -> np.ndarray:
    order = np.argsort(-vehicle, kind="stable")
    count = len(order)
    half = half if count > 2 * half else max(count // 4, 1)
    answer, highest, slots = np.empty(count), 0.0, []
    center = min(half, count - 1)
    while not slots or center < max(count - half, 1):
        window = difference[order[max(center - half, 0) : center + half]]
        highest = max(highest, float(np.std(window, ddof=1)) if len(window) > 1 else 0.0)
        slots.append((center, highest))
        center += step
    for place, item in enumerate(order):
        answer[item] = [sd for at, sd in slots if at <= place or at == slots[0][0]][-1]
    return answer


@pytest.mark.parametrize("count", [3, 10, 249, 250, 251, 499, 500, 501, 999, 1000, 1001, 2000])
def test_the_sliding_sd_serves_libraries_of_any_size(count: int) -> None:
    rng = np.random.default_rng(count)
    vehicle = rng.standard_normal(count)
    difference = rng.standard_normal(count) * np.exp(-0.3 * vehicle)
    mine = monotone_sliding_sd(difference, vehicle)
    np.testing.assert_allclose(mine, plain_sd(difference, vehicle, 500, 25), rtol=1e-9)
    assert (np.diff(mine[np.argsort(-vehicle)]) >= 0).all(), "never falls along falling viability"


def test_drugz_sums_replicates_and_standardizes() -> None:
    rng = np.random.default_rng(4)
    values = rng.standard_normal((400, 1, 2, 3))
    test = drugz(contrasts(values, limit=1e9))
    assert test.statistic.mean() == pytest.approx(0, abs=1e-12)
    assert test.statistic.std(ddof=1) == pytest.approx(1)
    z = np.zeros(400)
    for r in range(3):
        difference = values[:, 0, 1, r] - values[:, 0, 0, r]
        z += difference / monotone_sliding_sd(difference, values[:, 0, 0, r])
    z /= np.sqrt(3)
    np.testing.assert_allclose(test.statistic[:, 0, 0], (z - z.mean()) / z.std(ddof=1))
