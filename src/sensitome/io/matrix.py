"""Plate matrices: wells laid out as on the plate, in delimited text or a sheet.

A block is a run of lines without a blank one: an optional line of column numbers, then rows of readings with or without
row letters, 6 to 1536 wells. A line of words before it is its title.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sensitome.errors import SourceError, listed, suggestion
from sensitome.io.cells import Row
from sensitome.io.grid import column_numbers, lay_out, looks_like_numbers, row_of_label, values_of
from sensitome.io.readings import PlateMatrix, Readings, readings_from
from sensitome.io.sheets import is_workbook, read_sheet
from sensitome.io.sources import decode, read_bytes
from sensitome.io.text import delimited_rows, sniff_delimiter

__all__ = ["MatrixBlock", "matrix_blocks", "read_blocks", "read_matrix"]

# Of the smallest plate; "name, 1, 2" is no line of column numbers.
_FEWEST_COLUMNS = 3
_RAW = re.compile(r"\b(raw|cps|counts?)\b", re.IGNORECASE)
_PLATE = re.compile(r"\s*plate\b[\s:#]*(\S.*)", re.IGNORECASE)


@dataclass
class MatrixBlock:
    """One matrix of a file.

    Parameters
    ----------
    title : the line of words before it, or the words in its corner; "" without
    columns : column numbers of its header line; None without
    rows : lines with readings
    before : all lines of words since the block before, for formats that say more there
    """

    title: str
    columns: tuple[int, ...] | None
    rows: list[Row] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)


def read_matrix(
    path: str | Path,
    *,
    block: str | None = None,
    sheet: str | int | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
) -> Readings:
    """Readings of a plate matrix in CSV, TSV or Excel.

    Parameters
    ----------
    path : the file
    block : title of the block to take, a part of it, or its number from 1; None takes the blocks titled raw, CPS or
        counts, else the first one
    sheet : sheet of a workbook; None takes the first that is not empty
    delimiter : of a text; None finds it
    decimal : "." or ","; None finds it over the blocks that are taken

    Returns
    -------
    One row per well. Blocks of one title, and blocks titled "Plate <name>" throughout, are so many plates; any other
    block is left and named in `others`. Wells missing at the end of a row or of the plate are missing.

    Raises
    ------
    SourceError
        No matrix; no block of that name; text in a number; more wells in a row than column numbers, or more than
        32 × 48; a row letter twice. All faults at once, with line and column.
    """
    rows, sheets = _rows(path, sheet=sheet, delimiter=delimiter)
    blocks = matrix_blocks(rows)
    if not blocks:
        raise SourceError(
            "no plate matrix",
            where=path,
            expected="rows of numbers, with or without row letters and column numbers",
            next_step="Check the delimiter, or choose another reader.",
        )
    titles = [b.title or f"block {number} (line {b.rows[0][0]})" for number, b in enumerate(blocks, 1)]
    if block is None and all(_PLATE.match(b.title) for b in blocks):
        names = [_PLATE.sub(r"\1", b.title).strip() for b in blocks]
        if len(set(names)) == len(names):
            names = names if len(names) > 1 else ["1"]
            return read_blocks(blocks, names=names, taken="; ".join(titles), others=sheets, decimal=decimal, path=path)
    chosen = _chosen(titles, block, path)
    taken = [b for b, title in zip(blocks, titles, strict=True) if title == chosen]
    others = [*dict.fromkeys(title for title in titles if title != chosen), *sheets]
    names = [str(number) for number in range(1, len(taken) + 1)]
    return read_blocks(taken, names=names, taken=chosen, others=others, decimal=decimal, path=path)


def _rows(path: str | Path, *, sheet: str | int | None, delimiter: str | None) -> tuple[list[Row], tuple[str, ...]]:
    """Rows of the file, and the names of sheets that were left."""
    data = read_bytes(path)
    if is_workbook(data):
        taken = read_sheet(path, sheet=sheet)
        return taken.rows, tuple(f"sheet {name}" for name in taken.others)
    text = decode(data, path=path)
    return list(delimited_rows(text, delimiter=delimiter or sniff_delimiter(text), path=path)), ()


def read_blocks(
    blocks: Sequence[MatrixBlock],
    *,
    names: Sequence[str],
    taken: str,
    others: Sequence[str],
    decimal: str | None,
    path: str | Path,
    barcodes: Sequence[str | None] = (),
) -> Readings:
    """Readings of blocks that are so many plates.

    Raises
    ------
    SourceError
        Cells are not numbers, or the layout is broken; all faults of all blocks at once.
    """
    grids = [lay_out(b.rows, columns=b.columns, path=path) for b in blocks]
    values = values_of(grids, decimal=decimal, path=path)
    if values.faults:
        raise SourceError(
            "readings cannot be read", where=path, faults=values.faults, next_step="Correct these places:"
        )
    plates = [
        PlateMatrix(matrix, block=name, barcode=barcode, rows=grid.rows, columns=grid.columns)
        for matrix, grid, name, barcode in zip(
            values.matrices, grids, names, barcodes or [None] * len(grids), strict=True
        )
    ]
    over = [f"{well} of plate {name}" for name, wells in zip(names, values.overflowed, strict=True) for well in wells]
    return readings_from(plates, taken=taken, others=others, overflowed=over)


def matrix_blocks(rows: Sequence[Row]) -> list[MatrixBlock]:
    """All matrices of a file in order, each with its title; text that belongs to none is passed over."""
    blocks: list[MatrixBlock] = []
    words: list[Row] = []
    is_open = False
    for line, cells in rows:
        first = cells[0].strip() if cells else ""
        columns = column_numbers(cells)
        if not any(cell.strip() for cell in cells):
            is_open = False
        elif columns is not None and len(columns) >= _FEWEST_COLUMNS:
            blocks.append(MatrixBlock(_title(words, first), columns, before=words))
            words, is_open = [], True
        elif is_open and _belongs(blocks[-1], first, cells):
            blocks[-1].rows.append((line, cells))
        elif _is_reading(first, cells):
            blocks.append(MatrixBlock(_title(words, ""), None, [(line, cells)], before=words))
            words, is_open = [], True
        else:
            words = [*words, (line, cells)]
            is_open = False
    blocks = [block for block in blocks if _is_plate(block)]
    numeric = [block for block in blocks if _is_numeric(block)]
    # Layouts (sample names in the wells) stand beside the readings in some exports.
    return numeric or blocks


def _is_plate(block: MatrixBlock) -> bool:
    """Whether a block can be a plate: one line alone without any label is some other numbers."""
    labeled = bool(block.rows) and row_of_label(block.rows[0][1][0].strip()) is not None
    return bool(block.rows) and (block.columns is not None or labeled or len(block.rows) > 1)


def _is_numeric(block: MatrixBlock) -> bool:
    width = len(block.columns) + 1 if block.columns else None
    return looks_like_numbers([cell for _, cells in block.rows for cell in cells[1:width]])


def _belongs(block: MatrixBlock, first: str, cells: Sequence[str]) -> bool:
    """Whether a line goes on with the block: its letter says so, or there are no letters and it is mostly numbers."""
    labeled = row_of_label(block.rows[0][1][0].strip()) is not None if block.rows else None
    if labeled is not False and row_of_label(first) is not None:
        return True
    # Below letters only an empty first cell goes on: it is a second reading of the same wells, and becomes a fault.
    return (not labeled or not first) and looks_like_numbers(cells)


def _is_reading(first: str, cells: Sequence[str]) -> bool:
    if row_of_label(first) is not None:
        return len(cells) > 1 and looks_like_numbers(cells[1:])
    return sum(bool(cell.strip()) for cell in cells) > 1 and looks_like_numbers(cells)


def _title(words: Sequence[Row], corner: str) -> str:
    """Title of a block: the words just before it, else those in its corner unless they only name the axes."""
    if words:
        return " ".join(", ".join(cell.strip() for cell in words[-1][1] if cell.strip()).split())
    return corner if corner.casefold() not in ("", "<>", "row", "rows", "well") and not corner.isdigit() else ""


def _chosen(titles: Sequence[str], wanted: str | None, path: str | Path) -> str:
    if wanted is None:
        return next((title for title in titles if _RAW.search(title)), titles[0])
    folded = wanted.casefold()
    exact = [title for title in titles if title.casefold() == folded]
    if not exact and wanted.isdigit() and 1 <= int(wanted) <= len(titles):
        exact = [titles[int(wanted) - 1]]
    found = list(dict.fromkeys(exact or [title for title in titles if folded in title.casefold()]))
    if len(found) != 1:
        raise SourceError(
            "several blocks fit" if found else "no such block of readings",
            where=path,
            found=repr(wanted),
            expected=listed(dict.fromkeys(titles)),
            next_step=("" if found else suggestion(wanted, titles))
            or "Name one of these blocks, or its number from 1.",
        )
    return found[0]
