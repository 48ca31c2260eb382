"""The study as a flow with counts: what went in, what each step left, and what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import METHODS, Manifest, Tables, inline, plural, setting
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import FAINT, INK, MUTED

if TYPE_CHECKING:
    pass

__all__ = ["Box", "flow", "flowchart"]

STEP = 74
WIDTH = 420
SIDE = 190


@dataclass(frozen=True)
class Box:
    """One box of the flow.

    Parameters
    ----------
    title : what stands here, with its count
    detail : a second line
    aside : what this step left out, drawn beside the arrow that leads to the box; "" for nothing
    """

    title: str
    detail: str = ""
    aside: str = ""


def flow(tables: Tables, manifest: Manifest) -> list[Box]:
    """Boxes of the study's flow from library to candidates; what has no table is left out.

    Parameters
    ----------
    tables : any of `reagents`, `plates`, `wells`, `funnel`
    manifest : settings of the study

    Returns
    -------
    Boxes from top to bottom
    """
    boxes = [*_library(tables, manifest), *_measured(tables), *_normalized(tables, manifest)]
    steps = tables.get("funnel")
    if steps is None:
        return boxes
    before: int | None = None
    for row in steps.sort("step").iter_rows(named=True):
        if row["step"] > 1:
            left = f"{plural(before - row['n_reagents'], 'reagent')} left out" if before is not None else ""
            title = f"{plural(row['n_reagents'], 'reagent')}, {row['name'].removeprefix('of these, ')}"
            boxes.append(Box(title, f"{row['by_kind']} · {plural(row['n_contexts'], 'context')}", left))
        before = row["n_reagents"]
    return boxes


def _library(tables: Tables, manifest: Manifest) -> list[Box]:
    """What was screened."""
    reagents = tables.get("reagents")
    if reagents is None:
        return []
    samples = reagents.filter(pl.col("role") == "sample")
    kinds = (
        samples.group_by("kind")
        .agg(pl.col("reagent").n_unique().alias("n"))
        .sort("n", "kind", descending=[True, False])
    )
    detail = ", ".join(plural(n, kind) for kind, n in kinds.iter_rows())
    controls = reagents.height - samples.height
    if controls:
        detail += f" · {plural(controls, 'control')}"
    if setting(manifest, "score", "unit") == "well":
        detail += " · every library well judged on its own"
    return [Box(f"Library: {plural(samples.select('reagent', 'kind').n_unique(), 'reagent')}", detail)]


def _measured(tables: Tables) -> list[Box]:
    """What was measured."""
    plates = tables.get("plates")
    if plates is None:
        return []
    counts = [
        plural(plates[column].n_unique(), noun)
        for column, noun in (
            ("library_plate", "library plate"),
            ("cell_line", "cell line"),
            ("treatment", "arm"),
            ("replicate", "replicate"),
        )
    ]
    wells = tables.get("wells")
    title = f"Measured: {plural(plates.height, 'plate')}"
    if wells is not None:
        title += f", {plural(wells.height, 'well')}"
    return [Box(title, " × ".join(counts))]


def _normalized(tables: Tables, manifest: Manifest) -> list[Box]:
    """What has a normalized value."""
    wells = tables.get("wells")
    if wells is None:
        return []
    method = str(setting(manifest, "normalize", "method", default="none"))
    used = wells.filter(pl.col("normalized").is_not_null()).height
    lost = wells.height - used
    detail = f"by {METHODS.get(method, method)}"
    return [
        Box(f"Normalized: {plural(used, 'well')}", detail, f"{plural(lost, 'well')} without a value" if lost else "")
    ]


def flowchart(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the flow of the study from top to bottom.

    Parameters
    ----------
    tables, manifest : as `flow`

    Returns
    -------
    Boxes, arrows between them, and beside the arrows what was left out; None without any table
    """
    import altair as alt

    boxes = flow(tables, manifest)
    if not boxes:
        return None
    rows = pl.DataFrame(
        {
            "title": [_cut(box.title, 66) for box in boxes],
            "detail": [_cut(box.detail, 74) for box in boxes],
            "aside": [box.aside for box in boxes],
            "top": [float(STEP * i) for i in range(len(boxes))],
        }
    ).with_columns((pl.col("top") + 50).alias("bottom"))
    height = STEP * (len(boxes) - 1) + 52
    base = alt.Chart(inline(rows)).transform_calculate(
        tip="datum.top - 3", tail="datum.top - 22", middle="datum.top - 13"
    )
    y = alt.Y("top:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False, zero=False), axis=None)
    frame = base.mark_rect(fill="white", stroke=INK, strokeWidth=1, cornerRadius=3, aria=False)
    arrows = base.transform_filter("datum.top > 0")
    asides = arrows.transform_filter("datum.aside != '' && datum.aside != null")
    at = alt.value(WIDTH / 2)
    layers = [
        frame.encode(x=alt.value(1), x2=alt.value(WIDTH), y=y, y2=alt.Y2("bottom")),
        base.mark_text(align="center", dy=18, fontSize=12, color=INK).encode(x=at, y=y, text=alt.Text("title:N")),
        base.mark_text(align="center", dy=35, fontSize=10.5, color=MUTED).encode(x=at, y=y, text=alt.Text("detail:N")),
        arrows.mark_rule(color=INK).encode(x=at, y=alt.Y("tail:Q", axis=None), y2=alt.Y2("tip")),
        arrows.mark_point(shape="triangle-down", filled=True, size=36, color=INK).encode(
            x=at, y=alt.Y("tip:Q", axis=None)
        ),
        asides.mark_rule(color=FAINT, strokeWidth=1.2).encode(
            x=at, x2=alt.value(WIDTH + 22), y=alt.Y("middle:Q", axis=None)
        ),
        asides.mark_text(align="left", color=MUTED).encode(
            x=alt.value(WIDTH + 28), y=alt.Y("middle:Q", axis=None), text=alt.Text("aside:N")
        ),
    ]
    return specification(alt.layer(*layers).properties(width=WIDTH + SIDE, height=height, title="Flow of the study"))


def _cut(text: str, most: int) -> str:
    """Text that fits its box."""
    return text if len(text) <= most else text[: most - 1] + "…"
