"""Seed families: what mimics with one seed do together."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

COLUMNS: dict[str, Column] = {
    "seed_family": ("seed", None, "code"),
    "kind": ("kind", None, "filter"),
    "cell_line": ("cell line", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "n_members": ("members", 0, ""),
    "n_called": ("called", 0, ""),
    "effect": ("δ of the family (log2)", 2, "size"),
    "ci_low": ("from", 2, "size"),
    "ci_high": ("to", 2, "size"),
    "tau2": ("variance between members", 3, ""),
    "p_value": ("p", 4, "rate"),
    "q_value": ("q", 4, "rate"),
    "discordant": ("members that differ", None, "long"),
    "members": ("who", None, "long"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """The table of families, and how far members share their effects; nothing without families."""
    families = tables.get("families")
    if families is None or families.is_empty() or "seed_family" not in families.columns:
        return None
    rows = _plain(families)
    order = [name for name in ("q_value", "effect", "seed_family") if name in rows.columns]
    kept = {name: look for name, look in COLUMNS.items() if name in rows.columns and rows[name].is_not_null().any()}
    rows = rows.sort(order, nulls_last=True).head(int(setting(manifest, "report", "rows", default=20000)))
    caption = "Seed families: the interaction of all members together, those that sensitize most first"
    return {
        "count": plural(families["seed_family"].n_unique(), "seed family").replace("familys", "families"),
        "shared": _shared(families),
        "data": {"families": column_table(rows, kept, caption=caption, name="families")},
    }


def _plain(families: pl.DataFrame) -> pl.DataFrame:
    """Lists as text; a count of members that is called `members` under its own name."""
    rows = families.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join("; ")
        for name, kind in families.schema.items()
        if isinstance(kind, pl.List)
    )
    if "members" not in rows.columns or "n_members" in rows.columns:
        return rows
    if rows.schema["members"].is_numeric():
        return rows.rename({"members": "n_members"})
    names = pl.col("members").str.replace_all(r";\s*", "; ")
    return rows.with_columns(names, (names.str.count_matches("; ") + 1).cast(pl.Int64).alias("n_members"))


def _shared(families: pl.DataFrame) -> str:
    """How far members share their effects, where the model says so."""
    if "phi" not in families.columns or families["phi"].drop_nulls().is_empty():
        return ""
    phi = families["phi"].drop_nulls()
    low, high = float(phi.min()), float(phi.max())  # type: ignore[arg-type]
    if high < 0.005:
        return "The data say that members of a family do not share their interactions: the seeds were not used."
    share = f"{100 * low:.0f} %" if high - low < 0.005 else f"{100 * low:.0f} to {100 * high:.0f} %"
    return f"The model finds that members of a family share their pattern of interactions in {share} of the cases (φ)."
