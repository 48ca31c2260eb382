"""What the screen saw of a candidate against what the validation saw, with the regression to the mean to expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, reading_order, setting, told_apart
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import ACCENT, FAINT, INK, MUTED, line_colors

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["validation_agreement"]

SIDE, LONE_SIDE = 214, 300
#: Panels beside each other, and characters of a line of the key for each of them.
COLUMNS, CHARACTERS = 3, 46
#: Limit of q at which a point is filled, as in the table `validated`.
ALPHA = 0.05
#: Names in a panel; those farthest from what was to be expected.
NAMES = 3


def validation_agreement(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the validated interaction of every candidate against that of the screen.

    Parameters
    ----------
    tables : `validation_agreement`
    manifest : arms of the study, for their order, and ``validation.level``

    Returns
    -------
    One panel per drug arm, one point per candidate with its interval, filled at q < .05; gray bar = what the screen
    lets expect after regression to the mean; dashed = identity. Named are candidates whose interval does not meet the
    expected one. None without candidates that both measured.
    """
    rows = tables["validation_agreement"].drop_nulls(["screen_effect", "effect", "expected"])
    if rows.is_empty():
        return None
    rows = rows.with_columns(told_apart())
    arms = reading_order(rows["treatment"].unique().to_list(), tables, manifest)
    lines = sorted(rows["cell_line"].unique())
    columns, side = min(COLUMNS, len(arms)), SIDE if len(arms) > 1 else LONE_SIDE
    panels = Panels(
        columns=COLUMNS, title="Screen and validation", subtitle=_wrapped(_key(rows, manifest), columns * CHARACTERS)
    )
    domain = _domain(rows)
    for number, arm in enumerate(arms):
        own = rows.filter(pl.col("treatment") == arm)
        agreeing = int(own["agrees"].fill_null(False).sum())
        panels.add(
            frozen(_template(domain, lines, side=side, legend=number == 0)),
            data=_data(own, domain),
            title=arm,
            subtitle=f"{agreeing} of {own.height} meet what was expected",
            size=12,
        )
    return panels.specification()


def _key(rows: pl.DataFrame, manifest: Manifest) -> list[str]:
    """How to read the marks, for the figure that stands alone."""
    level = 100 * float(setting(manifest, "validation", "level", default=0.95))
    n = sorted(set(rows["n"].drop_nulls().to_list())) if "n" in rows.columns else []
    times = f" (n = {n[0] if len(n) == 1 else f'{n[0]} to {n[-1]}'} biological replicates)" if n else ""
    agreeing = int(rows["agrees"].fill_null(False).sum())
    return [
        "gray bar: what the screen lets expect after regression to the mean",
        f"line: {level:g} % interval of the validation{times}",
        "filled: q < .05",
        "dashed: identity",
        f"{agreeing} of {rows.height} validated intervals meet what was to be expected",
        *(["named: those that do not"] if agreeing < rows.height else []),
    ]


def _wrapped(phrases: Sequence[str], limit: int) -> list[str]:
    """Phrases joined into lines of at most so many characters, so that the key is no wider than the panels."""
    lines: list[str] = []
    for phrase in phrases:
        longer = f"{lines[-1]} · {phrase}" if lines else phrase
        if lines and len(longer) <= limit:
            lines[-1] = longer
        else:
            lines.append(phrase)
    return lines


def _domain(rows: pl.DataFrame) -> list[float]:
    """Both axes of every panel."""
    names = ("screen_effect", "effect", "ci_low", "ci_high", "expected_low", "expected_high")
    every = [0.0, *(value for name in names for value in rows[name].drop_nulls().to_list())]
    span = (max(every) - min(every)) or 1.0
    return [min(every) - 0.04 * span, max(every) + 0.04 * span]


def _data(rows: pl.DataFrame, domain: Sequence[float]) -> dict[str, pl.DataFrame]:
    """Points of one arm, those that get a name, and the line of identity."""
    columns = ["reagent", "kind", "cell_line", "treatment", "screen_effect", "expected", "expected_low"]
    columns += ["expected_high", "effect", "ci_low", "ci_high", "q_value"]
    sure = (pl.col("q_value") < ALPHA).fill_null(False).alias("sure")
    points = rows.sort("screen_effect", "reagent", "cell_line").select(*columns, sure)
    apart = rows.filter(~pl.col("agrees").fill_null(True)).with_columns(
        (pl.col("effect") - pl.col("expected")).abs().alias("_apart")
    )
    chosen = apart.sort("_apart", "reagent", descending=[True, False]).head(NAMES)
    middle = (domain[0] + domain[1]) / 2
    names = chosen.select("reagent", "screen_effect", "effect").sort("screen_effect")
    return {
        "points": points,
        "left": names.filter(pl.col("screen_effect") < middle),
        "right": names.filter(pl.col("screen_effect") >= middle),
        "identity": pl.DataFrame({"screen_effect": domain, "effect": domain}),
        "zero": pl.DataFrame({"zero": [0.0]}),
    }


def _template(domain: Sequence[float], lines: Sequence[str], *, side: int, legend: bool) -> ChartType:
    """One arm."""
    import altair as alt

    scale = alt.Scale(domain=list(domain), nice=False)
    look = alt.Axis(tickCount=5, titleFontSize=11, grid=False)
    x = alt.X("screen_effect:Q", title="interaction in the screen (log2)", scale=scale, axis=look)
    y = alt.Y("effect:Q", title="interaction in the validation (log2)", scale=scale, axis=look)
    several = len(lines) > 1
    colors = line_colors(lines) if several else dict.fromkeys(lines, ACCENT)
    range_ = alt.Scale(domain=list(lines), range=[colors[line] for line in lines])
    shown = alt.Legend(title="cell line") if several and legend else None
    color = alt.Color("cell_line:N", scale=range_, legend=shown)
    fill = alt.condition("datum.sure == 'true' || datum.sure === true", color, alt.value("white"))
    points = alt.Chart(named("points"))
    zero = alt.Chart(named("zero")).mark_rule(color=FAINT, strokeWidth=0.8, aria=False)
    tooltip = [
        "reagent:N",
        "cell_line:N",
        "treatment:N",
        *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("screen_effect", "expected", "effect")),
        alt.Tooltip("q_value:Q", format=".2g"),
    ]
    layers: list[ChartType] = [
        zero.encode(x=alt.X("zero:Q", scale=scale)),
        zero.encode(y=alt.Y("zero:Q", scale=scale)),
        points.mark_bar(size=6, color=FAINT, stroke="white", strokeWidth=0.6, aria=False).encode(
            x=x, y=alt.Y("expected_low:Q", scale=scale), y2=alt.Y2("expected_high")
        ),
        alt.Chart(named("identity"))
        .mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1, aria=False)
        .encode(x=x, y=y),
        points.mark_rule(color=INK, strokeWidth=0.9, aria=False).encode(
            x=x, y=alt.Y("ci_low:Q", scale=scale), y2=alt.Y2("ci_high")
        ),
        points.mark_point(size=34, strokeWidth=1.3, filled=False).encode(
            x=x, y=y, stroke=alt.Stroke("cell_line:N", scale=range_, legend=None), fill=fill, tooltip=tooltip
        ),
    ]
    left, right = alt.Chart(named("left")), alt.Chart(named("right"))
    # Names lie over lines: below each is its own shadow in white.
    names = [
        left.mark_text(align="left", dx=6, fontSize=9.5, color="white", stroke="white", strokeWidth=3, aria=False),
        right.mark_text(align="right", dx=-6, fontSize=9.5, color="white", stroke="white", strokeWidth=3, aria=False),
        left.mark_text(align="left", dx=6, fontSize=9.5, color=INK, aria=False),
        right.mark_text(align="right", dx=-6, fontSize=9.5, color=INK, aria=False),
    ]
    layers += [text.encode(x=x, y=y, text="reagent:N") for text in names]
    made: ChartType = alt.layer(*layers).properties(width=side, height=side)
    return made
