"""Expression in tumors of each stage, with every tumor: Fig. 3 of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.cohorts import of_cohorts, panel_title
from sensitome.charts.data import Manifest, Tables
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import ACCENT, FAINT, INK, MUTED

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["stage_boxes"]

#: Panels past this number would be too small to read.
MOST = 24
#: Up to so many pairs of stages have a line each.
_FEW = 3
_GOLDEN = 0.6180339887498949


def stage_boxes(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw box plots of each miRNA over stages.

    Parameters
    ----------
    tables : `stage_values` (mirna, stage, sample, value) and `stage` (contrasts: stage_a, stage_b, p_value, p_holm)
    manifest : not read

    Returns
    -------
    Boxes are quartiles with whiskers to 1.5 IQR, points are tumors, spread sideways by their rank; p of every pair of
    stages above. None without values.
    """
    values, contrasts = of_cohorts(tables["stage_values"]), of_cohorts(tables["stage"])
    if values.is_empty():
        return None
    keys = values.select("cohort", "mirna").unique().sort("mirna", "cohort")
    several = keys["cohort"].n_unique() > 1
    panels = Panels(
        columns=3 if several else 4,
        title="Expression and tumor stage",
        subtitle="box: quartiles · point: tumor · p: Wilcoxon between stages, before (and after) Holm's correction",
    )
    templates: dict[str, str] = {}
    for cohort, mirna in keys.head(MOST).iter_rows():
        of_cohort = values.filter(pl.col("cohort") == cohort)
        stages = sorted(of_cohort["stage"].unique())
        template = templates.setdefault(cohort, frozen(_template(stages)))
        own = of_cohort.filter(pl.col("mirna") == mirna).sort("stage", "value", "sample")
        words = _words(contrasts.filter((pl.col("cohort") == cohort) & (pl.col("mirna") == mirna)))
        title = panel_title(mirna, cohort=cohort, several=several)
        panels.add(template, data=_data(own), title=title, subtitle=words, size=12)
    return panels.specification()


def _words(contrasts: pl.DataFrame) -> list[str]:
    """Every pair of stages with its p; few pairs a line each, many three a line."""
    pairs = contrasts.sort("stage_a", "stage_b").select("stage_a", "stage_b", "p_value", "p_holm").drop_nulls()
    words = [f"{a}–{b}: {p:.2g} ({holm:.2g})" for a, b, p, holm in pairs.iter_rows()]
    each = 1 if len(words) <= _FEW else 3
    return ["; ".join(words[start : start + each]) for start in range(0, len(words), each)]


def _data(own: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Quartiles and whiskers of each stage, and its tumors with their place beside the middle."""
    rows = []
    for stage in sorted(own["stage"].unique()):
        values = own.filter(pl.col("stage") == stage)["value"].to_numpy()
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        reach = 1.5 * (high - low)
        inside = values[(values >= low - reach) & (values <= high + reach)]
        rows.append((stage, inside.min(), low, middle, high, inside.max(), len(values)))
    names = ["stage", "from", "low", "middle", "high", "to", "n"]
    rank = pl.int_range(1, pl.len() + 1).over("stage")
    points = own.with_columns(((rank * _GOLDEN) % 1.0 - 0.5).alias("side"))
    return {
        "boxes": pl.DataFrame(rows, schema=names, orient="row"),
        "tumors": points.select("stage", "sample", "value", "side"),
    }


def _template(stages: list[str]) -> ChartType:
    """One miRNA."""
    import altair as alt

    x = alt.X("stage:N", sort=stages, title="stage", scale=alt.Scale(domain=stages)).axis(labelAngle=0)
    y_scale = alt.Scale(zero=False, nice=True)
    boxes = alt.Chart(named("boxes"))
    y = alt.Y("from:Q", title="log2 expression", scale=y_scale).axis(tickCount=4)
    counts = boxes.mark_text(fontSize=9, color=MUTED)
    points = alt.Chart(named("tumors")).mark_point(filled=True, size=14, color=ACCENT, aria=False)
    layers: list[ChartType] = [
        boxes.mark_rule(color=MUTED, aria=False).encode(x=x, y=y, y2=alt.Y2("to")),
        boxes.mark_bar(color=FAINT, size=26, aria=False).encode(
            x=x, y=alt.Y("low:Q", scale=y_scale), y2=alt.Y2("high")
        ),
        points.encode(
            x=x,
            xOffset=alt.XOffset("side:Q", scale=alt.Scale(domain=[-0.9, 0.9])),
            y=alt.Y("value:Q", scale=y_scale),
            tooltip=[alt.Tooltip("sample:N"), alt.Tooltip("stage:N"), alt.Tooltip("value:Q", format=".2f")],
        ),
        boxes.mark_tick(color=INK, size=26, thickness=2, aria=False).encode(x=x, y=alt.Y("middle:Q", scale=y_scale)),
        counts.encode(x=x, y=alt.value(-5), text=alt.Text("n:Q")),
    ]
    return alt.layer(*layers).properties(width=150, height=140)
