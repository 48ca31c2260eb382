"""Plate formats, well names, and the cube in which plates meet kernels.

A *well* is written "A01": row letters (A..Z, AA..AF) and a 1-based column of at least two digits. In tables `row` and
`column` are 1-based numbers; in kernels they are 0-based positions of a cube of shape (plates, rows, columns).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import LayoutError, listed

__all__ = [
    "FORMATS",
    "PlateCube",
    "PlateFormat",
    "format_that_holds",
    "parse_well",
    "plate_cubes",
    "row_letters",
    "well_name",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_WELL = re.compile(r"^\s*([A-Za-z]{1,2})\s*0*([1-9][0-9]?)\s*$")


@dataclass(frozen=True, order=True)
class PlateFormat:
    """Rows and columns of a plate."""

    rows: int
    columns: int

    @property
    def wells(self) -> int:
        """How many wells the plate has."""
        return self.rows * self.columns

    def __str__(self) -> str:
        return f"{self.wells} wells ({self.rows} × {self.columns})"


#: The formats that are sold, by their number of wells.
FORMATS: dict[int, PlateFormat] = {
    plate.wells: plate
    for plate in (
        PlateFormat(2, 3),
        PlateFormat(3, 4),
        PlateFormat(4, 6),
        PlateFormat(6, 8),
        PlateFormat(8, 12),
        PlateFormat(16, 24),
        PlateFormat(32, 48),
    )
}


def row_letters(row: int) -> str:
    """Letters of a 1-based row: A..Z, then AA..AF.

    >>> row_letters(1), row_letters(26), row_letters(27), row_letters(32)
    ('A', 'Z', 'AA', 'AF')
    """
    return chr(64 + row) if row <= 26 else chr(64 + (row - 1) // 26) + chr(65 + (row - 1) % 26)


@lru_cache(maxsize=4096)
def well_name(row: int, column: int) -> str:
    """Name of the well at a 1-based row and column.

    >>> well_name(1, 1), well_name(32, 48)
    ('A01', 'AF48')
    """
    return f"{row_letters(row)}{column:02d}"


@lru_cache(maxsize=65536)
def parse_well(text: str) -> tuple[int, int] | None:
    """Row and column, both 1-based, of a well written in any of the usual ways; None when it is not a well.

    >>> parse_well("A1"), parse_well("a01"), parse_well("A001"), parse_well("AF48")
    ((1, 1), (1, 1), (1, 1), (32, 48))
    >>> parse_well("A0") is None, parse_well("H") is None
    (True, True)
    """
    match = _WELL.match(text)
    if match is None:
        return None
    letters = match.group(1).upper()
    row = 0
    for letter in letters:
        row = row * 26 + ord(letter) - 64
    column = int(match.group(2))
    return (row, column) if row <= 32 and column <= 48 else None


def format_that_holds(rows: int, columns: int) -> PlateFormat:
    """Return the smallest sold format with at least so many rows and columns.

    Raises
    ------
    LayoutError
        No format is that large.

    >>> format_that_holds(16, 22)
    PlateFormat(rows=16, columns=24)
    """
    for plate in sorted(FORMATS.values(), key=lambda plate: plate.wells):
        if plate.rows >= rows and plate.columns >= columns:
            return plate
    raise LayoutError(
        "no plate format has so many wells",
        found=f"{rows} rows × {columns} columns",
        expected=f"at most 32 × 48 (formats: {listed(sorted(FORMATS), last='and')} wells)",
        next_step="Check the well column.",
    )


@dataclass(frozen=True)
class PlateCube:
    """Plates of one format as arrays, with the keys that lead back to the rows of the well table.

    Parameters
    ----------
    plates : plate names, in the order of the first axis
    format : rows and columns
    row_index : (wells,) index into the well table of every well that the cube holds
    cell : (wells,) flat position of that well in the raveled cube
    """

    plates: tuple[str, ...]
    format: PlateFormat
    row_index: npt.NDArray[np.intp]
    cell: npt.NDArray[np.intp]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(plates, rows, columns)."""
        return len(self.plates), self.format.rows, self.format.columns

    def fill(self, values: npt.NDArray[np.float64]) -> FloatArray:
        """Cube (plates, rows, columns) of a (rows of the well table,) column; NaN where there is no well."""
        cube = np.full(self.shape, np.nan)
        cube.ravel()[self.cell] = values[self.row_index]
        return cube

    def mark(self, values: npt.NDArray[np.bool_]) -> BoolArray:
        """Boolean cube (plates, rows, columns) of a (rows of the well table,) column; False where there is no well."""
        cube = np.zeros(self.shape, dtype=np.bool_)
        cube.ravel()[self.cell] = values[self.row_index]
        return cube

    def read_back(self, cube: npt.NDArray[np.generic], into: npt.NDArray[np.generic]) -> None:
        """Write a (plates, rows, columns) cube into a (rows of the well table,) column, by key."""
        into[self.row_index] = cube.ravel()[self.cell]


def plate_cubes(wells: pl.DataFrame) -> list[PlateCube]:
    """Group the plates of a well table by format, and say where each well stands in its cube.

    Parameters
    ----------
    wells : columns `plate`, `row`, `column` (1-based); rows in any order

    Returns
    -------
    One cube a format, small formats first; plates in order of first appearance by `order` when the table has that
    column, else by name, so that the order of the rows does not matter.

    Raises
    ------
    LayoutError
        A plate has two rows for one well, or a position beyond 32 × 48.
    """
    has_order = "order" in wells.columns
    order_by = ["order", "plate"] if has_order else ["plate"]
    # Wells of a plate mostly follow each other: names are compared once a run of rows, not once a well.
    run = wells["plate"].rle_id()
    runs = (
        wells.select(run.alias("run"), "plate", "row", "column", *(["order"] if has_order else []))
        .group_by("run")
        .agg(pl.col("plate").first(), pl.col("row", "column").max(), *([pl.col("order").min()] if has_order else []))
    )
    plates = (
        runs.group_by("plate")
        .agg(
            pl.col("row").max().alias("rows"),
            pl.col("column").max().alias("columns"),
            *([pl.col("order").min()] if has_order else []),
        )
        .sort(order_by)
    )
    formats = [format_that_holds(*size) for size in plates.select("rows", "columns").iter_rows()]
    plates = plates.with_columns(
        pl.Series("size", [plate.wells for plate in formats], dtype=pl.Int32),
    ).with_columns((pl.int_range(pl.len()).over("size")).alias("slot"))
    located = runs.join(plates.select("plate", "size", "slot"), on="plate", how="left").sort("run")[run]
    size = located["size"].to_numpy()
    slot = located["slot"].to_numpy().astype(np.intp)
    row = wells["row"].to_numpy().astype(np.intp) - 1
    column = wells["column"].to_numpy().astype(np.intp) - 1
    cubes = []
    for wells_in_plate in sorted({plate.wells for plate in formats}):
        plate_format = FORMATS[wells_in_plate]
        row_index = np.flatnonzero(size == wells_in_plate)
        cell = (slot[row_index] * plate_format.rows + row[row_index]) * plate_format.columns + column[row_index]
        names = tuple(plates.filter(pl.col("size") == wells_in_plate)["plate"].to_list())
        _refuse_doubled(cell, names, plate_format)
        cubes.append(PlateCube(names, plate_format, row_index, cell))
    return cubes


def _refuse_doubled(cell: npt.NDArray[np.intp], names: tuple[str, ...], plate_format: PlateFormat) -> None:
    counts = np.bincount(cell, minlength=len(names) * plate_format.wells)
    if counts.max(initial=0) <= 1:
        return
    plate, position = divmod(int(np.argmax(counts)), plate_format.wells)
    row, column = divmod(position, plate_format.columns)
    raise LayoutError(
        "two rows for one well",
        where=f'plate "{names[plate]}"',
        found=f"{counts.max()} rows for {well_name(row + 1, column + 1)}",
        expected="one row a well and plate",
        next_step="Give each measured plate a name of its own.",
    )
