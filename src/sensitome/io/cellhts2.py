"""cellHTS2 screens as they lie in their folder: plate list, configuration, screen log, annotation, plate files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, LayoutError, SourceError, listed
from sensitome.frames import largest
from sensitome.io.cellhts2_conf import Configuration, read_configuration
from sensitome.io.cellhts2_files import (
    ScreenFiles,
    find_files,
    read_annotation,
    read_plates,
    read_screen_log,
)
from sensitome.io.columns import fold, raise_faults
from sensitome.io.library import free_names, role_meanings
from sensitome.io.plate_files import PlateFile, read_plate_files
from sensitome.screen.layout import lay_out
from sensitome.tables import ROLES

__all__ = ["CONTENT_ROLES", "cellhts2_files", "read_cellhts2"]

#: What the words of a plate configuration mean. `act` and `inh` are the two controls of a two-way assay.
CONTENT_ROLES: Mapping[str, str] = {
    "sample": "sample",
    "neg": "negative",
    "pos": "positive",
    "act": "positive",
    "inh": "positive",
    "other": "excluded",
    "empty": "empty",
}

_LOG_COLUMNS = {"plate": pl.Int32, "replicate": pl.Int32, "channel": pl.Int32, "well": pl.String}


def cellhts2_files(
    source: str | Path,
    *,
    plateconf: str | Path | None = None,
    screenlog: str | Path | None = None,
    gene_ids: str | Path | None = None,
) -> list[Path]:
    """Every file that `read_cellhts2` reads: the tables of the screen, then the plate files that exist.

    Parameters and errors as `read_cellhts2`.
    """
    files = find_files(source, named={"plateconf": plateconf, "screenlog": screenlog, "gene_ids": gene_ids})
    plates, faults = read_plates(files.plate_list)
    raise_faults("cellHTS2 screen", faults, kind=LayoutError)
    tables = (files.plate_list, files.plateconf, files.screenlog, files.gene_ids)
    return [*(path for path in tables if path), *(Path(path) for path in plates["path"].drop_nulls())]


def read_cellhts2(
    source: str | Path,
    *,
    plateconf: str | Path | None = None,
    screenlog: str | Path | None = None,
    gene_ids: str | Path | None = None,
    description: str | Path | None = None,
    channel: str | int | None = None,
    roles: Mapping[str, str] | None = None,
    cell_line: str = "cells",
    treatment: str = "none",
    kind: str = "reagent",
    reader: str = "cellhts2-plate",
    jobs: int = 1,
    told: Callable[[PlateFile], None] | None = None,
) -> pl.DataFrame:
    """Read a cellHTS2 screen into a well table.

    Parameters
    ----------
    source : the folder, or its plate list (Filename, Plate, Replicate, and optional Channel, Batch)
    plateconf, screenlog, gene_ids, description : these files, from here or from the folder; None finds them by the
        description file or by their usual names, "none" does without
    channel : which channel to take; needed when there are several
    roles : further words of the plate configuration → role, such as ``{"siPLK1": "positive"}``. cellHTS2's own are
        `CONTENT_ROLES`; wells with any other word are excluded, and a caution names the words.
    cell_line, treatment, kind : what the screen as a whole is, since its files do not say
    reader : format of the plate files
    jobs : threads that read plate files
    told : called with each plate file that was read: what was taken of it, and what was left

    Returns
    -------
    Columns `layout.WELL_COLUMNS`, then the id columns of the annotation. `library_plate` is the plate's number;
    `control_class` is the configuration's word in lower case, null for samples and empty wells; `reagent` is the first
    id of the annotation, or else the word of a control, or else "<plate>:<well>" of a sample. Wells of the screen log
    have the flag "excluded" and a null `signal`, on every channel when the log names none.

    Raises
    ------
    SourceError
        A file of the screen is missing or cannot be read.
    LayoutError
        What the files say is wrong or does not fit together; all faults of all files at once.

    Warns
    -----
    Caution
        Plate files that do not exist (their wells have no reading), words without a role, and those of `lay_out`.

    References
    ----------
    Boutros, Brás & Huber 2006, doi:10.1186/gb-2006-7-7-r66; cellHTS2 2.70 `readPlateList`, `configure`, `annotate`
    """
    meanings = {word: role for word, role in role_meanings(roles).items() if roles and word in map(fold, roles)}
    named = {"plateconf": plateconf, "screenlog": screenlog, "gene_ids": gene_ids, "description": description}
    files = find_files(source, named=named)
    plates, faults = read_plates(files.plate_list)
    raise_faults("cellHTS2 screen", faults, kind=LayoutError)
    chosen = _choose_channel(plates, channel, path=files.plate_list)
    plate_list = _as_plate_list(chosen, cell_line=cell_line, treatment=treatment)
    present = _present(plate_list, files.plate_list)
    readings = read_plate_files(present, file=files.plate_list, reader=reader, jobs=jobs, told=told)
    tables = _read_tables(files, plates, readings)
    _caution_missing(plate_list, files.plate_list)
    library = _as_library(tables, meanings=meanings, kind=kind)
    wells = lay_out(
        plate_list, library, readings=readings, excluded=_excluded(tables.log, chosen), file=files.plate_list
    )
    _caution_words(wells)
    return wells


def _choose_channel(plates: pl.DataFrame, channel: str | int | None, *, path: Path) -> pl.DataFrame:
    """Rows of one channel, numbered in the order of the plate list."""
    channels = plates["channel"].unique().sort().to_list()
    wanted = channels[0] if channel is None and len(channels) == 1 else channel
    if str(wanted) not in map(str, channels):
        raise SourceError(
            "screen has several channels" if channel is None else "screen has no such channel",
            where=path,
            found=listed(channels, last="and") if channel is None else repr(channel),
            expected="one of them as channel" if channel is None else listed(channels),
            next_step="Name the channel to analyze.",
        )
    chosen = plates.filter(pl.col("channel") == int(str(wanted)))
    return chosen.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("order"))


def _as_plate_list(plates: pl.DataFrame, *, cell_line: str, treatment: str) -> pl.DataFrame:
    """The plate list in the form of `read_plate_list`."""
    return plates.with_columns(
        pl.format(f"{cell_line}_{treatment}_{{}}_r{{}}", "plate", "replicate").alias("plate"),
        pl.col("plate").cast(pl.String).alias("library_plate"),
        pl.lit(cell_line).alias("cell_line"),
        pl.lit(treatment).alias("treatment"),
        pl.col("replicate").cast(pl.Int16),
        *(pl.lit(None, pl.String).alias(name) for name in ("block", "barcode", "channel")),
    )


def _present(plate_list: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Rows whose file exists; a screen without any is none."""
    present = plate_list.drop_nulls("path")
    if not present.height:
        raise SourceError(
            "none of the plate files exists",
            where=path.parent,
            found=f"no {plate_list['file'][0]!r}",
            expected=f"{plate_list.height} files beside {path.name}",
            next_step="Are they packed, or in another folder?",
        )
    return present


@dataclass(frozen=True)
class _Tables:
    """Configuration, screen log and annotation."""

    layout: Configuration
    log: pl.DataFrame
    annotation: pl.DataFrame


def _read_tables(files: ScreenFiles, plates: pl.DataFrame, readings: pl.DataFrame) -> _Tables:
    """Read configuration, screen log and annotation, or say what is wrong in any of them."""
    last_row, last_column = (int(largest(readings[axis]) or 1) for axis in ("row", "column"))
    layout, faults = read_configuration(files.plateconf, plates=plates, extent=(last_row, last_column))
    log = pl.DataFrame(schema=_LOG_COLUMNS)
    if files.screenlog is not None:
        log, wrong = read_screen_log(files.screenlog, plates=plates)
        faults = [*faults, *wrong]
    annotation = pl.DataFrame(schema={"library_plate": pl.String, "well": pl.String})
    if files.gene_ids is not None:
        annotation, wrong = read_annotation(files.gene_ids)
        faults = [*faults, *wrong]
    raise_faults("cellHTS2 screen", faults, kind=LayoutError)
    return _Tables(layout, log, annotation)


def _as_library(tables: _Tables, *, meanings: Mapping[str, str], kind: str) -> pl.DataFrame:
    """The configuration and the annotation in the form of `read_library`."""
    own_names = ("reagent", "kind", "role", "control_class")
    annotation = tables.annotation.rename({name: f"{name}_in_library" for name in own_names}, strict=False)
    annotation = free_names(annotation)
    ids = [name for name in annotation.columns if name not in ("library_plate", "well")]
    wells = tables.layout.frame.join(annotation, on=["library_plate", "well"], how="left", maintain_order="left")
    words = {word: meanings.get(fold(word), CONTENT_ROLES.get(word)) for word in wells["content"].unique()}
    role = pl.col("content").replace_strict(words, return_dtype=pl.String, default=None).fill_null("excluded")
    is_control = ~pl.col("content").is_in(["sample", "empty", "other"])
    own = (
        pl.when(is_control)
        .then("word")
        .when(pl.col("content") == "sample")
        .then(pl.concat_str("library_plate", "well", separator=":"))
    )
    reagent = pl.coalesce(*(ids[:1]), own)
    wells = wells.with_columns(
        role.cast(pl.Enum(ROLES)).alias("role"),
        pl.when(pl.col("content") != "empty").then(reagent).alias("reagent"),
        pl.when(~pl.col("content").is_in(["sample", "empty"])).then("content").alias("control_class"),
    ).with_columns(pl.when(pl.col("reagent").is_not_null()).then(pl.lit(kind)).alias("kind"))
    return wells.select("library_plate", "well", "row", "column", "reagent", "kind", "role", "control_class", *ids)


def _excluded(log: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """Wells of the screen log by the plates' `order`."""
    here = log.join(
        chosen.select("plate", "replicate", pl.col("channel").alias("taken"), "order"), on=["plate", "replicate"]
    )
    return here.filter(pl.col("channel").is_null() | (pl.col("channel") == pl.col("taken"))).select("order", "well")


def _caution_missing(plate_list: pl.DataFrame, path: Path) -> None:
    missing = plate_list.filter(pl.col("path").is_null())["file"].to_list()
    if missing:
        caution = Caution(
            "plate files are missing, and their wells have no reading",
            where=path,
            found=listed(missing, last="and"),
            next_step="Add them, or strike them from the plate list.",
        )
        warnings.warn(caution, stacklevel=3)


def _caution_words(wells: pl.DataFrame) -> None:
    strange = wells.filter((pl.col("role") == "excluded") & ~pl.col("control_class").is_in(list(CONTENT_ROLES)))
    words = strange["control_class"].unique().sort().to_list()
    if words:
        caution = Caution(
            "wells whose content has no role are left out of every statistic",
            where="the plate configuration",
            found=listed(words, last="and"),
            expected=listed(CONTENT_ROLES),
            next_step=f'Map them, such as roles = {{"{words[0]}" = "negative"}}.',
        )
        warnings.warn(caution, stacklevel=3)
