"""PerkinElmer EnVision exports in plate format: comma or semicolon text of any version, and Excel.

A file is a run of sections: "Plate information", "Background information", and blocks of readings titled "Results for
<label> - channel <n> (<unit>)" (raw) or "Calculated results: <formula>" (such as crosstalk correction). The raw blocks
are taken unless another is named. Plate information may stand before or after its block, titles, row letters and column
numbers may be left out, and what follows the last block (protocol, plate map, instrument) is passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sensitome.errors import SourceError, listed, suggestion
from sensitome.io.grid import Grid, column_numbers, lay_out, looks_like_numbers, row_of_label, values_of
from sensitome.io.readings import PlateMatrix, Readings, readings_from, take_channel
from sensitome.io.text import Row, clean_cell, decode, read_bytes, sheet_rows

__all__ = ["looks_like_envision", "read_envision"]

RAW, CALCULATED = "Results for ", "Calculated results: "

_FOOTERS = (
    "basic assay information",
    "protocol information",
    "platemap:",
    "calculations:",
    "auto export parameters:",
    "operations:",
    "exported with",
)


@dataclass(frozen=True)
class _Plate:
    """One line of plate information."""

    key: tuple[str, str]
    barcode: str | None
    label: str
    formula: str


@dataclass
class _Block:
    """One block of readings, with the plate that it belongs to once that is known."""

    title: str
    rows: list[Row] = field(default_factory=list)
    plate: _Plate | None = None


def read_envision(
    path: str | Path,
    *,
    block: str | None = None,
    channel: str | None = None,
    sheet: str | int | None = None,
    decimal: str | None = None,
) -> Readings:
    """Readings of an EnVision export.

    Parameters
    ----------
    path : .csv, .txt or .xlsx as the instrument writes it
    block : title of the blocks to take, or a part of it ("crosstalk"); None takes the raw ones ("Results for …")
    channel : the only channel to keep, by name or number; None keeps all
    sheet : sheet of a workbook; None takes the first that is not empty
    decimal : "." or ","; None finds it over all blocks

    Returns
    -------
    One row per well that the file lists. With several plates `block` is the barcode where each plate has one of its
    own, else the running number; with several raw blocks a plate `channel` is the block's title without "Results for".

    Raises
    ------
    SourceError
        No block of readings; no raw block, or none of the name asked for (those that are there are named); cells that
        are not numbers; more wells in a row than its header says.

    Notes
    -----
    Values equal those that gDRimport (Excel) and allotropy (luminescence) read from the same files, exactly. Where a
    file leaves rows out, the row letters of the file hold here, while allotropy counts rows from A.
    """
    blocks = _blocks(_rows(path, sheet))
    if not blocks:
        raise SourceError(
            "no block of readings",
            where=path,
            expected='"Plate information" and "Results for …", as EnVision writes in plate format',
            next_step="Export in plate format, or choose another reader.",
        )
    titles = list(dict.fromkeys(b.title for b in blocks))
    chosen = _chosen(titles, block, path)
    taken = [b for b in blocks if b.title in chosen]
    names = _plate_names(taken)
    grids = [_grid(b.rows, path) for b in taken]
    values = values_of(grids, decimal=decimal, path=path)
    if values.faults:
        raise SourceError(
            "readings cannot be read", where=path, faults=values.faults, next_step="Correct these places:"
        )
    plates = [
        PlateMatrix(
            matrix,
            block=name,
            barcode=b.plate.barcode if b.plate else None,
            channel="1" if len(chosen) == 1 else b.title.removeprefix(RAW),
            rows=grid.rows,
            columns=grid.columns,
        )
        for b, name, grid, matrix in zip(taken, names, grids, values.matrices, strict=True)
    ]
    over = [f"{well} of plate {name}" for name, wells in zip(names, values.overflowed, strict=True) for well in wells]
    others = [title for title in titles if title not in chosen]
    readings = readings_from(plates, taken="; ".join(chosen), others=others, overflowed=over)
    return take_channel(readings, channel, path=path)


def looks_like_envision(rows: Sequence[Row]) -> bool:
    """Whether rows of a file are of an EnVision export: plate information with its header, or a titled block."""
    for _, cells in rows:
        if _is_plate_header(cells):
            return True
        title = cells[0].strip().casefold() if cells else ""
        if title.startswith("results for ") and " channel " in " ".join(cells):
            return True
    return False


def _rows(path: str | Path, sheet: str | int | None) -> list[Row]:
    data = read_bytes(path)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return sheet_rows(path, sheet=sheet)
    return text_rows(decode(data, path=path))


def text_rows(text: str) -> list[Row]:
    """Rows of an export as text; the delimiter is the sign after "Plate" in the header of the plate information."""
    lines = text.split("\n")
    delimiter = _delimiter(lines)
    # Quotes are rare, and splitting is far quicker than a CSV parser.
    return [
        (number, _split_quoted(line, delimiter) if '"' in line else line.split(delimiter))
        for number, line in enumerate(lines, 1)
    ]


def _delimiter(lines: Sequence[str]) -> str:
    for line in lines:
        start = line.lstrip(' \t"')[:5].casefold()
        if start == "plate" and "repeat" in line[:16].casefold():
            return line.lstrip(' \t"')[5:].lstrip(' "')[0]
    # Without plate information, the line of column numbers tells: ";01;02;".
    for line in lines:
        for sign in ";\t,":
            if line.startswith((f"{sign}01{sign}", f"{sign}1{sign}")):
                return sign
    return ","


def _split_quoted(line: str, delimiter: str) -> list[str]:
    return [clean_cell(cell) for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _is_plate_header(cells: Sequence[str]) -> bool:
    return len(cells) > 1 and cells[0].strip().casefold() == "plate" and cells[1].strip().casefold() == "repeat"


def _blocks(rows: Sequence[Row]) -> list[_Block]:
    """All blocks in order, each with its plate."""
    sections: list[_Plate | _Block] = []
    header: list[str] | None = None
    state = "open"
    for line, cells in rows:
        first = cells[0].strip() if cells else ""
        kind = _kind(first, cells)
        if kind == "text":
            if state == "plates" and header:
                sections.append(_plate(header, cells))
            elif state == "block":
                sections[-1].rows.append((line, cells))  # type: ignore[union-attr]
            elif state == "open" and _is_grid_row(first, cells):
                _open_block(sections, (line, cells))
                state = "block"
            continue
        if kind == "title":
            sections.append(_Block(_title(cells)))
        elif kind == "header":
            header = cells
        state = _next_state(state, kind, sections)
    return _with_plates(sections)


def _open_block(sections: list[_Plate | _Block], row: Row) -> None:
    """Begin a block without a title, or go on with one that rows without any reading have cut in two."""
    last = sections[-1] if sections else None
    if isinstance(last, _Block) and last.rows and not last.title:
        last.rows.extend((line, [""]) for line in range(last.rows[-1][0] + 1, row[0]))
        last.rows.append(row)
    else:
        sections.append(_Block("", [row]))


def _kind(first: str, cells: Sequence[str]) -> str:
    if not first:
        return "text" if any(cell.strip() for cell in cells) else "blank"
    folded = first.casefold()
    if len(folded) < 5:
        return "text"
    if folded.startswith(("results for ", "calculated results:")):
        return "title"
    if folded.startswith("plate information"):
        return "information"
    if folded.startswith("background information"):
        return "background"
    if folded.startswith(_FOOTERS):
        return "footer"
    return "header" if _is_plate_header(cells) else "text"


def _next_state(state: str, kind: str, sections: Sequence[_Plate | _Block]) -> str:
    """State after a line that is not data."""
    if kind == "blank":
        # A blank line between a title and its block is passed over, as one after a block ends it.
        waiting = state == "block" and isinstance(sections[-1], _Block) and not sections[-1].rows
        return state if state == "footer" or waiting else "open"
    return {"title": "block", "header": "plates", "information": "information"}.get(kind, kind)


def _is_grid_row(first: str, cells: Sequence[str]) -> bool:
    if column_numbers(cells) is not None:
        return True
    values = cells[1:] if row_of_label(first) else cells
    return len(cells) > 1 and looks_like_numbers(values)


def _title(cells: Sequence[str]) -> str:
    return " ".join(", ".join(cell.strip() for cell in cells if cell.strip()).split())


def _plate(header: Sequence[str], cells: Sequence[str]) -> _Plate:
    named = {name.strip().casefold(): cell.strip() for name, cell in zip(header, cells, strict=False)}
    barcode = clean_cell(named.get("barcode", "")).strip('"')
    key = named.get("plate", ""), named.get("repeat", "")
    return _Plate(key, barcode or None, named.get("label", ""), named.get("formula", ""))


def _with_plates(sections: Sequence[_Plate | _Block]) -> list[_Block]:
    """Give each block its plate information: the last before it, or the next after it in files that put it there."""
    plates_first = bool(sections) and isinstance(sections[0], _Plate)
    plate: _Plate | None = None
    for section in sections if plates_first else reversed(sections):
        if isinstance(section, _Plate):
            plate = section
        else:
            section.plate = plate
    blocks = [section for section in sections if isinstance(section, _Block) and section.rows]
    for block in blocks:
        if not block.title and block.plate:
            block.title = f"{CALCULATED}{block.plate.formula}" if block.plate.formula else f"{RAW}{block.plate.label}"
        block.title = block.title or RAW.strip()
    return blocks


def _chosen(titles: Sequence[str], wanted: str | None, path: str | Path) -> list[str]:
    if wanted is None:
        raw = [title for title in titles if title.casefold().startswith(RAW.strip().casefold())]
        if raw:
            return raw
        raise SourceError(
            "no raw block of readings",
            where=path,
            found=listed(titles, last="and"),
            expected='a block "Results for …"',
            next_step="Export the raw readings too, or name the block to take.",
        )
    folded = wanted.casefold()
    exact = [title for title in titles if title.casefold() == folded]
    chosen = exact or [title for title in titles if folded in title.casefold()]
    if not chosen:
        raise SourceError(
            "no such block of readings",
            where=path,
            found=repr(wanted),
            expected=listed(titles),
            next_step=suggestion(wanted, titles) or "Name one of these blocks, or a part of its title.",
        )
    return chosen


def _plate_names(blocks: Sequence[_Block]) -> list[str]:
    """Name of the plate of each block: a title that comes again for the same plate begins the next one."""
    seen: dict[tuple[object, str], int] = {}
    keys = []
    for block in blocks:
        key = (block.plate.key, block.plate.barcode) if block.plate else None
        seen[key, block.title] = seen.get((key, block.title), 0) + 1
        keys.append((key, seen[key, block.title]))
    plates = list(dict.fromkeys(keys))
    barcodes = [key[1] if key else None for key, _ in plates]
    if len(plates) > 1 and all(barcodes) and len(set(barcodes)) == len(plates):
        named = dict(zip(plates, map(str, barcodes), strict=True))
    else:
        named = {plate: str(number) for number, plate in enumerate(plates, 1)}
    return [named[key] for key in keys]


def _grid(rows: Sequence[Row], path: str | Path) -> Grid:
    columns = column_numbers(rows[0][1])
    return lay_out(rows[1:] if columns else rows, columns=columns, path=path)
