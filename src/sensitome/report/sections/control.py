"""What miRNAs control: gene sets among their targets, by random genes and by random miRNAs side by side."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import setting
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

COLUMNS: dict[str, Column] = {
    "gene_set": ("gene set", None, "long"),
    "list": ("list of miRNAs", None, "filter"),
    "overlap": ("targets in it", 0, ""),
    "set_size": ("genes", 0, ""),
    "expected": ("random genes give", 1, ""),
    "expected_random": ("random miRNAs give", 1, ""),
    "p_value": ("p by genes", 4, "rate"),
    "q_value": ("q by genes", 4, "rate"),
    "empirical_p": ("p by miRNAs", 4, "rate"),
    "empirical_q": ("q by miRNAs", 4, "rate"),
    "description": ("description", None, "hidden"),
    "genes": ("target genes", None, "hidden"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many sets pass by either test, the dots and the table; nothing without gene sets."""
    enrichment = tables.get("enrichment")
    if enrichment is None or enrichment.is_empty():
        return None
    alpha = float(setting(manifest, "enrichment", "alpha", default=0.05))
    order = enrichment.sort("empirical_p", "p_value", "list", "gene_set", nulls_last=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Gene sets among the targets, those that random miRNAs target least first; the CSV names the genes"
    return {
        "alpha": f"{alpha:g}",
        "draws": int(enrichment["draws"].max() or 0),  # type: ignore[arg-type]
        "convention": enrichment["convention"][0],
        "lists": _lists(enrichment, alpha),
        "figures": ["enrichment_dots"],
        "data": {"enrichment": column_table(order.head(most), COLUMNS, caption=caption, name="enrichment")},
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
