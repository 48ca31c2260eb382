"""Patients: do the miRNAs of the screen go with tumor stage, and with which genes."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.cohorts import of_cohorts
from sensitome.charts.data import plural
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables
from sensitome.report.sections.patients_survival import build_survival, cohort_column

__all__ = ["build_genes", "build_stage", "build_survival"]

_TOP = 500


def build_stage(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Who was compared, the figure, and every pair of stages; None without stages."""
    if "stage" not in tables or tables["stage"].is_empty():
        return None
    trend = tables.get("stage_trend", pl.DataFrame({"mirna": [], "q_value": []}))
    patients = of_cohorts(tables.get("stage_patients", pl.DataFrame({"stage": []})))
    contrasts = of_cohorts(tables["stage"])
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(contrasts),
        "stage_a": ("stage", None, "filter"),
        "stage_b": ("against", None, "filter"),
        "n_a": ("n", 0, ""),
        "n_b": ("n against", 0, ""),
        "effect": ("shift (log2)", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "p_value": ("p (Wilcoxon)", 4, "rate"),
        "p_holm": ("p (Holm)", 4, "rate"),
        "q_value": ("q", 4, "rate"),
    }
    rows = contrasts.sort("p_value", "cohort", "mirna", nulls_last=True)
    return {
        "patients": {str(name): part.to_dicts() for (name,), part in patients.group_by("cohort", maintain_order=True)},
        "several": bool(cohort_column(contrasts)),
        "tested": plural(contrasts["mirna"].n_unique(), "miRNA"),
        "found": trend.filter(pl.col("q_value") <= 0.05)["mirna"].unique(maintain_order=True).to_list(),
        "figures": ["stage_boxes"],
        "data": {"stage": column_table(rows, columns, caption="Every miRNA and pair of stages", name="stage")},
    }


def build_genes(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """How many genes go with each miRNA, up and down, and the strongest pairs; None without an association."""
    if "association_summary" not in tables or tables["association_summary"].is_empty():
        return None
    summary = of_cohorts(tables["association_summary"])
    has_targets = "n_targets" in summary.columns and summary["n_targets"].is_not_null().any()
    data = {"genes": _counts(summary, has_targets)}
    pairs, sets = (
        of_cohorts(tables.get(name, pl.DataFrame({"mirna": []}))) for name in ("association", "association_sets")
    )
    if pairs.height:
        data["pairs"] = _pairs(pairs)
    if sets.height:
        data["sets"] = _sets(sets)
    up, down = int(summary["n_positive"].sum()), int(summary["n_negative"].sum())
    share = f"{100 * up / (up + down):.1f} % positive, {100 * down / (up + down):.1f} % negative" if up + down else ""
    lower = (
        summary.filter((pl.col("target_q_value") <= 0.05) & (pl.col("target_delta") < 0)) if has_targets else summary
    )
    return {
        "up": up,
        "down": down,
        "share": share,
        "mirnas": plural(summary["mirna"].n_unique(), "miRNA"),
        "has_pairs": "pairs" in data,
        "shown": min(pairs.height, _TOP),
        "has_targets": has_targets,
        "with_targets": summary.filter(pl.col("n_targets") > 0).height if has_targets else 0,
        "lower": lower.sort("target_p_value")["mirna"].unique(maintain_order=True).to_list() if has_targets else [],
        "has_sets": "sets" in data,
        "sets_shown": min(sets.height, _TOP),
        "sets_found": sets.filter(pl.col("q_value") <= 0.05).height if sets.height else 0,
        "figures": [],
        "data": data,
    }


def _counts(summary: pl.DataFrame, has_targets: bool) -> dict[str, Any]:
    """How many genes go with each miRNA, and whether its targets lie lower."""
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(summary),
        "n_tested": ("genes tested", 0, ""),
        "n_significant": ("significant", 0, ""),
        "n_positive": ("+", 0, ""),
        "n_negative": ("−", 0, ""),
        "top_gene": ("strongest", None, ""),
        "top_effect": ("its ρ", 2, "size"),
    }
    if has_targets:
        columns |= {
            "n_targets": ("targets tested", 0, ""),
            "target_delta": ("shift of targets (δ)", 2, "size"),
            "target_p_value": ("its p", 4, "rate"),
            "target_q_value": ("its q", 4, "rate"),
        }
    rows = summary.sort(["n_significant", "cohort", "mirna"], descending=[True, False, False])
    return column_table(rows, columns, caption="Genes that go with each miRNA", name="genes")


def _pairs(pairs: pl.DataFrame) -> dict[str, Any]:
    """The strongest pairs."""
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(pairs),
        "gene": ("gene", None, "filter"),
        "effect": ("ρ", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "q_value": ("q", 4, "rate"),
        "n": ("patients", 0, ""),
    }
    by_size = pairs.sort(pl.col("effect").abs(), "cohort", "mirna", "gene", descending=[True, False, False, False])
    return column_table(by_size.head(_TOP), columns, caption="The strongest pairs", name="pairs")


def _sets(sets: pl.DataFrame) -> dict[str, Any]:
    """Gene sets that the genes of a miRNA fill most."""
    columns: dict[str, Column] = {
        "mirna": ("miRNA", None, "filter"),
        **cohort_column(sets),
        "sign": ("correlation", None, "filter"),
        "gene_set": ("gene set", None, "filter"),
        "overlap": ("genes", 0, ""),
        "expected": ("by chance", 1, ""),
        "p_value": ("p", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "genes": ("which", None, "long"),
    }
    top = sets.sort("p_value", "cohort", "list", "gene_set").head(_TOP)
    return column_table(top, columns, caption="Gene sets among the genes that go with a miRNA", name="sets")
