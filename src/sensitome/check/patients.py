"""Cohorts: clinical table, endpoints, stages, subsets and matrices, then the miRNAs that the screen asks for."""

from __future__ import annotations

from functools import partial

from sensitome.check.findings import Findings
from sensitome.cohort.judging import cohort_size, judgments
from sensitome.cohort.reading import read_cohort
from sensitome.cohort.settings import CohortSettings, named_cohorts
from sensitome.patients import Cohort
from sensitome.stages.record import Context

__all__ = ["check_patients"]


def check_patients(context: Context, found: Findings) -> None:
    """Judge the cohorts of a study, and look the miRNAs of the screen up in them."""
    named = named_cohorts(context.study.cohort, context.study.cohorts)
    before = len(found.errors)
    sizes = []
    for name, (section, settings) in named.items():
        cohort = found.attempt(partial(_read, settings, context, name, section), of="cohort")
        if cohort is None:
            continue
        for judge in judgments(cohort, settings, section=section):
            found.attempt(judge)
        sizes.append(cohort_size(cohort) if len(named) == 1 else f"{name}: {cohort_size(cohort)}")
    if sizes and len(found.errors) == before and (found.rehearse("cohort", context) or "hits" not in found.tables):
        found.sound["patients"] = "; ".join(sizes)


def _read(settings: CohortSettings, context: Context, name: str, section: str) -> Cohort:
    return read_cohort(settings, folder=context.folder, matrices=("mirna", "mrna"), name=name, section=section)
