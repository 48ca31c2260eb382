"""Viability with the drug against viability without: Fig. 1 of Normann et al. 2021, one panel per drug arm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, drug_arms, groups, plural, score_unit, setting, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import FAINT, INK, kind_shapes, line_colors
from sensitome.frames import largest, smallest

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["viability_scatter"]

SIDE = 284
HIT = "hit"
EXCLUDED = "below threshold, excluded"
REST = "not significant"


def viability_scatter(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw every reagent's score with the drug (x) against its score without (y).

    Parameters
    ----------
    tables : `hits`, and `plates` for the order of the arms
    manifest : settings of the study: rule and units

    Returns
    -------
    One panel per drug arm: dot = inhibitor, triangle = mimic, color = cell line; hits filled, reagents that an
    exclusion leaves out hollow, the rest grey; dashed lines are the thresholds. None without an arm without drug.

    References
    ----------
    Normann et al. 2021, Fig. 1, doi:10.1038/s41598-021-90385-2
    """
    hits = tables["hits"].filter(pl.col("score").is_not_null() & pl.col("vehicle_score").is_not_null())
    if hits.is_empty():
        return None
    marked = hits.with_columns(_status().alias("status")).sort("reagent", "cell_line", "treatment")
    look = _Look(marked, groups(tables["hits"], manifest), manifest)
    template = frozen(_template(look))
    panels = Panels(
        columns=3,
        title="Viability with and without drug",
        subtitle=_key(look, manifest),
        resolve={"color": "shared", "shape": "shared"},
    )
    for arm in drug_arms(tables, manifest):
        rows = marked.filter(pl.col("treatment") == arm)
        called = rows.filter(pl.col("status") == HIT).height
        subtitle = f"{plural(called, 'hit')} among {plural(rows.select('reagent', 'kind').n_unique(), 'reagent')}"
        panels.add(template, data=_data(rows, look, arm), title=arm, subtitle=subtitle)
    return panels.specification()


def _key(look: _Look, manifest: Manifest) -> list[str]:
    """How to read the marks, for the figure that stands alone."""
    k = float(setting(manifest, "hits", "k", default=3.0))
    center = setting(manifest, "hits", "center", default="median")
    spread = str(setting(manifest, "hits", "spread", default="sd")).upper()
    exclusion_k = float(setting(manifest, "hits", "exclusion_k", default=3.0))
    sign = "±" if look.two_sided else "−"
    return [
        "filled: hit · hollow: below the threshold, left out by an exclusion · gray: not significant",
        f"dashed: threshold, {center} − {k:g} {spread} of the arm, per cell line · "
        f"dotted: {sign} {exclusion_k:g} {spread} without drug",
    ]


def _status() -> pl.Expr:
    """What became of the reagent in this context."""
    return (
        pl.when(pl.col("is_hit"))
        .then(pl.lit(HIT))
        .when(pl.col("is_significant").fill_null(False))
        .then(pl.lit(EXCLUDED))
        .otherwise(pl.lit(REST))
    )


class _Look:
    """Scales that all panels share."""

    def __init__(self, hits: pl.DataFrame, limits: pl.DataFrame, manifest: Manifest) -> None:
        self.colors = line_colors(hits["cell_line"])
        self.shapes = kind_shapes(hits["kind"])
        self.limits = limits
        self.unit = score_unit(manifest)
        self.vehicle = str(setting(manifest, "treatments", "vehicle", default="vehicle"))
        self.two_sided = setting(manifest, "hits", "exclusion", default="two-sided") == "two-sided"
        self.x = _padded(hits["score"], top=0.04)
        self.y = _padded(hits["vehicle_score"], top=0.05 + 0.055 * len(self.colors))

    def scale(self, of: str) -> alt.Scale:
        """Colors of the lines, or shapes of the kinds."""
        import altair as alt

        table = self.colors if of == "color" else self.shapes
        return alt.Scale(domain=list(table), range=list(table.values()))


def _padded(values: pl.Series, *, top: float) -> list[float]:
    """Range of the values with room at both ends."""
    low, high = smallest(values), largest(values)
    span = (high - low) or 1.0
    return [round(low - 0.04 * span, 3), round(high + top * span, 3)]


def _template(look: _Look) -> ChartType:
    """One drug arm: thresholds behind, then what is not significant, excluded, and called."""
    import altair as alt

    x, y = _axes(look)
    rest = alt.Chart(named("rest")).mark_circle(size=9, color=FAINT, aria=False)
    labels = alt.Chart(named("labels")).mark_text(align="left", dx=6, color=INK, aria=False)
    layers: list[ChartType] = [rest.encode(x=x, y=y, tooltip=_tooltip())]
    for number, color in enumerate(look.colors.values()):
        down = alt.Chart(named(f"with-{number}")).mark_rule(color=color, strokeDash=[5, 3], strokeWidth=1.2, aria=False)
        across = alt.Chart(named(f"without-{number}")).mark_rule(
            color=color, strokeDash=[1, 3], strokeWidth=1, aria=False
        )
        layers += [down.encode(x=x), across.encode(y=y)]
    layers += [_called(look, "excluded"), _called(look, "hits"), labels.encode(x=x, y=y, text=alt.Text("label:N"))]
    return alt.layer(*layers).properties(width=SIDE, height=SIDE)


def _data(rows: pl.DataFrame, look: _Look, arm: str) -> dict[str, pl.DataFrame]:
    """What one arm draws."""
    data = {
        name: rows.filter(pl.col("status") == status).select(COLUMNS)
        for name, status in (("rest", REST), ("excluded", EXCLUDED), ("hits", HIT))
    }
    labels = []
    right = look.limits.filter(pl.col("treatment") == arm)["threshold"].max()
    for number, line in enumerate(look.colors):
        own = look.limits.filter(pl.col("cell_line") == line)
        down = own.filter(pl.col("treatment") == arm)["threshold"]
        quiet = own.filter(pl.col("treatment") == look.vehicle)
        sides = [pl.col("threshold")] + ([2 * pl.col("center") - pl.col("threshold")] if look.two_sided else [])
        data[f"with-{number}"] = down.alias("score").to_frame()
        data[f"without-{number}"] = pl.concat([quiet.select(side.alias("vehicle_score")) for side in sides])
        height = look.y[1] - 0.055 * (look.y[1] - look.y[0]) * (0.6 + number)
        labels.append((right, height, f"{line}: {', '.join(signed(value) for value in down)}"))
    schema = {"score": pl.Float64, "vehicle_score": pl.Float64, "label": pl.String}
    return data | {"labels": pl.DataFrame(labels, schema=schema, orient="row").drop_nulls()}


def _axes(look: _Look) -> tuple[alt.X, alt.Y]:
    """With drug along x, without drug along y."""
    import altair as alt

    axis: dict[str, Any] = {"tickCount": 6, "format": ".1f"}
    x = alt.X("score:Q", title=f"viability with drug ({look.unit})", scale=alt.Scale(domain=look.x, nice=False))
    y = alt.Y("vehicle_score:Q", title=f"without drug ({look.unit})", scale=alt.Scale(domain=look.y, nice=False))
    return x.axis(**axis), y.axis(**axis)


def _tooltip() -> list[alt.Tooltip]:
    """What hovering a point shows."""
    import altair as alt

    return [
        alt.Tooltip("reagent:N"),
        alt.Tooltip("kind:N"),
        alt.Tooltip("cell_line:N", title="cell line"),
        alt.Tooltip("treatment:N", title="arm"),
        alt.Tooltip("score:Q", title="with drug", format=".2f"),
        alt.Tooltip("z:Q", title="z with drug", format=".2f"),
        alt.Tooltip("vehicle_score:Q", title="without drug", format=".2f"),
        alt.Tooltip("vehicle_z:Q", title="z without drug", format=".2f"),
        alt.Tooltip("n:Q", title="n with drug"),
        alt.Tooltip("vehicle_n:Q", title="n without drug"),
        alt.Tooltip("status:N", title="call"),
    ]


COLUMNS = [
    "reagent",
    "kind",
    "cell_line",
    "treatment",
    "score",
    "z",
    "vehicle_score",
    "vehicle_z",
    "n",
    "vehicle_n",
    "status",
]


def _called(look: _Look, name: str) -> ChartType:
    """Significant reagents: filled when they are hits, hollow when an exclusion leaves them out."""
    import altair as alt

    x, y = _axes(look)
    is_hit = name == "hits"
    shape = alt.Shape("kind:N", scale=look.scale("shape"), legend=alt.Legend(title="reagent", symbolStrokeColor=INK))
    color = alt.Color("cell_line:N", scale=look.scale("color"), legend=alt.Legend(title="cell line"))
    points = alt.Chart(named(name)).mark_point(size=58 if is_hit else 30, filled=is_hit, strokeWidth=0.9)
    chart: ChartType = points.encode(x=x, y=y, shape=shape, color=color, tooltip=_tooltip())
    return chart
