"""Columns of a headed table by what they mean: the usual names for them, and what is wrong with their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, LayoutError, SensitomeError, TableError, listed, suggestion
from sensitome.plates import parse_well, row_letters, well_name

__all__ = [
    "Column",
    "doubled",
    "empty_cells",
    "fold",
    "locate_wells",
    "name_columns",
    "place_by_row_and_column",
    "raise_faults",
    "raise_together",
    "text_table",
    "whole_numbers",
    "words_to",
]


@dataclass(frozen=True)
class Column:
    """A column that a table may have.

    Parameters
    ----------
    name : our name
    also : other names that people give it, the better ones first; case, blanks and punctuation do not matter
    required : whether the table is of no use without it
    """

    name: str
    also: tuple[str, ...] = ()
    required: bool = False


def fold(text: str) -> str:
    """Word without case, blanks and punctuation.

    >>> fold("Library_Plate "), fold("Cell line")
    ('libraryplate', 'cellline')
    """
    return re.sub(r"[\W_]+", "", text.casefold())


def text_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Table as `read_table` gives it, from a table that was made in Python: text cells, and the number of each row."""
    text = frame.select(pl.exclude("line").cast(pl.String).str.strip_chars().replace("", None))
    line = frame["line"] if "line" in frame.columns else pl.Series("line", range(1, frame.height + 1), dtype=pl.Int32)
    return text.with_columns(line.cast(pl.Int32).alias("line"))


def name_columns(
    frame: pl.DataFrame, columns: Sequence[Column], *, file: str | Path
) -> tuple[pl.DataFrame, list[Fault]]:
    """Give the columns our names, and say which required ones are missing.

    Parameters
    ----------
    frame : a headed table; not changed
    columns : what it may have; a column of the table is taken once, by the first that knows its name
    file : the file, as the user named it

    Returns
    -------
    The table with our names (the others are kept as they are), and the faults
    """
    theirs = [name for name in frame.columns if name != "line"]
    ours = {fold(column.name): column.name for column in columns}
    taken: dict[str, str] = {}
    faults = []
    for name in theirs:
        meaning = ours.get(fold(name))
        if meaning in taken.values():
            other = next(first for first, taken_as in taken.items() if taken_as == meaning)
            rule = f"one column for {meaning!r} (there are {other!r} and {name!r})"
            faults.append(Fault(rule, file, next_step="Rename or remove one of them."))
        elif meaning is not None:
            taken[name] = meaning
    for column in columns:
        if column.name in taken.values():
            continue
        synonym = _synonym(column, theirs, taken)
        if synonym is not None:
            taken[synonym] = column.name
        elif column.required:
            near = suggestion(column.name, [name for name in theirs if name not in taken])
            rule = f"column {column.name!r} is missing (there is {listed(theirs, last='and')})"
            faults.append(Fault(rule, file, next_step=f"{near} Add or rename the column.".strip()))
    return (frame if faults else frame.rename(taken)), faults


def place_by_row_and_column(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Add `well` where a table gives a row, as letter or number, and a column number instead.

    Parameters
    ----------
    frame : a headed table; not changed
    columns : what it may have, `well` among them

    Returns
    -------
    The table with `well` for its row and column; the table as it is when it names wells, or lacks one of the two
    """
    folded = {fold(name): name for name in reversed(frame.columns)}
    names = {fold(word) for column in columns if column.name == "well" for word in ("well", *column.also)}
    row, column = folded.get("row"), folded.get("column", folded.get("col"))
    if names & folded.keys() or row is None or column is None:
        return frame
    letters = {str(number): row_letters(number) for number in range(1, 33)}
    rows, numbers = (pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in (row, column))
    well = pl.concat_str(rows.replace(letters), numbers).alias("well")
    return frame.with_columns(well).drop(row, column)


def raise_faults(what: str, faults: Sequence[Fault], *, kind: type[SensitomeError] = TableError) -> None:
    """Raise all faults of an input at once, if there are any."""
    if faults:
        raise kind(f"{what}: {len(faults)} fault{'s' if len(faults) > 1 else ''}", faults=faults)


def raise_together(what: str, errors: Sequence[SensitomeError]) -> None:
    """Raise several errors as one that has the faults of all; a single error speaks for itself."""
    if len(errors) == 1:
        raise errors[0]
    faults = [fault for error in errors for fault in _faults_of(error)]
    raise_faults(what, faults, kind=type(errors[0]) if len({*map(type, errors)}) == 1 else LayoutError)


def empty_cells(frame: pl.DataFrame, names: Iterable[str], *, file: str | Path) -> list[Fault]:
    """Faults for cells that must not be empty."""
    faults = []
    for name in names:
        if name in frame.columns:
            lines = frame.filter(pl.col(name).is_null())["line"].to_list()
            faults += [Fault("the cell is empty", file, line, name, next_step="Fill it in.") for line in lines]
    return faults


def whole_numbers(
    frame: pl.DataFrame, name: str, *, file: str | Path, lowest: int = 1
) -> tuple[pl.DataFrame, list[Fault]]:
    """Cast a text column to Int32, and say which cells are not whole numbers; "2.0", as Excel writes it, is one."""
    digits = pl.col(name).str.extract(r"^([+-]?\d{1,9})(?:\.0*)?$", 1).cast(pl.Int32)
    cast = frame.with_columns(digits.alias("_number"))
    bad = cast.filter(pl.col(name).is_not_null() & (pl.col("_number").is_null() | (pl.col("_number") < lowest)))
    rule = f"a whole number from {lowest}"
    faults = [Fault(rule, file, line, name, value) for line, value in bad.select("line", name).iter_rows()]
    return cast.drop(name).rename({"_number": name}), faults


def words_to(
    frame: pl.DataFrame, name: str, meanings: Mapping[str, str], *, file: str | Path, next_step: str = ""
) -> tuple[pl.Series, list[Fault]]:
    """Translate a column of words; unknown words are faults with line, value and the options.

    Parameters
    ----------
    frame : with `name` and `line`
    name : the column
    meanings : folded word → what it means
    file : the file, as the user named it
    next_step : what to do about an unknown word

    Returns
    -------
    (rows,) String, null where the cell is empty or the word unknown; and the faults
    """
    words = {word: meanings.get(fold(word)) for word in frame[name].drop_nulls().unique().to_list()}
    unknown = [word for word, meaning in words.items() if meaning is None]
    options = list(dict.fromkeys(meanings.values()))
    faults = [
        Fault(listed(options), file, line, name, value, next_step)
        for line, value in frame.filter(pl.col(name).is_in(unknown)).select("line", name).iter_rows()
    ]
    return frame[name].replace_strict(words, return_dtype=pl.String, default=None).alias(name), faults


def locate_wells(frame: pl.DataFrame, *, file: str | Path) -> tuple[pl.DataFrame, list[Fault]]:
    """Write `well` as "A01", and add `row` and `column` (Int16, from 1); what is not a well is a fault."""
    spots = {text: parse_well(text) for text in frame["well"].drop_nulls().unique().to_list()}
    known = {text: spot for text, spot in spots.items() if spot is not None}
    found = pl.DataFrame(
        {
            "well": list(known),
            "_well": [well_name(*spot) for spot in known.values()],
            "row": [spot[0] for spot in known.values()],
            "column": [spot[1] for spot in known.values()],
        },
        schema={"well": pl.String, "_well": pl.String, "row": pl.Int16, "column": pl.Int16},
    )
    located = frame.drop("row", "column", strict=False).join(found, on="well", how="left", maintain_order="left")
    bad = located.filter(pl.col("well").is_not_null() & pl.col("_well").is_null()).select("line", "well")
    faults = [Fault("a well from A01 to AF48", file, line, "well", value) for line, value in bad.iter_rows()]
    return located.drop("well").rename({"_well": "well"}), faults


def doubled(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Rows that share all keys with another one: the keys, `lines` (their lines in words) and `line` (the first)."""
    same = frame.group_by(keys, maintain_order=True).agg(pl.col("line").sort())
    return (
        same.filter(pl.col("line").list.len() > 1)
        .with_columns(pl.col("line").list.eval(pl.element().cast(pl.String)).list.join(", ").alias("lines"))
        .with_columns(pl.col("line").list.first())
    )


def _synonym(column: Column, theirs: Sequence[str], taken: Mapping[str, str]) -> str | None:
    """The free column of theirs that goes by the best of the other names."""
    by_fold = {fold(name): name for name in reversed(theirs) if name not in taken}
    return next((by_fold[fold(word)] for word in column.also if fold(word) in by_fold), None)


def _faults_of(error: SensitomeError) -> list[Fault]:
    """The faults of an error; an error without any is one itself."""
    if error.faults:
        return list(error.faults)
    found = f" (found {error.found})" if error.found is not None else ""
    expected = f", expected {error.expected}" if error.expected else ""
    where = "" if error.where is None else str(error.where)
    return [Fault(f"{error.what}{found}{expected}", where, next_step=error.next_step)]
