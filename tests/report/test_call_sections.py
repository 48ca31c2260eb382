"""What the page says behind the calls: what was learned, calls by chance, support, and effects without a drug."""

from __future__ import annotations

import html
import re

import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores
from tests.small_run import small_run

from sensitome.report.fit_text import learned_words, null_words
from sensitome.report.page import build_page
from sensitome.report.sections.support import verdict_of_controls
from sensitome.screen.one_arm import one_arm_effects
from sensitome.screen.sensitization import sensitize
from sensitome.screen.sensitizer_evidence import antisymmetry, line_evidence
from sensitome.screen.three_way import three_way_effects
from sensitome.tables import TABLES, check_table

RUN, MANIFEST = small_run()


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found, name
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0))))


@pytest.fixture(scope="module")
def page() -> str:
    screen = planned(2, 1)
    found = sensitize(screen.scores, treatments=screen.treatments, families=screen.families)
    mean = {"ci_low": -0.2, "ci_high": 0.0, "p_value": 0.01, "q_value": 0.02, "n": 6}
    drugs = pl.DataFrame(
        [{"cell_line": "KPL4", "treatment": "lapatinib", "term": "effect", "class": "all", "effect": -0.1} | mean]
    )
    pair = {"cell_line": "KPL4", "treatment": "lapatinib", "first": "mimic", "second": "siRNA", "effect": -0.3}
    controls = pl.DataFrame([pair | mean | {"agree": False}, pair | mean | {"second": "inhibitor", "agree": True}])
    tables = {
        "sensitizers": found.sensitizers,
        "sensitization_fit": found.fit,
        "families": found.families,
        "drug_effects": check_table(drugs, TABLES["drug_effects"], name="drug_effects"),
        "control_agreement": check_table(controls, TABLES["control_agreement"], name="control_agreement"),
        "line_evidence": line_evidence(found.sensitizers, screen.scores, treatments=screen.treatments),
        "antisymmetry": antisymmetry(found.sensitizers, targets=screen.targets),
        "three_way": three_way_effects(screen.scores, treatments=screen.treatments),
        "null_calls": nulls(),
    }
    return build_page(tables, MANIFEST)


def nulls() -> pl.DataFrame:
    rows = [
        {"called_by": "rule", "calls": 14, "expected": 7.2, "standard_error": 0.6, "p_value": 0.2, "false_share": 0.5,
         "rounds": 5, "remark": None},
        {"called_by": "heb", "calls": 19, "expected": None, "standard_error": None, "p_value": None,
         "false_share": None, "rounds": 0, "remark": "a null screen cannot be made from one replicate."},
    ]  # fmt: skip
    return check_table(pl.DataFrame(rows), TABLES["null_calls"], name="null_calls")


def test_what_the_model_learned_is_told(page: str) -> None:
    text = section(page, "sensitizers")
    assert "What the model learned from this screen" in text
    assert "share of the 160 reagents that sensitize anywhere" in text
    assert "slopes, KPL4" in text
    assert "prior.json in the results holds this" in text


def test_patterns_are_named_where_they_stand_out() -> None:
    screen = planned(2, 1)
    fit = sensitize(screen.scores, treatments=screen.treatments, families=screen.families).fit
    words = learned_words(fit)
    assert words is not None
    assert 1 <= len(words["patterns"]) <= 8
    assert len(words["patterns"]) + words["further"] == 63
    assert learned_words(fit.clear()) is None
    assert learned_words(None) is None


def test_calls_by_chance_are_told_or_why_not(page: str) -> None:
    assert null_words(nulls()) == [
        "The paper's rule calls 14 contexts; in 5 screens made of this one, in which no drug changes anything, it "
        "calls 7.2 ± 0.6.",
        "The test (heb) calls 19 contexts; how many by chance is not known: a null screen cannot be made from one "
        "replicate.",
    ]
    assert "How many calls chance alone would give" in section(page, "sensitizers")
    assert null_words(None) == []


def test_what_supports_the_calls(page: str) -> None:
    text = section(page, "support")
    assert "KPL4 lapatinib against vehicle −0.10 [−0.20, 0.00] 6" in text
    assert "They disagree in 1 of 2 comparisons." in text
    assert "mimic − siRNA" in text
    assert "contexts of a combination. In " in text
    assert "the combination does more than its drugs together" in text
    assert "shown to sensitize in two cell lines or more (partial conjunction of the p of moderated-t" in text
    assert "miRNAs the library has both a mimic and an inhibitor" in text


def test_a_run_without_support_has_no_section_of_it() -> None:
    few = {"sensitizers": RUN["sensitizers"], "hits": RUN["hits"]}
    assert 'id="support"' not in build_page(few, MANIFEST)


def test_the_chance_to_be_called_again_stands_beside_each_hit() -> None:
    hits = RUN["hits"]
    keys = ["reagent", "kind", "position", "cell_line", "treatment", "is_hit"]
    chance = hits.select(keys).with_columns(
        p_call=pl.when("is_hit").then(0.75).otherwise(0.0), rounds=pl.lit(200, pl.Int32)
    )
    page = build_page({"hits": hits, "call_probability": chance}, MANIFEST)
    called = int(hits["is_hit"].sum())
    text = section(page, "hits")
    assert f"Of {called} hits, {0.75 * called:.0f} would be expected to be called again; 0 are more likely lost" in text
    assert '"id":"p_call"' in page


@pytest.mark.parametrize(("replicates", "said"), [(2, "from the replicates"), (1, "Little can be said")])
def test_effects_without_a_drug(replicates: int, said: str) -> None:
    effects = one_arm_effects(quiet_scores(reagents=80, replicates=replicates, arms=("none",)))
    text = section(build_page({"one_arm": effects}, MANIFEST), "effects")
    assert "nothing can be said of sensitization" in text
    assert said in text
    assert "0.32 log2 (20 % of the cells)" in text


@pytest.mark.parametrize(
    ("agree", "said"),
    [
        ([True, True], "They agree in all 2 comparisons (shown to differ by less than 0.1 log2)."),
        (
            [True, None],
            "They agree in 1 of 2 comparisons (shown to differ by less than 0.1 log2). 1 cannot be told with so few "
            "sets of plates.",
        ),
        ([False, None], "They disagree in 1 of 2 comparisons. 1 cannot be told with so few sets of plates."),
        ([None], "So few sets of plates cannot tell whether they agree."),
    ],
)
def test_agreement_of_controls_is_no_lack_of_plates(agree: list[bool | None], said: str) -> None:
    assert verdict_of_controls(pl.Series(agree, dtype=pl.Boolean)) == said


def test_combinations_of_one_replicate_have_no_verdict() -> None:
    screen = planned(1, 1)
    found = sensitize(screen.scores, treatments=screen.treatments)
    together = three_way_effects(screen.scores, treatments=screen.treatments)
    text = section(build_page({"sensitizers": found.sensitizers, "three_way": together}, MANIFEST), "support")
    assert "With one replicate nobody can say whether they do more than the drugs of the combination." in text
