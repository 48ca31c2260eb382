"""Wells laid out as on the plate: rows of cells, with or without row letters and column numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sensitome.errors import Fault
from sensitome.io.cells import Row
from sensitome.io.numbers import detect_decimal, parse_numbers
from sensitome.io.readings import FloatArray
from sensitome.plates import parse_well, well_name

__all__ = [
    "MOST_COLUMNS",
    "MOST_ROWS",
    "Grid",
    "Values",
    "column_numbers",
    "lay_out",
    "looks_like_numbers",
    "row_of_label",
    "values_of",
]

#: Rows and columns of the largest plate.
MOST_ROWS, MOST_COLUMNS = 32, 48


@dataclass(frozen=True)
class Grid:
    """A matrix of cells that are still text.

    Parameters
    ----------
    rows, columns : 1-based rows and columns of the plate
    cells : (rows × columns,) text, row by row; "" where the file has nothing
    lines : (rows,) 1-based line of each row in the source
    first_cell : how many cells stand before the first well of a row: 1 with row letters, else 0
    faults : what is wrong with the layout
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    cells: list[str]
    lines: tuple[int, ...]
    first_cell: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Values:
    """Matrices of a file as numbers, decimal sign decided once for all of them.

    Parameters
    ----------
    matrices : one (rows, columns) array per grid, NaN = no reading
    overflowed : per grid, wells whose signal was beyond the detector's range
    faults : cells that are not numbers, and the faults of the grids
    """

    matrices: list[FloatArray]
    overflowed: list[list[str]]
    faults: list[Fault] = field(default_factory=list)


def row_of_label(cell: str) -> int | None:
    """1-based row of a row label ("A" … "AF"); None when it is not one.

    >>> row_of_label("B"), row_of_label("AF"), row_of_label("12")
    (2, 32, None)
    """
    if not (cell.isascii() and cell.isalpha() and len(cell) <= 2):
        return None
    place = parse_well(f"{cell}1")
    return place[0] if place else None


def column_numbers(cells: Sequence[str]) -> tuple[int, ...] | None:
    """Column numbers of a header line: all cells but a first label are whole numbers that rise by one from 1.

    >>> column_numbers(["", "01", "02", "03", ""]), column_numbers(["1", "2"]), column_numbers(["A", "5", "6"])
    ((1, 2, 3), (1, 2), None)
    >>> column_numbers(["A", "1", "2"]) is None
    True
    """
    filled = [cell.strip() for cell in cells]
    while filled and not filled[-1]:
        filled.pop()
    if filled and row_of_label(filled[0]) is not None:
        return None
    if filled and not _whole(filled[0]):
        filled = filled[1:]
    numbers = [_whole(cell) for cell in filled]
    return tuple(range(1, len(numbers) + 1)) if numbers and numbers == list(range(1, len(numbers) + 1)) else None


def looks_like_numbers(cells: Sequence[str]) -> bool:
    """Whether at least one cell, and most of those with content, are numbers or marks for none."""
    filled = [cell for cell in cells if cell.strip()]
    _, bad, _ = parse_numbers(filled)
    return bool(filled) and len(bad) * 2 < len(filled)


def lay_out(body: Sequence[Row], *, columns: tuple[int, ...] | None, path: str | Path) -> Grid:
    """Cells of a block in their places.

    Parameters
    ----------
    body : rows below the column numbers; each starts with a row letter, or none does
    columns : numbers of the header line; None when there is none: then they count from 1
    path : what a fault calls the file

    Returns
    -------
    The grid; missing cells at the ends of rows are "", which is legal
    """
    labels = [row_of_label(cells[0].strip()) if cells else None for _, cells in body]
    first = 1 if body and sum(label is not None for label in labels) * 2 >= len(body) else 0
    rows = tuple(label or 0 for label in labels) if first else tuple(range(1, len(body) + 1))
    cells = [[cell.strip() for cell in cells[first:]] for _, cells in body]
    width = len(columns) if columns else max((_filled(row) for row in cells), default=0)
    if cells and all(_filled(row) == width + 1 and not looks_like_numbers(row[width:]) for row in cells):
        # Some instruments close each row with the name of what was read.
        cells = [row[:width] for row in cells]
    lines = tuple(line for line, _ in body)
    faults = _layout_faults(cells, rows, width, lines=lines, path=path)
    padded = [cell for row in cells for cell in (row + [""] * width)[:width]]
    return Grid(rows, columns or tuple(range(1, width + 1)), padded, lines, first, tuple(faults))


def values_of(grids: Sequence[Grid], *, decimal: str | None, path: str | Path) -> Values:
    """Numbers of all grids of a file; the decimal sign is decided once, over all of them."""
    if decimal is None:
        decimal = detect_decimal(cell for grid in grids for cell in grid.cells)
    result = Values([], [])
    for grid in grids:
        result.faults.extend(grid.faults)
        numbers, bad, overflowed = parse_numbers(grid.cells, decimal=decimal)
        width = len(grid.columns)
        result.matrices.append(numbers.reshape(len(grid.rows), width) if width else np.empty((len(grid.rows), 0)))
        if grid.faults:
            result.overflowed.append([])
            continue
        result.overflowed.append([_well_at(grid, position) for position in overflowed])
        result.faults.extend(_bad_cell(grid, position, path) for position in bad)
    return result


def _whole(cell: str) -> int | None:
    """Whole number of a cell ("01", "1", and "1.0" as sheets write it)."""
    cell = cell.removesuffix(".0")
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= 2 else None


def _filled(row: Sequence[str]) -> int:
    """Cells up to the last one with content."""
    count = len(row)
    while count and not row[count - 1]:
        count -= 1
    return count


def _layout_faults(
    cells: list[list[str]], rows: tuple[int, ...], width: int, *, lines: tuple[int, ...], path: str | Path
) -> list[Fault]:
    faults = []
    seen: set[int] = set()
    for line, row, values in zip(lines, rows, cells, strict=True):
        found = _filled(values)
        if found > width:
            faults.append(
                Fault(
                    f"at most {width} wells in a row, as its column numbers say",
                    path,
                    line,
                    value=f"{found} cells",
                    next_step="Is the decimal sign also the delimiter?",
                )
            )
        if row == 0:
            faults.append(
                Fault("a row letter", path, line, "1", "", "Write A, B, C … before each row, one line a row.")
            )
        elif row in seen:
            faults.append(Fault("each row letter once", path, line, "1", well_name(row, 1)[:-2]))
        seen.add(row)
    if width > MOST_COLUMNS or len(rows) > MOST_ROWS:
        found_size = f"{len(rows)} rows × {width} columns"
        step = "Choose the reader for long tables if each line is a well."
        faults = [Fault("at most 32 × 48 wells", path, lines[0], value=found_size, next_step=step)]
    return faults


def _well_at(grid: Grid, position: int) -> str:
    row, column = divmod(position, len(grid.columns))
    return well_name(grid.rows[row], grid.columns[column])


def _bad_cell(grid: Grid, position: int, path: str | Path) -> Fault:
    row, column = divmod(position, len(grid.columns))
    place = f"{column + grid.first_cell + 1} (well {_well_at(grid, position)})"
    return Fault("a number", path, grid.lines[row], place, grid.cells[position], "Correct it, or leave the cell empty.")
