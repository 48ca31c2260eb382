"""Fig. 1: viability with the drug against viability without, and what the rule behind it does not say."""

from __future__ import annotations

from typing import Any

from sensitome.charts.data import setting
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """The figure and its caption; the words beside it are in the template."""
    hits = tables["hits"]
    figures = ["viability_scatter"] if hits["vehicle_score"].is_not_null().any() else []
    if "scores" in tables:
        figures.append("score_distribution")
    return {
        "figures": figures,
        "has_vehicle": bool(hits["vehicle_score"].is_not_null().any()),
        "has_stability": "stability" in tables,
        "k": f"{float(setting(manifest, 'hits', 'k', default=3.0)):g}",
        "spread": str(setting(manifest, "hits", "spread", default="sd")).upper(),
        "center": setting(manifest, "hits", "center", default="median"),
    }
