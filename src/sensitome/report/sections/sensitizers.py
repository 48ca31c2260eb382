"""Sensitizers: what the test of the interaction calls, how sure it is, and what it cannot tell."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.charts.sensitization_data import (
    CONTEXT,
    Evidence,
    contexts_in_order,
    drugs_tested,
    evidence,
    offsets,
    tested,
    vehicle_of,
)
from sensitome.report.fit_text import learned_words, null_words
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables
from sensitome.report.sensitization_text import class_words, headline, limits_in_words, sensitization_method_text

__all__ = ["build"]

FIGURES = ["sensitization_scatter", "interaction_volcano", "sensitizer_ranking", "pattern_matrix", "interaction_panel"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Headline, counts, figures, table and limits; nothing when the run has no test."""
    sensitizers = tables.get("sensitizers")
    if sensitizers is None or sensitizers.is_empty():
        return None
    found = evidence(sensitizers, manifest)
    most = int(setting(manifest, "report", "rows", default=20000))
    return {
        "headline": headline(tables, manifest),
        "tiers": _tiers(sensitizers, found),
        "groups": _groups(tables, manifest, found),
        "classes": _classes(sensitizers, manifest),
        "rate_name": found.name,
        "limits": limits_in_words(sensitizers, found),
        "method": sensitization_method_text(tables, manifest),
        "learned": learned_words(tables.get("sensitization_fit")),
        "by_chance": null_words(tables.get("null_calls")),
        "figures": FIGURES,
        "has_wells": "wells" in tables,
        "needs_panel": "hits" not in tables,
        "left_out": max(0, sensitizers.height - most),
        "total": sensitizers.height,
        "data": {"sensitizers": _table(tables, found, most=most), "interaction": _for_panel(tables, manifest, found)},
    }


def _tiers(sensitizers: pl.DataFrame, found: Evidence) -> str:
    """Counts by how sure a local rate is."""
    if found.column != "local_rate":
        return ""
    asked = sensitizers.filter(tested() & (pl.col("effect") < 0))
    counts = [(limit, asked.filter(pl.col("local_rate") <= limit).height) for limit in (0.05, 0.2, 0.5)]
    return ", ".join(f"{plural(count, 'context')} at {limit:g} or less" for limit, count in counts)


def _groups(tables: Tables, manifest: Manifest, found: Evidence) -> list[dict[str, Any]]:
    """Counts of each cell line and drug arm."""
    own = pl.col("is_sensitizer")
    false = pl.col("local_rate").filter(own).sum() if "rate" in found.decision else pl.lit(None, dtype=pl.Float64)
    counts = tables["sensitizers"].group_by("cell_line", "treatment").agg(
        tested().sum().alias("tested"),
        own.sum().alias("called"),
        false.alias("false"),
        (pl.col("class").cast(pl.String) == "antagonist").sum().alias("antagonists"),
        pl.col("n").max().alias("n"),
    )  # fmt: skip
    rows = {(row["cell_line"], row["treatment"]): row for row in counts.iter_rows(named=True)}
    return [rows[context] for context in contexts_in_order(tables, manifest)]


def _classes(sensitizers: pl.DataFrame, manifest: Manifest) -> list[tuple[str, int, int, str]]:
    """Class, contexts, reagents, meaning; the most interesting first."""
    counts = sensitizers.group_by(pl.col("class").cast(pl.String)).agg(
        pl.len().alias("contexts"), pl.struct("reagent", "kind").n_unique().alias("reagents")
    )
    known = {name: (contexts, reagents) for name, contexts, reagents in counts.iter_rows()}
    return [(name, *known[name], meaning) for name, meaning in class_words(manifest).items() if name in known]


def _table(tables: Tables, found: Evidence, *, most: int) -> dict[str, Any]:
    """Every tested context for the table widget: called ones first, the surest first."""
    rows = _with_rule(tables["sensitizers"], tables.get("hits"))
    rows = _with_truth(rows, tables.get("truth"))
    called = pl.when("is_sensitizer").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("called")
    expressed = pl.when("is_expressed").then(pl.lit("yes")).when(~pl.col("is_expressed")).then(pl.lit("no"))
    order = ["is_sensitizer", found.column, "effect", *CONTEXT]
    rows = rows.with_columns(called, expressed.alias("expressed"), pl.col("class", "alone").cast(pl.String))
    rows = rows.sort(order, descending=[True, *[False] * (len(order) - 1)], nulls_last=True)
    columns = _columns(rows)
    caption = "Every reagent in every drug arm of every cell line, as the test of the interaction sees it; calls first"
    return column_table(rows.head(most), columns, caption=caption, name="sensitizers")


def _columns(rows: pl.DataFrame) -> dict[str, Column]:
    """Columns of the table; those that are empty in this run are left out."""
    columns: dict[str, Column] = {
        "reagent": ("reagent", None, "reagent"),
        "kind": ("kind", None, "filter"),
        "cell_line": ("cell line", None, "filter"),
        "treatment": ("arm", None, "filter"),
        "called": ("sensitizer", None, "filter"),
        "class": ("class", None, "filter"),
        "effect": ("δ (log2)", 2, "size"),
        "ci_low": ("from", 2, "size"),
        "ci_high": ("to", 2, "size"),
        "shrunk_effect": ("δ drawn in", 2, "size"),
        "local_rate": ("local rate", 4, "rate"),
        "q_value": ("q", 4, "rate"),
        "p_value": ("p", 4, "rate"),
        "vehicle_effect": ("without drug", 2, "size"),
        "effect_with_drug": ("with drug", 2, "size"),
        "alone": ("alone", None, "filter"),
        "n": ("n", 0, ""),
        "rule": ("the paper's rule", None, "filter"),
        "expressed": ("expressed", None, "filter"),
        "truly": ("true effect", None, "filter"),
        "statistic": ("statistic", 2, "hidden"),
        "vehicle_ci_low": ("without drug from", 2, "hidden"),
        "vehicle_ci_high": ("without drug to", 2, "hidden"),
    }
    kept = {name: look for name, look in columns.items() if name in rows.columns and rows[name].is_not_null().any()}
    if "shrunk_effect" in kept and (rows["shrunk_effect"] - rows["effect"]).abs().max() in (None, 0):
        del kept["shrunk_effect"]  # the method draws its effects in itself
    return kept


def _with_rule(rows: pl.DataFrame, hits: pl.DataFrame | None) -> pl.DataFrame:
    """The call of the rule beside each context, the best of several wells."""
    if hits is None:
        return rows
    call = (
        pl.when(pl.col("is_hit") & pl.col("is_candidate"))
        .then(pl.lit("candidate"))
        .when("is_hit")
        .then(pl.lit("hit"))
        .when(pl.col("is_significant").fill_null(value=False))
        .then(pl.lit("left out"))
        .otherwise(pl.lit("no"))
        .alias("rule")
    )
    own = hits.sort("is_hit", "z", descending=[True, False], nulls_last=True).select(*CONTEXT, call)
    return rows.join(own.unique(CONTEXT, keep="first", maintain_order=True), on=CONTEXT, how="left")


def _with_truth(rows: pl.DataFrame, truth: pl.DataFrame | None) -> pl.DataFrame:
    """Whether the effect is real, where a simulation tells."""
    if truth is None or not {*CONTEXT, "is_active"} <= set(truth.columns):
        return rows
    words = pl.when("is_active").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("truly")
    return rows.join(truth.select(*CONTEXT, words).unique(CONTEXT, keep="first"), on=CONTEXT, how="left")


def _for_panel(tables: Tables, manifest: Manifest, found: Evidence) -> dict[str, Any]:
    """What the panel of a reagent needs beside the table: arms in order, the rate, and the zero of the effects."""
    shift = offsets(tables, manifest)
    zero = [] if shift is None else shift.filter(pl.col("offset") != 0).rows()
    return {
        "vehicle": vehicle_of(manifest),
        "arms": drugs_tested(tables, manifest),
        "rate": {"column": found.column, "name": found.name},
        "replicates": shift is not None,
        "offsets": [list(row) for row in zero],
    }
