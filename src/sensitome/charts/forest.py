"""Hazard ratios side by side: cohorts with what they say together, and one result under every defensible choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.cohorts import of_cohorts, panel_title, strongest_first
from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import ACCENT, FAINT, INK

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["forest", "multiverse", "survival_forest"]

#: Panels past this number would be too small to read.
MOST = 12
#: The same for panels of dozens of rows.
MOST_LONG = 6
#: Rows of a panel past this number would be too many to read.
MOST_ROWS = 25


def forest(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw hazard ratios of miRNAs in every cohort, and pooled, one panel per endpoint and miRNA.

    Parameters
    ----------
    tables : `survival_pooled` (mirna, endpoint, source, effect, ci_low, ci_high, p_value, n_event)
    manifest : not read

    Returns
    -------
    A point and its interval per cohort; diamonds are pooled. The line is a hazard ratio of 1. None without estimates.
    """
    rows = tables["survival_pooled"].drop_nulls(["effect", "ci_low", "ci_high"])
    if rows.is_empty():
        return None
    title = "Hazard ratios over cohorts"
    subtitle = "per standard deviation of expression · line: 95 % interval · diamond: pooled"
    panels = Panels(columns=2, title=title, subtitle=subtitle)
    keys = strongest_first(rows.select("mirna", "endpoint").unique(), rows.filter(pl.col("source") == "random"))
    for mirna, endpoint in keys.head(MOST).iter_rows():
        own = rows.filter((pl.col("mirna") == mirna) & (pl.col("endpoint") == endpoint))
        pooled = pl.col("source").is_in(["fixed", "random"])
        marked = own.sort(pooled, "source").with_columns(
            pl.when(pooled).then(pl.lit("pooled")).otherwise(pl.lit("cohort")).alias("kind")
        )
        labels = marked["source"].to_list()
        title = f"{mirna}, {endpoint.upper()}"
        panels.add(
            frozen(_template(labels)), data={"rows": _exponents(marked)}, title=title, subtitle=_pooled(own), size=12
        )
    return panels.specification()


def multiverse(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the hazard ratio of a miRNA under every cut, endpoint and subset, one panel per miRNA.

    Parameters
    ----------
    tables : `multiverse` (mirna, endpoint, subset, cut, effect, ci_low, ci_high, p_value, n, n_event)
    manifest : not read

    Returns
    -------
    A point and its interval per choice; filled where p < .05; how many of them are is told. None without estimates.
    """
    rows = of_cohorts(tables["multiverse"]).drop_nulls(["effect", "ci_low", "ci_high", "p_value"])
    if rows.is_empty():
        return None
    panels = Panels(
        columns=2,
        title="Survival under every defensible choice",
        subtitle="hazard ratio of high against low, or per standard deviation (continuous) · filled: p < .05",
    )
    keys = strongest_first(rows.select("cohort", "mirna").unique(), rows.filter(pl.col("cut") == "continuous"))
    several = keys["cohort"].n_unique() > 1
    for cohort, mirna in keys.head(MOST_LONG).iter_rows():
        own = rows.filter((pl.col("cohort") == cohort) & (pl.col("mirna") == mirna)).sort("endpoint", "subset", "cut")
        small = int((own["p_value"] < 0.05).sum())
        marked = own.with_columns(
            pl.concat_str("endpoint", "subset", "cut", separator=" · ").alias("source"),
            pl.when(pl.col("p_value") < 0.05).then(pl.lit("p < .05")).otherwise(pl.lit("not")).alias("kind"),
        )
        words = f"p < .05 in {small} of {own.height}"
        panels.add(
            frozen(_template(marked["source"].to_list())),
            data={"rows": _exponents(marked)},
            title=panel_title(mirna, cohort=cohort, several=several),
            subtitle=words,
            size=12,
        )
    return panels.specification()


def survival_forest(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw hazard ratios of the miRNAs of one cohort, one panel per endpoint.

    Parameters
    ----------
    tables : `survival` (rows of the model cox)
    manifest : not read

    Returns
    -------
    A point and its interval per miRNA, filled where q < .05, from the lowest to the highest. None without estimates.
    """
    rows = of_cohorts(tables["survival"]).filter(pl.col("model") == "cox")
    rows = rows.drop_nulls(["effect", "ci_low", "ci_high", "p_value"])
    if rows.is_empty():
        return None
    title, subtitle = "Hazard ratios of the miRNAs", "per standard deviation · line: 95 % interval · filled: q < .05"
    panels = Panels(columns=2, title=title, subtitle=subtitle)
    keys = rows.select("cohort", "endpoint").unique().sort("cohort", "endpoint")
    several = keys["cohort"].n_unique() > 1
    for cohort, endpoint in keys.head(MOST).iter_rows():
        own = rows.filter((pl.col("cohort") == cohort) & (pl.col("endpoint") == endpoint))
        own = own.sort("p_value", "mirna").head(MOST_ROWS)
        marked = own.sort("effect", "mirna").with_columns(
            pl.col("mirna").alias("source"),
            pl.when(pl.col("q_value") < 0.05).then(pl.lit("q < .05")).otherwise(pl.lit("not")).alias("kind"),
        )
        template = frozen(_template(marked["source"].to_list()))
        title = panel_title(endpoint.upper(), cohort=cohort, several=several)
        panels.add(template, data={"rows": _exponents(marked)}, title=title, size=12)
    return panels.specification()


def _pooled(own: pl.DataFrame) -> str:
    """What the cohorts say together, in words."""
    pooled = own.filter(pl.col("source") == "random")
    if pooled.is_empty():
        return ""
    row = pooled.row(0, named=True)
    words = [] if row["q_value"] is None else [f"pooled q = {row['q_value']:.2g}"]
    words += [] if row["i2"] is None else [f"I² = {100 * row['i2']:.0f} %"]
    return "; ".join(words)


def _exponents(rows: pl.DataFrame) -> pl.DataFrame:
    """Hazard ratios of log hazard ratios."""
    ratios = [pl.col(name).exp() for name in ("effect", "ci_low", "ci_high")]
    return rows.select("source", "kind", *ratios, pl.col("p_value"), pl.col("n_event"))


def _template(labels: list[str]) -> ChartType:
    """One panel; its rows are in the order of the labels."""
    import altair as alt

    base = alt.Chart(named("rows"))
    y = alt.Y("source:N", sort=labels, title=None).axis(labelLimit=240, domain=False, ticks=False)
    x = alt.X("effect:Q", title="hazard ratio", scale=alt.Scale(type="log", nice=False, padding=8)).axis(
        tickCount=5, format="~g", grid=False
    )
    kinds = ["cohort", "pooled", "p < .05", "not", "q < .05"]
    points = base.mark_point(size=44, color=INK).encode(
        x=x,
        y=y,
        shape=alt.Shape(
            "kind:N",
            legend=None,
            scale=alt.Scale(domain=kinds, range=["square", "diamond", "circle", "circle", "circle"]),
        ),
        fill=alt.Fill("kind:N", legend=None, scale=alt.Scale(domain=kinds, range=[INK, ACCENT, INK, "white", INK])),
        tooltip=[
            alt.Tooltip("source:N"),
            alt.Tooltip("effect:Q", format=".2f"),
            alt.Tooltip("p_value:Q", format=".2g"),
            alt.Tooltip("n_event:Q"),
        ],
    )
    reach = base.mark_rule(color=INK, aria=False).encode(
        x=alt.X("ci_low:Q", scale=alt.Scale(type="log", nice=False, padding=8)), x2=alt.X2("ci_high"), y=y
    )
    even = base.mark_rule(color=FAINT, aria=False).encode(x=alt.datum(1))
    return alt.layer(even, reach, points).properties(width=230, height=alt.Step(17 if len(labels) <= MOST_ROWS else 13))
