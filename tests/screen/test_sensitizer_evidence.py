"""Support from further lines and from the opposite reagent of the same miRNA."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import quiet_scores, with_effect

from sensitome.errors import MethodError, TableError
from sensitome.screen.sensitization import test_sensitization as run_test
from sensitome.screen.sensitizer_evidence import antisymmetry, evidence_over_lines
from sensitome.settings import Treatments

ARMS = Treatments(vehicle="vehicle")


def test_a_sensitizer_in_two_lines_of_three_is_shown_in_two() -> None:
    scores = quiet_scores(reagents=200, replicates=3, lines=("A", "B", "C"))
    for line in ("A", "B"):
        scores = with_effect(scores, "r000", {"T": -1.0}, line)
    table = run_test(scores, treatments=ARMS, method="moderated-t")
    found = evidence_over_lines(table)
    assert found.columns == ["reagent", "kind", "treatment", "n_lines", "p_any", "p_2", "p_3", "q_all", "lines_shown"]
    row = found.filter(reagent="r000").row(0, named=True)
    assert row["lines_shown"] == 2
    assert row["p_any"] <= row["p_2"] < 0.001 < row["p_3"]
    assert (found["lines_shown"] >= 2).sum() <= 3


def test_evidence_needs_p_values() -> None:
    table = run_test(quiet_scores(reagents=60), treatments=ARMS, method="ratio")
    with pytest.raises(MethodError) as error:
        evidence_over_lines(table)
    assert str(error.value) == (
        "evidence over lines needs p-values: found none from 'ratio', expected a method that gives them, such as "
        "'moderated-t'."
    )


def paired_kinds() -> tuple[pl.DataFrame, pl.DataFrame]:
    scores = quiet_scores(reagents=200, replicates=3)
    scores = scores.with_columns(
        kind=pl.when(pl.col("reagent") < "r100").then(pl.lit("mimic")).otherwise(pl.lit("inhibitor"))
    )
    targets = (
        scores.select("reagent", "kind")
        .unique()
        .with_columns(target=pl.format("miR-{}", pl.col("reagent").str.slice(1).cast(pl.Int32) % 100))
    )
    for name, effect in {"r000": -1.0, "r100": 1.0, "r001": -1.0, "r101": -1.0, "r002": -1.0}.items():
        scores = with_effect(scores, name, {"T": effect})
    return run_test(scores, treatments=ARMS, method="moderated-t"), targets


def test_mimic_and_inhibitor_of_one_mirna() -> None:
    table, targets = paired_kinds()
    found = antisymmetry(table, targets=targets)
    assert found.height == 100
    verdicts = dict(found.select("target", "verdict").iter_rows())
    assert verdicts["miR-0"] == "antisymmetric"
    assert verdicts["miR-1"] == "same direction"
    assert verdicts["miR-2"] == "one only"
    assert found["verdict"].value_counts(sort=True)["verdict"][0] == "neither"
    row = found.filter(target="miR-0").row(0, named=True)
    assert (row["mimic"], row["inhibitor"]) == ("r000", "r100")
    assert row["effect"] == pytest.approx(-2.0, abs=0.4)
    assert row["ci_high"] < 0
    assert row["q_value"] < 0.001


def test_targets_without_a_column() -> None:
    table, targets = paired_kinds()
    with pytest.raises(TableError) as error:
        antisymmetry(table, targets=targets.drop("target"))
    assert str(error.value) == "table 'targets' lacks columns: found columns 'reagent' and 'kind', expected 'target'."
