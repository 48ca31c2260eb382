from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core import polish, robust
from sensitome.core.position_effects import adjust_variance, batch_effects, well_effects


def screen(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(9, 4, 6)) * rng.uniform(0.5, 2, size=(9, 1, 1))
    cube[rng.random(cube.shape) < 0.05] = np.nan
    mask = np.ones(cube.shape, dtype=bool)
    mask[:, :, 0] = False
    return cube, mask


def test_the_effect_of_a_position_is_found_and_taken_away() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4, 6))
    cube = truth + rng.normal(0, 0.1, size=(200, 4, 6))
    effects = well_effects(cube, np.ones(cube.shape, dtype=bool))
    np.testing.assert_allclose(effects, np.broadcast_to(truth, cube.shape), atol=0.04)


def test_within_one_library_the_well_effect_is_the_reagents_effect() -> None:
    reagent = np.zeros((4, 6))
    reagent[1, 2] = -3.0
    cube = np.repeat(reagent[None], 5, axis=0)
    corrected = cube - well_effects(cube, np.ones(cube.shape, dtype=bool))
    assert corrected[:, 1, 2].tolist() == [0.0] * 5


def test_well_effects_stay_within_their_group() -> None:
    cube, mask = screen(1)
    group = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0])
    effects = well_effects(cube, mask, group=group)
    for code in (0, 1):
        alone = well_effects(cube[group == code], mask[group == code])
        np.testing.assert_array_equal(effects[group == code], alone)


def test_positions_with_too_few_readings_have_no_effect() -> None:
    cube, mask = screen(2)
    cube[2:, 1, 1] = np.nan
    assert np.isnan(well_effects(cube, mask)[:, 1, 1]).all()
    assert np.isnan(well_effects(cube, mask)[:, :, 0]).all()
    assert np.isfinite(well_effects(np.nan_to_num(cube), mask, fewest=1)[:, 1, 1]).all()


def test_a_batch_effect_is_the_median_of_its_samples() -> None:
    cube, mask = screen(3)
    batch = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    effects = batch_effects(cube, mask, batch=batch)
    for code in range(3):
        expected = np.nanmedian(cube[batch == code][mask[batch == code]])
        np.testing.assert_allclose(effects[batch == code], expected, rtol=1e-14)


def test_a_batch_without_wells_is_nan_and_alone() -> None:
    cube, mask = screen(4)
    mask[3:6] = False
    effects = batch_effects(cube, mask, batch=np.repeat([0, 1, 2], 3))
    assert np.isnan(effects).tolist() == [False] * 3 + [True] * 3 + [False] * 3


@pytest.mark.parametrize("group", [np.arange(9), np.repeat([0, 1, 2], 3), np.zeros(9, dtype=int)])
def test_every_group_has_unit_mad_and_its_center_is_kept_in_proportion(group: np.ndarray) -> None:
    cube, mask = screen(5)
    cube += 3
    adjusted = adjust_variance(cube, mask, group=group)
    for code in np.unique(group):
        plates = group == code
        samples = np.where(mask[plates], cube[plates], np.nan).reshape(1, -1)
        spread = robust.nan_mad(samples, axis=1)
        np.testing.assert_allclose(adjusted[plates], cube[plates] / spread, rtol=1e-12)


def test_a_group_without_spread_is_nan() -> None:
    cube, mask = screen(6)
    cube[0] = 1.0
    adjusted = adjust_variance(cube, mask, group=np.arange(9))
    assert np.isnan(adjusted[0]).all()
    assert np.isfinite(adjusted[1][np.isfinite(cube[1])]).all()


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_scaling_a_plate_leaves_its_adjusted_readings_unchanged(seed: int, scale: float) -> None:
    cube, mask = screen(seed)
    plain, scaled = (adjust_variance(x, mask, group=np.arange(9)) for x in (cube, scale * cube))
    np.testing.assert_allclose(scaled, plain, rtol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_plates_does_not_matter(seed: int) -> None:
    cube, mask = screen(seed)
    group = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    order = np.random.default_rng(seed).permutation(9)
    for kernel in (
        lambda c, m, g: well_effects(c, m, group=g, fewest=1),
        lambda c, m, g: batch_effects(c, m, batch=g),
        lambda c, m, g: adjust_variance(c, m, group=g),
    ):
        np.testing.assert_array_equal(kernel(cube[order], mask[order], group[order]), kernel(cube, mask, group)[order])


def test_b_score_by_plate_equals_r(oracle: Path) -> None:
    with (oracle / "plate384" / "plate384_reference.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    raw = np.array([float(row["raw"]) if row["raw"] != "NA" else np.nan for row in rows]).reshape(1, 16, 24)
    expected = [float(row["bscore_byPlate"]) if row["bscore_byPlate"] != "NA" else np.nan for row in rows]
    is_sample = np.array([row["anno"] == "sample" for row in rows]).reshape(raw.shape)
    score = polish.b_score(np.log2(raw), is_sample, variant="cellhts2")
    adjusted = adjust_variance(score, is_sample, group=np.zeros(1, dtype=np.intp))
    np.testing.assert_allclose(adjusted.ravel(), expected, atol=1e-9)
