"""What miRNAs control: gene sets among their targets, by random genes and by random miRNAs side by side."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import setting
from sensitome.frames import largest
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

#: Disputed gene sets named of one list; all are in the table of the run.
MOST = 12
COLUMNS: dict[str, Column] = {
    "gene_set": ("gene set", None, "long"),
    "list": ("list of miRNAs", None, "filter"),
    "overlap": ("targets in it", 0, ""),
    "set_size": ("genes", 0, ""),
    "odds_ratio": ("odds ratio", 2, ""),
    "combined_score": ("combined score", 1, "hidden"),
    "expected": ("random genes give", 1, "hidden"),
    "expected_random": ("random miRNAs give", 1, ""),
    "p_value": ("p by genes", 4, "rate"),
    "q_value": ("q by genes", 4, "rate"),
    "empirical_p": ("p by miRNAs", 4, "rate"),
    "empirical_q": ("q by miRNAs", 4, "rate"),
    "description": ("description", None, "hidden"),
    "genes": ("target genes", None, "hidden"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many sets pass by either test and in either era of Enrichr, the dots and the table; nothing without sets."""
    enrichment = tables.get("enrichment")
    if enrichment is None or enrichment.is_empty():
        return None
    alpha = float(setting(manifest, "enrichment", "alpha", default=0.05))
    order = enrichment.sort("empirical_p", "p_value", "list", "gene_set", nulls_last=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Gene sets among the targets, those that random miRNAs target least first; the CSV names the genes"
    columns = {name: look for name, look in COLUMNS.items() if name in order.columns}
    return {
        "alpha": f"{alpha:g}",
        "eras": _eras(tables.get("enrichment_eras")),
        "draws": int(largest(enrichment["draws"])),
        "convention": enrichment["convention"][0],
        "lists": _lists(enrichment, alpha),
        "figures": ["enrichment_dots"],
        "data": {"enrichment": column_table(order.head(most), columns, caption=caption, name="enrichment")},
    }


def _lists(enrichment: pl.DataFrame, alpha: float) -> list[dict[str, Any]]:
    """One entry a list: its size, and how many sets pass by genes and by miRNAs."""
    counted = enrichment.group_by("list", maintain_order=True).agg(
        pl.col("n_mirnas").first(),
        pl.col("list_size").first(),
        pl.len().alias("sets"),
        (pl.col("q_value") < alpha).sum().alias("by_genes"),
        (pl.col("empirical_q") < alpha).sum().alias("by_mirnas"),
    )
    return list(counted.iter_rows(named=True))


def _eras(eras: pl.DataFrame | None) -> list[dict[str, Any]]:
    """One entry a list: how many sets pass as Enrichr counted in 2020 and as it counts now, and which do in one."""
    if eras is None or eras.is_empty():
        return []
    rows = []
    for (name,), own in eras.group_by(["list"], maintain_order=True):
        passing = own.filter("passes")
        disputed = passing.filter("is_disputed").sort("convention", "p_value", "gene_set")
        rows.append(
            {
                "list": name,
                "then": passing.filter(pl.col("convention") == "enrichr-2020").height,
                "now": passing.filter(pl.col("convention") == "enrichr").height,
                "disputed": [
                    (gene_set, "2020" if convention == "enrichr-2020" else "now")
                    for gene_set, convention in disputed.select("gene_set", "convention").head(MOST).iter_rows()
                ],
                "more": max(0, disputed.height - MOST),
            }
        )
    return rows
