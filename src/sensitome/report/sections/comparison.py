"""The rule and the test beside each other: who calls what, why they differ, and who is right where that is known."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.concordance import GROUPS, against_truth, compared
from sensitome.charts.data import plural, signed
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables
from sensitome.screen.concordance import concordance

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Counts, the figure, every call of either with its reason, and recall and false discoveries of a simulation."""
    called = compared(tables)
    if called is None:
        return None
    counts = {group: called.filter(pl.col("group") == group).height for group in GROUPS}
    return {
        "sentence": _sentence(counts),
        "agreement": _agreement(tables),
        "truth": [_percent(row) for row in against_truth(tables)],
        "figures": ["rule_versus_model"],
        "has_calls": called.height > 0,
        "data": {"comparison": _table(called)},
    }


def _sentence(counts: dict[str, int]) -> str:
    """How many contexts each calls."""
    both, rule, test = (counts[group] for group in GROUPS)
    if not both + rule + test:
        return "Neither the rule nor the test calls anything."
    verb = "is" if both == 1 else "are"
    return (
        f"{plural(both, 'context')} {verb} called by the rule of this study and by the test of the interaction; "
        f"{rule:,} only by the rule, {test:,} only by the test."
    )


def _agreement(tables: Tables) -> list[dict[str, str]]:
    """Counts of both, each alone and neither, by cell line and drug arm and in all, with Cohen's κ."""
    table = tables.get("concordance")
    if table is None or table.is_empty():
        return []
    rows = concordance(table).to_dicts()
    counts = ("both", "rule_only", "test_only", "neither")
    return [
        {"cell_line": row["cell_line"], "treatment": row["treatment"], **{name: f"{row[name]:,}" for name in counts}}
        | {"kappa": "–" if row["kappa"] is None else signed(row["kappa"])}
        for row in rows
    ]


def _percent(row: dict[str, Any]) -> dict[str, Any]:
    """Shares as percent."""
    shares = {name: "not defined" if row[name] is None else f"{100 * row[name]:.0f} %" for name in ("recall", "wrong")}
    return row | shares


def _table(called: pl.DataFrame) -> dict[str, Any]:
    """Every call of either for the table widget, disagreements first."""
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "treatment": ("arm", None, "filter"),
        "group": ("called", None, "filter"),
        "cause": ("in short", None, "pick"),
        "class": ("class of the test", None, "filter"),
        "reason": ("reason", None, "long"),
        "effect": ("δ (log2)", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "local_rate": ("local rate", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "z": ("z of the rule", 1, ""),
        "vehicle_z": ("z without drug", 1, ""),
    }
    rows = called
    if called["is_active"].is_not_null().any():
        words = pl.when("is_active").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("truly")
        rows, columns = called.with_columns(words), columns | {"truly": ("true effect", None, "filter")}
    kept = {name: look for name, look in columns.items() if rows[name].is_not_null().any() or name == "reagent"}
    differ = pl.col("group") == GROUPS[0]
    caption = "Every context that the rule or the test calls, with the reason; differences first"
    return column_table(rows.sort(differ, maintain_order=True), kept, caption=caption, name="comparison")
