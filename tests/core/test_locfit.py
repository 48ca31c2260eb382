"""Locfit surfaces: equality with the R package, and what a surface must not depend on."""

from __future__ import annotations

import gzip

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.locfit import locfit_surface
from sensitome.core.loess import extrapolated
from sensitome.errors import MethodError

FEW = settings(max_examples=8, deadline=None)
EVERY = np.ones((8, 12), dtype=bool)


@pytest.fixture(scope="module")
def plate384(oracle):
    return pl.read_csv(oracle / "plate384" / "plate384_reference.csv", null_values="NA", infer_schema_length=None)


@pytest.fixture(scope="module")
def signal384(plate384):
    return np.log2(plate384["raw"].to_numpy()).reshape(1, 16, 24)


@pytest.fixture(scope="module")
def sample384(plate384):
    return (plate384["anno"] == "sample").to_numpy().reshape(16, 24)


def noise(seed: int, shape: tuple[int, ...] = (3, 8, 12)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("column", "how"),
    [
        ("locfit_default_pred", {}),
        ("locfit_nn07_explicit", {"nn": 0.7}),
        ("locfit_nn06_pred", {"nn": 0.6}),
        ("locfit_nn06_scale", {"nn": 0.6, "scale": True}),
        ("locfit_h3_pred", {"nn": 0.0, "h": 3.0}),
        ("locfit_h3_explicit", {"nn": 0.0, "h": 3.0}),
    ],
)
def test_a_plate_has_the_surface_of_locfit(plate384, signal384, sample384, column, how):
    expected = plate384[column].to_numpy().reshape(1, 16, 24)
    # locfit stops its own eigenvalue iterations at 3e-8.
    np.testing.assert_allclose(locfit_surface(signal384, sample384, **how), expected, rtol=0, atol=1e-6)


def test_real_plates_have_the_residuals_of_locfit(shared):
    with gzip.open(shared / "oracle/kcviab/kcviab_reference.csv.gz") as file:
        wells = pl.read_csv(file.read(), null_values="NA", infer_schema_length=None).filter(pl.col("plate") <= 12)
    signal = np.log2(wells["raw1"].to_numpy().astype(np.float64)).reshape(-1, 16, 24)
    sample = (wells["anno"] == "sample").to_numpy().reshape(signal.shape)
    expected = wells["locfit_h3_log2_r1"].to_numpy().reshape(signal.shape)
    corrected = signal - locfit_surface(signal, sample, nn=0.0, h=3.0)
    np.testing.assert_array_equal(np.isnan(corrected), np.isnan(expected))
    np.testing.assert_allclose(corrected, expected, rtol=0, atol=1e-6)


def test_a_small_bandwidth_extrapolates_wildly_and_every_wild_well_is_flagged(signal384, sample384):
    fitted = sample384 & np.isfinite(signal384)
    sane = np.nanmin(signal384[fitted]), np.nanmax(signal384[fitted])
    surface = locfit_surface(signal384, sample384, nn=0.0, h=3.0)
    wild = (surface < sane[0]) | (surface > sane[1])
    assert wild.any()
    assert extrapolated(fitted)[wild].all()


def test_a_planted_dead_well_does_not_move_its_neighbors_in_robust_mode():
    plate = 12 + 0.1 * noise(3, (1, 16, 24))
    dead = plate.copy()
    dead[0, 7, 11] -= 6
    every = np.ones((16, 24), dtype=bool)
    moved = {
        robust: np.abs(
            locfit_surface(plate, every, nn=0.3, robust=robust) - locfit_surface(dead, every, nn=0.3, robust=robust)
        )[0, 5:10, 9:14].max()
        for robust in (False, True)
    }
    assert moved[False] > 0.2
    assert moved[True] < 0.03


@FEW
@given(seed=st.integers(0, 2**31), how=st.sampled_from([{}, {"nn": 0.4, "scale": True}, {"nn": 0.0, "h": 4.0}]))
def test_a_parabola_passes_through(seed, how):
    rng = np.random.default_rng(seed)
    row, column = np.indices((8, 12)) / 6
    a = rng.normal(size=6)
    parabola = a[0] + a[1] * row + a[2] * column + a[3] * row**2 + a[4] * row * column + a[5] * column**2
    signal = np.where(rng.random((2, 8, 12)) < 0.05, np.nan, parabola)
    fit = locfit_surface(signal, EVERY, **how)
    np.testing.assert_allclose(fit, np.broadcast_to(parabola, fit.shape), rtol=0, atol=1e-8)


@FEW
@given(seed=st.integers(0, 2**31), shift=st.floats(-20, 20), scale=st.floats(0.1, 10))
def test_shift_and_scale_of_a_plate_go_through(seed, shift, scale):
    signal = noise(seed)
    expected = shift + scale * locfit_surface(signal, EVERY)
    np.testing.assert_allclose(locfit_surface(shift + scale * signal, EVERY), expected, rtol=0, atol=1e-8)


def test_a_plate_alone_has_the_surface_that_it_has_among_others():
    signal = noise(9, (80, 8, 12))
    signal[::3, 2, 4] = np.nan
    together = locfit_surface(signal, EVERY)
    for plate in (0, 1, 79):
        alone = locfit_surface(signal[plate : plate + 1], EVERY)[0]
        np.testing.assert_allclose(alone, together[plate], rtol=0, atol=1e-12)


def test_degree_one_and_no_robustness_are_offered():
    row, column = np.indices((8, 12))
    plane = (1.0 + 0.3 * row - 0.2 * column)[np.newaxis]
    np.testing.assert_allclose(locfit_surface(plane, EVERY, degree=1, robust=False), plane, rtol=0, atol=1e-9)


def test_a_plate_that_cannot_be_fitted_is_nan_and_leaves_the_others_alone():
    signal = noise(13)
    expected = locfit_surface(signal, EVERY)
    signal[1, 1:] = np.nan
    signal[2].ravel()[6:] = np.nan
    fit = locfit_surface(signal, EVERY)
    np.testing.assert_allclose(fit[0], expected[0], rtol=0, atol=1e-12)
    assert np.isnan(fit[1:]).all()


def test_missing_rows_give_a_sane_surface():
    signal = 12 + 0.1 * noise(11)
    signal[:, 3] = np.nan
    signal[1, 4:6] = np.nan
    assert np.all(np.abs(locfit_surface(signal, EVERY) - 12) < 0.5)


def test_an_impossible_degree_or_bandwidth_is_named():
    with pytest.raises(MethodError) as error:
        locfit_surface(noise(0), EVERY, degree=3)
    assert str(error.value) == "locfit of this degree is not supported: found 3, expected 1 or 2."
    with pytest.raises(MethodError) as error:
        locfit_surface(noise(0), EVERY, nn=0.0)
    assert str(error.value) == "locfit has no bandwidth: found nn = 0.0, h = 0.0, expected one of them above 0."
