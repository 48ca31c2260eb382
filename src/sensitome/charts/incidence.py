"""How many patients died of the disease, and how many of something else: cumulative incidence of competing causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.cohorts import of_cohorts, panel_title, strongest_first, time_unit
from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.survival_curves import ARMS, MOST

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["incidence"]

_CAUSES = {1: "of the endpoint", 2: "other"}


def incidence(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw cumulative incidence, one panel per miRNA and endpoint whose causes are known.

    Parameters
    ----------
    tables : `incidence` and `survival_scrutiny` (of which Gray's test and Fine and Gray's regression are told)
    manifest : ``cohort.time_unit``, where there is no table `cohorts`

    Returns
    -------
    Steps of each cause, in the arms of high and low expression. None where no endpoint has competing causes.
    """
    rows = of_cohorts(tables["incidence"])
    if rows.is_empty():
        return None
    checks = of_cohorts(tables["survival_scrutiny"])
    keys = strongest_first(rows.select("cohort", "mirna", "endpoint").unique(), checks)
    several = keys["cohort"].n_unique() > 1
    panels = Panels(
        columns=3 if several else 2,
        title="Competing causes",
        subtitle="share that had the event (Aalen and Johansen) · strong: cause of the endpoint · faint: other causes",
    )
    templates: dict[str, str] = {}
    for cohort, mirna, endpoint in keys.head(MOST).iter_rows():
        own = (pl.col("cohort") == cohort) & (pl.col("mirna") == mirna) & (pl.col("endpoint") == endpoint)
        unit = time_unit(tables, manifest, cohort)
        drawn = (
            rows.filter(own)
            .sort("arm", "cause", "time")
            .with_columns(
                pl.col("cause").cast(pl.Int32).replace_strict(_CAUSES, default="other", return_dtype=pl.String)
            )
        )
        title = panel_title(mirna, endpoint.upper(), cohort=cohort, several=several)
        template = templates.setdefault(unit, frozen(_template(unit)))
        data = {"steps": drawn.select("arm", "cause", "time", "incidence")}
        panels.add(template, data=data, title=title, subtitle=_words(checks.filter(own)), size=12)
    return panels.specification()


def _words(checks: pl.DataFrame) -> str:
    """Both tests in words."""
    rows = {row["figure"]: row for row in checks.iter_rows(named=True)}
    words = []
    if "gray" in rows and rows["gray"]["p_value"] is not None:
        words.append(f"Gray p = {rows['gray']['p_value']:.2g}")
    if "fine-gray" in rows and rows["fine-gray"]["p_value"] is not None:
        words.append(f"Fine–Gray per SD p = {rows['fine-gray']['p_value']:.2g}")
    return "; ".join(words)


def _template(unit: str) -> ChartType:
    """One miRNA and endpoint."""
    import altair as alt

    names = list(ARMS)
    colors = alt.Scale(domain=names, range=[ARMS[name][0] for name in names])
    dash = alt.Scale(domain=names, range=[ARMS[name][1] for name in names])
    shades = alt.Scale(domain=list(_CAUSES.values()), range=[1.0, 0.4])
    y = alt.Y("incidence:Q", title="cumulative incidence", scale=alt.Scale(domain=[0, 1]))
    lines = alt.Chart(named("steps")).mark_line(interpolate="step-after", strokeWidth=1.8, aria=False)
    chart: alt.Chart = lines.encode(
        x=alt.X("time:Q", title=f"time ({unit})").axis(grid=False),
        y=y.axis(format="%", tickCount=5),
        color=alt.Color("arm:N", scale=colors, title="expression"),
        strokeDash=alt.StrokeDash("arm:N", scale=dash, title="expression"),
        opacity=alt.Opacity("cause:N", scale=shades, title="cause"),
        detail="cause:N",
        tooltip=[
            alt.Tooltip("arm:N"),
            alt.Tooltip("cause:N"),
            alt.Tooltip("time:Q", format=".1f"),
            alt.Tooltip("incidence:Q", format=".3f"),
        ],
    ).properties(width=290, height=150)
    return chart
