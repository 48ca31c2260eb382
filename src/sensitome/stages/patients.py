"""Stages of patients: which mRNAs go with the miRNAs of the screen, and do these go with stage and survival."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import polars as pl

from sensitome.cohort.association import associate
from sensitome.cohort.curves import curve_tables
from sensitome.cohort.reading import asked_mirnas, read_cohort, stages_of
from sensitome.cohort.scrutiny import multiverse
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.stage import compare_stages, stage_values
from sensitome.cohort.survival import compare_survival
from sensitome.cohort.tables import COHORT_TABLES
from sensitome.errors import Caution, listed
from sensitome.expression_matrix import Expression
from sensitome.patients import Cohort
from sensitome.settings import Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES"]

_COHORT = ("cohort_mirnas", "cohort_flow")
_ASSOCIATION = ("association", "association_summary")
_STAGE = ("stage", "stage_trend", "stage_patients", "stage_values")
_SURVIVAL = ("survival", "survival_curves", "survival_risk", "survival_arms", "multiverse")


def _settings(context: Context) -> CohortSettings:
    """The section of the study; stages of patients do not apply without it."""
    assert context.study.cohort is not None  # noqa: S101 - `applies` has asked
    return context.study.cohort


def _look_up(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    settings = _settings(context)
    cohort = read_cohort(settings, folder=context.folder, matrices=("mirna",))
    measured = cohort.matrix("mirna").features["feature"].cast(pl.String).to_list()
    asked = asked_mirnas(
        settings,
        measured=measured,
        hits=tables["hits"],
        reagents=tables["reagents"],
        sensitizers=tables.get("sensitizers"),
    )
    _tell_missing(asked, cohort)
    return {"cohort_mirnas": asked, "cohort_flow": cohort.flow}


def _associate(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    settings = _settings(context)
    cohort = read_cohort(settings, folder=context.folder, matrices=("mirna", "mrna"))
    mirna = _asked(cohort, tables["cohort_mirnas"])
    if mirna is None or "mrna" not in cohort.matrices:
        return _empty(_ASSOCIATION)
    found = associate(mirna, cohort.matrix("mrna"), alpha=settings.alpha, jobs=context.jobs)
    assert found.pairs is not None  # noqa: S101 - there was no sink
    return {"association": found.pairs, "association_summary": found.summary}


def _compare_stages(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    settings = _settings(context)
    cohort = read_cohort(settings, folder=context.folder, matrices=("mirna",))
    mirna = _asked(cohort, tables["cohort_mirnas"])
    if mirna is None:
        return _empty(_STAGE)
    stages = stages_of(cohort, settings)
    found = compare_stages(mirna, stages, fewest=settings.fewest)
    values = stage_values(mirna, stages, features=_strongest(found.trend, count=settings.shown), fewest=settings.fewest)
    made = (found.contrasts, found.trend, found.patients, values)
    return dict(zip(_STAGE, made, strict=True))


def _survive(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    settings = _settings(context)
    cohort = read_cohort(settings, folder=context.folder, matrices=("mirna",))
    mirna = _asked(cohort, tables["cohort_mirnas"])
    if mirna is None or not cohort.endpoints:
        return _empty(_SURVIVAL)
    ends, clinical = cohort.endpoints, cohort.clinical
    tests = compare_survival(mirna, clinical, endpoints=ends, cut=settings.cut, jobs=context.jobs)
    shown = _strongest(tests.filter(pl.col("model") == "cox"), count=settings.shown)
    curves = curve_tables(mirna, clinical, features=shown, endpoints=ends, cut=settings.cut)
    choices = multiverse(mirna, clinical, features=shown, endpoints=ends, subsets={"all": "", **settings.subsets})
    return {"survival": tests, **{name: curves[name] for name in _SURVIVAL[1:4]}, "multiverse": choices}


def _asked(cohort: Cohort, mirnas: pl.DataFrame) -> Expression | None:
    """Matrix of the miRNAs that are looked up; None when the cohort has none of them."""
    matrix = cohort.matrix("mirna")
    wanted = mirnas.filter("in_cohort")["mirna"]
    names = matrix.features["feature"].cast(pl.String)
    rows = [row for row, inside in enumerate(names.is_in(wanted.implode())) if inside]
    return matrix.take(features=rows) if rows else None


def _strongest(tests: pl.DataFrame, *, count: int) -> list[str]:
    """MiRNAs with the smallest p over all their rows."""
    known = tests.drop_nulls("p_value").group_by("mirna").agg(pl.col("p_value").min())
    return known.sort("p_value", "mirna").head(count)["mirna"].to_list()


def _empty(names: tuple[str, ...]) -> Tables:
    return {name: COHORT_TABLES[name].create_empty() for name in names}


def _tell_missing(asked: pl.DataFrame, cohort: Cohort) -> None:
    """Caution where miRNAs of the screen are not measured in the cohort."""
    missing = asked.filter(~pl.col("in_cohort"))["mirna"].to_list()
    if missing:
        warnings.warn(
            Caution(
                f"cohort {cohort.name!r} does not measure every miRNA that is asked for",
                found=f"{len(missing)} of {asked.height} not there: {listed(missing, last='and', most=3)}",
                next_step="Where the names differ, write the miRNA as the cohort does in the library's column target.",
            ),
            stacklevel=2,
        )


def _has_cohort(study: Study) -> bool:
    return study.cohort is not None


def _has_genes(study: Study) -> bool:
    return study.cohort is not None and bool(study.cohort.folder or study.cohort.mrna)


def _has_stages(study: Study) -> bool:
    return study.cohort is not None and study.cohort.stage is not None


def _has_endpoints(study: Study) -> bool:
    return study.cohort is not None and bool(study.cohort.folder or study.cohort.endpoints)


#: From miRNAs of the screen to patients.
STAGES: tuple[Stage, ...] = (
    Stage(
        "cohort",
        ("hits", "reagents"),
        _COHORT,
        ("cohort",),
        ("cohort",),
        _look_up,
        applies=_has_cohort,
        uses=("sensitizers",),
    ),
    Stage("association", ("cohort_mirnas",), _ASSOCIATION, ("cohort",), ("cohort",), _associate, applies=_has_genes),
    Stage("stage", ("cohort_mirnas",), _STAGE, ("cohort",), ("cohort",), _compare_stages, applies=_has_stages),
    Stage("survival", ("cohort_mirnas",), _SURVIVAL, ("cohort",), ("cohort",), _survive, applies=_has_endpoints),
)
