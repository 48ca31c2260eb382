from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.r_score import r_score


def column(path: Path, name: str) -> np.ndarray:
    with path.open(newline="") as file:
        return np.array([float(row[name]) if row[name] else np.nan for row in csv.DictReader(file)])


def plates(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    signal = rng.normal(10, 1, size=(3, 8, 12)) + rng.normal(size=(3, 8, 1))
    signal[rng.random(signal.shape) < 0.05] = np.nan
    return signal


def everywhere(signal: np.ndarray) -> np.ndarray:
    return np.ones(signal.shape, dtype=bool)


def test_scores_equal_mass_rlm(oracle: Path) -> None:
    signal = column(oracle / "b_scores" / "input.csv", "x").reshape(4, 8, 12)
    expected = column(oracle / "b_scores" / "expected.csv", "r_score").reshape(signal.shape)
    np.testing.assert_allclose(r_score(signal, everywhere(signal)), expected, atol=1e-8)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_shift_and_scale_of_a_plate_leave_scores_unchanged(seed: int, scale: float) -> None:
    signal = plates(seed)
    shift = np.random.default_rng(seed).normal(0, 5, size=(3, 1, 1))
    moved = r_score(shift + scale * signal, everywhere(signal))
    np.testing.assert_allclose(moved, r_score(signal, everywhere(signal)), atol=1e-6)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_plates_rows_and_columns_does_not_matter(seed: int) -> None:
    signal = plates(seed)
    rng = np.random.default_rng(seed)
    index = np.ix_(rng.permutation(3), rng.permutation(8), rng.permutation(12))
    np.testing.assert_allclose(
        r_score(signal[index], everywhere(signal)), r_score(signal, everywhere(signal))[index], atol=1e-8
    )


def test_killers_outside_the_fit_do_not_move_the_others() -> None:
    signal, mask = plates(1), everywhere(plates(1))
    mask[:, :4, 11] = False
    killed = np.where(mask, signal, signal - 9)
    plain, moved = r_score(signal, mask), r_score(killed, mask)
    np.testing.assert_array_equal(plain[mask], moved[mask])
    there = np.isfinite(signal) & ~mask
    assert (moved[there] < plain[there]).all()


def test_rows_columns_and_plates_without_wells_are_nan() -> None:
    signal, mask = plates(2), everywhere(plates(2))
    mask[0, :, 11] = False
    mask[1] = False
    score = r_score(signal, mask)
    assert np.isnan(score[0, :, 11]).all()
    assert np.isnan(score[1]).all()
    assert np.isfinite(score[2][np.isfinite(signal[2])]).all()


def test_plates_without_residuals_have_no_scores() -> None:
    signal = np.add.outer(np.arange(8.0), np.arange(12.0))[None]
    assert np.isnan(r_score(np.full((1, 8, 12), 5.0), everywhere(signal))).all()
    assert r_score(np.empty((0, 8, 12)), np.empty((0, 8, 12), dtype=bool)).shape == (0, 8, 12)


def test_blocks_that_share_no_row_or_column_are_fitted_as_if_alone() -> None:
    signal = np.random.default_rng(4).normal(size=(1, 8, 12))
    apart = signal.copy()
    apart[:, :4, 6:] = apart[:, 4:, :6] = np.nan
    shifted = apart.copy()
    shifted[:, 4:] += 7
    np.testing.assert_allclose(r_score(shifted, everywhere(apart)), r_score(apart, everywhere(apart)), atol=1e-6)


def test_inputs_are_not_changed() -> None:
    signal = plates(3)
    before = signal.copy()
    r_score(signal, everywhere(signal))
    np.testing.assert_array_equal(signal, before)
