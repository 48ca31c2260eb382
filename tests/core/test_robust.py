from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core import robust

STATISTICS = [robust.median, robust.mean, robust.sd, robust.mad, robust.shorth]


def cube_of(*plates: list[float]) -> np.ndarray:
    return np.array(plates, dtype=float)[:, None, :]


def everywhere(cube: np.ndarray) -> np.ndarray:
    return np.ones(cube.shape, dtype=bool)


def test_hand_computed_plate() -> None:
    cube = cube_of([1, 2, 4, 9, np.nan])
    mask = everywhere(cube)
    assert robust.median(cube, mask) == [3.0]
    assert robust.mean(cube, mask) == [4.0]
    assert robust.sd(cube, mask) == pytest.approx([np.sqrt(38 / 3)])
    assert robust.mad(cube, mask) == pytest.approx([1.4826 * 1.5])


def test_wells_outside_the_mask_do_not_count() -> None:
    cube = cube_of([1, 2, 3, 1000])
    mask = everywhere(cube)
    mask[..., 3] = False
    assert robust.mean(cube, mask) == [2.0]
    assert robust.median(cube, mask) == [2.0]


def test_infinite_readings_are_no_readings() -> None:
    cube = cube_of([1, 2, 3, -np.inf])
    for statistic in STATISTICS:
        assert np.isfinite(statistic(cube, everywhere(cube)))


def test_plates_with_too_few_wells_are_nan_without_a_warning() -> None:
    cube = cube_of([np.nan, np.nan, np.nan], [5, np.nan, np.nan], [5, 5, np.nan])
    mask = everywhere(cube)
    for center in (robust.median, robust.mean, robust.shorth):
        np.testing.assert_array_equal(center(cube, mask), [np.nan, 5, 5])
    for spread in (robust.sd, robust.mad):
        np.testing.assert_array_equal(spread(cube, mask), [np.nan, np.nan, 0])


def test_an_empty_plate_format_is_nan() -> None:
    cube = np.empty((2, 0, 0))
    for statistic in STATISTICS:
        assert np.isnan(statistic(cube, everywhere(cube))).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([1, 5], 1.0),
        # n = 3: half is 1.5, rounded to the even 2; the interval [1, 9] is the only one; mean of its first two points.
        ([1, 2, 9], 1.5),
        # n = 5: half is 2.5, rounded to the even 2 and not to 3; intervals of three points, the shortest is [1, 1.5].
        ([1, 1.25, 1.5, 3, 9], 1.125),
        # n = 4: [0, 10] and [2, 12] are equally short; the first counts.
        ([0, 2, 10, 12], 1.0),
    ],
)
def test_shorth_rounds_half_to_even_and_takes_the_first_shortest(values: list[float], expected: float) -> None:
    cube = cube_of(values)
    assert robust.shorth(cube, everywhere(cube)) == pytest.approx([expected])


def shorth_of_r(values: np.ndarray) -> float:
    """The definition, one plate at a time."""
    ordered = np.sort(values[np.isfinite(values)])
    width = round(0.5 * len(ordered))
    lengths = ordered[width:] - ordered[: len(ordered) - width]
    first = int(np.argmin(lengths))
    return float(ordered[first : first + width].mean())


@given(seed=st.integers(0, 10_000), wells=st.integers(2, 40))
@settings(max_examples=30, deadline=None)
def test_shorth_equals_its_definition(seed: int, wells: int) -> None:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(3, 1, wells + 2))
    cube[rng.random(cube.shape) < 0.1] = np.nan
    cube[:, :, :2] = [[1.0, 2.0]]
    expected = [shorth_of_r(plate.ravel()) for plate in cube]
    np.testing.assert_allclose(robust.shorth(cube, everywhere(cube)), expected, rtol=1e-12)


@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_shift_and_scale_carry_through(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(4, 8, 12))
    mask = rng.random(cube.shape) < 0.7
    for statistic in STATISTICS:
        plain, moved = statistic(cube, mask), statistic(shift + scale * cube, mask)
        is_spread = statistic in (robust.sd, robust.mad)
        np.testing.assert_allclose(moved, scale * plain + (0 if is_spread else shift), rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_wells_and_plates_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(4, 8, 12))
    mask = rng.random(cube.shape) < 0.7
    plates, rows = rng.permutation(4), rng.permutation(8)
    for statistic in STATISTICS:
        shuffled = statistic(cube[plates][:, rows], mask[plates][:, rows])
        np.testing.assert_allclose(shuffled, statistic(cube, mask)[plates], rtol=1e-12)


def test_inputs_are_not_changed() -> None:
    cube = cube_of([3, np.nan, 1, 2])
    before = cube.copy()
    for statistic in STATISTICS:
        statistic(cube, everywhere(cube))
    np.testing.assert_array_equal(cube, before)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_axis_helpers_equal_numpy_where_numpy_is_silent(axis: int) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(5, 6, 7))
    values[rng.random(values.shape) < 0.2] = np.nan
    np.testing.assert_allclose(robust.nan_median(values, axis=axis), np.nanmedian(values, axis=axis), rtol=1e-14)
    np.testing.assert_allclose(robust.nan_mean(values, axis=axis), np.nanmean(values, axis=axis), rtol=1e-14)
    np.testing.assert_allclose(robust.nan_sd(values, axis=axis), np.nanstd(values, axis=axis, ddof=1), rtol=1e-12)


def test_axis_helpers_are_silent_on_lines_without_values() -> None:
    values = np.full((2, 3), np.nan)
    for helper in (robust.nan_median, robust.nan_mean, robust.nan_sd, robust.nan_mad):
        assert np.isnan(helper(values, axis=1)).all()
        assert np.isnan(helper(np.empty((2, 0)), axis=1)).all()


def test_median_keeps_infinite_values_of_general_arrays() -> None:
    np.testing.assert_array_equal(robust.nan_median(np.array([[np.inf, np.inf, 1.0]]), axis=1), [np.inf])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_grouped_statistics_equal_each_group_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, group = rng.normal(size=60), rng.integers(0, 5, size=60)
    values[rng.random(60) < 0.2] = np.nan
    group[0] = 5
    lines = np.full((6, 60), np.nan)
    lines[group, np.arange(60)] = values
    np.testing.assert_allclose(robust.grouped_median(values, group), robust.nan_median(lines, axis=1), rtol=1e-14)
    np.testing.assert_allclose(robust.grouped_mad(values, group), robust.nan_mad(lines, axis=1), rtol=1e-14)


def test_grouped_median_of_nothing_is_empty() -> None:
    assert robust.grouped_median(np.empty(0), np.empty(0, dtype=np.intp)).shape == (0,)
    assert np.isnan(robust.grouped_mad(np.array([np.nan]), np.array([0]))).all()


def test_statistics_equal_r_on_a_384_well_plate(oracle: Path) -> None:
    with (oracle / "plate384" / "plate384_reference.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    value = lambda name: np.array([float(row[name]) if row[name] != "NA" else np.nan for row in rows])  # noqa: E731
    raw = value("raw").reshape(1, 16, 24)
    samples = np.array([row["anno"] == "sample" for row in rows]).reshape(raw.shape)
    log2 = np.log2(raw)
    for statistic, column in (
        (robust.median, "median_mult_log"),
        (robust.mean, "mean_log"),
        (robust.shorth, "shorth_log"),
    ):
        center = np.nanmedian(log2.ravel() - value(column))
        np.testing.assert_allclose(statistic(log2, samples), [center], rtol=1e-12)
    spread = np.nanmedian(value("median_mult_log") / value("robust_z"))
    np.testing.assert_allclose(robust.mad(log2, samples), [spread], rtol=1e-12)
