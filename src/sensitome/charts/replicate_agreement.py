"""One replicate against another, with the three usual measures of agreement."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, inline, score_unit, signed
from sensitome.charts.theme import INK, MUTED, dressed

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["agreement", "replicate_agreement"]

BINS = 44
MOST = 24


def agreement(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Pearson's r, Spearman's ρ and Lin's concordance of paired values without gaps; NaN where they do not vary."""
    if len(first) < 3 or not np.ptp(first) or not np.ptp(second):
        return float("nan"), float("nan"), float("nan")
    pearson = float(np.corrcoef(first, second)[0, 1])
    spearman = float(np.corrcoef(pl.Series(first).rank().to_numpy(), pl.Series(second).rank().to_numpy())[0, 1])
    shift = float(first.mean() - second.mean())
    concordance = 2 * float(np.cov(first, second, ddof=0)[0, 1]) / (first.var() + second.var() + shift**2)
    return pearson, spearman, float(concordance)


def replicate_agreement(tables: Tables, manifest: Manifest) -> ChartType | None:
    """Draw pairs of replicates of the library's reagents as a density, one panel per group and pair.

    Parameters
    ----------
    tables : `wells` with `normalized`
    manifest : units of the normalized values

    Returns
    -------
    The line is identity; above each panel Pearson's r, Spearman's ρ, Lin's concordance (CCC) and n (reagents, wells of
    one replicate averaged). None when no group has two replicates.
    """
    import altair as alt

    wide = _by_replicate(tables["wells"])
    replicates = [name for name in wide.columns if name.startswith("r") and name[1:].isdigit()]
    pairs = list(combinations(replicates, 2)) if len(replicates) < 4 else list(pairwise(replicates))
    if not pairs:
        return None
    low, high = _range(wide.select(replicates))
    edges = np.linspace(low, high, BINS + 1)
    arms = arms_in_order({**tables, "wells_": wide}, manifest) or sorted(wide["treatment"].unique())
    panels = []
    for line in sorted(wide["cell_line"].unique()):
        for arm in arms:
            own = wide.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
            for one, two in pairs:
                both = own.select(one, two).drop_nulls()
                if both.height >= 3:
                    title = f"{line}, {arm}" if len(pairs) == 1 else f"{line}, {arm}: {one[1:]} and {two[1:]}"
                    panels.append(_panel(both, edges, title=title, unit=score_unit(manifest)))
    if not panels:
        return None
    heading = alt.TitleParams(
        "Agreement of replicates", subtitle="library reagents; darker = more reagents; line = identity"
    )
    return dressed(alt.concat(*panels[:MOST], columns=4).properties(title=heading))


def _by_replicate(wells: pl.DataFrame) -> pl.DataFrame:
    """One row per reagent and group, one column per replicate."""
    keys = ["reagent", "kind", "cell_line", "treatment"]
    means = (
        wells.filter((pl.col("role") == "sample") & pl.col("normalized").is_not_null())
        .group_by(*keys, "replicate")
        .agg(pl.col("normalized").mean())
        .sort(*keys, "replicate")
    )
    numbers = sorted(means["replicate"].unique())
    return (
        means.group_by(keys, maintain_order=True)
        .agg(
            pl.col("normalized").filter(pl.col("replicate") == number).first().alias(f"r{number}") for number in numbers
        )
        .sort(keys)
    )


def _range(values: pl.DataFrame) -> tuple[float, float]:
    """Common range of all replicates."""
    array = values.to_numpy()
    return float(np.nanmin(array)) - 1e-9, float(np.nanmax(array)) + 1e-9


def _panel(both: pl.DataFrame, edges: np.ndarray, *, title: str, unit: str) -> ChartType:
    """One pair of replicates."""
    import altair as alt

    one, two = both.columns
    x, y = both[one].to_numpy(), both[two].to_numpy()
    counts, _, _ = np.histogram2d(x, y, bins=[edges, edges])
    column, row = np.nonzero(counts)
    cells = pl.DataFrame(
        {
            "x": edges[column], "x2": edges[column + 1], "y": edges[row], "y2": edges[row + 1],
            "reagents": counts[column, row].astype(int),
        }
    )  # fmt: skip
    pearson, spearman, concordance = agreement(x, y)
    text = f"r {signed(pearson)}, ρ {signed(spearman)}, CCC {signed(concordance)}, n {both.height:,}"
    scale = alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False)
    horizontal = alt.X("x:Q", title=f"replicate {one[1:]} ({unit})", scale=scale).axis(tickCount=5)
    vertical = alt.Y("y:Q", title=f"replicate {two[1:]}", scale=scale).axis(tickCount=5)
    shade = alt.Color("reagents:Q", scale=alt.Scale(type="log", range=["#c3cfd6", "#0f2f3d"]), legend=None)
    density = alt.Chart(inline(cells)).mark_rect(aria=False)
    ends = pl.DataFrame({"x": [edges[0], edges[-1]], "y": [edges[0], edges[-1]]})
    identity = alt.Chart(inline(ends)).mark_line(color=INK, strokeWidth=0.8, strokeDash=[3, 3], aria=False)
    heading = alt.TitleParams(title, subtitle=text, fontSize=12, subtitleFontSize=10.5, subtitleColor=MUTED)
    return alt.layer(
        density.encode(x=horizontal, x2="x2:Q", y=vertical, y2="y2:Q", color=shade, tooltip=["reagents:Q"]),
        identity.encode(x=horizontal, y=vertical),
    ).properties(width=190, height=190, title=heading)
