"""Expression of responding miRNAs before and under treatment: Fig. S2 of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.data import Manifest, Tables, plural, setting
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import FAINT, INK, MUTED, line_colors
from sensitome.expression.response import TESTS
from sensitome.expression.summary import p_in_words

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["response_boxes"]

#: Panels past this number would be too small to read; the rest is in the table of responses.
MOST = 24
#: Shapes of cell lines, so that color is not the only carrier.
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down", "triangle-right")


def response_boxes(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw box plots of the features that answer, one panel per group of lines and feature.

    Parameters
    ----------
    tables : `expression` (feature, sample, cell_line, treatment, value) and `response` (group, cell_lines, feature,
        p_value)
    manifest : ``expression.alpha``, ``expression.by`` (nominal p or q) and the vehicle

    Returns
    -------
    Boxes are quartiles with whiskers to 1.5 IQR, points are arrays, colored and shaped by line. The features with the
    smallest p of each group come first. None when nothing answers.
    """
    alpha = float(setting(manifest, "expression", "alpha", default=0.05))
    by = str(setting(manifest, "expression", "by", default="p_value"))
    chosen = tables["response"].filter(pl.col(by) < alpha)
    if chosen.is_empty():
        return None
    # The group of all lines first, then the smaller ones.
    chosen = chosen.sort(-pl.col("cell_lines").str.count_matches(", ").cast(pl.Int32), "group", "p_value", "feature")
    expression = tables["expression"].filter(pl.col("value").is_not_null())
    arms = _arms(expression, manifest)
    lines = sorted(expression["cell_line"].unique())
    limit = "nominal p" if by == "p_value" else "q"
    panels = Panels(
        columns=4,
        title="MiRNAs that answer to the treatment",
        subtitle=[
            "box: quartiles · point: array, by cell line",
            f"{_test(tables)}, {limit} < {alpha:g}; {_told(chosen.height)}",
        ],
    )
    template = frozen(_template(arms, lines))
    for group, words, feature, p in chosen.select("group", "cell_lines", "feature", by).head(MOST).iter_rows():
        own = expression.filter((pl.col("feature") == feature) & pl.col("cell_line").is_in(words.split(", ")))
        if own.is_empty():
            continue
        subtitle = f"{group}, n = {own.height}, {limit[-1]} = {p_in_words(p)}"
        panels.add(template, data=_data(own), title=feature, subtitle=subtitle, size=12)
    return panels.specification()


def _test(tables: Tables) -> str:
    """Statistic of the test."""
    name = tables["response"]["test"][0] if "test" in tables["response"].columns else ""
    return TESTS[name].statistic if name in TESTS else "test of the arms"


def _told(count: int) -> str:
    shown = plural(count, "answer")
    return shown if count <= MOST else f"the first {MOST} of {shown}"


def _arms(expression: pl.DataFrame, manifest: Manifest) -> list[str]:
    """The vehicle, single drugs, combinations."""
    combinations = setting(manifest, "treatments", "combinations", default={})
    vehicle = setting(manifest, "treatments", "vehicle")
    arms = expression["treatment"].unique().to_list()
    return sorted(arms, key=lambda arm: (arm != vehicle, len(combinations.get(arm, ())), "+" in arm, arm))


def _data(own: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Quartiles and whiskers of each arm, and its arrays."""
    rows = []
    for arm in sorted(own["treatment"].unique()):
        values = own.filter(pl.col("treatment") == arm)["value"].to_numpy()
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        reach = 1.5 * (high - low)
        inside = values[(values >= low - reach) & (values <= high + reach)]
        rows.append((arm, inside.min(), low, middle, high, inside.max()))
    boxes = pl.DataFrame(rows, schema=["treatment", "from", "low", "middle", "high", "to"], orient="row")
    return {"boxes": boxes, "arrays": own.select("treatment", "cell_line", "sample", "value").sort("sample")}


def _template(arms: list[str], lines: list[str]) -> ChartType:
    """One feature in one group."""
    import altair as alt

    colors = line_colors(lines)
    x = alt.X("treatment:N", sort=arms, title=None, scale=alt.Scale(domain=arms)).axis(
        labelAngle=-35, labelLimit=130, labelOverlap=False
    )
    y_scale = alt.Scale(zero=False, nice=True)
    boxes = alt.Chart(named("boxes"))
    whiskers = boxes.mark_rule(color=MUTED, aria=False)
    quartiles = boxes.mark_bar(color=FAINT, size=20, aria=False)
    medians = boxes.mark_tick(color=INK, size=20, thickness=2, aria=False)
    y = alt.Y("from:Q", title="log2 expression", scale=y_scale).axis(tickCount=4)
    names = sorted(colors)
    points = alt.Chart(named("arrays")).mark_point(filled=True, size=26, aria=False)
    layers: list[ChartType] = [
        whiskers.encode(x=x, y=y, y2=alt.Y2("to")),
        quartiles.encode(x=x, y=alt.Y("low:Q", scale=y_scale), y2=alt.Y2("high")),
        medians.encode(x=x, y=alt.Y("middle:Q", scale=y_scale)),
        points.encode(
            x=x,
            xOffset=alt.XOffset("cell_line:N"),
            y=alt.Y("value:Q", scale=y_scale),
            color=alt.Color(
                "cell_line:N", title="cell line", scale=alt.Scale(domain=names, range=list(colors.values()))
            ),
            shape=alt.Shape(
                "cell_line:N",
                title="cell line",
                scale=alt.Scale(domain=names, range=[SHAPES[i % len(SHAPES)] for i in range(len(names))]),
            ),
            tooltip=[alt.Tooltip(f"{name}:N") for name in ("sample", "cell_line", "treatment")]
            + [alt.Tooltip("value:Q", format=".2f")],
        ),
    ]
    return alt.layer(*layers).properties(width=150, height=110)
