"""Patients: do the miRNAs of the screen go with tumor stage, with survival, and with which genes."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build_genes", "build_stage", "build_survival"]

_TOP = 500


def build_stage(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Who was compared, the figure, and every pair of stages; None without stages."""
    if "stage" not in tables or tables["stage"].is_empty():
        return None
    trend = tables.get("stage_trend", pl.DataFrame({"mirna": [], "q_value": []}))
    patients = tables.get("stage_patients", pl.DataFrame())
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        "stage_a": ("stage", None, "filter"),
        "stage_b": ("against", None, "filter"),
        "n_a": ("n", 0, ""),
        "n_b": ("n against", 0, ""),
        "effect": ("shift (log2)", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "p_value": ("p (Wilcoxon)", 4, ""),
        "p_holm": ("p (Holm)", 4, ""),
        "q_value": ("q", 4, ""),
    }
    rows = tables["stage"].sort("p_value", "mirna", nulls_last=True)
    return {
        "patients": patients.to_dicts(),
        "tested": plural(tables["stage"]["mirna"].n_unique(), "miRNA"),
        "found": trend.filter(pl.col("q_value") <= 0.05)["mirna"].to_list() if trend.height else [],
        "figures": ["stage_boxes"],
        "data": {"stage": column_table(rows, columns, caption="Every miRNA and pair of stages", name="stage")},
    }


def build_survival(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many tests there are and how many stand, the figures, and every test; None without survival."""
    if "survival" not in tables or tables["survival"].is_empty():
        return None
    survival = tables["survival"]
    continuous = survival.filter(pl.col("model") == "cox").drop_nulls("p_value")
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        "endpoint": ("endpoint", None, "filter"),
        "model": ("model", None, "filter"),
        "effect": ("hazard ratio", 2, ""),
        "ci_low": ("from", 2, ""),
        "ci_high": ("to", 2, ""),
        "p_value": ("p", 4, ""),
        "q_value": ("q", 4, ""),
        "n": ("patients", 0, ""),
        "n_event": ("events", 0, ""),
        "n_high": ("high", 0, ""),
        "n_low": ("low", 0, ""),
        "power": ("power for HR 1.5", 2, "share"),
        "note": ("note", None, "long"),
    }
    rows = survival.sort("p_value", "mirna", "endpoint", "model", nulls_last=True)
    rows = rows.with_columns(pl.col("effect", "ci_low", "ci_high").exp())
    return {
        "tests": plural(continuous.height, "test"),
        "mirnas": plural(continuous["mirna"].n_unique(), "miRNA"),
        "endpoints": sorted(continuous["endpoint"].unique()),
        "small": continuous.filter(pl.col("p_value") < 0.05).height,
        "by_chance": f"{0.05 * continuous.height:.1f}",
        "found": [
            f"{row['mirna']} ({row['endpoint'].upper()})"
            for row in continuous.filter(pl.col("q_value") <= 0.05).sort("p_value", "mirna").to_dicts()
        ],
        "figures": ["survival_curves", "survival_forest", "multiverse"],
        "data": {"survival": column_table(rows, columns, caption="Every miRNA, endpoint and model", name="survival")},
    }


def build_genes(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many genes go with each miRNA, up and down, and the strongest pairs; None without an association."""
    if "association_summary" not in tables or tables["association_summary"].is_empty():
        return None
    summary = tables["association_summary"]
    counts: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        "n_tested": ("genes tested", 0, ""),
        "n_significant": ("significant", 0, ""),
        "n_positive": ("+", 0, ""),
        "n_negative": ("−", 0, ""),
        "top_gene": ("strongest", None, ""),
        "top_effect": ("its ρ", 2, "size"),
    }
    by_count = summary.sort(["n_significant", "mirna"], descending=[True, False])
    data = {"genes": column_table(by_count, counts, caption="Genes that go with each miRNA", name="genes")}
    pairs = tables.get("association", pl.DataFrame())
    if pairs.height:
        columns: dict[str, Column] = {
            "mirna": ("miRNA", None, "filter"),
            "gene": ("gene", None, "filter"),
            "effect": ("ρ", 2, "size"),
            "ci_low": ("from", 2, "size"),
            "ci_high": ("to", 2, "size"),
            "q_value": ("q", 4, ""),
            "n": ("patients", 0, ""),
        }
        top = pairs.sort(pl.col("effect").abs(), "mirna", "gene", descending=[True, False, False]).head(_TOP)
        data["pairs"] = column_table(top, columns, caption="The strongest pairs", name="pairs")
    up, down = int(summary["n_positive"].sum()), int(summary["n_negative"].sum())
    return {
        "up": up,
        "down": down,
        "share": ""
        if not up + down
        else f"{100 * up / (up + down):.1f} % positive, {100 * down / (up + down):.1f} % negative",
        "mirnas": plural(summary.height, "miRNA"),
        "has_pairs": "pairs" in data,
        "shown": min(pairs.height, _TOP),
        "figures": [],
        "data": data,
    }
