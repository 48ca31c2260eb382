"""Dose matrices: whether two drugs do more together than the reference expects, where, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from sensitome.charts.data import named, plural, setting, signed
from sensitome.charts.dose_matrices import dose_reference, surest_matrices
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

#: Matrices that are told in words; all are in the table.
_TOLD = 4

#: What each reference takes as no interaction, in plain words.
_MEANINGS = {
    "Bliss": "each drug kills the same share of the cells that the other leaves",
    "HSA": "together they do what the better of them does alone; more than that may still be plain addition",
    "Loewe": "one drug counts as a dose of the other, as two doses of one drug do",
    "ZIP": "neither drug shifts the dose-response curve of the other",
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """The matrices in words, the figure, what the reference means and whether others agree; None without matrices."""
    if "dose_scores" not in tables or "dose_summary" not in tables:
        return None
    reference = dose_reference(tables, manifest)
    summary = surest_matrices(tables, reference)
    if summary.is_empty():
        return None
    return {
        "count": "1 dose matrix" if summary.height == 1 else f"{summary.height:,} dose matrices",
        "lines": named(sorted(summary["cell_line"].drop_nulls().unique().to_list())),
        "size": _size(tables["dose_scores"]),
        "n": _replicates(summary),
        "reference": reference,
        "meaning": _MEANINGS.get(reference, ""),
        "found": _found(summary),
        "told": [
            _told(row, _farthest(tables["dose_scores"], row), manifest)
            for row in summary.head(_TOLD).iter_rows(named=True)
        ],
        "left": max(0, summary.height - _TOLD),
        "pairs": _pairs(tables["dose_scores"], reference),
        "others": _others(tables["dose_summary"], reference),
        "tested": bool(summary["q_value"].is_not_null().any()),
        "figures": ["dose_matrices"],
        "data": {"dose_summary": _table(tables["dose_summary"], summary)},
    }


def _size(scores: pl.DataFrame) -> str:
    """Doses of each drug, the usual number of them."""
    sizes = scores.group_by("block").agg(pl.col("dose_one", "dose_two").n_unique()).select("dose_one", "dose_two")
    one, two = sizes.unique().sort("dose_one", "dose_two").row(0)
    return f"{one} × {two} doses" if sizes.n_unique() == 1 else f"{one} × {two} doses and more"


def _replicates(summary: pl.DataFrame) -> str:
    """Replicates of a matrix."""
    n = sorted(set(summary["n"].to_list()))
    return plural(n[0], "replicate") if len(n) == 1 else f"{n[0]} to {n[-1]} replicates"


def _found(summary: pl.DataFrame) -> dict[str, int]:
    """How many matrices depart from the reference, and to which side."""
    sure = summary.filter(pl.col("q_value") < 0.05)
    return {
        "more": sure.filter(pl.col("effect") > 0).height,
        "less": sure.filter(pl.col("effect") < 0).height,
        "of": summary.height,
    }


def _farthest(scores: pl.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Pair of doses with the largest score in either direction, among those at q < .05 where there are such."""
    own = scores.filter((pl.col("block") == row["block"]) & (pl.col("reference").cast(pl.String) == row["reference"]))
    sure = (pl.col("q_value") < 0.05).fill_null(False)
    return own.sort(sure, pl.col("effect").abs(), "dose_one", "dose_two", descending=[True, True, False, False]).row(
        0, named=True
    )


def _told(row: Mapping[str, Any], pair: Mapping[str, Any], manifest: Manifest) -> str:
    """One matrix in a sentence, with its farthest pair of doses."""
    line = f" in {row['cell_line']}" if row["cell_line"] else ""
    text = f"{row['drug_one']} + {row['drug_two']}{line}: {row['direction']} on average"
    if row["ci_low"] is not None and row["q_value"] is not None:
        level = 100 * float(setting(manifest, "validation", "level", default=0.95))
        ends = f"{signed(row['ci_low'], digits=1)} to {signed(row['ci_high'], digits=1)}"
        text += f" ({level:g} % interval {ends}, q {row['q_value']:.2g}, n = {row['n']})"
    one, two = (_dose(pair[f"dose_{side}"], row[f"unit_{side}"]) for side in ("one", "two"))
    points = f"{'+' if pair['effect'] >= 0.05 else ''}{signed(pair['effect'], digits=1)}"
    return f"{text}; farthest, {points} points, at {one} {row['drug_one']} + {two} {row['drug_two']}"


def _dose(dose: float, unit: str | None) -> str:
    """A dose with its unit, where that is known."""
    return " ".join(filter(None, [f"{dose:.3g}", unit]))


def _pairs(scores: pl.DataFrame, reference: str) -> str:
    """How many pairs of doses depart from the reference by themselves; empty without a test."""
    own = scores.filter((pl.col("reference").cast(pl.String) == reference) & pl.col("q_value").is_not_null())
    if own.is_empty():
        return ""
    sure = own.filter(pl.col("q_value") < 0.05)
    more = sure.filter(pl.col("effect") > 0).height
    return (
        f"{more} of {plural(own.height, 'pair')} of doses inhibit more than expected, {sure.height - more} less (q < "
        ".05 over the pairs of a matrix)."
    )


def _others(summary: pl.DataFrame, reference: str) -> list[str]:
    """What the other references say of the same matrices: how many share the direction of the one that is shown."""
    names = summary.with_columns(pl.col("reference").cast(pl.String))
    own = names.filter(pl.col("reference") == reference).select("block", own=pl.col("effect").sign())
    words = []
    for other in ("Bliss", "HSA", "Loewe", "ZIP"):
        theirs = names.filter(pl.col("reference") == other).join(own, on="block")
        if other != reference and theirs.height:
            same = theirs.filter(pl.col("effect").sign() == pl.col("own")).height
            words.append(f"{other} ({_MEANINGS[other]}) points the same way in {same} of {theirs.height}")
    return words


def _table(summary: pl.DataFrame, shown: pl.DataFrame) -> dict[str, Any]:
    """Every matrix and reference, the matrices in the order of the figure."""
    columns: dict[str, Column] = {
        "block": ("matrix", None, "long"),
        "cell_line": ("cell line", None, "filter"),
        "reference": ("against", None, "filter"),
        "effect": ("mean score (points)", 1, "size"),
        "ci_low": ("from", 1, "size"),
        "ci_high": ("to", 1, "size"),
        "p_value": ("p", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "n": ("n", 0, ""),
        "peak": ("largest", 1, "size"),
        "at": ("at the doses", None, "long"),
        "direction": ("in words", None, "hidden"),
    }
    place = {block: number for number, block in enumerate(shown["block"])}
    first = str(shown["reference"][0])
    at = [
        " + ".join(_dose(row[f"peak_dose_{side}"], row[f"unit_{side}"]) for side in ("one", "two"))
        for row in summary.iter_rows(named=True)
    ]
    rows = summary.with_columns(pl.col("reference").cast(pl.String), pl.Series("at", at, dtype=pl.String)).sort(
        pl.col("block").replace_strict(place, default=len(place), return_dtype=pl.Int64),
        pl.col("reference") != first,
        "reference",
    )
    kept = {name: look for name, look in columns.items() if rows[name].is_not_null().any()}
    caption = "Mean score of each dose matrix; positive = more inhibition than the reference expects"
    return column_table(rows, kept, caption=caption, name="dose_summary")
