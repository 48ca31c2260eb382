"""Text files and headed tables: what every reader stands on.

A headed table comes back as text, cell by cell, with the line of each row, so that whoever gives the cells a meaning
can say where a wrong one stands.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.io.cells import Row, clean_cell
from sensitome.io.numbers import detect_decimal, is_overflow, parse_number, parse_numbers
from sensitome.io.sheets import is_workbook, read_sheet
from sensitome.io.sources import decode, read_bytes

__all__ = [
    "Row",
    "clean_cell",
    "decode",
    "delimited_rows",
    "detect_decimal",
    "is_overflow",
    "parse_number",
    "parse_numbers",
    "read_bytes",
    "read_rows",
    "read_table",
    "read_text",
    "sniff_delimiter",
]

# A comma may also be a decimal sign or stand in free text, the others hardly ever do: so it comes last.
_DELIMITERS = ("\t", ";", "|", ",")
_SNIFFED_LINES = 200


def read_text(path: str | Path) -> str:
    r"""Text of a file in any usual encoding, with ``\n`` as the only line end.

    Raises
    ------
    SourceError
        As `read_bytes` and `decode`.
    """
    return decode(read_bytes(path), path=path)


def sniff_delimiter(text: str) -> str:
    r"""Delimiter of a text: tab, semicolon, pipe or comma (also when there is none).

    Each line votes with the number of delimiters outside quotes; the delimiter whose lines agree best wins, and among
    equals the comma comes last, because it may be a decimal sign.

    >>> sniff_delimiter("well;signal\nA1;1,5\nA2;2,5\n")
    ';'
    """
    lines = [line for line in text[: 64 * 1024].split("\n")[:_SNIFFED_LINES] if line.strip()]
    agreement = {sign: _agreement(sign, lines) for sign in _DELIMITERS}
    best = max(agreement.values(), default=0.0)
    if best == 0:
        return ","
    # A decimal comma agrees in nearly every line; a tenth is the slack for headers and ragged ends.
    return next(sign for sign in _DELIMITERS if agreement[sign] and agreement[sign] >= best - 0.1)


def delimited_rows(text: str, *, delimiter: str, path: str | Path) -> Iterator[Row]:
    """Rows of delimited text, cells cleaned; a quoted cell may hold delimiters and line ends; blank lines included.

    Raises
    ------
    SourceError
        A quote is opened and never closed.
    """
    reader = csv.reader(StringIO(text, newline="\n"), delimiter=delimiter)
    line, last_line = 1, text.rstrip("\n").count("\n") + 1
    try:
        for cells in reader:
            if reader.line_num > line and reader.line_num >= last_line:
                tail = "\n".join(text.split("\n")[line - 1 :])
                if tail.count('"') % 2:
                    raise csv.Error
            yield line, [clean_cell(cell) if cell else cell for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(
            "quote is opened and never closed",
            where=f"{path}, line {line}",
            found=repr(text.split("\n")[line - 1][:60]),
            next_step='Close it, or write a quote inside a quoted cell twice ("").',
        ) from error


def read_rows(path: str | Path, *, sheet: str | int | None = None, delimiter: str | None = None) -> list[Row]:
    """Rows of a delimited text file or of a sheet, as text with their lines; the kind is told by the content."""
    data = read_bytes(path)
    if is_workbook(data):
        return read_sheet(path, sheet=sheet).rows
    text = decode(data, path=path)
    return list(delimited_rows(text, delimiter=delimiter or sniff_delimiter(text), path=path))


def read_table(path: str | Path, *, sheet: str | int | None = None, delimiter: str | None = None) -> pl.DataFrame:
    """Table with a header line from delimited text, an Excel sheet or Parquet; every cell as text.

    Parameters
    ----------
    path : .csv, .tsv, .txt (also gzipped), .xlsx or .parquet; told by the content
    sheet : sheet of a workbook; None takes the first one that is not empty
    delimiter : of a text; None finds it

    Returns
    -------
    The header's columns as String, cells trimmed, ``="…"`` removed, empty cells as null; and the column ``line``
    (Int32): 1-based line in a text, row in a sheet or in a Parquet file. Rows without any content are left out. A
    column that the file itself calls "line" is renamed "line_".

    Raises
    ------
    SourceError
        Two columns of one name, a column without a name, rows of another length than the header, only one column found
        (wrong delimiter), no row below the header; all faults of a file at once.
    """
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        return _parquet(path)
    rows = [row for row in read_rows(path, sheet=sheet, delimiter=delimiter) if any(row[1])]
    if not rows:
        raise SourceError("table has no header", where=path, next_step="Write the column names into the first line.")
    (header_line, header), body = rows[0], rows[1:]
    while header and not header[-1] and not any(any(cells[len(header) - 1 :]) for _, cells in body):
        header = header[:-1]
    faults = [*_header_faults(header, header_line, path), *_ragged(body, len(header), path)]
    if len(header) == 1 and any(sign in header[0] for sign in _DELIMITERS):
        faults = [_wrong_delimiter(header, header_line, path, delimiter)]
    if faults:
        raise SourceError("table cannot be read", where=path, faults=faults, next_step="Correct these places:")
    return _frame(header, body)


def _agreement(sign: str, lines: Sequence[str]) -> float:
    """Share of lines that have the commonest number of this delimiter outside quotes."""
    counts = [sum(part.count(sign) for part in line.split('"')[0::2]) for line in lines]
    positive = Counter(count for count in counts if count)
    return positive.most_common(1)[0][1] / len(counts) if positive else 0.0


def _header_faults(header: list[str], line: int, path: str | Path) -> list[Fault]:
    faults = []
    counts = Counter(header)
    for name, count in counts.items():
        if name and count > 1:
            places = [str(i) for i, other in enumerate(header, 1) if other == name]
            faults.append(
                Fault("each column name once", path, line, " and ".join(places), name, "Rename or remove one of them.")
            )
    faults += [
        Fault("a name for each column", path, line, str(i), "", "Name the column or remove it.")
        for i, name in enumerate(header, 1)
        if not name
    ]
    return faults


def _ragged(body: list[Row], width: int, path: str | Path) -> list[Fault]:
    rule = f"{width} cells, as in the header"
    faults = []
    for line, cells in body:
        found = len(cells)
        while found > width and not cells[found - 1]:
            found -= 1
        if found != width:
            step = "Quote cells that hold the delimiter." if found > width else "Fill the row up with empty cells."
            faults.append(Fault(rule, path, line, "", f"{found} cells", step))
    return faults


def _wrong_delimiter(header: list[str], line: int, path: str | Path, delimiter: str | None) -> Fault:
    there = next(sign for sign in _DELIMITERS if sign in header[0])
    used = "" if delimiter is None else f" (delimiter {delimiter!r} was asked for)"
    return Fault(
        f"several columns{used}", path, line, "", header[0][:60], f"Is the delimiter {there!r}? Say so for this file."
    )


def _frame(header: list[str], body: list[Row]) -> pl.DataFrame:
    width = len(header)
    names = ["line_" if name == "line" else name for name in header]
    cells = list(zip(*(row[:width] for _, row in body), strict=True)) or [()] * width
    frame = pl.DataFrame(dict(zip(names, map(list, cells), strict=True)), schema=dict.fromkeys(names, pl.String))
    lines = pl.Series("line", [line for line, _ in body], dtype=pl.Int32)
    return frame.with_columns(pl.all().replace("", None)).with_columns(lines)


def _parquet(path: str | Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            "Parquet file cannot be read", where=path, found=str(error).split("\n")[0], next_step="Write it again."
        ) from error
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if nested:
        raise SourceError(
            "Parquet file holds nested columns",
            where=path,
            found=listed(nested, last="and"),
            expected="one plain value a cell",
            next_step="Unnest or drop them.",
        )
    frame = frame.rename({"line": "line_"}) if "line" in frame.columns else frame
    text = frame.select(pl.all().cast(pl.String).str.strip_chars().replace("", None))
    return text.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("line"))
