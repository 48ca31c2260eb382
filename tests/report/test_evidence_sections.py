"""The sections on validation, proteins, evidence and conclusion: what they say, and when they stay away."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.evidence_run import ALONE, FAILED, STRONG, asked_of, evidence_tables
from tests.report.test_page import Outline, payload, words

from sensitome.errors import Caution
from sensitome.evidence.conclude import add_verdicts, conclude
from sensitome.evidence.gather import gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.verdicts import VERDICTS
from sensitome.protein.settings import NORMANN2021 as PROTEINS
from sensitome.report.page import build_page
from sensitome.report.sections import conclusion, evidence, proteins, validation
from sensitome.validation.assess import assess_validation
from sensitome.validation.settings import RECOMMENDED
from sensitome.validation.simulate import AssayDesign, simulate_assay

MANIFEST: dict[str, Any] = {
    "study": {
        "treatments": {"vehicle": "vehicle"},
        "validation": RECOMMENDED.model_dump(mode="json"),
        "protein": PROTEINS.model_dump(mode="json"),
    }
}


def concluded(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    asked = asked_of(list_candidates(tables, settings=EvidenceSettings()))
    gathered = gather_evidence(tables, asked)
    return {
        "evidence": add_verdicts(gathered.evidence, gathered.support, asked),
        "support": gathered.support,
        "conclusions": conclude(gathered.support, asked),
    }


@pytest.fixture(scope="module")
def assay() -> dict[str, pl.DataFrame]:
    """An assay of two mimics, of which one sensitizes."""
    design = AssayDesign(
        ((STRONG, "mimic"), (FAILED, "mimic")), arms=("vehicle", "lapatinib"), drug_effects=(0.0, -0.3)
    )
    interaction = np.array([[0.0, -1.2], [0.0, 0.0]])
    made = simulate_assay(design, alone=np.zeros(2), interaction=interaction, rng=np.random.default_rng(3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        return assess_validation(made.wells, vehicle="vehicle", settings=RECOMMENDED)


@pytest.fixture(scope="module")
def tables(assay: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Everything that the evidence reads, with a real assay and a few proteins."""
    own = evidence_tables() | assay
    z = {"KI67": -2.6, "cPARP": 0.4}
    rows = [
        {"cell_line": "KPL4", "treatment": arm, "reagent": STRONG, "kind": "mimic", "protein": protein,
         "role": "sample", "log2": 0.0, "z": value, "effect": value / 4, "q_value": 0.2, "n": 2,
         "is_hit": abs(value) >= 2, "direction": "down" if value <= -2 else ""}
        for arm in ("vehicle", "lapatinib") for protein, value in z.items()
    ]  # fmt: skip
    own["proteins"] = pl.DataFrame(rows)
    readings = own["protein_readings"]
    own["protein_readings"] = readings.with_columns(pl.lit(-2.6).alias("proliferation"), pl.lit(0.4).alias("apoptosis"))
    return own | concluded(own)


@pytest.fixture(scope="module")
def page(tables: dict[str, pl.DataFrame]) -> str:
    left_out = set(evidence_tables()) - {"validation", "combinations", "protein_readings"}
    return build_page({name: table for name, table in tables.items() if name not in left_out}, MANIFEST)


def test_the_sections_stand_in_order_and_are_well_formed(page: str) -> None:
    places = [page.index(f'<section id="{name}"') for name in ("validation", "proteins", "evidence", "conclusion")]
    assert places == sorted(places)
    outline = Outline(page)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.tags.count("table") == outline.captions
    assert "could not be built" not in words(page)
    assert "could not be drawn" not in words(page)
    for figure in ("validation_panels", "protein_heatmap"):
        assert f'data-figure="{figure}" role="img" aria-label="' in page


def test_the_validation_names_both_counts_and_what_n_is(page: str) -> None:
    text = words(page)
    assert "2 reagents in KPL4, under vehicle and lapatinib: 3 biological replicates, 3 technical wells each." in text
    assert "By the interaction, with biological replicates as n, 1 of 2 sensitize" in text
    assert "n = 3 biological replicates." in text
    assert "n = 9 wells, as in the paper." in text
    assert "The figure shows the test that counts biological replicates: * q (adjusted over reagents and arms)" in text
    assert "No combination of a reagent and a drug arm departs from Bliss independence" in text
    assert "Biological replicates for a power of 80 %" in text


def test_sure_combinations_are_told_in_words(assay: dict[str, pl.DataFrame]) -> None:
    sure = assay["combinations"].with_columns(pl.lit(0.01).alias("q_value"))
    context = validation.build({**assay, "combinations": sure}, MANIFEST)
    assert context is not None
    told = [text for text in context["killing"] if text.startswith(f"{STRONG} + lapatinib: ")]
    assert len(told) == 1
    assert " points more killing than Bliss expects (" in told[0]
    assert told[0].endswith(" % were expected")


def test_the_paper_is_shown_where_the_study_asks_for_it(assay: dict[str, pl.DataFrame]) -> None:
    manifest = {"study": {"validation": {"test": "student-wells", "stars": "p_value"}}}
    context = validation.build(assay, manifest)
    assert context is not None
    assert context["tests"][-1] == (
        "Stars",
        "The figure shows the test that counts wells: * p < .05, ** < .01, *** < .001.",
    )


def test_proteins_are_told_with_what_chance_would_give(tables: dict[str, pl.DataFrame], page: str) -> None:
    context = proteins.build(tables, MANIFEST)
    assert context is not None
    assert context["calls"] == {
        "found": 2,
        "words": "|z| ≥ 2 over the reagents of the same protein, arm and line",
        "by_chance": "0",
    }
    table = payload(page, "data-proteins")
    columns = {column["id"]: column for column in table["columns"]}
    assert columns["down"]["levels"] == ["KI67"]
    assert columns["candidate"]["levels"][0] == "yes"


def test_every_candidate_has_a_row_and_a_card(tables: dict[str, pl.DataFrame], page: str) -> None:
    table = payload(page, "data-conclusions")
    names = next(column for column in table["columns"] if column["id"] == "reagent")
    assert names["levels"] == [STRONG, ALONE, FAILED]
    cards = payload(page, "data-cards")
    assert cards["items"]["rows"] == 3
    support = {column["id"]: column for column in cards["support"]["columns"]}
    assert "missing" not in support["says"]["levels"]
    assert cards["arms"] == ["vehicle", "lapatinib", "trastuzumab"]
    assert {source["name"] for source in cards["sources"]} == set(tables["support"]["source"].unique())
    assert cards["validation"]["bars"]["rows"] == 4
    assert cards["proteins"]["rows"] == 4


def test_cards_past_the_cap_are_counted(tables: dict[str, pl.DataFrame]) -> None:
    study = MANIFEST["study"] | {"evidence": {"cards": 1}}
    context = evidence.build(tables, {"study": study})
    assert context is not None
    assert context["without_card"] == 2
    assert context["data"]["cards"]["items"]["rows"] == 1
    assert context["data"]["conclusions"]["rows"] == 3
    none = evidence.build(tables, {"study": MANIFEST["study"] | {"evidence": {"cards": 0}}})
    assert none is not None
    assert none["has_cards"] is False


def test_the_conclusion_says_who_stands_and_what_it_takes(tables: dict[str, pl.DataFrame], page: str) -> None:
    text = words(page)
    assert "1 of 3 candidates is a confirmed sensitizer, with support from proteins or patients as well." in text
    assert f"The best supported is {STRONG}." in text
    assert '<a href="#conclusion">What the evidence says</a> of each candidate' in page
    for summary in tables["conclusions"].filter(pl.col("verdict") != "suggestive")["summary"]:
        assert summary.split(":")[0] in text
    context = conclusion.build(tables, MANIFEST)
    assert context is not None
    assert [name for name, _, _ in context["ladder"]] == list(VERDICTS)
    assert [row["reagent"] for row in context["best"]] == [STRONG, ALONE, FAILED]
    assert "they say that the target matters in patients, not that it makes them respond to the drug" in text


def test_a_screen_alone_cannot_confirm_anything() -> None:
    names = ("hits", "reagents", "sensitizers", "stability")
    alone = concluded({name: table for name, table in evidence_tables().items() if name in names})
    context = conclusion.build(alone, MANIFEST)
    assert context is not None
    assert context["headline"] == (
        "None of 3 candidates can be confirmed: nothing beside the screen has measured whether they sensitize."
    )
    assert context["against"] == []


def test_without_their_tables_there_are_no_sections(tables: dict[str, pl.DataFrame]) -> None:
    for build, name in (
        (validation.build, "validation"),
        (proteins.build, "proteins"),
        (evidence.build, "conclusions"),
        (conclusion.build, "conclusions"),
    ):
        assert build({}, {}) is None
        assert build({**tables, name: tables[name].clear()}, {}) is None
        assert build(tables, {}) is not None
    own = ("validation", "proteins", "support", "evidence", "conclusions")
    empty = build_page({name: tables[name].clear() for name in own}, {})
    assert 'class="box failed" role="alert"' not in empty


def test_each_table_may_be_missing(tables: dict[str, pl.DataFrame]) -> None:
    for missing in ("validation_paper", "validated", "combinations", "validation_power", "validation_plates",
                    "validation_replicates", "protein_readings", "proteins", "support", "evidence"):  # fmt: skip
        own = {name: table for name, table in tables.items() if name != missing}
        for build in (validation.build, proteins.build, evidence.build, conclusion.build):
            needed = {"proteins": proteins.build, "support": evidence.build, "evidence": evidence.build}
            assert (build(own, MANIFEST) is None) == (needed.get(missing) is build), (missing, build)
