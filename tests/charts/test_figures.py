"""Every figure builds from small tables, keeps the schema, and gives the same file twice."""

from __future__ import annotations

import json

import polars as pl
import pytest
from tests.small_run import HOSTILE, small_run

from sensitome.charts.export import render
from sensitome.charts.registry import FIGURES, Figure, figure

TABLES, MANIFEST = small_run()
#: Figures of this run; those of arrays, gene sets and patients are tested beside it.
DRAWN = [record for record in FIGURES if set(record.needs) <= set(TABLES)]


@pytest.mark.parametrize("record", DRAWN, ids=lambda record: record.name)
def test_a_figure_keeps_the_schema_of_vega_lite(record: Figure):
    chart = record.draw(TABLES, MANIFEST)
    assert chart is not None
    assert chart.to_dict()["config"]["font"].startswith("'Helvetica Neue'")


@pytest.mark.parametrize("record", DRAWN, ids=lambda record: record.name)
def test_a_figure_gives_the_same_svg_whatever_the_order_of_the_rows(record: Figure):
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=3) for name, table in TABLES.items()}
    first = render(record.specify(TABLES, MANIFEST), format="svg")
    assert first.startswith(b"<svg")
    if record.name != "quality_strips":  # the order of the figures is that of the table
        assert render(record.specify(shuffled, MANIFEST), format="svg") == first


@pytest.mark.parametrize("record", DRAWN, ids=lambda record: record.name)
def test_a_figure_gives_the_same_pdf_twice(record: Figure):
    made = record.specify(TABLES, MANIFEST)
    first = render(made, format="pdf")
    assert first.startswith(b"%PDF")
    assert render(made, format="pdf") == first


@pytest.mark.parametrize("record", DRAWN, ids=lambda record: record.name)
def test_a_figure_of_empty_tables_is_none_or_draws(record: Figure):
    empty = {name: table.clear() for name, table in TABLES.items()}
    made = record.specify(empty, MANIFEST)
    assert made is None or render(made)


@pytest.mark.parametrize("record", DRAWN, ids=lambda record: record.name)
def test_a_figure_draws_without_settings(record: Figure):
    made = record.specify(TABLES, {})
    assert made is not None
    assert render(made)


def test_points_of_the_scatter_are_the_rows_of_the_table_of_hits():
    made = figure("viability_scatter").specify(TABLES, MANIFEST)
    assert made is not None
    hits = TABLES["hits"]
    counts = {name: len(text.splitlines()) - 1 for name, text in made["datasets"].items()}
    drawn = {kind: sum(n for name, n in counts.items() if name.endswith(kind)) for kind in ("hits", "excluded", "rest")}
    significant = int(hits["is_significant"].sum())
    assert drawn["hits"] == hits["is_hit"].sum() > 0
    assert drawn["excluded"] == significant - drawn["hits"] > 0
    assert sum(drawn.values()) == hits.height


def test_the_scatter_labels_the_threshold_of_every_line():
    made = figure("viability_scatter").specify(TABLES, MANIFEST)
    assert made is not None
    limits = TABLES["hits"].select("cell_line", "threshold").unique().sort("cell_line")
    for line, threshold in limits.iter_rows():
        assert f"{line}: {threshold:.2f}".replace("-", "−") in made["datasets"]["0-labels"]


def test_the_scatter_of_one_arm_without_vehicle_is_left_out():
    hits = TABLES["hits"].with_columns(pl.lit(None, dtype=pl.Float64).alias("vehicle_score"))
    assert figure("viability_scatter").specify({**TABLES, "hits": hits}, MANIFEST) is None


def test_hostile_names_stay_text():
    tables, manifest = small_run(HOSTILE)
    svg = render(figure("stability_map").specify(tables, manifest)).decode()
    assert "<b onload" not in svg
    assert "</script>" not in svg


def test_many_lines_and_kinds_still_have_shapes_and_colors():
    hits = TABLES["hits"]
    many = pl.concat(
        [hits.with_columns(pl.lit(f"line {n}").alias("cell_line"), pl.lit(f"kind {n}").alias("kind")) for n in range(9)]
    )
    made = figure("viability_scatter").specify({**TABLES, "hits": many}, MANIFEST)
    assert render(made)


def test_a_figure_states_n_and_rule():
    text = json.dumps(figure("viability_scatter").specify(TABLES, MANIFEST), ensure_ascii=False)
    assert "among 80 reagents" in text
    assert "threshold, median − 3 SD of the arm" in text
    assert "n 80, SD " in json.dumps(figure("score_distribution").specify(TABLES, MANIFEST))
    assert "CCC" in json.dumps(figure("replicate_agreement").specify(TABLES, MANIFEST))
