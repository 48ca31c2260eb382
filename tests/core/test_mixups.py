from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.mixups import LAYOUTS, TURNS, fit_of_layout, fit_of_pattern, turned


def screen(seed, *, libraries=4, replicates=6, reagent_sd=0.3, noise_sd=0.25, rows=8, columns=12):
    """Plates (plates, rows, columns) with the patterns of their library plates, sample mask, library of each plate."""
    rng = np.random.default_rng(seed)
    library = np.tile(np.arange(libraries), replicates)
    reagents = rng.normal(0, reagent_sd, (libraries, rows, columns))
    values = 12 + reagents[library] + rng.normal(0, noise_sd, (len(library), rows, columns))
    mask = np.ones(values.shape, dtype=bool)
    mask[:, :, [0, -1]] = False
    return values, mask, library


def test_plates_that_are_what_they_should_be_are_not_suspected():
    smallest = []
    for seed in range(30):
        values, mask, library = screen(seed, reagent_sd=0.15 if seed % 2 else 0.4)
        smallest.append(np.nanmin(fit_of_pattern(values, mask, library=library).p_value))
    assert min(smallest) > 0.001


def test_without_any_pattern_chance_is_held():
    called = 0
    for seed in range(40):
        values, mask, library = screen(seed, reagent_sd=0.0)
        called += int(np.sum(fit_of_pattern(values, mask, library=library).p_value < 0.01))
    assert called <= 25  # 40 × 24 plates at 1 %: 9.6 expected, 25 at a chance of 1e-5


def test_swapped_plates_are_found_and_named():
    values, mask, library = screen(1)
    swapped = values.copy()
    swapped[[0, 1]] = values[[1, 0]]
    fit = fit_of_pattern(swapped, mask, library=library)
    assert set(np.flatnonzero(fit.p_value < 1e-3)) == {0, 1}
    np.testing.assert_array_equal(fit.other[:2], [1, 0])
    np.testing.assert_array_equal(fit.turn[:2], [-1, -1])
    assert np.all(fit.best_other[:2] > fit.own[:2] + 0.3)


@pytest.mark.parametrize("turn", range(3))
def test_turned_plates_are_found_and_named(turn):
    values, mask, library = screen(2)
    values[5] = turned(values, turn)[5]
    fit = fit_of_pattern(values, mask, library=library)
    assert set(np.flatnonzero(fit.p_value < 1e-3)) == {5}
    assert fit.turn[5] == turn
    assert fit.other[5] == library[5]


def test_a_shared_position_effect_is_no_likeness():
    values, mask, library = screen(3, reagent_sd=0.2)
    values += np.linspace(-1, 1, 12)
    fit = fit_of_pattern(values, mask, library=library)
    assert np.nanmin(fit.p_value) > 0.01
    assert np.abs(fit.best_other).max() < 0.5


def test_the_only_plate_of_a_library_plate_cannot_be_judged():
    values, mask, library = screen(4, replicates=1)
    fit = fit_of_pattern(values, mask, library=library)
    assert np.isnan(fit.p_value).all()
    np.testing.assert_array_equal(fit.other, -1)


def test_plates_without_variation_or_readings_cannot_be_judged():
    values, mask, library = screen(5)
    values[0] = 3.0
    values[1] = np.nan
    fit = fit_of_pattern(values, mask, library=library)
    assert np.isnan(fit.p_value[:2]).all()
    assert not np.isnan(fit.p_value[2:]).any()


def controls(shape):
    positive, negative = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    positive[:, :4, 0] = True
    negative[:, 4:, 0] = True
    negative[:, :, 11] = True
    return positive, negative


@pytest.mark.parametrize("turn", range(3))
def test_a_plate_with_its_controls_elsewhere_is_found(turn):
    values, mask, _ = screen(6, replicates=3)
    positive, negative = controls(values.shape)
    values[positive] -= 3
    values[7] = turned(values, turn)[7]
    fit = fit_of_layout(values, positive=positive, negative=negative, sample=mask)
    assert fit.margin[7] < -4
    assert fit.layout[7] == turn
    assert np.delete(fit.margin, 7).min() > 4


def test_activating_positives_are_served_as_well():
    values, mask, _ = screen(7, replicates=3)
    positive, negative = controls(values.shape)
    values[positive] += 3
    fit = fit_of_layout(values, positive=positive, negative=negative, sample=mask)
    assert fit.margin.min() > 4


def test_controls_that_do_nothing_are_seldom_called_turned():
    margins = []
    for seed in range(20):
        values, mask, _ = screen(seed)
        positive, negative = controls(values.shape)
        margins.append(fit_of_layout(values, positive=positive, negative=negative, sample=mask).margin)
    assert np.mean(np.concatenate(margins) < -4) < 0.01


def test_exchanged_controls_are_found():
    values, mask, _ = screen(6, replicates=3)
    positive, negative = controls(values.shape)
    values[positive] -= 3
    values[7] += 3 * positive[7] - 3 * negative[7]
    fit = fit_of_layout(values, positive=positive, negative=negative, sample=mask)
    assert fit.margin[7] < -4
    assert LAYOUTS[fit.layout[7]] == "positives and negatives are exchanged"


def test_a_layout_that_a_turn_leaves_as_it_is_tells_nothing_of_turns():
    values, mask, _ = screen(8)
    positive, negative = np.zeros(values.shape, dtype=bool), np.zeros(values.shape, dtype=bool)
    positive[:, :, 0] = positive[:, :, 11] = True
    negative[:, :, 5] = negative[:, :, 6] = True
    fit = fit_of_layout(values, positive=positive, negative=negative, sample=mask & ~negative)
    np.testing.assert_array_equal(fit.layout, len(TURNS))
    np.testing.assert_allclose(fit.best_other, -fit.as_laid_out)


def test_without_controls_the_layout_tells_nothing():
    values, mask, _ = screen(9)
    none = np.zeros(values.shape, dtype=bool)
    assert np.isnan(fit_of_layout(values, positive=none, negative=none, sample=mask).margin).all()


def test_turns_are_named():
    assert TURNS[0] == "turned by 180°"
    plate = np.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(turned(plate, 0), [[[5, 4, 3], [2, 1, 0]]])
