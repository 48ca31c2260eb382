"""Figures of responding miRNAs and of gene sets, from made-up tables."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from sensitome.charts.enrichment_dots import enrichment_dots
from sensitome.charts.export import render
from sensitome.charts.gene_matrix import gene_matrix
from sensitome.charts.response_boxes import response_boxes
from sensitome.expression.process import process_arrays
from sensitome.expression.response import measure_response
from sensitome.expression.simulate import ArrayDesign, simulate_arrays
from sensitome.expression_matrix import Expression

MANIFEST = {
    "study": {
        "treatments": {
            "vehicle": "vehicle",
            "combinations": {"trastuzumab+lapatinib": ["trastuzumab", "lapatinib"]},
        },
        "expression": {"alpha": 0.05},
    }
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    made = simulate_arrays(ArrayDesign(mirnas=40, answers=6, weak_answers=1), rng=np.random.default_rng(2))
    genes = made.features.with_row_index("spot").unique("gene", keep="first", maintain_order=True)
    spots = genes["spot"].to_numpy()
    signal, flags = (made.signals[name][:, spots] for name in ("gTotalGeneSignal", "gIsGeneDetected"))
    e = process_arrays(
        Expression(signal, made.arrays, genes.select(pl.col("gene").alias("feature"), "control"), flags > 0)
    )
    groups = {"all lines": list(made.design.lines), "responding": ["BT-474", "SKBR3"], "poor": ["KPL4", "SUM190PT"]}
    rng = np.random.default_rng(3)
    rows = [
        (name, f'pathway <{i}> & "more"', int(rng.integers(1, 30)), 60, p, min(1.0, 3 * p), q)
        for name in ("responding", "hits")
        for i, (p, q) in enumerate(zip(10.0 ** -rng.uniform(0, 9, 40), rng.uniform(0, 0.2, 40), strict=True))
    ]
    names = ["list", "gene_set", "overlap", "set_size", "p_value", "q_value", "empirical_q"]
    return {
        "expression": e.to_table(labels=("cell_line", "treatment")),
        "response": measure_response(e, groups=groups, vehicle="vehicle"),
        "enrichment": pl.DataFrame(rows, schema=names, orient="row"),
        "genes": genes_table(),
    }


def genes_table() -> pl.DataFrame:
    """Thirty genes in two lines and two arms, two of them called."""
    rows = [
        (line, arm, f"GENE{i:02d}", 0.9 - 0.03 * i, (-1.0) ** i * 0.3, i / 40, 20, "m1;m2", i < 2)
        for line in ("KPL4", "SUM190PT")
        for arm in ("lapatinib", "trastuzumab")
        for i in range(30)
    ]
    names = ["cell_line", "treatment", "gene", "selection", "effect", "q_value", "n_mirnas", "mirnas", "is_selected"]
    return pl.DataFrame(rows, schema=names, orient="row")


FIGURES = {"response_boxes": response_boxes, "enrichment_dots": enrichment_dots, "gene_matrix": gene_matrix}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_same_whatever_the_order_of_the_rows(tables: dict[str, pl.DataFrame], name: str) -> None:
    first = render(FIGURES[name](tables, MANIFEST))
    assert first.startswith(b"<svg")
    shuffled = {key: table.sample(fraction=1, shuffle=True, seed=3) for key, table in tables.items()}
    assert render(FIGURES[name](shuffled, MANIFEST)) == first


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_empty_tables_is_none(tables: dict[str, pl.DataFrame], name: str) -> None:
    assert FIGURES[name]({key: table.clear() for key, table in tables.items()}, MANIFEST) is None


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_without_settings(tables: dict[str, pl.DataFrame], name: str) -> None:
    assert render(FIGURES[name](tables, {})).startswith(b"<svg")


def test_boxes_show_every_array_of_the_group_and_arms_in_reading_order(tables: dict[str, pl.DataFrame]) -> None:
    made = response_boxes(tables, MANIFEST)
    assert made is not None
    answers = tables["response"].filter(pl.col("p_value") < 0.05).height
    assert len(made["concat"]) == min(answers, 24)
    lines = tables["response"].select("group", pl.col("cell_lines").str.split(", ").list.len()).unique()
    n_lines = dict(lines.rows())
    for i, panel in enumerate(made["concat"]):
        group, _, count = panel["title"]["subtitle"].partition(", p = ")[0].rpartition(", n = ")
        assert int(count) == 8 * n_lines[group]
        assert len(made["datasets"][f"{i}-arrays"].splitlines()) == 1 + 8 * n_lines[group]
    text = str(made["concat"][0])
    assert text.index("'vehicle'") < text.index("'lapatinib'") < text.index("'trastuzumab+lapatinib'")


def test_dots_tell_what_passes_by_genes_and_what_against_random_mirnas(tables: dict[str, pl.DataFrame]) -> None:
    made = enrichment_dots(tables, MANIFEST)
    assert made is not None
    assert "against random miRNAs too" in made["title"]["subtitle"]
    plain = enrichment_dots({"enrichment": tables["enrichment"].drop("empirical_q")}, MANIFEST)
    assert plain is not None
    assert "0 dots" in plain["title"]["subtitle"]


def test_boxes_follow_the_rate_where_the_study_decides_by_it(tables: dict[str, pl.DataFrame]) -> None:
    expression = {"alpha": 0.05, "by": "q_value"}
    made = response_boxes(tables, {"study": {**MANIFEST["study"], "expression": expression}})
    count = tables["response"].filter(pl.col("q_value") < 0.05).height
    assert (0 if made is None else len(made["concat"])) == min(count, 24)
    assert count != tables["response"].filter(pl.col("p_value") < 0.05).height
    if made is not None:
        assert "· q < 0.05" in str(made["title"])
        assert ", q = " in str(made["concat"][0]["title"])


def test_the_gene_matrix_has_called_genes_on_top_and_a_ring_around_them(tables: dict[str, pl.DataFrame]) -> None:
    made = gene_matrix(tables, {"study": {"genes": {"threshold": 0.8}}})
    assert made is not None
    text = json.dumps(made)
    assert "at least 0.8, called" in text
    assert '"GENE24"' in text
    assert '"GENE25"' not in text
    assert text.index('"GENE00"') < text.index('"GENE01"') < text.index('"GENE02"')
