"""Figures of the test of sensitization: what they draw, with rates, with q-values, with scores, and with gaps."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests.sensitizer_run import without_rates
from tests.small_run import HOSTILE, small_run

from sensitome.charts.concordance import CAUSES, GROUPS, against_truth, compared
from sensitome.charts.export import render
from sensitome.charts.registry import figure
from sensitome.charts.sensitization_data import (
    ANTAGONIST,
    CONTEXT,
    REST,
    evidence,
    marked,
    offsets,
    replicate_means,
    tiers,
)

TABLES, MANIFEST = small_run()
TEST = TABLES["sensitizers"]
NAMES = (
    "sensitization_scatter",
    "interaction_volcano",
    "sensitizer_ranking",
    "pattern_matrix",
    "interaction_panel",
    "rule_versus_model",
)


def rows_of(made, ending: str) -> int:
    return sum(len(text.splitlines()) - 1 for name, text in made["datasets"].items() if name.endswith(ending))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["moderated-t", "regression"])
def test_figures_draw_for_methods_without_a_local_rate(name, method):
    made = figure(name).specify({**TABLES, "sensitizers": without_rates(TEST, method)}, MANIFEST)
    assert made is not None
    assert render(made).startswith(b"<svg")


@pytest.mark.parametrize("name", NAMES)
def test_figures_draw_with_gaps_and_untested_contexts(name):
    gap = pl.int_range(pl.len()) % 3 == 0
    table = TEST.with_columns(
        *[pl.when(~gap).then(pl.col(column)).alias(column) for column in ("effect", "ci_low", "local_rate")],
        pl.when(gap).then(pl.lit(value=False)).alias("is_expressed"),
    )
    made = figure(name).specify({**TABLES, "sensitizers": table}, MANIFEST)
    assert made is None or render(made).startswith(b"<svg")


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_in_which_nothing_is_called_or_near_has_figures_of_a_size(name):
    table = TEST.with_columns(
        local_rate=pl.lit(1.0),
        q_value=pl.lit(1.0),
        is_sensitizer=pl.lit(value=False),
        **{"class": pl.lit("additive").cast(TEST["class"].dtype)},
    )
    made = figure(name).specify({**TABLES, "sensitizers": table}, MANIFEST)
    assert made is None or "e+308" not in render(made).decode()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_stay_text(name):
    tables, manifest = small_run(HOSTILE)
    svg = render(figure(name).specify(tables, manifest)).decode()
    assert "<b onload" not in svg
    assert "</script>" not in svg


def test_evidence_is_what_the_method_decides_by():
    found = evidence(TEST, MANIFEST)
    assert (found.column, found.limit, found.decision) == ("local_rate", 0.2, "local_rate")
    found = evidence(without_rates(TEST, "moderated-t"), MANIFEST)
    assert (found.column, found.limit, found.title) == ("q_value", 0.1, "−log10 q")
    found = evidence(without_rates(TEST, "regression"), MANIFEST)
    assert (found.column, found.limit, found.is_rate) == ("statistic", -3.0, False)
    assert found.height_of(-3.0) == 3.0
    own = evidence(TEST.with_columns(pl.lit("own").alias("method")), MANIFEST)
    assert (own.column, own.limit, own.decision) == ("local_rate", None, "")


def test_rates_have_a_floor_on_their_axis():
    found = evidence(TEST, MANIFEST)
    assert found.height_of(1e-9) == pytest.approx(4.0)
    heights = pl.DataFrame({"local_rate": [0.0, 0.01, 1.0, None]}).select(found.height().alias("y"))["y"].to_list()
    assert heights[:3] == pytest.approx([4.0, 2.0, 0.0])
    assert heights[3] is None


def test_tiers_split_the_calls_and_name_what_is_near():
    found = evidence(TEST, MANIFEST)
    assert [word for word, _ in tiers(found)] == [
        "called, local rate ≤ 0.05",
        "called, local rate ≤ 0.2",
        "not called, local rate ≤ 0.5",
    ]
    small = TEST.head(5).with_columns(
        pl.Series("local_rate", [0.01, 0.1, 0.4, 0.9, 0.4]),
        pl.Series("effect", [-1.0, -1.0, -0.5, 0.0, 0.4]),
        pl.Series("is_sensitizer", [True, True, False, False, False]),
        pl.Series("class", ["sensitizer", "sensitizer", "undetermined", "additive", "antagonist"]),
    )
    words = [word for word, _ in tiers(found)]
    assert marked(small, found)["tier"].to_list() == [*words, REST, ANTAGONIST]


def test_the_scatter_draws_every_context_once_and_the_line_of_no_interaction():
    made = figure("sensitization_scatter").specify(TABLES, MANIFEST)
    assert made is not None
    assert rows_of(made, "called") == TEST["is_sensitizer"].sum() > 0
    assert rows_of(made, "rest") + rows_of(made, "near") + rows_of(made, "called") == TEST.height
    diagonal = [text for name, text in made["datasets"].items() if name.endswith("diagonal")]
    for line in diagonal[0].splitlines()[1:]:
        x, y = line.split(",")
        assert x == y


def test_the_volcano_names_its_limits():
    text = json.dumps(figure("interaction_volcano").specify(TABLES, MANIFEST), ensure_ascii=False)
    assert "local rate ≤ 0.2" in text
    assert "local rate ≤ 0.05" in text
    assert "the least size that counts (−0.10)" in text
    q = {**TABLES, "sensitizers": without_rates(TEST, "moderated-t")}
    assert "q ≤ 0.1" in json.dumps(figure("interaction_volcano").specify(q, MANIFEST), ensure_ascii=False)


def test_the_matrix_holds_called_reagents_in_all_contexts():
    made = figure("pattern_matrix").specify(TABLES, MANIFEST)
    called = TEST.filter("is_sensitizer").select("reagent", "kind").unique()
    assert made is not None
    assert rows_of(made, "cells") == TEST.join(called, on=["reagent", "kind"], how="semi").height
    none = TEST.with_columns(pl.lit(value=False).alias("is_sensitizer"))
    assert figure("pattern_matrix").specify({**TABLES, "sensitizers": none}, MANIFEST) is None


def test_the_ranking_is_at_most_forty_with_calls_first():
    made = figure("sensitizer_ranking").specify(TABLES, MANIFEST)
    assert made is not None
    assert rows_of(made, "all") == 40
    names = made["datasets"]["0-all"].splitlines()[1:]
    called = {line.split(",")[0] for line in made["datasets"]["0-called"].splitlines()[1:]}
    assert all(line.strip('"').split(" · ")[0] in called for line in names[: len(called)])


def test_replicates_are_on_the_scale_of_the_test():
    shift = offsets(TABLES, MANIFEST)
    assert shift is not None
    assert (shift["offset"] == 0).all()
    items = TEST.filter("is_sensitizer").select("reagent", "kind").unique()
    values = replicate_means(TABLES, MANIFEST, items=items)
    assert values is not None
    means = values.group_by(CONTEXT).agg(pl.col("value").mean()).join(TEST, on=CONTEXT)
    np.testing.assert_allclose(means["value"], means["effect_with_drug"], atol=1e-9)
    shifted = {**TABLES, "sensitizers": TEST.with_columns(pl.col("vehicle_effect", "effect_with_drug") - 0.3)}
    moved = replicate_means(shifted, MANIFEST, items=items)
    assert moved is not None
    np.testing.assert_allclose(moved["value"], values["value"] - 0.3, atol=1e-4)


def test_replicates_are_left_out_where_values_are_not_log2():
    manifest = {"study": MANIFEST["study"] | {"normalize": {"method": "median", "scale": "raw"}}}
    assert offsets(TABLES, manifest) is None
    assert replicate_means({"sensitizers": TEST}, MANIFEST, items=TEST) is None
    made = figure("interaction_panel").specify(TABLES, manifest)
    assert made is not None
    assert rows_of(made, "dots") == 0


def test_rule_and_test_are_grouped_and_their_differences_explained():
    found = compared(TABLES)
    assert found is not None
    assert set(found["cause"]) <= set(CAUSES)
    assert set(found["group"]) <= set(GROUPS)
    assert found.height == found.select(CONTEXT).n_unique()
    by_rule = TABLES["hits"].filter("is_hit").height
    assert found.filter(pl.col("group") != GROUPS[2]).height == by_rule
    assert compared({"hits": TABLES["hits"]}) is None


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"class": "additive"}, "additive: the drug adds nothing"),
        ({"class": "toxic alone"}, "as toxic without drug"),
        ({"class": "artifact"}, "some well went wrong"),
        ({"class": "antagonist"}, "interaction goes the other way"),
        ({"class": "undetermined"}, "not sure enough"),
        ({"effect": None}, "no value without or with drug"),
        ({"is_expressed": False}, "target not expressed: not tested"),
    ],
)
def test_each_class_explains_why_the_test_does_not_call(changes, cause):
    key = TABLES["hits"].filter("is_hit").select(CONTEXT).head(1)
    kinds = {"class": pl.String, "effect": pl.Float64, "is_expressed": pl.Boolean}
    row = TEST.join(key, on=CONTEXT, how="semi").with_columns(
        pl.lit(value=False).alias("is_sensitizer"),
        *[pl.lit(value, dtype=kinds[name]).alias(name) for name, value in changes.items()],
    )
    hits = TABLES["hits"].join(key, on=CONTEXT, how="semi")
    found = compared({"hits": hits, "sensitizers": row})
    assert found is not None
    assert found["cause"].to_list() == [cause]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"is_significant": False}, "above the threshold of the rule"),
        ({"is_quiet": False}, "left out: effect without drug"),
        ({"is_expressed": False}, "left out: target not expressed"),
        ({"z": None}, "no score"),
        ({}, "not called by the rule"),
    ],
)
def test_each_step_of_the_rule_explains_why_it_does_not_call(changes, cause):
    key = TEST.filter("is_sensitizer").select(CONTEXT).head(1)
    row = {"is_hit": False, "is_significant": True, "is_quiet": True, "is_expressed": None, "z": -4.0} | changes
    kinds = {"z": pl.Float64}
    hits = (
        TABLES["hits"]
        .join(key, on=CONTEXT, how="semi")
        .with_columns(pl.lit(value, dtype=kinds.get(name, pl.Boolean)).alias(name) for name, value in row.items())
    )
    found = compared({"hits": hits, "sensitizers": TEST.join(key, on=CONTEXT, how="semi")})
    assert found is not None
    assert found["cause"].to_list() == [cause]


def test_truth_judges_both():
    truth = TEST.select(*CONTEXT, pl.col("is_sensitizer").alias("is_active"))
    rule, test = against_truth({**TABLES, "truth": truth})
    assert (rule["name"], test["name"]) == ("the rule", "the test")
    assert (test["recall"], test["wrong"]) == (1.0, 0.0)
    hits = TABLES["hits"].filter("is_hit").select(CONTEXT)
    right = hits.join(truth.filter("is_active"), on=CONTEXT, how="semi").height
    assert rule["right"] == right
    assert rule["wrong"] == pytest.approx(1 - right / hits.height)
    assert against_truth(TABLES) == []
    text = json.dumps(figure("rule_versus_model").specify({**TABLES, "truth": truth}, MANIFEST))
    assert "no true effect" in text or "true effect" in text
