"""A whole screen in one long table: every well with its reading and all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault
from sensitome.io.columns import (
    Column,
    doubled,
    empty_cells,
    locate_wells,
    name_columns,
    place_by_row_and_column,
    raise_faults,
    whole_numbers,
    words_to,
)
from sensitome.io.library import free_names, role_meanings
from sensitome.io.numbers import parse_numbers
from sensitome.io.text import read_table
from sensitome.tables import ROLES, Wells

__all__ = ["WELL_TABLE_COLUMNS", "read_well_table"]

#: What the table may say of a well, and the names under which labs say it.
WELL_TABLE_COLUMNS: tuple[Column, ...] = (
    Column("library_plate", ("lib plate", "source plate", "plate", "plate number")),
    Column("well", ("well id", "well position", "position", "well name"), required=True),
    Column("signal", ("value", "reading", "raw", "counts", "luminescence", "lum", "intensity"), required=True),
    Column("plate", ("plate name", "measured plate", "barcode")),
    Column("cell_line", ("cell line", "line", "cells")),
    Column("treatment", ("arm", "drug", "condition")),
    Column("replicate", ("rep", "repl")),
    Column("batch", ("day", "run", "experiment")),
    Column("reagent", ("reagent name", "name", "mirna", "sirna", "compound", "gene", "sample")),
    Column("kind", ("type", "reagent type", "modality")),
    Column("role", ("content", "well type", "control type", "control")),
    Column("control_class", ("control group",)),
)

_KNOWN = {column.name for column in WELL_TABLE_COLUMNS}


def read_well_table(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
    cell_line: str = "cells",
    treatment: str = "none",
) -> pl.DataFrame:
    """Read a screen that lies in one long table.

    Parameters
    ----------
    path : Parquet, CSV, TSV or XLSX with at least ``well`` (or ``row`` and ``column``) and ``signal``; usual other
        names are understood (`WELL_TABLE_COLUMNS`); without them the library plate is "1" and the replicate 1
    columns : our column name → theirs, where they are not the usual ones
    roles : the lab's own words for roles → one of `tables.ROLES`; without a role a well with a reagent is a sample
    cell_line, treatment : of every well, where the table does not say

    Returns
    -------
    Well table without the normalization's columns; further columns are kept. Plates are in the order of the table.

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        A column is missing, a cell is no number, no well or no known role, or two rows are one well of one plate; all
        faults at once.
    """
    frame = _typed(path)
    placed = place_by_row_and_column(_rename(frame, columns or {}, path=path), WELL_TABLE_COLUMNS)
    named, faults = name_columns(placed, WELL_TABLE_COLUMNS, file=path)
    raise_faults("well table", faults)
    if "plate" in named.columns and "library_plate" not in named.columns:
        # "Plate" alone is a plate of the library: it comes again in every replicate and arm.
        named = named.rename({"plate": "library_plate"})
    defaults = {"library_plate": "1", "cell_line": cell_line, "treatment": treatment}
    absent = [pl.lit(defaults.get(name), pl.String).alias(name) for name in _KNOWN if name not in named.columns]
    wells = named.with_columns(absent)
    faults = empty_cells(wells, ["well"], file=path)
    wells, wrong = locate_wells(wells, file=path)
    faults += wrong
    wells, wrong = _numbers(wells, path=path)
    faults += wrong
    wells, wrong = _replicates(wells, path=path)
    faults += wrong
    step = "Use one of these words, or map the lab's own word under inputs.roles."
    role, wrong = words_to(wells, "role", role_meanings(roles), file=path, next_step=step)
    own_words = pl.col("role").alias("_word")
    faults += wrong
    wells = _in_order(_fill_in(wells.with_columns(own_words).with_columns(role), defaults=defaults))
    faults += _doubled_wells(wells, path=path)
    raise_faults("well table", faults)
    return _ordered(wells)


def _typed(path: str | Path) -> pl.DataFrame:
    """The table with its own types when it is Parquet, as text otherwise."""
    if Path(path).suffix.casefold() != ".parquet" or not Path(path).is_file():
        return read_table(path)
    frame = pl.read_parquet(path)
    kept = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    line = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("line")
    return frame.with_columns(pl.exclude(kept).cast(pl.String)).with_columns(line)


def _rename(frame: pl.DataFrame, columns: Mapping[str, str], *, path: str | Path) -> pl.DataFrame:
    """Give mapped columns our names; a column of theirs that already has that name makes way."""
    missing = [theirs for theirs in columns.values() if theirs not in frame.columns]
    raise_faults(
        "map of columns",
        [Fault(f"the column {name!r} is in the table", path, column="inputs.columns") for name in missing],
    )
    displaced = {ours: f"{ours}_of_table" for ours in columns if ours in frame.columns and columns[ours] != ours}
    return frame.rename({**displaced, **{theirs: ours for ours, theirs in columns.items() if ours != theirs}})


def _numbers(wells: pl.DataFrame, *, path: str | Path) -> tuple[pl.DataFrame, list[Fault]]:
    """Readings as numbers."""
    if wells.schema["signal"].is_numeric():
        return wells.with_columns(pl.col("signal").cast(pl.Float64).fill_nan(None)), []
    cells = wells["signal"].fill_null("").to_list()
    values, wrong, _ = parse_numbers(cells)
    lines = wells["line"]
    faults = [Fault("a number", path, lines[index], "signal", cells[index]) for index in wrong]
    return wells.with_columns(pl.Series("signal", values).fill_nan(None)), faults


def _replicates(wells: pl.DataFrame, *, path: str | Path) -> tuple[pl.DataFrame, list[Fault]]:
    """Replicates as whole numbers; 1 where the table says nothing."""
    if wells.schema["replicate"].is_integer():
        return wells.with_columns(pl.col("replicate").fill_null(1)), []
    text = wells.with_columns(pl.col("replicate").cast(pl.String).fill_null("1"))
    return whole_numbers(text, "replicate", file=path)


def _fill_in(wells: pl.DataFrame, *, defaults: Mapping[str, str]) -> pl.DataFrame:
    """Say what the table leaves out: role, kind, control class, the name of the plate."""
    has_reagent = pl.col("reagent").is_not_null()
    texts = ["library_plate", "cell_line", "treatment", "batch", "plate", "reagent", "kind", "control_class"]
    plain = wells.with_columns(pl.col(texts).cast(pl.String)).with_columns(
        *(pl.col(name).fill_null(value) for name, value in defaults.items()),
        pl.coalesce("role", pl.when(has_reagent).then(pl.lit("sample")).otherwise(pl.lit("empty"))).alias("role"),
        pl.coalesce("control_class", "_word").alias("control_class"),
    )
    is_control = ~pl.col("role").is_in(["sample", "empty"])
    named = plain.with_columns(
        pl.coalesce(
            "reagent",
            pl.when(is_control).then("control_class"),
            # A sample that nobody named is known by its place.
            pl.when(pl.col("role") == "sample").then(pl.concat_str("library_plate", "well", separator=":")),
        ).alias("reagent"),
        pl.when(is_control).then("control_class").alias("control_class"),
    )
    short = pl.format("{}_{}_{}_r{}", "cell_line", "treatment", "library_plate", "replicate")
    return named.with_columns(
        pl.coalesce("plate", short).alias("plate"),
        pl.coalesce("kind", pl.when(pl.col("reagent").is_not_null()).then(pl.lit("reagent"))).alias("kind"),
    ).drop("_word")


def _in_order(wells: pl.DataFrame) -> pl.DataFrame:
    """Number the plates in the order of the table; names are compared once a run of rows, not once a well."""
    run = wells["plate"].rle_id()
    runs = wells.select("plate").filter(run.ne_missing(run.shift()))
    plates = runs.unique(maintain_order=True).with_row_index("order")
    order = runs.join(plates, on="plate", how="left", maintain_order="left")["order"]
    return wells.with_columns(order.gather(run).alias("order"))


def _doubled_wells(wells: pl.DataFrame, *, path: str | Path) -> list[Fault]:
    """Two rows for one well of one plate."""
    spot = (pl.col("order").cast(pl.Int64) * 32 + pl.col("row") - 1) * 48 + pl.col("column") - 1
    spots = wells.select(spot).to_series().drop_nulls().to_numpy()
    if np.bincount(spots, minlength=1).max() > 1:
        same = doubled(wells, ["plate", "well"])
        step = "Two plates in one? Give replicate, cell_line, treatment or plate a column."
        return [
            Fault(f"one row a well of plate {plate!r} (lines {lines})", path, line, "well", well, step)
            for plate, well, lines, line in same.select("plate", "well", "lines", "line").iter_rows()
        ]
    return []


def _ordered(wells: pl.DataFrame) -> pl.DataFrame:
    """Add flags, and put our columns first."""
    excluded = pl.col("role") == "excluded"
    flags = pl.concat_str(
        pl.when(pl.col("signal").is_null()).then(pl.lit("no_reading")),
        pl.when(excluded).then(pl.lit("excluded")),
        separator=";",
        ignore_nulls=True,
    )
    numbered = wells.with_columns(flags.alias("flags"))
    first = [name for name in Wells.column_names() if name not in ("log2_signal", "fitted", "normalized")]
    extras = numbered.select(pl.exclude(*first, "line")).with_columns(pl.all().cast(pl.String))
    whole = pl.col("row", "column", "replicate").cast(pl.Int16)
    ours = numbered.select(first).with_columns(
        whole, pl.col("order").cast(pl.Int32), pl.col("role").cast(pl.Enum(ROLES))
    )
    return ours.hstack(free_names(extras))
