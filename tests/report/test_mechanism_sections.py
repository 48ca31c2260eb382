"""The sections on miRNAs that answer and on what they control: what they say, and when they stay away."""

from __future__ import annotations

import polars as pl

from sensitome.report.page import build_page
from sensitome.report.sections import answers, control

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
