"""Which targets the untreated cells express, as a table of yes and no."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from sensitome.errors import Fault
from sensitome.io.columns import Column, empty_cells, fold, name_columns, raise_faults, words_to
from sensitome.io.text import read_table

__all__ = ["read_expressed"]

_COLUMNS = (
    Column("target", ("reagent", "name", "mirna", "gene", "target name"), required=True),
    Column("cell_line", ("cell line", "line", "cells", "cell type"), required=True),
    Column("expressed", ("is expressed", "detected", "is detected", "present", "expression"), required=True),
)
_WORDS: Mapping[str, str] = {
    fold(word): answer
    for answer, words in {
        "yes": "yes,y,1,1.0,true,t,detected,expressed,present,p,on",
        "no": "no,n,0,0.0,false,f,not detected,undetected,not expressed,absent,a,off",
    }.items()
    for word in words.split(",")
}


def read_expressed(path: str | Path) -> pl.DataFrame:
    """Read which targets are expressed in which untreated cell line.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with the columns ``target`` (or ``reagent``: the name by which the library knows
        it), ``cell_line`` and ``expressed`` (yes/no, 1/0, TRUE/FALSE, detected/not detected, present/absent …)

    Returns
    -------
    ``target``, ``cell_line`` (String) and ``expressed`` (Boolean), one row per target and cell line, in the order of
    the file

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        A column is missing, a cell is empty or says neither yes nor no, or two rows contradict each other; all faults
        at once.
    """
    frame, faults = name_columns(read_table(path), _COLUMNS, file=path)
    raise_faults("table of expressed targets", faults)
    answer, unknown = words_to(frame, "expressed", _WORDS, file=path)
    told = frame.with_columns(answer.alias("_answer"))
    faults = [*empty_cells(frame, [column.name for column in _COLUMNS], file=path), *unknown]
    faults += _contradictions(told.drop_nulls(["target", "cell_line", "_answer"]), file=path)
    raise_faults("table of expressed targets", sorted(faults, key=lambda fault: fault.line or 0))
    return told.select("target", "cell_line", (pl.col("_answer") == "yes").alias("expressed")).unique(
        maintain_order=True
    )


def _contradictions(told: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    mixed = (
        told.group_by("target", "cell_line", maintain_order=True)
        .agg(pl.col("_answer").n_unique().alias("answers"), "line")
        .filter(pl.col("answers") > 1)
    )
    return [
        Fault(
            f"one answer for {target!r} in {cell_line!r} (lines {', '.join(map(str, lines))})",
            file,
            lines[0],
            "expressed",
            "yes and no",
            "Keep the right one.",
        )
        for target, cell_line, lines in mixed.select("target", "cell_line", "line").iter_rows()
    ]
