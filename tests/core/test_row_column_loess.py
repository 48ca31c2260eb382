"""Row and column loess: equality with the formula of sights, and independence of the plate's orientation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.core.row_column_loess import row_column_loess

EVERY = np.ones((16, 24), dtype=bool)


def plate(seed: int = 1) -> np.ndarray:
    return 1000 * np.exp(0.05 * np.random.default_rng(seed).normal(size=(1, 16, 24)))


def test_plates_have_the_factors_of_r(oracle):
    table = pl.read_csv(oracle / "loess_cases" / "row_column.csv", null_values="NA", infer_schema_length=None)
    for (name,), case in table.group_by("case", maintain_order=True):
        shape = 1, int(case["row"].max()), int(case["column"].max())
        signal = case["signal"].to_numpy().reshape(shape)
        factor = row_column_loess(signal, np.isfinite(signal))
        assert not np.isnan(factor).any()
        # R has no factor for wells without a reading.
        factor[np.isnan(signal)] = np.nan
        expected = case["factor"].to_numpy().reshape(shape)
        np.testing.assert_allclose(factor, expected, rtol=0, atol=1e-9, err_msg=str(name))


@pytest.mark.parametrize("axis", [1, 2])
def test_a_gradient_is_removed_along_rows_and_along_columns(axis):
    size = plate().shape[axis]
    gradient = np.linspace(0.6, 1.6, size).reshape([-1 if each == axis else 1 for each in range(3)])
    tilted = plate() * gradient
    even = tilted * row_column_loess(tilted, EVERY)
    other = 3 - axis
    along = np.log(even).mean(axis=other).ravel()
    assert abs(np.polyfit(np.arange(size), along, 1)[0]) * size < 0.02
    assert np.log(tilted).mean(axis=other).ravel().std() > 5 * along.std()


def test_turning_the_plate_turns_the_factors():
    signal = plate(2) * np.linspace(1, 2, 24)
    turned = row_column_loess(signal.swapaxes(1, 2), EVERY.T)
    np.testing.assert_allclose(turned.swapaxes(1, 2), row_column_loess(signal, EVERY), rtol=0, atol=1e-12)


def test_scale_does_not_change_the_factors():
    np.testing.assert_allclose(
        row_column_loess(7 * plate(), EVERY), row_column_loess(plate(), EVERY), rtol=0, atol=1e-12
    )


def test_a_dead_well_does_not_move_its_neighbors():
    dead = plate()
    dead[0, 5, 9] /= 64
    moved = np.abs(row_column_loess(dead, EVERY) - row_column_loess(plate(), EVERY))
    assert moved.max() < 0.05


def test_controls_outside_the_fit_are_corrected_by_their_row():
    signal = plate(3) * np.linspace(1, 2, 24)
    fitted = EVERY.copy()
    fitted[:, [0, 1, 22, 23]] = False
    even = signal * row_column_loess(signal, fitted)
    edge = np.log2(even[0][:, [0, 1, 22, 23]]).mean()
    inside = np.log2(even[0][:, 2:22]).mean()
    assert abs(edge - inside) < 0.1


def test_a_plate_without_lines_that_can_be_fitted_is_nan():
    signal = np.concatenate([plate(), plate(2)])
    signal[1, :, 4:] = signal[1, 5:] = np.nan
    factor = row_column_loess(signal, EVERY)
    assert np.isfinite(factor[0]).all()
    assert np.isnan(factor[1]).all()
