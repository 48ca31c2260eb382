"""The scores of every treatment group, with the center and the threshold that the rule takes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, groups, score_unit, setting, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import FAINT, INK

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["score_distribution"]

BINS = 60
#: Panels past this number would be too small to read; the rest is in the table of scores.
MOST = 24
NO_LIMIT = pl.DataFrame(schema={"center": pl.Float64, "spread": pl.Float64, "threshold": pl.Float64})


def score_distribution(tables: Tables, manifest: Manifest) -> Specification | None:
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
    scores = tables["scores"].filter((pl.col("role") == "sample") & pl.col("score").is_not_null())
    if scores.is_empty():
        return None
    limits = groups(tables["hits"], manifest) if "hits" in tables else None
    values = scores["score"].to_numpy()
    edges = np.linspace(values.min() - 1e-9, values.max() + 1e-9, BINS + 1)
    arms = [arm for arm in arms_in_order(tables, manifest) if arm in set(scores["treatment"])]
    panels = Panels(
        columns=len(arms) if 1 < len(arms) < 4 else 4,
        title="Scores of the library",
        subtitle="n = reagents; solid: center · dashed: threshold, one per group",
    )
    template = frozen(_template(edges, score_unit(manifest)))
    for line in sorted(scores["cell_line"].unique()):
        for arm in arms:
            is_own = (pl.col("cell_line") == line) & (pl.col("treatment") == arm)
            own = scores.filter(is_own)
            limit = limits.filter(is_own) if limits is not None else NO_LIMIT
            if own.height and len(panels.panels) < MOST:
                subtitle = f"n {own.height:,}{_words(limit, manifest)}"
                panels.add(template, data=_data(own, edges, limit), title=f"{line}, {arm}", subtitle=subtitle, size=12)
    return panels.specification()


def _data(scores: pl.DataFrame, edges: np.ndarray, limit: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Counts of one treatment group, and its lines."""
    counts, _ = np.histogram(scores["score"].to_numpy(), bins=edges)
    bars = pl.DataFrame({"from": edges[:-1], "to": edges[1:], "reagents": counts, "zero": 0})
    lines = {name: limit.select(pl.col(name).alias("from")) for name in ("center", "threshold")}
    return {"bars": bars.filter(pl.col("reagents") > 0)} | lines


def _words(limit: pl.DataFrame, manifest: Manifest) -> str:
    """Spread and threshold in words."""
    if limit.is_empty():
        return ""
    spread = str(setting(manifest, "hits", "spread", default="sd")).upper()
    first = limit.row(0, named=True)
    return f", {spread} {first['spread']:.2f}, threshold {signed(first['threshold'])}"


def _template(edges: np.ndarray, unit: str) -> ChartType:
    """One treatment group."""
    import altair as alt

    scale = alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False)
    x = alt.X("from:Q", title=f"score ({unit})", scale=scale).axis(tickCount=6)
    y = alt.Y("reagents:Q", title="reagents", scale=alt.Scale(type="sqrt", nice=True)).axis(tickCount=4, format="d")
    tooltip = [alt.Tooltip("from:Q", format=".2f"), alt.Tooltip("to:Q", format=".2f"), alt.Tooltip("reagents:Q")]
    bars = alt.Chart(named("bars")).mark_rect(color=FAINT, aria=False)
    layers: list[ChartType] = [bars.encode(x=x, x2=alt.X2("to"), y=y, y2=alt.Y2("zero"), tooltip=tooltip)]
    for name, dash in (("center", [1, 0]), ("threshold", [4, 3])):
        rule = alt.Chart(named(name)).mark_rule(color=INK, strokeDash=dash, strokeWidth=1.1, aria=False)
        layers.append(rule.encode(x=x))
    return alt.layer(*layers).properties(width=190, height=96)
