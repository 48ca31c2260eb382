"""One plate as it lies on the bench: readings, what the normalization takes away, and what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, inline, middle_and_reach, score_unit, setting
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import DIVERGING, GRID, SEQUENTIAL
from sensitome.plates import row_letters

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["plate_heatmap", "worst_plate"]

WIDTH = 330
#: Wells without a value.
MISSING = "#dde2e6"


def worst_plate(tables: Tables) -> str | None:
    """Name of the first plate with the worst verdict, or of the first plate."""
    plates = tables.get("plates")
    if plates is not None and plates.height:
        rank = pl.col("verdict").cast(pl.String).replace_strict({"fail": 0, "warn": 1, "pass": 2}, default=3)
        return str(plates.sort(rank, "order", "plate")["plate"][0])
    wells = tables.get("wells")
    return str(wells.sort("order", "plate")["plate"][0]) if wells is not None and wells.height else None


def plate_heatmap(tables: Tables, manifest: Manifest, *, plate: str | None = None) -> Specification | None:
    """Draw raw, fitted and normalized values of one plate with its letters and numbers.

    Parameters
    ----------
    tables : `wells`, `plates`
    manifest : scale of the normalization
    plate : its name; without it the first plate with the worst verdict

    Returns
    -------
    Three panels; raw and fitted share one scale, and normalized values one that is symmetric around 0. None without
    wells.
    """
    import altair as alt

    name = plate or worst_plate(tables)
    own = tables["wells"].filter(pl.col("plate") == name).sort("row", "column") if name else tables["wells"].clear()
    if own.is_empty():
        return None
    is_log = setting(manifest, "normalize", "scale", default="log2") == "log2"
    raw = "log2_signal" if is_log else "signal"
    letters = pl.Series("letter", [row_letters(row) for row in own["row"]])
    rows = own.select(
        letters,
        "column",
        "well",
        "reagent",
        pl.col("role").cast(pl.String),
        pl.col(raw).alias("raw"),
        "fitted",
        "normalized",
    )
    rows = rows.filter(~pl.col("role").is_in(["empty", "excluded"]))
    samples = rows.filter(pl.col("role") == "sample")
    samples = samples if samples.height else rows
    level = pl.concat([samples["raw"], samples["fitted"]]).drop_nulls()
    domain = [level.quantile(0.01), level.quantile(0.99)] if level.len() else [0, 1]
    middle, far = middle_and_reach(samples["normalized"])
    unit = "log2 counts" if is_log else "counts"
    size = (own["row"].max(), own["column"].max())
    shared = alt.Scale(domain=domain, range=list(SEQUENTIAL), clamp=True)
    around = alt.Scale(domain=[middle - far, middle + far], range=list(DIVERGING), clamp=True)
    panels = [
        _panel(rows, "raw", title=f"raw ({unit})", scale=shared, size=size),
        _panel(rows, "fitted", title=f"fitted ({unit})", scale=shared, size=size),
        _panel(rows, "normalized", title=f"normalized ({score_unit(manifest)})", scale=around, size=size),
    ]
    first = own.row(0, named=True)
    subtitle = f"{first['cell_line']}, {first['treatment']}, library plate {first['library_plate']}"
    subtitle += f", replicate {first['replicate']}"
    heading = alt.TitleParams(f"Plate {name}", subtitle=subtitle)
    return specification(alt.concat(*panels, columns=3).resolve_scale(color="independent").properties(title=heading))


def _panel(rows: pl.DataFrame, value: str, *, title: str, scale: alt.Scale, size: tuple[object, object]) -> ChartType:
    """One layer of the plate."""
    import altair as alt

    n_rows, n_columns = int(str(size[0])), int(str(size[1]))
    cell = WIDTH / n_columns
    every = 1 if n_columns <= 12 else 2 if n_columns <= 24 else 4
    x = alt.X(
        "column:O", title=None, scale=alt.Scale(domain=[str(number) for number in range(1, n_columns + 1)], padding=0)
    )
    y = alt.Y(
        "letter:O", title=None, scale=alt.Scale(domain=[row_letters(row) for row in range(1, n_rows + 1)], padding=0)
    )
    x = x.axis(
        orient="top",
        labelAngle=0,
        ticks=False,
        domain=False,
        values=[str(number) for number in range(1, n_columns + 1, every)],
    )
    y = y.axis(ticks=False, domain=False, labelOverlap=False)
    color = alt.Color(
        f"{value}:Q",
        scale=scale,
        legend=alt.Legend(title=None, orient="bottom", type="symbol", symbolType="square", symbolSize=110, tickCount=4),
    )
    tooltip = [
        alt.Tooltip("well:N"),
        alt.Tooltip("reagent:N"),
        alt.Tooltip("role:N"),
        alt.Tooltip(f"{value}:Q", format=".3f"),
    ]
    data = inline(rows.select("letter", "column", "well", "reagent", "role", value).drop_nulls(value))
    chart = (
        alt.Chart(data)
        .mark_rect(aria=False, stroke=GRID, strokeWidth=0.3)
        .encode(x=x, y=y, color=color, tooltip=tooltip)
    )
    chart = chart.properties(view=alt.ViewBackground(fill=MISSING))
    panel: ChartType = chart.properties(
        width=WIDTH, height=round(cell * n_rows), title=alt.TitleParams(title, fontSize=12, fontWeight=500)
    )
    return panel
