"""What became of the names of miRNAs: how many are known now, renamed, dead or unclear, each with its reason."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import setting
from sensitome.mirna.names import STATUSES
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

_MEANING = {
    "exact": "the same name today",
    "renamed": "another name today",
    "ambiguous": "means several molecules",
    "dead": "taken out of miRBase",
    "precursor": "a hairpin, no mature miRNA",
    "family": "several members",
    "unknown": "never a name",
}
COLUMNS: dict[str, Column] = {
    "list": ("list", None, "filter"),
    "input": ("name in the list", None, ""),
    "status": ("status", None, "filter"),
    "accession": ("accession", None, "code"),
    "name": ("name today", None, ""),
    "version": ("release of the name", None, ""),
    "sequence": ("sequence", None, "hidden"),
    "candidates": ("accessions in question", None, "hidden"),
    "reason": ("reason", None, "long"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Counts by list and status, and every name; nothing without a history of miRBase."""
    names = tables.get("names")
    if names is None or names.is_empty():
        return None
    text = names.with_columns(pl.col("status").cast(pl.String))
    rank = {status: place for place, status in enumerate(("ambiguous", "unknown", "dead", "family", "precursor"))}
    order = pl.col("status").replace_strict(rank, default=len(rank), return_dtype=pl.Int8)
    rows = text.sort(order, pl.col("status") == "exact", maintain_order=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Every name with its accession and the reason, those that need a look first"
    used = [status for status in STATUSES if status in set(text["status"])]
    return {
        "statuses": [(status, _MEANING[status]) for status in used],
        "lists": [_counts(str(name), own, used) for (name,), own in text.group_by(["list"], maintain_order=True)],
        "figures": [],
        "data": {"names": column_table(rows.head(most), COLUMNS, caption=caption, name="names")},
    }


def _counts(name: str, own: pl.DataFrame, used: list[str]) -> dict[str, Any]:
    """Counts of one list, the share that strings alone would find, and the share that accessions find."""
    counts = dict(own["status"].value_counts().iter_rows())
    found = own.filter(pl.col("status").is_in(["exact", "renamed"])).height
    return {
        "name": name,
        "total": own.height,
        "counts": [counts.get(status, 0) for status in used],
        "by_name": f"{100 * counts.get('exact', 0) / own.height:.1f} %",
        "by_accession": f"{100 * found / own.height:.1f} %",
    }
