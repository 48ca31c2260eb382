"""From plate list, library and readings to the well table: who lies where, under what, and what was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from sensitome.errors import LayoutError, SensitomeError
from sensitome.io.columns import raise_together
from sensitome.io.library import ANY_PLATE, library_from, read_library
from sensitome.io.plate_files import PlateFile, read_plate_files
from sensitome.io.plate_list import plate_list_from, read_plate_list
from sensitome.io.readers import ReaderOptions
from sensitome.screen.layout_checks import caution_gaps, caution_unused, layout_faults

__all__ = ["WELL_COLUMNS", "lay_out", "read_wells"]

#: Columns of the well table before normalization, in their order; the library's further columns follow.
WELL_COLUMNS: tuple[str, ...] = (
    "plate",
    "well",
    "order",
    "library_plate",
    "cell_line",
    "treatment",
    "replicate",
    "batch",
    "row",
    "column",
    "reagent",
    "kind",
    "role",
    "control_class",
    "signal",
    "flags",
)

Table = str | Path | pl.DataFrame

_PLATE_COLUMNS = ["order", "plate", "library_plate", "cell_line", "treatment", "replicate", "batch"]
_SPOT = ["well", "row", "column"]


def read_wells(
    plates: Table,
    *,
    library: Table,
    reader: str = "auto",
    options: ReaderOptions | None = None,
    roles: Mapping[str, str] | None = None,
    jobs: int = 1,
    told: Callable[[PlateFile], None] | None = None,
) -> pl.DataFrame:
    """Read every plate of a screen, and say what lies in each well.

    Parameters
    ----------
    plates : plate list, as a file (`plate_list.read_plate_list`) or as a table whose files are named from here
    library : library, as a file (`library.read_library`, also a wellmap layout) or as a table
    reader : format of the plate files: a name of `readers.READERS`, or "auto"
    options : what the reader should take from a file; its `wells` also bounds the wells of the library
    roles : the lab's own words for roles → one of `tables.ROLES`
    jobs : threads that read plate files; the result does not depend on them
    told : called with each plate file that was read: what was taken of it, and what was left

    Returns
    -------
    Columns `WELL_COLUMNS`, then the library's further columns, one row per well of a measured plate; see `lay_out`

    Raises
    ------
    SourceError
        Files that cannot be read.
    TableError
        Plate list or library are not what they should be.
    LayoutError
        They do not fit together, or inputs of several of these kinds have faults. All faults are reported at once.

    Warns
    -----
    Caution
        As `plate_files.read_plate_files` and `lay_out`.
    """
    file = "plate list" if isinstance(plates, pl.DataFrame) else plates
    plate_format = options.wells if options is not None else None
    plate_list, listed_wells = _read_both(plates, library, roles=roles, plate_format=plate_format)
    readings = read_plate_files(plate_list, file=file, reader=reader, options=options, jobs=jobs, told=told)
    return lay_out(plate_list, listed_wells, readings=readings, file=file)


def lay_out(
    plate_list: pl.DataFrame,
    library: pl.DataFrame,
    *,
    readings: pl.DataFrame,
    excluded: pl.DataFrame | None = None,
    file: str | Path = "plate list",
) -> pl.DataFrame:
    """Put the readings of every plate on the layout of its library plate.

    Parameters
    ----------
    plate_list : table of `read_plate_list` (without files and lines it works as well)
    library : table of `read_library`; rows of the plate "*" hold for every library plate, and a plate's own row for a
        well wins over them
    readings : columns `order` (plate of the plate list), `well`, `row`, `column` (from 1) and `signal`
    excluded : columns `order`, `well`: readings that a screen log takes out; they become null
    file : the plate list, for messages

    Returns
    -------
    Columns `WELL_COLUMNS`, then the library's further columns; sorted by `order`, `row`, `column`. A well of the
    library without a reading has a null `signal` and the flag "no_reading"; a reading in a well that the library does
    not know has the role "empty" and no reagent; excluded wells have the flag "excluded".

    Raises
    ------
    LayoutError
        Two rows for one plate; a plate whose library plate is not in the library; two readings for one well; readings
        of another format than the library; a plate whose readings are all equal. All faults at once.

    Warns
    -----
    Caution
        Library plates that no measured plate names; plates without any reading; whole rows or columns without one.
    """
    layout = _layout_of_each_plate(plate_list, library)
    faults = layout_faults(plate_list, library, layout=layout, readings=readings, file=file)
    if faults:
        raise LayoutError("plates, plate list and library do not fit together", faults=faults)
    plates = plate_list.select(*(pl.col(name) for name in _PLATE_COLUMNS))
    wells = layout.join(
        readings.select("order", *_SPOT, "signal"), on=["order", *_SPOT], how="full", coalesce=True
    ).join(plates, on="order", how="left")
    wells = _flag(wells, excluded)
    extras = [name for name in library.columns if name not in WELL_COLUMNS and name != "line"]
    wells = (
        wells.with_columns(pl.col("role").fill_null("empty"))
        .select(*WELL_COLUMNS, *extras)
        .cast({"row": pl.Int16, "column": pl.Int16, "order": pl.Int32, "replicate": pl.Int16})
        .sort("order", "row", "column")
    )
    caution_unused(plate_list, library)
    caution_gaps(wells, readings)
    return wells


def _read_both(
    plates: Table, library: Table, *, roles: Mapping[str, str] | None, plate_format: int | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Plate list and library, or the faults of both."""
    errors: list[SensitomeError] = []
    plate_list = listed_wells = pl.DataFrame()
    try:
        plate_list = plate_list_from(plates) if isinstance(plates, pl.DataFrame) else read_plate_list(plates)
    except SensitomeError as error:
        errors.append(error)
    try:
        if isinstance(library, pl.DataFrame):
            listed_wells = library_from(library, roles=roles, plate_format=plate_format)
        else:
            listed_wells = read_library(library, roles=roles, plate_format=plate_format)
    except SensitomeError as error:
        errors.append(error)
    raise_together("plate list and library", errors)
    return plate_list, listed_wells


def _layout_of_each_plate(plate_list: pl.DataFrame, library: pl.DataFrame) -> pl.DataFrame:
    """Return the library's rows for every measured plate, under the plate's `order`."""
    about = library.drop("line", strict=False)
    common = about.filter(pl.col("library_plate") == ANY_PLATE).drop("library_plate")
    own = about.filter(pl.col("library_plate") != ANY_PLATE)
    plates = plate_list.select("order", "library_plate")
    layout = plates.join(own, on="library_plate", how="inner")
    if common.height:
        everywhere = plates.join(common, how="cross").join(layout, on=["order", "well"], how="anti")
        layout = pl.concat([layout, everywhere.select(layout.columns)])
    return layout.drop("library_plate")


def _flag(wells: pl.DataFrame, excluded: pl.DataFrame | None) -> pl.DataFrame:
    """Write `flags`, and take the signal of the wells out that a screen log names."""
    logged = pl.lit(False)
    if excluded is not None:
        mark = excluded.select("order", "well").unique().with_columns(pl.lit(True).alias("_logged"))
        wells = wells.join(mark, on=["order", "well"], how="left")
        logged = pl.col("_logged").fill_null(False)
    is_excluded = logged | (pl.col("role").fill_null("empty") == "excluded")
    unread = pl.col("signal").is_null()
    return wells.with_columns(
        pl.when(unread & is_excluded)
        .then(pl.lit("no_reading;excluded"))
        .when(unread)
        .then(pl.lit("no_reading"))
        .when(is_excluded)
        .then(pl.lit("excluded"))
        .otherwise(pl.lit(""))
        .alias("flags"),
        pl.when(logged).then(None).otherwise("signal").alias("signal"),
    )
