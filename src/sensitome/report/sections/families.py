"""Seed families: what mimics with one seed do together."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.frames import average
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

COLUMNS: dict[str, Column] = {
    "seed_family": ("seed", None, "code"),
    "kind": ("kind", None, "filter"),
    "n_members": ("members", 0, ""),
    "n_called": ("called", 0, ""),
    "p_shared": ("P(shared)", 3, "share"),
    "loyalty": ("loyalty φ", 2, "share"),
    "pattern": ("shared pattern", None, "long"),
    "p_pattern": ("P(pattern)", 2, "share"),
    "cell_line": ("strongest in", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "effect": ("mean δ there (log2)", 2, "size"),
    "ci_low": ("from", 2, "size"),
    "ci_high": ("to", 2, "size"),
    "p_value": ("p", 4, "rate"),
    "q_value": ("q", 4, "rate"),
    "called": ("called members", None, "long"),
    "members": ("all members", None, "hidden"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """The table of families, and how far members share their effects; nothing without families."""
    families = tables.get("families")
    if families is None or families.is_empty():
        return None
    most = int(setting(manifest, "report", "rows", default=20000))
    rows = families.with_columns(pl.col("members", "called").str.replace_all(";", "; "))
    kept = {name: look for name, look in COLUMNS.items() if rows[name].is_not_null().any()}
    caption = "Seed families: what all members do together, those that share a pattern most surely first"
    return {
        "count": plural(families.height, "seed family").replace("familys", "families"),
        "shared": _shared(families, tables.get("sensitization_fit")),
        "found": _found(families),
        "figures": ["seed_families"],
        "data": {"families": column_table(rows.head(most), kept, caption=caption, name="families")},
    }


def _found(families: pl.DataFrame) -> str:
    """How many families act together, by the model and against random reagents."""
    sure = families.filter(pl.col("p_shared") > 0.5).height
    listed = families.filter(pl.col("q_value") <= 0.1).height
    random = f"{listed} {'stands' if listed == 1 else 'stand'} out against random reagents (q ≤ 0.1)"
    if families["p_shared"].null_count() == families.height:
        return f"{random}."
    verb = "shares" if sure == 1 else "share"
    return f"{sure} {verb} a pattern of sensitization with a probability above one half; {random}."


def _shared(families: pl.DataFrame, fit: pl.DataFrame | None) -> str:
    """How far members share their effects, where the model says so."""
    if families["loyalty"].null_count() == families.height:
        return ""
    mean = None if fit is None else fit.filter(pl.col("quantity") == "family_loyalty")["value"]
    phi = float(mean[0]) if mean is not None and len(mean) else average(families["loyalty"])
    if phi < 0.005:
        return "The data say that members of a family do not share their interactions: the seeds were not used."
    return f"A member does what its family does in {100 * phi:.0f} % of the cases (φ, the mean over families)."
