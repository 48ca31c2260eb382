"""The surest sensitizers in order, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.sensitization_data import Evidence, evidence, tested
from sensitome.charts.theme import FAINT, INK, MUTED, kind_shapes, line_colors
from sensitome.frames import largest, smallest

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["sensitizer_ranking"]

MOST = 40


def sensitizer_ranking(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the contexts that the test is surest of, at most 40, as estimate and interval.

    Parameters
    ----------
    tables : `sensitizers`
    manifest : what the method decides by

    Returns
    -------
    One row per context: point = interaction (filled = called), bar = its interval, tick = measured difference before
    any shrinkage, number = what the method decides by; color = cell line, shape = kind. None without negative effects.
    """
    sensitizers = tables["sensitizers"]
    found = evidence(sensitizers, manifest)
    first = _first(sensitizers, found)
    if first.is_empty():
        return None
    panels = Panels(
        columns=1,
        title="The surest sensitizers",
        subtitle=[
            "point: interaction, filled when called · bar: interval · tick: measured difference",
            f"number: {found.name}; surest first",
        ],
    )
    panels.add(frozen(_template(first)), data=_data(first), title="reagent · cell line, arm", size=12)
    return panels.specification()


def _first(sensitizers: pl.DataFrame, found: Evidence) -> pl.DataFrame:
    """Called contexts first, then by what the method decides by, then by size."""
    # Shapes tell kinds apart; rows of one name are told apart by it.
    twice = pl.struct("reagent", "kind").n_unique().over("reagent") > 1
    kind = pl.when(twice).then(pl.format(" ({})", "kind")).otherwise(pl.lit(""))
    name = pl.col("reagent") + kind + " · " + pl.col("cell_line") + ", " + pl.col("treatment")
    value = pl.col(found.column)
    text = value.map_elements(lambda rate: _rate(rate, found), return_dtype=pl.String)
    return (
        sensitizers.filter(tested() & (pl.col("effect") < 0) & value.is_not_null())
        .sort("is_sensitizer", found.column, "effect", "reagent", descending=[True, False, False, False])
        .head(MOST)
        .select(
            "reagent", "kind", "cell_line", "treatment", "effect", "ci_low", "ci_high", "is_sensitizer",
            (pl.col("effect_with_drug") - pl.col("vehicle_effect")).alias("measured"),
            value.alias("rate"), name.alias("name"), text.alias("text"), pl.col("class").cast(pl.String),
        )
    )  # fmt: skip


def _rate(value: float, found: Evidence) -> str:
    """A rate with two digits that count, or a score."""
    if not found.is_rate:
        return signed(value)
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def _data(first: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Called and not called contexts, and the intervals that there are."""
    bars = first.drop_nulls(["ci_low", "ci_high"])
    return {
        "all": first.select("name", "measured", "text"),
        "bars": bars.select("name", "cell_line", "ci_low", "ci_high"),
        "called": first.filter("is_sensitizer"),
        "others": first.filter(~pl.col("is_sensitizer")),
    }


def _axes(first: pl.DataFrame) -> tuple[dict[str, alt.X], alt.Y]:
    """Columns along x with room for the numbers at the right end; contexts in order along y."""
    import altair as alt

    values = first.select("effect", "ci_low", "ci_high", "measured").unpivot()["value"].drop_nulls()
    low, high = smallest(values), max(0.0, largest(values))
    room = 0.03 * (high - low)
    scale = alt.Scale(domain=[round(low - room, 3), round(high + 6 * room, 3)], nice=False)
    axis = alt.Axis(tickCount=6, format=".1f")
    x = {
        column: alt.X(f"{column}:Q", title="interaction δ (log2)", scale=scale, axis=axis)
        for column in ("effect", "ci_low", "measured")
    }
    y = alt.Y("name:N", title=None, scale=alt.Scale(domain=first["name"].to_list()))
    return x, y.axis(labelLimit=330, domain=False, ticks=False, labelColor=INK, labelOverlap=False)


def _template(first: pl.DataFrame) -> ChartType:
    """All rows."""
    import altair as alt

    x, y = _axes(first)
    colors, kinds = line_colors(first["cell_line"]), kind_shapes(first["kind"])
    color = alt.Color("cell_line:N", scale=alt.Scale(domain=list(colors), range=list(colors.values())))
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds), range=list(kinds.values())))
    color = color.legend(alt.Legend(title="cell line", columns=4 if len(colors) > 4 else 0))
    shape = shape.legend(alt.Legend(title="reagent", symbolStrokeColor=INK))
    everything = alt.Chart(named("all"))
    words = everything.mark_text(align="right", fontSize=10, color=MUTED, aria=False)
    bars = alt.Chart(named("bars")).mark_rule(strokeWidth=1.6, aria=False)
    layers: list[ChartType] = [
        everything.mark_rule(color=FAINT, aria=False).encode(x=alt.datum(0, type="quantitative")),
        bars.encode(x=x["ci_low"], x2=alt.X2("ci_high"), y=y, color=color),
        everything.mark_tick(color=MUTED, size=9, thickness=1.2, aria=False).encode(x=x["measured"], y=y),
        words.encode(x=alt.value("width"), y=y, text=alt.Text("text:N")),
    ]
    for name in ("others", "called"):
        points = alt.Chart(named(name)).mark_point(size=44, filled=name == "called", strokeWidth=1.2)
        layers.append(points.encode(x=x["effect"], y=y, color=color, shape=shape, tooltip=_tooltip()))
    return alt.layer(*layers).properties(width=430, height=alt.Step(16))


def _tooltip() -> list[alt.Tooltip]:
    """What hovering a point shows."""
    import altair as alt

    texts = {"name": "context", "class": "class", "text": "rate"}
    numbers = {"effect": "interaction δ", "ci_low": "from", "ci_high": "to", "measured": "measured difference"}
    shown = [alt.Tooltip(f"{column}:N", title=title) for column, title in texts.items()]
    return shown + [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in numbers.items()]
