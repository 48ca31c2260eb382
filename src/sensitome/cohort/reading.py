"""From what a study says of a cohort to the cohort, and to the miRNAs that are looked up in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from sensitome.cohort.settings import CohortSettings, cohort_name
from sensitome.cohort.stage import stage_numbers
from sensitome.cohort.subset import subset
from sensitome.core.counts import log2_cpm
from sensitome.errors import Fault, SettingsError, SourceError, TableError, listed, suggestion
from sensitome.expression_matrix import Expression
from sensitome.io.annotated import read_annotated
from sensitome.io.cbioportal import read_cbioportal
from sensitome.io.clinical import cohort_from_mudata, read_clinical
from sensitome.io.endpoints import EndpointColumns
from sensitome.io.tcga import first_primary, read_tcga_clinical
from sensitome.io.wide_matrix import read_wide_matrix
from sensitome.patients import Cohort

__all__ = ["asked_mirnas", "cohort_files", "columns_of", "read_cohort", "screen_mirnas", "stages_of"]


#: Why a cohort cannot be asked, where it comes from a folder that has no such matrix.
_NO_MIRNA = "Name a matrix of miRNAs, features × samples: `mirna` in the section [{section}]."


def cohort_files(settings: CohortSettings | None, *, folder: Path, section: str = "cohort") -> list[Path]:
    """Every file of a cohort, in a fixed order.

    Parameters
    ----------
    settings : of the study; None = no cohort
    folder : where its paths start
    section : of ``study.toml``, for messages

    Raises
    ------
    SourceError
        The folder of the cohort does not exist.
    """
    if settings is None:
        return []
    files: list[Path] = []
    if settings.folder:
        home = folder / settings.folder
        if not home.is_dir():
            raise SourceError(
                "no folder of the cohort", where=str(home), next_step=f"Correct `folder` in the section [{section}]."
            )
        files += sorted(path for path in home.rglob("*.txt*") if path.is_file())
    return files + [folder / name for name in (settings.clinical, settings.mirna, settings.mrna) if name]


def read_cohort(
    settings: CohortSettings, *, folder: Path, matrices: tuple[str, ...], name: str = "", section: str = "cohort"
) -> Cohort:
    """Read the patients of a study, and keep those of its subset who have miRNAs where these are needed.

    Parameters
    ----------
    settings : of the study
    folder : where its paths start
    matrices : those of `mirna` and `mrna` that are needed; a file that is not needed is not read
    name : of the cohort; that of `sensitome.cohort.settings.cohort_name` without
    section : of ``study.toml``, for messages

    Raises
    ------
    SensitomeError
        As the readers of clinical tables and matrices, and as `sensitome.cohort.subset.subset`; miRNAs are needed, and
        the folder has no matrix of them.
    """
    name = name or cohort_name(settings)
    endpoints = [
        EndpointColumns(name, columns.time, columns.status, columns.words)
        for name, columns in settings.endpoints.items()
    ]
    if settings.folder:
        cohort = read_cbioportal(
            folder / settings.folder,
            endpoints=endpoints or None,
            roles=tuple(role for role in matrices if not getattr(settings, role)),
            name=name,
        )
    elif settings.form == "tcga":
        cohort = read_tcga_clinical(folder / str(settings.clinical), columns=settings.columns, name=name)
    elif settings.form == "mudata":
        data = read_annotated(folder / str(settings.clinical))
        cohort = cohort_from_mudata(data, endpoints=endpoints, name=name, time_unit=settings.time_unit)
    else:
        cohort = read_clinical(
            folder / str(settings.clinical), endpoints=endpoints, name=name, time_unit=settings.time_unit
        )
    for role in matrices:
        file = getattr(settings, role)
        if file:
            cohort = _with_samples(cohort, role, _matrix(folder / file, settings), file)
    if "mirna" in matrices and "mirna" not in cohort.matrices:
        raise TableError(
            f"cohort {name!r} has no matrix of miRNAs",
            where=settings.folder,
            next_step=_NO_MIRNA.format(section=section),
        )
    kept = subset(cohort, settings.subset)
    return _measured(kept) if "mirna" in matrices else kept


def _measured(cohort: Cohort) -> Cohort:
    """Patients with miRNAs; those without are counted."""
    there = cohort.matrix("mirna").samples.height
    return cohort if there == cohort.clinical.height else cohort.complete("mirna")


def _matrix(path: Path, settings: CohortSettings) -> Expression:
    """A matrix in log2, one sample a patient."""
    matrix = read_wide_matrix(path)
    if settings.scale == "counts":
        matrix = matrix.with_values(log2_cpm(matrix.values))
    return first_primary(matrix)[0] if settings.form == "tcga" else matrix


def _with_samples(cohort: Cohort, role: str, matrix: Expression, file: str) -> Cohort:
    """The cohort with a matrix, of which some sample must be a patient's; one of its patients alone is renamed."""
    names = matrix.samples["sample"].cast(pl.String)
    for key in ("sample", "patient"):
        known = cohort.clinical[key].cast(pl.String)
        if names.is_in(known.implode()).any():
            if key == "patient":
                own = dict(zip(known, cohort.clinical["sample"].cast(pl.String), strict=True))
                renamed = matrix.samples.with_columns(names.replace(own).alias("sample"))
                matrix = Expression(matrix.values, renamed, matrix.features, matrix.detected)
            return cohort.with_matrix(role, matrix)
    raise TableError(
        f"no sample of the matrix {role} is a patient of cohort {cohort.name!r}",
        where=file,
        found=" against ".join(
            listed(side, last="and", most=3) for side in (names, cohort.clinical["sample"].cast(pl.String))
        ),
        expected="the same names of samples",
        next_step="Bring the names into one form; a matrix with samples as rows has to be turned.",
    )


def asked_mirnas(
    settings: CohortSettings,
    *,
    measured: list[str],
    hits: pl.DataFrame,
    reagents: pl.DataFrame,
    sensitizers: pl.DataFrame | None,
    same: Mapping[str, str] | None = None,
    section: str = "cohort",
) -> pl.DataFrame:
    """Which miRNAs are looked up in the cohort, and what the screen says of them.

    Parameters
    ----------
    settings : of the study
    measured : features of the cohort's matrix of miRNAs
    hits, reagents, sensitizers : tables of the run. A reagent stands for the miRNA of its column `target`, else for the
        miRNA of its own name
    same : name in the screen → name in the cohort, where the two differ
    section : of ``study.toml``, for messages

    Returns
    -------
    ``mirna`` (as the screen names it, else as the cohort does), ``measured_as`` (as the cohort names it; null = not
    measured), ``reagents, is_candidate, is_sensitizer, in_cohort``, sorted by miRNA

    Raises
    ------
    SettingsError
        A miRNA that the study names is not in the cohort.
    """
    called = _called(hits, reagents, sensitizers)
    spelled = {**{name: name for name in measured}, **(same or {})}
    if settings.mirnas == "candidates":
        asked = called.filter(pl.col("is_candidate") | pl.col("is_sensitizer"))
    else:
        in_screen = {theirs: ours for ours, theirs in reversed(list((same or {}).items()))}
        named = [in_screen.get(name, name) for name in (measured if settings.mirnas == "all" else settings.mirnas)]
        faults = [
            Fault("a miRNA of the cohort", column=f"{section}.mirnas", value=name, next_step=suggestion(name, measured))
            for name in named
            if name not in spelled
        ]
        if faults:
            raise SettingsError("some miRNAs cannot be looked up", faults=faults)
        asked = pl.DataFrame({"mirna": named}, schema={"mirna": pl.String}).join(called, on="mirna", how="left")
    name = pl.col("mirna").replace_strict(spelled, default=None, return_dtype=pl.String)
    return (
        asked.with_columns(pl.col("is_candidate", "is_sensitizer").fill_null(False), name.alias("measured_as"))
        .with_columns(pl.col("measured_as").is_not_null().alias("in_cohort"))
        .unique("mirna")
        .sort("mirna")
        .select("mirna", "measured_as", "reagents", "is_candidate", "is_sensitizer", "in_cohort")
    )


def screen_mirnas(reagents: pl.DataFrame) -> list[str]:
    """MiRNAs that the samples of a library stand for."""
    own = pl.coalesce("target", "reagent") if "target" in reagents.columns else pl.col("reagent")
    samples = reagents.filter(pl.col("role").cast(pl.String) == "sample")
    return samples.select(own.alias("mirna"))["mirna"].drop_nulls().unique().sort().to_list()


def columns_of(cohort: Cohort, names: Sequence[str], *, setting: str) -> pl.DataFrame:
    """Clinical columns that a setting names, with ``sample``.

    Raises
    ------
    SettingsError
        The clinical table lacks some; all are named.
    """
    there = cohort.clinical.columns
    faults = [
        Fault(
            f"a clinical column of cohort {cohort.name!r}",
            column=setting,
            value=name,
            next_step=suggestion(name, there),
        )
        for name in names
        if name not in there
    ]
    if faults:
        raise SettingsError("some clinical columns are not there", found=listed(there, last="and"), faults=faults)
    return cohort.clinical.select("sample", *names)


def _called(hits: pl.DataFrame, reagents: pl.DataFrame, sensitizers: pl.DataFrame | None) -> pl.DataFrame:
    """One row per miRNA of the library: its reagents, and whether one of them is called."""
    keys = ["reagent", "kind"]
    own = pl.coalesce("target", "reagent") if "target" in reagents.columns else pl.col("reagent")
    candidates = hits.group_by(keys).agg(pl.col("is_candidate").any())
    table = reagents.filter(pl.col("role").cast(pl.String) == "sample").select(*keys, own.alias("mirna")).unique()
    table = table.join(candidates, on=keys, how="left")
    if sensitizers is None:
        table = table.with_columns(pl.lit(False).alias("is_sensitizer"))
    else:
        found = sensitizers.group_by(keys).agg(pl.col("is_sensitizer").any())
        table = table.join(found, on=keys, how="left")
    words = pl.format("{} ({})", "reagent", "kind")
    return table.group_by("mirna").agg(
        words.sort().str.join(";").alias("reagents"),
        pl.col("is_candidate").fill_null(False).any(),
        pl.col("is_sensitizer").fill_null(False).any(),
    )


def stages_of(cohort: Cohort, settings: CohortSettings, *, section: str = "cohort") -> pl.DataFrame:
    """Stage of each patient: a number where the words can be read as one, else the words.

    Returns
    -------
    ``sample, stage``; patients of stages that are left out have no row

    Raises
    ------
    TableError
        The clinical table has no such column.
    """
    column = str(settings.stage)
    if column not in cohort.clinical.columns:
        raise TableError(
            f"cohort {cohort.name!r} has no column of stages",
            found=listed(cohort.clinical.columns, last="and"),
            expected=repr(column),
            next_step=suggestion(column, cohort.clinical.columns) or f"Correct `stage` in the section [{section}].",
        )
    numbers = stage_numbers(cohort.clinical[column])
    stage = numbers if numbers.is_not_null().any() else cohort.clinical[column].cast(pl.String)
    table = cohort.clinical.select("sample").with_columns(stage.alias("stage"))
    left_out = pl.col("stage").cast(pl.String).is_in(list(settings.stages_left_out)).fill_null(False)
    return table.filter(~left_out)
