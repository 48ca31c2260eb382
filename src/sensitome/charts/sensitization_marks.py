"""Points of tested contexts: their columns, colors, shapes and tooltips, the same in every figure of sensitization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as selectors

from sensitome.charts.data import plural
from sensitome.charts.panels import named
from sensitome.charts.sensitization_data import REST, Evidence, tested, tier_colors
from sensitome.charts.theme import INK, kind_shapes

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["POINT", "counted", "point_layers", "split", "tooltip"]

#: What a point carries.
POINT = [
    "reagent", "kind", "cell_line", "treatment", "effect_with_drug", "vehicle_effect", "effect", "ci_low", "ci_high",
    "rate", "class", "n", "tier",
]  # fmt: skip
_REST = {"reagent", "kind", "cell_line", "treatment", "effect_with_drug", "vehicle_effect", "effect", "height"}


def split(own: pl.DataFrame, *, columns: Sequence[str] = POINT) -> dict[str, pl.DataFrame]:
    """Marked contexts as the data of three layers: rest, near (antagonists too), called."""
    points = own.with_columns(pl.col("class").cast(pl.String)).select(*columns, "is_sensitizer")
    is_rest = pl.col("tier") == REST
    # Most of a library is not called: its points carry little, and that rounded to what can be seen.
    rest = points.filter(is_rest).select(column for column in columns if column in _REST)
    return {
        "rest": rest.with_columns(selectors.float().round(2)),
        "near": points.filter(~is_rest & ~pl.col("is_sensitizer")).drop("is_sensitizer"),
        "called": points.filter("is_sensitizer").drop("is_sensitizer"),
    }


def point_layers(rows: pl.DataFrame, found: Evidence, *, x: alt.X, y: alt.Y) -> list[ChartType]:
    """Layers of what is near (hollow) and of what is called (filled); color = tier, shape = kind of reagent."""
    import altair as alt

    tiers = {tier: shade for tier, shade in tier_colors(found).items() if tier != REST and (rows["tier"] == tier).any()}
    kinds = kind_shapes(rows["kind"])
    # A legend of nothing has no size that a figure could be given.
    shades = tiers or {REST: tier_colors(found)[REST]}
    color = alt.Color("tier:N", scale=alt.Scale(domain=list(shades), range=list(shades.values())))
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds), range=list(kinds.values())))
    color = color.legend(alt.Legend(title="test") if tiers else None)
    shape = shape.legend(alt.Legend(title="reagent", symbolStrokeColor=INK))
    layers: list[ChartType] = []
    for name, filled in (("near", False), ("called", True)):
        points = alt.Chart(named(name)).mark_point(size=44 if filled else 26, filled=filled, strokeWidth=1)
        layers.append(points.encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip(found)))
    return layers


def counted(own: pl.DataFrame) -> str:
    """How many of a panel are called, in words."""
    called = plural(int(own["is_sensitizer"].sum()), "sensitizer")
    return f"{called} of {own.filter(tested()).height:,} tested"


def tooltip(found: Evidence, *, short: bool = False) -> list[alt.Tooltip]:
    """What hovering a point shows; of the rest, what its points carry."""
    import altair as alt

    texts = {"reagent": "reagent", "kind": "kind", "cell_line": "cell line", "treatment": "arm", "class": "class"}
    numbers = {
        "effect_with_drug": "with drug",
        "vehicle_effect": "without drug",
        "effect": "interaction δ",
        "ci_low": "δ from",
        "ci_high": "δ to",
    }
    shown = [alt.Tooltip(f"{column}:N", title=title) for column, title in texts.items()]
    shown += [alt.Tooltip(f"{column}:Q", title=title, format=".2f") for column, title in numbers.items()]
    if short:
        return [each for each in shown if str(each.shorthand).split(":")[0] in _REST]
    return [*shown, alt.Tooltip("rate:Q", title=found.name, format=".2~g"), alt.Tooltip("n:Q")]
