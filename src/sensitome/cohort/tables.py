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


_COHORT = "cohort, as the study names it"
_MIRNA = "miRNA, as the screen names it; one that the screen does not have, as the cohort does"
_ENDPOINT = "endpoint, such as os (any death) or bcss (death of breast cancer)"
_LOG_HAZARD = "natural log of the hazard ratio"


class Cohorts(dy.Schema):
    """One row per cohort: how many patients, miRNAs, mRNAs and events."""

    cohort = _key(_COHORT)
    source = _text("the file or folder that it was read from")
    n_patients = _count("patients that are kept")
    n_mirnas = _count("miRNAs measured")
    n_mrnas = _count("mRNAs measured; null = no matrix of mRNAs")
    endpoints = _text('endpoints with their events, joined by ";"')
    time_unit = _text("unit of the times")
    subset = _text("which patients are kept; empty = all")


class CohortMirnas(dy.Schema):
    """One row per miRNA that is looked up in the cohort."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    measured_as = _text("its name in the cohort; null = not measured")
    reagents = _text('its reagents in the screen with their kind, joined by ";"')
    is_candidate = _yes_no("one of them is a candidate of the rule")
    is_sensitizer = _yes_no("one of them is called by the test of sensitization")
    in_cohort = _yes_no("measured in the cohort")


class CohortFlow(dy.Schema):
    """One row per reason for which patients are left out, in order."""

    cohort = _text(_COHORT)
    step = _text("what was asked")
    reason = _text("why patients are left out")
    n_left_out = _count("patients left out")
    n_kept = _count("patients that remain, for this step")
    patients = _text("the first of those left out")


class Association(dy.Schema):
    """One row per miRNA and mRNA that go together significantly."""

    cohort = _key(_COHORT)
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

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    n_tested = _count("mRNAs tested")
    n_significant = _count("mRNAs that go with it")
    n_positive = _count("of these, higher where it is higher")
    n_negative = _count("of these, lower where it is higher")
    top_gene = _text("mRNA with the strongest correlation")
    top_effect = _number("its correlation", "ρ")
    top_p_value = _number("its p", "probability")
    n_targets = _count("mRNAs tested that are targets of it in the study's table; null = the study has no targets")
    target_delta = _number("Cliff's delta of targets against the other mRNAs; negative = targets lie lower", "−1 to 1")
    target_median = _number("median correlation of the targets", "ρ")
    target_p_value = _number("Wilcoxon's rank-sum test of targets against the other mRNAs", "probability")
    target_q_value = _number("false-discovery rate over the miRNAs of the cohort", "probability")


class AssociationSets(dy.Schema):
    """One row per list of mRNAs that go with a miRNA and gene set that it overlaps."""

    cohort = _key(_COHORT)
    list = _key("miRNA and sign: all, positive or negative correlations")
    gene_set = _key("name of the gene set")
    mirna = _text(_MIRNA)
    sign = _text("all, positive or negative")
    overlap = _count("mRNAs of the list that are in the set")
    set_size = _count("genes of the set that count")
    list_size = _count("mRNAs of the list that count")
    universe_size = _count("genes in all, as the convention has them")
    expected = _number("overlap to be expected by chance", "genes")
    odds_ratio = _number("odds ratio, as the convention has it", "ratio")
    p_value = _number("hypergeometric p: random mRNAs; too small where mRNAs move together", "probability")
    q_value = _number("the same, adjusted as the convention does", "probability")
    genes = _text('the mRNAs in the set, joined by ";"')
    convention = _text("how lists, sets and tests are counted")


class StageContrasts(dy.Schema):
    """One row per miRNA and pair of tumor stages."""

    cohort = _key(_COHORT)
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

    cohort = _key(_COHORT)
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

    cohort = _text(_COHORT)
    stage = _text("stage; null = unknown")
    n = _count("patients")
    is_used = _yes_no("compared")
    reason = _text("why not")


class StageValues(dy.Schema):
    """One row per tumor of the miRNAs that are drawn."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    stage = _text("stage")
    sample_ = dy.String(primary_key=True, alias="sample", description="sample, as the cohort names it")
    value = _number("expression", "log2")


class Survival(dy.Schema):
    """One row per miRNA, endpoint and model."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    model = _key("log-rank (high against low), cox (per standard deviation), cox-adjusted (the same, with covariates)")
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

    cohort = _key(_COHORT)
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

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    time = _time("time")
    n_risk = _count("patients at risk")


class SurvivalArms(dy.Schema):
    """One row per arm of the curves that are drawn."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    n = _count("patients")
    n_event = _count("events")
    median = _number("median survival, by R's rule", "as the cohort states")
    median_low = _number("lower end of its interval", "as the cohort states")
    median_high = _number("upper end of its interval", "as the cohort states")


class Incidence(dy.Schema):
    """One row per step of the cumulative incidence curves that are drawn, of endpoints with competing causes."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    arm = _key("high or low")
    cause = dy.Int8(primary_key=True, min=1, description="1 = the cause of the endpoint, 2 = another")
    time = _time("time")
    incidence = _number("share that had the event of this cause (Aalen and Johansen)", "fraction")
    ci_low = _number("lower end of its interval", "fraction")
    ci_high = _number("upper end of its interval", "fraction")


class SurvivalScrutiny(dy.Schema):
    """One row per miRNA, endpoint and figure that says how far its survival result can be trusted."""

    cohort = _key(_COHORT)
    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    figure = _key(
        "proportional-hazards, restricted-mean (high − low), firth (log hazard ratio per SD), best-cut, gray, "
        "fine-gray (log subdistribution hazard ratio per SD)"
    )
    effect = _number("its estimate", "as the figure says")
    ci_low = _number("lower end of its interval", "as the figure says")
    ci_high = _number("upper end of its interval", "as the figure says")
    statistic = _number("its statistic", "χ², z or M")
    p_value = _number("its p; of the best cut corrected for the search", "probability")
    detail = _text("what belongs to it: window, cut, sizes, corrected p")


class SurvivalPooled(dy.Schema):
    """One row per miRNA, endpoint and source: every cohort, and what they say together."""

    mirna = _key(_MIRNA)
    endpoint = _key(_ENDPOINT)
    source = _key("cohort, or fixed (one true effect) or random (effects vary between cohorts)")
    effect = _number(f"{_LOG_HAZARD} per standard deviation", "ln")
    ci_low = _number("lower end of its interval", "ln")
    ci_high = _number("upper end of its interval", "ln")
    p_value = _number("its p", "probability")
    q_value = _number("false-discovery rate over miRNAs and endpoints of the pooled rows", "probability")
    n_event = _count("events")
    i2 = _number("share of the variation between cohorts that is not chance", "fraction")
    heterogeneity_p = _number("p of Cochran's Q", "probability")


class Multiverse(dy.Schema):
    """One row per miRNA, endpoint, subset and cut: the result under every defensible choice."""

    cohort = _text(_COHORT)
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
    "cohorts": Cohorts,
    "cohort_mirnas": CohortMirnas,
    "cohort_flow": CohortFlow,
    "association": Association,
    "association_summary": AssociationSummary,
    "association_sets": AssociationSets,
    "stage": StageContrasts,
    "stage_trend": StageTrend,
    "stage_patients": StagePatients,
    "stage_values": StageValues,
    "survival": Survival,
    "survival_curves": SurvivalCurves,
    "survival_risk": SurvivalRisk,
    "survival_arms": SurvivalArms,
    "incidence": Incidence,
    "survival_scrutiny": SurvivalScrutiny,
    "survival_pooled": SurvivalPooled,
    "multiverse": Multiverse,
}
