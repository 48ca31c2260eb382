from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.separation import (
    coefficient_of_variation,
    counts,
    dynamic_range,
    signal_window,
    ssmd,
    z_prime,
)

#: One plate: positives 10, 12, 14 (mean 12, sd 2, MAD 2), negatives 90, 100, 110, 104 (mean 101).
CUBE = np.array([[[10.0, 12.0, 14.0, 90.0, 100.0, 110.0, 104.0, np.nan]]])
POS = np.array([[[True] * 3 + [False] * 5]])
NEG = np.array([[[False] * 3 + [True] * 5]])


def test_z_prime_by_hand():
    sd_neg = np.sqrt((121 + 1 + 81 + 9) / 3)
    expected = 1 - 3 * (2 + sd_neg) / 89
    np.testing.assert_allclose(z_prime(CUBE, positive=POS, negative=NEG), [expected], rtol=1e-14)


def test_robust_z_prime_by_hand():
    # Negatives: median 102, deviations 12, 2, 8, 2: median 5.
    expected = 1 - 3 * 1.4826 * (2 + 5) / 90
    np.testing.assert_allclose(z_prime(CUBE, positive=POS, negative=NEG, spread="mad"), [expected], rtol=1e-14)


def test_ssmd_by_hand_is_positive_when_positives_kill():
    variance = 4 + (121 + 1 + 81 + 9) / 3
    np.testing.assert_allclose(ssmd(CUBE, positive=POS, negative=NEG), [89 / np.sqrt(variance)], rtol=1e-14)
    assert ssmd(CUBE, positive=NEG, negative=POS)[0] < 0


def test_robust_ssmd_by_hand():
    expected = 90 / (1.4826 * np.hypot(2, 5))
    np.testing.assert_allclose(ssmd(CUBE, positive=POS, negative=NEG, spread="mad"), [expected], rtol=1e-14)


def test_signal_window_by_hand():
    sd_neg = np.sqrt(212 / 3)
    expected = (89 - 3 * (2 + sd_neg)) / sd_neg
    np.testing.assert_allclose(signal_window(CUBE, positive=POS, negative=NEG), [expected], rtol=1e-14)
    np.testing.assert_allclose(signal_window(CUBE, positive=NEG, negative=POS), [expected], rtol=1e-14)


def test_variation_by_hand():
    np.testing.assert_allclose(coefficient_of_variation(CUBE, POS), [100 * 2 / 12], rtol=1e-14)


def test_dynamic_range_is_a_ratio_of_geometric_means_when_all_are_positive():
    cube = np.array([[[1.0, 4.0, 8.0, 32.0]]])
    is_pos = np.array([[[True, True, False, False]]])
    np.testing.assert_allclose(dynamic_range(cube, positive=is_pos, negative=~is_pos), [8.0], rtol=1e-14)
    np.testing.assert_allclose(dynamic_range(cube, positive=~is_pos, negative=is_pos), [8.0], rtol=1e-14)


def test_dynamic_range_is_a_difference_on_all_plates_when_any_control_is_not_positive():
    cube = np.array([[[1.0, 3.0, 8.0, 32.0]], [[-1.0, 3.0, 8.0, 32.0]]])
    is_pos = np.broadcast_to(np.array([[[True, True, False, False]]]), cube.shape)
    np.testing.assert_allclose(dynamic_range(cube, positive=is_pos, negative=~is_pos), [18.0, 19.0], rtol=1e-14)


def test_a_class_of_one_well_has_no_spread_and_no_figure():
    one = POS & (np.arange(8) == 0)
    for figure in (z_prime, ssmd, signal_window):
        assert np.isnan(figure(CUBE, positive=one, negative=NEG)).all()
    assert np.isnan(coefficient_of_variation(CUBE, one)).all()


def test_equal_centers_give_the_worst_z_prime_and_no_variation_gives_none():
    spread = np.array([[[1.0, 3.0, 1.0, 3.0]]])
    is_pos = np.array([[[True, True, False, False]]])
    assert z_prime(spread, positive=is_pos, negative=~is_pos)[0] == -np.inf
    assert np.isnan(z_prime(np.full((1, 1, 4), 5.0), positive=is_pos, negative=~is_pos)).all()


def test_counts_leave_out_gaps():
    np.testing.assert_array_equal(counts(CUBE, NEG), [4])


def test_plates_do_not_see_each_other():
    rng = np.random.default_rng(2)
    cube = rng.lognormal(5, 0.4, (6, 4, 6))
    positive = rng.random(cube.shape) < 0.3
    negative = ~positive & (rng.random(cube.shape) < 0.5)
    together = z_prime(cube, positive=positive, negative=negative, spread="mad")
    for plate in range(6):
        part = slice(plate, plate + 1)
        alone = z_prime(cube[part], positive=positive[part], negative=negative[part], spread="mad")
        np.testing.assert_allclose(alone, together[part], rtol=1e-14)


@settings(deadline=None, max_examples=25)
@given(gain=st.floats(0.01, 100), shift=st.floats(-50, 50), spread=st.sampled_from(["sd", "mad"]))
def test_shift_and_gain_of_the_reader_leave_z_prime_unchanged(gain, shift, spread):
    before = z_prime(CUBE, positive=POS, negative=NEG, spread=spread)
    after = z_prime(gain * CUBE + shift, positive=POS, negative=NEG, spread=spread)
    np.testing.assert_allclose(after, before, rtol=1e-7)


def test_kcviab_has_the_robust_z_prime_of_cellhts2(shared):
    path = shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz"
    if not path.exists():
        pytest.skip(f"no recorded answer: {path} does not exist")
    with gzip.open(path) as file:
        table = pl.read_csv(file.read(), null_values="NA")
    anno = table["anno"].to_numpy()
    for column, robust in (("norm1", 0.756), ("norm2", 0.808)):
        values = table[column].cast(pl.Float64).fill_null(np.nan).to_numpy()[None, None, :]
        positive, negative = (anno == "pos")[None, None, :], (anno == "neg")[None, None, :]
        figure = z_prime(values, positive=positive, negative=negative, spread="mad")
        assert round(float(figure[0]), 3) == robust
