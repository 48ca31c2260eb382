"""The funnel: how many reagents remain after each step of the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, inline, plural
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import ACCENT, INK, MUTED
from sensitome.frames import largest

if TYPE_CHECKING:
    pass

__all__ = ["funnel"]


def funnel(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the reagents that remain after each step as bars, with counts.

    Parameters
    ----------
    tables : `funnel`
    manifest : not read

    Returns
    -------
    One bar per step; its length is the number of reagents, its label also tells the contexts (reagent × line × arm)
    """
    import altair as alt

    steps = tables["funnel"].sort("step")
    if steps.is_empty():
        return None
    texts = [
        f"{plural(n, 'reagent')} in {plural(m, 'context')}"
        for n, m in steps.select("n_reagents", "n_contexts").iter_rows()
    ]
    rows = steps.select(
        pl.col("n_reagents"),
        (pl.col("step").cast(pl.String) + ". " + pl.col("name")).alias("label"),
        pl.Series("text", texts),
        pl.col("by_kind"),
    )
    base = alt.Chart(inline(rows))
    y = alt.Y("label:N", sort=None, title=None, axis=None)
    top = largest(steps["n_reagents"]) or 1
    x = alt.X("n_reagents:Q", title="reagents that remain", scale=alt.Scale(domain=[0, top], nice=False))
    x = x.axis(tickCount=5, format="d", grid=False)
    bars = base.mark_bar(height=9, color=ACCENT, yOffset=9).encode(
        x=x, y=y, tooltip=[alt.Tooltip("label:N"), alt.Tooltip("text:N"), alt.Tooltip("by_kind:N")]
    )
    names = base.mark_text(align="left", baseline="bottom", dy=1, fontSize=12, color=INK)
    counts = base.mark_text(align="left", baseline="middle", dx=6, dy=9, fontSize=11, color=MUTED)
    chart = alt.layer(
        bars,
        names.encode(x=alt.value(0), y=y, text=alt.Text("label:N")),
        counts.transform_filter(f"datum.n_reagents < {0.6 * top}").encode(x=x, y=y, text=alt.Text("text:N")),
        counts.mark_text(align="right", baseline="bottom", dy=1, fontSize=11, color=MUTED)
        .transform_filter(f"datum.n_reagents >= {0.6 * top}")
        .encode(x=x, y=y, text=alt.Text("text:N")),
    )
    return specification(chart.properties(width=560, height=alt.Step(46), title="From the library to the candidates"))
