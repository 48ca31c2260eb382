"""Genes whose repression explains what mimics do, arm by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, plural, setting
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import DIVERGING, GRID, INK
from sensitome.frames import largest

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["gene_matrix"]

#: Genes and cell lines that fit on a page.
MOST, MOST_LINES = 25, 12


def gene_matrix(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw how often each gene is selected in every cell line and drug arm.

    Parameters
    ----------
    tables : `genes`
    manifest : threshold of the selection

    Returns
    -------
    Rows = genes, the most often selected anywhere first (at most 25), columns = cell line and arm; color = effect of
    full repression, size = share of halves that select the gene, ring = called. None without genes.
    """
    genes = tables["genes"]
    if genes.is_empty():
        return None
    order = (
        genes.group_by("gene")
        .agg(
            pl.col("is_selected").sum().alias("arms"), pl.col("selection").max(), pl.col("selection").mean().alias("m")
        )
        .sort("arms", "selection", "m", "gene", descending=[True, True, True, False])
    )
    shown = order.head(MOST)
    cells = genes.join(shown.select("gene"), on="gene").sort("gene", "cell_line", "treatment")
    cells = cells.select(
        "gene", "cell_line", "treatment", "effect", "selection", "q_value", "n_mirnas", "mirnas", "is_selected"
    )
    threshold = float(setting(manifest, "genes", "threshold", default=0.75))
    left = order.filter(pl.col("arms") > 0).height - shown.height
    subtitle = f"color: effect of repression · size: share of halves · ring: at least {threshold:g}, called"
    if left > 0:
        subtitle += f"; {plural(left, 'called gene')} not shown"
    lines = cells["cell_line"].unique().sort().to_list()
    arms = cells["treatment"].unique().sort().to_list()
    reach = largest(cells["effect"].abs()) or 1.0
    panels = Panels(columns=4, title="Genes behind the screen", subtitle=subtitle, resolve={"color": "shared"})
    for place, line in enumerate(lines[:MOST_LINES]):
        template = frozen(_template(shown["gene"].to_list(), arms, reach=reach, shows_names=place == 0))
        own = cells.filter(pl.col("cell_line") == line)
        panels.add(template, data={"cells": own, "called": own.filter("is_selected")}, title=line, size=12)
    return panels.specification()


def _template(names: list[str], arms: list[str], *, reach: float, shows_names: bool) -> ChartType:
    """One cell line: genes down, arms across."""
    import altair as alt

    y = alt.Y("gene:N", scale=alt.Scale(domain=names), title=None)
    y = y.axis(labelLimit=160, domain=False, ticks=False, labelColor=INK, labels=shows_names, labelOverlap=False)
    x = alt.X("treatment:N", scale=alt.Scale(domain=arms), title=None)
    x = x.axis(orient="top", labelAngle=-40, domain=False, ticks=False, labelLimit=140, labelOverlap=False)
    stops = [DIVERGING[0], DIVERGING[1], "#d3d8db", DIVERGING[-2], DIVERGING[-1]]
    scale = alt.Scale(domain=[-reach, -reach / 2, 0, reach / 2, reach], range=stops, interpolate="rgb")
    color = alt.Color("effect:Q", scale=scale, legend=alt.Legend(title="effect of repression (log2)", tickCount=5))
    size = alt.Size("selection:Q", scale=alt.Scale(domain=[0, 1], range=[0, 200]), legend=None)
    texts = {"gene": "gene", "cell_line": "cell line", "treatment": "arm", "mirnas": "carried by"}
    numbers = {"effect": "effect", "selection": "share of halves", "q_value": "q"}
    tooltip = [alt.Tooltip(f"{column}:N", title=title) for column, title in texts.items()]
    tooltip += [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in numbers.items()]
    cells = alt.Chart(named("cells"))
    ring = alt.Chart(named("called")).mark_circle(
        size=230, filled=False, stroke=INK, strokeWidth=1.2, opacity=1, aria=False
    )
    return alt.layer(
        cells.mark_rule(stroke=GRID, aria=False).encode(y=y),
        cells.mark_circle(aria=False, opacity=1).encode(x=x, y=y, color=color, size=size, tooltip=tooltip),
        ring.encode(x=x, y=y),
    ).properties(width=alt.Step(46), height=alt.Step(18))
