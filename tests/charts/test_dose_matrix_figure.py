"""Dose matrices as a figure and as a section of the page."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from sensitome.charts.dose_matrices import MOST, dose_matrices, surest_matrices
from sensitome.charts.export import render_both
from sensitome.charts.registry import figure
from sensitome.report.page import build_page
from sensitome.report.sections.doses import build
from sensitome.tables import TABLES, check_table
from sensitome.validation.dose_matrices import score_matrices
from sensitome.validation.settings import CombinationSettings

DOSE = np.array([0.0, 0.03, 0.1, 0.3, 1.0, 3.0])
HUMP = np.outer(*[DOSE * np.exp(-DOSE / 0.6) / (0.6 * np.exp(-1))] * 2)
Tables = dict[str, pl.DataFrame]


def scored(*synergies: float, replicates: int = 3, doses: np.ndarray = DOSE, hump: np.ndarray = HUMP) -> Tables:
    """Matrices named by their place, each with so much synergy at its highest."""
    rng = np.random.default_rng(5)
    one, two = 40 * doses / (doses + 0.3), 70 * doses / (doses + 0.5)
    expected = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    rows = [
        (f"m{k}", "KPL4", "mimic <&>", "lapatinib", "nM", "µM", float(a), float(b), r, float(y[i, j]))
        for k, synergy in enumerate(synergies)
        for r in range(1, replicates + 1)
        for y in [expected + synergy * hump + rng.normal(0, 1.5, expected.shape)]
        for i, a in enumerate(doses)
        for j, b in enumerate(doses)
    ]
    names = ["block", "cell_line", "drug_one", "drug_two", "unit_one", "unit_two", "dose_one", "dose_two", "replicate"]
    table = pl.DataFrame(rows, schema=[*names, "response"], orient="row")
    tables = score_matrices(table, settings=CombinationSettings())
    return {name: check_table(each, TABLES[name], name=name) for name, each in tables.items()}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return scored(0, 20, -16, 6, 0)


def test_the_surest_and_strongest_come_first_and_the_rest_is_counted(tables: Tables) -> None:
    assert surest_matrices(tables, "Bliss")["block"].head(2).to_list() == ["m1", "m2"]
    made = dose_matrices(tables, {})
    assert made is not None
    assert len(made["concat"]) == 2 * MOST
    assert made["columns"] == 2
    assert made["title"]["subtitle"] == [
        "left: inhibition measured (%) · right: beyond what Bliss expects (points of inhibition)",
        "vermillion: more inhibition, blue: less · gray: one drug absent · the surest and strongest first · 1 further "
        "matrix in the table",
        "frame: q < .05 over the pairs of doses, moderated t over n = 3 replicates of the matrix",
    ]


def test_a_matrix_is_what_was_measured_beside_what_goes_beyond(tables: Tables) -> None:
    made = dose_matrices(tables, {})
    assert made is not None
    left, right = made["concat"][:2]
    summary = surest_matrices(tables, "Bliss").row(0, named=True)
    assert left["title"]["text"] == "mimic <&> + lapatinib, KPL4"
    assert left["title"]["subtitle"] == "inhibition measured, mean of 3 replicates"
    assert right["title"]["text"] == f"+{summary['effect']:.1f} points beyond Bliss on average"
    assert right["title"]["subtitle"].startswith(
        f"95 % interval {summary['ci_low']:.1f} to {summary['ci_high']:.1f}, q "
    )
    assert right["title"]["subtitle"].endswith(" (t, n = 3)")
    assert made["datasets"]["0-cells"].count("\n") == 1 + 36
    assert made["datasets"]["1-cells"].count("\n") == 1 + 25
    text = json.dumps(made, ensure_ascii=False)
    assert "mimic <&> (nM)" in text
    assert "lapatinib (µM)" in text
    own = tables["dose_scores"].filter((pl.col("block") == "m1") & (pl.col("reference").cast(pl.String) == "Bliss"))
    assert made["datasets"]["1-frames"].count("\n") == 1 + own.filter(pl.col("q_value") < 0.05).height > 4
    assert render_both(made) == render_both(dose_matrices(tables, {}) or {})


def test_the_settings_choose_the_reference(tables: Tables) -> None:
    made = dose_matrices(tables, {"study": {"validation": {"dose_reference": "HSA", "level": 0.9}}})
    assert made is not None
    assert "right: beyond what the better drug alone does" in made["title"]["subtitle"][0]
    assert made["concat"][1]["title"]["text"].endswith("points beyond HSA on average")
    assert made["concat"][1]["title"]["subtitle"].startswith("90 % interval")


def test_one_replicate_has_no_test_and_many_doses_have_no_numbers() -> None:
    dose = np.r_[0.0, np.logspace(-2, 1, 11)]
    lone = scored(0, replicates=1, doses=dose, hump=np.zeros((12, 12)))
    made = dose_matrices(lone, {})
    assert made is not None
    assert made["title"]["subtitle"][2] == "n = 1: without replicates there is no interval and no test"
    assert made["concat"][0]["title"]["subtitle"] == "inhibition measured, one replicate"
    assert made["concat"][1]["title"]["subtitle"] == "no interval: one replicate"
    assert [made["datasets"][f"0-{name}"].count("\n") for name in ("dark", "light", "frames")] == [1, 1, 1]
    context = build(lone, {})
    assert context is not None
    assert not context["tested"]
    assert context["pairs"] == ""


def test_the_section_says_it_in_words(tables: Tables) -> None:
    context = build(tables, {})
    assert context is not None
    assert (context["count"], context["size"], context["n"]) == ("5 dose matrices", "6 × 6 doses", "3 replicates")
    assert context["found"]["more"] >= 1
    assert context["left"] == 1
    first = surest_matrices(tables, "Bliss").row(0, named=True)
    pairs = tables["dose_scores"].filter(pl.col("reference").cast(pl.String) == "Bliss")
    top = pairs.filter(pl.col("block") == "m1").sort("effect").row(-1, named=True)
    assert context["told"][0] == (
        f"mimic <&> + lapatinib in KPL4: {first['direction']} on average (95 % interval {first['ci_low']:.1f} to "
        f"{first['ci_high']:.1f}, q {first['q_value']:.2g}, n = 3); farthest, +{top['effect']:.1f} points, at "
        f"{top['dose_one']:.3g} nM mimic <&> + {top['dose_two']:.3g} µM lapatinib"
    )
    antagonist = next(text for text in context["told"] if "less inhibition" in text)
    low = pairs.filter(pl.col("block") == "m2").sort("effect").row(0, named=True)
    assert f"farthest, −{-low['effect']:.1f} points, at {low['dose_one']:.3g} nM" in antagonist
    sure = pairs.filter(pl.col("q_value") < 0.05)
    more = sure.filter(pl.col("effect") > 0).height
    assert context["pairs"] == (
        f"{more} of 125 pairs of doses inhibit more than expected, {sure.height - more} less (q < .05 over the pairs "
        "of a matrix)."
    )
    assert [words.split(" ")[0] for words in context["others"]] == ["HSA", "Loewe", "ZIP"]
    assert context["data"]["dose_summary"]["rows"] == 5 * 4


def test_the_page_has_the_section_and_the_figure(tables: Tables) -> None:
    page = build_page(tables, {"study": {"name": "doses"}})
    assert '<section id="doses"' in page
    assert 'data-figure="dose_matrices"' in page
    assert "mimic &lt;&amp;&gt; + lapatinib in KPL4" in page
    assert "expected is that each drug kills the same share" in page.casefold()
    assert '<section id="doses"' not in build_page({}, {"study": {"name": "none"}})


def test_nothing_to_draw_is_no_figure(tables: Tables) -> None:
    empty = {name: table.clear() for name, table in tables.items()}
    assert dose_matrices(empty, {}) is None
    assert build(empty, {}) is None
    assert build({}, {}) is None
    assert figure("dose_matrices").needs == ("dose_scores", "dose_summary")
