"""Reads GenePix results (.gpr): one row per spot of a slide, whatever the length of the header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, Fault, SourceError, listed, suggestion
from sensitome.io.sources import decode, read_bytes

__all__ = ["SPOT_COLUMNS", "Slide", "read_gpr"]

#: Columns of the spots of a slide and their types.
SPOT_COLUMNS: dict[str, type[pl.DataType]] = {
    "block": pl.Int32,
    "row": pl.Int32,
    "column": pl.Int32,
    "name": pl.String,
    "id": pl.String,
    "foreground": pl.Float64,
    "background": pl.Float64,
    "flag": pl.Int32,
    "saturated": pl.Float64,
}

_PLACE = {"Block": "block", "Row": "row", "Column": "column"}
_WAVELENGTH = re.compile(r"^F(\w+) (?:Median|Mean)$")


@dataclass(frozen=True)
class Slide:
    """One slide as it was read.

    Parameters
    ----------
    header : the optional header records, as in the file (Scanner, Wavelengths, PMTGain …)
    spots : columns `SPOT_COLUMNS`: `block`, `row` and `column` as GenePix counts them (from 1), `foreground` and
        `background` in counts (null = none), `flag` (0 = good; -50 not found, -75 absent, -100 bad), `saturated`
        (percent of the spot's pixels)
    foreground, background : the columns that were taken
    """

    header: Mapping[str, str]
    spots: pl.DataFrame
    foreground: str
    background: str

    def cautions(self, path: str | Path, *, percent: float = 10.0) -> list[Caution]:
        """What a user should know about this slide, for the caller to warn of."""
        bad = self.spots.filter(pl.col("saturated") > percent).height
        if not bad:
            return []
        return [
            Caution(
                "spots are saturated",
                where=path,
                found=f"{bad} of {self.spots.height} spots with more than {percent:g} % of their pixels at the limit",
                next_step="Their signal is too low by an unknown amount; scan again with less gain.",
            )
        ]


def read_gpr(path: str | Path, *, foreground: str | None = None, background: str | None = None) -> Slide:
    """Read a GenePix results file (ATF 1), plain or gzipped.

    Parameters
    ----------
    path : the file; its text may be UTF-8, Windows-1252 or Latin-1
    foreground, background : columns to take, such as "F700 Median"; by default the median of the only wavelength, and
        the median of the background of the same wavelength

    Returns
    -------
    Slide

    Raises
    ------
    SourceError
        The file is no ATF file, has two wavelengths and no choice, lacks columns, or has cells that are no numbers or
        rows of another length than the header; all faults at once.

    Notes
    -----
    The second line says how many header records and columns follow; the table starts where it says.
    """
    text = decode(read_bytes(path), path=path)
    lines = text.split("\n", 2)
    if len(lines) < 3 or not lines[0].strip().strip('"').upper().startswith("ATF"):
        raise SourceError(
            "file is not a GenePix result",
            where=path,
            found=repr(lines[0].strip()[:40]),
            expected="a first line that begins with ATF",
            next_step="For other exports name the columns in a spot table.",
        )
    records = _record_count(lines[1], path)
    body = lines[2].split("\n", records + 1)
    if len(body) <= records:
        raise _cut_off(path)
    header = dict(_record(line) for line in body[:records])
    names = [cell.strip().strip('"') for cell in body[records].rstrip("\t ").split("\t")]
    if len(body) < records + 2 or not body[records + 1].strip():
        raise _cut_off(path)
    cells = _cells(names, body[records + 1], path=path, first_line=records + 4)
    chosen = _choose(names, foreground, background, path=path)
    return Slide(header, _spots(cells, chosen, path=path, first_line=records + 4), chosen[0], chosen[1])


def _cut_off(path: str | Path) -> SourceError:
    return SourceError(
        "GenePix result ends before its table", where=path, next_step="Copy it again, or export it again from GenePix."
    )


def _record_count(line: str, path: str | Path) -> int:
    """Header records that the second line announces."""
    first = line.replace(",", "\t").split("\t")[0].strip().strip('"')
    if first.isdigit():
        return int(first)
    raise SourceError(
        "GenePix result does not say how long its header is",
        where=f"{path}, line 2",
        found=repr(line.strip()[:40]),
        expected="two numbers: header records and columns",
        next_step="Export it again from GenePix.",
    )


def _record(line: str) -> tuple[str, str]:
    name, _, value = line.rstrip("\t ").strip().strip('"').partition("=")
    return name, value


def _cells(names: list[str], body: str, *, path: str | Path, first_line: int) -> pl.DataFrame:
    """All cells as text."""
    try:
        table = pl.read_csv(
            body.encode(),
            separator="\t",
            has_header=False,
            infer_schema=False,
            quote_char='"' if '"' in body else None,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            "spots of a GenePix result cannot be read", where=path, found=str(error).split("\n")[0]
        ) from error
    table = table.filter(~pl.all_horizontal(pl.all().is_null()))
    if table.width < len(names):
        raise SourceError(
            "GenePix result has rows that are too short",
            where=f"{path}, line {first_line}",
            found=f"{table.width} cells",
            expected=f"{len(names)}, as in the header",
            next_step="Copy it again, or export it again from GenePix.",
        )
    return table.select(pl.nth(range(len(names)))).rename(dict(zip(table.columns, names, strict=False)))


def _choose(
    names: list[str], foreground: str | None, background: str | None, *, path: str | Path
) -> tuple[str, str, str | None]:
    """Columns of foreground, background and saturation."""
    found = sorted({match.group(1) for name in names if (match := _WAVELENGTH.match(name))})
    if foreground is None and len(found) != 1:
        raise SourceError(
            "which wavelength of the slide is meant is not clear",
            where=path,
            found=f"wavelengths {listed(found, last='and')}",
            expected="the column of the foreground",
            next_step='Name it in the list of slides, such as foreground = "F700 Median".',
        )
    signal = foreground or f"F{found[0]} Median"
    around = background or signal.replace("F", "B", 1)
    missing = [name for name in (*_PLACE, signal, around) if name not in names]
    if missing:
        faults = [Fault(f"column {name!r} is missing", path, next_step=suggestion(name, names)) for name in missing]
        raise SourceError("GenePix result lacks columns", where=path, faults=faults)
    percent = f"{signal.split(' ')[0]} % Sat."
    return signal, around, percent if percent in names else None


def _spots(
    cells: pl.DataFrame, chosen: tuple[str, str, str | None], *, path: str | Path, first_line: int
) -> pl.DataFrame:
    """Typed spots; cells that are no numbers are faults."""
    signal, around, percent = chosen
    sources = {**{ours: theirs for theirs, ours in _PLACE.items()}, "foreground": signal, "background": around}
    sources |= {"flag": "Flags"} if "Flags" in cells.columns else {}
    sources |= {"saturated": percent} if percent else {}
    typed = cells.select(
        *(
            pl.col(theirs).str.strip_chars().cast(pl.Float64, strict=False).alias(ours)
            for ours, theirs in sources.items()
        )
    )
    faults = []
    for ours, theirs in sources.items():
        text = cells[theirs].str.strip_chars()
        bad = typed[ours].is_null() & text.is_not_null() & ~text.is_in(["", "Error", "NA", "NaN"])
        faults += [Fault("a number", path, first_line + int(i), theirs, text[int(i)]) for i in bad.arg_true().to_list()]
        if ours in _PLACE.values():
            empty = typed[ours].is_null() & ~bad
            faults += [
                Fault("the cell is empty", path, first_line + int(i), theirs) for i in empty.arg_true().to_list()
            ]
    if faults:
        raise SourceError("GenePix result has cells that are no numbers", where=path, faults=faults)
    words = {
        name.lower(): cells[name].str.strip_chars() if name in cells.columns else pl.Series(name, [None] * cells.height)
        for name in ("Name", "ID")
    }
    named = typed.with_columns(*(series.alias(name).cast(pl.String) for name, series in words.items()))
    absent = [
        pl.lit(value).alias(name) for name, value in (("flag", 0.0), ("saturated", None)) if name not in named.columns
    ]
    return named.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in SPOT_COLUMNS.items())
