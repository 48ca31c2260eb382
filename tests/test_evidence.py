from __future__ import annotations

import polars as pl

from sensitome.evidence import gather_evidence

KEY = {"reagent": "miR-1", "kind": "mimic", "cell_line": "KPL4", "treatment": "lapatinib"}
HITS = pl.DataFrame(
    [
        {
            **KEY,
            "position": "L1:A01",
            "score": -0.9,
            "z": -3.4,
            "n": 2,
            "is_hit": True,
            "is_candidate": True,
            "reason": "a hit",
        }
    ]
)
STABILITY = pl.DataFrame([{**KEY, "share": 0.62, "n_settings": 96}])
VALIDATION = pl.DataFrame(
    [
        {
            **KEY,
            "treatment": arm,
            "contrast": contrast,
            "effect": effect,
            "ci_low": effect - 0.2,
            "ci_high": effect + 0.2,
            "p_value": 0.001,
            "q_value": 0.004,
            "n": 3,
            "percent": 100 * 2**effect,
            "unit": "biological replicates",
        }
        for arm, contrast, effect in (
            ("vehicle", "reagent", -1.0),
            ("lapatinib", "reagent", -1.7),
            ("lapatinib", "interaction", -0.7),
        )
    ]
)
COMBINATIONS = pl.DataFrame(
    [
        {
            "cell_line": "KPL4",
            "combination": "miR-1 + lapatinib",
            "treatment": "lapatinib",
            "reagent": "miR-1",
            "reference": "Bliss",
            "scale": "viability",
            "effect": 16.5,
            "ci_low": 4.0,
            "ci_high": 29.0,
            "p_value": 0.02,
            "q_value": 0.04,
            "n": 3,
            "direction": "16.5 points more killing than Bliss expects",
        }
    ]
)
READINGS = pl.DataFrame(
    [
        {
            **KEY,
            "reading": 2.5,
            "n_proliferation": 8,
            "n_apoptosis": 1,
            "hits": "KI67 down",
            "summary": "proliferation down (−2.0 SD), apoptosis unchanged; called: KI67 down",
        }
    ]
)
TABLES = {"hits": HITS, "stability": STABILITY, "validation": VALIDATION, "combinations": COMBINATIONS}


def test_one_row_tells_everything_in_words() -> None:
    table = gather_evidence({**TABLES, "protein_readings": READINGS}, vehicle="vehicle")
    assert table.select("reagent", "treatment").rows() == [("miR-1", "lapatinib"), ("miR-1", "vehicle")]
    row = table.row(0, named=True)
    assert row["missing"] == "sensitization"
    assert row["n_sources"] == 6
    assert row["summary"] == (
        "Screen: called by the rule (z −3.4, by 62 % of the defensible settings). "
        "Validation: 31 % of the control in this arm (log2 −1.70, −1.90 to −1.50, q 0.004, n 3); "
        "beyond the drug alone log2 −0.70, −0.90 to −0.50, q 0.004, n 3. "
        "Combination: 16.5 points more killing than Bliss expects (95 % interval 4.0 to 29.0). "
        "Proteins: proliferation down (−2.0 SD), apoptosis unchanged; called: KI67 down. "
        "Not measured: sensitization."
    )


def test_what_was_not_measured_is_missing_and_not_negative() -> None:
    table = gather_evidence(TABLES, vehicle="vehicle")
    assert not [name for name in table.columns if name.startswith("protein_")]
    vehicle = table.filter(pl.col("treatment") == "vehicle").row(0, named=True)
    assert vehicle["screen_is_hit"] is None
    assert vehicle["summary"] == (
        "Validation: 50 % of the control in this arm (log2 −1.00, −1.20 to −0.80, q 0.004, n 3). Not measured: protein."
    )


def test_candidates_of_the_rule_stand_in_without_a_validation() -> None:
    table = gather_evidence({"hits": HITS}, vehicle="vehicle")
    assert table["summary"].to_list() == [
        "Screen: called by the rule (z −3.4). Not measured: stability, sensitization, validation, interaction, "
        "combination, protein."
    ]
    assert gather_evidence({}, vehicle=None).is_empty()


def test_chosen_candidates_are_kept_apart_by_kind() -> None:
    other = HITS.with_columns(pl.lit("inhibitor").alias("kind"), pl.lit(1.0).alias("z"), pl.lit(False).alias("is_hit"))
    table = gather_evidence(
        {"hits": pl.concat([HITS, other])}, vehicle="vehicle", candidates=[("miR-1", "inhibitor"), ("miR-9", "mimic")]
    )
    assert table.select("reagent", "kind", "screen_is_hit", "n_sources").rows() == [
        ("miR-1", "inhibitor", False, 1),
        ("miR-9", "mimic", None, 0),
    ]
