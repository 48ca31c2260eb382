"""Sheets of Excel workbooks as rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.errors import SourceError, listed, suggestion
from sensitome.io.cells import Row, clean_cell
from sensitome.io.sources import read_bytes

__all__ = ["Sheet", "is_workbook", "read_sheet"]


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Parameters
    ----------
    rows : every row from the first on, with its number; cells from the first used column on
    name : of the sheet
    others : names of the other sheets
    """

    rows: list[Row]
    name: str
    others: tuple[str, ...]


def is_workbook(data: bytes) -> bool:
    """Whether bytes begin as those of an Excel workbook, of before 2007 or after."""
    return data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"))


def read_sheet(path: str | Path, *, sheet: str | int | None = None) -> Sheet:
    """One sheet as text; numbers keep every digit that the workbook holds.

    Parameters
    ----------
    path : an .xlsx, .xlsm, .xlsb or .xls file
    sheet : name or 0-based number; None takes the first sheet that is not empty

    Raises
    ------
    SourceError
        It is not a workbook, or it has no such sheet; the sheets that it has are named.
    """
    import fastexcel

    data = read_bytes(path)
    try:
        workbook = fastexcel.read_excel(data)
    except fastexcel.FastExcelError as error:
        raise SourceError(
            "file is not an Excel workbook",
            where=path,
            found=str(error).split("\n")[0],
            next_step="Open it in Excel and save it as .xlsx, or export CSV.",
        ) from error
    for name in _sheet_names(workbook.sheet_names, sheet, path):
        rows = _cells_of(workbook, name)
        if rows:
            return Sheet(rows, name, tuple(other for other in workbook.sheet_names if other != name))
    raise SourceError("workbook is empty", where=path, next_step="Export it from the instrument again.")


def _sheet_names(names: list[str], sheet: str | int | None, path: str | Path) -> list[str]:
    if sheet is None:
        return names
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return [names[sheet]]
    if isinstance(sheet, str) and sheet in names:
        return [sheet]
    near = suggestion(sheet, names) if isinstance(sheet, str) else ""
    raise SourceError(
        "workbook has no such sheet",
        where=path,
        found=repr(sheet),
        expected=listed(names),
        next_step=near or "Name one of its sheets.",
    )


def _cells_of(workbook: Any, name: str) -> list[Row]:
    """Every row of a sheet from row 1 on as text; empty list when no cell is filled."""
    load = workbook.load_sheet
    text: pl.DataFrame = load(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    if not text.width:
        return []
    exact: pl.DataFrame = load(name, header_row=None, skip_rows=0, dtypes="float").to_polars()
    # Text of a number is cut to nine decimals on the way; the number itself is not.
    columns = []
    for words, number in zip(text.get_columns(), exact.get_columns(), strict=True):
        shown = words.cast(pl.Float64, strict=False)
        cut = shown.is_not_null() & number.is_not_null() & (shown != number)
        repaired = number.map_elements(repr, return_dtype=pl.String) if cut.any() else words
        columns.append(pl.select(pl.when(cut).then(repaired).otherwise(words)).to_series().fill_null("").to_list())
    return [(line, [clean_cell(cell) for cell in cells]) for line, cells in enumerate(zip(*columns, strict=True), 1)]
