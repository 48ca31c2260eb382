"""One row per candidate, line and arm; every source judged by its rule; what was not measured is missing."""

from __future__ import annotations

import polars as pl
import pytest
from tests.evidence_run import ALONE, DRUGS, FAILED, STRONG, VEHICLE, asked_of, evidence_tables

from sensitome.evidence.gather import SOURCES, Gathered, gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.tables import EVIDENCE_TABLES
from sensitome.tables import check_table

TABLES = evidence_tables()


def gathered(tables: dict[str, pl.DataFrame], **changes: object) -> Gathered:
    candidates = list_candidates(tables, settings=EvidenceSettings(**changes))
    return gather_evidence(tables, asked_of(candidates, **changes))


GATHERED = gathered(TABLES)


def says(support: pl.DataFrame, reagent: str, arm: str) -> dict[str, str]:
    own = support.filter((pl.col("reagent") == reagent) & (pl.col("treatment") == arm))
    return dict(own.select("source", "says").iter_rows())


def row(reagent: str, arm: str) -> dict[str, object]:
    own = GATHERED.evidence.filter((pl.col("reagent") == reagent) & (pl.col("treatment") == arm))
    return own.row(0, named=True)


def test_candidates_are_those_of_the_rule_the_test_and_the_assay() -> None:
    table = list_candidates(TABLES, settings=EvidenceSettings())
    assert table.rows() == [
        (ALONE, "inhibitor", "miR-alone", -1, True, True, False),
        (FAILED, "mimic", "miR-failed", 1, True, True, True),
        (STRONG, "mimic", "miR-strong", 1, True, True, True),
    ]
    assert list_candidates(TABLES, settings=EvidenceSettings(candidates=("validation",)))["reagent"].to_list() == [
        FAILED,
        STRONG,
    ]
    assert list_candidates({}, settings=EvidenceSettings()).is_empty()


def test_a_layout_without_kinds_means_the_reagent_of_the_screen() -> None:
    nameless = {**TABLES, "validation": TABLES["validation"].with_columns(pl.lit("reagent").alias("kind"))}
    assert gathered(nameless).evidence.equals(GATHERED.evidence)


def test_without_a_target_a_reagent_stands_for_itself() -> None:
    tables = {**TABLES, "reagents": TABLES["reagents"].drop("target")}
    assert list_candidates(tables, settings=EvidenceSettings())["target"].to_list() == [ALONE, FAILED, STRONG]
    kinds = EvidenceSettings(raises=("inhibitor",), lowers=())
    assert list_candidates(tables, settings=kinds)["sign"].to_list() == [1, 0, 0]


def test_one_row_tells_everything_in_words() -> None:
    own = row(STRONG, "lapatinib")
    assert own["missing"] == ""
    assert own["n_sources"] == len(SOURCES)
    assert own["summary"] == (
        "Rule of the screen: called by the rule (z −3.4). "
        "Stability of the call: called under 62 % of 96 defensible settings. "
        "Test of the interaction: sensitizer by the test, interaction −0.80 log2 (−1.00 to −0.60), n 2, local rate "
        "0.02. "
        "Effect in the validation: 31 % of the control in this arm, −1.70 log2 (−1.90 to −1.50), q 0.004, n 3. "
        "Interaction in the validation: beyond what reagent and drug do alone −0.70 log2 (−0.90 to −0.50), q 0.004, "
        "n 3. "
        "Excess over Bliss in the validation: 16.5 points more killing than Bliss expects (4.5 to 28.5), q 0.04, n 3. "
        "Proteins: proliferation down (−2.0 SD), apoptosis unchanged; called: KI67 down (3 proteins; 10 % of the "
        "reagents "
        "in this arm read as high). "
        "Answer of its target to the drugs: does not answer (group poor: 0.10 log2 under lapatinib, nominal p 0.4, "
        "8 arrays). "
        "Genes that its target controls: 2 targets, 1 of them observed; some in enriched sets: hit. "
        "Genes that go with its target in patients: 119 of 2,000 genes go with it, 60 up and 59 down. "
        "Tumor stage: shift of −0.70 log2 from stage 1 to 3 (−1.10 to −0.30), trend τ −0.20, q 0.008, n 160. "
        "Survival: hazard ratio 0.55 per SD (0.41 to 0.74) for BCSS, q 0.004, 74 events in 160 patients, surest of "
        "2 tests."
    )


def test_what_was_not_measured_is_missing_and_not_negative() -> None:
    own = row(ALONE, "lapatinib")
    assert own["validation_effect"] is None
    assert own["validation_says"] == "missing"
    assert own["missing"] == (
        "validation, interaction, combination, protein, expression, targets, association, stage, survival"
    )
    without = gathered({name: TABLES[name] for name in ("hits", "reagents")})
    assert set(without.support.filter(pl.col("source") != "screen")["says"]) == {"missing"}
    assert without.evidence.columns == GATHERED.evidence.columns


def test_each_source_takes_sides_by_its_rule() -> None:
    lapatinib = says(GATHERED.support, STRONG, "lapatinib")
    context = dict.fromkeys(("expression", "targets", "association"), "context")
    judged = [name for name in lapatinib if name not in context]
    assert {name: lapatinib[name] for name in context} == context
    assert {lapatinib[name] for name in judged} == {"supports"}
    trastuzumab = says(GATHERED.support, STRONG, "trastuzumab")
    assert trastuzumab["screen"] == trastuzumab["stability"] == trastuzumab["sensitization"] == "unclear"
    assert trastuzumab["validation"] == "supports"
    assert trastuzumab["interaction"] == "contradicts"
    assert trastuzumab["combination"] == "unclear"
    assert says(GATHERED.support, FAILED, "lapatinib")["validation"] == "contradicts"


def test_without_drug_nothing_is_judged() -> None:
    vehicle = says(GATHERED.support, STRONG, VEHICLE)
    assert vehicle["validation"] == vehicle["protein"] == "context"
    assert vehicle["screen"] == vehicle["interaction"] == "missing"


def test_a_share_of_no_setting_is_zero_where_the_screen_was_judged() -> None:
    own = row(STRONG, "trastuzumab")
    assert own["stability_effect"] == 0.0
    assert own["stability_n"] == 96


@pytest.mark.parametrize(
    ("kind", "expected"), [("mimic", "supports"), ("inhibitor", "contradicts"), ("other", "context")]
)
def test_patients_are_read_by_what_the_reagent_does_to_its_target(kind: str, expected: str) -> None:
    named = pl.when(pl.col("reagent") == STRONG).then(pl.lit(kind)).otherwise("kind").alias("kind")
    tables = {name: table.with_columns(named) if "kind" in table.columns else table for name, table in TABLES.items()}
    own = says(gathered(tables).support, STRONG, "lapatinib")
    assert own["stage"] == own["survival"] == expected


def test_patients_who_disagree_take_no_side() -> None:
    bad = TABLES["survival"].with_columns(pl.lit("two").alias("cohort"), -pl.col("effect"))
    own = says(gathered({**TABLES, "survival": pl.concat([TABLES["survival"], bad])}).support, STRONG, "lapatinib")
    assert own["survival"] == "unclear"
    quiet = {**TABLES, "survival": TABLES["survival"].with_columns(pl.lit(0.2).alias("q_value"))}
    assert says(gathered(quiet).support, STRONG, "lapatinib")["survival"] == "unclear"
    assert says(gathered(quiet, by="p_value").support, STRONG, "lapatinib")["survival"] == "supports"


def test_called_proteins_that_point_both_ways_take_no_side() -> None:
    for hits, expected in (
        ("KI67 down; cPARP down", "unclear"),
        ("KI67 up", "contradicts"),
        ("", "unclear"),
        ("AKT/ERK up", "unclear"),
        ("cPARP up", "supports"),
    ):
        readings = TABLES["protein_readings"].with_columns(pl.lit(hits).alias("hits"))
        own = says(gathered({**TABLES, "protein_readings": readings}).support, STRONG, "lapatinib")
        assert own["protein"] == expected


def test_an_untested_context_is_not_negative() -> None:
    tables = {**TABLES, "sensitizers": TABLES["sensitizers"].with_columns(
        pl.lit(False).alias("is_expressed"), pl.lit(False).alias("is_sensitizer"), pl.lit("additive").alias("class")
    )}  # fmt: skip
    assert says(gathered(tables).support, STRONG, "lapatinib")["sensitization"] == "unclear"


def test_of_several_wells_the_called_one_stands() -> None:
    other = TABLES["hits"].with_columns(
        pl.lit("L2:B01").alias("position"), (pl.col("z") - 1).alias("z"), pl.lit(False).alias("is_hit")
    )
    evidence = gathered({**TABLES, "hits": pl.concat([other, TABLES["hits"]])}).evidence
    own = evidence.filter((pl.col("reagent") == STRONG) & (pl.col("treatment") == "lapatinib"))
    assert own.select("screen_is_hit", "screen_z").row(0) == (True, -3.4)


def test_of_two_tests_of_the_assay_the_one_of_replicates_stands() -> None:
    wells = TABLES["validation"].with_columns(
        pl.lit("wells: counted as n").alias("unit"), pl.lit(9, dtype=pl.Int64).alias("n")
    )
    both = {**TABLES, "validation": pl.concat([wells, TABLES["validation"]])}
    assert gathered(both).evidence.equals(GATHERED.evidence)


def test_the_tables_keep_their_schema_whatever_the_order_of_the_rows() -> None:
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=5) for name, table in TABLES.items()}
    again = gathered(shuffled)
    assert again.evidence.equals(GATHERED.evidence)
    assert again.support.equals(GATHERED.support)
    check_table(GATHERED.support, EVIDENCE_TABLES["support"], name="support")
    assert GATHERED.evidence.height == 2 * (len(DRUGS) + 1) + len(DRUGS)
    assert gathered({}).evidence.is_empty()
