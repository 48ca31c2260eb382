"""Evidence: every candidate with what each experiment says of it, and a card for each."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, reading_order, setting
from sensitome.charts.validation_panels import control_replicates, shown_test
from sensitome.evidence.gather import SOURCES
from sensitome.evidence.lab import adopt_kinds
from sensitome.evidence.sources import EXPERIMENTS
from sensitome.frames import largest
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

_ITEM = ["reagent", "kind"]
#: Sources in words, as the card lists them.
_TITLES = [
    {"name": one.name, "title": f"{one.title[:1].upper()}{one.title[1:]}", "experiment": one.experiment}
    for one in SOURCES
]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Every candidate in one row, and what its card needs; None without the tables of the evidence."""
    conclusions = tables.get("conclusions")
    if conclusions is None or conclusions.is_empty() or not {"support", "evidence"} <= set(tables):
        return None
    most = int(setting(manifest, "evidence", "cards", default=200))
    rows = int(setting(manifest, "report", "rows", default=20000))
    shown = conclusions.head(most)
    return {
        "count": plural(conclusions.height, "candidate"),
        "without_card": max(0, conclusions.height - most),
        "most": most,
        "chosen": _chosen(conclusions),
        "judged": [one.title for one in EXPERIMENTS.values() if one.role != "context"],
        "has_cards": most > 0,
        "figures": [],
        "data": {"conclusions": _table(conclusions.head(rows)), "cards": _cards(shown, tables, manifest)},
    }


def _chosen(conclusions: pl.DataFrame) -> list[str]:
    """How many the rule, the model and the validation assay chose."""
    words = {
        "rule": "candidates of the rule",
        "model": "called by the test of the interaction",
        "validation": "in the validation assay",
    }
    counts = {name: conclusions["chosen_by"].str.split(", ").list.contains(name).sum() for name in words}
    return [f"{count} {words[name]}" for name, count in counts.items() if count]


def _table(conclusions: pl.DataFrame) -> dict[str, Any]:
    """Every candidate: its verdict, where, what each experiment says, and the weakest link."""
    columns: dict[str, Column] = {
        "reagent": ("candidate", None, "card"),
        "kind": ("kind", None, "pick"),
        "verdict": ("verdict", None, "filter"),
        "cell_line": ("best in", None, "filter"),
        "treatment": ("with", None, "filter"),
        "says_screen": ("screen", None, "mark"),
        "says_validation": ("validation", None, "mark"),
        "says_proteins": ("proteins", None, "mark"),
        "says_patients": ("patients", None, "mark"),
        "effect": ("estimate", 2, "size"),
        "ci_low": ("from", 2, "hidden"),
        "ci_high": ("to", 2, "hidden"),
        "source": ("estimate of", None, "hidden"),
        "chosen_by": ("chosen by", None, "hidden"),
        "where": ("all verdicts", None, "hidden"),
        "weakest": ("weakest link", None, "long"),
        "summary": ("conclusion", None, "hidden"),
    }
    return column_table(conclusions, columns, caption="Every candidate, the best supported first", name="conclusions")


def _cards(shown: pl.DataFrame, tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """What the cards are drawn from, as tables of columns; missing sources are left out and told as missing."""
    support = tables["support"].join(shown.select(_ITEM), on=_ITEM, how="semi")
    told = support.with_columns(pl.col("says").cast(pl.String), pl.col("source").cast(pl.String))
    arms = reading_order(support["treatment"].unique().to_list(), tables, manifest)
    return {
        "vehicle": setting(manifest, "treatments", "vehicle"),
        "arms": arms,
        "sources": _TITLES,
        "experiments": [
            {"name": one.name, "title": one.title, "judged": one.role != "context"} for one in EXPERIMENTS.values()
        ],
        "items": _plain(shown, [*_ITEM, "verdict", "cell_line", "treatment", "chosen_by", "expected", "summary"]),
        "contexts": _contexts(tables, shown),
        "support": _plain(
            told.filter(pl.col("says") != "missing"), [*_ITEM, "cell_line", "treatment", "source", "says", "words"]
        ),
        "validation": _validation(tables, manifest, shown),
        "proteins": _proteins(tables, shown),
    }


def _plain(frame: pl.DataFrame, columns: list[str], *, digits: int = 2) -> dict[str, Any]:
    """Columns of a table for the scripts: texts as levels and codes, numbers rounded."""
    looks: dict[str, Column] = {
        name: (name, digits if frame[name].dtype.is_numeric() else None, "") for name in columns
    }
    return column_table(frame, looks, caption="", name="")


def _contexts(tables: Tables, shown: pl.DataFrame) -> dict[str, Any]:
    """Verdict and experiments of every line and arm with drug."""
    names = [*_ITEM, "cell_line", "treatment", "verdict", *(name for name in shown.columns if name.startswith("says_"))]
    rows = tables["evidence"].join(shown.select(_ITEM), on=_ITEM, how="semi").filter(pl.col("verdict").is_not_null())
    return _plain(rows.with_columns(pl.col(name).cast(pl.String) for name in names), names)


def _validation(tables: Tables, manifest: Manifest, shown: pl.DataFrame) -> dict[str, Any] | None:
    """Bars and points of the validation assay, as the figure has them."""
    if "validation" not in tables or "validation_replicates" not in tables:
        return None
    table = shown_test(tables, manifest).filter(pl.col("contrast").cast(pl.String) == "reagent")
    table = _of(table, shown)
    if table.is_empty():
        return None
    by_well = str(table["unit"][0]).startswith("wells")
    bars = str(setting(manifest, "validation", "error_bars", default="sem" if by_well else "ci"))
    ends = _ends(bars)
    points = tables["validation_replicates"]
    controls = control_replicates(points, table).with_columns(
        pl.lit("control").alias("reagent"), pl.lit("").alias("kind"), pl.lit("negative").alias("role")
    )
    near = pl.concat([controls, _of(points.filter(pl.col("role") == "sample"), shown)], how="diagonal_relaxed")
    drawn = table.with_columns(*ends).sort(*_ITEM, "cell_line", "treatment")
    replicates = near.with_columns((100 * pl.col("viability")).alias("viability")).sort(
        *_ITEM, "cell_line", "treatment", "replicate"
    )
    spread = "SEM" if bars == "sem" else "95 % interval"
    unit = "wells" if by_well else "biological replicates"
    names = [*_ITEM, "cell_line", "treatment", "viability", "low", "high", "control", "control_low", "control_high"]
    return {
        "words": f"Bar: mean, line: {spread} (n = {int(largest(table['n']))} {unit}).",
        "bars": _plain(drawn, [*names, "stars", "comparator"], digits=1),
        "points": _plain(replicates, [*_ITEM, "role", "cell_line", "treatment", "viability", "comparator"], digits=1),
    }


def _of(table: pl.DataFrame, shown: pl.DataFrame) -> pl.DataFrame:
    """Rows of the candidates; where a table has no kinds, those of the candidate of that name."""
    items = shown.select(pl.col(_ITEM).cast(pl.String))
    return adopt_kinds(table, items).join(items, on=_ITEM, how="semi", maintain_order="left")


def _ends(bars: str) -> list[pl.Expr]:
    """Means and ends of the bars of reagent and control."""
    control = pl.col("control_viability")
    if bars == "sem":
        own = pl.col("viability"), pl.col("viability_sem"), control, pl.col("control_sem")
        mean, sem, level, spread = own
        ends = (mean - sem, mean + sem, level - spread, level + spread)
    else:
        ends = (pl.col("viability_low"), pl.col("viability_high"), pl.col("control_low"), pl.col("control_high"))
    names = ("low", "high", "control_low", "control_high")
    return [control.alias("control"), *(end.alias(name) for name, end in zip(names, ends, strict=True))]


def _proteins(tables: Tables, shown: pl.DataFrame) -> dict[str, Any] | None:
    """Z of every protein of the candidates."""
    if "proteins" not in tables:
        return None
    own = _of(tables["proteins"], shown)
    own = own.filter(pl.col("z").is_not_null()).sort(*_ITEM, "cell_line", "treatment", "protein")
    if own.is_empty():
        return None
    return _plain(own, [*_ITEM, "cell_line", "treatment", "protein", "z", "direction"])
