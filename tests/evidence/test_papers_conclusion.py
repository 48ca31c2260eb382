"""The paper's own conclusion follows by rule from the numbers that it prints.

Normann et al. 2021, doi:10.1038/s41598-021-90385-2: eight mimics validated in KPL4 by Student's t (p < .05; miR-101-5p
with lapatinib 75 % fewer cells, p < .001, lapatinib alone 17 %); proteins of Table S6 as the text tells them; stage
(miR-101-5p p = .031, miR-29a-3p p < .001, both lower in later stages) and survival (miR-101-5p, BCSS p = .012, OS
p = .039, high expression favorable) in METABRIC, n = 160. Effects that the text does not print are only given a sign.
"""

from __future__ import annotations

from math import log2
from typing import Any

import polars as pl

from sensitome.evidence.conclude import conclude
from sensitome.evidence.gather import gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.sources import Asked

BEST = "miR-101-5p"
VALIDATED = (
    "miR-101-5p", "miR-518a-5p", "miR-19b-2-5p", "miR-1237-3p", "miR-29a-3p", "miR-29c-3p", "miR-106a-5p", "miR-744-3p",
)  # fmt: skip
NOT_VALIDATED = ("miR-15b-5p", "miR-26b-3p", "miR-32-3p", "miR-93-3p", "miR-132-3p", "miR-153-3p")
DOWN = ("miR-101-5p", "miR-19b-2-5p", "miR-29a-3p", "miR-518a-5p", "miR-744-3p")
WITH = {"kind": "mimic", "cell_line": "KPL4", "treatment": "lapatinib"}
LISTS = (("KI67", "HER2", "pHER2-Y1222", "ERK", "AKT"), ("cPARP",))


def _tables() -> dict[str, pl.DataFrame]:
    names = (*VALIDATED, *NOT_VALIDATED)
    hits = [
        {**WITH, "reagent": name, "position": "L1:A01", "score": -0.8, "z": -3.2, "n": 2, "is_hit": True,
         "is_candidate": True, "reason": "a hit"}
        for name in names
    ]  # fmt: skip
    wells = [_student(name) for name in names]
    readings = [
        {**WITH, "reagent": name, "reading": 2.0 if name in DOWN else 0.0, "n_proliferation": 8, "n_apoptosis": 1,
         "hits": {"miR-744-3p": "ERK down; cPARP up"}.get(name, "ERK down") if name in DOWN else "",
         "summary": "as told"}
        for name in VALIDATED
    ]  # fmt: skip
    return {
        "hits": pl.DataFrame(hits),
        "validation": pl.DataFrame(wells),
        "protein_readings": pl.DataFrame(readings),
        "stage_trend": pl.DataFrame(
            {"mirna": [BEST, "miR-29a-3p", "miR-29c-3p", "miR-744-3p"], "n": [160] * 4,
             "effect": [-0.1, -0.2, 0.0, 0.0], "p_value": [0.031, 0.0009, 0.5, 0.5], "q_value": [None] * 4},
            schema_overrides={"q_value": pl.Float64},
        ),
        "stage": pl.DataFrame(
            {"mirna": [BEST, "miR-29a-3p", "miR-29c-3p", "miR-744-3p"], "stage_a": ["1"] * 4, "stage_b": ["3"] * 4,
             "effect": [-0.3, -0.5, 0.0, 0.0], "ci_low": [-0.6, -0.8, -0.2, -0.2], "ci_high": [-0.01, -0.2, 0.2, 0.2]}
        ),
        "survival": pl.DataFrame(
            {"mirna": [BEST, BEST, "miR-744-3p"], "endpoint": ["bcss", "os", "os"], "model": ["cox"] * 3,
             "effect": [-0.4, -0.3, 0.0], "ci_low": [-0.7, -0.6, -0.3], "ci_high": [-0.1, -0.01, 0.3],
             "p_value": [0.012, 0.039, 0.8], "q_value": [None] * 3, "n": [160] * 3, "n_event": [50, 80, 80]},
            schema_overrides={"q_value": pl.Float64},
        ),
    }  # fmt: skip


def _student(name: str) -> dict[str, Any]:
    """Student's t on nine wells: the paper has no interaction, and prints one effect."""
    effect = log2((100 - 75) / (100 - 17)) if name == BEST else -0.5 if name in VALIDATED else -0.1
    p = 0.0009 if name == BEST else 0.04 if name in VALIDATED else 0.3
    return {
        **WITH,
        "reagent": name,
        "contrast": "reagent",
        "effect": effect,
        "ci_low": effect - 0.4,
        "ci_high": effect + 0.4,
        "p_value": p,
        "q_value": None,
        "n": 9,
        "percent": 100 * 2**effect,
        "unit": "wells: technical replicates counted as n",
    }


def test_the_papers_candidate_is_the_best_supported_and_its_weakest_link_is_named() -> None:
    settings = EvidenceSettings(by="p_value")
    tables = _tables()
    asked = Asked(list_candidates(tables, settings=settings), "vehicle", settings, LISTS)
    table = conclude(gather_evidence(tables, asked).support, asked)
    best = table.row(0, named=True)
    assert best["reagent"] == BEST
    assert best["n_supports"] == 4
    assert best["verdict"] == "effect confirmed"
    assert best["weakest"] == "that the drug changes the effect is not shown; more biological replicates would tell"
    assert "patients agree (stage and survival)" in best["summary"]
    assert table.row(1, named=True)["reagent"] == "miR-29a-3p"
    verdicts = dict(table.select("reagent", "verdict").iter_rows())
    assert {name for name, verdict in verdicts.items() if verdict == "effect confirmed"} == set(VALIDATED)
    assert {verdicts[name] for name in NOT_VALIDATED} == {"suggestive"}


def test_corrected_for_the_number_of_tests_the_patients_say_less() -> None:
    """The paper's p are nominal: over four miRNAs and two endpoints the p of BCSS is a q of .096 or more."""
    settings = EvidenceSettings()
    tables = _tables()
    tables["survival"] = tables["survival"].with_columns(pl.Series("q_value", [0.096, 0.156, 0.8]))
    tables["stage_trend"] = tables["stage_trend"].with_columns(pl.Series("q_value", [0.062, 0.0036, 0.5, 0.5]))
    asked = Asked(list_candidates(tables, settings=settings), "vehicle", settings, LISTS)
    table = conclude(gather_evidence(tables, asked).support, asked)
    says = dict(table.select("reagent", "says_patients").iter_rows())
    assert says[BEST] == "unclear"
    assert says["miR-29a-3p"] == "supports"
