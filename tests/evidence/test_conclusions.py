"""The conclusion on every candidate: its verdict, its weakest link, and what missing sources may not do."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evidence_run import ALONE, FAILED, STRONG, asked_of, evidence_tables

from sensitome.evidence.conclude import add_verdicts, conclude
from sensitome.evidence.gather import gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.tables import EVIDENCE_TABLES
from sensitome.evidence.verdicts import NEGATIVE
from sensitome.tables import check_table

TABLES = evidence_tables()


def concluded(tables: dict[str, pl.DataFrame], **changes: object) -> pl.DataFrame:
    asked = asked_of(list_candidates(TABLES, settings=EvidenceSettings()), **changes)
    return conclude(gather_evidence(tables, asked).support, asked)


CONCLUSIONS = concluded(TABLES)


def test_the_strongest_comes_first_and_says_why() -> None:
    assert CONCLUSIONS.select("reagent", "verdict", "cell_line", "treatment").rows() == [
        (STRONG, "strong", "KPL4", "lapatinib"),
        (ALONE, "suggestive", "KPL4", "lapatinib"),
        (FAILED, "contradicted", "KPL4", "lapatinib"),
    ]
    assert CONCLUSIONS["summary"].to_list() == [
        "miR-strong (mimic) sensitizes KPL4 to lapatinib, with strong support (1 of 2 lines and arms): the rule and "
        "the "
        "test of the interaction of the screen call it, the validation assay finds more killing than reagent and drug "
        "explain (interaction −0.70 log2, −0.90 to −0.50, n 3), proteins agree and patients agree (stage and "
        "survival). "
        "Weakest link: what patients say is prognostic: it does not show that they would respond to the drug.",
        "miR <&> alone (inhibitor) may sensitize KPL4 to lapatinib (1 of 2 lines and arms): the rule and the test "
        "of the "
        "interaction of the screen call it. Not measured: validation assay, proteins and patients. Weakest link: no "
        "validation assay here, and the screen chose the candidate.",
        "miR-failed (mimic) does not sensitize KPL4 to lapatinib by what was measured (2 of 2 lines and arms): the "
        "rule "
        "and the test of the interaction of the screen call it and the validation assay shows no such effect "
        "(interaction 0.00 log2, −0.20 to 0.20, n 3). Not measured: proteins and patients. Weakest link: the "
        "validation "
        "assay: 100 % of the control in this arm, 0.00 log2 (−0.20 to 0.20), q 0.9, n 3.",
    ]


def test_the_counts_are_of_experiments_and_not_of_sources() -> None:
    counts = CONCLUSIONS.select("n_supports", "n_contradicts", "n_unclear", "n_missing")
    assert counts.rows() == [(4, 0, 0, 0), (1, 0, 0, 3), (1, 1, 0, 2)]
    assert CONCLUSIONS["where"][0] == "strong: KPL4 lapatinib; additive: KPL4 trastuzumab"
    assert CONCLUSIONS.select("source", "effect").row(0) == ("interaction", -0.7)
    assert CONCLUSIONS["chosen_by"].to_list() == ["rule, model, validation", "rule, model", "rule, model, validation"]
    assert CONCLUSIONS["expected"].to_list()[:2] == [
        "raises miR-strong: high expression should go with early stages and late events",
        "lowers miR-alone: low expression should go with early stages and late events",
    ]


def test_the_weakest_link_is_the_first_that_is_there() -> None:
    def weakest(**changed: pl.DataFrame) -> str:
        return str(concluded({**TABLES, **changed}).filter(pl.col("reagent") == STRONG)["weakest"][0])

    none = {name: TABLES[name].clear() for name in ("survival", "stage_trend")}
    assert weakest(**none) == "no patients were looked at"
    assert weakest(protein_readings=TABLES["protein_readings"].clear()) == "no proteins were measured"
    unsure = TABLES["survival"].with_columns(pl.lit(0.9).alias("q_value"))
    assert weakest(survival=unsure, stage_trend=TABLES["stage_trend"].clear()) == "the patients do not take sides"
    unstable = TABLES["stability"].with_columns(pl.lit(0.25).alias("share"))
    words = "the call of the screen depends on its settings (called under 25 % of 96 defensible settings)"
    assert weakest(stability=unstable) == words
    worse = TABLES["survival"].with_columns(-pl.col("effect"))
    assert weakest(survival=worse).startswith("the patients: hazard ratio 1.82 per SD")
    wide = TABLES["validation"].with_columns(
        pl.when(pl.col("contrast") == "interaction").then(0.3).otherwise("q_value").alias("q_value"),
        (pl.col("ci_low") - 1).alias("ci_low"),
    )
    unclear = TABLES["combinations"].with_columns(pl.lit(0.3).alias("q_value"))
    words = "that the drug changes the effect is not shown; more biological replicates would tell"
    assert weakest(validation=wide, combinations=unclear) == words
    other = TABLES["hits"].with_columns(pl.lit("SUM190PT").alias("cell_line"), pl.lit(False).alias("is_hit"))
    both = pl.concat([TABLES["hits"], other])
    assert weakest(hits=both) == "it is strong in KPL4 only, not in SUM190PT"


def test_a_line_without_an_assay_does_not_save_what_failed_in_another() -> None:
    other = {
        name: pl.concat([TABLES[name], TABLES[name].with_columns(pl.lit("SUM190PT").alias("cell_line"))])
        for name in ("hits", "stability", "sensitizers")
    }
    table = concluded({**TABLES, **other}).filter(pl.col("reagent") == FAILED)
    assert table.select("verdict", "cell_line").row(0) == ("contradicted", "KPL4")
    assert table["where"][0].startswith("suggestive: SUM190PT lapatinib; ")


def test_every_row_of_the_evidence_has_its_verdict() -> None:
    asked = asked_of(list_candidates(TABLES, settings=EvidenceSettings()))
    gathered = gather_evidence(TABLES, asked)
    table = add_verdicts(gathered.evidence, gathered.support, asked)
    own = table.filter(pl.col("reagent") == STRONG).select("treatment", "verdict", "says_validation")
    assert own.rows() == [
        ("lapatinib", "strong", "supports"),
        ("trastuzumab", "additive", "additive"),
        ("vehicle", None, None),
    ]
    check_table(table, EVIDENCE_TABLES["evidence"], name="evidence")


def test_a_candidate_without_any_table_was_not_measured() -> None:
    table = concluded({})
    assert set(table["verdict"]) == {"not measured"}
    assert table["summary"][0] == "miR <&> alone (inhibitor) was not measured."
    check_table(table, EVIDENCE_TABLES["conclusions"], name="conclusions")


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=9) for name, table in TABLES.items()}
    assert concluded(shuffled).equals(CONCLUSIONS)
    check_table(CONCLUSIONS, EVIDENCE_TABLES["conclusions"], name="conclusions")


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from(sorted(set(TABLES) - {"reagents"}))))
def test_missing_tables_never_make_a_verdict_negative(missing: set[str]) -> None:
    asked = asked_of(list_candidates(TABLES, settings=EvidenceSettings()))
    support = gather_evidence({name: t for name, t in TABLES.items() if name not in missing}, asked).support
    contradicted = set(support.filter(pl.col("says") == "contradicts")["reagent"])
    for reagent, verdict in conclude(support, asked).select("reagent", "verdict").iter_rows():
        if verdict in NEGATIVE:
            assert reagent in contradicted
        if reagent == ALONE:
            assert verdict in ("suggestive", "unclear", "not measured")
