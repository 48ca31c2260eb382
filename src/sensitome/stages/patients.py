"""Stages of patients: which mRNAs go with the miRNAs of the screen, and do these go with stage and survival."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import PurePosixPath

import polars as pl

from sensitome.cohort.curves import curve_tables
from sensitome.cohort.reading import asked_mirnas, columns_of, read_cohort, screen_mirnas, stages_of
from sensitome.cohort.scrutiny import multiverse, pool_cohorts, scrutinize_each
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.stage import compare_stages, stage_values
from sensitome.cohort.survival import compare_survival
from sensitome.cohort.tables import COHORT_TABLES
from sensitome.errors import Caution, listed
from sensitome.expression_matrix import Expression
from sensitome.io.mirbase import read_mirbase
from sensitome.patients import Cohort
from sensitome.settings import Study
from sensitome.stages.patient_cohorts import Asked, asked_cohorts, sections, stack, strongest
from sensitome.stages.patient_genes import GENES, associate_patients
from sensitome.stages.patient_names import same_mirnas
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES"]

_COHORT = ("cohorts", "cohort_mirnas", "cohort_flow")
_STAGE = ("stage", "stage_trend", "stage_patients", "stage_values")
_CURVES = ("survival_curves", "survival_risk", "survival_arms", "incidence")
_SURVIVAL = ("survival", *_CURVES, "survival_scrutiny", "multiverse")


def _look_up(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in _COHORT}
    mirbase = context.study.inputs.mirbase
    base = read_mirbase(context.folder / mirbase) if mirbase else None
    for name, (section, settings) in sections(context.study).items():
        cohort = read_cohort(settings, folder=context.folder, matrices=("mirna", "mrna"), name=name, section=section)
        measured = _names(cohort.matrix("mirna"))
        asked = asked_mirnas(
            settings,
            measured=measured,
            same=same_mirnas(screen_mirnas(tables["reagents"]), measured, base),
            hits=tables["hits"],
            reagents=tables["reagents"],
            sensitizers=tables.get("sensitizers"),
            section=section,
        )
        _tell_missing(asked, cohort, by_accession=base is not None)
        _tell_lacking(cohort, settings)
        for table, made in zip(_COHORT, (_of_cohort(cohort, settings), asked, cohort.flow), strict=True):
            parts[table].append(made.with_columns(cohort=pl.lit(name)))
    return stack(parts)


def _of_cohort(cohort: Cohort, settings: CohortSettings) -> pl.DataFrame:
    """One row about a cohort as a whole."""
    ends = [f"{end} ({int(cohort.clinical[f'{end}_event'].sum() or 0)} events)" for end in cohort.endpoints]
    sizes = {role: matrix.features.height for role, matrix in cohort.matrices.items()}
    return pl.DataFrame(
        {
            "source": PurePosixPath(str(settings.folder or settings.clinical)).name,
            "n_patients": cohort.clinical.height,
            "n_mirnas": sizes["mirna"],
            "n_mrnas": sizes.get("mrna"),
            "endpoints": "; ".join(ends),
            "time_unit": cohort.time_unit,
            "subset": settings.subset,
        }
    )


def _compare_stages(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in _STAGE}
    there = [
        (each, each.mirna, stages_of(each.cohort, each.settings, section=each.section))
        for each in asked_cohorts(tables["cohort_mirnas"], context)
        if each.mirna is not None and each.settings.stage is not None
    ]
    tests = [compare_stages(mirna, stages, fewest=each.settings.fewest) for each, mirna, stages in there]
    for (each, mirna, stages), found in zip(there, tests, strict=True):
        # The same miRNAs are drawn in every cohort, so that they can be compared.
        every = pl.concat([test.trend for test in tests]).filter(pl.col("mirna").is_in(_names(mirna)))
        shown = strongest(every, count=each.settings.shown)
        values = stage_values(mirna, stages, features=shown, fewest=each.settings.fewest)
        for table, made in zip(_STAGE, (found.contrasts, found.trend, found.patients, values), strict=True):
            parts[table].append(made.with_columns(cohort=pl.lit(each.name)))
    return stack(parts)


def _survive(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in _SURVIVAL}
    there = [
        (each, each.mirna)
        for each in asked_cohorts(tables["cohort_mirnas"], context)
        if each.mirna is not None and each.cohort.endpoints
    ]
    tests = {each.name: _tests_of(each, mirna, context) for each, mirna in there}
    for each, mirna in there:
        every = pl.concat(tests.values()).filter((pl.col("model") == "cox") & pl.col("mirna").is_in(_names(mirna)))
        shown = strongest(every, count=each.settings.shown)
        for name, table in {"survival": tests[each.name], **_closer_look(each, mirna, shown, context)}.items():
            parts[name].append(table.with_columns(cohort=pl.lit(each.name)))
    pooled = pool_cohorts(tests) if len(tests) > 1 else COHORT_TABLES["survival_pooled"].create_empty()
    return {**stack(parts), "survival_pooled": pooled}


def _names(mirna: Expression) -> list[str]:
    return mirna.features["feature"].cast(pl.String).to_list()


def _tests_of(each: Asked, mirna: Expression, context: Context) -> pl.DataFrame:
    """Every miRNA, endpoint and model of one cohort."""
    settings = each.settings
    columns_of(each.cohort, settings.covariates, setting=f"{each.section}.covariates")
    columns_of(each.cohort, [settings.strata] if settings.strata else [], setting=f"{each.section}.strata")
    return compare_survival(
        mirna,
        each.cohort.clinical,
        endpoints=each.cohort.endpoints,
        cut=settings.cut,
        covariates=settings.covariates,
        strata=settings.strata,
        name=each.name,
        jobs=context.jobs,
    )


def _closer_look(each: Asked, mirna: Expression, shown: list[str], context: Context) -> Tables:
    """Curves, checks and every defensible choice for the miRNAs that are shown."""
    settings, clinical, ends = each.settings, each.cohort.clinical, each.cohort.endpoints
    curves = curve_tables(mirna, clinical, features=shown, endpoints=ends, cut=settings.cut)
    checks = scrutinize_each(
        mirna,
        clinical,
        features=shown,
        endpoints=ends,
        until=settings.until,
        permutations=settings.permutations,
        seed=context.study.seed,
    )
    subsets = {"all": "", **settings.subsets}
    choices = multiverse(mirna, clinical, features=shown, endpoints=ends, subsets=subsets)
    drawn = {name: curves.get(name, COHORT_TABLES[name].create_empty()) for name in _CURVES}
    return {**drawn, "survival_scrutiny": checks, "multiverse": choices}


def _tell_missing(asked: pl.DataFrame, cohort: Cohort, *, by_accession: bool) -> None:
    """Caution where miRNAs of the screen are not measured in the cohort."""
    missing = asked.filter(~pl.col("in_cohort"))["mirna"].to_list()
    step = (
        "Where only their names differ, name a history of miRBase (inputs.mirbase), or write the miRNA as the cohort "
    )
    step += "does in the library's column target."
    if missing:
        warnings.warn(
            Caution(
                f"cohort {cohort.name!r} does not measure every miRNA that is asked for",
                found=f"{len(missing)} of {asked.height} not there: {listed(missing, last='and', most=3)}",
                next_step="Names were compared by accession." if by_accession else step,
            ),
            stacklevel=2,
        )


def _tell_lacking(cohort: Cohort, settings: CohortSettings) -> None:
    """Caution where a cohort lacks what the chapters on patients are made from."""
    if (settings.folder or settings.form == "mudata") and "mrna" not in cohort.matrices:
        warnings.warn(
            Caution(
                f"cohort {cohort.name!r} has no matrix of mRNAs",
                next_step="Nothing is said of genes that go with its miRNAs; name one with `mrna`.",
            ),
            stacklevel=2,
        )
    if not cohort.endpoints:
        warnings.warn(
            Caution(
                f"cohort {cohort.name!r} has no endpoint",
                next_step="Nothing is said of survival; name time and status of one with `endpoints`.",
            ),
            stacklevel=2,
        )


def _has_cohort(study: Study) -> bool:
    return bool(sections(study))


def _has_genes(study: Study) -> bool:
    named = sections(study).values()
    return any(settings.folder or settings.mrna or settings.form == "mudata" for _, settings in named)


def _has_stages(study: Study) -> bool:
    return any(settings.stage is not None for _, settings in sections(study).values())


def _has_endpoints(study: Study) -> bool:
    named = sections(study).values()
    return any(settings.folder or settings.endpoints or settings.form == "tcga" for _, settings in named)


_SECTIONS = ("cohort", "cohorts")
#: From miRNAs of the screen to patients.
STAGES: tuple[Stage, ...] = (
    Stage(
        "cohort",
        ("hits", "reagents"),
        _COHORT,
        _SECTIONS,
        ("cohort", "mirbase"),
        _look_up,
        applies=_has_cohort,
        uses=("sensitizers",),
        version=3,
    ),
    Stage(
        "association",
        ("cohort_mirnas",),
        GENES,
        (*_SECTIONS, "enrichment"),
        ("cohort", "gene_sets", "mirbase"),
        associate_patients,
        applies=_has_genes,
        uses=("targets",),
        version=5,
    ),
    Stage(
        "stage",
        ("cohort_mirnas",),
        _STAGE,
        _SECTIONS,
        ("cohort",),
        _compare_stages,
        applies=_has_stages,
        version=3,
    ),
    Stage(
        "survival",
        ("cohort_mirnas",),
        (*_SURVIVAL, "survival_pooled"),
        (*_SECTIONS, "seed"),
        ("cohort",),
        _survive,
        applies=_has_endpoints,
        version=3,
    ),
)
