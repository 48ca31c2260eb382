"""How often each reagent is called over the defensible settings, and what each choice does to the number of hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, drug_arms, inline, plural
from sensitome.charts.panels import Panels, Specification, frozen, named, specification
from sensitome.charts.theme import FAINT, INK

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["settings_grid", "stability_map"]

#: Reagents that fit on a page of print; the rest is in the table.
MOST = 60
CHOICES = ("normalization", "spread", "pool", "controls", "exclusion", "summary")


def stability_map(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the share of settings that call each reagent, in each cell line and arm.

    Parameters
    ----------
    tables : `stability`
    manifest : order of the arms

    Returns
    -------
    Rows = reagents, most often called first (at most 60), columns = cell line and arm, number and shade = percent of
    the settings that call it; ● = called by the study's own setting. None when nothing is called.
    """
    import altair as alt

    stability = tables["stability"]
    if stability.is_empty():
        return None
    best = (
        stability.group_by("reagent", "kind")
        .agg(pl.col("share").max().alias("best"), pl.col("share").sum().alias("total"))
        .sort("best", "total", "reagent", descending=[True, True, False])
        .with_columns((pl.col("reagent") + " (" + pl.col("kind") + ")").alias("name"))
    )
    shown = best.head(MOST)
    arms = drug_arms(tables, manifest) or sorted(stability["treatment"].unique())
    cells = (
        stability.join(shown.select("reagent", "kind", "name"), on=["reagent", "kind"])
        .group_by("name", "cell_line", "treatment")
        .agg(pl.col("share").max(), pl.col("n_called").max(), pl.col("n_settings").max(), pl.col("is_hit").any())
        .with_columns(
            ((pl.col("share") * 100).round(0).cast(pl.Int32).cast(pl.String) + pl.when("is_hit").then(pl.lit(" ●")).otherwise(pl.lit("")))
            .alias("text")
        )
        .sort("name", "cell_line", "treatment")
    )  # fmt: skip
    base = alt.Chart(inline(cells))
    y = alt.Y("name:N", sort=shown["name"].to_list(), title=None).axis(
        labelLimit=200, domain=False, ticks=False, labelColor=INK
    )
    x = alt.X("treatment:N", sort=arms, title=None).axis(
        orient="top", labelAngle=-30, domain=False, ticks=False, labelLimit=140
    )
    shade = alt.Color(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], range=["#f3f6f7", "#7fb0b5", "#0b4a52"]),
        legend=alt.Legend(title="share of settings", format=".0%", gradientLength=160, tickCount=3),
    )
    tooltip = [
        alt.Tooltip("name:N", title="reagent"), alt.Tooltip("cell_line:N", title="cell line"), alt.Tooltip("treatment:N", title="arm"),
        alt.Tooltip("share:Q", format=".0%"), alt.Tooltip("n_called:Q", title="settings that call it"),
        alt.Tooltip("n_settings:Q", title="settings tried"), alt.Tooltip("is_hit:N", title="called by the study"),
    ]  # fmt: skip
    ink = alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK))
    panels = alt.layer(
        base.mark_rect(stroke="white", strokeWidth=1.5, aria=False).encode(x=x, y=y, color=shade, tooltip=tooltip),
        base.mark_text(fontSize=10).encode(x=x, y=y, text="text:N", color=ink),
    ).properties(width=alt.Step(58), height=alt.Step(17))
    tried = max(stability["n_settings"].to_list())
    left = best.height - shown.height
    subtitle = f"percent of {plural(tried, 'setting')}; ● = called by the study's own setting"
    if left:
        subtitle += f"; {plural(left, 'reagent')} called less often not shown"
    chart = panels.facet(
        column=alt.Column("cell_line:N", title=None, header=alt.Header(labelFontSize=12, labelFontWeight=600))
    )
    return specification(chart.properties(title=alt.TitleParams("Stability of the calls", subtitle=subtitle)))


def settings_grid(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the number of hits of every setting, sorted by each choice in turn.

    Parameters
    ----------
    tables : `stability_settings`
    manifest : not read

    Returns
    -------
    One row per option; each tick is one setting, the black bar their median, the diamond the study's own setting.
    Rows of choices that were not varied are left out. None when nothing was varied.
    """
    settings = tables["stability_settings"]
    varied = [choice for choice in CHOICES if settings[choice].n_unique() > 1]
    if not varied:
        return None
    long = settings.unpivot(
        index=["setting", "n_hits", "n_reagents", "n_candidates", "jaccard", "is_own"],
        on=varied,
        variable_name="choice",
        value_name="option",
    )
    order = pl.DataFrame({"choice": varied, "rank": range(len(varied))})
    long = long.join(order, on="choice").sort("rank", "option", "setting")
    templates = [frozen(_choice_template(shows_axis=last)) for last in (False, True)]
    panels = Panels(
        columns=1,
        title="What each choice does to the number of hits",
        subtitle=f"{plural(settings.height, 'setting')}; gray: one setting · black: median · diamond: the study's own",
        resolve={"x": "shared"},
    )
    for choice in varied:
        own = long.filter(pl.col("choice") == choice).drop("choice", "rank")
        middle = own.group_by("option").agg(pl.col("n_hits").median()).sort("option")
        data = {"settings": own, "medians": middle, "own": own.filter("is_own")}
        panels.add(templates[choice == varied[-1]], data=data, title=choice, size=12)
    return panels.specification()


def _choice_template(*, shows_axis: bool) -> ChartType:
    """One choice, one row per option."""
    import altair as alt

    x = alt.X("n_hits:Q", title="hits (reagent × cell line × arm)", scale=alt.Scale(zero=True, nice=True))
    x = x.axis(tickCount=6, format="d") if shows_axis else x.axis(labels=False, ticks=False, title=None, tickCount=6)
    y = alt.Y("option:N", title=None, sort=None).axis(
        domain=False, ticks=False, labelColor=INK, labelLimit=150, minExtent=130, maxExtent=160
    )
    tooltip = [
        alt.Tooltip("setting:Q"),
        alt.Tooltip("option:N"),
        alt.Tooltip("n_hits:Q", title="hits"),
        alt.Tooltip("n_reagents:Q", title="reagents"),
        alt.Tooltip("n_candidates:Q", title="candidates"),
        alt.Tooltip("jaccard:Q", title="overlap with own", format=".2f"),
    ]
    ticks = alt.Chart(named("settings")).mark_tick(color=FAINT, thickness=1.3, size=13, aria=False)
    middle = alt.Chart(named("medians")).mark_tick(color=INK, thickness=2.5, size=15, aria=False)
    own = alt.Chart(named("own")).mark_point(shape="diamond", filled=True, size=85, color="#d55e00")
    return alt.layer(
        ticks.encode(x=x, y=y, tooltip=tooltip), middle.encode(x=x, y=y), own.encode(x=x, y=y, tooltip=tooltip)
    ).properties(width=430, height=alt.Step(21))
