"""Which genes the miRNAs of the study target, by which evidence, and what of the evidence does not count."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import setting
from sensitome.mirna.targets import TIERS
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

#: Rows shown of targets; the run's table has them all.
MOST = 3000
COLUMNS: dict[str, Column] = {
    "mirna": ("miRNA", None, "filter"),
    "accession": ("accession", None, "code"),
    "gene": ("gene", None, ""),
    "tier": ("evidence", None, "filter"),
    "sources": ("sources", None, "filter"),
    "support": ("strongest word", None, ""),
    "scores": ("best scores", None, ""),
    "n_sources": ("sources", 0, ""),
    "references": ("references", 0, ""),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Tiers and sources with counts, and the targets of the miRNAs that the study found; nothing without targets."""
    targets = tables.get("targets")
    if targets is None or targets.is_empty():
        return None
    rows, whose = _found(targets, tables)
    rank = (
        pl.col("tier").cast(pl.String).replace_strict({tier: i for i, tier in enumerate(TIERS)}, return_dtype=pl.Int8)
    )
    order = rows.sort(rank, -pl.col("n_sources"), "mirna", "gene")
    most = min(MOST, int(setting(manifest, "report", "rows", default=20000)))
    caption = f"Targets of {whose}, observed ones first"
    if order.height > most:
        caption += f"; the first {most:,} of {order.height:,}, all are in the table targets of the run"
    return {
        "pairs": targets.height,
        "mirnas": targets["accession"].n_unique(),
        "genes": targets["gene"].n_unique(),
        "tiers": _tiers(targets),
        "sources": _sources(tables.get("target_sources")),
        "figures": [],
        "data": {"targets": column_table(order.head(most), COLUMNS, caption=caption, name="targets")},
    }


def _found(targets: pl.DataFrame, tables: Tables) -> tuple[pl.DataFrame, str]:
    """Targets of the candidates where there are some, else of all miRNAs; and whose they are, in words."""
    hits, reagents = tables.get("hits"), tables.get("reagents")
    if hits is None or reagents is None or "target" not in reagents.columns:
        return targets, "all miRNAs"
    candidates = hits.filter("is_candidate").select("reagent", "kind").unique()
    aims = reagents.join(candidates, on=["reagent", "kind"], how="semi")["target"].drop_nulls().unique()
    names = tables.get("names")
    accessions = aims
    if names is not None:
        known = names.filter((pl.col("list") == "library") & pl.col("input").is_in(aims.to_list()))
        accessions = known["accession"].drop_nulls()
    own = targets.filter(pl.col("accession").is_in(accessions.to_list()) | pl.col("mirna").is_in(aims.to_list()))
    return (own, "the candidates") if own.height else (targets, "all miRNAs")


def _tiers(targets: pl.DataFrame) -> list[tuple[str, int, int]]:
    """Pairs and miRNAs of each tier, the strongest first."""
    text = targets.with_columns(pl.col("tier").cast(pl.String))
    counted = {tier: own for (tier,), own in text.group_by(["tier"])}
    return [(tier, counted[tier].height, counted[tier]["accession"].n_unique()) for tier in TIERS if tier in counted]


def _sources(sources: pl.DataFrame | None) -> list[dict[str, Any]]:
    """What became of the rows of each source."""
    if sources is None:
        return []
    return list(sources.with_columns(pl.col("evidence").cast(pl.String)).iter_rows(named=True))
