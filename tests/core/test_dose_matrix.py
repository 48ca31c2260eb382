from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.dose_matrix import (
    bliss_matrix,
    curve_values,
    fit_curves,
    hsa_matrix,
    loewe_matrix,
    zip_matrix,
)

DOSE = np.array([0, 0.1, 0.3, 1, 3, 10, 30])


def matrix(case: pl.DataFrame, column: str) -> np.ndarray:
    wide = case.pivot(on="dose_two", index="dose_one", values=column).sort("dose_one")
    return wide.drop("dose_one").to_numpy().astype(np.float64)


def test_scores_and_curves_equal_r(oracle: Path) -> None:
    scores = pl.read_csv(oracle / "dose_matrix" / "scores.csv")
    curves = pl.read_csv(oracle / "dose_matrix" / "curves.csv")
    for case in scores.partition_by("case", maintain_order=True):
        y = matrix(case, "response")
        own = curves.filter(pl.col("case") == case["case"][0]).select("low", "high", "half", "slope").to_numpy()
        fitted = fit_curves(DOSE, np.stack([y[:, 0], y[0]]))
        np.testing.assert_allclose(np.array(fitted).T, own, atol=1e-5)
        np.testing.assert_allclose(bliss_matrix(y), matrix(case, "bliss"), atol=1e-10)
        np.testing.assert_allclose(hsa_matrix(y), matrix(case, "hsa"), atol=1e-10)
        np.testing.assert_allclose(zip_matrix(DOSE, DOSE, y), matrix(case, "zip"), atol=1e-5)
        np.testing.assert_allclose(loewe_matrix(DOSE, DOSE, y), matrix(case, "loewe"), atol=1e-5)


def test_a_drug_with_itself_is_additive_for_loewe_and_synergistic_for_hsa() -> None:
    def effect(x: np.ndarray) -> np.ndarray:
        return 90 * x**1.5 / (x**1.5 + 2**1.5)

    y = effect(DOSE[:, None] + DOSE[None, :])
    np.testing.assert_allclose(loewe_matrix(DOSE, DOSE, y), 0, atol=1e-3)
    assert hsa_matrix(y)[1:, 1:].min() >= 0


def test_independent_drugs_score_zero_for_bliss_and_zip() -> None:
    one, two = 80 * DOSE / (DOSE + 1), 95 * DOSE**2 / (DOSE**2 + 4)
    y = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    np.testing.assert_allclose(bliss_matrix(y), 0, atol=1e-9)
    # The fit along a drug with a start above zero is that drug's own curve, squeezed into what the other leaves.
    np.testing.assert_allclose(zip_matrix(DOSE, DOSE, y), 0, atol=1e-3)


def test_exchanging_the_drugs_turns_the_matrix() -> None:
    rng = np.random.default_rng(2)
    y = np.add.outer(40 * DOSE / (DOSE + 1), 40 * DOSE / (DOSE + 3)) + rng.normal(0, 1, (7, 7))
    for score in (zip_matrix, loewe_matrix):
        np.testing.assert_allclose(score(DOSE, DOSE, y), score(DOSE, DOSE, y.T.copy()).T, atol=1e-4)
    np.testing.assert_allclose(bliss_matrix(y), bliss_matrix(y.T).T)


def test_a_flat_response_has_a_flat_curve() -> None:
    curves = fit_curves(DOSE, np.full((1, 7), 5.0))
    np.testing.assert_allclose(curve_values(curves, DOSE), 5.0, atol=1e-6)


def test_real_matrices_are_scored_as_their_definitions_say(shared: Path) -> None:
    table = pl.read_csv(shared / "data" / "screens" / "synergyfinder" / "mathews_screening_data.tsv.gz", separator="\t")
    for block in table.partition_by("block_id", maintain_order=True):
        wide = block.pivot(on="conc_c", index="conc_r", values="response").sort("conc_r")
        columns = sorted((name for name in wide.columns if name != "conc_r"), key=float)
        inhibition = 100 - wide.select(columns).to_numpy()
        one, two = wide["conc_r"].to_numpy().astype(np.float64), np.array([float(name) for name in columns])
        bliss, zero = bliss_matrix(inhibition), zip_matrix(one, two, inhibition)
        loewe = loewe_matrix(one, two, inhibition)
        assert np.isfinite(zero).all()
        assert np.isfinite(loewe).all()
        expected = inhibition[1, 0] + inhibition[0, 1] - inhibition[1, 0] * inhibition[0, 1] / 100
        assert bliss[1, 1] == pytest.approx(inhibition[1, 1] - expected)
        # ZIP smooths Bliss: over a matrix they agree in direction.
        assert np.corrcoef(bliss[1:, 1:].ravel(), zero[1:, 1:].ravel())[0, 1] > 0.5
