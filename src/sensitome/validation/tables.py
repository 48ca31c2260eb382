"""Tables of the validation assay: columns, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

__all__ = [
    "VALIDATION_TABLES",
    "Combinations",
    "DoseScores",
    "DoseSummary",
    "Validated",
    "Validation",
    "ValidationAgreement",
    "ValidationPlates",
    "ValidationPower",
    "ValidationReplicates",
    "ValidationWells",
]


def _key(meaning: str) -> dy.String:
    return dy.String(primary_key=True, description=meaning)


def _text(meaning: str, *, nullable: bool = True) -> dy.String:
    return dy.String(nullable=nullable, description=meaning)


def _number(meaning: str, unit: str, *, nullable: bool = True) -> dy.Float64:
    return dy.Float64(nullable=nullable, description=meaning, metadata={"unit": unit})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(nullable=False, min=0, description=meaning, metadata={"unit": "count"})


class ValidationWells(dy.Schema):
    """One row per well of a validation plate that holds a reagent."""

    plate = _key("name of the measured plate")
    well = _key('well, as "A01"')
    cell_line = _text("cell line", nullable=False)
    treatment = _text("treatment arm of the well", nullable=False)
    replicate = dy.Int16(min=1, description="biological replicate, from 1")
    technical = dy.Int16(min=1, description="technical replicate, from 1")
    reagent = _text("name of the reagent", nullable=False)
    kind = _text("class of reagent", nullable=False)
    role = _text("sample, negative, positive, untreated", nullable=False)
    signal = _number("reading of the instrument", "counts")
    control_level = _number("median of the negative controls that are 100 %", "counts")
    viability = _number("signal / control_level", "fraction of the negative control")
    log2_viability = _number("binary logarithm of the viability", "log2")


class ValidationReplicates(dy.Schema):
    """One row per reagent × arm × biological replicate: the mean of its technical replicates."""

    cell_line = _key("cell line")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    treatment = _key("treatment arm")
    replicate = dy.Int16(primary_key=True, min=1, description="biological replicate")
    role = _text("sample or negative", nullable=False)
    viability = _number("mean viability of the wells", "fraction of the negative control")
    log2_viability = _number("mean log2 viability of the wells", "log2")
    n_wells = _count("wells with a reading")


class Validation(dy.Schema):
    """One row per reagent × arm × contrast."""

    cell_line = _key("cell line")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    treatment = _key("treatment arm")
    contrast = dy.Enum(
        ["reagent", "interaction"],
        primary_key=True,
        description="reagent − control in the same arm; or that with the drug minus that without (the interaction)",
    )
    effect = _number("estimate of the contrast; negative = fewer living cells", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    p_value = _number("two-sided p of the contrast by itself", "probability")
    p_dunnett = _number("p adjusted for all reagents of the arm that share the control (Dunnett)", "probability")
    q_value = _number("p adjusted over reagents × arms of the contrast", "probability")
    n = _count("what the test counts as n: biological replicates, or wells of the reagent (see unit)")
    unit = _text("what n counts", nullable=False)
    standard_error = _number("standard error of the effect", "log2")
    df = _number("degrees of freedom", "count")
    percent = _number("100 · 2^effect: percent of the control, or of what Bliss expects", "percent")
    percent_low = _number("lower end of its interval", "percent")
    percent_high = _number("upper end of its interval", "percent")
    points = _number("difference of the mean viabilities, reagent − control", "percentage points")
    points_low = _number("lower end of its interval", "percentage points")
    points_high = _number("upper end of its interval", "percentage points")
    p_equivalence = _number("p of the test that the effect lies within the margin (TOST)", "probability")
    viability = _number("mean viability of the reagent in the arm", "percent of the negative control")
    viability_sem = _number("standard error of that mean over n", "percent")
    viability_low = _number("lower end of the t interval of that mean over n", "percent")
    viability_high = _number("upper end of the t interval of that mean over n", "percent")
    control_viability = _number("mean viability of the control in the arm", "percent of the negative control")
    control_sem = _number("standard error of that mean, over the same unit", "percent")
    control_low = _number("lower end of its t interval", "percent")
    control_high = _number("upper end of its t interval", "percent")
    n_replicates = _count("biological replicates of the reagent with a reading")
    n_wells = _count("wells of the reagent with a reading")
    stars = _text("* < .05, ** < .01, *** < .001 of the value that the settings name; empty otherwise", nullable=False)
    test = _text("the test in words", nullable=False)


class Combinations(dy.Schema):
    """One row per combination × reference × scale."""

    cell_line = _key("cell line")
    combination = _key('the agents, joined by " + "')
    treatment = _key("arm in which they are together")
    reference = dy.Enum(["Bliss", "HSA", "three-way"], primary_key=True, description="what the parts explain")
    scale = dy.Enum(["viability", "log2"], primary_key=True, description="scale of the effect")
    reagent = _text("reagent of the combination; null for drugs alone")
    kind = _text("class of that reagent")
    effect = _number(
        "viability: expected − observed, positive = more killing; log2: observed − expected, negative = more killing",
        "percentage points, or log2",
    )
    ci_low = _number("lower end of its interval (delta method, or t over replicates)", "as effect")
    ci_high = _number("upper end of its interval", "as effect")
    p_value = _number("two-sided; one-sided for HSA (below each agent alone)", "probability")
    q_value = _number("p adjusted over the combinations of the same reference and scale (BH)", "probability")
    n = _count("biological replicates that have all the arms")
    standard_error = _number("standard error of the effect", "as effect")
    boot_low = _number("lower end of the interval from resampled biological replicates", "as effect")
    boot_high = _number("upper end of the interval from resampled biological replicates", "as effect")
    boot_p = _number("two-sided p from resampled biological replicates", "probability")
    expected = _number("viability that the reference expects", "percent of the negative control")
    observed = _number("viability observed", "percent of the negative control")
    direction = _text("the effect in words", nullable=False)


class DoseScores(dy.Schema):
    """One row per pair of doses × reference of a dose matrix."""

    block = _key("name of the matrix")
    dose_one = dy.Float64(primary_key=True, min=0, description="dose of the first drug")
    dose_two = dy.Float64(primary_key=True, min=0, description="dose of the second drug")
    reference = dy.Enum(["Bliss", "HSA", "Loewe", "ZIP"], primary_key=True, description="what additivity means")
    effect = _number("score: more inhibition than expected; positive = synergy", "percent inhibition")
    ci_low = _number("lower end of its interval from resampled replicates", "percent inhibition")
    ci_high = _number("upper end of its interval from resampled replicates", "percent inhibition")
    p_value = _number("two-sided p from resampled replicates", "probability")
    n = _count("replicates of the matrix")
    response = _number("mean response", "percent inhibition")


class DoseSummary(dy.Schema):
    """One row per dose matrix × reference: its mean score."""

    block = _key("name of the matrix")
    reference = dy.Enum(["Bliss", "HSA", "Loewe", "ZIP"], primary_key=True, description="what additivity means")
    drug_one = _text("first drug", nullable=False)
    drug_two = _text("second drug", nullable=False)
    effect = _number("mean score over the pairs of both drugs; positive = synergy", "percent inhibition")
    ci_low = _number("lower end of its interval over replicates (Student's t)", "percent inhibition")
    ci_high = _number("upper end of its interval", "percent inhibition")
    p_value = _number("two-sided p over replicates", "probability")
    n = _count("replicates of the matrix")
    peak = _number("largest score of a pair of doses, mean over replicates", "percent inhibition")
    peak_dose_one = _number("dose of the first drug where it is", "as the table of doses")
    peak_dose_two = _number("dose of the second drug where it is", "as the table of doses")
    direction = _text("the mean score in words", nullable=False)


class ValidationPlates(dy.Schema):
    """One row per validation plate: its controls and the verdict on them."""

    plate = _key("name of the measured plate")
    cell_line = _text("cell line", nullable=False)
    replicate = dy.Int16(min=1, description="biological replicate")
    n_arms = _count("treatment arms on the plate")
    n_samples = _count("sample wells with a reading")
    n_negative = _count("negative control wells with a reading, under any treatment")
    n_control = _count("negative control wells without drug, with a reading")
    n_positive = _count("positive control wells without drug, with a reading")
    n_missing = _count("wells without a reading")
    control_level = _number("median of the negative control without drug", "counts")
    control_cv = _number("coefficient of variation of the negative control without drug", "percent")
    z_prime = _number("Z′ of the controls without drug", "1")
    verdict = dy.Enum(["pass", "warn", "fail"], description="the worst of its figures")
    detail = _text("why it is no pass; empty otherwise", nullable=False)


class Validated(dy.Schema):
    """One row per reagent and cell line: the paper's count beside the interaction with an honest n."""

    cell_line = _key("cell line")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    paper_arms = _text('drug arms with p < .05 and fewer cells by Student on wells, joined by "; "', nullable=False)
    is_validated_paper = dy.Bool(nullable=True, description="at least one such arm: validated as the paper counts")
    arms = _text('drug arms whose interaction has q < .05 and fewer cells, joined by "; "', nullable=False)
    is_validated = dy.Bool(nullable=True, description="at least one such arm; null without biological replicates")
    alone = dy.Enum(["toxic", "quiet", "protective", "undetermined"], description="what it does without drug")
    reason = _text("where the two counts agree or part, a sentence", nullable=False)


class ValidationPower(dy.Schema):
    """One row per size of interaction × biological replicates: power of the next validation of the same noise."""

    cell_line = _key("cell line")
    effect = dy.Float64(primary_key=True, min=0, description="size of the interaction", metadata={"unit": "log2"})
    replicates = dy.Int32(primary_key=True, min=2, description="biological replicates", metadata={"unit": "count"})
    power = _number("chance to find it at p < .05", "probability", nullable=False)
    cell_sd = _number("SD between biological replicates of one reagent × arm, in this assay", "log2")
    well_sd = _number("SD of technical wells, in this assay", "log2")
    technical = _count("technical wells of one reagent, arm and replicate")


class ValidationAgreement(dy.Schema):
    """One row per reagent × drug arm: the interaction that the screen lets expect, and that of the validation."""

    cell_line = _key("cell line")
    treatment = _key("drug arm")
    reagent = _key("name of the reagent")
    kind = _key("class of reagent")
    screen_effect = _number("interaction as the screen measured it", "log2")
    expected = _number("what it lets expect, after regression to the mean", "log2")
    expected_low = _number("lower end of its interval", "log2")
    expected_high = _number("upper end of its interval", "log2")
    effect = _number("interaction in the validation", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    q_value = _number("its p adjusted over reagents × arms", "probability")
    n = _count("biological replicates of the validation")
    agrees = dy.Bool(nullable=True, description="the two intervals meet; null where the screen has none")
    same_direction = dy.Bool(nullable=True, description="both effects have the same sign")
    replicates_needed = dy.Int32(
        nullable=True,
        min=2,
        description="biological replicates that show the expected effect with the power asked for; null above 50",
        metadata={"unit": "count"},
    )


#: Tables of the validation assay by file name.
VALIDATION_TABLES: Mapping[str, type[dy.Schema]] = {
    "validation_wells": ValidationWells,
    "validation_plates": ValidationPlates,
    "validation_replicates": ValidationReplicates,
    "validation": Validation,
    "validation_paper": Validation,
    "validated": Validated,
    "combinations": Combinations,
    "validation_power": ValidationPower,
    "validation_agreement": ValidationAgreement,
    "dose_scores": DoseScores,
    "dose_summary": DoseSummary,
}
