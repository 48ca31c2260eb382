"""Effect with the drug against effect without, and the line on which the drug changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.sensitization_data import Evidence, contexts_in_order, evidence, marked
from sensitome.charts.sensitization_marks import counted, point_layers, split, tooltip
from sensitome.charts.theme import FAINT, INK
from sensitome.frames import largest, smallest

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["sensitization_scatter"]

SIDE = 250
#: Panels past this number would be too small to read; the rest is in the table.
MOST = 24


def sensitization_scatter(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw every reagent's effect with the drug (x) against its effect without (y), colored by how sure the test is.

    Parameters
    ----------
    tables : `sensitizers`, and `plates` for the order of the arms
    manifest : limits of the test

    Returns
    -------
    One panel per cell line and drug arm (at most 24). The diagonal is Bliss independence: there the drug changes
    nothing. None without effects of both arms.
    """
    both = tables["sensitizers"].filter(
        pl.col("effect_with_drug").is_not_null() & pl.col("vehicle_effect").is_not_null()
    )
    if both.is_empty():
        return None
    found = evidence(both, manifest)
    rows = marked(both, found).with_columns(pl.col(found.column).alias("rate"))
    template = frozen(_template(rows, found))
    panels = Panels(
        columns=3,
        title="Effect with and without drug",
        subtitle=[
            "diagonal: the drug changes nothing (Bliss independence); left of it, fewer cells live than expected",
            "filled: called · hollow: near, or antagonist · gray: not called",
        ],
        resolve={"color": "shared", "shape": "shared"},
    )
    for line, arm in contexts_in_order(tables, manifest)[:MOST]:
        own = rows.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
        if own.height:
            panels.add(template, data=_data(own, rows), title=f"{line}, {arm}", subtitle=counted(own), size=12)
    return panels.specification()


def _ends(rows: pl.DataFrame) -> tuple[list[float], list[float]]:
    """Ranges of both axes with some room."""
    ends = []
    for column in ("effect_with_drug", "vehicle_effect"):
        low, high = smallest(rows[column]), largest(rows[column])
        room = 0.04 * ((high - low) or 1.0)
        ends.append([round(low - room, 3), round(high + room, 3)])
    return ends[0], ends[1]


def _data(own: pl.DataFrame, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Points of one panel, and the part of the diagonal that lies in it."""
    x, y = _ends(rows)
    low, high = max(x[0], y[0]), min(x[1], y[1])
    return split(own) | {"diagonal": pl.DataFrame({"effect_with_drug": [low, high], "vehicle_effect": [low, high]})}


def _template(rows: pl.DataFrame, found: Evidence) -> ChartType:
    """One cell line and arm: the rest, the diagonal, then what is near and what is called."""
    import altair as alt

    ends = _ends(rows)
    x = alt.X("effect_with_drug:Q", title="effect with drug (log2)", scale=alt.Scale(domain=ends[0], nice=False))
    y = alt.Y("vehicle_effect:Q", title="effect without drug (log2)", scale=alt.Scale(domain=ends[1], nice=False))
    x, y = x.axis(tickCount=6, format=".1f"), y.axis(tickCount=6, format=".1f")
    rest = alt.Chart(named("rest")).mark_circle(size=9, color=FAINT, aria=False)
    diagonal = alt.Chart(named("diagonal")).mark_line(color=INK, strokeWidth=1, strokeDash=[4, 3], aria=False)
    layers = [
        rest.encode(x=x, y=y, tooltip=tooltip(found, short=True)),
        diagonal.encode(x=x, y=y),
        *point_layers(rows, found, x=x, y=y),
    ]
    return alt.layer(*layers).properties(width=SIDE, height=SIDE)
