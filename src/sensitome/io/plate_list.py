"""The plate list: which file holds which plate, and what was done to it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import Fault, suggestion
from sensitome.io.columns import (
    Column,
    doubled,
    empty_cells,
    fold,
    name_columns,
    raise_faults,
    text_table,
    whole_numbers,
)
from sensitome.io.text import read_table

__all__ = ["PLATE_LIST_COLUMNS", "plate_list_from", "read_plate_list"]

#: What a plate list may say of a plate, and the names under which labs say it.
PLATE_LIST_COLUMNS: tuple[Column, ...] = (
    Column("file", ("filename", "file name", "data file", "raw file", "path"), required=True),
    Column(
        "library_plate",
        ("lib plate", "source plate", "stock plate", "library"),
        required=True,
    ),
    Column("cell_line", ("cell line", "line", "cell type", "cells", "cell"), required=True),
    Column("treatment", ("arm", "treatment arm", "drug", "condition"), required=True),
    Column("replicate", ("rep", "repl", "replicate number", "replica"), required=True),
    Column("plate", ("plate name", "measured plate", "assay plate", "plate id")),
    Column("batch", ("day", "run", "date", "experiment")),
    Column("block", ("section", "table")),
    Column("barcode", ("plate barcode",)),
    Column("channel", ("measurement", "readout")),
)

_REQUIRED = tuple(column.name for column in PLATE_LIST_COLUMNS if column.required)
_OPTIONAL = ("plate", "batch", "block", "barcode", "channel")
_PART = ["path", "block", "barcode", "channel"]


def read_plate_list(path: str | Path) -> pl.DataFrame:
    """Read a plate list: one row per measured plate.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with the columns ``file`` (relative to the plate list), ``library_plate``,
        ``cell_line``, ``treatment`` and ``replicate``; optional ``batch``, ``plate`` (a name for the measured plate)
        and ``block``, ``barcode`` and ``channel``, which say which part of a file is the plate. Usual other names are
        understood, whatever their case: `PLATE_LIST_COLUMNS`.

    Returns
    -------
    Columns of `tables.PlateList`; `order` (Int32, from 0, as in the file), `block`, `barcode`, `channel`, `path` (the
    file from here) and `line`; then any further columns. Without a `plate` column a plate is called
    "<cell_line>_<treatment>_<library_plate>_r<replicate>", with its batch or channel where that is needed to tell two
    plates apart.

    Raises
    ------
    SourceError
        The plate list itself cannot be read.
    TableError
        A column is missing, a cell is empty, a replicate is not a whole number, two plates have one name, two rows
        name one part of one file, or a file does not exist; all faults at once.
    """
    return plate_list_from(read_table(path), file=path, folder=Path(path).parent)


def plate_list_from(frame: pl.DataFrame, *, file: str | Path = "plate list", folder: str | Path = ".") -> pl.DataFrame:
    """Check a plate list that is already a table; arguments, result and faults as in `read_plate_list`.

    Parameters
    ----------
    frame : the columns of `read_plate_list`, of any type
    file : what messages call it
    folder : where its files are
    """
    named, faults = name_columns(_plate_is_library_plate(text_table(frame)), PLATE_LIST_COLUMNS, file=file)
    if faults:
        raise_faults("plate list", faults)
    if not named.height:
        raise_faults("plate list", [Fault("at least one plate", file, value="none", next_step="Name the plate files.")])
    faults += empty_cells(named, _REQUIRED, file=file)
    named, wrong = whole_numbers(named, "replicate", file=file)
    absent = [pl.lit(None, pl.String).alias(name) for name in _OPTIONAL if name not in named.columns]
    plates = named.with_columns(*absent, pl.int_range(pl.len(), dtype=pl.Int32).alias("order"))
    plates = _find_files(plates, folder=Path(folder))
    faults += [*wrong, *_missing_files(plates, file=file), *_shared_files(plates, file=file)]
    plates = _name_plates(plates)
    faults += _shared_names(plates, file=file)
    raise_faults("plate list", sorted(faults, key=lambda fault: fault.line or 0))
    first = ["plate", "order", "file", *_REQUIRED[1:], "batch", "block", "barcode", "channel", "path", "line"]
    return plates.select(*first, pl.exclude(*first)).cast({"replicate": pl.Int16})


def _plate_is_library_plate(frame: pl.DataFrame) -> pl.DataFrame:
    """A column "Plate" names the library plate, unless another column does."""
    column = next(column for column in PLATE_LIST_COLUMNS if column.name == "library_plate")
    words = {fold(word) for word in (column.name, *column.also)}
    if any(fold(name) in words for name in frame.columns):
        return frame
    return frame.rename({name: "library_plate" for name in frame.columns if fold(name) == "plate"}, strict=False)


def _find_files(plates: pl.DataFrame, *, folder: Path) -> pl.DataFrame:
    """Add `path`; a list that was written on Windows may separate folders by backslashes."""
    paths = {}
    for name in plates["file"].drop_nulls().unique().to_list():
        path = folder / name
        paths[name] = str(path if path.exists() or "\\" not in name else folder / name.replace("\\", "/"))
    return plates.with_columns(pl.col("file").replace_strict(paths, return_dtype=pl.String, default=None).alias("path"))


def _missing_files(plates: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    faults: list[Fault] = []
    known: dict[Path, list[str]] = {}
    for line, name, path in plates.select("line", "file", "path").drop_nulls("path").iter_rows():
        if Path(path).is_file():
            continue
        near = ""
        if len(faults) < 5:
            parent = Path(path).parent
            if parent not in known:
                known[parent] = sorted(entry.name for entry in parent.iterdir()) if parent.is_dir() else []
            near = suggestion(Path(path).name, known[parent])
        faults.append(Fault("a file that exists", file, line, "file", name, near))
    return faults


def _shared_files(plates: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    same = doubled(plates.drop_nulls("path"), _PART)
    step = "Name each file once; for several plates in one file, tell them apart by block, barcode or channel."
    return [
        Fault(f"one plate for each file (lines {lines})", file, line, "file", Path(path).name, step)
        for path, lines, line in same.select("path", "lines", "line").iter_rows()
    ]


def _name_plates(plates: pl.DataFrame) -> pl.DataFrame:
    """Fill in the names that the plate list leaves out, as short as keeps the plates apart."""
    name = pl.format("{}_{}_{}_r{}", "cell_line", "treatment", "library_plate", "replicate")
    with_batch = pl.concat_str(pl.lit("_b"), pl.col("batch")).fill_null("")
    with_channel = pl.concat_str(pl.lit("_c"), pl.col("channel")).fill_null("")
    plates = plates.with_columns(name.alias("_name"))
    for addition in (with_batch, with_channel):
        shared = (pl.len().over("_name") > 1) & pl.col("plate").is_null()
        plates = plates.with_columns(
            pl.when(shared).then(pl.concat_str("_name", addition)).otherwise("_name").alias("_name")
        )
    return plates.with_columns(pl.coalesce("plate", "_name").alias("plate")).drop("_name")


def _shared_names(plates: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    same = doubled(plates.drop_nulls("plate"), ["plate"])
    step = "Two files for one plate? Number the replicates, or give each plate a name."
    return [
        Fault(f"one row for each plate (lines {lines})", file, line, "plate", plate, step)
        for plate, lines, line in same.select("plate", "lines", "line").iter_rows()
    ]
