"""Matrices of expression in delimited text or Parquet: features as rows and samples as columns, or turned."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import polars as pl

from sensitome.errors import Caution, Fault, SourceError, TableError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.sources import decode, read_bytes
from sensitome.io.text import sniff_delimiter

__all__ = ["DUPLICATES", "Duplicates", "read_wide_matrix"]

#: What to do about rows that name the same feature.
Duplicates = Literal["first", "mean", "refuse"]
DUPLICATES: tuple[Duplicates, ...] = get_args(Duplicates)

_NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "[Not Available]", "-"]
# Columns that describe a row and are no sample.
_LABELS = ("hugo_symbol", "entrez_gene_id", "gene_symbol", "entity_stable_id", "composite.element.ref", "description")


def read_wide_matrix(
    path: str | Path,
    *,
    samples_in: Literal["columns", "rows"] = "columns",
    labels: Sequence[str] = (),
    duplicates: Duplicates = "first",
) -> Expression:
    """Read a matrix of expression.

    Parameters
    ----------
    path : CSV, TSV (also gzipped) or Parquet; its first column names the rows. Lines that begin with # are passed over.
        A header one cell short, as R writes it, is understood
    samples_in : whether samples are columns (GEO, GDC, Xena, cBioPortal) or rows
    labels : further columns that describe a row and hold no values; Hugo_Symbol and Entrez_Gene_Id are known
    duplicates : of rows with one name take the ``first``, their ``mean``, or ``refuse`` the file

    Returns
    -------
    Expression, unit as in the file; empty cells and NA are NaN

    Raises
    ------
    SourceError
        The file cannot be read, or has no values.
    TableError
        Cells that are no numbers, samples named twice; all faults at once.
    """
    frame, first_line = _frame(path)
    key = _key(frame)
    # The other of two label columns describes the row, and names it where the key is empty.
    described = [name for name in frame.columns if name != key and (name.lower() in _LABELS or name in labels)]
    samples = [name for name in frame.columns if name != key and name not in described]
    if not samples or not frame.height:
        raise SourceError("matrix holds no values", where=path, found=f"columns {listed(frame.columns, last='and')}")
    names = pl.Series(frame.select(pl.coalesce(key, *described).cast(pl.String).str.strip_chars()).to_series())
    values = _numbers(frame, samples, path, first_line)
    if samples_in == "rows":
        names, samples, values = pl.Series(samples), names.to_list(), values.T
    unnamed = names.is_null()
    kept = np.flatnonzero(~unnamed.to_numpy())
    names, values = names.filter(~unnamed), values[kept]
    if names.is_duplicated().any():
        names, values = _single(names, values, duplicates, path)
    return Expression(
        np.ascontiguousarray(values.T), pl.DataFrame({"sample": samples}), pl.DataFrame({"feature": names})
    )


def _frame(path: str | Path) -> tuple[pl.DataFrame, int]:
    """The file as text, or as it is typed in Parquet; and the line of its first row."""
    data = read_bytes(path)
    if data.startswith(b"PAR1"):
        return pl.read_parquet(path), 1
    text, line = decode(data, path=path), 2
    while text.startswith(("#", "\n")):
        text, line = text.partition("\n")[2], line + 1
    delimiter = sniff_delimiter(text)
    header, _, body = text.partition("\n")
    if body and body.partition("\n")[0].count(delimiter) == header.count(delimiter) + 1:
        text = f"feature{delimiter}{text}"
    try:
        return pl.read_csv(StringIO(text), separator=delimiter, infer_schema=False, null_values=_NULLS), line
    except pl.exceptions.PolarsError as error:
        raise SourceError(
            "matrix cannot be read",
            where=path,
            found=str(error).split("\n")[0],
            expected=f"rows of {header.count(delimiter) + 1} cells",
            next_step="Correct the row, or write the table again.",
        ) from error


def _key(frame: pl.DataFrame) -> str:
    """Column that names the rows: a symbol where there is one, else the first."""
    by_fold = {name.lower(): name for name in frame.columns[:3]}
    return next((by_fold[name] for name in ("hugo_symbol", "gene_symbol") if name in by_fold), frame.columns[0])


def _numbers(frame: pl.DataFrame, samples: list[str], path: str | Path, first_line: int) -> np.ndarray:
    cast = frame.select(pl.col(samples).cast(pl.Float64, strict=False))
    lost = frame.select(samples).null_count().row(0) != cast.null_count().row(0)
    if lost:
        faults = []
        for name in samples:
            bad = frame[name].is_not_null() & cast[name].is_null()
            for row in np.flatnonzero(bad.to_numpy()):
                step = "Write a number, or leave the cell empty."
                faults.append(Fault("a number", path, int(row) + first_line, name, frame[name][int(row)], step))
        raise TableError("matrix has cells that are no numbers", faults=faults)
    return cast.to_numpy()


def _single(
    names: pl.Series, values: np.ndarray, duplicates: Duplicates, path: str | Path
) -> tuple[pl.Series, np.ndarray]:
    """One row a name."""
    single = names.unique(maintain_order=True)
    twice = names.filter(names.is_duplicated()).unique(maintain_order=True)
    if duplicates == "refuse":
        raise TableError(
            "matrix names features twice",
            where=path,
            found=listed(twice, last="and", most=5),
            expected="each name once",
        )
    taken = "the first row of each was taken" if duplicates == "first" else "their rows were averaged"
    warnings.warn(
        Caution(
            "matrix names features twice",
            where=path,
            found=listed(twice, last="and", most=5),
            expected="each name once",
            next_step=f"{taken.capitalize()}.",
        ),
        stacklevel=3,
    )
    place = (
        names.to_frame("name").with_row_index().group_by("name", maintain_order=True).agg("index")["index"].to_list()
    )
    if duplicates == "first":
        return single, values[[rows[0] for rows in place]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return single, np.array([np.nanmean(values[rows], axis=0) for rows in place])
