"""The default plate file of cellHTS2: no header, tabs, one well a line: name of the plate, well, value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError
from sensitome.io.numbers import parse_numbers
from sensitome.io.readings import COLUMNS, Readings, locate_wells
from sensitome.io.text import read_text, sniff_delimiter

__all__ = ["looks_like_cellhts2_plate", "read_cellhts2_plate"]

_CELLS = 3


def read_cellhts2_plate(path: str | Path, *, delimiter: str | None = None, decimal: str | None = None) -> Readings:
    """Readings of one plate in the default format of cellHTS2 (column 2 = well, column 3 = value, no header).

    Parameters
    ----------
    path : the plate file
    delimiter : None takes tabs, and finds another delimiter in a file without any tab
    decimal : "." or ","; None finds it

    Returns
    -------
    One row per line of the file, in its order, as block "1" and channel "1"; wells that the file leaves out are missing

    Raises
    ------
    SourceError
        Lines with fewer than three cells, wells that are not wells, values that are not numbers, a well twice; all of
        them at once, with their lines.

    References
    ----------
    Boutros, Brás & Huber 2006, doi:10.1186/gb-2006-7-7-r66 (`readPlateList`, default import function)
    """
    text = read_text(path)
    sign = delimiter or ("\t" if "\t" in text else sniff_delimiter(text))
    lines = [(number, line.split(sign)) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    faults = [
        Fault(
            "three cells: plate, well, value", path, number, value=sign.join(cells)[:40], next_step="Separate by tabs."
        )
        for number, cells in lines
        if len(cells) < _CELLS
    ]
    whole = [(number, cells) for number, cells in lines if len(cells) >= _CELLS]
    frame = locate_wells(pl.Series([cells[1].strip(' "') for _, cells in whole], dtype=pl.String))
    values = [cells[2].strip(' "') for _, cells in whole]
    signal, bad, overflowed = parse_numbers(values, decimal=decimal)
    faults += _well_faults(frame, whole, path)
    faults += [Fault("a number", path, whole[i][0], "3", values[i], "Correct it, or write NA.") for i in bad]
    if faults:
        faults.sort(key=lambda fault: fault.line or 0)
        raise SourceError("plate file cannot be read", where=path, faults=faults, next_step="Correct these places:")
    frame = frame.with_columns(
        pl.Series("signal", signal).fill_nan(None),
        block=pl.lit("1"),
        barcode=pl.lit(None, dtype=pl.String),
        channel=pl.lit("1"),
    ).select(COLUMNS.keys())
    over = tuple(f"{frame['well'][i]} of plate 1" for i in overflowed)
    return Readings(frame, "column 3", (), over)


def looks_like_cellhts2_plate(text: str) -> bool:
    """Whether the first lines are a plate, a well and a value each, without a header."""
    lines = [line.split("\t") for line in text[:4096].split("\n")[:5] if line.strip()]
    if not lines or any(len(cells) != _CELLS for cells in lines[:-1] or lines):
        return False
    try:
        _, bad, _ = parse_numbers([cells[2] for cells in lines[:1]])
    except IndexError:
        return False
    return not bad and locate_wells(pl.Series([lines[0][1]]))["row"][0] is not None


def _well_faults(frame: pl.DataFrame, lines: Sequence[tuple[int, list[str]]], path: str | Path) -> list[Fault]:
    """Wells that are none, and wells that come twice."""
    faults = []
    first: dict[str, int] = {}
    for (number, cells), well in zip(lines, frame["well"].to_list(), strict=True):
        if well is None:
            faults.append(Fault('a well such as "A01"', path, number, "2", cells[1], "Correct the well."))
        elif well in first:
            step = f"Remove one of lines {first[well]} and {number}."
            faults.append(Fault("each well once", path, number, "2", cells[1], step))
        else:
            first[well] = number
    return faults
