"""Proteins of lysate arrays: a heat map of reagents × proteins, one panel per treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, reading_order, told_apart
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import DIVERGING, INK

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["protein_heatmap"]

#: Reagents of the figure; the rest is in the table.
MOST = 24
CELL = 17
LIMIT = 4.0


def protein_heatmap(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw z of every protein for the candidates, or for the reagents with most calls.

    Parameters
    ----------
    tables : `proteins`, and `validation` for the candidates where there is one
    manifest : settings of the study: ``treatments.vehicle``

    Returns
    -------
    One panel per cell line × treatment: vermillion = less, blue = more, up to ±4 SD; ▲ ▼ = called up, down. None
    without samples.

    References
    ----------
    Normann et al. 2021, Table S6, doi:10.1038/s41598-021-90385-2
    """
    proteins = tables["proteins"].filter((pl.col("role") != "negative") & pl.col("z").is_not_null())
    if proteins.is_empty():
        return None
    wanted = _validated(proteins, tables)
    proteins = proteins.with_columns(told_apart().alias("_name"), wanted.alias("_wanted"))
    proteins = proteins.with_columns(pl.col("_name").alias("reagent")).drop("_name")
    reagents = _reagents(proteins)
    names = _ordered(proteins)
    arms = reading_order(proteins["treatment"].unique().to_list(), tables, manifest)
    lines = sorted(proteins["cell_line"].unique())
    shown = proteins.filter(pl.col("reagent").is_in(reagents))
    left = proteins["reagent"].n_unique() - len(reagents)
    more = f" · {left} further reagents are in the table" if left > 0 else ""
    panels = Panels(
        columns=len(arms),
        title="Proteins under reagent and drug",
        subtitle=f"z over the reagents of a protein and arm · ▲ ▼: called up, down{more}",
        resolve={"color": "shared"},
    )
    templates = [frozen(_template(reagents, names, first=first)) for first in (True, False)]
    for line in lines:
        first = True
        for arm in arms:
            own = shown.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
            if own.height:
                title = arm if len(lines) == 1 else f"{line}, {arm}"
                panels.add(templates[0 if first else 1], data=_data(own), title=title, size=11.5)
                first = False
    return panels.specification()


def _validated(proteins: pl.DataFrame, tables: Tables) -> pl.Expr:
    """Whether a reagent is in the validation assay; by its name alone where the assay does not know its kind."""
    if "validation" not in tables:
        return pl.lit(False)
    assay = tables["validation"].select(pl.col("reagent", "kind").cast(pl.String)).unique()
    named = pl.col("reagent").is_in(assay["reagent"].implode())
    kinds = pl.concat_str(pl.col("reagent", "kind"), separator="\u0001")
    both = kinds.is_in(assay.select(kinds.alias("both"))["both"].implode())
    knows = bool(proteins.select((both & named).any()).item())
    return both if knows else named


def _reagents(proteins: pl.DataFrame) -> list[str]:
    """Candidates of the validation, else the reagents with most calls."""
    candidates = proteins.filter("_wanted")["reagent"].unique().sort().to_list()
    if candidates:
        return candidates[:MOST]
    ranked = proteins.group_by("reagent").agg(
        pl.col("is_hit").fill_null(False).sum().alias("hits"), pl.col("z").abs().max().alias("largest")
    )
    return sorted(ranked.sort(["hits", "largest", "reagent"], descending=[True, True, False]).head(MOST)["reagent"])


def _ordered(proteins: pl.DataFrame) -> list[str]:
    """Proteins first, ratios after them."""
    return sorted(proteins["protein"].unique(), key=lambda name: ("/" in name, name.casefold().lstrip("p"), name))


def _data(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Cells of one arm, and the marks of those that are called."""
    sign = pl.when(pl.col("direction") == "up").then(pl.lit("▲")).otherwise(pl.lit("▼"))
    cells = rows.select("reagent", "protein", "z", "effect", "q_value", "n").sort("reagent", "protein")
    called = rows.filter(pl.col("direction") != "").sort("reagent", "protein")
    dark = pl.col("z").abs() > 0.6 * LIMIT
    marks = called.select("reagent", "protein", sign.alias("sign"), dark.alias("dark"))
    return {
        "cells": cells,
        "on_dark": marks.filter("dark").drop("dark"),
        "on_light": marks.filter(~pl.col("dark")).drop("dark"),
    }


def _template(reagents: list[str], names: list[str], *, first: bool) -> ChartType:
    """One arm; the names of the reagents stand beside the first."""
    import altair as alt

    x = alt.X("protein:N", sort=names, title=None, scale=alt.Scale(domain=names)).axis(
        labelAngle=-45, domain=False, ticks=False, labelFontSize=10, labelOverlap=False
    )
    y = alt.Y("reagent:N", sort=reagents, title=None, scale=alt.Scale(domain=reagents)).axis(
        domain=False, ticks=False, labels=first, labelFontSize=10.5, labelLimit=150, labelOverlap=False
    )
    color = alt.Color(
        "z:Q",
        scale=alt.Scale(domain=[-LIMIT, LIMIT], range=list(DIVERGING), clamp=True, interpolate="lab"),
        legend=alt.Legend(title="z (SD)", gradientLength=120, tickCount=5, orient="top"),
    )
    tooltip = [
        "reagent:N",
        "protein:N",
        alt.Tooltip("z:Q", format=".2f"),
        alt.Tooltip("effect:Q", title="log2 effect", format=".2f"),
        alt.Tooltip("q_value:Q", format=".2g"),
        alt.Tooltip("n:Q", title="replicates"),
    ]
    cells = alt.Chart(named("cells")).mark_rect(stroke="white", strokeWidth=1, aria=False)
    layers: list[ChartType] = [cells.encode(x=x, y=y, color=color, tooltip=tooltip)]
    for name, ink in (("on_dark", "white"), ("on_light", INK)):
        marks = alt.Chart(named(name)).mark_text(fontSize=9, baseline="middle", align="center", color=ink)
        layers.append(marks.encode(x=x, y=y, text="sign:N"))
    made: ChartType = alt.layer(*layers).properties(width=CELL * len(names), height=CELL * len(reagents))
    return made
