"""Every reader of a plate file by its name, and the one function that reads a file with one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path

from sensitome.errors import SensitomeError, SourceError, listed, suggestion
from sensitome.io.analyst import looks_like_analyst, read_analyst
from sensitome.io.cells import Row
from sensitome.io.envision import read_envision
from sensitome.io.envision_sections import looks_like_envision, text_rows
from sensitome.io.fusion import looks_like_fusion, read_fusion
from sensitome.io.grid import MOST_COLUMNS, MOST_ROWS, row_of_label
from sensitome.io.headerless import looks_like_cellhts2_plate, read_cellhts2_plate
from sensitome.io.instruments import VENDORS, read_instrument
from sensitome.io.long_table import guess_columns, read_long_table
from sensitome.io.matrix import MatrixBlock, matrix_blocks, read_matrix
from sensitome.io.numbers import parse_numbers
from sensitome.io.readings import Readings, refuse_beyond
from sensitome.io.sheets import is_workbook, read_sheet
from sensitome.io.sources import decode, read_bytes
from sensitome.io.text import delimited_rows, sniff_delimiter

__all__ = ["READERS", "Reader", "ReaderOptions", "find_reader", "guess_reader", "read_file"]


@dataclass(frozen=True)
class ReaderOptions:
    """What a study may say about its plate files; a reader refuses what it has no use for.

    Parameters
    ----------
    block : title of the block of readings to take, a part of it, or its number
    channel : the only channel to keep, by name or number
    columns : column map of a long table, as `read_long_table` takes it
    sheet : sheet of a workbook, by name or 0-based number
    delimiter : of a text file
    decimal : "." or ","
    wells : wells of the plate format (6 … 1536): wells beyond it are errors; any reader
    """

    block: str | None = None
    channel: str | None = None
    columns: Mapping[str, str | Sequence[str]] | None = None
    sheet: str | int | None = None
    delimiter: str | None = None
    decimal: str | None = None
    wells: int | None = None


@dataclass(frozen=True)
class Reader:
    """A reader of plate files.

    Parameters
    ----------
    name : what a study calls it
    read : reads a file with the options that it takes
    extensions : usual ends of file names
    description : one line for help and documentation
    options : names of the fields of `ReaderOptions` that it takes
    """

    name: str
    read: Callable[..., Readings] = field(repr=False)
    extensions: tuple[str, ...]
    description: str
    options: tuple[str, ...]


_OWN = (
    Reader(
        "envision",
        read_envision,
        (".csv", ".txt", ".xlsx"),
        "PerkinElmer EnVision in plate format: comma, semicolon and Excel, with or without calculated blocks",
        ("block", "channel", "sheet", "decimal"),
    ),
    Reader(
        "matrix",
        read_matrix,
        (".csv", ".tsv", ".txt", ".xlsx"),
        "Plate matrices with or without row letters and column numbers, 6 to 1536 wells",
        ("block", "sheet", "delimiter", "decimal"),
    ),
    Reader(
        "long",
        read_long_table,
        (".csv", ".tsv", ".txt", ".xlsx", ".parquet"),
        "Long tables, one line per well, with a column map",
        ("columns", "channel", "sheet", "delimiter", "decimal"),
    ),
    Reader(
        "cellhts2-plate",
        read_cellhts2_plate,
        (".txt",),
        "Plate files of cellHTS2: no header, plate, well and value separated by tabs",
        ("delimiter", "decimal"),
    ),
    Reader("analyst-ht", read_analyst, (".txt",), "Molecular Devices Analyst HT, several plates a file", ("decimal",)),
    Reader("fusion", read_fusion, (".csv",), "Packard Fusion", ("decimal",)),
)

#: Every reader by its name.
READERS: Mapping[str, Reader] = {
    **{reader.name: reader for reader in _OWN},
    **{
        name: Reader(
            name,
            partial(read_instrument, vendor=name),
            (".csv", ".txt", ".xlsx"),
            f"{description} (extra 'instruments')",
            ("channel",),
        )
        for name, (_, description) in VENDORS.items()
    },
}


# Reader, first words of a file, words that follow within 4,000 characters.
_OPENINGS = (
    ("kaleido", "EnSight Results from", ""),
    ("bmg-mars", "User:", "Test name:"),
    ("gen5", "Software Version\t", "Procedure Details"),
    ("softmax", "##BLOCKS=", ""),
)


def find_reader(name: str) -> Reader:
    """Return the reader of this name.

    Raises
    ------
    SourceError
        There is none; all readers are named, the closest first.
    """
    if name in READERS:
        return READERS[name]
    raise SourceError(
        "unknown reader",
        found=repr(name),
        expected=listed(READERS, most=len(READERS)),
        next_step=suggestion(name, READERS) or "Choose one of these.",
    )


def read_file(path: str | Path, *, reader: str, options: ReaderOptions | None = None) -> Readings:
    """Readings of one file.

    Parameters
    ----------
    path : the file
    reader : a key of `READERS`
    options : what the study says about its files

    Returns
    -------
    The readings (`Readings.cautions` says what needs care)

    Raises
    ------
    SourceError
        Unknown reader, an option that this reader does not take, or a fault of the file.
    MissingExtraError
        The reader needs a package that is not installed.
    """
    chosen = find_reader(reader)
    options = options or ReaderOptions()
    given = {f.name: getattr(options, f.name) for f in fields(options) if getattr(options, f.name) is not None}
    wells = given.pop("wells", None)
    unused = [name for name in given if name not in chosen.options]
    if unused:
        raise SourceError(
            f"reader {reader!r} does not take these options",
            found=listed(unused, last="and"),
            expected=listed([*chosen.options, "wells"]),
            next_step="Remove them, or choose another reader.",
        )
    return refuse_beyond(chosen.read(path, **given), wells, path=path)


def guess_reader(path: str | Path) -> str:
    """Name of the reader that fits the content of a file.

    Raises
    ------
    SourceError
        The file cannot be read, or no reader fits; all readers are named.

    Notes
    -----
    In this order: EnVision, instruments by their opening words, cellHTS2 plate file, long table (a header that names
    wells and a signal), plate matrix.
    """
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        return "long"
    if is_workbook(data):
        rows = read_sheet(path).rows
        name = "envision" if looks_like_envision(rows) else _by_shape(rows, path)
    else:
        text = decode(data, path=path)
        name = _by_opening(text) or _by_shape(
            list(delimited_rows(text, delimiter=sniff_delimiter(text), path=path)), path
        )
    if name is None:
        raise SourceError(
            "no reader fits the content",
            where=path,
            expected=f"a file for one of {listed(READERS, most=len(READERS))}",
            next_step="Name the reader, or export a plate matrix.",
        )
    return name


def _by_opening(text: str) -> str | None:
    """Reader of an instrument whose files open with words of their own."""
    if looks_like_envision(text_rows(text[:20_000])):
        return "envision"
    if looks_like_analyst(text):
        return "analyst-ht"
    if looks_like_fusion(text):
        return "fusion"
    start = text[:4000].lstrip()
    for name, opening, later in _OPENINGS:
        if start.startswith(opening) and later in start:
            return name
    return "cellhts2-plate" if looks_like_cellhts2_plate(text) else None


def _by_shape(rows: Sequence[Row], path: str | Path) -> str | None:
    filled = [row for row in rows if any(row[1])]
    if filled:
        try:
            guess_columns([cell for cell in filled[0][1] if cell], {}, path=path)
        except SensitomeError:
            pass
        else:
            return "long"
    return "matrix" if any(_is_sure_matrix(block) for block in matrix_blocks(rows)) else None


def _is_sure_matrix(block: MatrixBlock) -> bool:
    """Whether a block has row letters or column numbers, or nothing but numbers, and the size of a plate."""
    if len(block.rows) > MOST_ROWS or max(len(cells) for _, cells in block.rows) > MOST_COLUMNS + 2:
        return False
    if block.columns is not None or row_of_label(block.rows[0][1][0]) is not None:
        return True
    _, bad, _ = parse_numbers([cell for _, cells in block.rows for cell in cells])
    return not bad
