"""What an earlier screen taught: nothing at weight 0, all at weight 1, and refused where the classes are others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sensitome.core.heb.model import ModelSettings, Sensitization, fit_sensitization
from sensitome.core.heb.prior import Prior
from sensitome.errors import MethodError


def screen(seed: int, *, drugs: int = 2, wells: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.12, (120, 2, drugs + 1, wells)) + rng.normal(0, 0.1, (120, 1, 1, 1))
    values[:6, :, 1] -= 0.8
    return values


def fit(values: np.ndarray, prior: Prior | None = None) -> Sensitization:
    return fit_sensitization(values, settings=ModelSettings(prior=prior))


def test_a_prior_without_weight_changes_nothing() -> None:
    values, before = screen(1), fit(screen(2))
    np.testing.assert_array_equal(fit(values, Prior(before.learned, 0.0)).local_rate, fit(values).local_rate)


def test_what_is_learned_is_of_this_screen_alone() -> None:
    values, before = screen(1), fit(screen(2))
    np.testing.assert_allclose(
        fit(values).learned.interaction, fit(values, Prior(before.learned, 0.0)).learned.interaction, atol=1e-12
    )


def test_a_fixed_prior_says_which_patterns_there_are() -> None:
    """Where an earlier screen knew no sensitizer to the first drug, even clear ones are not called."""
    values, before = screen(1), fit(screen(2))
    first = before.learned.pattern[:, :, 0].any(axis=1) & (before.learned.kind == 1)
    weights = np.where(first, 0.0, before.learned.interaction)
    blind = replace(before.learned, interaction=weights / weights.sum())
    assert np.nanmax(fit(values, Prior(before.learned, 1.0)).local_rate[:6, :, 0]) < 0.05
    assert np.nanmin(fit(values, Prior(blind, 1.0)).local_rate[:6, :, 0]) > 0.95


def test_another_design_is_refused() -> None:
    with pytest.raises(MethodError) as error:
        fit(screen(1), Prior(fit(screen(2, drugs=1)).learned, 0.5))
    assert str(error.value).startswith("the prior does not fit this screen: found ")
    assert str(error.value).endswith(
        "expected the same lines, drugs, patterns and sizes of both. Take the prior away, or make it anew from a "
        "screen of this design."
    )


def test_a_family_that_acts_together_is_seen() -> None:
    values = screen(3, wells=2)
    family = np.full(len(values), -1)
    family[:6], family[10:14] = 0, 1
    found = fit_sensitization(values, family)
    assert found.families.code.tolist() == [0, 1]
    sensitizing = found.families.pattern.sum(axis=1)
    assert sensitizing[0] > 0.9
    assert sensitizing[1] < 0.1
    assert found.families.loyalty[0] > 0.5
    best = found.patterns[found.families.pattern[0, : len(found.patterns)].argmax()]
    assert best.tolist() == [[True, False], [True, False]]
