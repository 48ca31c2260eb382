from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.arrays import (
    center_on_detected,
    epanechnikov_mode,
    floor_undetected,
    half_floor,
    median_polish,
    offset_floor,
    quantile_normalize,
    rma_background,
    summarize_probes,
)


def table(path: Path) -> np.ndarray:
    return np.genfromtxt(path, delimiter=",", skip_header=1, missing_values="NA", filling_values=np.nan)


def test_quantiles_with_ties_and_gaps_equal_limma(oracle: Path) -> None:
    given_, expected = (table(oracle / "arrays" / f"quantile_{name}.csv") for name in ("input", "expected"))
    np.testing.assert_allclose(quantile_normalize(given_.T).T, expected, rtol=1e-12)


def test_the_mode_is_that_of_r_density(oracle: Path) -> None:
    signal = table(oracle / "arrays" / "background_input.csv").T
    expected = table(oracle / "arrays" / "mode_expected.csv")
    np.testing.assert_allclose([epanechnikov_mode(row) for row in signal], expected, rtol=1e-12)


def test_the_background_of_rma_is_that_of_affy(oracle: Path) -> None:
    given_, expected = (table(oracle / "arrays" / f"background_{name}.csv") for name in ("input", "expected"))
    np.testing.assert_allclose(rma_background(given_.T).T, expected, rtol=1e-9)


def test_the_polish_of_probes_is_that_of_r(oracle: Path) -> None:
    given_, expected = (table(oracle / "arrays" / f"polish_{name}.csv") for name in ("input", "expected"))
    np.testing.assert_allclose(median_polish(given_.T), expected, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(2, 30), st.integers(0, 10**6))
def test_normalized_samples_share_their_distribution_and_keep_their_order(
    samples: int, features: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(samples, features))
    done = quantile_normalize(values)
    np.testing.assert_allclose(np.sort(done, axis=1), np.broadcast_to(np.sort(done[0]), done.shape), rtol=1e-9)
    np.testing.assert_array_equal(np.argsort(done, axis=1), np.argsort(values, axis=1))
    np.testing.assert_allclose(quantile_normalize(done), done, rtol=1e-9)


def test_a_matrix_without_a_distribution_stays_as_it_is() -> None:
    one = np.array([[3.0, 1.0]])
    np.testing.assert_array_equal(quantile_normalize(one), one)


def test_floors_lift_small_signals() -> None:
    signal = np.array([[-2.0, 0.4, 0.5, 9.0]])
    np.testing.assert_array_equal(half_floor(signal), [[0.5, 0.5, 0.5, 9.0]])
    np.testing.assert_array_equal(offset_floor(signal), [[1.0, 3.4, 3.5, 12.0]])
    assert np.isnan(offset_floor(np.array([[np.nan]]))).all()


def test_centering_looks_at_detected_features_only() -> None:
    values = np.array([[1.0, 5.0, 7.0, 100.0], [2.0, 2.0, 2.0, 2.0]])
    detected = np.array([[False, True, True, False], [False] * 4])
    centered = center_on_detected(values, detected)
    np.testing.assert_array_equal(centered[0], [-5.0, -1.0, 1.0, 94.0])
    assert np.isnan(centered[1]).all()


def test_what_was_not_detected_gets_the_common_minimum() -> None:
    values = np.array([[1.0, 5.0, -9.0], [2.0, 6.0, -8.0]])
    detected = np.array([[True, True, False], [False, True, False]])
    np.testing.assert_array_equal(floor_undetected(values, detected), [[1.0, 5.0, 1.0], [1.0, 6.0, 1.0]])
    np.testing.assert_array_equal(floor_undetected(values, detected, nowhere_only=True)[1], [2.0, 6.0, 1.0])
    np.testing.assert_array_equal(floor_undetected(values, detected, below=1.0)[:, 2], [0.0, 0.0])
    np.testing.assert_array_equal(floor_undetected(values, np.zeros_like(detected)), values)


def test_spots_of_a_probe_become_their_median() -> None:
    spots = np.array([[1.0, 9.0, 2.0, np.nan, 3.0]])
    np.testing.assert_array_equal(summarize_probes(spots, np.array([0, 1, 0, 1, 0]), probes=2), [[2.0, 9.0]])
