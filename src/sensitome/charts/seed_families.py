"""Seed families: every member's interaction where the family is strongest, and what they do on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import FAINT, INK, MUTED
from sensitome.frames import largest, smallest

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["seed_families"]

#: Families that fit on a page; the rest is in the table.
MOST = 30
#: Called members, and those that are not.
CALLED, OTHER = "#9a3412", "#5c6770"


def seed_families(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the families with the most evidence, at most 30, member by member.

    Parameters
    ----------
    tables : `families` and `sensitizers`
    manifest : not used; every figure gets it

    Returns
    -------
    One row per family: circle = member (filled = called somewhere), diamond and line = mean with its interval, number =
    what speaks for the family. None without families.
    """
    del manifest
    families = tables["families"]
    if families.is_empty() or "p_shared" not in families.columns:
        return None
    first = _rows(families.head(MOST))
    members = _members(first, tables["sensitizers"])
    if members.is_empty():
        return None
    left = families.height - first.height
    subtitle = ["circle: member, filled when called somewhere · diamond: mean with its interval, where it is lowest"]
    rate = "P(the members share a pattern)" if first["p_shared"].is_not_null().any() else "p against random reagents"
    further = f"; {left} further {'family' if left == 1 else 'families'} not shown" if left else ""
    subtitle.append(f"number: {rate}{further}")
    panels = Panels(columns=1, title="What seed families do together", subtitle=subtitle)
    data = {
        "families": first.select("name", "text"),
        "means": first.drop_nulls("effect").select("name", "effect"),
        "bars": _clipped(first, members),
        "called": members.filter("is_called"),
        "others": members.filter(~pl.col("is_called")),
    }
    panels.add(frozen(_template(first, members)), data=data, title="seed (members) · cell line, arm", size=12)
    return panels.specification()


def _rows(families: pl.DataFrame) -> pl.DataFrame:
    """Families with the label of their row, and the number at its end."""
    rate = pl.coalesce("p_shared", "p_value")
    text = rate.map_elements(
        lambda value: "< 0.01" if value < 0.01 else f"{value:.2f}", return_dtype=pl.String
    ).fill_null("–")
    name = pl.format("{} ({}) · {}, {}", "seed_family", "n_members", "cell_line", "treatment")
    return families.with_columns(name=name, text=text)


def _members(first: pl.DataFrame, sensitizers: pl.DataFrame) -> pl.DataFrame:
    """Difference of every member in the context of its family's row, from the typical reagent of that context."""
    context = ["cell_line", "treatment"]
    typical = pl.col("measured").median().over(context)
    measured = sensitizers.with_columns(measured=pl.col("effect_with_drug") - pl.col("vehicle_effect"))
    measured = measured.with_columns(pl.col("measured") - typical)
    called = sensitizers.filter("is_sensitizer").select("reagent", "kind").unique().with_columns(is_called=True)
    rows = first.select("name", "kind", *context, pl.col("members").str.split(";").alias("reagent")).explode("reagent")
    kinds = rows.with_columns(pl.col("kind").str.split("/")).explode("kind")
    return (
        kinds.join(measured.select("reagent", "kind", *context, "measured"), on=["reagent", "kind", *context])
        .join(called, on=["reagent", "kind"], how="left")
        .with_columns(pl.col("is_called").fill_null(value=False))
        .drop_nulls("measured")
        .sort("name", "reagent", "kind")
    )


def _reach(members: pl.DataFrame) -> tuple[float, float]:
    """Ends of the axis: as far as members go."""
    low, high = smallest(members["measured"]), largest(members["measured"])
    room = 0.05 * max(high - low, 0.2)
    return round(min(low, 0.0) - room, 3), round(max(high, 0.0) + room, 3)


def _clipped(first: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Intervals within the axis: those of two members reach far beyond it."""
    low, high = _reach(members)
    bars = first.drop_nulls(["ci_low", "ci_high"])
    return bars.select("name", pl.col("ci_low").clip(low, high), pl.col("ci_high").clip(low, high))


def _template(first: pl.DataFrame, members: pl.DataFrame) -> ChartType:
    """All rows."""
    import altair as alt

    low, high = _reach(members)
    scale = alt.Scale(domain=[low, high + 0.12 * (high - low)], nice=False)
    y = alt.Y("name:N", title=None, scale=alt.Scale(domain=first["name"].to_list()))
    y = y.axis(labelLimit=330, domain=False, ticks=False, labelColor=INK, labelOverlap=False)

    def x(column: str) -> alt.X:
        axis = alt.Axis(tickCount=6, format=".1f")
        return alt.X(f"{column}:Q", title="interaction δ as measured (log2)", scale=scale, axis=axis)

    rows = alt.Chart(named("families"))
    words = rows.mark_text(align="right", fontSize=10, color=MUTED, aria=False)
    tooltip = [alt.Tooltip("reagent:N"), alt.Tooltip("name:N", title="family"), alt.Tooltip("measured:Q", format=".2f")]
    layers: list[ChartType] = [
        rows.mark_rule(color=FAINT, aria=False).encode(x=alt.datum(0, type="quantitative")),
        alt.Chart(named("bars")).mark_rule(color=INK, strokeWidth=1.2, aria=False)
        .encode(x=x("ci_low"), x2=alt.X2("ci_high"), y=y),
    ]  # fmt: skip
    for name, color in (("others", OTHER), ("called", CALLED)):
        points = (
            alt.Chart(named(name)).mark_circle(size=40)
            if name == "called"
            else alt.Chart(named(name)).mark_point(size=34, filled=False, strokeWidth=1.1)
        )
        layers.append(points.encode(x=x("measured"), y=y, color=alt.value(color), tooltip=tooltip))
    diamonds = alt.Chart(named("means")).mark_point(shape="diamond", size=52, filled=True, color=INK, aria=False)
    layers += [diamonds.encode(x=x("effect"), y=y), words.encode(x=alt.value("width"), y=y, text=alt.Text("text:N"))]
    return alt.layer(*layers).properties(width=430, height=alt.Step(17))
