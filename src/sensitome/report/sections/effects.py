"""Effects of a screen without a drug: what is toxic, how sure that is, and whether it would show again."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

COLUMNS: dict[str, Column] = {
    "reagent": ("reagent", None, "reagent"),
    "kind": ("kind", None, "filter"),
    "cell_line": ("cell line", None, "filter"),
    "treatment": ("arm", None, "filter"),
    "word": ("shown", None, "filter"),
    "p_loss": ("P(loss)", 3, "share"),
    "p_again": ("P(again)", 3, "share"),
    "shrunk_effect": ("effect, drawn in (log2)", 2, "size"),
    "ci_low": ("from", 2, "size"),
    "ci_high": ("to", 2, "size"),
    "effect": ("as measured", 2, "size"),
    "n": ("n", 0, ""),
    "p_wrong": ("P(a well went wrong)", 2, "share"),
    "p_gain": ("P(gain)", 3, "hidden"),
    "position": ("position", None, "hidden"),
}
_NOISE = {
    "replicates": "The noise of a well is known from the replicates, and a well that went wrong is told by the others.",
    "controls": "There is one replicate: the noise of a well is taken from the negative controls, and a well that went "
    "wrong cannot be told from an effect. The probabilities are too optimistic by that much.",
    "library": "There is one replicate, and no controls tell the noise: the spread of the library stands in for it, "
    "which holds true effects as well. Little can be said.",
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Counts, what the noise is known from, and the table; nothing for a screen with arms to compare."""
    effects = tables.get("one_arm")
    if effects is None or effects.is_empty():
        return None
    most = int(setting(manifest, "report", "rows", default=20000))
    rows = effects.with_columns(pl.col("word").cast(pl.String)).sort(
        "p_loss", "effect", "reagent", "kind", "cell_line", descending=[True, *[False] * 4], nulls_last=True
    )
    kept = {name: look for name, look in COLUMNS.items() if rows[name].is_not_null().any()}
    caption = "Effect of every reagent on viability, the surest losses first"
    counts = dict(rows["word"].value_counts().iter_rows())
    least = float(setting(manifest, "sensitization", "quiet", default=0.32))
    return {
        "toxic": plural(counts.get("toxic", 0), "reagent"),
        "quiet": counts.get("quiet", 0),
        "protective": counts.get("protective", 0),
        "undetermined": counts.get("undetermined", 0),
        "least": f"{least:g} log2 ({100 * (1 - 2**-least):.0f} % of the cells)",
        "again": f"{float(rows.filter(pl.col('word') == 'toxic')['p_again'].sum()):.0f}",
        "noise": [_NOISE[word] for word in rows["noise_from"].unique(maintain_order=True) if word in _NOISE],
        "left_out": max(0, rows.height - most),
        "data": {"effects": column_table(rows.head(most), kept, caption=caption, name="one_arm")},
    }
