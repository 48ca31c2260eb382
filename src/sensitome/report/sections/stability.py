"""How often each reagent is called over the defensible settings."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, signed
from sensitome.frames import middle
from sensitome.report.payload import Column, column_table

__all__ = ["build"]

CHOICES = ("normalization", "spread", "pool", "controls", "exclusion", "summary")


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """The two figures, the table of settings, and what the map says in words."""
    stability = tables["stability"]
    figures = ["stability_map"] if stability.height else []
    context: dict[str, Any] = {"figures": figures, "data": {}, "words": _words(stability)}
    settings = tables.get("stability_settings")
    if settings is not None and settings.height:
        figures.append("settings_grid")
        columns: dict[str, Column] = {"setting": ("setting", 0, "")}
        columns |= {choice: (choice, None, "filter") for choice in CHOICES}
        columns |= {
            "n_hits": ("hits", 0, ""),
            "n_reagents": ("reagents", 0, ""),
            "n_candidates": ("candidates", 0, ""),
            "jaccard": ("overlap with own", 2, "share"),
            "own": ("own", None, "filter"),
        }
        own = pl.when("is_own").then(pl.lit("own")).otherwise(pl.lit("–")).alias("own")
        rows = settings.with_columns(own).sort("is_own", "setting", descending=[True, False])
        caption = "Every setting that was tried, and how many it calls; the study's own setting first"
        context["data"]["stability_settings"] = column_table(rows, columns, caption=caption, name="stability_settings")
        context["span"] = (settings["n_hits"].min(), settings["n_hits"].max(), settings.height)
        context["overlap"] = _overlap(settings)
    return context


def _words(stability: pl.DataFrame) -> dict[str, int]:
    """How many of the study's calls are stable, and how many stable calls it misses."""
    own = stability.filter("is_hit")
    return {
        "own": own.height,
        "always": own.filter(pl.col("share") >= 0.9).height,
        "rarely": own.filter(pl.col("share") < 0.5).height,
        "missed": stability.filter(~pl.col("is_hit") & (pl.col("share") >= 0.5)).height,
    }


def _overlap(settings: pl.DataFrame) -> str:
    """Median overlap of the other settings with the study's own."""
    others = settings.filter(~pl.col("is_own"))["jaccard"].drop_nulls()
    return signed(middle(others)) if others.len() else "–"
