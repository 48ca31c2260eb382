"""Plain matrices of expression: a line of sample names, then a line for each feature (or the other way round)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Caution, Fault, TableError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.columns import raise_faults
from sensitome.io.gene_sets import dated_symbols
from sensitome.io.numbers import parse_numbers
from sensitome.io.text import read_table

__all__ = ["read_expression_table"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Duplicates = Literal["error", "first", "mean"]
_YES = frozenset({"1", "true", "yes", "p", "present", "detected", "1.0"})
_NO = frozenset({"0", "false", "no", "a", "absent", "m", "marginal", "not detected", "0.0"})


def read_expression_table(
    path: str | Path,
    *,
    detected: str | Path | None = None,
    samples_in: Literal["columns", "rows"] = "columns",
    duplicates: Duplicates = "error",
) -> Expression:
    """Read a matrix with names on both sides.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet; the first column names the features (or, with samples in rows, the samples)
    detected : a matrix of the same form with yes/no, 1/0 or P/A for each value
    samples_in : where the samples stand
    duplicates : what to do with features named twice: refuse them, take the first, or the mean of the values

    Returns
    -------
    Expression with the values as they are

    Raises
    ------
    TableError
        Cells are not numbers, a sample or feature is named twice or not at all, or the flags do not fit the values; all
        faults at once, with line and column.
    """
    rows, columns, cells, lines = _cells(path)
    values, faults = _numbers(cells, columns, lines, path)
    if samples_in == "rows":
        rows, columns, values = columns, rows, values.T
    flags = None if detected is None else _flags(detected, rows, columns, samples_in=samples_in)
    faults += _nameless(rows, lines if samples_in == "columns" else None, path)
    if duplicates == "error":
        faults += _twice(rows, lines if samples_in == "columns" else None, path)
    raise_faults("matrix of expression", faults)
    _tell_dates(rows, path)
    if duplicates != "error":
        rows, values, flags = _merged(rows, values, flags, how=duplicates)
    features = pl.DataFrame({"feature": rows}, schema={"feature": pl.String})
    samples = pl.DataFrame({"sample": columns}, schema={"sample": pl.String})
    return Expression(values.T.copy(), samples, features, None if flags is None else flags.T.copy())


def _cells(path: str | Path) -> tuple[list[str], list[str], pl.DataFrame, list[int]]:
    """Names of rows and columns, the cells between them, and the lines of the rows."""
    frame = read_table(path)
    lines = frame["line"].to_list()
    frame = frame.drop("line")
    if frame.width < 2:
        raise TableError("matrix has one column only", where=path, expected="names, then a column for each sample")
    names = frame[:, 0].fill_null("").to_list()
    return names, frame.columns[1:], frame[:, 1:], lines


def _numbers(
    cells: pl.DataFrame, columns: list[str], lines: list[int], path: str | Path
) -> tuple[FloatArray, list[Fault]]:
    """(rows, columns); NaN where there is no value."""
    flat = [cell or "" for name in cells.columns for cell in cells[name]]
    values, bad, _ = parse_numbers(flat)
    height = cells.height
    faults = [
        Fault("a number", path, lines[place % height], columns[place // height], flat[place])
        for place in sorted(bad, key=lambda place: (place % height, place))
    ]
    return values.reshape(len(columns), height).T.copy(), faults


def _flags(path: str | Path, rows: list[str], columns: list[str], *, samples_in: str) -> BoolArray:
    """(features, samples), in the order of the values."""
    names, heads, cells, lines = _cells(path)
    words = [[(cell or "").casefold() for cell in cells[name]] for name in cells.columns]
    faults = [
        Fault("yes or no, 1 or 0, P or A", path, lines[i], head, word)
        for head, column in zip(heads, words, strict=True)
        for i, word in enumerate(column)
        if word not in _YES and word not in _NO
    ]
    raise_faults("detection flags", faults)
    flags = np.array([[word in _YES for word in column] for column in words], dtype=np.bool_).T
    if samples_in == "rows":
        names, heads, flags = heads, names, flags.T
    if names != rows or sorted(heads) != sorted(columns):
        raise TableError(
            "detection flags do not fit the values",
            where=path,
            found=f"{len(names)} features × {len(heads)} samples",
            expected=f"the same {len(rows)} features × {len(columns)} samples, features in the same order",
        )
    return np.asarray(flags[:, [heads.index(name) for name in columns]])


def _nameless(rows: list[str], lines: list[int] | None, path: str | Path) -> list[Fault]:
    return [
        Fault("a name for each feature", path, None if lines is None else lines[i], "1")
        for i, name in enumerate(rows)
        if not name
    ]


def _twice(rows: list[str], lines: list[int] | None, path: str | Path) -> list[Fault]:
    """Features named twice, with all their lines."""
    places: dict[str, list[int]] = {}
    for i, name in enumerate(rows):
        places.setdefault(name, []).append(i)
    faults = []
    for name, own in places.items():
        if len(own) > 1 and name:
            told = "" if lines is None else f" (lines {', '.join(str(lines[i]) for i in own)})"
            line = None if lines is None else lines[own[0]]
            step = "Remove the others, or read with duplicates='first' or 'mean'."
            faults.append(Fault(f"each feature once{told}", path, line, "1", name, step))
    return faults


def _tell_dates(rows: list[str], path: str | Path) -> None:
    dates = dated_symbols(rows)
    if dates:
        warnings.warn(
            Caution(
                "gene symbols that Excel turned into dates match nothing",
                where=path,
                found=f"{len(dates)}, the first {listed(dates, last='and', most=3)}",
                next_step="Correct them from the source: 10-Sep was SEPT10, which is SEPTIN10 today.",
            ),
            stacklevel=3,
        )


def _merged(
    rows: list[str], values: FloatArray, flags: BoolArray | None, *, how: Duplicates
) -> tuple[list[str], FloatArray, BoolArray | None]:
    """One row for each feature."""
    place = {name: i for i, name in reversed(list(enumerate(rows)))}
    kept = sorted(place.values())
    if how == "first":
        return [rows[i] for i in kept], values[kept], None if flags is None else flags[kept]
    number = {rows[i]: position for position, i in enumerate(kept)}
    group = np.array([number[name] for name in rows])
    there = np.isfinite(values)
    total, count = np.zeros((len(kept), values.shape[1])), np.zeros((len(kept), values.shape[1]))
    np.add.at(total, group, np.where(there, values, 0.0))
    np.add.at(count, group, there)
    any_flag = None
    if flags is not None:
        any_flag = np.zeros(total.shape, dtype=np.bool_)
        np.logical_or.at(any_flag, group, flags)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return [rows[i] for i in kept], mean, any_flag
