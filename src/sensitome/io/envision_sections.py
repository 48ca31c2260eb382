"""Sections of an EnVision export: plate information, and blocks of readings with the plate that each belongs to."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

from sensitome.io.cells import Row, clean_cell
from sensitome.io.grid import column_numbers, looks_like_numbers, row_of_label

__all__ = ["CALCULATED", "RAW", "EnvisionBlock", "EnvisionPlate", "envision_blocks", "looks_like_envision", "text_rows"]

#: How the titles of raw and of calculated blocks begin.
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
class EnvisionPlate:
    """One line of plate information."""

    key: tuple[str, str]
    barcode: str | None
    label: str
    formula: str


@dataclass
class EnvisionBlock:
    """One block of readings, with the plate that it belongs to once that is known."""

    title: str
    rows: list[Row] = field(default_factory=list)
    plate: EnvisionPlate | None = None


def looks_like_envision(rows: Sequence[Row]) -> bool:
    """Whether rows of a file are of an EnVision export: plate information with its header, or a titled block."""
    for _, cells in rows:
        if _is_plate_header(cells):
            return True
        title = cells[0].strip().casefold() if cells else ""
        if title.startswith("results for ") and " channel " in " ".join(cells):
            return True
    return False


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


def envision_blocks(rows: Sequence[Row]) -> list[EnvisionBlock]:
    """All blocks in order, each with its plate."""
    sections: list[EnvisionPlate | EnvisionBlock] = []
    header: list[str] | None = None
    state = "open"
    for line, cells in rows:
        first = cells[0].strip() if cells else ""
        kind = _kind(first, cells)
        if kind == "text":
            if state == "plates" and header:
                sections.append(_plate(header, cells))
            elif state == "block" and isinstance(block := sections[-1], EnvisionBlock):
                block.rows.append((line, cells))
            elif state == "open" and _is_grid_row(first, cells):
                _open_block(sections, (line, cells))
                state = "block"
            continue
        if kind == "title":
            sections.append(EnvisionBlock(_title(cells)))
        elif kind == "header":
            header = cells
        state = _next_state(state, kind, sections)
    return _with_plates(sections)


def _open_block(sections: list[EnvisionPlate | EnvisionBlock], row: Row) -> None:
    """Begin a block without a title, or go on with one that rows without any reading have cut in two."""
    last = sections[-1] if sections else None
    if isinstance(last, EnvisionBlock) and last.rows and not last.title:
        last.rows.extend((line, [""]) for line in range(last.rows[-1][0] + 1, row[0]))
        last.rows.append(row)
    else:
        sections.append(EnvisionBlock("", [row]))


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


def _next_state(state: str, kind: str, sections: Sequence[EnvisionPlate | EnvisionBlock]) -> str:
    """State after a line that is not data."""
    if kind == "blank":
        # A blank line between a title and its block is passed over, as one after a block ends it.
        waiting = state == "block" and isinstance(sections[-1], EnvisionBlock) and not sections[-1].rows
        return state if state == "footer" or waiting else "open"
    return {"title": "block", "header": "plates", "information": "information"}.get(kind, kind)


def _is_grid_row(first: str, cells: Sequence[str]) -> bool:
    if column_numbers(cells) is not None:
        return True
    values = cells[1:] if row_of_label(first) else cells
    return len(cells) > 1 and looks_like_numbers(values)


def _title(cells: Sequence[str]) -> str:
    return " ".join(", ".join(cell.strip() for cell in cells if cell.strip()).split())


def _plate(header: Sequence[str], cells: Sequence[str]) -> EnvisionPlate:
    named = {name.strip().casefold(): cell.strip() for name, cell in zip(header, cells, strict=False)}
    barcode = clean_cell(named.get("barcode", "")).strip('"')
    key = named.get("plate", ""), named.get("repeat", "")
    return EnvisionPlate(key, barcode or None, named.get("label", ""), named.get("formula", ""))


def _with_plates(sections: Sequence[EnvisionPlate | EnvisionBlock]) -> list[EnvisionBlock]:
    """Give each block its plate information: the last before it, or the next after it in files that put it there."""
    plates_first = bool(sections) and isinstance(sections[0], EnvisionPlate)
    plate: EnvisionPlate | None = None
    for section in sections if plates_first else reversed(sections):
        if isinstance(section, EnvisionPlate):
            plate = section
        else:
            section.plate = plate
    blocks = [section for section in sections if isinstance(section, EnvisionBlock) and section.rows]
    for block in blocks:
        if not block.title and block.plate:
            block.title = f"{CALCULATED}{block.plate.formula}" if block.plate.formula else f"{RAW}{block.plate.label}"
        block.title = block.title or RAW.strip()
    return blocks
