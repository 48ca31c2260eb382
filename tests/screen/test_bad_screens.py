"""Screens that cannot be tested, or only with care: every case has its words, whatever the test."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import quiet_scores

from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.screen.sensitization import sensitize
from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS
from sensitome.settings import Treatments

ARMS = Treatments(vehicle="vehicle")
UNGROUPED = [name for name, record in SENSITIZATION_METHODS.items() if not record.needs_groups and name != "pi-score"]


def shifted(by: float) -> pl.DataFrame:
    """A drug arm that is the vehicle, moved by a constant."""
    vehicle = quiet_scores(replicates=3).filter(treatment="vehicle")
    names = [f"score_r{number}" for number in (1, 2, 3)]
    drug = vehicle.with_columns(pl.lit("T").alias("treatment"), *(pl.col(name) + by for name in names))
    return pl.concat([vehicle, drug])


@pytest.mark.parametrize("method", UNGROUPED)
def test_a_constant_interaction_is_refused_by_every_test(method: str) -> None:
    with pytest.raises(MethodError) as error:
        sensitize(shifted(0.0), treatments=ARMS, method=method)
    assert str(error.value) == (
        f"interactions cannot be judged by {method!r}: they do not vary. Check that the arms hold different plates, "
        "and that the readings are not rounded away.\n"
        "  interactions that vary between reagents in A, T."
    )


def test_a_shifted_arm_is_refused_and_a_shifted_arm_with_noise_is_told() -> None:
    with pytest.warns(Caution, match="the drug changes the typical reagent"), pytest.raises(MethodError):
        sensitize(shifted(-1.0), treatments=ARMS, method="heb")
    moved = quiet_scores().with_columns(
        pl.when(pl.col("treatment") == "T").then(pl.col(name) - 1.0).otherwise(name).alias(name)
        for name in ("score_r1", "score_r2")
    )
    with pytest.warns(Caution) as caught:
        sensitize(moved, treatments=ARMS, method="moderated-t")
    text = str(caught[0].message)
    assert text.startswith("the drug changes the typical reagent: found -1.0")
    assert text.endswith(
        " log2 with T in A, expected within 0.25 log2. Effects are measured from the typical reagent of each plate: "
        "check that all were normalized."
    )


def test_a_line_with_one_plate() -> None:
    """Its only plate is one of the vehicle."""
    scores = quiet_scores(lines=("A", "B")).filter((pl.col("cell_line") == "A") | (pl.col("treatment") == "vehicle"))
    with pytest.raises(LayoutError) as error:
        sensitize(scores, treatments=ARMS)
    assert str(error.value) == (
        "cell lines without vehicle or drug.\n"
        "  column treatment: found 'vehicle', expected a drug arm in cell line 'B' too. Measure it, or leave the line "
        "out."
    )


@pytest.mark.parametrize("method", ["heb", "moderated-t", "robust-z"])
def test_a_line_with_few_reagents_is_tested_with_the_others(method: str) -> None:
    few = quiet_scores(reagents=30, seed=8).with_columns(cell_line=pl.lit("B"))
    found = sensitize(pl.concat([quiet_scores(), few]), treatments=ARMS, method=method).sensitizers
    assert found.filter(pl.col("effect").is_not_null()).height == 90
    assert not found["is_sensitizer"].any()


@pytest.mark.parametrize("method", ["heb", "mash", "ash", "moderated-t", "robust-z", "drugz"])
def test_a_replicate_missing_in_one_arm_is_told_and_the_rest_is_used(method: str) -> None:
    scores = quiet_scores(arms=("vehicle", "T", "L")).with_columns(
        score_r2=pl.when(pl.col("treatment") == "L").then(None).otherwise("score_r2")
    )
    with pytest.warns(Caution) as caught:
        found = sensitize(scores, treatments=ARMS, method=method).sensitizers
    assert str(caught[0].message) == (
        "arms with other replicates than their vehicle: found L in A has replicates 1, the vehicle 1, 2. Paired "
        "contrasts use the replicates that both have."
    )
    assert dict(found.select("treatment", "n").unique().rows()) == {"L": 1, "T": 2}


def without_a_replicate(scores: pl.DataFrame, arm: str, column: str) -> pl.DataFrame:
    """Scores in which an arm lacks a replicate."""
    return scores.with_columns(pl.when(pl.col("treatment") == arm).then(None).otherwise(column).alias(column))


@pytest.mark.parametrize("method", ["paired-t", "replicate-contrast"])
def test_an_arm_of_one_replicate_is_named_where_others_have_two(method: str) -> None:
    scores = without_a_replicate(quiet_scores(arms=("vehicle", "T", "L")), "L", "score_r2")
    with pytest.warns(Caution) as caught:
        found = sensitize(scores, treatments=ARMS, method=method).sensitizers
    record = SENSITIZATION_METHODS[method]
    assert str(caught[1].message) == (
        f"arms that {method!r} ({record.title}) cannot judge: found L in A, expected {record.needs}. Their contexts "
        "are undetermined; methods that need no replicates: heb, mash, robust-z."
    )
    assert found.filter(pl.col("p_value").is_not_null())["treatment"].unique().to_list() == ["T"]
    assert found.filter(treatment="L")["class"].unique().to_list() == ["undetermined"]


def test_an_arm_that_lacks_one_of_three_replicates_is_tested_against_its_own_contrasts() -> None:
    scores = without_a_replicate(quiet_scores(replicates=3, arms=("vehicle", "T", "L")), "L", "score_r3")
    with pytest.warns(Caution, match="other replicates"):
        found = sensitize(scores, treatments=ARMS, method="replicate-contrast").sensitizers
    p = found.filter(treatment="L")["p_value"]
    assert p.null_count() == 0
    assert 0.3 < p.mean() < 0.7


def test_one_replicate_of_one_drug_in_one_line_is_too_little_for_mash() -> None:
    with pytest.raises(MethodError) as error:
        sensitize(quiet_scores(replicates=1), treatments=ARMS, method="mash")
    assert str(error.value) == (
        "this design does not support 'mash' (contexts of a reagent together, with the vehicle in common): found one "
        "replicate of one drug in one cell line, expected two replicates, or two contexts; with one replicate effects "
        "that one bad well could imitate are not called. Choose another method."
    )


def test_an_arm_without_a_reading() -> None:
    empty = [
        pl.when(pl.col("treatment") == "T").then(None).otherwise(name).alias(name) for name in ("score_r1", "score_r2")
    ]
    with pytest.raises(MethodError) as error:
        sensitize(quiet_scores().with_columns(empty), treatments=ARMS)
    assert "found 0 replicates of vehicle and drug" in str(error.value)
