"""The tables of a run that are about patients, each with its columns, units, meanings and allowed values."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

__all__ = ["COHORT_TABLES"]


def _key(meaning: str) -> dy.String:
    return dy.String(primary_key=True, description=meaning)


def _text(meaning: str) -> dy.String:
    return dy.String(nullable=True, description=meaning)


def _number(meaning: str, unit: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=meaning, metadata={"unit": unit})


def _time(meaning: str) -> dy.Float64:
    return dy.Float64(primary_key=True, min=0, description=meaning, metadata={"unit": "as the cohort states"})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(nullable=True, min=0, description=meaning)


def _yes_no(meaning: str) -> dy.Bool:
    return dy.Bool(nullable=False, description=meaning)


_MIRNA = "miRNA, as the cohort names it"
_ENDPOINT = "endpoint, such as os (any death) or bcss (death of breast cancer)"
_LOG_HAZARD = "natural log of the hazard ratio"


class CohortMirnas(dy.Schema):
    """One row per miRNA that is looked up in the cohort."""

    mirna = _key(_MIRNA)
    reagents = _text('its reagents in the screen with their kind, joined by ";"')
    is_candidate = _yes_no("one of them is a candidate of the rule")
    is_sensitizer = _yes_no("one of them is called by the test of sensitization")
    in_cohort = _yes_no("measured in the cohort")


class CohortFlow(dy.Schema):
    """One row per reason for which patients are left out, in order."""

    step = _text("what was asked")
    reason = _text("why patients are left out")
    n_left_out = _count("patients left out")
    n_kept = _count("patients that remain, for this step")
    patients = _text("the first of those left out")


class Association(dy.Schema):
    """One row per miRNA and mRNA that go together significantly."""

    mirna = _key(_MIRNA)
    gene = _key("mRNA, as the cohort names it")
    effect = _number("Spearman's correlation over patients", "ρ")
    ci_low = _number("lower end of its interval", "ρ")
    ci_high = _number("upper end of its interval", "ρ")
    p_value = _number("as R's cor.test", "probability")
    p_t = _number("by Student's t", "probability")
    q_value = _number("false-discovery rate among the mRNAs of the miRNA", "probability")
    n = _count("patients with both")


class AssociationSummary(dy.Schema):
    """One row per miRNA: how many mRNAs go with it, and which way."""

    mirna = _key(_MIRNA)
    n_tested = _count("mRNAs tested")
    n_significant = _count("mRNAs that go with it")
    n_positive = _count("of these, higher where it is higher")
    n_negative = _count("of these, lower where it is higher")
    top_gene = _text("mRNA with the strongest correlation")
    top_effect = _number("its correlation", "ρ")
    top_p_value = _number("its p", "probability")


class StageContrasts(dy.Schema):
    """One row per miRNA and pair of tumor stages."""

    mirna = _key(_MIRNA)
    stage_a = _key("first stage")
    stage_b = _key("second stage")
    n_a = _count("patients of the first")
    n_b = _count("patients of the second")
    statistic = _number("Wilcoxon's W of the first stage", "rank sum")
    effect = _number("Hodges and Lehmann's shift, second − first", "log2")
    ci_low = _number("lower end of its interval", "log2")
    ci_high = _number("upper end of its interval", "log2")
    delta = _number("Cliff's delta; positive = higher in the second", "−1 to 1")
    delta_low = _number("lower end of its interval", "−1 to 1")
    delta_high = _number("upper end of its interval", "−1 to 1")
    p_value = _number("Wilcoxon's rank-sum test, as R", "probability")
    p_holm = _number("after Holm's correction over the pairs of the miRNA", "probability")
    q_value = _number("false-discovery rate over all miRNAs and pairs", "probability")
    is_exact = _yes_no("whether p is exact")


class StageTrend(dy.Schema):
    """One row per miRNA: any difference between stages, and a trend over them."""

    mirna = _key(_MIRNA)
    n = _count("patients")
    kruskal_h = _number("Kruskal and Wallis's statistic", "χ²")
    kruskal_df = _count("its degrees of freedom")
    kruskal_p = _number("its p: any difference", "probability")
    kruskal_q = _number("false-discovery rate over miRNAs", "probability")
    trend_z = _number("Jonckheere and Terpstra's statistic", "SD")
    effect = _number("Kendall's tau-b with the stage", "−1 to 1")
    p_value = _number("of the trend", "probability")
    q_value = _number("false-discovery rate over miRNAs", "probability")
    is_exact = _yes_no("whether p is exact")


class StagePatients(dy.Schema):
    """One row per stage: patients, and whether it is compared."""

    stage = _text("stage; null = unknown")
    n = _count("patients")
    is_used = _yes_no("compared")
    reason = _text("why not")


class StageValues(dy.Schema):
    """One row per tumor of the miRNAs that are drawn."""

    mirna = _key(_MIRNA)
    stage = _text("stage")
    sample_ = dy.String(primary_key=True, alias="sample", description="sample, as the cohort names it")
    value = _number("expression", "log2")


class Survival(dy.Schema):
    """One row per miRNA, endpoint and model."""

    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    model = _key("log-rank (high against low) or cox (per standard deviation)")
    effect = _number(f"{_LOG_HAZARD}; positive = earlier events with high expression", "ln")
    ci_low = _number("lower end of its interval", "ln")
    ci_high = _number("upper end of its interval", "ln")
    se = _number("its standard error", "ln")
    statistic = _number("of the log-rank or the score test", "χ²")
    p_value = _number("its p", "probability")
    q_value = _number("false-discovery rate over miRNAs and endpoints of the model", "probability")
    n = _count("patients")
    n_event = _count("events")
    n_high = _count("patients with high expression")
    n_low = _count("patients with low expression")
    events_high = _count("events among the high")
    events_low = _count("events among the low")
    cut = _number("expression above which a patient is high", "log2")
    n_tied = _count("patients whose expression is the cut")
    power = _number("chance to see a hazard ratio of 1.5 with these events", "probability")
    note = _text("what needs care")


class SurvivalCurves(dy.Schema):
    """One row per step of the Kaplan-Meier curves that are drawn."""

    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    time = _time("time")
    survival = _number("share without the event", "fraction")
    ci_low = _number("lower end of its interval", "fraction")
    ci_high = _number("upper end of its interval", "fraction")
    n_risk = _count("patients at risk")
    n_event = _count("events at this time")
    n_censored = _count("patients censored at this time")


class SurvivalRisk(dy.Schema):
    """One row per break of the time axis: patients at risk."""

    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    time = _time("time")
    n_risk = _count("patients at risk")


class SurvivalArms(dy.Schema):
    """One row per arm of the curves that are drawn."""

    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    n = _count("patients")
    n_event = _count("events")
    median = _number("median survival, by R's rule", "as the cohort states")
    median_low = _number("lower end of its interval", "as the cohort states")
    median_high = _number("upper end of its interval", "as the cohort states")


class Multiverse(dy.Schema):
    """One row per miRNA, endpoint, subset and cut: the result under every defensible choice."""

    mirna = _text(_MIRNA)
    endpoint = _text(_ENDPOINT)
    subset = _text("which patients")
    cut = _text("how they are parted; continuous = Cox's regression per standard deviation; null = nothing to test")
    effect = _number(_LOG_HAZARD, "ln")
    ci_low = _number("lower end of its interval", "ln")
    ci_high = _number("upper end of its interval", "ln")
    p_value = _number("its p, not corrected", "probability")
    n = _count("patients")
    n_event = _count("events")
    n_high = _count("patients with high expression")
    n_low = _count("patients with low expression")
    note = _text("what needs care")


#: Tables of patients by file name.
COHORT_TABLES: Mapping[str, type[dy.Schema]] = {
    "cohort_mirnas": CohortMirnas,
    "cohort_flow": CohortFlow,
    "association": Association,
    "association_summary": AssociationSummary,
    "stage": StageContrasts,
    "stage_trend": StageTrend,
    "stage_patients": StagePatients,
    "stage_values": StageValues,
    "survival": Survival,
    "survival_curves": SurvivalCurves,
    "survival_risk": SurvivalRisk,
    "survival_arms": SurvivalArms,
    "multiverse": Multiverse,
}
