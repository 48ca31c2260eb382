"""Normalization of well tables: against R on one plate, and what must not change it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import Caution, ControlError, MethodError
from sensitome.screen.methods import METHODS
from sensitome.screen.normalize import normalize
from sensitome.settings import Method, NormalizeSettings

ROLE = {"sample": "sample", "neg": "negative", "pos": "positive", "empty": "empty"}


@pytest.fixture(scope="module")
def plate(oracle: Path) -> pl.DataFrame:
    """The plate on which R's answers were recorded, as a well table, beside those answers."""
    table = pl.read_csv(oracle / "plate384" / "plate384_reference.csv", null_values="NA", infer_schema_length=None)
    return table.rename({"col": "column", "raw": "signal"}).with_columns(
        pl.lit("P1").alias("plate"),
        pl.lit(0).alias("order"),
        pl.lit("L1").alias("library_plate"),
        pl.lit("A").alias("cell_line"),
        pl.lit("vehicle").alias("treatment"),
        pl.lit(1).alias("replicate"),
        pl.lit(None, pl.String).alias("batch"),
        pl.col("anno").replace_strict(ROLE).alias("role"),
        pl.lit("").alias("flags"),
        pl.col("signal").cast(pl.Float64),
    )


#: These leave readings as they are, or have no value where no sample shares the row or column.
NO_CONTROLS = ("none", "cellhts2-loess-2007", "bscore-synlet", "bscore-rnaither", "r-score")


def choose(method: str, scale: str = "log2", **options: object) -> NormalizeSettings:
    return NormalizeSettings.model_validate({"method": method, "scale": scale, **options})


ORACLE = [
    ("median_mult_log", choose("median"), "normalized", 1e-9),
    ("median_mult", choose("median", "raw"), "normalized", 1e-9),
    ("mean_log", choose("mean"), "normalized", 1e-9),
    ("shorth_log", choose("shorth"), "normalized", 1e-9),
    ("negatives_log", choose("negatives"), "normalized", 1e-9),
    ("POC", choose("poc", "raw"), "normalized", 1e-9),
    ("NPI", choose("npi", "raw"), "normalized", 1e-9),
    ("robust_z", choose("robust-z"), "normalized", 1e-9),
    ("robust_z", choose("median", variance="plate"), "normalized", 1e-9),
    ("bscore_resid_log", choose("bscore-cellhts2"), "normalized", 1e-9),
    ("bscore_byPlate", choose("bscore-cellhts2", variance="plate"), "normalized", 1e-9),
    ("loess_hist", choose("cellhts2-loess-2007", span=0.6), "normalized", 1e-9),
    ("loess_hist_pred", choose("cellhts2-loess-2007", span=0.6), "fitted", 1e-9),
    ("locfit_default_pred", choose("cellhts2-locfit", span=0.7), "fitted", 1e-6),
    ("locfit_nn06_pred", choose("cellhts2-locfit", span=0.6), "fitted", 1e-6),
]


@pytest.mark.parametrize(
    ("column", "how", "where", "tolerance"), ORACLE, ids=[f"{row[0]}-{row[1].method}" for row in ORACLE]
)
def test_the_answers_are_those_of_r(
    plate: pl.DataFrame, column: str, how: NormalizeSettings, where: str, tolerance: float
) -> None:
    answer = normalize(plate, settings=how)
    ours, theirs = (answer[name].cast(pl.Float64).to_numpy() for name in (where, column))
    known = np.isfinite(theirs)
    assert known.sum() > 300
    np.testing.assert_allclose(ours[known], theirs[known], atol=tolerance, rtol=tolerance)


def test_every_method_of_the_settings_has_a_record_and_the_reverse() -> None:
    assert set(get_args(Method)) == set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_controls_are_on_the_scale_of_the_samples_after_any_method_but_the_historic_one(
    plate: pl.DataFrame, method: str
) -> None:
    """cellHTS2's loess of 2007 left wells outside the samples' rows and columns at their raw level."""
    if "log2" not in METHODS[method].scales or method in NO_CONTROLS:
        pytest.skip(
            "this method works on raw readings, leaves readings as they are, or scores no well beyond the samples"
        )
    answer = normalize(plate, settings=choose(method))
    median = answer.group_by("role").agg(pl.col("normalized").median()).sort("role")
    middle = dict(median.iter_rows())
    spread = answer.filter(pl.col("role") == "sample")["normalized"].std()
    assert abs(middle["negative"] - middle["sample"]) < 5 * spread


def test_the_historic_loess_marks_what_it_leaves_uncorrected(plate: pl.DataFrame) -> None:
    answer = normalize(plate, settings=choose("cellhts2-loess-2007", span=0.6))
    left = answer.filter(pl.col("flags").str.contains("uncorrected"))
    assert set(left["role"]) == {"negative", "positive"}
    np.testing.assert_allclose(left["normalized"], left["log2_signal"])


def test_extrapolated_wells_are_flagged(plate: pl.DataFrame) -> None:
    answer = normalize(plate, settings=choose("stats-loess"))
    outside = answer.filter(pl.col("flags").str.contains("extrapolated"))
    assert set(outside["column"]) == {1, 2, 23, 24}


def test_the_order_of_rows_and_the_number_of_threads_do_not_matter(plate: pl.DataFrame) -> None:
    plates = pl.concat(
        [plate.with_columns(pl.lit(f"P{i}").alias("plate"), pl.lit(i).alias("order")) for i in range(70)]
    )
    how = choose("stats-loess")
    straight = normalize(plates, settings=how, jobs=1)
    shuffled = plates.with_row_index("was").sample(fraction=1.0, shuffle=True, seed=2)
    again = normalize(shuffled, settings=how, jobs=3).sort("was").drop("was")
    assert again["normalized"].equals(straight["normalized"])


@given(shift=st.floats(-3, 3))
@settings(max_examples=10, deadline=None)
def test_a_plate_shift_leaves_normalized_values_unchanged(shift: float) -> None:
    rng = np.random.default_rng(7)
    wells = _flat_plate(rng)
    moved = wells.with_columns(pl.col("signal") * 2.0**shift)
    # The variance components of blup are nearly collinear on a single plate, so rounding reaches its fourth digit.
    tolerances = {
        "median": 1e-10,
        "stats-loess": 1e-10,
        "bscore-cellhts2": 1e-10,
        "cellhts2-locfit": 1e-10,
        "blup": 1e-3,
    }
    for method, tolerance in tolerances.items():
        before = normalize(wells, settings=choose(method))["normalized"].to_numpy()
        after = normalize(moved, settings=choose(method))["normalized"].to_numpy()
        np.testing.assert_allclose(after, before, atol=tolerance)


def test_zero_and_negative_readings_are_marked_and_told(plate: pl.DataFrame) -> None:
    spoiled = plate.with_columns(
        pl.when(pl.col("well") == "D10")
        .then(0.0)
        .when(pl.col("well") == "D11")
        .then(-5.0)
        .otherwise("signal")
        .alias("signal")
    )
    with pytest.warns(
        Caution, match=re.escape("zero or negative readings have no logarithm in 1 plates ('P1'): found 2 wells.")
    ):
        answer = normalize(spoiled, settings=choose("median"))
    marked = answer.filter(pl.col("flags") == "not_positive")
    assert marked["well"].to_list() == ["D10", "D11"]
    assert marked["normalized"].null_count() == 2


def test_plates_without_the_controls_that_a_method_needs_are_all_named(plate: pl.DataFrame) -> None:
    none = plate.with_columns(
        pl.when(pl.col("role") == "negative").then(pl.lit("sample")).otherwise("role").alias("role")
    )
    plates = pl.concat([none, none.with_columns(pl.lit("P2").alias("plate"))])
    message = (
        "the method 'negatives' cannot work on some plates. Mark the controls in the library, leave the plates out, or "
        "choose another method.\n"
        "  at least one negative control with a reading on plate 'P1'.\n"
        "  at least one negative control with a reading on plate 'P2'."
    )
    with pytest.raises(ControlError, match=f"^{re.escape(message)}$"):
        normalize(plates, settings=choose("negatives"))


def test_a_method_that_needs_raw_readings_refuses_log2() -> None:
    message = "the method 'poc' does not work on this scale in normalize.scale: found 'log2', expected 'raw'."
    with pytest.raises(MethodError, match=f"^{re.escape(message)}$"):
        normalize(pl.DataFrame(), settings=choose("poc"))


def test_position_effects_within_one_library_are_refused(plate: pl.DataFrame) -> None:
    with pytest.raises(MethodError, match=r"^position effects over plates would take the reagents away"):
        normalize(plate, settings=choose("median", well_effects=True))


def test_pandas_frames_are_accepted(plate: pl.DataFrame) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert isinstance(plate.to_pandas(), pandas.DataFrame)
    answer = normalize(plate.to_pandas(), settings=choose("median"))
    assert answer["normalized"].equals(normalize(plate, settings=choose("median"))["normalized"])


def _flat_plate(rng: np.random.Generator) -> pl.DataFrame:
    rows, columns = np.divmod(np.arange(96), 12)
    return pl.DataFrame(
        {
            "plate": "P1",
            "order": 0,
            "library_plate": "L1",
            "cell_line": "A",
            "treatment": "vehicle",
            "replicate": 1,
            "batch": "1",
            "row": rows + 1,
            "column": columns + 1,
            "role": "sample",
            "signal": 2.0 ** (15 + 0.1 * rows + rng.normal(0, 0.2, 96)),
            "flags": "",
        }
    )
