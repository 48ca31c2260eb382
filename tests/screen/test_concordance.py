"""The paper's call beside ours, with a sentence for each difference."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import quiet_scores, with_effect

from sensitome.io.study_file import read_preset
from sensitome.screen.concordance import compare_calls, concordance
from sensitome.screen.hits import call_hits
from sensitome.screen.sensitization import test_sensitization as run_test
from sensitome.settings import HitSettings, Treatments

ARMS = Treatments(vehicle="vehicle")
RULE = HitSettings(**{**read_preset("normann2021")["hits"], "expression": "off"})


@pytest.fixture(scope="module")
def compared() -> pl.DataFrame:
    scores = quiet_scores(reagents=400, replicates=3)
    for name, effects in {
        "r000": {"T": -1.2},
        "r001": {"vehicle": -0.8, "T": -1.9},
        "r002": {"vehicle": -0.2, "T": -0.33},
        "r003": {"vehicle": -0.21, "T": -0.21},
    }.items():
        scores = with_effect(scores, name, effects)
    scores = scores.with_columns(score=pl.mean_horizontal("score_r1", "score_r2", "score_r3"), n=pl.lit(3, pl.Int32))
    ours = run_test(scores, treatments=ARMS, method="moderated-t")
    return compare_calls(ours, call_hits(scores, settings=RULE, treatments=ARMS))


def row(compared: pl.DataFrame, reagent: str) -> dict[str, object]:
    return compared.filter(reagent=reagent).row(0, named=True)


def test_both_call_a_strong_sensitizer(compared: pl.DataFrame) -> None:
    found = row(compared, "r000")
    assert found["agreement"] == "both"
    assert str(found["reason"]).startswith("Both: −")


def test_a_toxic_sensitizer_is_ours_alone_and_the_sentence_says_why(compared: pl.DataFrame) -> None:
    found = row(compared, "r001")
    assert found["agreement"] == "test only"
    assert str(found["reason"]).startswith("The drug changes the effect by −1.")
    assert "; the rule leaves it out: has an effect without drug (z = -" in str(found["reason"])


def test_every_call_of_the_rule_alone_has_a_reason(compared: pl.DataFrame) -> None:
    alone = compared.filter(pl.col("agreement") == "rule only")
    assert alone["reason"].str.starts_with("The rule sees −").all()
    small = alone["class"].is_in(["additive", "toxic alone"])
    assert alone.filter(~small)["reason"].str.ends_with("which is not enough to call.").all()
    assert alone.filter(small)["reason"].str.contains("; with the drug it does what it does without, a change of").all()


def one_call_of_the_rule(**changes: object) -> str:
    """The sentence for a context that the rule alone calls."""
    ours = pl.DataFrame(
        {"reagent": "r", "kind": "mimic", "position": "L1:A01", "cell_line": "A", "treatment": "T",
         "is_sensitizer": False, "is_expressed": True, "effect": -0.1, "ci_low": -0.2, "ci_high": 0.0, "n": 2,
         "class": "undetermined"}
    ).with_columns(**{name: pl.lit(value) for name, value in changes.items()})  # fmt: skip
    theirs = ours.select("reagent", "kind", "position", "cell_line", "treatment").with_columns(
        is_hit=pl.lit(value=True), z=pl.lit(-3.2), vehicle_z=pl.lit(-2.9), reason=pl.lit("hit")
    )
    return str(compare_calls(ours, theirs)["reason"][0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "; the drug changes the effect by −0.10 log2 [−0.20, +0.00], which is not enough to call."),
        (
            {"class": "toxic alone"},
            "; with the drug it does what it does without, a change of −0.10 log2 [−0.20, +0.00].",
        ),
        ({"class": "artifact"}, ", but the replicates disagree: some well went wrong."),
        ({"class": "artifact", "n": 1}, ", but it stands alone: some well went wrong."),
        ({"class": "antagonist"}, ", but the drug weakens the effect: −0.10 log2 [−0.20, +0.00]."),
        ({"is_expressed": False}, "; the target is not expressed in that line, so it was not tested."),
        ({"effect": None}, "; the interaction cannot be tested."),
    ],
)
def test_each_disagreement_has_its_own_sentence(changes: dict[str, object], said: str) -> None:
    assert one_call_of_the_rule(**changes) == "The rule sees −3.2 SD with the drug and −2.9 SD without it" + said


def test_no_row_is_without_a_reason(compared: pl.DataFrame) -> None:
    assert compared["reason"].null_count() == 0
    assert compared.height == 400
    assert row(compared, "r100")["reason"] == "Neither calls it."


def test_the_concordance_counts_and_kappa_by_hand() -> None:
    words = ["both"] * 2 + ["rule only"] * 1 + ["test only"] * 1 + ["neither"] * 6
    table = concordance(pl.DataFrame({"agreement": words}).with_columns(cell_line=pl.lit("A"), treatment=pl.lit("T")))
    assert table.select("both", "rule_only", "test_only", "neither").rows() == [(2, 1, 1, 6)] * 2
    assert table["cell_line"].to_list() == ["A", "all"]
    # observed 0.8, by chance 0.3 · 0.3 + 0.7 · 0.7 = 0.58
    assert table["kappa"][0] == pytest.approx((0.8 - 0.58) / 0.42)


def test_kappa_is_unknown_when_nothing_is_called() -> None:
    table = concordance(
        pl.DataFrame({"agreement": ["neither"] * 5}).with_columns(cell_line=pl.lit("A"), treatment=pl.lit("T"))
    )
    assert table["kappa"].null_count() == 2
