"""One replicate against another, with the three usual measures of agreement."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sensitome.charts.data import Manifest, Tables, arms_in_order, score_unit, signed
from sensitome.charts.panels import Panels, Specification, frozen, named
from sensitome.charts.theme import INK

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


def replicate_agreement(tables: Tables, manifest: Manifest) -> Specification | None:
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
    wide = _by_replicate(tables["wells"])
    replicates = [name for name in wide.columns if name.startswith("r") and name[1:].isdigit()]
    pairs = list(combinations(replicates, 2)) if len(replicates) < 4 else list(pairwise(replicates))
    if not pairs:
        return None
    low, high = _range(wide.select(replicates))
    edges = np.linspace(low, high, BINS + 1)
    arms = arms_in_order({**tables, "wells_": wide}, manifest) or sorted(wide["treatment"].unique())
    panels = Panels(
        columns=4,
        title="Agreement of replicates",
        subtitle="library reagents; darker = more reagents; line = identity",
        resolve={"color": "independent"},
    )
    unit = score_unit(manifest)
    templates = {pair: frozen(_template(edges, pair, unit)) for pair in pairs}
    for line in sorted(wide["cell_line"].unique()):
        for arm in arms:
            own = wide.filter((pl.col("cell_line") == line) & (pl.col("treatment") == arm))
            for pair in pairs:
                both = own.select(pair).drop_nulls()
                if both.height >= 3 and len(panels.panels) < MOST:
                    title = f"{line}, {arm}" if len(pairs) == 1 else f"{line}, {arm}: {pair[0][1:]} and {pair[1][1:]}"
                    panels.add(templates[pair], data=_data(both, edges), title=title, subtitle=_words(both), size=12)
    return panels.specification()


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


def _data(both: pl.DataFrame, edges: np.ndarray) -> dict[str, pl.DataFrame]:
    """Counts of one pair of replicates on a grid."""
    counts, _, _ = np.histogram2d(both[:, 0].to_numpy(), both[:, 1].to_numpy(), bins=[edges, edges])
    column, row = np.nonzero(counts)
    cells = pl.DataFrame(
        {
            "x": edges[column], "x2": edges[column + 1], "y": edges[row], "y2": edges[row + 1],
            "reagents": counts[column, row].astype(int),
        }
    )  # fmt: skip
    return {"cells": cells, "identity": pl.DataFrame({"x": [edges[0], edges[-1]], "y": [edges[0], edges[-1]]})}


def _words(both: pl.DataFrame) -> str:
    """Measures of agreement."""
    pearson, spearman, concordance = agreement(both[:, 0].to_numpy(), both[:, 1].to_numpy())
    return f"r {signed(pearson)}, ρ {signed(spearman)}, CCC {signed(concordance)}, n {both.height:,}"


def _template(edges: np.ndarray, pair: tuple[str, str], unit: str) -> ChartType:
    """One pair of replicates."""
    import altair as alt

    scale = alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False)
    x = alt.X("x:Q", title=f"replicate {pair[0][1:]} ({unit})", scale=scale).axis(tickCount=5)
    y = alt.Y("y:Q", title=f"replicate {pair[1][1:]}", scale=scale).axis(tickCount=5)
    shade = alt.Color("reagents:Q", scale=alt.Scale(type="log", range=["#c3cfd6", "#0f2f3d"]), legend=None)
    density = alt.Chart(named("cells")).mark_rect(aria=False)
    identity = alt.Chart(named("identity")).mark_line(color=INK, strokeWidth=0.8, strokeDash=[3, 3], aria=False)
    return alt.layer(
        density.encode(x=x, x2=alt.X2("x2"), y=y, y2=alt.Y2("y2"), color=shade, tooltip=[alt.Tooltip("reagents:Q")]),
        identity.encode(x=x, y=y),
    ).properties(width=190, height=190)
