"""From the inputs that a study names to its well table; the only place that knows which reader takes which input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from sensitome.cohort.reading import cohort_files
from sensitome.cohort.settings import CohortSettings
from sensitome.errors import Fault, SettingsError, listed, suggestion
from sensitome.expression.settings import ExpressionSettings
from sensitome.io.cellhts2 import cellhts2_files, read_cellhts2
from sensitome.io.expressed import read_expressed
from sensitome.io.plate_files import PlateFile
from sensitome.io.plate_list import read_plate_list
from sensitome.io.readers import ReaderOptions
from sensitome.io.study_arrays import ArraySource, array_source_files
from sensitome.io.well_table import read_well_table
from sensitome.protein.reading import protein_files
from sensitome.protein.settings import ProteinSettings
from sensitome.screen.items import once_a_place
from sensitome.screen.layout import read_wells
from sensitome.settings import Inputs
from sensitome.tables import ROLES, Reagents, Wells
from sensitome.validation.reading import validation_files

__all__ = [
    "array_source",
    "input_files",
    "plate_file_table",
    "read_expression",
    "read_inputs",
    "relative_name",
    "split_reagents",
]

#: Columns of the well table that its readings have before any normalization.
READING_COLUMNS = tuple(name for name in Wells.column_names() if name not in ("log2_signal", "fitted", "normalized"))


def input_files(
    inputs: Inputs,
    *,
    folder: Path,
    cohort: CohortSettings | None = None,
    cohorts: Mapping[str, CohortSettings] | None = None,
    prior: str | None = None,
    protein: ProteinSettings | None = None,
) -> dict[str, list[Path]]:
    """Every file that a study reads, in the groups on which stages depend.

    The groups are readings, expressed, truth, true_genes, arrays, targets, gene_sets, mirbase, cohort, prior,
    validation and protein; those without a file are empty.

    Parameters
    ----------
    inputs : the study's inputs
    folder : where their paths start
    cohort, cohorts : what the study says of patients
    prior : what an earlier run learned of sensitization
    protein : settings of the lysate array

    Raises
    ------
    SensitomeError
        A file does not exist, or a plate list cannot be read.
    """
    if inputs.plates:
        plates = folder / inputs.plates
        listed_files = read_plate_list(plates)["path"].unique(maintain_order=True).to_list()
        readings = [plates, folder / str(inputs.library), *(Path(path) for path in listed_files)]
    elif inputs.wells:
        readings = [folder / inputs.wells]
    else:
        readings = cellhts2_files(
            folder / str(inputs.cellhts2),
            plateconf=inputs.plateconf,
            screenlog=inputs.screenlog,
            gene_ids=inputs.gene_ids,
        )
    groups = {"readings": readings}
    for group in ("expressed", "dose_matrices", "truth", "true_genes", "gene_sets"):
        name = getattr(inputs, group)
        groups[group] = [folder / name] if name else []
    groups["arrays"] = array_source_files(array_source(inputs, folder=folder)) if inputs.arrays else []
    groups["targets"] = [folder / name for name in (*inputs.targets, inputs.target_families, inputs.utrs) if name]
    groups["mirbase"] = _mirbase_files(folder / inputs.mirbase) if inputs.mirbase else []
    groups["prior"] = [folder / prior] if prior else []
    patients = [("cohort", cohort), *((f"cohorts.{name}", more) for name, more in (cohorts or {}).items())]
    groups["cohort"] = [
        path for section, settings in patients for path in cohort_files(settings, folder=folder, section=section)
    ]
    groups["validation"] = validation_files(inputs, folder=folder)
    groups["protein"] = protein_files(inputs, folder=folder, settings=protein)
    return groups


def array_source(inputs: Inputs, *, folder: Path, settings: ExpressionSettings | None = None) -> ArraySource:
    """Where the expression of a study lies, from its inputs and its section ``[expression]``."""
    named = {"arrays": inputs.arrays, "samples": inputs.array_samples, "flags": inputs.array_flags}
    paths = {key: None if name is None else folder / name for key, name in named.items()}
    assert paths["arrays"] is not None  # noqa: S101 - asked only of studies with arrays
    source = ArraySource(paths["arrays"], paths["samples"], paths["flags"])
    if settings is None:
        return source
    return replace(source, platform=settings.platform, columns=settings.columns, words=settings.words)


def _mirbase_files(path: Path) -> list[Path]:
    """A history table, or the files of a folder of miRBase's own."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def read_inputs(
    inputs: Inputs, *, folder: Path, jobs: int = 1, told: Callable[[PlateFile], None] | None = None
) -> pl.DataFrame:
    """Read and lay out every plate of a study.

    Parameters
    ----------
    inputs : the study's inputs
    folder : where their paths start
    jobs : threads
    told : called with each plate file that was read: what was taken of it, and what was left

    Returns
    -------
    Well table without the normalization's columns, with every further column of the library

    Raises
    ------
    SensitomeError
        As the readers and the layout: all faults at once.
    """
    return _mark_controls(_read(inputs, folder=folder, jobs=jobs, told=told), inputs.controls)


def _read(inputs: Inputs, *, folder: Path, jobs: int, told: Callable[[PlateFile], None] | None) -> pl.DataFrame:
    """Wells from the source that the study names."""
    if inputs.plates:
        options = ReaderOptions(
            block=inputs.block,
            channel=inputs.channel,
            columns=inputs.columns or None,
            sheet=inputs.sheet,
            decimal=inputs.decimal,
        )
        return read_wells(
            folder / inputs.plates,
            library=folder / str(inputs.library),
            reader=inputs.reader,
            options=options,
            roles=inputs.roles,
            jobs=jobs,
            told=told,
        )
    if inputs.cellhts2:
        return read_cellhts2(
            folder / inputs.cellhts2,
            roles=inputs.roles,
            cell_line=inputs.cell_line,
            treatment=inputs.treatment,
            channel=inputs.channel,
            plateconf=inputs.plateconf,
            screenlog=inputs.screenlog,
            gene_ids=inputs.gene_ids,
            reader="cellhts2-plate" if inputs.reader == "auto" else inputs.reader,
            jobs=jobs,
            told=told,
        )
    return read_well_table(
        folder / str(inputs.wells),
        columns=inputs.columns,
        roles=inputs.roles,
        cell_line=inputs.cell_line,
        treatment=inputs.treatment,
    )


def plate_file_table(files: Sequence[PlateFile], *, folder: Path) -> pl.DataFrame:
    """Table `plate_files` of the files that `read_inputs` has told.

    Parameters
    ----------
    files : in the order of the plate list
    folder : that of ``study.toml``
    """
    rows = [
        {
            "file": relative_name(file.path, folder),
            "taken": file.taken,
            "left": "; ".join(file.others),
            "plates": file.plates,
        }
        for file in files
    ]
    schema = {"file": pl.String, "taken": pl.String, "left": pl.String, "plates": pl.Int32}
    return pl.DataFrame(rows, schema=schema).unique("file", keep="first", maintain_order=True)


def relative_name(path: str | Path, folder: Path) -> str:
    """Path as the study would name it, so that results are the same wherever the study lies."""
    try:
        return Path(path).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return Path(path).name


def read_expression(inputs: Inputs, *, folder: Path) -> pl.DataFrame | None:
    """Table of expressed targets, when the study has one."""
    return read_expressed(folder / inputs.expressed) if inputs.expressed else None


def split_reagents(wells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part what is said of reagents from the readings.

    Parameters
    ----------
    wells : well table with the library's further columns

    Returns
    -------
    readings : the well table without them
    reagents : table `reagents`: one row a reagent with its positions and the library's further columns, of which the
        first value in library order stands
    """
    extras = [name for name in wells.columns if name not in READING_COLUMNS]
    place = pl.concat_str("library_plate", "well", separator=":")
    named = wells.filter(pl.col("reagent").is_not_null())
    reagents = (
        named.filter(pl.Series(once_a_place(named)[0]))
        .with_columns(pl.col("kind").fill_null("reagent"), place.alias("place"))
        .unique(["reagent", "kind", "place"], keep="first", maintain_order=True)
        .sort("library_plate", "row", "column", maintain_order=True)
        .group_by("reagent", "kind", maintain_order=True)
        .agg(pl.col("place").alias("position"), pl.col("role", "control_class", *extras).first())
        .with_columns(pl.col("position").list.join(";"))
        .sort("reagent", "kind")
    )
    return wells.select(READING_COLUMNS), reagents.select(*Reagents.column_names(), *extras)


def _mark_controls(wells: pl.DataFrame, controls: Mapping[str, str]) -> pl.DataFrame:
    """Give reagents that the study calls controls their role, and their own name as control class."""
    if not controls:
        return wells
    known = wells["reagent"].drop_nulls().unique().sort().to_list()
    faults = [
        Fault("a reagent of the library", column=f"inputs.controls.{name}", next_step=suggestion(name, known))
        for name in controls
        if name not in known
    ] + [
        Fault(listed(ROLES), column=f"inputs.controls.{name}", value=role)
        for name, role in controls.items()
        if role not in ROLES
    ]
    if faults:
        raise SettingsError("some controls cannot be marked", faults=faults)
    role = pl.col("reagent").replace_strict(dict(controls), default=None, return_dtype=pl.String)
    return wells.with_columns(
        pl.coalesce(role, pl.col("role").cast(pl.String)).cast(pl.Enum(ROLES)).alias("role"),
        pl.when(role.is_not_null())
        .then(pl.coalesce("control_class", "reagent"))
        .otherwise("control_class")
        .alias("control_class"),
    )
