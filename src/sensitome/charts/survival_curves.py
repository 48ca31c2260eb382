"""Survival of patients with high and low expression, with those at risk below: Fig. 4 of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.cohorts import of_cohorts, panel_title, strongest_first, time_unit
from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import INK

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["survival_curves"]

#: Panels past this number would be too small to read.
MOST = 12
#: Arm → (color, dash): color is not the only carrier.
ARMS = {"high": ("#d55e00", [1, 0]), "low": ("#0072b2", [6, 3])}


def survival_curves(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw Kaplan-Meier curves, one panel per miRNA and endpoint.

    Parameters
    ----------
    tables : `survival_curves`, `survival_risk` and `survival` (of which the rows of the log-rank test are told); the
        unit of times is that of `cohorts`
    manifest : ``cohort.time_unit``, where there is no such table

    Returns
    -------
    Steps with pointwise intervals, ticks where patients were censored, and patients at risk on the same time axis.
    None without curves.
    """
    curves, at_risk = of_cohorts(tables["survival_curves"]), of_cohorts(tables["survival_risk"])
    if curves.is_empty():
        return None
    tests = of_cohorts(tables["survival"]).filter(pl.col("model") == "log-rank")
    keys = strongest_first(curves.select("cohort", "mirna", "endpoint").unique(), tests)
    several = keys["cohort"].n_unique() > 1
    panels = Panels(
        columns=3 if several else 2,
        title="Survival with high and low expression",
        subtitle="step: share without the event · band: 95 % interval · tick: censored · below: patients at risk",
    )
    templates: dict[tuple[object, ...], str] = {}
    for cohort, mirna, endpoint in keys.head(MOST).iter_rows():
        own = (pl.col("cohort") == cohort) & (pl.col("mirna") == mirna) & (pl.col("endpoint") == endpoint)
        steps = curves.filter(own).sort("arm", "time")
        risk = at_risk.filter(own).select("arm", "time", "n_risk").sort("arm", "time")
        unit = time_unit(tables, manifest, cohort)
        # Those at risk are told at the breaks of the axis, and nowhere else.
        breaks = tuple(risk["time"].unique().sort().to_list())
        template = templates.setdefault((unit, breaks), frozen(_template(unit, breaks)))
        # The band needs both ends; where survival is 0 or 1 there is no interval.
        drawn = steps.select(
            "arm",
            "time",
            "survival",
            pl.col("ci_low").fill_null(pl.col("survival")),
            pl.col("ci_high").fill_null(pl.col("survival")),
        )
        censored = steps.filter(pl.col("n_censored") > 0).select("arm", "time", "survival", "n_censored")
        data = {"steps": drawn, "censored": censored, "risk": risk}
        title = panel_title(mirna, endpoint.upper(), cohort=cohort, several=several)
        panels.add(template, data=data, title=title, subtitle=_words(tests.filter(own)), size=12)
    return panels.specification()


def _words(test: pl.DataFrame) -> list[str]:
    """The test in two lines: p and q; hazard ratio, how many are high and above what."""
    if test.is_empty():
        return []
    row = test.row(0, named=True)
    first = "no test" if row["p_value"] is None else f"log-rank p = {row['p_value']:.2g}"
    if row.get("q_value") is not None:
        first += f"; q = {row['q_value']:.2g}"
    parts = []
    if row["effect"] is not None:
        low, middle, high = (float(np.exp(row[name])) for name in ("ci_low", "effect", "ci_high"))
        parts.append(f"HR {middle:.2f} ({low:.2f}–{high:.2f})")
    if row["cut"] is not None:
        parts.append(f"{row['n_high']} of {row['n']} > {row['cut']:.3g}")
    return [first, "; ".join(parts)] if parts else [first]


def _template(unit: str, breaks: tuple[float, ...]) -> ChartType:
    """One miRNA and endpoint."""
    import altair as alt

    names = list(ARMS)
    color = alt.Color(
        "arm:N", title="expression", scale=alt.Scale(domain=names, range=[ARMS[name][0] for name in names])
    )
    dash = alt.StrokeDash(
        "arm:N", title="expression", scale=alt.Scale(domain=names, range=[ARMS[name][1] for name in names])
    )
    x = alt.X("time:Q", title=f"time ({unit})").axis(grid=False, values=list(breaks))
    y = alt.Y("survival:Q", title="survival", scale=alt.Scale(domain=[0, 1])).axis(format="%", tickCount=5)
    steps = alt.Chart(named("steps"))
    band = steps.mark_area(interpolate="step-after", fillOpacity=0.12, aria=False).encode(
        x=x, y=alt.Y("ci_low:Q", scale=alt.Scale(domain=[0, 1])), y2=alt.Y2("ci_high"), color=color
    )
    lines = steps.mark_line(interpolate="step-after", strokeWidth=1.8, aria=False).encode(
        x=x,
        y=y,
        color=color,
        strokeDash=dash,
        tooltip=[alt.Tooltip("arm:N"), alt.Tooltip("time:Q", format=".1f"), alt.Tooltip("survival:Q", format=".3f")],
    )
    ticks = (
        alt.Chart(named("censored"))
        .mark_point(shape="stroke", angle=90, size=36, aria=False)
        .encode(x=x, y=y, color=color)
    )
    curves = alt.layer(band, lines, ticks).properties(width=290, height=170)
    counts = (
        alt.Chart(named("risk"))
        .mark_text(fontSize=10, color=INK)
        .encode(
            x=alt.X("time:Q", axis=None),
            y=alt.Y("arm:N", title=None, sort=names).axis(domain=False, ticks=False, offset=14),
            text="n_risk:Q",
        )
    )
    chart: alt.VConcatChart = alt.vconcat(curves, counts.properties(width=290, height=34), spacing=4).resolve_scale(
        x="shared"
    )
    return chart
