"""Weights that are looked up equal weights that are computed for one pattern alone."""

from __future__ import annotations

import numpy as np
import pytest

from sensitome.core import _loess_kernels
from sensitome.core._loess_geometry import plate_places
from sensitome.core._loess_kernels import Grid, KernelBank
from sensitome.core.loess import loess_surface

PLACE = plate_places(8, 12)
GRID = Grid(PLACE)
USED = np.flatnonzero(np.abs(PLACE[:, 0]) < 5)


def bank(alive: int = 2) -> KernelBank:
    return KernelBank(GRID, USED, span=0.7, alive=alive)


def patterns(number: int, *, absent: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    there = np.ones((number, len(USED)), dtype=bool)
    for row in there:
        row[rng.choice(len(USED), absent, replace=False)] = False
    return there


def alone(there: np.ndarray, neighbors: int) -> np.ndarray:
    weights = np.zeros((len(PLACE), len(USED)))
    own = GRID.weights(USED[there], scale=np.ones(2), neighbors=neighbors, span=0.7)
    assert own is not None
    weights[:, there] = own
    return weights


@pytest.mark.parametrize("absent", [0, 1, 7, 20])
def test_rows_of_the_bank_are_those_of_the_pattern_alone(absent: int) -> None:
    ours = bank()
    for there in patterns(5, absent=absent):
        neighbors = int(0.7 * there.sum())
        weights = ours.weights(there, np.arange(len(PLACE)), neighbors=neighbors)
        np.testing.assert_allclose(weights, alone(there, neighbors), rtol=1e-12, atol=1e-15)


def test_a_full_bank_starts_anew_without_changing_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    many = patterns(12, absent=6)
    free = [bank(12).weights(there, np.arange(len(PLACE)), neighbors=40) for there in many]
    monkeypatch.setattr(_loess_kernels, "BANK_BYTES", 100 * len(USED) * 8)
    tight = bank(12)
    for there, expected in zip(many, free, strict=True):
        np.testing.assert_array_equal(tight.weights(there, np.arange(len(PLACE)), neighbors=40), expected)


def test_a_neighborhood_without_radius_has_no_weights() -> None:
    assert bank().weights(np.ones(len(USED), dtype=bool), np.arange(len(PLACE)), neighbors=1) is None


def test_the_surface_of_a_plate_does_not_depend_on_the_plates_beside_it() -> None:
    rng = np.random.default_rng(1)
    signal = rng.normal(size=(20, 8, 12))
    signal[rng.random(signal.shape) < 0.05] = np.nan
    signal[0, :4] = np.nan
    fits = np.ones(signal.shape, dtype=bool)
    options = {"span": 0.6, "degree": 2, "family": "symmetric", "normalize": False}
    together = loess_surface(signal, fits, **options)
    apart = np.concatenate([loess_surface(plate[None], fits[:1], **options) for plate in signal])
    np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-9)
