"""Genes behind the screen: those whose repression by mimics explains what the mimics do."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

COLUMNS: dict[str, Column] = {
    "gene": ("gene", None, ""),
    "cell_line": ("cell line", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "verdict": ("call", None, "filter"),
    "selection": ("share of halves", 2, "share"),
    "effect": ("effect of repression (log2)", 2, "size"),
    "q_value": ("q", 3, ""),
    "rank_q": ("q of the mean rank", 3, ""),
    "n_mirnas": ("mimics", 0, ""),
    "strongest": ("strongest carrier", None, ""),
    "n_families": ("families", 0, "hidden"),
    "same_targets": ("same targets", None, "hidden"),
    "mirnas": ("carried by", None, "hidden"),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Called genes with their signs, what is known to be true, the matrix and the table; nothing without genes."""
    genes = tables.get("genes")
    if genes is None or genes.is_empty():
        return None
    called = genes.filter("is_selected")
    most = min(2000, int(setting(manifest, "report", "rows", default=20000)))
    rows = _named(genes, tables).head(most)
    caption = "Genes, the most often selected first"
    if genes.height > most:
        caption += f"; the first {most:,} of {genes.height:,}, all are in the table genes of the run"
    return {
        "tested": plural(genes["gene"].n_unique(), "gene"),
        "arms": plural(genes.select("cell_line", "treatment").n_unique(), "context"),
        "called": plural(called["gene"].n_unique(), "gene"),
        "sensitizing": called.filter(pl.col("sign") < 0)["gene"].unique().sort().head(40).to_list(),
        "protecting": called.filter(pl.col("sign") > 0)["gene"].unique().sort().head(40).to_list(),
        "threshold": f"{float(setting(manifest, 'genes', 'threshold', default=0.75)):g}",
        "false_calls": f"{float(setting(manifest, 'genes', 'false_calls', default=1.0)):g}",
        "from_model": "sensitizers" in tables,
        "truth": _truth(manifest),
        "figures": ["gene_matrix"],
        "data": {"genes-behind": column_table(rows, COLUMNS, caption=caption, name="genes")},
    }


def _named(genes: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Rows of the table; accessions of the carriers in the words of the library where a history tells them."""
    sign = pl.col("sign")
    verdict = (
        pl.when(~pl.col("is_selected"))
        .then(pl.lit("not called"))
        .when(sign < 0)
        .then(pl.lit("repression sensitizes"))
        .otherwise(pl.lit("repression protects"))
    )
    names = tables.get("names")
    words = (
        {} if names is None else dict(names.drop_nulls(["accession", "name"]).select("accession", "name").iter_rows())
    )
    carriers = pl.col("mirnas").str.split(";").list.eval(pl.element().replace(words))
    told = {"verdict": verdict, "strongest": carriers.list.first(), "mirnas": carriers.list.join("; ")}
    return genes.with_columns(**told).sort(
        "is_selected", "selection", "rank_p", "gene", "cell_line", "treatment",
        descending=[True, True, False, False, False, False], nulls_last=True,
    )  # fmt: skip


def _truth(manifest: Manifest) -> dict[str, Any] | None:
    """Recall and false calls of a simulated study."""
    headline = manifest.get("headline") or {}
    if headline.get("gene_recall") is None:
        return None
    return {
        "genes": headline["true_genes"],
        "recall": f"{100 * headline['gene_recall']:.0f} %",
        "wrong": f"{100 * headline['gene_false_discovery_proportion']:.0f} %",
    }
