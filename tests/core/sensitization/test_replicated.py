"""Tests that learn noise from replicates: equal to limma, by hand, and uniform without effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, contrasts
from sensitome.core.sensitization.replicated import (
    arm_means,
    moderated_interaction,
    paired_interaction,
    replicate_contrast,
    ssmd_of_interaction,
    student_interaction,
)

SHAPE = (110, 2, 4, 3)


@pytest.fixture(scope="module")
def screen(oracle: Path) -> Contrasts:
    values = np.genfromtxt(oracle / "limma_screen" / "input.csv", delimiter=",", skip_header=1, missing_values="NA")
    return contrasts(values.reshape(SHAPE), limit=1e9)


def expected(oracle: Path, name: str) -> np.ndarray:
    return np.genfromtxt(oracle / "limma_screen" / f"{name}_expected.csv", delimiter=",", skip_header=1)


@pytest.mark.parametrize("trend", [False, True])
def test_the_moderated_test_equals_limma_on_a_screen_with_blocks(oracle: Path, screen: Contrasts, trend: bool) -> None:
    test = moderated_interaction(screen, trend=trend)
    answer = expected(oracle, "trend" if trend else "plain").reshape(110, 5, 2, 3)
    for i, name in enumerate(("effect", "ci_low", "ci_high", "statistic", "p_value")):
        mine = getattr(test, name)
        theirs = answer[:, i]
        assert (np.isfinite(theirs) <= np.isfinite(mine)).all()
        both = np.isfinite(theirs)
        np.testing.assert_allclose(mine[both], theirs[both], rtol=1e-10, atol=1e-12, err_msg=name)


def test_the_three_way_term_equals_limmas_contrast(oracle: Path, screen: Contrasts) -> None:
    transform = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, -1.0, 1.0]])
    test = moderated_interaction(screen, transform=transform)
    answer = expected(oracle, "three_way")
    complete = answer[:, 0] == 1
    for i, name in enumerate(("effect", "statistic", "p_value")):
        mine = getattr(test, name)[complete][:, :, 2]
        np.testing.assert_allclose(mine, answer[complete][:, 1 + 2 * i : 3 + 2 * i], rtol=1e-10)


def test_arm_means_equal_limmas(oracle: Path, screen: Contrasts) -> None:
    test, answer = arm_means(screen), expected(oracle, "means")
    both = np.isfinite(answer[:, :8])
    np.testing.assert_allclose(test.effect.reshape(110, 8)[both], answer[:, :8][both], rtol=1e-10)
    np.testing.assert_allclose(test.standard_error.reshape(110, 8)[both], answer[:, 8:16][both], rtol=1e-10)
    np.testing.assert_allclose(test.df[:, 0, 0], answer[:, 16], rtol=1e-10)


def test_one_replicate_has_no_moderated_test() -> None:
    screen = contrasts(np.random.default_rng(0).standard_normal((20, 1, 3, 1)))
    assert np.isnan(moderated_interaction(screen).p_value).all()


def test_extra_vehicle_replicates_narrow_the_interval_without_blocks() -> None:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((400, 1, 2, 6))
    values[:, :, 1, 2:] = np.nan
    few = values.copy()
    few[:, :, :, 2:] = np.nan
    widths = [
        np.nanmedian(test.ci_high - test.ci_low)
        for test in (moderated_interaction(contrasts(v, limit=1e9), block=False) for v in (values, few))
    ]
    assert widths[0] < 0.87 * widths[1]


def test_ssmd_by_hand() -> None:
    values = np.zeros((1, 1, 2, 3))
    values[0, 0, 1] = [-1.0, -2.0, -3.0]
    own = ssmd_of_interaction(contrasts(values, limit=1e9), moderated=False)
    assert own.statistic[0, 0, 0] == pytest.approx(-2.0)


def test_moderated_ssmd_is_the_moderated_t_over_the_root_of_n() -> None:
    screen = contrasts(np.random.default_rng(3).standard_normal((80, 2, 3, 3)), limit=1e9)
    t = moderated_interaction(screen).statistic
    np.testing.assert_allclose(ssmd_of_interaction(screen).statistic, t / np.sqrt(3), rtol=1e-10)


def test_replicate_contrasts_by_hand() -> None:
    values = np.zeros((3, 1, 2, 2))
    values[:, 0, 1] = [[-1.0, -1.0], [0.4, 0.0], [0.1, 0.3]]
    screen = contrasts(values, limit=1e9)
    # contrasts (δ₁ − δ₂)/2: 0, 0.2, 0.1; means 1, 0.2, 0.2
    np.testing.assert_allclose(replicate_contrast(screen).p_value[:, 0, 0], [1 / 4, 2 / 4, 2 / 4])


def uniform(test: ContextTest) -> np.ndarray:
    return test.p_value[np.isfinite(test.p_value)]


@pytest.mark.parametrize("run", [moderated_interaction, student_interaction, paired_interaction, replicate_contrast])
@pytest.mark.parametrize("replicates", [2, 3])
def test_p_is_uniform_without_effects(run: object, replicates: int) -> None:
    rng = np.random.default_rng(5)
    values = rng.standard_normal((3000, 1, 2, replicates)) * np.sqrt(8 / rng.chisquare(8, size=(3000, 1, 1, 1)))
    p = uniform(run(contrasts(values, limit=1e9)))  # type: ignore[operator]
    for level in (0.01, 0.05, 0.5):
        assert abs((p <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / len(p)), level


def test_swapping_drug_and_vehicle_flips_every_statistic() -> None:
    values = np.random.default_rng(6).standard_normal((50, 2, 2, 3))
    for run in (moderated_interaction, student_interaction, paired_interaction, ssmd_of_interaction):
        there, back = run(contrasts(values)), run(contrasts(values[:, :, ::-1]))
        np.testing.assert_allclose(back.statistic, -there.statistic, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(back.p_value, there.p_value, rtol=1e-10)
