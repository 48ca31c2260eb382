"""The validation assay: Fig. 2 of Normann et al. 2021, one panel per reagent, every biological replicate shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import Manifest, Tables, reading_order, setting, told_apart
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import ACCENT, FAINT, INK
from sensitome.validation.comparators import ALL

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["control_replicates", "shown_test", "validation_panels"]

#: Panels of the figure; the rest is in the table.
MOST = 8
WIDTH, HEIGHT = 168, 150
BAR = 13
CONTROL = "control"


def validation_panels(tables: Tables, manifest: Manifest) -> Specification | None:
    """Draw viability in every arm for the reagents with the strongest evidence.

    Parameters
    ----------
    tables : `validation` and `validation_replicates`; `validation_paper` as well where the study asks for its test
    manifest : settings of the study; ``validation.test`` ("student-wells" takes the test of the paper, where the run
        has it), ``validation.error_bars`` ("sem" or "ci", by default "sem" for the paper's test and "ci" otherwise)
        and ``treatments.vehicle``

    Returns
    -------
    Up to eight panels: gray = the control that the reagent is compared with, colored = reagent; bar = mean, line = SEM
    or 95 % interval, point = biological replicate, tick = what Bliss expects, stars from the settings. None without
    samples.

    References
    ----------
    Normann et al. 2021, Fig. 2, doi:10.1038/s41598-021-90385-2; Lord et al. 2020, doi:10.1083/jcb.202001064
    """
    table = shown_test(tables, manifest).filter(pl.col("contrast").cast(pl.String) == "reagent")
    if table.is_empty():
        return None
    vehicle = str(setting(manifest, "treatments", "vehicle", default="vehicle"))
    arms = reading_order(table["treatment"].unique().to_list(), tables, manifest)
    by_well = str(table["unit"][0]).startswith("wells")
    bars = setting(manifest, "validation", "error_bars", default="sem" if by_well else "ci")
    points = _points(_like(tables["validation_replicates"], table), table)
    table = table.with_columns(told_apart())
    drawn = _bars(table, error=bars, vehicle=vehicle)
    top = _top(drawn, points)
    chosen = _strongest(table)
    panels = Panels(columns=4, title="Validation assay", subtitle=_key(table, bars, by_well, len(chosen)))
    template = frozen(_template(arms, top))
    for line, reagent in chosen:
        own = drawn.filter((pl.col("reagent") == reagent) & (pl.col("cell_line") == line))
        mine = (pl.col("reagent") == CONTROL) & pl.col("comparator").is_in(own["comparator"].implode())
        dots = points.filter((pl.col("cell_line") == line) & (mine | (pl.col("reagent") == reagent)))
        title = reagent if table["cell_line"].n_unique() == 1 else f"{reagent}, {line}"
        panels.add(template, data=_data(own, dots, top), title=title, size=12)
    return panels.specification()


def shown_test(tables: Tables, manifest: Manifest) -> pl.DataFrame:
    """The test that the study wants to see: the table of the paper's, or that of biological replicates."""
    asked = setting(manifest, "validation", "test") == "student-wells" and "validation_paper" in tables
    return tables["validation_paper" if asked else "validation"]


def control_replicates(replicates: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Biological replicates of the controls, once for every comparator of a test.

    Parameters
    ----------
    replicates : table `validation_replicates`
    table : table `validation` or `validation_paper`

    Returns
    -------
    cell_line, treatment, replicate, comparator and viability (fraction of the negative control), the mean over the
    control reagents of the comparator; sorted
    """
    controls = replicates.filter(pl.col("role") == "negative")
    parts = [
        (controls if name == ALL else controls.filter(pl.col("control_class") == name)).with_columns(
            pl.lit(name).alias("comparator")
        )
        for name in table["comparator"].unique().sort()
    ]
    keys = ["cell_line", "treatment", "replicate", "comparator"]
    return pl.concat(parts).group_by(keys).agg(pl.col("viability").sort().mean()).sort(keys)


def _like(replicates: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Replicates with the names that the reagents of the table are shown by."""
    keys = ["reagent", "kind"]
    names = table.select(*keys, told_apart().alias("_name")).unique()
    joined = replicates.join(names, on=keys, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("_name", "reagent").alias("reagent")).drop("_name")


def _strongest(table: pl.DataFrame) -> list[tuple[str, str]]:
    """Cell line and reagent of the smallest p, in the order of their names."""
    ranked = (
        table.group_by("cell_line", "reagent")
        .agg(pl.col("p_value").min().fill_null(1.0))
        .sort("p_value", "cell_line", "reagent")
        .head(MOST)
    )
    return sorted(ranked.select("cell_line", "reagent").iter_rows())


def _key(table: pl.DataFrame, bars: str, by_well: bool, panels: int) -> list[str]:
    """How to read the marks, for the figure that stands alone."""
    n = max(table["n"].to_list())
    what = "SEM" if bars == "sem" else "95 % interval"
    unit = f"n = {n} wells, technical replicates counted as n" if by_well else f"n = {n} biological replicates"
    test = "Student's t on wells" if by_well else "blocked, moderated test of biological replicates, FDR-adjusted"
    left = table.select("cell_line", "reagent").n_unique() - panels
    matched = (table["comparator"] != ALL).any()
    gray = "negative controls of the reagent's class" if matched else "scrambled control"
    more = f" · {left} further reagents are in the table" if left > 0 else ""
    return [
        f"gray: {gray} · colored: reagent · bar: mean, line: {what} · point: biological replicate ({unit})",
        f"red tick: what Bliss expects of reagent and drug · * < .05, ** < .01, *** < .001, {test}{more}",
    ]


def _bars(table: pl.DataFrame, *, error: str, vehicle: str) -> pl.DataFrame:
    """Means with their spread, one row per bar, and what Bliss expects of the reagent's bars."""
    ends = ("low", "high") if error == "ci" else ("sem", "sem")
    keys = ["cell_line", "reagent", "kind", "treatment"]

    def side(prefix: str, name: str) -> pl.DataFrame:
        mean, low, high = (pl.col(f"{prefix}_{part}" if part else prefix) for part in ("", *ends))
        if error == "sem":
            low, high = mean - low, mean + high
        return table.select(
            *keys, pl.lit(name).alias("group"), mean.alias("mean"), low.alias("low"), high.alias("high")
        )

    reagent = side("viability", "reagent")
    control = table.select(
        *keys,
        pl.lit(CONTROL).alias("group"),
        pl.col("control_viability").alias("mean"),
        (pl.col("control_low") if error == "ci" else pl.col("control_viability") - pl.col("control_sem")).alias("low"),
        (pl.col("control_high") if error == "ci" else pl.col("control_viability") + pl.col("control_sem")).alias(
            "high"
        ),
    )
    alone = table.filter(pl.col("treatment") == vehicle).select(
        *keys[:3], (pl.col("viability") / pl.col("control_viability")).alias("_alone")
    )
    about = table.join(alone, on=keys[:3], how="left").select(
        *keys,
        "stars",
        pl.when(pl.col("treatment") != vehicle).then(pl.col("_alone") * pl.col("control_viability")).alias("expected"),
        "p_value",
        "q_value",
        "n",
        "comparator",
    )
    both = pl.concat([control, reagent.select(control.columns)]).join(about, on=keys, how="left")
    own = pl.col("group") == "reagent"
    return both.with_columns(
        pl.when(own).then("stars").otherwise(pl.lit("")).alias("stars"),
        pl.when(own).then("expected").alias("expected"),
        pl.max_horizontal(pl.col("low"), pl.lit(0.0)).alias("low"),
    )


def _points(replicates: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Biological replicates in percent; the controls under one name, once for every comparator."""
    keys = ["cell_line", "reagent", "treatment", "replicate"]
    controls = control_replicates(replicates, table).with_columns(reagent=pl.lit(CONTROL), group=pl.lit(CONTROL))
    samples = (
        replicates.filter(pl.col("role") == "sample")
        .group_by(keys)
        .agg(pl.col("viability").mean())
        .with_columns(group=pl.lit("reagent"), comparator=pl.lit(None, pl.String))
    )
    both = pl.concat([controls.select(samples.columns), samples])
    arms = table["treatment"].unique().implode()
    return (
        both.filter(pl.col("treatment").is_in(arms)).with_columns(pl.col("viability") * 100).sort(*keys, "comparator")
    )


def _top(bars: pl.DataFrame, points: pl.DataFrame) -> float:
    """Top of the axis that all panels share: means and replicates, and whiskers up to half as much again."""
    means = max(100.0, *bars["mean"].drop_nulls().to_list(), *points["viability"].drop_nulls().to_list())
    reach = max([means, *bars["high"].drop_nulls().to_list()])
    return 10.0 * (int(min(reach, 1.5 * means) * 1.12 / 10) + 1)


def _data(bars: pl.DataFrame, points: pl.DataFrame, top: float) -> dict[str, pl.DataFrame]:
    """Rows of one reagent, by the names of the template."""
    highest = (
        points.filter(pl.col("group") == "reagent").group_by("treatment").agg(pl.col("viability").max().alias("dot"))
    )
    height = pl.min_horizontal(pl.max_horizontal("high", "dot", "expected"), pl.lit(0.955 * top))
    starred = bars.filter(pl.col("stars") != "").join(highest, on="treatment", how="left")
    columns = ["treatment", "group", "mean", "low", "high", "expected", "p_value", "q_value"]
    return {
        "bars": bars.sort("treatment", "group").select(columns),
        "points": points.select("treatment", "group", "replicate", "viability"),
        "expected": bars.drop_nulls("expected").select("treatment", "group", "expected").sort("treatment"),
        "stars": starred.select("treatment", "group", "stars", height.alias("at")).sort("treatment"),
    }


def _template(arms: list[str], top: float) -> ChartType:
    """One reagent."""
    import altair as alt

    groups: dict[str, Any] = {"domain": [CONTROL, "reagent"]}
    x = alt.X("treatment:N", sort=arms, title=None, scale=alt.Scale(domain=arms, paddingInner=0.25)).axis(
        labelAngle=-32,
        labelExpr="split(replace(datum.label, /[+]/g, '|+ '), '|')",
        labelFontSize=9.5,
        labelLimit=110,
        labelOverlap=False,
        ticks=False,
        labelPadding=4,
    )
    offset = alt.XOffset("group:N", scale=alt.Scale(**groups, paddingInner=0.05, paddingOuter=0.08))
    scale = alt.Scale(domain=[0, top], nice=False)
    y = alt.Y("mean:Q", title="viability (% of control)", scale=scale).axis(tickCount=5, titleFontSize=10.5)
    color = alt.Color("group:N", scale=alt.Scale(**groups, range=[FAINT, ACCENT]), legend=None)
    tooltip = [
        alt.Tooltip("treatment:N", title="arm"),
        alt.Tooltip("group:N"),
        *(alt.Tooltip(f"{name}:Q", format=".1f") for name in ("mean", "low", "high")),
        alt.Tooltip("expected:Q", title="Bliss expects", format=".1f"),
        alt.Tooltip("p_value:Q", format=".2g"),
        alt.Tooltip("q_value:Q", format=".2g"),
    ]
    bars = alt.Chart(named("bars"))
    points = alt.Chart(named("points")).mark_point(size=15, filled=True, fill="white", stroke=INK, strokeWidth=0.9)
    ticks = alt.Chart(named("expected")).mark_tick(size=BAR + 4, thickness=1.6, color="#b3261e", aria=False)
    stars = alt.Chart(named("stars")).mark_text(dy=-5, fontSize=12, fontWeight=600, color=INK, baseline="middle")
    layers: list[ChartType] = [
        bars.mark_bar(size=BAR, aria=False).encode(x=x, xOffset=offset, y=y, color=color, tooltip=tooltip),
        bars.mark_rule(color=INK, strokeWidth=1.1, clip=True, aria=False).encode(
            x=x, xOffset=offset, y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high")
        ),
        points.encode(
            x=x,
            xOffset=offset,
            y=alt.Y("viability:Q", scale=scale),
            tooltip=["treatment:N", "group:N", "replicate:N", alt.Tooltip("viability:Q", format=".1f")],
        ),
        ticks.encode(x=x, xOffset=offset, y=alt.Y("expected:Q", scale=scale)),
        stars.encode(x=x, xOffset=offset, y=alt.Y("at:Q", scale=scale), text="stars:N"),
    ]
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)
