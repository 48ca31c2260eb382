"""Every quality figure over the plates in the order of measuring, with the limits it is held against."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, pretty
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import INK, MUTED, VERDICTS
from sensitome.frames import largest, smallest

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


def z_prime_over_plates(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw Z′ of every plate in the order of measuring, wide; see `quality_strips`."""
    values = _values(tables).filter(pl.col("figure").is_in(["z_prime", "z_prime_robust"]))
    return _strips(values, columns=1, size=(720, 130), title="Separation of the controls")


def quality_strips(tables: Tables, manifest: Manifest) -> Specification | None:
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
    return _strips(_values(tables), columns=3, size=(250, 96), title="Quality of the plates")


def _strips(values: pl.DataFrame, *, columns: int, size: tuple[int, int], title: str) -> Specification | None:
    """Panels of the figures under one legend."""
    if values.is_empty():
        return None
    panels = Panels(
        columns=columns,
        title=title,
        subtitle="one point per plate; dashed: limit of a warning · solid: limit of failing",
        resolve={"color": "shared", "shape": "shared"},
    )
    template = frozen(_template(set(values["verdict"]), size))
    for own in _by_figure(values):
        first = own.row(0, named=True)
        troubled = int(own["verdict"].is_in(["warn", "fail"]).sum())
        subtitle = first["threshold"]
        if limits(subtitle):
            subtitle += f"; {troubled} of {own.height} plates beyond"
        panels.add(template, data=_data(own), title=pretty(first["figure"]), subtitle=subtitle, size=12)
    return panels.specification()


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


def _data(values: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Points of one figure, and the limits that lie near them."""
    bounds = limits(values["threshold"][0])
    low, high = _reach(values["value"], bounds)
    near = pl.DataFrame(
        [(word, value) for word, value in bounds if low <= value <= high],
        schema={"word": pl.String, "value": pl.Float64},
        orient="row",
    )
    columns = ["number", "value", "verdict", "subject", "cell_line", "treatment", "replicate"]
    rules = {word: near.filter(pl.col("word") == word).select("value") for word in DASHES}
    return {"points": _thinned(values).select(columns)} | rules


def _template(present: set[str], size: tuple[int, int]) -> ChartType:
    """One figure over the plates."""
    import altair as alt

    x = alt.X("number:Q", title="plate, in order of measuring", scale=alt.Scale(nice=False, zero=False, padding=6))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True)).axis(tickCount=4)
    words = [word for word in VERDICTS if word in present]
    legend = alt.Legend(title="verdict")
    colors = alt.Scale(domain=words, range=[VERDICTS[word][0] for word in words])
    shapes = alt.Scale(domain=words, range=[VERDICTS[word][1] for word in words])
    tooltip = [
        alt.Tooltip("subject:N"),
        alt.Tooltip("cell_line:N"),
        alt.Tooltip("treatment:N"),
        alt.Tooltip("replicate:N"),
        alt.Tooltip("value:Q", format=".3~g"),
        alt.Tooltip("verdict:N"),
    ]
    layers: list[ChartType] = []
    for word, dash in DASHES.items():
        rule = alt.Chart(named(word)).mark_rule(color=INK if word == "fail" else MUTED, strokeDash=dash, aria=False)
        layers.append(rule.encode(y=y))
    points = alt.Chart(named("points")).mark_point(filled=True, size=26, aria=False)
    color, shape = (
        alt.Color("verdict:N", scale=colors, legend=legend),
        alt.Shape("verdict:N", scale=shapes, legend=legend),
    )
    layers.append(points.encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip))
    return alt.layer(*layers).properties(width=size[0], height=size[1])


def _reach(values: pl.Series, bounds: list[tuple[str, float]]) -> tuple[float, float]:
    """How far a limit may lie from the values and still be drawn without flattening them."""
    low, high = smallest(values), largest(values)
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
