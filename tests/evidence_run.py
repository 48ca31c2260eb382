"""Small tables of every source of evidence, about three candidates of one cell line under two drugs."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.sources import Asked

#: Each is what its name says; the last has been through the screen alone.
STRONG, FAILED, ALONE = "miR-strong", "miR-failed", "miR <&> alone"
KINDS = {STRONG: "mimic", FAILED: "mimic", ALONE: "inhibitor"}
VEHICLE, DRUGS = "vehicle", ("lapatinib", "trastuzumab")
LINE = "KPL4"
LISTS = (("KI67", "ERK"), ("cPARP",))


def asked_of(candidates: pl.DataFrame, **changes: Any) -> Asked:
    """Whose evidence is asked for, with changed settings."""
    return Asked(candidates, VEHICLE, EvidenceSettings(**changes), LISTS)


def evidence_tables() -> dict[str, pl.DataFrame]:
    """Every table that the evidence reads, by name."""
    return {**_screen(), **_assay(), "protein_readings": _readings(), **_target_tables()}


def _keys(reagent: str, arm: str) -> dict[str, Any]:
    return {"reagent": reagent, "kind": KINDS[reagent], "cell_line": LINE, "treatment": arm}


def _screen() -> dict[str, pl.DataFrame]:
    """All three are called with lapatinib, none with trastuzumab."""
    hits, stability, sensitizers = [], [], []
    for reagent in KINDS:
        for arm in DRUGS:
            called = arm == "lapatinib"
            place = {**_keys(reagent, arm), "position": f"L1:{reagent}"}
            why = "a hit" if called else "not more than 3 SD below the median"
            z = -3.4 if called else -0.5
            score = {"score": z / 4, "z": z, "vehicle_z": 0.2, "n": 2}
            hits.append({**place, **score, "is_hit": called, "is_candidate": True, "reason": why})
            if called:
                stability.append({**place, "n_settings": 96, "n_called": 60, "share": 0.625})
            effect = -0.8 if called else -0.1
            sensitizers.append(
                {**place, "effect": effect, "ci_low": effect - 0.2, "ci_high": effect + 0.2, "p_value": None,
                 "q_value": 0.01 if called else 0.9, "local_rate": 0.02 if called else 0.8, "n": 2,
                 "class": "sensitizer" if called else "undetermined", "is_sensitizer": called, "is_expressed": None}
            )  # fmt: skip
    targets = {STRONG: "miR-strong", FAILED: "miR-failed", ALONE: "miR-alone"}
    reagents = pl.DataFrame(
        [{"reagent": name, "kind": kind, "position": "L1:A01", "target": targets[name]} for name, kind in KINDS.items()]
    )
    frames = {"hits": hits, "stability": stability, "sensitizers": sensitizers}
    return {
        "reagents": reagents,
        **{name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in frames.items()},
    }


def _assay() -> dict[str, pl.DataFrame]:
    """One is validated beyond Bliss with lapatinib, one is shown to do nothing."""
    rows, combined = [], []
    for reagent, alone, with_drug in ((STRONG, -1.0, -1.7), (FAILED, 0.0, 0.0)):
        for arm in (VEHICLE, *DRUGS):
            effect = with_drug if arm == "lapatinib" else alone
            rows.append({**_keys(reagent, arm), **_contrast("reagent", effect)})
            if arm != VEHICLE:
                rows.append({**_keys(reagent, arm), **_contrast("interaction", effect - alone)})
                points = 16.5 if effect - alone else 0.2
                combined.append(_excess(reagent, arm, points))
    return {"validation": pl.DataFrame(rows), "combinations": pl.DataFrame(combined)}


def _contrast(contrast: str, effect: float) -> dict[str, Any]:
    sure = abs(effect) > 0.3
    return {
        "contrast": contrast,
        "effect": effect,
        "ci_low": effect - 0.2,
        "ci_high": effect + 0.2,
        "p_value": 0.001 if sure else 0.8,
        "q_value": 0.004 if sure else 0.9,
        "n": 3,
        "percent": 100 * 2**effect,
        "unit": "biological replicates",
    }


def _excess(reagent: str, arm: str, points: float) -> dict[str, Any]:
    """The excess over the drug arm, and one over the parts of something else that must not be taken for it."""
    return {
        "cell_line": LINE,
        "combination": f"{reagent} + {arm}",
        "treatment": arm,
        "reagent": reagent,
        "reference": "Bliss",
        "scale": "viability",
        "effect": points,
        "ci_low": points - 12.0,
        "ci_high": points + 12.0,
        "p_value": 0.02 if points > 12 else 0.8,
        "q_value": 0.04 if points > 12 else 0.9,
        "n": 3,
        "expected": 42.0,
        "observed": 42.0 - points,
        "direction": f"{points:.1f} points more killing than Bliss expects",
    }


def _readings() -> pl.DataFrame:
    rows = [
        {**_keys(STRONG, "lapatinib"), "reading": 2.5, "n_proliferation": 2, "n_apoptosis": 1,
         "hits": "KI67 down; pX up", "summary": "proliferation down (−2.0 SD), apoptosis unchanged; called: KI67 down"},
        {**_keys(STRONG, VEHICLE), "reading": 0.1, "n_proliferation": 2, "n_apoptosis": 1, "hits": "",
         "summary": "proliferation unchanged, apoptosis unchanged"},
        *({**_keys(STRONG, "lapatinib"), "reagent": f"other-{i}", "reading": 0.1 * i, "n_proliferation": 2,
           "n_apoptosis": 1, "hits": "", "summary": "proliferation unchanged, apoptosis unchanged"} for i in range(9)),
    ]  # fmt: skip
    return pl.DataFrame(rows)


def _target_tables() -> dict[str, pl.DataFrame]:
    """High expression of the strong one's miRNA goes with early stages and late events."""
    survival = [
        {"cohort": "one", "mirna": "miR-strong", "endpoint": endpoint, "model": "cox", "effect": -0.6, "ci_low": -0.9,
         "ci_high": -0.3, "p_value": p, "q_value": 4 * p, "n": 160, "n_event": 74}
        for endpoint, p in (("os", 0.004), ("bcss", 0.001))
    ]  # fmt: skip
    return {
        "survival": pl.DataFrame(survival),
        "stage_trend": pl.DataFrame(
            {"cohort": ["one"], "mirna": ["miR-strong"], "n": [160], "effect": [-0.2], "p_value": [0.002],
             "q_value": [0.008]}
        ),
        "stage": pl.DataFrame(
            {"cohort": ["one"] * 2, "mirna": ["miR-strong"] * 2, "stage_a": ["1", "1"], "stage_b": ["2", "3"],
             "effect": [-0.1, -0.7], "ci_low": [-0.4, -1.1], "ci_high": [0.2, -0.3]}
        ),
        "association_summary": pl.DataFrame(
            {"cohort": ["one"], "mirna": ["miR-strong"], "n_tested": [2000], "n_significant": [119],
             "n_positive": [60], "n_negative": [59]}
        ),
        "response": pl.DataFrame(
            {"group": ["all", "poor"], "comparison": ["arms"] * 2, "feature": ["miR-strong"] * 2,
             "cell_lines": ["SKBR3, KPL4", "KPL4"], "p_value": [0.01, 0.4], "q_value": [0.3, 0.9],
             "arm": ["lapatinib"] * 2, "change": [0.4, 0.1], "n": [16, 8]}
        ),
        "targets": pl.DataFrame(
            {"mirna": ["miR-strong"] * 2, "accession": ["M1"] * 2, "gene": ["A", "B"], "n_observed": [1, 0]}
        ),
        "enrichment": pl.DataFrame(
            {"list": ["candidates"] * 2, "gene_set": ["hit", "missed"], "empirical_q": [0.01, 0.5],
             "genes": ["B;C", "A"]}
        ),
    }  # fmt: skip
