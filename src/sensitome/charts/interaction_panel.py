"""One reagent in full: its replicates without and with each drug, what Bliss independence expects, and the interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.sensitization_data import (
    CONTEXT,
    Evidence,
    contexts_in_order,
    evidence,
    label,
    replicate_means,
    tested,
    vehicle_of,
)
from sensitome.charts.theme import ACCENT, INK
from sensitome.frames import smallest

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["interaction_panel"]

#: Reagents, and rows of one reagent, that can be read on a page.
MOST, MOST_ROWS = 6, 24
#: Between the cell line, which keeps rows apart, and what is written.
BREAK = " | "


def interaction_panel(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the surest reagents, one panel each: replicates of every arm against what the vehicle lets expect.

    Parameters
    ----------
    tables : `sensitizers`; `wells` for the replicates
    manifest : order of the arms

    Returns
    -------
    Rows = cell line and arm; dots = replicates, bar across = Bliss expectation (the effect without drug), thick line =
    the test's estimate with its interval, filled where it is called. At most six reagents; None without effects.
    """
    sensitizers = tables["sensitizers"]
    found = evidence(sensitizers, manifest)
    first = _first(sensitizers, found)
    if first.is_empty():
        return None
    replicates = replicate_means(tables, manifest, items=first)
    panels = Panels(
        columns=3,
        title="The surest reagents, replicate by replicate",
        subtitle="dots: replicates · bar across: Bliss expectation · thick line: estimate with interval, ● called",
        resolve={"x": "shared"},
    )
    # Most reagents have the same rows; a template takes longer than its data.
    templates: dict[tuple[str, ...], str] = {}
    contexts = contexts_in_order(tables, manifest)
    for reagent, kind, name in first.iter_rows():
        of_it = (pl.col("reagent") == reagent) & (pl.col("kind") == kind)
        own = sensitizers.filter(of_it)
        rows = _rows(own, contexts, vehicle_of(manifest))
        dots = None if replicates is None else replicates.filter(of_it)
        order = tuple(rows["row"])
        if order not in templates:
            templates[order] = frozen(_template(rows))
        panels.add(templates[order], data=_data(own, rows, dots), title=name, subtitle=_words(own, found), size=12)
    return panels.specification()


def _first(sensitizers: pl.DataFrame, found: Evidence) -> pl.DataFrame:
    """Reagents with the most calls; among these the surest."""
    return (
        sensitizers.filter(tested() & (pl.col("effect") < 0))
        .with_columns(label(sensitizers).alias("name"))
        .group_by("reagent", "kind", "name")
        .agg(
            pl.col("is_sensitizer").sum().alias("calls"),
            pl.col(found.column).min().alias("best"),
            pl.col("effect").min().alias("least"),
        )
        .sort("calls", "best", "least", "name", descending=[True, False, False, False], nulls_last=True)
        .head(MOST)
        .select("reagent", "kind", "name")
    )


def _words(own: pl.DataFrame, found: Evidence) -> str:
    """How many contexts are called, and the best of what the method decides by."""
    known = own.filter(tested())[found.column].drop_nulls()
    called = f"called in {int(own['is_sensitizer'].sum())} of {own.height}"
    if known.is_empty():
        return called
    value = smallest(known)
    text = f"{value:.2g}" if found.is_rate and value >= 1e-4 else "< 0.0001" if found.is_rate else signed(value)
    return f"{called}, best {found.name} {text}"


def _rows(own: pl.DataFrame, contexts: list[tuple[str, str]], vehicle: str) -> pl.DataFrame:
    """Rows in order: cell line, arm, and `row`, which ends in what is written beside it.

    The vehicle of each line comes first and names the line; lines with a call come first.
    """
    there = set(own.drop_nulls("effect").select("cell_line", "treatment").iter_rows())
    called = set(own.filter("is_sensitizer")["cell_line"].to_list())
    rows: list[tuple[str, str, str]] = []
    for line in sorted({line for line, _ in there}, key=lambda line: (line not in called, line)):
        arms = [arm for own_line, arm in contexts if own_line == line and (line, arm) in there]
        block = [
            (line, vehicle, f"{line}{BREAK}{line}, {vehicle}"),
            *((line, arm, f"{line}{BREAK}{arm}") for arm in arms),
        ]
        if not rows or len(rows) + len(block) <= MOST_ROWS:
            rows += block
    return pl.DataFrame(rows, schema=["cell_line", "treatment", "row"], orient="row")


def _data(own: pl.DataFrame, rows: pl.DataFrame, replicates: pl.DataFrame | None) -> dict[str, pl.DataFrame]:
    """Replicates, expectations, intervals and estimates of one reagent, by row."""
    drug = own.drop_nulls("effect").join(rows, on=["cell_line", "treatment"]).sort("row")
    base = pl.col("vehicle_effect")
    estimate = drug.select(
        *CONTEXT, "row", "is_sensitizer", (base + pl.col("effect")).alias("x"),
        (base + pl.col("ci_low")).alias("low"), (base + pl.col("ci_high")).alias("high"),
        pl.col("effect").alias("delta"), base.alias("expected"),
    )  # fmt: skip
    empty = pl.DataFrame(schema={"row": pl.String, "x": pl.Float64, "replicate": pl.Int64})
    dots = empty if replicates is None else replicates.join(rows, on=["cell_line", "treatment"])
    if replicates is not None:
        dots = dots.select("row", pl.col("value").alias("x"), "replicate").sort("row", "replicate")
    return {
        "dots": dots,
        "estimates": estimate,
        "bars": estimate.drop_nulls(["low", "high"]).select("row", "low", "high"),
        "called": estimate.filter("is_sensitizer"),
    }


def _template(rows: pl.DataFrame) -> ChartType:
    """One reagent."""
    import altair as alt

    y = alt.Y("row:N", title=None, scale=alt.Scale(domain=rows["row"].to_list()))
    words = f"slice(datum.label, lastindexof(datum.label, '{BREAK}') + {len(BREAK)})"
    look = alt.Axis(labelLimit=150, domain=False, ticks=False, labelColor=INK, labelOverlap=False, labelExpr=words)
    y = y.axis(look)
    axis, scale = alt.Axis(tickCount=5, format=".1f"), alt.Scale(zero=True, nice=False, padding=8)
    x, low, expectation = (
        alt.X(f"{column}:Q", title="effect (log2)", axis=axis, scale=scale) for column in ("x", "low", "expected")
    )
    estimates = alt.Chart(named("estimates"))
    titles = {"delta": "interaction δ", "expected": "Bliss expectation", "low": "from", "high": "to"}
    tooltip = [alt.Tooltip("cell_line:N", title="cell line"), alt.Tooltip("treatment:N", title="arm")]
    tooltip += [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in titles.items()]
    bars = alt.Chart(named("bars")).mark_rule(color=ACCENT, strokeWidth=3, aria=False)
    expected = estimates.mark_tick(color=INK, size=15, thickness=1.6, aria=False)
    dots = alt.Chart(named("dots")).mark_point(size=26, stroke=INK, fill="white", strokeWidth=1, aria=False)
    points = estimates.mark_point(size=34, stroke=ACCENT, fill="white", strokeWidth=1.2)
    called = alt.Chart(named("called")).mark_point(size=34, stroke=ACCENT, fill=ACCENT)
    return alt.layer(
        bars.encode(x=low, x2=alt.X2("high"), y=y),
        expected.encode(x=expectation, y=y),
        points.encode(x=x, y=y, tooltip=tooltip),
        called.encode(x=x, y=y, tooltip=tooltip),
        dots.encode(x=x, y=y, tooltip=[alt.Tooltip("replicate:Q"), alt.Tooltip("x:Q", title="effect", format=".2f")]),
    ).properties(width=190, height=alt.Step(19))
