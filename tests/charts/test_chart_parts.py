"""Parts that figures share: groups, words, agreement, limits, the flow."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from tests.small_run import small_run

from sensitome.charts.data import arms_in_order, csv_text, drug_arms, groups, score_unit
from sensitome.charts.export import render
from sensitome.charts.flowchart import flow
from sensitome.charts.plate_heatmap import worst_plate
from sensitome.charts.quality_strips import limits
from sensitome.charts.replicate_agreement import agreement
from sensitome.charts.theme import LINES, SHAPES, VERDICTS, kind_shapes, line_colors

TABLES, MANIFEST = small_run()


def test_center_and_spread_without_drug_are_read_back_from_z():
    own = groups(TABLES["hits"], MANIFEST).filter(pl.col("treatment") == "vehicle").sort("cell_line")
    scores = TABLES["scores"].filter((pl.col("role") == "sample") & (pl.col("treatment") == "vehicle"))
    expected = (
        scores.group_by("cell_line").agg(pl.col("score").median(), pl.col("score").std().alias("sd")).sort("cell_line")
    )
    np.testing.assert_allclose(own["center"], expected["score"], atol=1e-12)
    np.testing.assert_allclose(own["spread"], expected["sd"], rtol=1e-12)
    np.testing.assert_allclose(own["threshold"], expected["score"] - 3 * expected["sd"], rtol=1e-12)


def test_arms_are_read_without_drug_first_and_combinations_last():
    plates = pl.DataFrame({"treatment": ["a+b", "b", "vehicle", "a"], "order": [0, 1, 2, 3]})
    manifest = {"study": {"treatments": {"vehicle": "vehicle", "combinations": {"a+b": ["a", "b"]}}}}
    assert arms_in_order({"plates": plates}, manifest) == ["vehicle", "b", "a", "a+b"]
    assert drug_arms(TABLES, MANIFEST) == ["lapatinib"]


@pytest.mark.parametrize(
    ("study", "unit"),
    [
        ({"normalize": {"method": "stats-loess", "scale": "log2"}}, "log2, loess"),
        ({"normalize": {"method": "cellhts2-locfit", "scale": "raw"}}, "raw scale, loess"),
        ({"normalize": {"method": "bscore-synlet", "scale": "log2"}}, "B-score"),
        ({"normalize": {"method": "median", "scale": "raw"}, "score": {"standardize": "zscore"}}, "scaled MADs"),
        ({}, "log2"),
    ],
)
def test_the_unit_of_a_score_follows_the_settings(study, unit):
    assert score_unit({"study": study}) == unit


def test_agreement_is_that_of_the_formulas():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert agreement(x, x) == pytest.approx((1.0, 1.0, 1.0))
    pearson, spearman, concordance = agreement(x, x + 1)
    assert (pearson, spearman) == pytest.approx((1.0, 1.0))
    assert concordance == pytest.approx(2 * 1.25 / (1.25 + 1.25 + 1))
    assert all(np.isnan(agreement(x, np.ones(4))))


def test_limits_are_read_from_the_rule_in_words():
    assert limits("warn beyond ±0.3, fail beyond ±0.8") == [
        ("warn", 0.3),
        ("warn", -0.3),
        ("fail", 0.8),
        ("fail", -0.8),
    ]
    assert limits("warn below 0.01, fail below 1e-06") == [("warn", 0.01), ("fail", 1e-6)]
    assert limits("warn below -2") == [("warn", -2.0)]
    assert limits("no limit, for information") == []


def test_the_flow_counts_what_each_step_leaves_out():
    boxes = flow(TABLES, MANIFEST)
    assert [box.title for box in boxes[:3]] == [
        "Library: 80 reagents",
        "Measured: 8 plates, 768 wells",
        "Normalized: 764 wells",
    ]
    assert boxes[1].detail == "1 library plate × 2 cell lines × 2 arms × 2 replicates"
    assert boxes[2].aside == "4 wells without a value"
    counts = TABLES["funnel"]["n_reagents"].to_list()
    assert [int(box.title.split()[0]) for box in boxes[3:]] == counts[1:]
    assert [int(box.aside.split()[0]) for box in boxes[3:]] == [a - b for a, b in pairwise(counts)]


def test_the_plate_with_the_worst_verdict_comes_first():
    assert worst_plate(TABLES) == "SUM190PT_vehicle_2"


def test_colors_and_shapes_tell_apart_without_the_other():
    assert line_colors(["b", "a"]) == {"a": LINES[0], "b": LINES[1]}
    assert len(set(LINES)) == len(LINES)
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert len({sign for _, _, sign in VERDICTS.values()}) == len({shape for _, shape, _ in VERDICTS.values()}) == 4
    assert kind_shapes(["inhibitor", "mimic", "x", "y"])["x"] != kind_shapes(["inhibitor", "mimic", "x", "y"])["y"]


def test_numbers_of_figures_are_rounded_and_gaps_are_empty():
    assert (
        csv_text(pl.DataFrame({"a": [1.23456, None, float("nan")], "b": ['x"y', "z", None]}))
        == 'a,b\n1.2346,"x""y"\n,z\n,\n'
    )


def test_resources_of_a_pdf_are_written_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    head, tail = b"/XObject <<\n", b"\n    >>\n"
    one, two = b"      /xo0 8 0 R", b"      /xo1 10 0 R"
    made = []
    for lines in ((one, two), (two, one)):
        pdf = head + b"\n".join(lines) + tail
        monkeypatch.setattr("vl_convert.svg_to_pdf", lambda _svg, pdf=pdf: pdf)
        made.append(render({"mark": "point", "data": {"values": [{"a": 1}]}}, format="pdf"))
    assert made == [head + one + b"\n" + two + tail] * 2
