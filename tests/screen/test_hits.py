"""The paper's rule on score tables, against a screen small enough to compute by hand."""

from __future__ import annotations

import re
import statistics

import polars as pl
import pytest

from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.io.study_file import read_preset
from sensitome.screen.funnel import count_funnel
from sensitome.screen.hits import call_hits
from sensitome.settings import HitSettings, Treatments

RULE = HitSettings(**read_preset("normann2021")["hits"])
ARMS = Treatments(vehicle="vehicle")
#: A hundred quiet reagents, so that a strong one stands more than 3 SD out.
QUIET = [round(0.04 * ((7 * i) % 11 - 5), 2) for i in range(100)]


def screen(special: dict[str, dict[tuple[str, str], float]]) -> pl.DataFrame:
    """Scores of two lines × vehicle and two drugs: quiet reagents, and special ones with their own effects."""
    contexts = [(line, arm) for line in ("A", "B") for arm in ("vehicle", "T", "L")]
    rows = [
        {"reagent": f"q{i:03d}", "kind": "mimic", "cell_line": line, "treatment": arm, "score": value}
        for i, value in enumerate(QUIET)
        for line, arm in contexts
    ]
    rows += [
        {
            "reagent": name,
            "kind": "inhibitor" if name.startswith("inh") else "mimic",
            "cell_line": line,
            "treatment": arm,
            "score": effects.get((line, arm), 0.0),
        }
        for name, effects in special.items()
        for line, arm in contexts
    ]
    return pl.DataFrame(rows).with_columns(
        pl.lit("L1:A01").alias("position"),
        pl.lit("sample").alias("role"),
        pl.col("score").alias("score_r1"),
        pl.lit(1, pl.Int32).alias("n"),
    )


SPECIAL = {
    "both_arms": {("A", "T"): -3.0, ("A", "L"): -3.0},
    "one_arm": {("A", "T"): -3.0},
    "toxic": {("A", "vehicle"): -3.0, ("A", "T"): -3.0},
    "both_lines": {("A", "L"): -3.0, ("B", "L"): -3.0},
    "gain": {("A", "T"): 3.0},
    "inh_expressed": {("B", "T"): -3.0},
    "inh_silent": {("B", "T"): -3.0},
}
EXPRESSED = pl.DataFrame(
    {"target": ["inh_expressed", "inh_silent"], "cell_line": ["B", "A"], "expressed": [True, True]}
)


def call(special: dict[str, dict[tuple[str, str], float]] = SPECIAL, **changes: object) -> pl.DataFrame:
    return call_hits(screen(special), settings=RULE.model_copy(update=changes), treatments=ARMS, expressed=EXPRESSED)


def hits_of(table: pl.DataFrame) -> set[tuple[str, str, str]]:
    return set(table.filter("is_hit").select("reagent", "cell_line", "treatment").iter_rows())


def test_the_rule_by_hand() -> None:
    table = call()
    assert hits_of(table) == {
        ("both_arms", "A", "T"),
        ("both_arms", "A", "L"),
        ("one_arm", "A", "T"),
        ("both_lines", "A", "L"),
        ("both_lines", "B", "L"),
        ("inh_expressed", "B", "T"),
    }
    candidates = set(table.filter(pl.col("is_hit") & pl.col("is_candidate"))["reagent"])
    assert candidates == {"both_arms", "both_lines"}


def test_center_spread_and_z_by_hand() -> None:
    row = call().row(
        by_predicate=(pl.col("reagent") == "one_arm") & (pl.col("treatment") == "T") & (pl.col("cell_line") == "A"),
        named=True,
    )
    group = [*QUIET, -3.0, -3.0, -3.0, 0.0, 3.0, 0.0, 0.0]
    assert row["center"] == pytest.approx(statistics.median(group), abs=1e-12)
    assert row["spread"] == pytest.approx(statistics.stdev(group), abs=1e-12)
    assert row["threshold"] == pytest.approx(statistics.median(group) - 3 * statistics.stdev(group), abs=1e-12)
    assert row["z"] == pytest.approx((-3.0 - statistics.median(group)) / statistics.stdev(group), abs=1e-12)


def test_every_row_says_why() -> None:
    reasons = {
        (row["reagent"], row["cell_line"], row["treatment"]): row["reason"] for row in call().iter_rows(named=True)
    }
    assert reasons["one_arm", "A", "T"] == "hit: more than 3 SD below the median"
    assert reasons["one_arm", "B", "T"] == "not more than 3 SD below the median"
    assert reasons["toxic", "A", "T"].startswith("has an effect without drug (z = -")
    assert reasons["inh_silent", "B", "T"] == "its target is not expressed in untreated cells"


def test_a_reagent_without_a_vehicle_reading_is_not_a_hit_and_says_so() -> None:
    scores = screen(SPECIAL).with_columns(
        pl.when((pl.col("reagent") == "one_arm") & (pl.col("treatment") == "vehicle"))
        .then(None)
        .otherwise("score")
        .alias("score")
    )
    table = call_hits(scores, settings=RULE, treatments=ARMS, expressed=EXPRESSED)
    row = table.filter((pl.col("reagent") == "one_arm") & (pl.col("cell_line") == "A") & (pl.col("treatment") == "T"))
    assert row["is_hit"].to_list() == [False]
    assert row["is_quiet"].to_list() == [None]
    assert row["reason"].to_list() == ["no reading without drug, so an effect of its own cannot be excluded"]


@pytest.mark.parametrize(
    ("change", "gained", "lost"),
    [
        ({"exclusion": "off"}, {("toxic", "A", "T")}, set()),
        ({"expression": "off"}, {("inh_silent", "B", "T")}, set()),
        ({"expression": "any-line"}, {("inh_silent", "B", "T")}, set()),
        ({"exclusion_lines": "any"}, set(), set()),
        ({"tail": "high"}, {("gain", "A", "T")}, "all"),
    ],
)
def test_each_open_choice_changes_what_it_says(change: dict[str, str], gained: set, lost: set | str) -> None:
    before, after = hits_of(call()), hits_of(call(**change))
    assert after - before == gained
    assert before - after == (before if lost == "all" else lost)


def test_replicates_can_be_asked_to_agree() -> None:
    scores = screen(SPECIAL).with_columns(
        pl.when(pl.col("reagent") == "one_arm").then(0.0).otherwise("score").alias("score_r2"),
    )

    def called(how: str) -> set[tuple[str, str, str]]:
        rule = RULE.model_copy(update={"replicates": how})
        return hits_of(call_hits(scores, settings=rule, treatments=ARMS, expressed=EXPRESSED))

    assert ("one_arm", "A", "T") in called("any")
    assert ("one_arm", "A", "T") not in called("all")
    assert ("one_arm", "A", "T") not in called("majority")
    assert ("both_arms", "A", "T") in called("all")


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = screen(SPECIAL).sample(fraction=1.0, shuffle=True, seed=5)
    again = call_hits(shuffled, settings=RULE, treatments=ARMS, expressed=EXPRESSED)
    assert again.equals(call())


def test_the_funnel_names_who_remains_and_who_leaves() -> None:
    funnel = count_funnel(call(), treatments=ARMS)
    assert funnel["n_reagents"].to_list() == [107, 6, 5, 4, 2]
    assert funnel["left_out"].to_list()[2:] == [
        "toxic (mimic)",
        "inh_silent (inhibitor)",
        "inh_expressed (inhibitor);one_arm (mimic)",
    ]
    assert funnel["by_kind"].to_list()[0] == "105 mimics, 2 inhibitors"


def test_an_unknown_vehicle_is_refused_with_the_arms() -> None:
    message = (
        "an arm that the study speaks of is not in the screen in treatments: found 'vehicel', "
        "expected 'L', 'T' or 'vehicle'. Did you mean 'vehicle'?"
    )
    with pytest.raises(LayoutError, match=f"^{re.escape(message)}$"):
        call_hits(screen({}), settings=RULE, treatments=Treatments(vehicle="vehicel"), expressed=EXPRESSED)


def test_exclusion_2_without_a_table_of_expressed_targets_is_refused() -> None:
    message = (
        "exclusion 2 needs to know which targets the untreated cells express: found neither inputs.expressed nor "
        "inputs.arrays, expected a table with target, cell_line, expressed, or arrays of untreated cells. Name one in "
        'study.toml, or set hits.expression = "off".'
    )
    with pytest.raises(MethodError, match=f"^{re.escape(message)}$"):
        call_hits(screen(SPECIAL), settings=RULE, treatments=ARMS)


def test_a_screen_of_one_arm_calls_losses_and_says_that_it_does() -> None:
    scores = screen({"strong": {("A", "T"): -3.0}}).filter(pl.col("treatment") == "T")
    with pytest.warns(Caution, match="^a screen without a vehicle arm: expected an arm without drug"):
        table = call_hits(scores, settings=RULE, treatments=Treatments())
    assert hits_of(table) == {("strong", "A", "T")}
    assert table["vehicle_score"].null_count() == table.height


def test_2_9_sd_alone_and_3_1_sd_with_drug_passes_the_papers_rule() -> None:
    """A difference of significances is not a significant difference; the rule calls it all the same."""
    spread = statistics.stdev([*QUIET, 0.0])
    special = {"near": {("A", "vehicle"): -3.0 * spread, ("A", "T"): -3.3 * spread}}
    row = call(special).filter(
        (pl.col("reagent") == "near") & (pl.col("treatment") == "T") & (pl.col("cell_line") == "A")
    )
    assert row["is_hit"].item()
    assert row["vehicle_z"].item() == pytest.approx(-2.87, abs=0.05)
    assert row["z"].item() == pytest.approx(-3.14, abs=0.05)
