"""Candidates: reagents with more than one effect, one row each."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import drug_arms, signed
from sensitome.report.section import Manifest, Tables

__all__ = ["build", "candidate_rows"]

ITEM = ["reagent", "kind", "position"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """One row per candidate: where it is a hit, how strong, how stable; most often called first."""
    rows = candidate_rows(tables, manifest)
    return {
        "candidates": rows,
        "has_stability": "stability" in tables,
        "has_truth": any(row["truth"] is not None for row in rows),
        "one_context": tables["hits"].select("cell_line", "treatment").n_unique() < 2,
    }


def candidate_rows(tables: Tables, manifest: Manifest) -> list[dict[str, Any]]:
    """Candidates as dictionaries: reagent, kind, contexts, strongest z, least and greatest share of settings, truth."""
    hits = tables["hits"].filter(pl.col("is_candidate") & pl.col("is_hit"))
    keys = [*ITEM, "cell_line", "treatment"]
    joined = hits.select(*keys, "z", "score", "vehicle_z")
    share = (
        tables["stability"].select(*keys, "share")
        if "stability" in tables
        else joined.select(keys).with_columns(share=None)
    )
    joined = joined.join(share, on=keys, how="left")
    truth = tables.get("truth")
    if truth is not None and {"reagent", "kind", "cell_line", "treatment", "is_active"} <= set(truth.columns):
        known = ["reagent", "kind", "cell_line", "treatment"]
        joined = joined.join(truth.select(*known, "is_active").unique(known, keep="first"), on=known, how="left")
    else:
        joined = joined.with_columns(pl.lit(None, dtype=pl.Boolean).alias("is_active"))
    arms = {arm: place for place, arm in enumerate(drug_arms(tables, manifest))}
    rows = []
    for _, own in joined.group_by(ITEM, maintain_order=True):
        first = own.row(0, named=True)
        ordered = sorted(own.iter_rows(named=True), key=lambda row: (row["cell_line"], arms.get(row["treatment"], 0)))
        rows.append(_row(first, ordered))
    return sorted(rows, key=lambda row: (-(row["least"] or 0.0), row["strongest"], row["reagent"]))


def _row(first: dict[str, Any], contexts: list[dict[str, Any]]) -> dict[str, Any]:
    """One candidate."""
    shares = [row["share"] for row in contexts if row["share"] is not None]
    lines: dict[str, list[str]] = {}
    for row in contexts:
        lines.setdefault(row["cell_line"], []).append(f"{row['treatment']} ({signed(row['z'], digits=1)})")
    known = [row["is_active"] for row in contexts if row["is_active"] is not None]
    return {
        "reagent": first["reagent"],
        "kind": first["kind"],
        "lines": [(line, ", ".join(arms)) for line, arms in lines.items()],
        "contexts": len(contexts),
        "strongest": min(row["z"] for row in contexts),
        "strongest_text": signed(min(row["z"] for row in contexts), digits=1),
        "vehicle": signed(
            min((row["vehicle_z"] for row in contexts if row["vehicle_z"] is not None), key=abs, default=0.0), digits=1
        )
        if any(row["vehicle_z"] is not None for row in contexts)
        else "–",
        "least": min(shares, default=None),
        "share": _percent(shares),
        "truth": f"{sum(known)} of {len(known)}" if known else None,
    }


def _percent(shares: list[float]) -> str:
    """Range of the shares in percent."""
    if not shares:
        return "–"
    low, high = round(100 * min(shares)), round(100 * max(shares))
    return f"{low} %" if low == high else f"{low}–{high} %"
