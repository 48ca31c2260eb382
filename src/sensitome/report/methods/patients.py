"""What was asked of patients, and how, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sensitome.charts.cohorts import of_cohorts
from sensitome.charts.data import Manifest, Tables, named, plural
from sensitome.frames import largest

__all__ = ["PARAGRAPHS"]

_CUTS = {
    "median": "above the median or not",
    "median-up": "at or above the median or below it",
    "mean": "above the mean or not",
    "lower-quartile": "above the lower quartile or not",
    "upper-quartile": "above the upper quartile or not",
    "tertiles": "the highest and the lowest third",
    "quartiles": "the highest and the lowest quarter",
}


def _cohort(tables: Tables, manifest: Manifest) -> str:
    """Which patients and which miRNAs."""
    asked, cohorts = tables.get("cohort_mirnas"), tables.get("cohorts")
    if asked is None or cohorts is None or cohorts.is_empty():
        return ""
    count = asked["mirna"].n_unique()
    rows = cohorts.select("cohort", "n_patients", "n_mirnas", "subset").iter_rows()
    told = [_told(*row) for row in rows]
    text = f"{plural(count, 'miRNA')} of the screen {'was' if count == 1 else 'were'} looked up in {named(told)}."
    found = asked.filter("in_cohort").group_by("cohort").len().sort("cohort")
    measured = [f"{n:,} in {name}" for name, n in found.iter_rows()] if len(told) > 1 else [f"{found['len'].sum():,}"]
    return (
        f"{text} Of these {count:,}, {named(measured)} are measured." if measured else f"{text} None is measured there."
    )


def _told(cohort: str, patients: int | None, mirnas: int | None, subset: str | None) -> str:
    """A cohort with its size."""
    size = f"{plural(patients or 0, 'patient')}, {plural(mirnas or 0, 'miRNA')}"
    return f"the cohort “{cohort}” ({size}{f', kept where {subset}' if subset else ''})"


def _association(tables: Tables, manifest: Manifest) -> str:
    """Correlation with mRNAs, shift of targets, gene sets."""
    summary = tables.get("association_summary")
    sections = _sections(manifest)
    if summary is None or summary.is_empty() or not sections:
        return ""
    first = sections[0]
    tested, found = int(largest(summary["n_tested"])), int(summary["n_significant"].sum())
    is_pearson = first.get("correlation") == "pearson"
    how = "Pearson's r" if is_pearson else "Spearman's ρ"
    p = "p by Student's t" if is_pearson or first.get("correlation_p") == "t" else "p as R's cor.test"
    family = "over all pairs" if first.get("family") == "all" else "over the mRNAs of each miRNA"
    given = first.get("correlation_covariates") or ()
    without = f", with {named(list(given))} taken out of both" if given else ""
    text = (
        f"Each of {plural(summary['mirna'].n_unique(), 'miRNA')} was correlated with {plural(tested, 'mRNA')} by {how}"
        f"{without}; {p}, adjusted {family} (Benjamini-Hochberg, "
        "doi:10.1111/j.2517-6161.1995.tb02031.x). "
        f"{plural(found, 'pair')} with q ≤ {first.get('alpha', 0.05):g} {'is' if found == 1 else 'are'} kept."
    )
    if "n_targets" in summary.columns and summary["n_targets"].is_not_null().any():
        text += " Correlations of a miRNA's targets were held against those of the other mRNAs by the rank-sum test."
    sets = tables.get("association_sets")
    if sets is not None and not sets.is_empty():
        text += (
            " Gene sets among the mRNAs that go with a miRNA were tested against all mRNAs measured (convention "
            f"{sets['convention'][0]})."
        )
    return text


def _stage(tables: Tables, manifest: Manifest) -> str:
    """Differences between tumor stages."""
    contrasts, patients = tables.get("stage"), tables.get("stage_patients")
    if contrasts is None or contrasts.is_empty() or patients is None:
        return ""
    patients = of_cohorts(patients)
    used = patients.filter(pl.col("is_used") & pl.col("stage").is_not_null()).sort("stage", maintain_order=True)
    several = patients["cohort"].n_unique() > 1
    sizes = [
        f"{part['n'].sum():,} patients of {cohort}"
        if several
        else named([f"{n:,} of stage {stage}" for stage, n in part.select("stage", "n").iter_rows()]) + " patients"
        for (cohort,), part in used.group_by("cohort", maintain_order=True)
    ]
    fewest = next((section["fewest"] for section in _sections(manifest) if "fewest" in section), 5)
    return (
        f"Expression was compared between tumor stages ({named(sizes)}) by Wilcoxon's rank-sum test for each pair, "
        "with Holm's correction over the pairs of a miRNA, and by Jonckheere and Terpstra's test for a trend over the "
        "stages (doi:10.1093/biomet/41.1-2.133); shifts are Hodges and Lehmann's. Stages with fewer than "
        f"{fewest} patients were not compared."
    )


def _survival(tables: Tables, manifest: Manifest) -> str:
    """Tests of survival."""
    tests = tables.get("survival")
    if tests is None or tests.is_empty():
        return ""
    tests = of_cohorts(tests)
    several = tests["cohort"].n_unique() > 1
    ends = tests.group_by("cohort", "endpoint", maintain_order=True).agg(pl.col("n").max(), pl.col("n_event").max())
    counted = [
        f"{end}: {events or 0:,} events in {n or 0:,} patients{' of ' + cohort if several else ''}"
        for cohort, end, n, events in ends.iter_rows()
    ]
    sections = _sections(manifest)
    cut = str(sections[0].get("cut", "median")) if sections else "median"
    text = (
        f"Survival ({'; '.join(counted)}) was tested twice for each miRNA: by the log-rank test of patients parted by "
        f"its expression ({_CUTS.get(cut, cut)}), and by Cox's regression per standard deviation (ties as "
        "Efron), which does not part them (doi:10.1111/j.2517-6161.1972.tb00899.x). "
        "q is over miRNAs and endpoints of each model (Benjamini-Hochberg)."
    )
    adjusting = sorted({name for section in sections for name in section.get("covariates") or ()})
    strata = sorted({section["strata"] for section in sections if section.get("strata")})
    text += f" A further model has {named(adjusting)} as covariates." if adjusting else ""
    text += f" Patients were compared within {named(strata)}." if strata else ""
    return text + _closer(tables)


def _closer(tables: Tables) -> str:
    """What was looked at beyond the tests."""
    text = ""
    multiverse, checks = tables.get("multiverse"), tables.get("survival_scrutiny")
    if multiverse is not None and not multiverse.is_empty():
        choices = multiverse.select("subset", "cut").unique().height
        text += (
            f" For the {plural(multiverse['mirna'].n_unique(), 'miRNA')} with the smallest p, the result was repeated "
            f"under {plural(choices, 'choice')} of cut and patients; their p are not corrected for this."
        )
    if checks is not None and not checks.is_empty():
        text += (
            " For them, proportional hazards were tested by the score test (doi:10.1093/biomet/81.3.515), restricted "
            "means compared, and the best cut searched, with a p by random orders or by Lausen's approximation "
            "(doi:10.2307/2532740)."
        )
        if "gray" in checks["figure"].to_list():
            text += (
                " Competing causes: cumulative incidence by Aalen and Johansen, Gray's test "
                "(doi:10.1214/aos/1176350951) and Fine and Gray's regression (doi:10.1080/01621459.1999.10474144)."
            )
    pooled = tables.get("survival_pooled")
    if pooled is not None and not pooled.is_empty():
        text += (
            " Log hazard ratios of the cohorts were pooled by their inverse variance, with one true effect and with "
            "effects that vary between cohorts (doi:10.1016/0197-2456(86)90046-2)."
        )
    return text


def _sections(manifest: Manifest) -> list[Mapping[str, Any]]:
    """What the study says of its cohorts."""
    study = manifest.get("study") or {}
    every = [study.get("cohort"), *(study.get("cohorts") or {}).values()]
    return [section for section in every if section]


#: Heading and writer, in the order of the page.
PARAGRAPHS = (
    ("Patients", _cohort),
    ("Patients: association", _association),
    ("Patients: stage", _stage),
    ("Patients: survival", _survival),
)
