"""Tables that the test of sensitization adds to a run, beside `sensitizers` and `concordance`."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

__all__ = [
    "SCREEN_TABLES",
    "Antisymmetry",
    "CallProbability",
    "ControlAgreement",
    "DrugEffects",
    "Families",
    "LineEvidence",
    "NullCalls",
    "OneArm",
    "SensitizationFit",
]


def _key(meaning: str) -> dy.String:
    return dy.String(primary_key=True, description=meaning)


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _number(meaning: str, unit: str, *, nullable: bool = True) -> dy.Float64:
    return dy.Float64(nullable=nullable, description=meaning, metadata={"unit": unit})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(min=0, description=meaning, metadata={"unit": "count"})


class SensitizationFit(dy.Schema):
    """One row per number that the hierarchical model learned from the screen; empty for other tests."""

    quantity = _key("what was learned")
    cell_line = _key('cell line that it belongs to; "" = all')
    treatment = _key('treatment arm that it belongs to; "" = all')
    pattern = _key('contexts in which a reagent acts, as "line: drug; line: drug"; "" = all')
    level = _key('size of the effect, or the class of general effect and noise; "" = all')
    value = _number("the number", "as the quantity", nullable=False)
    meaning = _text("what the number says", nullable=False)


class Families(dy.Schema):
    """One row per seed family of two reagents or more: what its members do together."""

    seed_family = _key("seed: nucleotides 2 to 8 of the sequence that was ordered")
    kind = _key("class of reagent")
    n_members = _count("members that were tested")
    members = _text('their names, joined by ";"', nullable=False)
    n_called = _count("members called somewhere")
    called = _text('their names, joined by ";"', nullable=False)
    loyalty = _number("probability that a member follows its family (φ), given all members; heb only", "probability")
    p_shared = _number("probability that the members share a pattern of sensitization; heb only", "probability")
    pattern = _text('the most probable shared pattern, as "line: drug; line: drug"; heb only')
    p_pattern = _number("probability of that pattern", "probability")
    cell_line = _text("cell line of the strongest context of the family", nullable=False)
    treatment = _text("drug arm of the strongest context of the family", nullable=False)
    effect = _number("mean interaction of the members there", "log2")
    ci_low = _number("lower end of its t interval over the members", "log2")
    ci_high = _number("upper end of its t interval over the members", "log2")
    p_value = _number("chance that so many random reagents of the kind agree as well in any context", "probability")
    q_value = _number("false-discovery rate of the list of families that ends with it", "probability")


class NullCalls(dy.Schema):
    """One row per way of calling: how much it would call in this very screen if no drug changed anything."""

    called_by = _key("the paper's rule, or the name of the test")
    calls = _count("contexts called in the screen")
    expected = _number("mean number of contexts called in the null screens", "count")
    standard_error = _number("Monte-Carlo error of that mean", "count")
    p_value = _number("(1 + null screens with as many calls) / (1 + null screens)", "probability")
    false_share = _number("expected / calls, at most 1", "fraction")
    rounds = _count("null screens")
    remark = _text("why there is no number; null where there is one")


class CallProbability(dy.Schema):
    """One row per reagent in one drug arm of one cell line: how often the rule would call it again under new noise."""

    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    position = _key("where it lies in the library")
    cell_line = _key("cell line")
    treatment = _key("drug arm")
    is_hit = dy.Bool(nullable=False, description="called by the rule")
    p_call = _number("share of the bootstrap samples in which the rule calls it", "fraction", nullable=False)
    rounds = _count("bootstrap samples")


class DrugEffects(dy.Schema):
    """One row per drug arm, cell line and class of controls: what the drug does alone, with plates as the n."""

    cell_line = _key("cell line")
    treatment = _key("drug arm")
    term = _key('"effect" = drug − vehicle; "combination" = combination − sum of its parts')
    class_ = dy.String(primary_key=True, alias="class", description='class of negative controls; "all" = all together')
    effect = _number("mean over sets of plates", "log2")
    ci_low = _number("lower end of its t interval", "log2")
    ci_high = _number("upper end of its t interval", "log2")
    p_value = _number("two-sided p", "probability")
    q_value = _number("false-discovery rate over the table", "probability")
    n = _count("sets of plates compared")


class ControlAgreement(dy.Schema):
    """One row per drug arm, cell line and pair of classes of negative controls: whether they say the same."""

    cell_line = _key("cell line")
    treatment = _key("drug arm")
    first = _key("a class of negative controls")
    second = _key("another class")
    effect = _number("the drug's effect on the first minus that on the second", "log2")
    ci_low = _number("lower end of its t interval", "log2")
    ci_high = _number("upper end of its t interval", "log2")
    p_value = _number("two-sided p", "probability")
    q_value = _number("false-discovery rate over the table", "probability")
    n = _count("sets of plates compared")
    agree = dy.Bool(nullable=True, description="whether they agree; null where it cannot be told")


class LineEvidence(dy.Schema):
    """One row per reagent and drug: in how many cell lines it sensitizes, at least (partial conjunction)."""

    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    treatment = _key("drug arm")
    n_lines = _count("cell lines tested")
    p_any = _number("one-sided p against sensitization in no line", "probability")
    q_all = _number("false-discovery rate of sensitization in all tested lines", "probability")
    lines_shown = _count("largest number of lines with p ≤ 0.05")
    method = _text("test that gives the p", nullable=False)


class Antisymmetry(dy.Schema):
    """One row per miRNA with a mimic and an inhibitor, cell line and drug arm: whether they do the opposite."""

    target = _key("the miRNA")
    mimic = _key("reagent that mimics it")
    inhibitor = _key("reagent that inhibits it")
    cell_line = _key("cell line")
    treatment = _key("drug arm")
    mimic_effect = _number("interaction of the mimic", "log2")
    inhibitor_effect = _number("interaction of the inhibitor", "log2")
    effect = _number("mimic − inhibitor", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    p_value = _number("two-sided p of the difference", "probability")
    q_value = _number("false-discovery rate over the table", "probability")
    n = _count("replicates, the smaller number of both")
    verdict = dy.Enum(
        ["antisymmetric", "same direction", "one only", "neither"],
        description="signs of the two interactions, where their intervals exclude 0",
    )


class OneArm(dy.Schema):
    """One row per reagent, cell line and arm of a screen without a drug: its effect on viability. Else empty."""

    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    position = _key("where it lies in the library")
    cell_line = _key("cell line")
    treatment = _key("treatment arm")
    effect = _number("mean of the replicates, from the typical reagent of the line", "log2")
    shrunk_effect = _number("effect drawn to the size that effects have, against winner's curse", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    p_loss = _number("probability of a loss of viability of more than 20 % (0.32 log2)", "probability")
    p_gain = _number("probability of a gain of more than that", "probability")
    p_again = _number("probability that one more well would show such a loss", "probability")
    p_wrong = _number("probability that one of its wells went wrong; null with one replicate", "probability")
    word = dy.Enum(["toxic", "protective", "quiet", "undetermined"], description="what is shown, in a word")
    n = _count("replicates with a value")
    noise_from = _text("what tells the noise: replicates, controls or library", nullable=False)


#: By file name.
SCREEN_TABLES: Mapping[str, type[dy.Schema]] = {
    "sensitization_fit": SensitizationFit,
    "families": Families,
    "null_calls": NullCalls,
    "call_probability": CallProbability,
    "drug_effects": DrugEffects,
    "control_agreement": ControlAgreement,
    "line_evidence": LineEvidence,
    "antisymmetry": Antisymmetry,
    "one_arm": OneArm,
}
