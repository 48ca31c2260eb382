"""Size of the interaction against how sure the test is of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.sensitization_data import (
    Evidence,
    contexts_in_order,
    evidence,
    marked,
    sensitization_setting,
)
from sensitome.charts.sensitization_marks import POINT, counted, point_layers, split
from sensitome.charts.theme import FAINT, INK, MUTED
from sensitome.frames import largest, smallest

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["interaction_volcano"]

MOST = 24


def interaction_volcano(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the interaction δ (x) against the certainty that it sensitizes (y), per cell line and drug arm.

    Parameters
    ----------
    tables : `sensitizers`
    manifest : limits of the test

    Returns
    -------
    One panel per cell line and drug arm (at most 24); y = −log10 of the local rate or of q, rates below 1e-4 at 1e-4;
    horizontal lines are limits of the method, the vertical one its least size that counts. None without effects.
    """
    sensitizers = tables["sensitizers"]
    found = evidence(sensitizers, manifest)
    known = sensitizers.filter(pl.col("effect").is_not_null() & pl.col(found.column).is_not_null())
    if known.is_empty():
        return None
    rows = marked(known, found).with_columns(pl.col(found.column).alias("rate"), found.height().alias("height"))
    limits = _limits(found)
    margin = sensitization_setting(manifest, "margin") if "rate" in found.decision else None
    template = frozen(_template(rows, found))
    panels = Panels(
        columns=3,
        title="Interactions and their evidence",
        subtitle=_key(found, margin),
        resolve={"color": "shared", "shape": "shared"},
    )
    edges = pl.DataFrame({"effect": [0.0] if not margin else [0.0, -float(margin)]})
    for line, arm in contexts_in_order(tables, manifest)[:MOST]:
        own = rows.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
        if own.height:
            data = _data(own) | {"limits": limits, "edges": edges}
            panels.add(template, data=data, title=f"{line}, {arm}", subtitle=counted(own), size=12)
    return panels.specification()


def _key(found: Evidence, margin: float | None) -> list[str]:
    """What the lines are, for the figure that stands alone."""
    least = f" and the least size that counts ({signed(-float(margin))})" if margin else ""
    top = ", 4 = 0.0001 or less" if found.is_rate else ""
    return [
        f"filled: called · hollow: near, or antagonist · gray: not called; vertical: no interaction{least}",
        f"horizontal: limits of the method{top}" if found.limit is not None else f"higher: surer{top}",
    ]


def _limits(found: Evidence) -> pl.DataFrame:
    """Where the method calls, with its words."""
    if found.limit is None:
        return pl.DataFrame(schema={"height": pl.Float64, "text": pl.String})
    values = [found.limit / 4, found.limit] if found.column == "local_rate" else [found.limit]
    sign = "≤" if found.is_rate else "<"
    texts = [f"{found.name} {sign} {value:g}".replace("-", "−") for value in values]
    return pl.DataFrame({"height": [found.height_of(value) for value in values], "text": texts})


def _data(own: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Points of one panel; those that are not called lose their names and are drawn once each."""
    parts = split(own, columns=[*POINT, "height"])
    rest = parts["rest"].select(pl.col("effect", "height") + 0.0)
    return parts | {"rest": rest.unique().sort("effect", "height")}


def _axes(rows: pl.DataFrame, found: Evidence) -> tuple[alt.X, alt.Y]:
    """Interaction along x, evenly to both sides of zero; certainty along y, with room for the words of the limits."""
    import altair as alt

    reach = 1.04 * max(0.2, largest(rows["effect"].abs()))
    low, high = smallest(rows["height"]), largest(rows["height"])
    if found.limit is not None:
        high = max(high, found.height_of(found.limit))
    room = 0.06 * ((high - low) or 1.0)
    x = alt.X("effect:Q", title="interaction δ (log2)", scale=alt.Scale(domain=[-reach, reach], nice=False))
    y = alt.Y("height:Q", title=found.title, scale=alt.Scale(domain=[low - room, high + 2 * room], nice=False))
    return x.axis(tickCount=6, format=".1f"), y.axis(tickCount=5)


def _template(rows: pl.DataFrame, found: Evidence) -> ChartType:
    """One cell line and arm: the rest, the limits with their words, then what is near and what is called."""
    import altair as alt

    x, y = _axes(rows, found)
    limits = alt.Chart(named("limits"))
    words = limits.mark_text(align="right", baseline="bottom", dx=-2, dy=-1, fontSize=10, color=MUTED, aria=False)
    layers = [
        alt.Chart(named("rest")).mark_circle(size=8, color=FAINT, aria=False).encode(x=x, y=y),
        alt.Chart(named("edges")).mark_rule(color=INK, strokeDash=[1, 3], aria=False).encode(x=x),
        limits.mark_rule(color=INK, strokeDash=[4, 3], aria=False).encode(y=y),
        words.encode(x=alt.value("width"), y=y, text=alt.Text("text:N")),
        *point_layers(rows, found, x=x, y=y),
    ]
    return alt.layer(*layers).properties(width=250, height=190)
