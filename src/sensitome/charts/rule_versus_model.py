"""How many contexts the rule and the test call together and each alone, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.concordance import GROUPS, compared
from sensitome.charts.data import Manifest, Tables, plural
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import ACCENT, FAINT, INK
from sensitome.frames import largest

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["rule_versus_model"]

TRUE, FALSE, UNKNOWN = "true effect", "no true effect", "calls"


def rule_versus_model(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the calls of both, only of the rule and only of the test, by the reason for the difference.

    Parameters
    ----------
    tables : `hits`, `sensitizers`; `truth` where it is known
    manifest : not read

    Returns
    -------
    One panel per group, one bar per reason, its length the number of contexts; split by the truth where a simulation
    tells it. None when neither calls anything.
    """
    called = compared(tables)
    if called is None or called.is_empty():
        return None
    has_truth = called["is_active"].is_not_null().any()
    kind = pl.lit(UNKNOWN)
    if has_truth:
        kind = pl.when("is_active").then(pl.lit(TRUE)).otherwise(pl.lit(FALSE))
    counts = (
        called.with_columns(kind.alias("truth"))
        .group_by("group", "cause", "truth")
        .agg(pl.len().alias("contexts"))
        .sort("group", "cause", "truth")
    )
    most = int(largest(counts.group_by("group", "cause").agg(pl.col("contexts").sum())["contexts"]) or 1)
    panels = Panels(
        columns=1,
        title="The rule and the test of the interaction",
        subtitle="contexts by who calls them, and why the other does not"
        + ("; dark: true effect" if has_truth else ""),
        resolve={"color": "shared"},
    )
    groups = [group for group in GROUPS if (counts["group"] == group).any()]
    for group in groups:
        own = counts.filter(pl.col("group") == group).drop("group")
        n = int(own["contexts"].sum())
        data = _data(own)
        causes = data["sums"]["cause"].to_list()
        template = frozen(_template(causes, most, has_truth=has_truth, shows_axis=group == groups[-1]))
        panels.add(template, data=data, title=f"{group}: {plural(n, 'context')}", size=12)
    return panels.specification()


def _data(own: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Bars, and the sum at the end of each."""
    order = {TRUE: 0, FALSE: 1, UNKNOWN: 0}
    sums = own.group_by("cause").agg(pl.col("contexts").sum()).sort("contexts", "cause", descending=[True, False])
    bars = own.with_columns(pl.col("truth").replace_strict(order, return_dtype=pl.Int8).alias("order"))
    return {"bars": bars.sort("cause", "order"), "sums": sums}


def _template(causes: list[str], most: int, *, has_truth: bool, shows_axis: bool) -> ChartType:
    """One group."""
    import altair as alt

    x = alt.X("contexts:Q", title="contexts (reagent × cell line × arm)")
    x = x.scale(alt.Scale(domain=[0, 1.12 * most], nice=False))
    x = x.axis(tickCount=5, format="d") if shows_axis else x.axis(labels=False, ticks=False, title=None, tickCount=5)
    y = alt.Y("cause:N", title=None, scale=alt.Scale(domain=causes))
    y = y.axis(domain=False, ticks=False, labelColor=INK, labelLimit=240, minExtent=235, maxExtent=245)
    colors = {TRUE: ACCENT, FALSE: FAINT} if has_truth else {UNKNOWN: ACCENT}
    color = alt.Color("truth:N", scale=alt.Scale(domain=list(colors), range=list(colors.values())))
    color = color.legend(alt.Legend(title=None) if has_truth else None)
    titles = {"cause:N": "reason", "truth:N": "truth", "contexts:Q": "contexts"}
    bars = alt.Chart(named("bars")).mark_bar(height=13)
    sums = alt.Chart(named("sums")).mark_text(align="left", dx=5, fontSize=11, color=INK, aria=False)
    return alt.layer(
        bars.encode(
            x=x, y=y, color=color, order=alt.Order("order:Q"),
            tooltip=[alt.Tooltip(name, title=title) for name, title in titles.items()],
        ),
        sums.encode(x=x.copy().stack(None), y=y, text=alt.Text("contexts:Q")),
    ).properties(width=360, height=alt.Step(22))  # fmt: skip
