"""Scores: technical wells, replicates, standardization; and cellHTS2's on a whole screen."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from sensitome.errors import ControlError
from sensitome.screen.score import score
from sensitome.settings import ScoreSettings


def choose(**options: object) -> ScoreSettings:
    defaults = {"unit": "reagent", "standardize": "none", "summary": "mean"}
    return ScoreSettings.model_validate({**defaults, **options})


def wells(*rows: tuple[str, str, int, float | None], role: str = "sample") -> pl.DataFrame:
    """Wells of one arm: reagent, well, replicate, normalized value."""
    return pl.DataFrame(
        {
            "reagent": [row[0] for row in rows],
            "well": [row[1] for row in rows],
            "replicate": [row[2] for row in rows],
            "normalized": [row[3] for row in rows],
        },
        schema_overrides={"normalized": pl.Float64},
    ).with_columns(
        pl.lit("L1").alias("library_plate"),
        pl.lit("A").alias("cell_line"),
        pl.lit("T").alias("treatment"),
        pl.lit("mimic").alias("kind"),
        pl.lit(role).alias("role"),
        pl.lit(None, pl.String).alias("control_class"),
    )


def test_technical_wells_are_averaged_before_replicates_are_summarized() -> None:
    table = score(wells(("a", "A01", 1, 1.0), ("a", "A02", 1, 3.0), ("a", "A01", 2, 5.0)), settings=choose())
    assert table.select("score", "n", "n_wells", "score_r1", "score_r2").row(0) == (3.5, 2, 3, 2.0, 5.0)
    assert table["position"].to_list() == ["L1:A01;L1:A02"]


def test_wells_can_be_kept_apart() -> None:
    table = score(wells(("a", "A01", 1, 1.0), ("a", "A02", 1, 3.0)), settings=choose(unit="well"))
    assert table.select("position", "score").rows() == [("L1:A01", 1.0), ("L1:A02", 3.0)]


def test_missing_replicates_are_left_out_and_counted() -> None:
    table = score(wells(("a", "A01", 1, None), ("a", "A01", 2, 4.0), ("b", "A02", 1, None)), settings=choose())
    assert table.select("reagent", "score", "n", "n_wells").rows() == [("a", 4.0, 1, 1), ("b", None, 0, 0)]


def test_excluded_and_empty_wells_have_no_score() -> None:
    assert score(wells(("a", "A01", 1, 1.0), role="excluded"), settings=choose()).height == 0


def test_wells_that_the_normalization_left_uncorrected_have_no_score() -> None:
    table = wells(("a", "A01", 1, 1.0), ("b", "A02", 1, 17.0)).with_columns(
        pl.Series("flags", ["", "extrapolated;uncorrected"])
    )
    assert score(table, settings=choose())["reagent"].to_list() == ["a"]


def test_zscore_is_over_the_samples_of_the_replicate() -> None:
    table = score(
        wells(("a", "A01", 1, 1.0), ("b", "A02", 1, 2.0), ("c", "A03", 1, 5.0)),
        settings=choose(standardize="zscore", sign="-"),
    )
    np.testing.assert_allclose(table["score"], [1 / 1.4826, 0.0, -3 / 1.4826])


def test_npi_is_zero_at_positives_and_one_at_negatives() -> None:
    table = pl.concat(
        [
            wells(("s", "A01", 1, 5.0)),
            wells(("p", "A02", 1, 0.0), role="positive"),
            wells(("n", "A03", 1, 10.0), role="negative"),
        ]
    )
    answer = score(table, settings=choose(standardize="npi"))
    assert dict(answer.select("reagent", "score").rows()) == {"n": 1.0, "p": -0.0, "s": 0.5}


def test_an_arm_that_cannot_be_standardized_is_named() -> None:
    message = (
        "replicates cannot be standardized by 'npi'. Mark the controls in the library, or set score.standardize = "
        "\"none\".\n  positive and negative controls that differ in cell line 'A', treatment 'T', replicate 1."
    )
    with pytest.raises(ControlError, match=f"^{re.escape(message)}$"):
        score(wells(("s", "A01", 1, 5.0)), settings=choose(standardize="npi"))


def test_the_order_of_rows_does_not_change_a_bit() -> None:
    rng = np.random.default_rng(4)
    rows = [(f"r{i % 40}", f"A{1 + i // 40:02d}", 1 + i % 3, float(rng.normal())) for i in range(720)]
    table = wells(*rows).with_columns(pl.concat_str("well", pl.col("replicate").cast(pl.String)).alias("well"))
    straight = score(table, settings=choose())
    assert score(table.sample(fraction=1.0, shuffle=True, seed=1), settings=choose()).equals(straight)
