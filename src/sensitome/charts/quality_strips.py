"""Every quality figure over the plates in the order of measuring, with the limits it is held against."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, inline, pretty
from sensitome.charts.theme import FAINT, INK, MUTED, VERDICTS, dressed

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["limits", "quality_strips", "z_prime_over_plates"]

#: Points of one panel; past it only every n-th passing plate is drawn, and all that do not pass.
MOST = 600
_LIMIT = re.compile(r"(warn|fail) (below|above|beyond) (±?)(-?[0-9.]+(?:e-?[0-9]+)?)")
DASHES = {"warn": [4, 3], "fail": [1, 0]}


def limits(threshold: str) -> list[tuple[str, float]]:
    """Read the limits out of a rule in words.

    >>> limits("warn below 0.5, fail below 0")
    [('warn', 0.5), ('fail', 0.0)]
    >>> limits("warn beyond ±0.3")
    [('warn', 0.3), ('warn', -0.3)]
    """
    found = []
    for word, _, both, number in _LIMIT.findall(threshold.replace("−", "-")):
        found.append((word, float(number)))
        if both:
            found.append((word, -float(number)))
    return found


def z_prime_over_plates(tables: Tables, manifest: Manifest) -> ChartType | None:
    """Draw Z′ of every plate in the order of measuring, wide; see `quality_strips`."""
    values = _values(tables).filter(pl.col("figure").is_in(["z_prime", "z_prime_robust"]))
    present = set(values["verdict"])
    panels = [_panel(own, present, width=720, height=130) for own in _by_figure(values)]
    return _together(panels, columns=1, title="Separation of the controls") if panels else None


def quality_strips(tables: Tables, manifest: Manifest) -> ChartType | None:
    """Draw every quality figure of every plate in the order of measuring.

    Parameters
    ----------
    tables : `quality`, `plates`
    manifest : not read

    Returns
    -------
    One panel per figure, those with failing plates first; dot = pass, triangle = warn, square = fail; dashed line =
    warning limit, solid line = failing limit. None without figures of plates.
    """
    values = _values(tables)
    present = set(values["verdict"])
    panels = [_panel(own, present, width=250, height=96) for own in _by_figure(values)]
    return _together(panels, columns=3, title="Quality of the plates") if panels else None


def _values(tables: Tables) -> pl.DataFrame:
    """Figures of plates with the order of the plate."""
    order = tables["plates"].select(pl.col("plate").alias("subject"), "order", "cell_line", "treatment", "replicate")
    return (
        tables["quality"]
        .filter((pl.col("level") == "plate") & pl.col("value").is_not_null())
        .join(order, on="subject", how="inner")
        .with_columns(pl.col("verdict").cast(pl.String), (pl.col("order") + 1).alias("number"))
    )


def _by_figure(values: pl.DataFrame) -> list[pl.DataFrame]:
    """One table per figure, figures with the most trouble first."""
    ranks = (
        values.group_by("figure", maintain_order=True)
        .agg((pl.col("verdict") == "fail").sum().alias("fails"), (pl.col("verdict") == "warn").sum().alias("warns"))
        .with_row_index("place")
        .sort("fails", "warns", "place", descending=[True, True, False])
    )
    return [values.filter(pl.col("figure") == figure).sort("order") for figure in ranks["figure"]]


def _together(panels: list[ChartType], *, columns: int, title: str) -> ChartType:
    """Panels under one legend."""
    import altair as alt

    heading = alt.TitleParams(
        title, subtitle="one point per plate; dashed: limit of a warning · solid: limit of failing"
    )
    chart = alt.concat(*panels, columns=columns).resolve_scale(color="shared", shape="shared")
    return dressed(chart.properties(title=heading))


def _panel(values: pl.DataFrame, present: set[str], *, width: int, height: int) -> ChartType:
    """One figure over the plates."""
    import altair as alt

    shown = _thinned(values)
    first = values.row(0, named=True)
    bounds = limits(first["threshold"])
    x = alt.X("number:Q", title="plate, in order of measuring", scale=alt.Scale(nice=False, zero=False, padding=6))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True)).axis(tickCount=4)
    words = [word for word in VERDICTS if word in present]
    legend = alt.Legend(title="verdict", symbolOpacity=1)
    color = alt.Color(
        "verdict:N", scale=alt.Scale(domain=words, range=[VERDICTS[word][0] for word in words]), legend=legend
    )
    shape = alt.Shape(
        "verdict:N", scale=alt.Scale(domain=words, range=[VERDICTS[word][1] for word in words]), legend=legend
    )
    tooltip = [
        "subject:N",
        "cell_line:N",
        "treatment:N",
        "replicate:N",
        alt.Tooltip("value:Q", format=".3~g"),
        "verdict:N",
    ]
    columns = ["number", "value", "verdict", "subject", "cell_line", "treatment", "replicate"]
    points = alt.Chart(inline(shown.select(columns), digits=5)).mark_point(
        filled=True, size=26, strokeWidth=1.5, aria=False
    )
    layers: list[ChartType] = []
    reach = _reach(values["value"], bounds)
    for word, value in bounds:
        if reach[0] <= value <= reach[1]:
            rule = alt.Chart(inline(pl.DataFrame({"value": [value]}), digits=8))
            layers.append(
                rule.mark_rule(color=INK if word == "fail" else MUTED, strokeDash=DASHES[word], aria=False).encode(y=y)
            )
    layers.append(points.encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip))
    troubled = int(values["verdict"].is_in(["warn", "fail"]).sum())
    subtitle = f"{first['threshold']}; {troubled} of {values.height} plates beyond"
    if not bounds:
        subtitle = first["threshold"]
        layers.insert(
            0, alt.Chart(inline(pl.DataFrame({"value": [0.0]}))).mark_rule(color=FAINT, opacity=0).encode(y=y)
        )
    title = alt.TitleParams(pretty(first["figure"]), subtitle=subtitle, fontSize=12, subtitleFontSize=10.5)
    return alt.layer(*layers[1:] if not bounds else layers).properties(width=width, height=height, title=title)


def _reach(values: pl.Series, bounds: list[tuple[str, float]]) -> tuple[float, float]:
    """How far a limit may lie from the values and still be drawn without flattening them."""
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    room = 2 * (high - low) or 1.0
    nearest = min((abs(limit) for _, limit in bounds), default=1.0)
    room = max(room, nearest)
    return low - room, high + room


def _thinned(values: pl.DataFrame) -> pl.DataFrame:
    """All plates that do not pass, and at most so many that do."""
    if values.height <= MOST:
        return values
    every = values.height // MOST + 1
    return values.with_row_index("place").filter((pl.col("verdict") != "pass") | (pl.col("place") % every == 0))
