"""Which targets count as expressed when inhibitors are judged: by a table of the lab, or by the arrays of the study."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

import polars as pl

from sensitome.errors import Caution, LayoutError, MethodError, listed
from sensitome.io.mirbase import Mirbase
from sensitome.mirna.joining import accessions_of, index_of

__all__ = ["ExpressedBy", "expressed_source", "expressed_targets"]

ExpressedBy = Literal["auto", "table", "arrays"]


def expressed_source(*, chosen: ExpressedBy, has_table: bool, has_arrays: bool) -> Literal["table", "arrays"] | None:
    """Say which source stands.

    Parameters
    ----------
    chosen : ``auto`` takes the table where there is one, else the arrays
    has_table, has_arrays : what the study has

    Returns
    -------
    None when there is no source

    Raises
    ------
    MethodError
        The source that was chosen is not there.
    """
    there = {"table": has_table, "arrays": has_arrays}
    if chosen == "auto":
        return "table" if has_table else "arrays" if has_arrays else None
    if not there[chosen]:
        named = {"table": "inputs.expressed", "arrays": "detection flags in inputs.arrays"}
        raise MethodError(
            "source of expressed targets is not there",
            found=f"expression.expressed_by = {chosen!r} without {named[chosen]}",
            expected=named[chosen],
            next_step='Name it in study.toml, or take expressed_by = "auto".',
        )
    return chosen


def expressed_targets(
    told: pl.DataFrame,
    *,
    source: Literal["table", "arrays"],
    wanted: Sequence[str],
    lines: Sequence[str] = (),
    base: Mirbase | None = None,
) -> pl.DataFrame:
    """Say of every target of the library whether a cell line expresses it, under the name that the library uses.

    Parameters
    ----------
    told : ``target, cell_line, expressed``, from the lab's table or from
        `sensitome.expression.detection.call_expressed`; with ``n_detected`` and ``n`` where arrays were counted
    source : where that comes from
    wanted : targets as the library writes them
    lines : cell lines that must be told of
    base : names of miRBase, by which the names of both sides are compared as accessions; None compares them as written

    Returns
    -------
    One row per target × cell line that is told of: ``target``, ``cell_line``, ``expressed``, ``source``, ``found_as``
    (the name in the source), ``n_detected``, ``n`` (null for a table)

    Raises
    ------
    LayoutError
        Arrays tell nothing of a line in `lines`.

    Warns
    -----
    Caution
        Targets of the library are not on the arrays. They count as not expressed.
    """
    known = told["cell_line"].unique(maintain_order=True).to_list()
    absent = [line for line in lines if line not in known]
    if absent and source == "arrays":
        raise LayoutError(
            "arrays do not say what some cell lines of the screen express",
            found=f"no untreated array of {listed(absent, last='and')}",
            expected=f"untreated arrays of every line (there are {listed(known, last='and')})",
            next_step='Add them, name a table as inputs.expressed, or set hits.expression = "any-line".',
        )
    index = index_of(base, told["target"])
    sides = []
    for names in (pl.Series("target", list(dict.fromkeys(wanted)), dtype=pl.String), told["target"].unique()):
        sides.append(pl.DataFrame({"name": names, "key": accessions_of(names, index=index)}))
    pairs = sides[0].rename({"name": "target"}).join(sides[1].rename({"name": "found_as"}), on="key", how="inner")
    if source == "arrays":
        _tell_absent([name for name in sides[0]["name"] if name not in set(pairs["target"])], len(sides[0]), base)
    counts = [pl.col(name) if name in told.columns else pl.lit(None, pl.Int32).alias(name) for name in _COUNTS]
    rows = told.select(pl.col("target").alias("found_as"), "cell_line", "expressed", *counts)
    table = pairs.drop("key").join(rows, on="found_as", how="inner")
    # Two names of the source may be one molecule: it is expressed if either says so.
    best = table.sort("target", "cell_line", "expressed", "found_as", descending=[False, False, True, False])
    return best.unique(["target", "cell_line"], keep="first", maintain_order=True).select(
        "target", "cell_line", "expressed", pl.lit(source).alias("source"), "found_as", *_COUNTS
    )


_COUNTS = ("n_detected", "n")


def _tell_absent(absent: Sequence[str], count: int, base: Mirbase | None) -> None:
    if absent:
        step = "Name a history of miRBase (inputs.mirbase), so that names are compared by accession."
        warnings.warn(
            Caution(
                "targets of the library that the arrays do not hold count as not expressed",
                found=f"{len(absent)} of {count}: {listed(absent, last='and', most=5)}",
                next_step=step if base is None else "Look them up in the table names.",
            ),
            stacklevel=3,
        )
