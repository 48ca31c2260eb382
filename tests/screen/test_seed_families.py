"""Seed families: who acts together, by the model and against random reagents."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores, with_effect

from sensitome.screen.null_screen import null_table
from sensitome.screen.sensitization import Sensitized, sensitize
from sensitome.screen.sensitizer_evidence import line_evidence
from sensitome.settings import Treatments
from sensitome.tables import TABLES, check_table

ARMS = Treatments(vehicle="vehicle")


def screen_with_a_family(method: str) -> Sensitized:
    scores = quiet_scores(reagents=120, arms=("vehicle", "T", "L"))
    for name in ("r000", "r001", "r002"):
        scores = with_effect(scores, name, {"T": -0.9})
    names = scores["reagent"].unique().sort()
    families = pl.DataFrame({"reagent": names, "kind": "mimic"}).with_row_index("i")
    families = families.with_columns(
        seed_family=pl.when(pl.col("i") < 4)
        .then(pl.lit("AGCACCA"))
        .when(pl.col("i") < 24)
        .then(pl.format("A{}", pl.col("i") // 4))
    )
    return sensitize(scores, treatments=ARMS, method=method, families=families)


@pytest.mark.parametrize("method", ["heb", "moderated-t"])
def test_a_family_that_acts_together_comes_first(method: str) -> None:
    table = screen_with_a_family(method).families
    check_table(table, TABLES["families"], name="families")
    assert table.height == 6
    first = table.row(0, named=True)
    assert (first["seed_family"], first["n_members"], first["n_called"]) == ("AGCACCA", 4, 3)
    assert first["called"] == "r000;r001;r002"
    assert (first["cell_line"], first["treatment"]) == ("A", "T")
    assert first["q_value"] < 0.01
    assert first["effect"] == pytest.approx(-0.9 * 3 / 4, abs=0.2)
    assert table["p_value"][1:].min() > 0.001
    if method == "heb":
        assert first["p_shared"] > 0.9
        assert first["pattern"] == "A: T"
        assert table["p_shared"][1:].max() < 0.2
    else:
        assert table["p_shared"].null_count() == 6


def test_the_fit_tells_what_was_learned() -> None:
    fit = screen_with_a_family("heb").fit
    check_table(fit, TABLES["sensitization_fit"], name="sensitization_fit")
    value = dict(
        fit.filter(pl.col("pattern") == "", pl.col("level") == "", pl.col("treatment") == "")
        .select("quantity", "value")
        .rows()
    )
    assert value["reagents"] == 120
    assert value["noise_sd"] == pytest.approx(0.1, abs=0.02)
    assert 0.005 < value["sensitizers"] < 0.1
    shares = fit.filter(pl.col("quantity") == "pattern_share")
    assert shares["value"].sum() == pytest.approx(1)
    assert shares.sort("value")["pattern"][-1] == "A: T"
    for quantity in ("size_share", "general_weight"):
        assert fit.filter(pl.col("quantity") == quantity)["value"].sum() == pytest.approx(1)
    classes = fit.filter(pl.col("quantity").str.contains("null_weight|sensitizer_weight|antagonist_weight"))
    assert classes["value"].sum() == pytest.approx(1)
    assert fit.filter(pl.col("quantity") == "slope")["treatment"].to_list() == ["vehicle", "L", "T"]


def test_without_families_the_table_is_empty() -> None:
    found = sensitize(quiet_scores(), treatments=ARMS, method="robust-z")
    assert found.families.is_empty()
    assert found.fit.is_empty()
    check_table(found.families, TABLES["families"], name="families")
    check_table(found.fit, TABLES["sensitization_fit"], name="sensitization_fit")


def test_ways_of_calling_are_held_against_the_same_null_screens() -> None:
    screen = planned(2, 1)

    def some(scores: pl.DataFrame) -> pl.DataFrame:
        low = pl.col("score_r1") < -0.5
        return scores.filter(pl.col("role") == "sample").select(called=low.fill_null(value=False))

    table = null_table(
        screen.scores,
        {"rule": some, "none": lambda scores: some(scores).select(called=pl.lit(value=False))},
        treatments=screen.treatments, rounds=3, seed=1,
    )  # fmt: skip
    check_table(table, TABLES["null_calls"], name="null_calls")
    rule, none = table.to_dicts()
    assert rule["calls"] > 0
    assert rule["expected"] > 0
    assert (none["calls"], none["expected"], none["p_value"]) == (0, 0.0, 1.0)


def test_one_replicate_makes_no_null_screen_and_says_so() -> None:
    scores = quiet_scores(replicates=1)
    way = {"rule": lambda table: table.select(called=pl.lit(value=True))}
    row = null_table(scores, way, treatments=ARMS, rounds=3, seed=1).row(0, named=True)
    assert row["calls"] == 1
    assert row["expected"] is None
    assert row["remark"] == (
        "a null screen cannot be made from one replicate: found 1 replicate, expected two replicates or more: what "
        "they share is taken for real."
    )


def test_lines_are_counted_whatever_the_test() -> None:
    scores = quiet_scores(reagents=80, replicates=3, lines=("A", "B"))
    scores = with_effect(scores, "r000", {"T": -1.0})
    found = sensitize(scores, treatments=ARMS, method="heb").sensitizers
    table = line_evidence(found, scores, treatments=ARMS)
    check_table(table, TABLES["line_evidence"], name="line_evidence")
    assert table["method"].unique().to_list() == ["moderated-t"]
    assert table.filter(reagent="r000")["lines_shown"].to_list() == [2]
    one_line = quiet_scores(reagents=80)
    found = sensitize(one_line, treatments=ARMS, method="robust-z").sensitizers
    assert line_evidence(found, one_line, treatments=ARMS).is_empty()
