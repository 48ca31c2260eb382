"""How often each reagent is called over the defensible settings, and what each choice does to the number of hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, drug_arms, plural
from sensitome.charts.panels import Panels, Specification, frozen, named
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
    stability = tables["stability"]
    if stability.is_empty():
        return None
    name = pl.col("reagent")
    if stability["kind"].n_unique() > 1:
        name = name + " (" + pl.col("kind") + ")"
    best = (
        stability.group_by("reagent", "kind")
        .agg(pl.col("share").max().alias("best"), pl.col("share").sum().alias("total"))
        .sort("best", "total", "reagent", descending=[True, True, False])
        .with_columns(name.alias("name"))
    )
    shown = best.head(MOST)
    arms = drug_arms(tables, manifest) or sorted(stability["treatment"].unique())
    percent = (pl.col("share") * 100).round(0).cast(pl.Int32).cast(pl.String)
    mark = pl.when("is_hit").then(pl.lit(" ●")).otherwise(pl.lit(""))
    cells = (
        stability.join(shown.select("reagent", "kind", "name"), on=["reagent", "kind"])
        .group_by("name", "cell_line", "treatment")
        .agg(pl.col("share").max(), pl.col("n_called").max(), pl.col("n_settings").max(), pl.col("is_hit").any())
        .with_columns((percent + mark).alias("text"))
        .sort("name", "cell_line", "treatment")
    )
    tried = max(stability["n_settings"].to_list())
    left = best.height - shown.height
    subtitle = f"percent of {plural(tried, 'setting')}; ● = called by the study's own setting"
    if left:
        subtitle += f"; {plural(left, 'reagent')} called less often not shown"
    panels = Panels(columns=4, title="Stability of the calls", subtitle=subtitle, resolve={"color": "shared"})
    names = shown["name"].to_list()
    for place, line in enumerate(sorted(cells["cell_line"].unique())):
        template = frozen(_map_template(names, arms, shows_names=place == 0))
        panels.add(template, data={"cells": cells.filter(pl.col("cell_line") == line)}, title=line, size=12)
    return panels.specification()


def _map_template(names: list[str], arms: list[str], *, shows_names: bool) -> ChartType:
    """One cell line: reagents down, arms across."""
    import altair as alt

    y = alt.Y("name:N", scale=alt.Scale(domain=names), title=None)
    y = y.axis(labelLimit=200, domain=False, ticks=False, labelColor=INK, labels=shows_names, labelOverlap=False)
    x = alt.X("treatment:N", scale=alt.Scale(domain=arms), title=None)
    x = x.axis(orient="top", labelAngle=-40, domain=False, ticks=False, labelLimit=140, labelOverlap=False)
    scale = alt.Scale(domain=[0, 1], range=["#f3f6f7", "#7fb0b5", "#0b4a52"])
    legend = alt.Legend(title="share of settings", format=".0%", gradientLength=160, tickCount=3)
    titles = {
        "name:N": "reagent",
        "cell_line:N": "cell line",
        "treatment:N": "arm",
        "text:N": "percent of settings",
        "n_called:Q": "settings that call it",
        "n_settings:Q": "settings tried",
        "is_hit:N": "called by the study",
    }
    tooltip = [alt.Tooltip(name, title=title) for name, title in titles.items()]
    ink = alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK))
    base = alt.Chart(named("cells"))
    shade = alt.Color("share:Q", scale=scale, legend=legend)
    return alt.layer(
        base.mark_rect(stroke="white", strokeWidth=1.5, aria=False).encode(x=x, y=y, color=shade, tooltip=tooltip),
        base.mark_text(fontSize=10).encode(x=x, y=y, text=alt.Text("text:N"), color=ink),
    ).properties(width=alt.Step(46), height=alt.Step(17))


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
