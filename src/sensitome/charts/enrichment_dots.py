"""Gene sets that lists over-represent, beside what random miRNAs would give."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import Manifest, Tables, inline, plural, setting
from sensitome.charts.panels import Specification, specification
from sensitome.charts.theme import INK, MUTED, SEQUENTIAL

__all__ = ["enrichment_dots"]

#: Gene sets shown: those with the smallest p in any list.
MOST = 25
#: q-values below this are drawn as this.
SMALLEST_Q = 1e-10


def enrichment_dots(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw a dot for each list and gene set.

    Parameters
    ----------
    tables : `enrichment` (list, gene_set, overlap, set_size, p_value, q_value and, where random miRNAs were drawn,
        empirical_q)
    manifest : ``enrichment.alpha``

    Returns
    -------
    Size is the share of the set that the list covers, color is q; a ring marks sets that pass against random miRNAs,
    a cross those that pass by genes only. None without enrichment.
    """
    import altair as alt

    alpha = float(setting(manifest, "enrichment", "alpha", default=0.05))
    rows = _rows(tables["enrichment"], alpha)
    if rows.is_empty():
        return None
    lists = rows["list"].unique(maintain_order=True).to_list()
    sets = (
        rows.group_by("gene_set", maintain_order=True)
        .agg(pl.col("p_value").min())
        .sort("p_value")["gene_set"]
        .to_list()
    )
    base = alt.Chart(inline(rows.drop("p_value")))
    x = alt.X("list:N", sort=lists, title=None).axis(labelAngle=-35, labelLimit=200, orient="top", labelOverlap=False)
    y = alt.Y("gene_set:N", sort=sets, title=None).axis(labelLimit=320, grid=True)
    color = alt.Color(
        "minus_log10_q:Q", title="−log10 q", scale=alt.Scale(range=[*SEQUENTIAL[::-1]], domainMin=0)
    ).legend(gradientLength=110)
    size = alt.Size("covered:Q", title="% of set", scale=alt.Scale(range=[12, 260], domainMin=0)).legend(tickCount=3)
    tooltip = [
        alt.Tooltip("list:N"), alt.Tooltip("gene_set:N"), alt.Tooltip("overlap:Q"), alt.Tooltip("set_size:Q"),
        alt.Tooltip("q_value:Q", format=".2g"), alt.Tooltip("empirical_q:Q", format=".2g"),
    ]  # fmt: skip
    dots = base.mark_point(filled=True, shape="circle", aria=False).encode(
        x=x, y=y, color=color, size=size, tooltip=tooltip
    )
    rings = base.transform_filter("datum.verdict == 'both'").mark_point(
        filled=False, shape="circle", size=330, stroke=INK, strokeWidth=1.6, aria=False
    )
    crosses = base.transform_filter("datum.verdict == 'genes only'").mark_text(
        text="×", dx=13, fontSize=12, color=MUTED
    )
    chart = alt.layer(dots, rings.encode(x=x, y=y), crosses.encode(x=x, y=y))
    passed = rows.filter(pl.col("verdict") == "both").height
    words = f"○ passes q < {alpha:g} against random miRNAs too ({plural(passed, 'dot')}) · × by genes only"
    title = alt.TitleParams("Gene sets among the targets", subtitle=words)
    width = alt.Step(70)
    return specification(chart.properties(width=width, height=alt.Step(21), title=title))


def _rows(enrichment: pl.DataFrame, alpha: float) -> pl.DataFrame:
    """Dots of the gene sets with the smallest p in any list."""
    known = enrichment.filter(pl.col("p_value").is_not_null() & (pl.col("overlap") > 0))
    best = known.group_by("gene_set").agg(pl.col("p_value").min()).sort("p_value", "gene_set").head(MOST)["gene_set"]
    has_null = "empirical_q" in known.columns
    nominal = pl.col("q_value") < alpha
    both = nominal & (pl.col("empirical_q") < alpha) if has_null else pl.lit(False)
    return (
        known.filter(pl.col("gene_set").is_in(best.to_list()))
        .select(
            "list",
            "gene_set",
            "overlap",
            "set_size",
            "p_value",
            "q_value",
            (pl.col("empirical_q") if has_null else pl.lit(None, pl.Float64)).alias("empirical_q"),
            (100 * pl.col("overlap") / pl.col("set_size")).alias("covered"),
            (-pl.col("q_value").fill_null(1.0).clip(SMALLEST_Q, 1.0).log10() + 0.0).alias("minus_log10_q"),
            pl.when(both)
            .then(pl.lit("both"))
            .when(nominal & pl.lit(has_null))
            .then(pl.lit("genes only"))
            .otherwise(pl.lit("none"))
            .alias("verdict"),
        )
        .sort("list", "gene_set")
    )
