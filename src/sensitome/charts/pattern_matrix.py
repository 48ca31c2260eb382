"""Called reagents over all contexts: how large each interaction is, and how sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, plural
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.sensitization_data import Evidence, contexts_in_order, drugs_tested, evidence, label
from sensitome.charts.theme import DIVERGING, GRID, INK
from sensitome.frames import largest

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["pattern_matrix"]

#: Reagents that fit on a page of print, and lines beside each other; the rest is in the table.
MOST, MOST_LINES = 60, 12


def pattern_matrix(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the interactions of the called reagents in every cell line and drug arm.

    Parameters
    ----------
    tables : `sensitizers`
    manifest : order of the arms

    Returns
    -------
    Rows = reagents called somewhere (at most 60, most contexts first), columns = cell line and arm; color =
    interaction, size of the square = certainty, ring = called. None when nothing is called.
    """
    sensitizers = tables["sensitizers"]
    if not sensitizers["is_sensitizer"].any():
        return None
    found = evidence(sensitizers, manifest)
    names = _order(sensitizers)
    shown = names.head(MOST)
    cells = _cells(sensitizers, shown, found)
    reach = largest(cells["effect"].abs()) or 1.0
    left = names.height - shown.height
    subtitle = "color: interaction δ · size: certainty · ring: called"
    if left:
        subtitle += f"; {plural(left, 'reagent')} called in fewer contexts not shown"
    lines = list(dict.fromkeys(line for line, _ in contexts_in_order(tables, manifest)))
    if len(lines) > MOST_LINES:
        subtitle += f"; {plural(len(lines) - MOST_LINES, 'cell line')} not shown"
    panels = Panels(columns=4, title="Which reagents sensitize where", subtitle=subtitle, resolve={"color": "shared"})
    arms = drugs_tested(tables, manifest)
    for place, line in enumerate(lines[:MOST_LINES]):
        template = frozen(_template(shown["name"].to_list(), arms, reach=reach, shows_names=place == 0))
        own = cells.filter(pl.col("cell_line") == line)
        data = {"cells": own, "called": own.filter("is_sensitizer")}
        panels.add(template, data=data, title=line, size=12)
    return panels.specification()


def _order(sensitizers: pl.DataFrame) -> pl.DataFrame:
    """Called reagents, those of most contexts and largest interactions first."""
    return (
        sensitizers.filter("is_sensitizer")
        .with_columns(label(sensitizers).alias("name"))
        .group_by("reagent", "kind", "name")
        .agg(pl.len().alias("contexts"), pl.col("effect").sum().round(6).alias("total"))
        .sort("contexts", "total", "name", descending=[True, False, False])
    )


def _cells(sensitizers: pl.DataFrame, shown: pl.DataFrame, found: Evidence) -> pl.DataFrame:
    """Cells of the matrix; certainty is 1 − rate, or 1 for called and 0.3 for others where there is no rate."""
    value = pl.col(found.column)
    sure = (1 - value).clip(0.04, 1.0) if found.is_rate else pl.when("is_sensitizer").then(1.0).otherwise(0.3)
    keep = ["name", "reagent", "kind", "cell_line", "treatment", "effect", "ci_low", "ci_high", "rate", "certainty"]
    return (
        sensitizers.join(shown.select("reagent", "kind", "name"), on=["reagent", "kind"])
        .drop_nulls("effect")
        .with_columns(value.alias("rate"), sure.fill_null(0.04).alias("certainty"), pl.col("class").cast(pl.String))
        .sort("name", "cell_line", "treatment")
        .select(*keep, "class", "is_sensitizer")
    )


def _template(names: list[str], arms: list[str], *, reach: float, shows_names: bool) -> ChartType:
    """One cell line: reagents down, arms across."""
    import altair as alt

    y = alt.Y("name:N", scale=alt.Scale(domain=names), title=None)
    y = y.axis(
        labelLimit=200, domain=False, ticks=False, labelColor=INK, labels=shows_names, labelOverlap=False, grid=True
    )
    x = alt.X("treatment:N", scale=alt.Scale(domain=arms), title=None)
    x = x.axis(orient="top", labelAngle=-40, domain=False, ticks=False, labelLimit=140, labelOverlap=False)
    stops = [DIVERGING[0], DIVERGING[1], "#d3d8db", DIVERGING[-2], DIVERGING[-1]]
    scale = alt.Scale(domain=[-reach, -reach / 2, 0, reach / 2, reach], range=stops, interpolate="rgb")
    color = alt.Color("effect:Q", scale=scale, legend=alt.Legend(title="interaction δ (log2)", tickCount=5))
    size = alt.Size("certainty:Q", scale=alt.Scale(domain=[0, 1], range=[0, 200]), legend=None)
    texts = {"reagent": "reagent", "cell_line": "cell line", "treatment": "arm", "class": "class"}
    numbers = {"effect": "interaction δ", "ci_low": "δ from", "ci_high": "δ to", "certainty": "certainty"}
    tooltip = [alt.Tooltip(f"{column}:N", title=title) for column, title in texts.items()]
    tooltip += [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in numbers.items()]
    squares = alt.Chart(named("cells")).mark_square(aria=False, opacity=1)
    ring = alt.Chart(named("called")).mark_square(size=215, filled=False, stroke=INK, strokeWidth=1.2, aria=False)
    rows = alt.Chart(named("cells")).mark_rule(stroke=GRID, aria=False)
    return alt.layer(
        rows.encode(y=y),
        squares.encode(x=x, y=y, color=color, size=size, tooltip=tooltip),
        ring.encode(x=x, y=y),
    ).properties(width=alt.Step(46), height=alt.Step(17))
