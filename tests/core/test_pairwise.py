from __future__ import annotations

import numpy as np
import pytest

from sensitome.core.correlation import pearson, spearman
from sensitome.core.pairwise import CORRELATIONS, prepare_pairs


def gappy(rng: np.random.Generator, rows: int, gaps: bool) -> np.ndarray:
    values = rng.normal(size=(rows, 25))
    values[1] = np.maximum(values[1], 0.2)  # half of it at the floor
    if gaps:
        values[2:4, :6] = np.nan
        values[rows - 1, [3, 9, 20]] = np.nan
    return values


@pytest.mark.parametrize("method", CORRELATIONS)
@pytest.mark.parametrize(("gaps_x", "gaps_y"), [(False, False), (True, False), (False, True), (True, True)])
def test_every_pair_has_the_numbers_of_the_pair_alone(method: str, gaps_x: bool, gaps_y: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = gappy(rng, 6, gaps_x), gappy(rng, 8, gaps_y)
    pairs = prepare_pairs(x, y, method=method)  # type: ignore[arg-type]
    for rows in (slice(0, 4), slice(4, 6)):
        block = pairs.block(rows)
        for i, row in enumerate(range(6)[rows]):
            each = np.broadcast_to(x[row], y.shape)
            alone = spearman(each, y) if method == "spearman" else pearson(each, y)
            np.testing.assert_allclose(block.estimate[i], alone.estimate, rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(block.p[i], alone.p, rtol=1e-11)
            np.testing.assert_array_equal(block.n[i], alone.n)


def test_partial_correlation_is_that_of_the_inverse_correlation_matrix() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(size=(2, 40))
    x, y = rng.normal(size=(1, 40)) + z[0], rng.normal(size=(1, 40)) + z[0] - z[1]
    block = prepare_pairs(x, y, method="pearson", covariates=z).block(slice(0, 1))
    inverse = np.linalg.inv(np.corrcoef(np.vstack([x, y, z])))
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    assert block.estimate.item() == pytest.approx(expected, rel=1e-12)
    ranks = np.argsort(np.argsort(np.vstack([x, y, z]), axis=1), axis=1)
    inverse = np.linalg.inv(np.corrcoef(ranks))
    ranked = prepare_pairs(x, y, covariates=z).block(slice(0, 1))
    assert ranked.estimate.item() == pytest.approx(-inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1]), rel=1e-10)


def test_what_the_covariates_explain_wholly_has_no_correlation() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(1, 12)), rng.normal(size=(2, 12))
    block = prepare_pairs(x, y, covariates=x).block(slice(0, 1))
    assert np.isnan(block.p).all()


def test_constant_rows_and_rows_that_share_too_little_have_no_correlation() -> None:
    x = np.array([[1.0, 2, 3, np.nan, np.nan], [5.0, 5, 5, 5, 5]])
    y = np.array([[np.nan, np.nan, 1.0, 2, 3], [1.0, 3, 2, 4, 5]])
    block = prepare_pairs(x, np.vstack([y, np.full((1, 5), np.nan)])).block(slice(0, 2))
    assert np.isnan(block.p).tolist() == [[True, False, True], [True, True, True]]
    assert np.isnan(block.estimate).tolist() == np.isnan(block.p).tolist()
    assert block.n.tolist() == [[1, 3, 0], [3, 5, 0]]
