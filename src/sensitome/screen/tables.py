"""Tables that the test of sensitization adds to a run, beside `sensitizers` and `concordance`."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

from sensitome.schema_columns import count, key, number, text

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
    "ThreeWay",
]


class SensitizationFit(dy.Schema):
    """One row per number that the hierarchical model learned from the screen; empty for other tests."""

    quantity = key("what was learned")
    cell_line = key('cell line that it belongs to; "" = all')
    treatment = key('treatment arm that it belongs to; "" = all')
    pattern = key('contexts in which a reagent acts, as "line: drug; line: drug"; "" = all')
    level = key('size of the effect, class of general effect and noise, or class of reagents; "" = all')
    value = number("the number", "as the quantity", nullable=False)
    meaning = text("what the number says", nullable=False)


class Families(dy.Schema):
    """One row per seed family of two reagents or more: what its members do together."""

    seed_family = key("seed: nucleotides 2 to 8 of the sequence that was ordered")
    kind = key("class of reagent")
    n_members = count("members that were tested")
    members = text('their names, joined by ";"', nullable=False)
    n_called = count("members called somewhere")
    called = text('their names, joined by ";"', nullable=False)
    loyalty = number("probability that a member follows its family (φ), given all members; heb only", "probability")
    p_shared = number("probability that the members share a pattern of sensitization; heb only", "probability")
    pattern = text('the most probable shared pattern, as "line: drug; line: drug"; heb only')
    p_pattern = number("probability of that pattern", "probability")
    cell_line = text("cell line of the strongest context of the family", nullable=False)
    treatment = text("drug arm of the strongest context of the family", nullable=False)
    effect = number("mean interaction of the members there", "log2")
    ci_low = number("lower end of its t interval over the members", "log2")
    ci_high = number("upper end of its t interval over the members", "log2")
    p_value = number("chance that so many random reagents of the kind agree as well in any context", "probability")
    q_value = number("false-discovery rate of the list of families that ends with it", "probability")


class NullCalls(dy.Schema):
    """One row per way of calling: how much it would call in this very screen if no drug changed anything."""

    called_by = key("the paper's rule, or the name of the test")
    calls = count("contexts called in the screen")
    expected = number("mean number of contexts called in the null screens", "count")
    standard_error = number("Monte-Carlo error of that mean", "count")
    p_value = number("(1 + null screens with as many calls) / (1 + null screens)", "probability")
    false_share = number("expected / calls, at most 1", "fraction")
    rounds = count("null screens")
    remark = text("why there is no number; null where there is one")


class CallProbability(dy.Schema):
    """One row per reagent in one drug arm of one cell line: how often the rule would call it again under new noise."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("drug arm")
    is_hit = dy.Bool(nullable=False, description="called by the rule")
    p_call = number("share of the bootstrap samples in which the rule calls it", "fraction", nullable=False)
    rounds = count("bootstrap samples")


class DrugEffects(dy.Schema):
    """One row per drug arm, cell line and class of controls: what the drug does alone, with plates as the n."""

    cell_line = key("cell line")
    treatment = key("drug arm")
    term = key('"effect" = drug − vehicle; "combination" = combination − sum of its parts')
    class_ = dy.String(primary_key=True, alias="class", description='class of negative controls; "all" = all together')
    effect = number("mean over sets of plates", "log2")
    ci_low = number("lower end of its t interval", "log2")
    ci_high = number("upper end of its t interval", "log2")
    p_value = number("two-sided p", "probability")
    q_value = number("false-discovery rate over the table", "probability")
    n = count("sets of plates compared")


class ControlAgreement(dy.Schema):
    """One row per drug arm, cell line and pair of classes of negative controls: whether they say the same."""

    cell_line = key("cell line")
    treatment = key("drug arm")
    first = key("a class of negative controls")
    second = key("another class")
    effect = number("the drug's effect on the first minus that on the second", "log2")
    ci_low = number("lower end of its t interval", "log2")
    ci_high = number("upper end of its t interval", "log2")
    p_value = number("two-sided p", "probability")
    q_value = number("false-discovery rate over the table", "probability")
    n = count("sets of plates compared")
    agree = dy.Bool(nullable=True, description="whether they agree; null where it cannot be told")


class ThreeWay(dy.Schema):
    """One row per reagent, cell line and combination of drugs: what it does beyond each of them. Else empty."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("arm of the combination")
    effect = number("interaction with the combination − sum of those with its parts; negative = more than they", "log2")
    ci_low = number("lower end of its moderated t interval; null with one replicate", "log2")
    ci_high = number("upper end of its moderated t interval", "log2")
    p_value = number("two-sided p of the moderated t", "probability")
    q_value = number("false-discovery rate over the table", "probability")


class LineEvidence(dy.Schema):
    """One row per reagent and drug: in how many cell lines it sensitizes, at least (partial conjunction)."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    treatment = key("drug arm")
    n_lines = count("cell lines tested")
    p_any = number("one-sided p against sensitization in no line", "probability")
    q_all = number("false-discovery rate of sensitization in all tested lines", "probability")
    lines_shown = count("largest number of lines with p ≤ 0.05")
    method = text("test that gives the p", nullable=False)


class Antisymmetry(dy.Schema):
    """One row per miRNA with a mimic and an inhibitor, cell line and drug arm: whether they do the opposite."""

    target = key("the miRNA")
    mimic = key("reagent that mimics it")
    inhibitor = key("reagent that inhibits it")
    cell_line = key("cell line")
    treatment = key("drug arm")
    mimic_effect = number("interaction of the mimic", "log2")
    inhibitor_effect = number("interaction of the inhibitor", "log2")
    effect = number("mimic − inhibitor", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_value = number("two-sided p of the difference", "probability")
    q_value = number("false-discovery rate over the table", "probability")
    n = count("replicates, the smaller number of both")
    verdict = dy.Enum(
        ["antisymmetric", "same direction", "one only", "neither"],
        description="signs of the two interactions, where their intervals exclude 0",
    )


class OneArm(dy.Schema):
    """One row per reagent, cell line and arm of a screen without a drug: its effect on viability. Else empty."""

    reagent = key("name of the reagent")
    kind = key("class of reagent")
    position = key("where it lies in the library")
    cell_line = key("cell line")
    treatment = key("treatment arm")
    effect = number("mean of the replicates, from the typical reagent of the line", "log2")
    shrunk_effect = number("effect drawn to the size that effects have, against winner's curse", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_loss = number("probability of a loss of viability of more than 20 % (0.32 log2)", "probability")
    p_gain = number("probability of a gain of more than that", "probability")
    p_again = number("probability that one more well would show such a loss", "probability")
    p_wrong = number("probability that one of its wells went wrong; null with one replicate", "probability")
    word = dy.Enum(["toxic", "protective", "quiet", "undetermined"], description="what is shown, in a word")
    n = count("replicates with a value")
    noise_from = text("what tells the noise: replicates, controls or library", nullable=False)


#: By file name.
SCREEN_TABLES: Mapping[str, type[dy.Schema]] = {
    "sensitization_fit": SensitizationFit,
    "families": Families,
    "null_calls": NullCalls,
    "call_probability": CallProbability,
    "drug_effects": DrugEffects,
    "control_agreement": ControlAgreement,
    "three_way": ThreeWay,
    "line_evidence": LineEvidence,
    "antisymmetry": Antisymmetry,
    "one_arm": OneArm,
}
