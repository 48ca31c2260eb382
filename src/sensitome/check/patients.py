"""Cohorts: clinical table, endpoints, stages, subsets and matrices, then the miRNAs that the screen asks for."""

from __future__ import annotations

from functools import partial

from sensitome.check.findings import Findings
from sensitome.cohort.endpoint_data import endpoint_data
from sensitome.cohort.matching import shared_samples
from sensitome.cohort.reading import read_cohort, stages_of
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.subset import condition
from sensitome.patients import Cohort
from sensitome.stages.record import Context

__all__ = ["check_patients"]


def check_patients(context: Context, found: Findings) -> None:
    """Judge the cohort of a study, and look the miRNAs of the screen up in it."""
    settings = context.study.cohort
    if settings is None:
        return
    before = len(found.errors)
    cohort = found.attempt(
        lambda: read_cohort(settings, folder=context.folder, matrices=("mirna", "mrna")), of="cohort"
    )
    if cohort is None:
        return
    _judge(cohort, settings, found)
    if len(found.errors) == before and (found.rehearse("cohort", context) or "hits" not in found.tables):
        found.sound["patients"] = _size(cohort)


def _judge(cohort: Cohort, settings: CohortSettings, found: Findings) -> None:
    """What stages, survival and association ask of the cohort."""
    if settings.stage is not None:
        found.attempt(lambda: stages_of(cohort, settings))
    for words in settings.subsets.values():
        found.attempt(partial(condition, words, columns=cohort.clinical.columns))
    mirna = cohort.matrices.get("mirna")
    if mirna is None:
        return
    for endpoint in cohort.endpoints:
        found.attempt(partial(endpoint_data, mirna, cohort.clinical, endpoint))
    if "mrna" in cohort.matrices:
        found.attempt(lambda: shared_samples(mirna, cohort.matrix("mrna")))


def _size(cohort: Cohort) -> str:
    """Patients, endpoints and matrices in words."""
    parts = [f"{cohort.clinical.height:,} patients"]
    parts += [f"endpoints {' and '.join(cohort.endpoints)}"] if cohort.endpoints else []
    names = {"mirna": "miRNAs", "mrna": "mRNAs"}
    parts += [
        f"{cohort.matrix(role).features.height:,} {noun}" for role, noun in names.items() if role in cohort.matrices
    ]
    return ", ".join(parts)
