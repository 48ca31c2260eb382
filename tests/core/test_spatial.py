from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sensitome.core.edge import edge_mask
from sensitome.core.spatial import correction_needed, library_means, spatial_tests

TESTS = ("p_edge", "p_rows", "p_columns", "p_trend", "p_neighbors", "p_value")


def flat_plates(rng, *, plates=1000, rows=16, columns=24, kind="normal", library=slice(2, 22)):
    """Plates without position effects, and the mask of their samples with a few gaps."""
    values = rng.normal(size=(plates, rows, columns))
    if kind == "heavy tails and hits":
        values = rng.standard_t(2, size=values.shape) - 6 * (rng.random(values.shape) < 0.1)
    mask = np.zeros(values.shape, dtype=bool)
    mask[:, :, library] = True
    mask &= rng.random(values.shape) > 0.03
    return values, mask


def share_within_binomial(share, *, n, level):
    low, high = stats.binom.interval(0.9998, n, level)
    return low <= share * n <= high


@pytest.mark.parametrize("kind", ["normal", "heavy tails and hits"])
@pytest.mark.parametrize(("rows", "columns", "library"), [(16, 24, slice(2, 22)), (8, 12, slice(1, 11))])
def test_every_position_test_holds_its_level_on_flat_plates(kind, rows, columns, library):
    values, mask = flat_plates(np.random.default_rng(6), rows=rows, columns=columns, kind=kind, library=library)
    tests = spatial_tests(values, mask)
    for name in TESTS:
        p_value = getattr(tests, name)
        for level in (0.05, 0.01):
            assert share_within_binomial(np.mean(p_value < level), n=len(values), level=level), (name, level)


def test_the_chance_of_any_call_in_a_screen_of_flat_plates_is_five_percent():
    screens, plates = 300, 8
    values, mask = flat_plates(
        np.random.default_rng(7), plates=screens * plates, rows=8, columns=12, library=slice(1, 11)
    )
    called = [
        correction_needed(values[at : at + plates], mask[at : at + plates]).needed.any()
        for at in range(0, screens * plates, plates)
    ]
    assert stats.binom.cdf(sum(called) - 1, screens, 0.05) < 0.9999
    assert sum(called) > 0


def test_the_mean_over_plates_of_a_library_plate_holds_its_level_when_reagents_are_dealt_at_random():
    rng = np.random.default_rng(8)
    libraries, plates = 400, 4
    library = np.repeat(np.arange(libraries), plates)
    reagents = rng.normal(0, 1, (libraries, 8, 12))
    values = (
        reagents[library] + rng.normal(0, 0.5, (libraries * plates, 8, 12)) + rng.normal(0, 3, (len(library), 1, 1))
    )
    means = library_means(values, np.ones(values.shape, dtype=bool), library=library)
    p_value = spatial_tests(means, np.ones(means.shape, dtype=bool)).p_value
    assert share_within_binomial(np.mean(p_value < 0.05), n=libraries, level=0.05)


def ordinary_artefact(kind):
    row, column = np.indices((16, 24))
    return {
        "edge": -0.75 * edge_mask(16, 24),
        "gradient": 1.2 * (column / 23 - 0.5),
        "bowl": 1.6 * (((row - 7.5) / 7.5) ** 2 + ((column - 11.5) / 11.5) ** 2 - 0.6) / 2,
        "slow row": -1.5 * (row == 4),
        "clogged tips": -1.0 * (column % 8 == 5),
        "cold corner": -1.5 * np.exp(-(row**2 + column**2) / 60),
    }[kind]


@pytest.mark.parametrize("kind", ["edge", "gradient", "bowl", "slow row", "clogged tips", "cold corner"])
def test_ordinary_artefacts_are_found(kind):
    # In units of the spread of the wells: about what an incubator or a dispenser does at SD 0.2 log2.
    values, mask = flat_plates(np.random.default_rng(9), plates=60)
    answer = correction_needed(values + ordinary_artefact(kind), mask)
    assert answer.needed.mean() > 0.9


def test_an_artefact_on_few_plates_is_found_on_those():
    values, mask = flat_plates(np.random.default_rng(10), plates=100)
    values[:10] += 2 * ordinary_artefact("gradient")
    answer = correction_needed(values, mask)
    assert answer.needed[:10].all()
    assert answer.needed[10:].sum() <= 3


def test_only_the_order_of_the_readings_counts():
    values, mask = flat_plates(np.random.default_rng(11), plates=5)
    before, after = spatial_tests(values, mask), spatial_tests(np.exp(3 * values + 1), mask)
    for name in TESTS:
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-9)


def test_plates_that_cannot_be_tested_have_no_p():
    values, mask = flat_plates(np.random.default_rng(12), plates=3)
    values[0] = 7.0
    mask[1] = False
    answer = correction_needed(values, mask)
    np.testing.assert_array_equal(np.isnan(answer.q_value), [True, True, False])
    np.testing.assert_array_equal(answer.needed[:2], [False, False])


def test_a_plate_with_one_row_of_samples_is_tested_by_what_it_has():
    values = np.random.default_rng(13).normal(size=(1, 16, 24))
    mask = np.zeros(values.shape, dtype=bool)
    mask[:, 5] = True
    tests = spatial_tests(values, mask)
    assert np.isnan(tests.p_rows).all()
    assert not np.isnan(tests.p_trend).any()
    assert not np.isnan(tests.p_value).any()


def test_row_and_column_tests_are_those_of_the_linear_model_on_scores():
    from sensitome.core.ranks import normal_scores

    values = np.random.default_rng(14).normal(size=(1, 8, 12))
    tests = spatial_tests(values, np.ones(values.shape, dtype=bool))
    scores = normal_scores(values.reshape(1, -1)).reshape(8, 12)
    np.testing.assert_allclose(tests.p_rows, stats.f_oneway(*scores).pvalue, rtol=1e-9)
    np.testing.assert_allclose(tests.p_columns, stats.f_oneway(*scores.T).pvalue, rtol=1e-9)


def test_the_trend_test_is_the_regression_on_a_quadratic_surface():
    from sensitome.core.ranks import normal_scores

    values = np.random.default_rng(15).normal(size=(1, 8, 12))
    mask = np.random.default_rng(16).random(values.shape) > 0.2
    tests = spatial_tests(values, mask)
    y = normal_scores(np.where(mask, values, np.nan).reshape(1, -1))[0]
    row, column = (x.ravel() for x in np.indices((8, 12)))
    design = np.column_stack([np.ones(96), row, column, row**2, row * column, column**2])[mask.ravel()]
    y = y[mask.ravel()]
    rest = np.linalg.lstsq(design, y, rcond=None)[1][0]
    total = np.sum((y - y.mean()) ** 2)
    n = len(y)
    f = ((total - rest) / 5) / (rest / (n - 6))
    np.testing.assert_allclose(tests.p_trend, stats.f.sf(f, 5, n - 6), rtol=1e-8)


def test_a_stripe_is_found_where_it_is_and_flat_plates_have_few():
    values, mask = flat_plates(np.random.default_rng(18), plates=500)
    values[0, 4] -= 3
    values[1, :, 10] += 3
    tests = spatial_tests(values, mask)
    np.testing.assert_array_equal(np.flatnonzero(tests.row_stripes[0]), [4])
    np.testing.assert_array_equal(np.flatnonzero(tests.column_stripes[1]), [10])
    striped = tests.row_stripes.any(axis=1) | tests.column_stripes.any(axis=1)
    assert stats.binom.cdf(striped[2:].sum() - 1, 498, 0.01) < 0.9999


def test_a_smooth_surface_makes_no_stripes():
    values, mask = flat_plates(np.random.default_rng(19), plates=300)
    tests = spatial_tests(values + 2 * ordinary_artefact("gradient") + 2 * ordinary_artefact("bowl"), mask)
    assert (tests.row_stripes.any(axis=1) | tests.column_stripes.any(axis=1)).mean() < 0.03


def test_library_means_center_each_plate_and_skip_gaps():
    values = np.array([[[0.0, 1.0, 2.0]], [[10.0, 11.0, np.nan]], [[5.0, 5.0, 5.0]]])
    means = library_means(values, np.ones(values.shape, dtype=bool), library=np.array([0, 0, 1]))
    np.testing.assert_allclose(means, [[[-0.75, 0.25, 1.0]], [[0.0, 0.0, 0.0]]])


def test_no_plates_give_no_answers():
    answer = correction_needed(np.empty((0, 8, 12)), np.empty((0, 8, 12), dtype=bool))
    assert answer.q_value.shape == (0,)
