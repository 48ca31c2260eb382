"""What the screen saw of a candidate against what the validation saw, with the regression to the mean to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, reading_order
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import ACCENT, FAINT, INK, MUTED

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["validation_agreement"]

SIDE = 320


def validation_agreement(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the validated interaction of every candidate against that of the screen.

    Parameters
    ----------
    tables : `validation_agreement`
    manifest : arms of the study, for their order

    Returns
    -------
    One point per candidate × arm with its interval; gray bar = what the screen lets expect after regression to the
    mean; dashed = identity. None without candidates that both measured.
    """
    import altair as alt

    from sensitome.charts.data import inline

    rows = tables["validation_agreement"].drop_nulls(["screen_effect", "effect", "expected"])
    if rows.is_empty():
        return None
    every = [*rows["screen_effect"], *rows["effect"], *rows["ci_low"].drop_nulls(), *rows["ci_high"].drop_nulls(), 0.0]
    span = (max(every) - min(every)) or 1.0
    domain = [min(every) - 0.05 * span, max(every) + 0.05 * span]
    scale = alt.Scale(domain=domain, nice=False)
    x = alt.X("screen_effect:Q", title="interaction in the screen (log2)", scale=scale).axis(tickCount=6)
    y = alt.Y("effect:Q", title="interaction in the validation (log2)", scale=scale).axis(tickCount=6)
    columns = ["reagent", "cell_line", "treatment", "screen_effect", "expected", "expected_low", "expected_high"]
    columns += ["effect", "ci_low", "ci_high", "agrees"]
    arms = reading_order(rows["treatment"].unique().to_list(), tables, manifest)
    base = alt.Chart(inline(rows.select(columns)))
    tooltip = ["reagent:N", "treatment:N", *(alt.Tooltip(f"{c}:Q", format=".2f") for c in ("effect", "expected"))]
    line = alt.Chart(inline(pl.DataFrame({"screen_effect": domain, "effect": domain})))
    layers: list[ChartType] = [
        line.mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1, aria=False).encode(x=x, y=y),
        base.mark_rule(color=FAINT, strokeWidth=6, aria=False).encode(
            x=x, y=alt.Y("expected_low:Q", scale=scale), y2=alt.Y2("expected_high")
        ),
        base.mark_rule(color=INK, strokeWidth=1, aria=False).encode(
            x=x, y=alt.Y("ci_low:Q", scale=scale), y2=alt.Y2("ci_high")
        ),
        base.mark_point(filled=True, size=45, color=ACCENT, stroke="white", strokeWidth=0.6).encode(
            x=x, y=y, shape=alt.Shape("treatment:N", sort=arms, legend=alt.Legend(title="arm")), tooltip=tooltip
        ),
    ]
    agreeing = int(rows["agrees"].fill_null(False).sum())
    title = alt.TitleParams(
        "Screen and validation",
        subtitle=[
            "gray: what the screen lets expect after regression to the mean · line: 95 % interval of the validation",
            f"dashed: identity · {agreeing} of {rows.height} validated intervals meet what was to be expected",
        ],
        offset=12,
    )
    chart = alt.layer(*layers).properties(width=SIDE, height=SIDE, title=title)
    return specification(chart)
