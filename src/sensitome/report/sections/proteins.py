"""Proteins: what goes up and down under reagent and drug, and what that says of growth and death."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import named, plural, reading_order, setting
from sensitome.frames import largest
from sensitome.protein.scores import chance_hits
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

_KEYS = ["reagent", "kind", "cell_line", "treatment"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Design, how many calls chance would give, the heat map and the table of what is up and down; None without."""
    proteins = tables.get("proteins")
    if proteins is None or proteins.is_empty():
        return None
    samples = proteins.filter(pl.col("role") != "negative")
    table = _up_and_down(tables, manifest)
    return {
        "reagents": plural(samples.select("reagent", "kind").n_unique(), "reagent"),
        "lines": named(sorted(samples["cell_line"].unique().to_list())),
        "arms": named(reading_order(samples["treatment"].unique().to_list(), tables, manifest)),
        "proteins": named(sorted(p for p in samples["protein"].unique().to_list() if "/" not in p)),
        "n": int(largest(samples["n"])),
        "calls": _calls(samples, manifest),
        "grows": named(list(setting(manifest, "protein", "proliferation", default=()))),
        "dies": named(list(setting(manifest, "protein", "apoptosis", default=()))),
        "slides": _slides(tables),
        "changed": _changed(tables),
        "has_table": table is not None,
        "figures": ["protein_heatmap"],
        "data": {} if table is None else {"proteins": table},
    }


def _calls(samples: pl.DataFrame, manifest: Manifest) -> dict[str, Any]:
    """How many are called, by what, and how many chance alone would give."""
    found = samples.filter(pl.col("is_hit").fill_null(False)).height
    if setting(manifest, "protein", "call", default="z") == "z":
        k = float(setting(manifest, "protein", "k", default=2.0))
        _, expected = chance_hits(samples, k=k)
        words = f"|z| ≥ {k:g} over the reagents of the same protein, arm and line"
        return {"found": found, "words": words, "by_chance": f"{expected:,.0f}"}
    fdr = float(setting(manifest, "protein", "fdr", default=0.05))
    words = f"the moderated test over replicates at a false-discovery rate of {100 * fdr:g} %"
    return {"found": found, "words": words, "by_chance": None}


def _up_and_down(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Called proteins of each reagent and arm, up and down, as Table S6 of the paper has them; candidates first."""
    readings = tables.get("protein_readings")
    if readings is None or readings.is_empty():
        return None
    called = tables["proteins"].filter(pl.col("is_hit").fill_null(False))
    sides = called.group_by(_KEYS).agg(
        pl.col("protein").filter(pl.col("direction") == side).sort().str.join(", ").alias(side)
        for side in ("down", "up")
    )
    candidates = _candidates(tables)
    rows = readings.join(sides, on=_KEYS, how="left").with_columns(
        pl.when(pl.col("reagent").is_in(candidates)).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("candidate")
    )
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "candidate": ("candidate", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "treatment": ("arm", None, "filter"),
        "down": ("down", None, "long"),
        "up": ("up", None, "long"),
        "proliferation": ("growth (SD)", 1, "size"),
        "apoptosis": ("death (SD)", 1, "size"),
        "reading": ("reading (SD)", 1, "size"),
    }
    order = ["candidate", "reading", "reagent", "treatment"]
    rows = rows.sort(order, descending=[True, True, False, False], nulls_last=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Proteins up and down, and the reading: death − growth, positive = against the tumor cell"
    return column_table(rows.head(most), columns, caption=caption, name="proteins")


def _candidates(tables: Tables) -> list[str]:
    """Reagents on which there is a conclusion, else those of the validation."""
    for name in ("conclusions", "validation"):
        if name in tables:
            return [str(reagent) for reagent in tables[name]["reagent"].unique().sort()]
    return []


def _slides(tables: Tables) -> dict[str, Any] | None:
    """Verdicts on the slides."""
    slides = tables.get("protein_slides")
    if slides is None or slides.is_empty():
        return None
    table = slides.with_columns(pl.col("verdict").cast(pl.String)).sort("slide", "pad")
    poor = table.filter(pl.col("verdict") != "pass")
    return {
        "of": plural(table.height, "slide"),
        "passed": table.height - poor.height,
        "poor": [f"{row['antibody']} ({row['verdict']}: {row['detail']})" for row in poor.iter_rows(named=True)][:8],
    }


def _changed(tables: Tables) -> str:
    """How often the drug is shown to change what a reagent does to a protein."""
    table = tables.get("protein_interactions")
    if table is None or table.is_empty():
        return ""
    changed = table.filter(pl.col("is_changed").fill_null(False)).height
    return f"{changed:,} of {plural(table.height, 'comparison')} with and without drug"
