"""What every source says of the candidates, where each stands best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sensitome.charts.data import Manifest, Tables, plural, told_apart
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import ACCENT, FAINT, GRID, INK, MUTED
from sensitome.evidence.gather import SOURCES
from sensitome.evidence.sources import EXPERIMENTS

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["evidence_matrix"]

#: Candidates of the figure; all are in the table.
MOST = 30
STEP, CELL = 19, 58
AGAINST = "#b3261e"
#: What a source says → color, shape, filled, in the order of the legend.
_MARKS = {
    "supports": (ACCENT, "circle"),
    "unclear": (MUTED, "circle"),
    "contradicts": (AGAINST, "cross"),
    "told, not judged": (FAINT, "square"),
    "not measured": (FAINT, "stroke"),
}
_WORDS = {"context": "told, not judged", "missing": "not measured"}
#: Short names of the sources, for the axis.
_SHORT = {
    "screen": "rule",
    "stability": "stability",
    "sensitization": "test",
    "validation": "effect",
    "interaction": "interaction",
    "combination": "Bliss excess",
    "protein": "proteins",
    "expression": "response",
    "targets": "targets",
    "association": "genes",
    "stage": "stage",
    "survival": "survival",
}


def evidence_matrix(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw candidates × sources.

    Parameters
    ----------
    tables : `conclusions` and `support`
    manifest : not read

    Returns
    -------
    Rows = the candidates of the validation assay and the best supported others, 30 at most, with the cell line and arm
    where they stand best, columns = sources by
    experiment; filled circle = supports, hollow = does not take sides, cross = contradicts, small square = told and not
    judged, dash = not measured; the verdict at the right. None without candidates.
    """
    conclusions = tables["conclusions"].filter(pl.col("cell_line").is_not_null())
    if conclusions.is_empty():
        return None
    import altair as alt

    from sensitome.charts.data import inline

    rows = _rows(conclusions)
    cells = _cells(tables["support"], rows)
    names = rows["name"].to_list()
    sources = [_SHORT[source.name] for source in SOURCES]
    y = alt.Y("name:N", sort=names, title=None, scale=alt.Scale(domain=names)).axis(
        domain=False, ticks=False, labelLimit=330, labelOverlap=False, labelFontSize=10.5
    )
    x = alt.X("source:N", sort=sources, title=None, scale=alt.Scale(domain=sources)).axis(
        orient="top", domain=False, ticks=False, labelAngle=0, labelFontSize=10, labelOverlap=False, labelPadding=6
    )
    base = alt.Chart(inline(cells))
    tooltip = ["name:N", "source:N", "says:N", "words:N"]
    layers: list[ChartType] = [
        alt.Chart(inline(pl.DataFrame({"name": names}))).mark_rule(color=GRID, aria=False).encode(y=y),
        _marks(base, x, y, tooltip),
        alt.Chart(inline(rows.select("name", "verdict")))
        .mark_text(align="left", fontSize=10.5, color=INK, dx=8)
        .encode(y=y, x=alt.value(CELL * len(sources)), text="verdict:N"),
        alt.Chart(inline(_groups(sources)))
        .mark_text(
            align="left", baseline="bottom", fontSize=10.5, fontWeight=600, color=INK, dx=6 - CELL / 2, aria=False
        )
        .encode(x=alt.X("source:N", sort=sources), y=alt.value(-30), text="title:N"),
    ]
    left = conclusions.height - rows.height
    subtitle = ["where each candidate stands best; the verdict at the right"]
    if left:
        subtitle.append(f"{plural(left, 'further candidate')} in the table")
    title = alt.TitleParams("What the evidence says", subtitle=subtitle, offset=12)
    chart = alt.layer(*layers).properties(width=CELL * len(sources), height=STEP * len(names), title=title)
    # Twelve columns cannot be narrower: on a small screen the figure scrolls.
    return specification(chart) | {"usermeta": {"fixed": True}}


def _rows(conclusions: pl.DataFrame) -> pl.DataFrame:
    """Candidates of the validation assay and the best of the others, with the name of their row."""
    untested = pl.col("says_validation").cast(pl.String) == "missing"
    own = conclusions.with_columns(pl.col("verdict").cast(pl.String), told_apart().alias("_reagent"))
    own = own.with_row_index("_place").sort(untested, "_place").head(MOST).sort("_place")
    where = pl.format("{}  ({}, {})", "_reagent", "cell_line", "treatment").alias("name")
    return own.select("reagent", "kind", "cell_line", "treatment", "verdict", where)


def _cells(support: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What each source says of each row."""
    keys = ["reagent", "kind", "cell_line", "treatment"]
    says = pl.col("says").cast(pl.String)
    return (
        support.join(rows.select(*keys, "name"), on=keys, how="inner")
        .select(
            "name",
            pl.col("source").cast(pl.String).replace_strict(_SHORT, return_dtype=pl.String),
            says.replace(_WORDS).alias("says"),
            "words",
        )
        .sort("name", "source")
    )


def _groups(sources: list[str]) -> pl.DataFrame:
    """Title of each experiment above its first source."""
    first: dict[str, str] = {}
    for source in SOURCES:
        first.setdefault(source.experiment, _SHORT[source.name])
    titles = {place: EXPERIMENTS[name].title for name, place in first.items()}
    return pl.DataFrame({"source": list(titles), "title": list(titles.values())})


def _marks(base: ChartType, x: object, y: object, tooltip: list[str]) -> ChartType:
    """One sign a cell; color is never the only carrier."""
    import altair as alt

    words = list(_MARKS)
    colors, shapes = ([_MARKS[word][i] for word in words] for i in (0, 1))
    fill = [ACCENT, "#ffffff", AGAINST, FAINT, FAINT]
    legend = alt.Legend(title=None, offset=34)
    made: ChartType = base.mark_point(size=85, strokeWidth=1.5, opacity=1).encode(
        x=x,
        y=y,
        tooltip=tooltip,
        shape=alt.Shape("says:N", scale=alt.Scale(domain=words, range=shapes), legend=legend),
        stroke=alt.Stroke("says:N", scale=alt.Scale(domain=words, range=colors), legend=legend),
        fill=alt.Fill("says:N", scale=alt.Scale(domain=words, range=fill), legend=legend),
    )
    return made
