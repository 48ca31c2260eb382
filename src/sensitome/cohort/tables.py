"""The tables of a run that are about patients, each with its columns, units, meanings and allowed values."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy

from sensitome.schema_columns import key, number, text, yes_no

__all__ = ["COHORT_TABLES"]


def _time(meaning: str) -> dy.Float64:
    return dy.Float64(primary_key=True, min=0, description=meaning, metadata={"unit": "as the cohort states"})


def _count(meaning: str) -> dy.Int32:
    return dy.Int32(nullable=True, min=0, description=meaning)


_COHORT = "cohort, as the study names it"
_MIRNA = "miRNA, as the screen names it; one that the screen does not have, as the cohort does"
_ENDPOINT = "endpoint, such as os (any death) or bcss (death of breast cancer)"
_LOG_HAZARD = "natural log of the hazard ratio"


class Cohorts(dy.Schema):
    """One row per cohort: how many patients, miRNAs, mRNAs and events."""

    cohort = key(_COHORT)
    source = text("the file or folder that it was read from")
    n_patients = _count("patients that are kept")
    n_mirnas = _count("miRNAs measured")
    n_mrnas = _count("mRNAs measured; null = no matrix of mRNAs")
    endpoints = text('endpoints with their events, joined by ";"')
    time_unit = text("unit of the times")
    subset = text("which patients are kept; empty = all")


class CohortMirnas(dy.Schema):
    """One row per miRNA that is looked up in the cohort."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    measured_as = text("its name in the cohort; null = not measured")
    reagents = text('its reagents in the screen with their kind, joined by ";"')
    is_candidate = yes_no("one of them is a candidate of the rule")
    is_sensitizer = yes_no("one of them is called by the test of sensitization")
    in_cohort = yes_no("measured in the cohort")


class CohortFlow(dy.Schema):
    """One row per reason for which patients are left out, in order."""

    cohort = text(_COHORT)
    step = text("what was asked")
    reason = text("why patients are left out")
    n_left_out = _count("patients left out")
    n_kept = _count("patients that remain, for this step")
    patients = text("the first of those left out")


class Association(dy.Schema):
    """One row per miRNA and mRNA that go together significantly."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    gene = key("mRNA, as the cohort names it")
    effect = number("Spearman's correlation over patients", "ρ")
    ci_low = number("lower end of its interval", "ρ")
    ci_high = number("upper end of its interval", "ρ")
    p_value = number("as R's cor.test", "probability")
    p_t = number("by Student's t", "probability")
    q_value = number("false-discovery rate among the mRNAs of the miRNA", "probability")
    n = _count("patients with both")


class AssociationSummary(dy.Schema):
    """One row per miRNA: how many mRNAs go with it, and which way."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    n_tested = _count("mRNAs tested")
    n_significant = _count("mRNAs that go with it")
    n_positive = _count("of these, higher where it is higher")
    n_negative = _count("of these, lower where it is higher")
    top_gene = text("mRNA with the strongest correlation")
    top_effect = number("its correlation", "ρ")
    top_p_value = number("its p", "probability")
    n_targets = _count("mRNAs tested that are targets of it in the study's table; null = the study has no targets")
    target_delta = number("Cliff's delta of targets against the other mRNAs; negative = targets lie lower", "−1 to 1")
    target_median = number("median correlation of the targets", "ρ")
    target_p_value = number("Wilcoxon's rank-sum test of targets against the other mRNAs", "probability")
    target_q_value = number("false-discovery rate over the miRNAs of the cohort", "probability")


class AssociationSets(dy.Schema):
    """One row per list of mRNAs that go with a miRNA and gene set that it overlaps."""

    cohort = key(_COHORT)
    list = key("miRNA and sign: all, positive or negative correlations")
    gene_set = key("name of the gene set")
    mirna = text(_MIRNA)
    sign = text("all, positive or negative")
    overlap = _count("mRNAs of the list that are in the set")
    set_size = _count("genes of the set that count")
    list_size = _count("mRNAs of the list that count")
    universe_size = _count("genes in all, as the convention has them")
    expected = number("overlap to be expected by chance", "genes")
    odds_ratio = number("odds ratio, as the convention has it", "ratio")
    p_value = number("hypergeometric p: random mRNAs; too small where mRNAs move together", "probability")
    q_value = number("the same, adjusted as the convention does", "probability")
    genes = text('the mRNAs in the set, joined by ";"')
    convention = text("how lists, sets and tests are counted")


class StageContrasts(dy.Schema):
    """One row per miRNA and pair of tumor stages."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    stage_a = key("first stage")
    stage_b = key("second stage")
    n_a = _count("patients of the first")
    n_b = _count("patients of the second")
    statistic = number("Wilcoxon's W of the first stage", "rank sum")
    effect = number("Hodges and Lehmann's shift, second − first", "log2")
    ci_low = number("lower end of its interval", "log2")
    ci_high = number("upper end of its interval", "log2")
    delta = number("Cliff's delta; positive = higher in the second", "−1 to 1")
    delta_low = number("lower end of its interval", "−1 to 1")
    delta_high = number("upper end of its interval", "−1 to 1")
    p_value = number("Wilcoxon's rank-sum test, as R", "probability")
    p_holm = number("after Holm's correction over the pairs of the miRNA", "probability")
    q_value = number("false-discovery rate over all miRNAs and pairs", "probability")
    is_exact = yes_no("whether p is exact")


class StageTrend(dy.Schema):
    """One row per miRNA: any difference between stages, and a trend over them."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    n = _count("patients")
    kruskal_h = number("Kruskal and Wallis's statistic", "χ²")
    kruskal_df = _count("its degrees of freedom")
    kruskal_p = number("its p: any difference", "probability")
    kruskal_q = number("false-discovery rate over miRNAs", "probability")
    trend_z = number("Jonckheere and Terpstra's statistic", "SD")
    effect = number("Kendall's tau-b with the stage", "−1 to 1")
    p_value = number("of the trend", "probability")
    q_value = number("false-discovery rate over miRNAs", "probability")
    is_exact = yes_no("whether p is exact")


class StagePatients(dy.Schema):
    """One row per stage: patients, and whether it is compared."""

    cohort = text(_COHORT)
    stage = text("stage; null = unknown")
    n = _count("patients")
    is_used = yes_no("compared")
    reason = text("why not")


class StageValues(dy.Schema):
    """One row per tumor of the miRNAs that are drawn."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    stage = text("stage")
    sample_ = dy.String(primary_key=True, alias="sample", description="sample, as the cohort names it")
    value = number("expression", "log2")


class Survival(dy.Schema):
    """One row per miRNA, endpoint and model."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    model = key("log-rank (high against low), cox (per standard deviation), cox-adjusted (the same, with covariates)")
    effect = number(f"{_LOG_HAZARD}; positive = earlier events with high expression", "ln")
    ci_low = number("lower end of its interval", "ln")
    ci_high = number("upper end of its interval", "ln")
    se = number("its standard error", "ln")
    statistic = number("of the log-rank or the score test", "χ²")
    p_value = number("its p", "probability")
    q_value = number("false-discovery rate over miRNAs and endpoints of the model", "probability")
    n = _count("patients")
    n_event = _count("events")
    n_high = _count("patients with high expression")
    n_low = _count("patients with low expression")
    events_high = _count("events among the high")
    events_low = _count("events among the low")
    cut = number("expression above which a patient is high", "log2")
    n_tied = _count("patients whose expression is the cut")
    power = number("chance to see a hazard ratio of 1.5 with these events", "probability")
    note = text("what needs care")


class SurvivalCurves(dy.Schema):
    """One row per step of the Kaplan-Meier curves that are drawn."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    arm = key("high or low")
    time = _time("time")
    survival = number("share without the event", "fraction")
    ci_low = number("lower end of its interval", "fraction")
    ci_high = number("upper end of its interval", "fraction")
    n_risk = _count("patients at risk")
    n_event = _count("events at this time")
    n_censored = _count("patients censored at this time")


class SurvivalRisk(dy.Schema):
    """One row per break of the time axis: patients at risk."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    arm = key("high or low")
    time = _time("time")
    n_risk = _count("patients at risk")


class SurvivalArms(dy.Schema):
    """One row per arm of the curves that are drawn."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    arm = key("high or low")
    n = _count("patients")
    n_event = _count("events")
    median = number("median survival, by R's rule", "as the cohort states")
    median_low = number("lower end of its interval", "as the cohort states")
    median_high = number("upper end of its interval", "as the cohort states")


class Incidence(dy.Schema):
    """One row per step of the cumulative incidence curves that are drawn, of endpoints with competing causes."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    arm = key("high or low")
    cause = dy.Int8(primary_key=True, min=1, description="1 = the cause of the endpoint, 2 = another")
    time = _time("time")
    incidence = number("share that had the event of this cause (Aalen and Johansen)", "fraction")
    ci_low = number("lower end of its interval", "fraction")
    ci_high = number("upper end of its interval", "fraction")


class SurvivalScrutiny(dy.Schema):
    """One row per miRNA, endpoint and figure that says how far its survival result can be trusted."""

    cohort = key(_COHORT)
    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    figure = key(
        "proportional-hazards, restricted-mean (high − low), firth (log hazard ratio per SD), best-cut, gray, "
        "fine-gray (log subdistribution hazard ratio per SD)"
    )
    effect = number("its estimate", "as the figure says")
    ci_low = number("lower end of its interval", "as the figure says")
    ci_high = number("upper end of its interval", "as the figure says")
    statistic = number("its statistic", "χ², z or M")
    p_value = number("its p; of the best cut corrected for the search", "probability")
    detail = text("what belongs to it: window, cut, sizes, corrected p")


class SurvivalPooled(dy.Schema):
    """One row per miRNA, endpoint and source: every cohort, and what they say together."""

    mirna = key(_MIRNA)
    endpoint = key(_ENDPOINT)
    source = key("cohort, or fixed (one true effect) or random (effects vary between cohorts)")
    effect = number(f"{_LOG_HAZARD} per standard deviation", "ln")
    ci_low = number("lower end of its interval", "ln")
    ci_high = number("upper end of its interval", "ln")
    p_value = number("its p", "probability")
    q_value = number("false-discovery rate over miRNAs and endpoints of the pooled rows", "probability")
    n_event = _count("events")
    i2 = number("share of the variation between cohorts that is not chance", "fraction")
    heterogeneity_p = number("p of Cochran's Q", "probability")


class Multiverse(dy.Schema):
    """One row per miRNA, endpoint, subset and cut: the result under every defensible choice."""

    cohort = text(_COHORT)
    mirna = text(_MIRNA)
    endpoint = text(_ENDPOINT)
    subset = text("which patients")
    cut = text("how they are parted; continuous = Cox's regression per standard deviation; null = nothing to test")
    effect = number(_LOG_HAZARD, "ln")
    ci_low = number("lower end of its interval", "ln")
    ci_high = number("upper end of its interval", "ln")
    p_value = number("its p, not corrected", "probability")
    n = _count("patients")
    n_event = _count("events")
    n_high = _count("patients with high expression")
    n_low = _count("patients with low expression")
    note = text("what needs care")


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
