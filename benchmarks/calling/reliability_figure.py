"""Promised against measured shares of false contexts, drawn from the records of the gates.

`python -m benchmarks.calling.reliability_figure docs/assets/reliability.svg` draws it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from benchmarks.calling.cells import Cell
from benchmarks.calling.gate_tables import RESULTS, SHOWN
from benchmarks.calling.records import read
from benchmarks.calling.summary import reliability

from sensitome.charts.export import render
from sensitome.charts.theme import INK, config

if TYPE_CHECKING:
    import altair as alt

__all__ = ["bins", "reliability_chart"]

Records = Mapping[Cell, Mapping[str, Any]]

#: A bin with fewer contexts says nothing.
FEWEST = 5


def bins(records: Records, *, designs: Sequence[tuple[str, int, float]] = SHOWN) -> pl.DataFrame:
    """One row a design and bin of the local rate.

    Parameters
    ----------
    records : of the gates
    designs : scenario, replicates and size

    Returns
    -------
    design, rate (mean, promised), false (share), n (contexts), low and high of `false` (twice the error of a ratio over
    screens), least and most (what 95 of 100 would lie between if the rates were right and contexts independent)
    """
    rows = []
    for name, wells, size in designs:
        own = {c: r for c, r in records.items() if (c.scenario, c.replicates, c.size) == (name, wells, size)}
        title = f"{name}, {size:g} log2, {wells} replicate{'s' if wells > 1 else ''}"
        for row in reliability(own):
            rate, false, n = float(str(row["mean_rate"])), float(str(row["false"])), int(str(row["contexts"]))
            if n >= FEWEST:
                error, chance = 2 * float(str(row["false_se"] or 0.0)), 1.96 * np.sqrt(rate * (1 - rate) / n)
                rows.append((title, rate, false, n, false - error, false + error, rate - chance, rate + chance))
    names = ["design", "rate", "false", "n", "low", "high", "least", "most"]
    table = pl.DataFrame(rows, schema=names, orient="row")
    return table.with_columns(pl.col("low", "high", "least", "most").clip(0.0, 1.0))


def reliability_chart(table: pl.DataFrame) -> alt.FacetChart:
    """Draw one panel a design; `table` from `bins`."""
    import altair as alt

    scale = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("rate:Q", title="local rate, mean of the bin", scale=scale)
    line = alt.Chart().mark_rule(color="#9aa0a6", strokeDash=[4, 3]).encode(
        x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1)
    )  # fmt: skip
    bounds = alt.Chart().mark_bar(width=10, color="#d7dbdf").encode(x=x, y=alt.Y("least:Q", scale=scale), y2="most:Q")
    error = alt.Chart().mark_rule(color=INK).encode(x=x, y="low:Q", y2="high:Q")
    point = alt.Chart().mark_point(filled=True, color="#0072b2", size=42, opacity=1).encode(
        x=x, y=alt.Y("false:Q", title="share of false contexts", scale=scale)
    )  # fmt: skip
    panels = alt.layer(bounds, line, error, point, data=table).properties(width=210, height=210)
    designs = table["design"].unique(maintain_order=True).to_list()
    return (
        panels.facet(facet=alt.Facet("design:N", title=None, sort=designs), columns=3)
        .properties(
            title=alt.Title(
                "What local rates promise, and what is false",
                subtitle=[
                    "point: a bin of a tenth · line: two standard errors over screens · above the dashes: optimistic",
                    "gray: where 95 of 100 would lie by chance if the rates were right and contexts independent",
                ],
            )
        )
        .configure(**config())
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(render(reliability_chart(bins(read(RESULTS)))))
