"""Long tables: one line per well, in delimited text, a sheet or Parquet, with columns of any name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault, SourceError, listed, suggestion
from sensitome.io.grid import row_of_label
from sensitome.io.numbers import parse_numbers
from sensitome.io.readings import COLUMNS, Readings, locate_wells, take_channel
from sensitome.io.text import read_bytes, read_table
from sensitome.plates import row_letters

__all__ = ["NAMES", "guess_columns", "read_long_table"]

#: Names that a column may have without being asked for, best first; compared without case, blanks and signs.
NAMES: Mapping[str, tuple[str, ...]] = {
    "well": ("well", "wellid", "wellname", "wellposition", "wellno", "wellnumber", "position", "pos"),
    "row": ("wellrow", "platerow", "row"),
    "column": ("wellcolumn", "platecolumn", "wellcol", "column", "col"),
    "signal": (
        *("signal", "rawsignal", "raw", "rawvalue", "counts", "count", "cps", "luminescence", "lum", "rlu", "readout"),
        *("readoutvalue", "reading", "value", "intensity", "fluorescence", "rfu", "absorbance", "od", "ctg", "ctb"),
    ),
    "plate": ("plate", "plateid", "platename", "platenumber", "plateno", "barcode", "platebarcode"),
    "barcode": ("barcode", "platebarcode"),
    "channel": ("channel", "label", "wavelength"),
}
_REQUIRED = ("well", "signal")


def read_long_table(
    path: str | Path,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    channel: str | None = None,
    sheet: str | int | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
) -> Readings:
    """Readings of a long table.

    Parameters
    ----------
    path : .csv, .tsv, .txt (also gzipped), .xlsx or .parquet
    columns : which column of the file holds what: keys `well` (or `row` and `column`), `signal`, and where there are
        any `plate`, `barcode`, `channel`; several columns together name a plate: ``{"plate": ["Plate", "Replicate"]}``
        gives "1_2". What is not named is found by the names in `NAMES`.
    channel : the only channel to keep, by name or number; None keeps all
    sheet : sheet of a workbook; None takes the first that is not empty
    delimiter : of a text; None finds it
    decimal : "." or ","; None finds it over the whole column

    Returns
    -------
    One row per line, in the order of the file; columns that are not used are named in `others`

    Raises
    ------
    SourceError
        A column is missing (those that are there are named, the closest suggested), a well is none or comes twice on
        one plate and channel, a value is not a number; all faults at once, with their lines.
    """
    table = _table(path, sheet, delimiter)
    there = [name for name in table.columns if name != "line"]
    chosen = guess_columns(there, columns or {}, path=path)
    places, faults = _places(table, chosen, path)
    signal, overflowed, bad = _signal(table[chosen["signal"][0]], decimal=decimal)
    faults += [
        Fault("a number", path, table["line"][i], chosen["signal"][0], table[chosen["signal"][0]][i], "Correct it.")
        for i in bad
    ]
    keys = [
        _joined(chosen.get(use, ()), default).alias(name)
        for name, use, default in (("block", "plate", "1"), ("barcode", "barcode", None), ("channel", "channel", "1"))
    ]
    frame = table.with_columns(keys).select("block", "barcode", "channel").hstack(places).with_columns(signal)
    faults += _doubled(frame, table["line"], path, chosen)
    if faults:
        faults.sort(key=lambda fault: fault.line or 0)
        raise SourceError("long table cannot be read", where=path, faults=faults, next_step="Correct these places:")
    if frame["block"].n_unique() == 1:
        frame = frame.with_columns(block=pl.lit("1"))
    if frame["channel"].n_unique() == 1:
        frame = frame.with_columns(channel=pl.lit("1"))
    used = {name for names in chosen.values() for name in names}
    over = tuple(f"{frame['well'][i]} of plate {frame['block'][i]}" for i in overflowed)
    others = tuple(name for name in there if name not in used)
    readings = Readings(frame.select(COLUMNS.keys()), chosen["signal"][0], others, over)
    return take_channel(readings, channel, path=path)


def guess_columns(
    there: Sequence[str], wanted: Mapping[str, str | Sequence[str]], *, path: str | Path
) -> dict[str, tuple[str, ...]]:
    """Columns for each use: those asked for, then those found by name; no guess takes a column that was asked for.

    Raises
    ------
    SourceError
        An unknown use, a column that is not there, or no column for the wells or the signal.
    """
    faults = [_unknown_use(use) for use in wanted if use not in NAMES]
    chosen: dict[str, tuple[str, ...]] = {}
    for use, names in wanted.items():
        chosen[use] = (names,) if isinstance(names, str) else tuple(names)
        faults += [
            Fault("a column of the file", column=use, value=name, next_step=suggestion(name, there))
            for name in chosen[use]
            if name not in there
        ]
    plain = {"".join(sign for sign in name.casefold() if sign.isalnum()): name for name in reversed(there)}
    taken = {name for names in chosen.values() for name in names}
    for use, candidates in NAMES.items():
        found = next(
            (plain[name] for name in candidates if plain.get(name, "") in there and plain[name] not in taken), ""
        )
        if use not in chosen and found:
            chosen[use] = (found,)
    if "well" not in chosen and "row" in chosen and "column" in chosen:
        required = ["row", "column", "signal"]
    else:
        required = list(_REQUIRED)
    faults += [
        Fault(f"a column for the {use}", value=None, next_step=f'Say which: columns = {{ {use} = "…" }}.')
        for use in required
        if use not in chosen
    ]
    if faults:
        raise SourceError(
            "columns of the long table are not clear",
            where=path,
            found=f"columns {listed(there, last='and')}",
            faults=faults,
        )
    return chosen


def _table(path: str | Path, sheet: str | int | None, delimiter: str | None) -> pl.DataFrame:
    """Table with the column `line`; Parquet keeps its types, so that millions of numbers do not become text."""
    if not read_bytes(path).startswith(b"PAR1"):
        return read_table(path, sheet=sheet, delimiter=delimiter)
    frame = pl.read_parquet(path)
    frame = frame.rename({"line": "line_"}) if "line" in frame.columns else frame
    return frame.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("line"))


def _unknown_use(use: str) -> Fault:
    return Fault(f"one of {listed(NAMES)}", column="columns", value=use, next_step=suggestion(use, NAMES))


def _joined(names: Sequence[str], default: str | None) -> pl.Expr:
    if not names:
        return pl.lit(default, dtype=pl.String)
    return pl.concat_str([pl.col(name).cast(pl.String) for name in names], separator="_", ignore_nulls=False)


def _places(
    table: pl.DataFrame, chosen: Mapping[str, tuple[str, ...]], path: str | Path
) -> tuple[pl.DataFrame, list[Fault]]:
    """Well, row and column of every line, and the lines that have none."""
    if "well" in chosen:
        texts, column = table[chosen["well"][0]].cast(pl.String), chosen["well"][0]
    else:
        rows, numbers = table[chosen["row"][0]].cast(pl.String), table[chosen["column"][0]].cast(pl.String)
        texts = pl.Series([_well_text(row, number) for row, number in zip(rows, numbers, strict=True)], dtype=pl.String)
        column = f"{chosen['row'][0]} and {chosen['column'][0]}"
    places = locate_wells(texts)
    wrong = places.select(pl.col("well").is_null().arg_true()).to_series().to_list()
    step = "Correct it, or remove the line."
    return places, [Fault('a well such as "A01"', path, table["line"][i], column, texts[i] or "", step) for i in wrong]


def _well_text(row: str | None, column: str | None) -> str:
    """Well from a row (letter or number) and a column number, "1.0" as some sheets write it included."""
    row, column = (row or "").removesuffix(".0"), (column or "").removesuffix(".0")
    if row.isdigit() and 1 <= int(row) <= 32:
        row = row_letters(int(row))
    return f"{row}{column}" if row_of_label(row) else f"{row},{column}"


def _signal(values: pl.Series, *, decimal: str | None) -> tuple[pl.Series, list[int], list[int]]:
    """Signal as numbers; positions of overflow; positions of cells that are not numbers."""
    if values.dtype.is_numeric():
        return values.cast(pl.Float64).fill_nan(None).alias("signal"), [], []
    numbers, bad, overflowed = parse_numbers(values.fill_null("").to_list(), decimal=decimal)
    return pl.Series("signal", numbers, dtype=pl.Float64).fill_nan(None), overflowed, bad


def _doubled(
    frame: pl.DataFrame, lines: pl.Series, path: str | Path, chosen: Mapping[str, tuple[str, ...]]
) -> list[Fault]:
    """Wells that come twice on one plate and channel."""
    keys = ["block", "channel", "row", "column"]
    located = frame.select(*keys, "well").with_columns(lines).filter(pl.col("well").is_not_null())
    again = located.filter(pl.struct(keys).is_duplicated())
    if again.is_empty():
        return []
    again = again.group_by([*keys, "well"], maintain_order=True).agg("line")
    plate = f'"{chosen["plate"][0]}", "…"' if "plate" in chosen else '"…"'
    step = f"Name the columns that tell plates apart: columns = {{ plate = [{plate}] }}, or remove one line."
    return [
        Fault("each well once a plate", path, places[1], "", f"{well} of plate {block} on lines {_and(places)}", step)
        for block, well, places in again.select("block", "well", "line").iter_rows()
    ]


def _and(lines: Sequence[int]) -> str:
    shown = [str(line) for line in np.unique(lines)[:4]]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
