"""The sections on miRNAs that answer and on what they control: what they say, and when they stay away."""

from __future__ import annotations

import polars as pl

from sensitome.report.page import build_page
from sensitome.report.sections import answers, control, genes, names, targets

RESPONSE = pl.DataFrame(
    {
        "group": ["all", "all", "one"],
        "comparison": ["arms"] * 3,
        "feature": ["let-7b*", "miR-21", "let-7b*"],
        "cell_lines": ["A, B", "A, B", "A"],
        "test": ["kruskal"] * 3,
        "statistic": [9.0, 1.0, 9.0],
        "df": [3.0] * 3,
        "p_value": [0.0204, 0.8, 0.0049],
        "q_value": [0.0408, 0.8, 0.0049],
        "arm": ["drug"] * 3,
        "change": [1.0, 0.1, 1.2],
        "n": [16, 16, 8],
        "n_detected": [16, 16, 8],
    }
)
ENRICHMENT = pl.DataFrame(
    {
        "list": ["responding: all"] * 2,
        "gene_set": ["planted", "long genes"],
        "description": [None, None],
        "n_mirnas": [4, 4],
        "overlap": [9, 12],
        "set_size": [40, 60],
        "list_size": [200, 200],
        "expected": [2.0, 3.0],
        "p_value": [1e-5, 1e-6],
        "q_value": [1e-4, 1e-5],
        "expected_random": [2.0, 11.0],
        "empirical_p": [1e-4, 0.4],
        "empirical_q": [2e-4, 0.4],
        "draws": [9999, 9999],
        "genes": ["X", "Y"],
        "convention": ["enrichr", "enrichr"],
    }
)


def test_mirnas_of_several_groups_are_bold_and_chance_is_told() -> None:
    context = answers.build({"response": RESPONSE}, {})
    assert context is not None
    assert [group["features"] for group in context["groups"]] == [
        [("let-7b*", "0.02", True)],
        [("let-7b*", "5E-3", True)],
    ]
    assert [group["by_chance"] for group in context["groups"]] == ["fewer than 1", "fewer than 1"]
    page = build_page({"response": RESPONSE}, {})
    assert "<b>let-7b* (0.02)</b>" in page
    assert "not corrected for the number of miRNAs" in page


def test_the_smallest_p_that_the_design_allows_is_shown() -> None:
    design = pl.DataFrame({"group": ["all", "one"], "arrays": ["vehicle 8", "vehicle 1"], "smallest_p": [2e-6, 0.3]})
    context = answers.build({"response": RESPONSE, "response_design": design}, {})
    assert context is not None
    assert [(group["smallest_p"], group["is_too_small"]) for group in context["groups"]] == [
        ("2E-6", False),
        ("0.30", True),
    ]


def test_sets_are_counted_by_genes_and_by_mirnas() -> None:
    context = control.build({"enrichment": ENRICHMENT}, {})
    assert context is not None
    assert [(row["by_genes"], row["by_mirnas"]) for row in context["lists"]] == [(2, 1)]
    page = build_page({"enrichment": ENRICHMENT}, {})
    assert 'id="figure-enrichment_dots"' in page
    assert "9,999 lists of as many miRNAs" in page


def test_without_tables_there_are_no_sections() -> None:
    page = build_page({}, {})
    assert 'id="answers"' not in page
    assert 'id="control"' not in page
    assert answers.build({"response": RESPONSE.clear()}, {}) is None
    assert control.build({"enrichment": ENRICHMENT.clear()}, {}) is None


def test_two_eras_of_enrichr_stand_side_by_side_with_what_they_part_on() -> None:
    eras = pl.DataFrame(
        {
            "list": ["responding: all"] * 4,
            "gene_set": ["a", "a", "b", "b"],
            "convention": ["enrichr-2020", "enrichr"] * 2,
            "p_value": [0.001, 0.001, 0.01, 0.01],
            "q_value": [0.01, 0.008, 0.06, 0.04],
            "n_tested": [300, 250] * 2,
            "passes": [True, True, False, True],
            "is_disputed": [False, False, True, True],
        }
    )
    context = control.build({"enrichment": ENRICHMENT, "enrichment_eras": eras}, {})
    assert context is not None
    assert context["eras"] == [{"list": "responding: all", "then": 1, "now": 2, "disputed": [("b", "now")], "more": 0}]
    page = build_page({"enrichment": ENRICHMENT, "enrichment_eras": eras}, {})
    assert "The same lists in two eras of Enrichr" in page
    assert "b (now)" in page


def test_names_are_counted_by_status_and_those_in_doubt_come_first() -> None:
    table = pl.DataFrame(
        {
            "list": ["library", "library", "library", "arrays"],
            "input": ["hsa-miR-1", "hsa-miR-2*", "hsa-miR-3", "hsa-miR-1"],
            "status": ["exact", "renamed", "ambiguous", "exact"],
            "accession": ["MIMAT1", "MIMAT2", None, "MIMAT1"],
            "name": ["hsa-miR-1", "hsa-miR-2-5p", None, "hsa-miR-1"],
            "version": ["22", "16", None, "22"],
            "sequence": [None] * 4,
            "candidates": [None, None, "MIMAT3;MIMAT4", None],
            "reason": ["the same", "renamed in 18", "two molecules", "the same"],
        },
        schema_overrides={"sequence": pl.String},
    )
    context = names.build({"names": table}, {})
    assert context is not None
    assert [(row["name"], row["total"], row["counts"]) for row in context["lists"]] == [
        ("library", 3, [1, 1, 1]),
        ("arrays", 1, [1, 0, 0]),
    ]
    assert (context["lists"][0]["by_name"], context["lists"][0]["by_accession"]) == ("33.3 %", "66.7 %")
    first = next(column for column in context["data"]["names"]["columns"] if column["id"] == "input")
    assert first["levels"][first["values"][0]] == "hsa-miR-3"
    assert "found by accession" in build_page({"names": table}, {})
    assert names.build({"names": table.clear()}, {}) is None


def test_targets_are_told_by_tier_and_source_with_what_does_not_count() -> None:
    table = pl.DataFrame(
        {
            "accession": ["MIMAT1", "MIMAT1", "MIMAT2"],
            "gene": ["A", "B", "A"],
            "mirna": ["m1", "m1", "m2"],
            "tier": ["experimentally observed", "moderate (predicted)", "moderate (predicted)"],
            "sources": ["TarBase", "list", "list"],
            "support": ["POSITIVE", None, None],
            "scores": ["", "", ""],
            "n_sources": [1, 1, 1],
            "references": [0, 0, 0],
        }
    )
    sources = pl.DataFrame(
        {
            "source": ["TarBase", "TarBase"],
            "version": ["9", "9"],
            "evidence": ["observed", "observed"],
            "outcome": ["counts", "the source reports no effect"],
            "rows": [1, 4],
            "mirnas": [1, 2],
            "genes": [1, 3],
        }
    )
    context = targets.build({"targets": table, "target_sources": sources}, {})
    assert context is not None
    assert context["tiers"] == [("experimentally observed", 1, 1), ("moderate (predicted)", 2, 2)]
    assert (context["pairs"], context["mirnas"], context["genes"]) == (3, 2, 2)
    hits = pl.DataFrame({"reagent": ["r"], "kind": ["mimic"], "is_candidate": [True]})
    reagents = pl.DataFrame({"reagent": ["r"], "kind": ["mimic"], "target": ["m2"]})
    own = targets.build({"targets": table, "hits": hits, "reagents": reagents}, {})
    assert own is not None
    assert own["data"]["targets"]["rows"] == 1
    assert own["data"]["targets"]["caption"] == "Targets of the candidates, observed ones first"
    assert "the source reports no effect" in build_page({"targets": table, "target_sources": sources}, {})
    assert targets.build({"targets": table.clear()}, {}) is None


def test_genes_are_told_with_their_signs_and_with_the_truth_where_it_is_known() -> None:
    table = pl.DataFrame(
        {
            "cell_line": ["A", "A", "A"],
            "treatment": ["drug"] * 3,
            "gene": ["G1", "G2", "G3"],
            "same_targets": ["", "G9", ""],
            "n_mirnas": [9, 8, 7],
            "n_families": [8, 7, 6],
            "selection": [0.95, 0.8, 0.2],
            "sign": [-1, 1, -1],
            "effect": [-0.4, 0.3, -0.1],
            "q_value": [0.01, 0.1, 0.9],
            "is_selected": [True, True, False],
            "rank_p": [0.001, 0.01, 0.5],
            "rank_q": [0.003, 0.02, 0.5],
            "mirnas": ["MIMAT1;MIMAT2", "MIMAT2", ""],
        }
    )
    known = pl.DataFrame({"accession": ["MIMAT1"], "name": ["m1"]})
    manifest = {"headline": {"genes": 2, "true_genes": 4, "gene_recall": 0.5, "gene_false_discovery_proportion": 0.0}}
    context = genes.build({"genes": table, "names": known}, manifest)
    assert context is not None
    assert (context["sensitizing"], context["protecting"]) == (["G1"], ["G2"])
    assert context["truth"] == {"genes": 4, "recall": "50 %", "wrong": "0 %"}
    column = next(each for each in context["data"]["genes-behind"]["columns"] if each["id"] == "strongest")
    assert column["levels"][column["values"][0]] == "m1"
    page = build_page({"genes": table}, manifest)
    assert "4 genes are behind it; 50 % of them are called" in page
    assert 'id="figure-gene_matrix"' in page
    assert genes.build({"genes": table.clear()}, {}) is None
