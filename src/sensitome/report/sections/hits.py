"""Every reagent in every drug arm, with each step of the rule."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, score_unit, setting
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

KEYS = ["reagent", "kind", "position", "cell_line", "treatment"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """The table of hits for the table widget: calls first, then by z."""
    most = int(setting(manifest, "report", "rows", default=20000))
    call = (
        pl.when(pl.col("is_hit") & pl.col("is_candidate"))
        .then(pl.lit("candidate"))
        .when("is_hit")
        .then(pl.lit("hit"))
        .otherwise(pl.lit("no"))
    )
    rank = pl.col("call").replace_strict({"candidate": 0, "hit": 1, "no": 2}, return_dtype=pl.Int8)
    rows = tables["hits"].with_columns(call.alias("call"))
    rows = _with_share(rows, tables)
    rows = _with_chance(rows, tables)
    rows = _with_truth(rows, tables)
    rows = rows.sort(rank, "z", *KEYS, nulls_last=True)
    unit = score_unit(manifest)
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "treatment": ("arm", None, "filter"),
        "call": ("call", None, "filter"),
        "p_call": ("P(call)", 2, "share"),
        "z": ("z", 2, ""),
        "score": (f"score ({unit})", 3, ""),
        "vehicle_z": ("z without drug", 2, ""),
        "vehicle_score": ("score without drug", 3, ""),
        "n": ("n", 0, ""),
        "vehicle_n": ("n without drug", 0, ""),
    }
    if "share" in rows.columns:
        columns["share"] = ("share of settings", 2, "share")
    if "shrunk_effect" in rows.columns:
        columns["shrunk_effect"] = ("change by the drug, drawn in (log2)", 2, "")
    if "truly" in rows.columns:
        columns["truly"] = ("true effect", None, "filter")
    if "p_call" not in rows.columns:
        del columns["p_call"]
    columns |= {"reason": ("reason", None, "long"), "position": ("position", None, "")}
    caption = "Every reagent in every drug arm of every cell line, judged by the rule; calls first"
    table = column_table(rows.head(most), columns, caption=caption, name="hits")
    return {
        "data": {"hits": table},
        "left_out": max(0, rows.height - most),
        "total": rows.height,
        "groups": _groups(tables["hits"]),
        "unit": unit,
        "chance": _chance(rows),
    }


def _with_share(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Share of the settings that call each row; 0 where none does."""
    if "stability" not in tables:
        return rows
    share = tables["stability"].select(*KEYS, "share")
    return rows.join(share, on=KEYS, how="left", maintain_order="left").with_columns(pl.col("share").fill_null(0.0))


def _with_chance(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """How often the rule would call again, and the change by the drug without the winner's curse, where known."""
    for name, column in (("call_probability", "p_call"), ("sensitizers", "shrunk_effect")):
        table = tables.get(name)
        if table is not None and not table.is_empty():
            rows = rows.join(table.select(*KEYS, column), on=KEYS, how="left", maintain_order="left")
    return rows


def _chance(rows: pl.DataFrame) -> str:
    """How sure the calls of the rule are of being called again, in a sentence."""
    if "p_call" not in rows.columns:
        return ""
    called = rows.filter("is_hit")["p_call"].drop_nulls()
    if called.is_empty():
        return ""
    unsure = int((called < 0.5).sum())
    again = f"Of {plural(len(called), 'hit')}, {float(called.sum()):.0f} would be expected to be called again"
    return f"{again}; {unsure} {'is' if unsure == 1 else 'are'} more likely lost than called."


def _with_truth(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Whether the effect is real, where a simulation tells."""
    truth = tables.get("truth")
    keys = ["reagent", "kind", "cell_line", "treatment"]
    if truth is None or not {*keys, "is_active"} <= set(truth.columns):
        return rows
    words = pl.when("is_active").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("truly")
    return rows.join(truth.select(*keys, words).unique(keys, keep="first"), on=keys, how="left", maintain_order="left")


def _groups(hits: pl.DataFrame) -> list[dict[str, Any]]:
    """Center, spread, threshold and counts of each treatment group."""
    keys = ["cell_line", "treatment"]
    return (
        hits.group_by(*keys, "center", "spread", "threshold")
        .agg(
            pl.col("score").is_not_null().sum().alias("n"),
            pl.col("is_significant").fill_null(value=False).sum().alias("significant"),
            pl.col("is_hit").sum().alias("hits"),
        )
        .sort(*keys, "threshold", nulls_last=True)
        .to_dicts()
    )
