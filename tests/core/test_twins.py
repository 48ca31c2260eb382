from __future__ import annotations

import numpy as np

from sensitome.core.twins import twins


def screen(seed, *, libraries=4, replicates=6, noise_sd=0.25):
    """Plates (plates, rows, columns) with the patterns of their library plates, and the library of each plate."""
    rng = np.random.default_rng(seed)
    library = np.tile(np.arange(libraries), replicates)
    reagents = rng.normal(0, 0.3, (libraries, 8, 12))
    return 12 + reagents[library] + rng.normal(0, noise_sd, (len(library), 8, 12)), library


def test_equal_and_nearly_equal_plates_are_twins():
    values, library = screen(10)
    values[9] = values[2]
    values[17] = values[4] + 0.7 + np.random.default_rng(0).normal(0, 0.005, values[0].shape)
    found = twins(values, library=library)
    np.testing.assert_array_equal(found.first, [2, 4])
    np.testing.assert_array_equal(found.second, [9, 17])
    np.testing.assert_array_equal(found.is_exact, [True, False])
    assert found.correlation.min() > found.limit


def test_good_replicates_are_no_twins():
    for noise in (0.25, 0.05, 0.01):
        values, library = screen(11, noise_sd=noise)
        found = twins(values, library=library)
        assert len(found.first) == 0, noise


def test_constant_and_empty_plates_are_no_twins():
    values, library = screen(12)
    values[:2] = 5.0
    values[2:4] = np.nan
    assert len(twins(values, library=library).first) == 0


def test_equal_plates_are_found_when_most_of_their_readings_are_one_value():
    values, library = screen(13)
    values[3] = np.where(np.arange(96).reshape(8, 12) < 60, 10.0, values[3])
    values[8] = values[3]
    found = twins(values, library=library)
    np.testing.assert_array_equal([found.first, found.second], [[3], [8]])
