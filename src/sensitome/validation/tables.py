"""Tables of the validation assay: columns, units and meanings."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

from sensitome.schema_columns import count, key, number, text

__all__ = [
    "VALIDATION_TABLES",
    "Combinations",
    "DoseScores",
    "DoseSummary",
    "Validated",
    "Validation",
    "ValidationAgreement",
    "ValidationControls",
    "ValidationPlates",
    "ValidationPower",
    "ValidationReplicates",
    "ValidationWells",
]


class ValidationWells(dy.Schema):
    """One row per well of a validation plate that holds a reagent."""

    plate = key("name of the measured plate")
    well = key('well, as "A01"')
    cell_line = text("cell line", nullable=False)
    treatment = text("treatment arm of the well", nullable=False)
    replicate = dy.Int16(min=1, description="biological replicate, from 1")
    technical = dy.Int16(min=1, description="technical replicate, from 1")
    reagent = text("name of the reagent", nullable=False)
    kind = text("class of reagent", nullable=False)
    role = text("sample, negative, positive, untreated", nullable=False)
    control_class = text("of a negative control: the kind of reagents that it belongs to; null otherwise")
    signal = number("reading of the instrument", "counts")
    control_level = number("median of the negative controls that are 100 %", "counts")
    viability = number("signal / control_level", "fraction of the negative control")
    log2_viability = number("binary logarithm of the viability", "log2")


class ValidationReplicates(dy.Schema):
    """One row per reagent × arm × biological replicate: the mean of its technical replicates."""

    cell_line = key("cell line")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    treatment = key("treatment arm")
    replicate = dy.Int16(primary_key=True, min=1, description="biological replicate")
    role = text("sample or negative", nullable=False)
    control_class = text("of a negative control: the kind of reagents that it belongs to; null otherwise")
    viability = number("mean viability of the wells", "fraction of the negative control")
    log2_viability = number("mean log2 viability of the wells", "log2")
    n_wells = count("wells with a reading")


class Validation(dy.Schema):
    """One row per reagent × arm × contrast."""

    cell_line = key("cell line")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    treatment = key("treatment arm")
    contrast = dy.Enum(
        ["reagent", "interaction"],
        primary_key=True,
        description="reagent − control in the same arm; or that with the drug minus that without (the interaction)",
    )
    effect = number("estimate of the contrast; negative = fewer living cells", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_value = number("two-sided p of the contrast by itself", "probability")
    p_dunnett = number("p adjusted for all reagents of the arm that share the comparator (Dunnett)", "probability")
    q_value = number("p adjusted over reagents × arms of the contrast", "probability")
    n = count("what the test counts as n: biological replicates, or wells of the reagent (see unit)")
    unit = text("what n counts", nullable=False)
    comparator = text('negative controls it is compared with: those of this class, or "all controls"', nullable=False)
    standard_error = number("standard error of the effect", "log2")
    df = number("degrees of freedom", "count")
    percent = number("100 · 2^effect: percent of the control, or of what Bliss expects", "percent")
    percent_low = number("lower end of its interval", "percent")
    percent_high = number("upper end of its interval", "percent")
    points = number("difference of the mean viabilities, reagent − control", "percentage points")
    points_low = number("lower end of its interval", "percentage points")
    points_high = number("upper end of its interval", "percentage points")
    p_equivalence = number("p of the test that the effect lies within the margin (TOST)", "probability")
    viability = number("mean viability of the reagent in the arm", "percent of the negative control")
    viability_sem = number("standard error of that mean over n", "percent")
    viability_low = number("lower end of the t interval of that mean over n", "percent")
    viability_high = number("upper end of the t interval of that mean over n", "percent")
    control_viability = number("mean viability of the control in the arm", "percent of the negative control")
    control_sem = number("standard error of that mean, over the same unit", "percent")
    control_low = number("lower end of its t interval", "percent")
    control_high = number("upper end of its t interval", "percent")
    n_replicates = count("biological replicates of the reagent with a reading")
    n_wells = count("wells of the reagent with a reading")
    stars = text("* < .05, ** < .01, *** < .001 of the value that the settings name; empty otherwise", nullable=False)
    test = text("the test in words", nullable=False)


class Combinations(dy.Schema):
    """One row per combination × reference × scale."""

    cell_line = key("cell line")
    combination = key('the agents, joined by " + "')
    treatment = key("arm in which they are together")
    reference = dy.Enum(["Bliss", "HSA", "three-way"], primary_key=True, description="what the parts explain")
    scale = dy.Enum(["viability", "log2"], primary_key=True, description="scale of the effect")
    reagent = text("reagent of the combination; null for drugs alone")
    kind = text("class of that reagent")
    effect = number(
        "viability: expected − observed, positive = more killing; log2: observed − expected, negative = more killing",
        "percentage points, or log2",
    )
    ci_low = number("lower end of its interval (delta method, or t over replicates)", "as effect")
    ci_high = number("upper end of its interval", "as effect")
    p_value = number("two-sided; one-sided for HSA (below each agent alone)", "probability")
    q_value = number("p adjusted over the combinations of the same reference and scale (BH)", "probability")
    n = count("biological replicates that have all the arms")
    standard_error = number("standard error of the effect", "as effect")
    boot_low = number("lower end of the interval from resampled biological replicates", "as effect")
    boot_high = number("upper end of the interval from resampled biological replicates", "as effect")
    boot_p = number("two-sided p from resampled biological replicates", "probability")
    expected = number("viability that the reference expects", "percent of the negative control")
    observed = number("viability observed", "percent of the negative control")
    direction = text("the effect in words", nullable=False)


class DoseScores(dy.Schema):
    """One row per pair of doses × reference of a dose matrix."""

    block = key("name of the matrix")
    dose_one = dy.Float64(primary_key=True, min=0, description="dose of the first drug")
    dose_two = dy.Float64(primary_key=True, min=0, description="dose of the second drug")
    reference = dy.Enum(["Bliss", "HSA", "Loewe", "ZIP"], primary_key=True, description="what additivity means")
    effect = number("score: more inhibition than expected; positive = synergy", "percent inhibition")
    ci_low = number("lower end of its interval (moderated t over replicates)", "percent inhibition")
    ci_high = number("upper end of its interval", "percent inhibition")
    p_value = number("two-sided p; null where one drug is absent, where the score is 0", "probability")
    q_value = number("p adjusted over the pairs of both drugs of the matrix (BH)", "probability")
    boot_low = number("lower end of the interval from resampled replicates", "percent inhibition")
    boot_high = number("upper end of the interval from resampled replicates", "percent inhibition")
    boot_p = number("two-sided p from resampled replicates", "probability")
    n = count("replicates of the matrix")
    response = number("mean response", "percent inhibition")


class DoseSummary(dy.Schema):
    """One row per dose matrix × reference: its mean score."""

    block = key("name of the matrix")
    reference = dy.Enum(["Bliss", "HSA", "Loewe", "ZIP"], primary_key=True, description="what additivity means")
    cell_line = text("cell line, where the table of doses has it")
    drug_one = text("first drug", nullable=False)
    drug_two = text("second drug", nullable=False)
    unit_one = text("unit of the doses of the first drug, where the table of doses has it")
    unit_two = text("unit of the doses of the second drug, where the table of doses has it")
    effect = number("mean score over the pairs of both drugs; positive = synergy", "percent inhibition")
    ci_low = number("lower end of its interval over replicates (Student's t)", "percent inhibition")
    ci_high = number("upper end of its interval", "percent inhibition")
    p_value = number("two-sided p over replicates", "probability")
    q_value = number("p adjusted over the matrices (BH), for each reference by itself", "probability")
    n = count("replicates of the matrix")
    peak = number("largest score of a pair of doses, mean over replicates", "percent inhibition")
    peak_dose_one = number("dose of the first drug where it is", "as the table of doses")
    peak_dose_two = number("dose of the second drug where it is", "as the table of doses")
    direction = text("the mean score in words", nullable=False)


class ValidationPlates(dy.Schema):
    """One row per validation plate: its controls and the verdict on them."""

    plate = key("name of the measured plate")
    cell_line = text("cell line", nullable=False)
    replicate = dy.Int16(min=1, description="biological replicate")
    n_arms = count("treatment arms on the plate")
    n_samples = count("sample wells with a reading")
    n_negative = count("negative control wells with a reading, under any treatment")
    n_control = count("negative control wells without drug, with a reading")
    n_positive = count("positive control wells without drug, with a reading")
    n_missing = count("wells without a reading")
    control_level = number("median of the negative control without drug", "counts")
    control_cv = number("coefficient of variation of the negative control without drug", "percent")
    z_prime = number("Z′ of the controls without drug", "1")
    verdict = dy.Enum(["pass", "warn", "fail"], description="the worst of its figures")
    detail = text("why it is no pass; empty otherwise", nullable=False)


class ValidationControls(dy.Schema):
    """One row per cell line, arm and pair of classes of negative controls: whether they say the same."""

    cell_line = key("cell line")
    treatment = key("treatment arm")
    first = key("a class of negative controls")
    second = key("another class")
    effect = number(
        "without drug: first − second; with a drug: what it does to the first minus what it does to the second", "log2"
    )
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    p_value = number("two-sided p, with the variance between replicates of all reagents", "probability")
    q_value = number("p adjusted over the table (BH)", "probability")
    n = count("biological replicates that have both classes")
    agree = dy.Bool(
        nullable=True,
        description="no: apart by more than 0.1 log2 at q < .05; yes: shown to be within 0.1 log2; null: neither",
    )


class Validated(dy.Schema):
    """One row per reagent and cell line: the paper's count beside the interaction with an honest n."""

    cell_line = key("cell line")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    paper_arms = text('drug arms with p < .05 and fewer cells by Student on wells, joined by "; "', nullable=False)
    is_validated_paper = dy.Bool(nullable=True, description="at least one such arm: validated as the paper counts")
    arms = text('drug arms whose interaction has q < .05 and fewer cells, joined by "; "', nullable=False)
    is_validated = dy.Bool(nullable=True, description="at least one such arm; null without biological replicates")
    alone = dy.Enum(["toxic", "quiet", "protective", "undetermined"], description="what it does without drug")
    comparator = text(
        'negative controls that the interaction rests on: those of this class, or "all controls"', nullable=False
    )
    reason = text("where the two counts agree or part, a sentence", nullable=False)


class ValidationPower(dy.Schema):
    """One row per size of interaction × biological replicates: power of the next validation of the same noise."""

    cell_line = key("cell line")
    effect = dy.Float64(primary_key=True, min=0, description="size of the interaction", metadata={"unit": "log2"})
    replicates = dy.Int32(primary_key=True, min=2, description="biological replicates", metadata={"unit": "count"})
    power = number("chance to find it at p < .05", "probability", nullable=False)
    cell_sd = number("SD between biological replicates of one reagent × arm, in this assay", "log2")
    well_sd = number("SD of technical wells, in this assay", "log2")
    technical = count("technical wells of one reagent, arm and replicate")


class ValidationAgreement(dy.Schema):
    """One row per reagent × drug arm: the interaction that the screen lets expect, and that of the validation."""

    cell_line = key("cell line")
    treatment = key("drug arm")
    reagent = key("name of the reagent")
    kind = key("class of reagent")
    screen_effect = number("interaction as the screen measured it", "log2")
    expected = number("what it lets expect, after regression to the mean", "log2")
    expected_low = number("lower end of its interval", "log2")
    expected_high = number("upper end of its interval", "log2")
    effect = number("interaction in the validation", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    q_value = number("its p adjusted over reagents × arms", "probability")
    n = count("biological replicates of the validation")
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
    "validation_controls": ValidationControls,
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
