"""What the page says of sensitizers: counts, doubts, the rule beside the test, and nothing where there was no test."""

from __future__ import annotations

import html
import json
import re

import polars as pl
import pytest
from tests.sensitizer_run import families_of, without_rates
from tests.small_run import HOSTILE, small_run

from sensitome.report.page import build_page
from sensitome.report.sensitization_text import headline, limits_in_words, sensitization_method_text
from sensitome.screen.concordance import concordance

TABLES, MANIFEST = small_run()
TEST = TABLES["sensitizers"]
PAGE = build_page(TABLES, MANIFEST)
#: Enough for these sections.
FEW = {name: TABLES[name] for name in ("sensitizers", "hits", "concordance", "reagents")}
KEYS = ["reagent", "kind", "cell_line", "treatment"]


def payload(page: str, name: str):
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found, name
    return json.loads(found.group(1))


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found, name
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0))))


def columns_of(page: str, name: str):
    return {column["id"]: column for column in payload(page, name)["columns"]}


def texts(column) -> list[str]:
    return [column["levels"][code] if code >= 0 else None for code in column["values"]]


def truth_of(name: str) -> pl.DataFrame:
    """A truth in which every sensitizer is true, or none is."""
    return TEST.select(*KEYS, (pl.col("is_sensitizer") & pl.lit(name == "all")).alias("is_active"))


def test_the_headline_counts_calls_and_what_is_expected_to_be_false():
    called = TEST.filter("is_sensitizer")
    doubt = f"{called['local_rate'].sum():.1f}"
    said = (
        f"The test of the interaction calls {called['reagent'].n_unique()} reagents sensitizers in {called.height} "
        f"contexts, of which {'fewer than 0.1' if float(doubt) == 0 else f'about {doubt}'} are expected to be false by "
        "its own rates."
    )
    assert headline(TABLES, MANIFEST) == said
    assert said in section(PAGE, "summary")
    assert said in section(PAGE, "sensitizers")


def test_a_method_without_rates_promises_no_number():
    q = without_rates(TEST, "moderated-t")
    scores = without_rates(TEST, "regression")
    assert headline({"sensitizers": q}, MANIFEST).endswith(", at a false-discovery rate of 10 %.")
    assert headline({"sensitizers": scores}, MANIFEST).endswith(", without an error rate.")
    assert headline({"sensitizers": q}, {}).endswith(" contexts.")
    none = TEST.with_columns(pl.lit(value=False).alias("is_sensitizer"))
    assert headline({"sensitizers": none}, MANIFEST) == "The test of the interaction calls no reagent a sensitizer."
    assert headline({}, MANIFEST) == ""


def test_the_table_carries_every_context_and_calls_come_first():
    columns = columns_of(PAGE, "data-sensitizers")
    called = texts(columns["called"])
    assert len(called) == TEST.height
    assert called == sorted(called, reverse=True)
    assert called.count("yes") == TEST["is_sensitizer"].sum()
    assert sorted(columns["effect"]["values"]) == pytest.approx(sorted(TEST["effect"]), abs=1e-4)
    first = columns["local_rate"]["values"][: called.count("yes")]
    assert first == sorted(first)
    assert columns["local_rate"]["use"] == "rate"
    assert "p_value" not in columns
    assert set(texts(columns["rule"])) <= {"candidate", "hit", "left out", "no"}


def test_rows_past_the_limit_are_counted():
    study = MANIFEST["study"] | {"report": {"rows": 10}}
    page = build_page(FEW, MANIFEST | {"study": study})
    assert payload(page, "data-sensitizers")["rows"] == 10
    left = TEST.height - 10
    assert f"{left} rows further down the list are not on this page; all {TEST.height} are in" in section(
        page, "sensitizers"
    )


def test_classes_are_explained_with_their_limits():
    text = section(PAGE, "sensitizers")
    assert "additive" in text
    assert "interaction shown to be small (within ±0.32 log2): with the drug it does what it does without" in text
    counts = dict(TEST["class"].cast(pl.String).value_counts().rows())
    assert f"sensitizer {counts['sensitizer']} " in text


@pytest.mark.parametrize(
    ("method", "n", "words"),
    [
        ("heb", 1, "One replicate cannot tell a bad well from an effect."),
        ("heb", 2, "With 2 replicates the noise of each reagent is mostly borrowed from the others."),
        ("heb", 2, "The rates are those of a model."),
        ("moderated-t", 3, "The rate belongs to the list."),
        ("regression", 3, "No interaction means Bliss independence."),
        ("heb", 2, "One vehicle serves all drugs."),
    ],
)
def test_what_the_test_cannot_tell_is_said(method, n, words):
    table = TEST if method == "heb" else without_rates(TEST, method)
    page = build_page({**FEW, "sensitizers": table.with_columns(pl.lit(n, pl.Int32).alias("n"))}, MANIFEST)
    assert 'class="box failed" role="alert"' not in page
    assert words in section(page, "sensitizers")


def test_one_context_with_one_replicate_is_warned_of():
    from sensitome.charts.sensitization_data import evidence

    alone = TEST.filter(pl.col("cell_line") == "KPL4").with_columns(pl.lit(1, pl.Int32).alias("n"))
    _, text = limits_in_words(alone, evidence(alone, MANIFEST))[-1]
    assert "several times as many calls were false as the rates say" in text
    both = TEST.with_columns(pl.lit(1, pl.Int32).alias("n"))
    _, text = limits_in_words(both, evidence(both, MANIFEST))[-1]
    assert text.endswith("calls rest on contexts that agree.")


def test_limits_of_scores_claim_no_rate():
    from sensitome.charts.sensitization_data import evidence

    table = without_rates(TEST, "regression")
    headings = [heading for heading, _ in limits_in_words(table, evidence(table, MANIFEST))]
    assert not any("rate" in heading for heading in headings)


def test_the_method_is_told_with_its_numbers():
    text = sensitization_method_text(TABLES, MANIFEST)
    assert "hierarchical empirical Bayes over lines and arms" in text
    assert "Contexts with a local false sensitizer rate of at most 0.2 were called." in text
    assert "A rate is the probability that δ is not below −0.1. Intervals cover 95 %." in text
    assert "one seed" not in text
    seeded = {**TABLES, "reagents": TABLES["reagents"].with_columns(pl.lit("ACGUACGU").alias("sequence"))}
    assert "reagents of kind mimic with one seed lend each other strength" in sensitization_method_text(
        seeded, MANIFEST
    )
    assert "Sensitization." in section(PAGE, "methods")
    q = sensitization_method_text({"sensitizers": without_rates(TEST, "moderated-t")}, MANIFEST)
    assert "wells that lie more than" not in q
    assert "false-discovery rate of 10 % (Benjamini-Hochberg)" in q
    assert sensitization_method_text({}, MANIFEST) == ""


def test_the_rule_and_the_test_are_compared_with_reasons():
    text = section(PAGE, "comparison")
    assert "How often they agree, in contexts (κ = agreement beyond chance, 1 = always)" in text
    counts = concordance(TABLES["concordance"]).row(-1, named=True)
    row = " ".join(f"{counts[name]:,}" for name in ("both", "rule_only", "test_only", "neither"))
    assert f"all all {row} " in text
    hits, test = TABLES["hits"].filter("is_hit").select(KEYS), TEST.filter("is_sensitizer").select(KEYS)
    both = hits.join(test, on=KEYS, how="semi").height
    assert f"{hits.height - both:,} only by the rule, {test.height - both:,} only by the test." in text
    columns = columns_of(PAGE, "data-comparison")
    assert len(columns["reagent"]["values"]) == hits.height + test.height - both
    sentences = set(TABLES["concordance"]["reason"])
    assert set(texts(columns["reason"])) <= sentences
    groups = texts(columns["group"])
    assert groups == sorted(groups, key=lambda group: group == "called by both")


def test_reasons_are_given_without_a_table_of_them():
    from sensitome.charts.concordance import CAUSES

    page = build_page({name: table for name, table in FEW.items() if name != "concordance"}, MANIFEST)
    assert set(texts(columns_of(page, "data-comparison")["reason"])) <= set(CAUSES.values())


def test_recall_and_false_discoveries_stand_beside_each_other_when_the_truth_is_known():
    assert "Simulated study: the truth is known." not in section(PAGE, "comparison")
    page = build_page({**FEW, "truth": truth_of("all")}, MANIFEST)
    n = TEST["is_sensitizer"].sum()
    assert f"the test {n} {n} {n} 100 % 0 %" in section(page, "comparison")
    assert set(texts(columns_of(page, "data-sensitizers")["truly"])) == {"yes", "no"}
    nothing = section(build_page({**FEW, "truth": truth_of("none")}, MANIFEST), "comparison")
    assert f"the test {n} 0 0 not defined 100 %" in nothing


def page_of(families: pl.DataFrame) -> str:
    return build_page({"families": families}, MANIFEST)


def test_the_summary_tells_the_truth_of_both():
    headline = {
        "recall": 0.5, "false_discovery_proportion": 0.25, "sensitizer_recall": 0.9,
        "sensitizer_false_discovery_proportion": None,
    }  # fmt: skip
    page = build_page({"hits": TABLES["hits"]}, MANIFEST | {"headline": headline})
    text = section(page, "summary")
    assert "Recall 50 %" in text
    said = "the test of the interaction has recall 90 % and false-discovery proportion not defined ."
    assert said in text


def test_families_are_shown_when_there_are_some():
    assert 'id="families"' not in PAGE
    families = families_of(TEST)
    page = build_page({**FEW, "families": families}, MANIFEST)
    text = section(page, "families")
    assert "2 seed families with more than one member. 1 shares a pattern of sensitization with a probability" in text
    assert "1 stands out against random reagents (q ≤ 0.1)." in text
    assert "A member does what its family does in 70 % of the cases" in text
    columns = columns_of(page, "data-families")
    assert texts(columns["seed_family"]) == ["AGCACCA", "AAAGUGC"]
    assert columns["n_members"]["values"] == [2, 3]
    assert 'data-figure="seed_families"' in page


def test_families_of_a_test_without_a_model_are_held_against_random_reagents():
    of_model = ["loyalty", "p_shared", "pattern", "p_pattern"]
    families = families_of(TEST).with_columns(
        pl.lit(None).cast(families_of(TEST)[name].dtype).alias(name) for name in of_model
    )
    text = section(page_of(families), "families")
    assert "probability above one half" not in text
    assert "1 stands out against random reagents (q ≤ 0.1)." in text
    assert "φ, the mean" not in text


def test_seeds_that_say_nothing_are_told_so():
    families = families_of(TEST).with_columns(loyalty=pl.lit(0.0))
    assert "do not share their interactions" in section(page_of(families), "families")


def test_a_run_without_a_test_has_no_word_of_it():
    tables = {name: table for name, table in TABLES.items() if name not in ("sensitizers", "concordance")}
    page = build_page(tables, MANIFEST)
    assert 'id="sensitizers"' not in page
    assert 'id="comparison"' not in page
    assert "test of the interaction" not in section(page, "summary")
    assert "Sensitization." not in section(page, "methods")


def test_a_run_with_the_test_alone_has_a_place_for_the_reagent():
    page = build_page({"sensitizers": TEST, "wells": TABLES["wells"]}, MANIFEST)
    assert page.count('id="wells"') == 1
    assert PAGE.count('id="wells"') == 1


def test_the_panel_of_a_reagent_knows_its_arms_and_the_zero_of_the_effects():
    about = payload(PAGE, "data-interaction")
    assert about["vehicle"] == "vehicle"
    assert about["arms"] == ["lapatinib"]
    assert about["rate"] == {"column": "local_rate", "name": "local rate"}
    assert about["offsets"] == []
    shifted = TEST.with_columns(pl.col("effect_with_drug") - 0.25)
    about = payload(build_page({"wells": TABLES["wells"], "sensitizers": shifted}, MANIFEST), "data-interaction")
    kinds = sorted(TEST["kind"].unique())
    assert about["offsets"] == [[line, "lapatinib", kind, 0.25] for line in ("KPL4", "SUM190PT") for kind in kinds]


def test_empty_tables_and_hostile_names_do_no_harm():
    assert 'id="sensitizers"' not in build_page({**FEW, "sensitizers": TEST.clear()}, MANIFEST)
    tables, manifest = small_run(HOSTILE)
    tables = {**tables, "families": families_of(tables["sensitizers"])}
    page = build_page(tables, manifest)
    assert 'class="box failed" role="alert"' not in page
    assert "<b onload" not in page
    assert HOSTILE in columns_of(page, "data-sensitizers")["reagent"]["levels"]


def test_contexts_that_were_not_tested_are_counted_apart():
    first = TEST["reagent"][0]
    gone = TEST.with_columns(
        pl.when(pl.col("reagent") == first).then(None).otherwise(pl.col("effect")).alias("effect"),
        pl.when(pl.col("kind") == "inhibitor").then(pl.col("cell_line") == "KPL4").alias("is_expressed"),
    )
    page = build_page({**FEW, "sensitizers": gone}, MANIFEST)
    assert 'class="box failed" role="alert"' not in page
    assert "without an expressed target did not take part." in section(page, "methods")
    assert set(texts(columns_of(page, "data-sensitizers")["expressed"])) == {"yes", "no", None}
