"""Whether a cohort can be asked what a study asks of it: everything is read and judged, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sensitome.cohort.endpoint_data import endpoint_data
from sensitome.cohort.matching import shared_samples
from sensitome.cohort.reading import columns_of, stages_of
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.stage import compare_stages
from sensitome.cohort.subset import condition
from sensitome.patients import Cohort

__all__ = ["cohort_size", "judgments"]


def judgments(cohort: Cohort, settings: CohortSettings, *, section: str = "cohort") -> Iterator[Callable[[], object]]:
    """What stages, survival and association ask of a cohort, one call each.

    Parameters
    ----------
    cohort : as `sensitome.cohort.reading.read_cohort` has read it
    settings : of the study
    section : of ``study.toml``, for messages

    Yields
    ------
    Calls without arguments; each raises a SensitomeError where a run would, so that all of them can be tried
    """
    mirna = cohort.matrices.get("mirna")
    if settings.stage is not None:
        yield partial(_judge_stages, cohort, settings, section)
    for words in settings.subsets.values():
        yield partial(_judge_subset, cohort, words)
    for setting in ("covariates", "correlation_covariates"):
        yield partial(columns_of, cohort, getattr(settings, setting), setting=f"{section}.{setting}")
    if settings.strata is not None:
        yield partial(columns_of, cohort, [settings.strata], setting=f"{section}.strata")
    if mirna is None:
        return
    for endpoint in cohort.endpoints:
        yield partial(endpoint_data, mirna, cohort.clinical, endpoint)
    if "mrna" in cohort.matrices:
        yield partial(shared_samples, mirna, cohort.matrix("mrna"))


def cohort_size(cohort: Cohort) -> str:
    """Patients, endpoints and matrices in words.

    >>> import polars as pl
    >>> cohort_size(Cohort("made", pl.DataFrame({"sample": ["a", "b"], "patient": ["a", "b"]})))
    '2 patients'
    """
    parts = [f"{cohort.clinical.height:,} patients"]
    parts += [f"endpoints {' and '.join(cohort.endpoints)}"] if cohort.endpoints else []
    names = {"mirna": "miRNAs", "mrna": "mRNAs"}
    parts += [
        f"{cohort.matrix(role).features.height:,} {noun}" for role, noun in names.items() if role in cohort.matrices
    ]
    return ", ".join(parts)


def _judge_stages(cohort: Cohort, settings: CohortSettings, section: str) -> None:
    """Stages are told, and at least two of them have enough patients with miRNAs."""
    stages = stages_of(cohort, settings, section=section)
    mirna = cohort.matrices.get("mirna")
    if mirna is not None and len(mirna.features):
        compare_stages(mirna.take(features=[0]), stages, fewest=settings.fewest)


def _judge_subset(cohort: Cohort, words: str) -> None:
    """A subset can be told of every patient."""
    if words.strip():
        cohort.clinical.select(condition(words, columns=cohort.clinical.columns))
