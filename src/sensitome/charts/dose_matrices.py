"""Dose matrices of two drugs: what was measured, and beside it what goes beyond the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, plural, setting, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import DIVERGING, INK, SEQUENTIAL

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["dose_matrices", "dose_reference", "surest_matrices"]

#: Matrices of the figure, as many as one page of paper holds in a readable size; the rest is in the table.
MOST = 4
WIDTH, CELL = 252, 22
#: More doses than this of the second drug leave no room for numbers.
MOST_NUMBERS = 10
#: Cells where the score is 0 by its definition: one drug is absent.
NOTHING = "#eceef0"
#: Least end of the scale of the excess, percent inhibition.
LEAST = 10.0


def dose_matrices(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw the surest and strongest dose matrices, each as two heat maps.

    Parameters
    ----------
    tables : `dose_scores` and `dose_summary`
    manifest : settings of the study: ``validation.dose_reference`` (Bliss where it says nothing), ``validation.level``

    Returns
    -------
    For each of at most four matrices the measured inhibition (left) and how far it goes beyond the reference (right;
    vermillion = more inhibition, blue = less), the doses of the first drug upwards, those of the second to the right. A
    frame marks pairs of doses at q < .05. None without matrices.

    References
    ----------
    Yadav et al. 2015, doi:10.1016/j.csbj.2015.09.001; Ianevski et al. 2022, doi:10.1093/nar/gkac382 (on showing them)
    """
    reference = dose_reference(tables, manifest)
    summary = surest_matrices(tables, reference)
    if summary.is_empty():
        return None
    shown = summary.head(MOST)
    scores = tables["dose_scores"].filter(
        (pl.col("reference").cast(pl.String) == reference) & pl.col("block").is_in(shown["block"].implode())
    )
    reach = _reach(scores)
    panels = Panels(
        columns=2,
        title="Two drugs together, dose by dose",
        subtitle=_key(shown, summary.height, reference),
        resolve={"color": "independent"},
    )
    for number, about in enumerate(shown.iter_rows(named=True)):
        own = scores.filter(pl.col("block") == about["block"])
        _add(panels, own, about, {"reach": reach, "reference": reference, "legend": number == 0}, manifest)
    return panels.specification()


def dose_reference(tables: Tables, manifest: Manifest) -> str:
    """Reference model that the study asks for, or Bliss."""
    return str(setting(manifest, "validation", "dose_reference", default="Bliss"))


def surest_matrices(tables: Tables, reference: str) -> pl.DataFrame:
    """Rows of `dose_summary` of one reference, the strongest and surest first.

    Those come first whose pairs of doses at q < .05 add up to most, in either direction, over the number of pairs; then
    those without such pairs, by the size of the mean score.
    """
    its = pl.col("reference").cast(pl.String) == reference
    pairs = tables["dose_scores"].filter(its & (pl.col("dose_one") > 0) & (pl.col("dose_two") > 0))
    sure = (pl.col("q_value") < 0.05).fill_null(False)
    strength = pairs.group_by("block").agg(
        (pl.col("effect").abs().filter(sure).sort().sum() / pl.len()).alias("_strength")
    )
    table = tables["dose_summary"].filter(its).join(strength, on="block", how="left", maintain_order="left")
    order = [pl.col("_strength").fill_null(0.0), pl.col("effect").abs(), pl.col("block")]
    return table.sort(order, descending=[True, True, False]).drop("_strength")


def _key(shown: pl.DataFrame, count: int, reference: str) -> list[str]:
    """How to read the figure, for one that stands alone."""
    n = sorted(set(shown["n"].to_list()))
    left = count - shown.height
    others = "1 further matrix" if left == 1 else f"{left:,} further matrices"
    more = f" · {others} in the table" if left > 0 else ""
    lines = [
        f"left: inhibition measured (%) · right: beyond what {_expects(reference)} (points of inhibition)",
        f"vermillion: more inhibition, blue: less · gray: one drug absent · the surest and strongest first{more}",
    ]
    if n[-1] > 1:
        times = f"{n[0]}" if len(n) == 1 else f"{n[0]} to {n[-1]}"
        lines.append(f"frame: q < .05 over the pairs of doses, moderated t over n = {times} replicates of the matrix")
    else:
        lines.append("n = 1: without replicates there is no interval and no test")
    return lines


def _expects(reference: str) -> str:
    """The reference as the subject of a sentence."""
    return "the better drug alone does" if reference == "HSA" else f"{reference} expects"


def _reach(scores: pl.DataFrame) -> float:
    """End of the color scale that all matrices share: the largest score, up to the next ten."""
    largest = scores["effect"].abs().max()
    value = largest if isinstance(largest, float) else LEAST
    return max(LEAST, 10.0 * -(-value // 10.0))


def _add(
    panels: Panels, scores: pl.DataFrame, about: Mapping[str, Any], how: Mapping[str, Any], manifest: Manifest
) -> None:
    """Both heat maps of one matrix."""
    axes = _axes(scores, about)
    rows = scores.select(
        *(
            pl.col(column).replace_strict(axes[column], return_dtype=pl.String).alias(name)
            for column, name in (("dose_one", "one"), ("dose_two", "two"))
        ),
        *("response", "effect", "ci_low", "ci_high", "q_value"),
        both=(pl.col("dose_one") > 0) & (pl.col("dose_two") > 0),
    )
    both = rows.filter("both")
    reach = float(how["reach"])
    measured = _scale("response", [0.0, 100.0], SEQUENTIAL, "inhibition (%)" if how["legend"] else None)
    beyond = _scale("effect", [-reach, reach], DIVERGING[::-1], "beyond (points)" if how["legend"] else None)
    line = f", {about['cell_line']}" if about["cell_line"] else ""
    replicates = plural(int(about["n"]), "replicate")
    first = f"mean of {replicates}" if about["n"] > 1 else "one replicate"
    panels.add(
        frozen(_template(axes, about, measured)),
        data={
            "cells": rows.drop("both"),
            "frames": rows.clear().select("one", "two"),
            "dark": _numbers(rows, "response", pl.col("response") < 52, axes),
            "light": _numbers(rows, "response", pl.col("response") >= 52, axes),
        },
        title=f"{about['drug_one']} + {about['drug_two']}{line}",
        subtitle=f"inhibition measured, {first}",
        size=12,
    )
    strong = pl.col("effect").abs() > 0.8 * reach
    mean = f"{'+' if about['effect'] >= 0.05 else ''}{signed(about['effect'], digits=1)}"
    panels.add(
        frozen(_template(axes, about, beyond)),
        data={
            "cells": both.drop("both"),
            "frames": both.filter(pl.col("q_value") < 0.05).select("one", "two"),
            "dark": _numbers(both, "effect", strong, axes),
            "light": _numbers(both, "effect", ~strong, axes),
        },
        title=f"{mean} points beyond {how['reference']} on average",
        subtitle=_sure(about, manifest),
        size=12,
    )


def _sure(about: Mapping[str, Any], manifest: Manifest) -> str:
    """Interval and q of the mean score, with what they rest on."""
    if about["ci_low"] is None or about["q_value"] is None:
        return "no interval: one replicate"
    level = 100 * float(setting(manifest, "validation", "level", default=0.95))
    ends = f"{signed(about['ci_low'], digits=1)} to {signed(about['ci_high'], digits=1)}"
    q = "q < .0001" if about["q_value"] < 1e-4 else f"q {about['q_value']:.2g}"
    return f"{level:g} % interval {ends}, {q} (t, n = {about['n']})"


def _axes(scores: pl.DataFrame, about: Mapping[str, Any]) -> dict[str, dict[float, str]]:
    """Dose → label, ascending, of both drugs."""
    axes = {}
    for column in ("dose_one", "dose_two"):
        doses = scores[column].unique().sort().to_list()
        short = [f"{dose:.3g}" for dose in doses]
        labels = short if len(set(short)) == len(doses) else [f"{dose:.12g}" for dose in doses]
        axes[column] = dict(zip(doses, labels, strict=True))
    return axes


def _numbers(rows: pl.DataFrame, column: str, which: pl.Expr, axes: Mapping[str, Mapping[float, str]]) -> pl.DataFrame:
    """Values to be written into cells; none where there is no room."""
    room = len(axes["dose_two"]) <= MOST_NUMBERS
    kept = rows.filter(which & pl.col(column).is_not_null() & room)
    words = [f"{round(value) + 0:.0f}".replace("-", "−") for value in kept[column]]
    return kept.select("one", "two").with_columns(pl.Series("text", words, dtype=pl.String))


def _scale(field: str, domain: Sequence[float], colors: Sequence[str], legend: str | None) -> Any:
    """Color of the cells, with a legend where there is a title."""
    import altair as alt

    shown = alt.Legend(
        title=legend,
        gradientLength=110,
        tickCount=5,
        orient="top",
        direction="horizontal",
        titleFontSize=10.5,
        titleOrient="left",
    )
    return alt.Color(
        f"{field}:Q",
        scale=alt.Scale(domain=list(domain), range=list(colors), clamp=True, interpolate="lab"),
        legend=shown if legend else None,
    )


def _template(axes: Mapping[str, Mapping[float, str]], about: Mapping[str, Any], color: Any) -> ChartType:
    """One heat map: the first drug upwards, the second to the right."""
    import altair as alt

    ups, rights = list(axes["dose_one"].values())[::-1], list(axes["dose_two"].values())
    titles = [f"{about[f'drug_{which}']} ({about[f'unit_{which}'] or 'dose'})" for which in ("one", "two")]
    crowded = max(len(label) for label in rights) * 6.2 > WIDTH / len(rights)
    x = alt.X("two:N", title=titles[1], scale=alt.Scale(domain=rights)).axis(
        labelAngle=-40 if crowded else 0, domain=False, ticks=False, labelFontSize=10, titleFontSize=10.5,
        labelOverlap=False,
    )  # fmt: skip
    y = alt.Y("one:N", title=titles[0], scale=alt.Scale(domain=ups)).axis(
        domain=False, ticks=False, labelFontSize=10, titleFontSize=10.5, labelOverlap=False, titleLimit=CELL * len(ups)
    )
    tooltip = [
        alt.Tooltip("one:N", title=str(about["drug_one"])),
        alt.Tooltip("two:N", title=str(about["drug_two"])),
        *(alt.Tooltip(f"{name}:Q", title=title, format=".1f") for name, title in _TOLD.items()),
        alt.Tooltip("q_value:Q", title="q", format=".2g"),
    ]
    layers: list[ChartType] = [
        alt.Chart(named("cells"))
        .mark_rect(stroke="white", strokeWidth=1, aria=False)
        .encode(x=x, y=y, color=color, tooltip=tooltip)
    ]
    band = alt.RelativeBandSize(band=0.86)
    frames = alt.Chart(named("frames")).mark_rect(
        filled=False, stroke=INK, strokeWidth=1.1, width=band, height=band, aria=False
    )
    layers.append(frames.encode(x=x, y=y))
    for name, ink in (("dark", "white"), ("light", INK)):
        marks = alt.Chart(named(name)).mark_text(fontSize=10, baseline="middle", align="center", color=ink, aria=False)
        layers.append(marks.encode(x=x, y=y, text="text:N"))
    made: ChartType = alt.layer(*layers).properties(
        width=WIDTH, height=CELL * len(ups), view=alt.ViewBackground(fill=NOTHING)
    )
    return made


_TOLD = {"response": "inhibition", "effect": "beyond", "ci_low": "from", "ci_high": "to"}
