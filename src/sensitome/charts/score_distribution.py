"""The scores of every treatment group, with the center and the threshold that the rule takes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, groups, inline, plural, score_unit, setting, signed
from sensitome.charts.theme import FAINT, INK, MUTED, dressed

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["score_distribution"]

BINS = 60
#: Panels past this number would be too small to read; the rest is in the table of scores.
MOST = 24


def score_distribution(tables: Tables, manifest: Manifest) -> ChartType | None:
    """Draw a histogram of the library's scores per cell line and arm.

    Parameters
    ----------
    tables : `scores`, and `hits` for centers and thresholds
    manifest : settings of the study

    Returns
    -------
    One panel per cell line × arm: reagents per bin on a square-root axis, so that the tail shows; solid line = center,
    dashed = threshold. None without scores.
    """
    import altair as alt

    scores = tables["scores"].filter((pl.col("role") == "sample") & pl.col("score").is_not_null())
    if scores.is_empty():
        return None
    limits = groups(tables["hits"], manifest) if "hits" in tables else None
    values = scores["score"].to_numpy()
    edges = np.linspace(values.min() - 1e-9, values.max() + 1e-9, BINS + 1)
    arms = [arm for arm in arms_in_order(tables, manifest) if arm in set(scores["treatment"])]
    panels = []
    for line in sorted(scores["cell_line"].unique()):
        for arm in arms:
            own = scores.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
            if own.height:
                limit = (
                    limits.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
                    if limits is not None
                    else None
                )
                panels.append(_panel(own, edges, limit, manifest, title=f"{line}, {arm}"))
    title = alt.TitleParams("Scores of the library", subtitle="solid: center · dashed: threshold, one per group")
    return dressed(alt.concat(*panels[:MOST], columns=min(4, max(1, len(arms)))).properties(title=title))


def _panel(
    scores: pl.DataFrame, edges: np.ndarray, limit: pl.DataFrame | None, manifest: Manifest, *, title: str
) -> ChartType:
    """One treatment group."""
    import altair as alt

    counts, _ = np.histogram(scores["score"].to_numpy(), bins=edges)
    bars = pl.DataFrame({"from": edges[:-1], "to": edges[1:], "reagents": counts, "zero": 0}).filter(
        pl.col("reagents") > 0
    )
    x = alt.X(
        "from:Q",
        title=f"score ({score_unit(manifest)})",
        scale=alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False),
    )
    y = alt.Y("reagents:Q", title="reagents", scale=alt.Scale(type="sqrt", nice=True)).axis(tickCount=4, format="d")
    tooltip = [alt.Tooltip("from:Q", format=".2f"), alt.Tooltip("to:Q", format=".2f"), alt.Tooltip("reagents:Q")]
    layers: list[ChartType] = [
        alt.Chart(inline(bars))
        .mark_rect(color=FAINT, aria=False)
        .encode(x=x, x2="to:Q", y=y, y2="zero:Q", tooltip=tooltip)
    ]
    subtitle = f"n = {plural(scores.height, 'reagent')}"
    if limit is not None and limit.height:
        k = float(setting(manifest, "hits", "k", default=3.0))
        for column, dash in (("center", [1, 0]), ("threshold", [4, 3])):
            rule = alt.Chart(inline(limit.select(pl.col(column).alias("from"))))
            layers.append(rule.mark_rule(color=INK, strokeDash=dash, strokeWidth=1.1, aria=False).encode(x=x))
        spread = str(setting(manifest, "hits", "spread", default="sd")).upper()
        first = limit.row(0, named=True)
        subtitle += f"; {spread} {first['spread']:.2f}, −{k:g} {spread} at {signed(first['threshold'])}"
    heading = alt.TitleParams(title, subtitle=subtitle, fontSize=12, subtitleFontSize=10.5, subtitleColor=MUTED)
    return alt.layer(*layers).properties(width=190, height=96, title=heading)
