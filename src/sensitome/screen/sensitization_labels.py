"""What is known of the reagents of a cube: their targets, whether those are expressed, and groups by a label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.screen.effects import EffectCube

__all__ = ["codes", "expressed_contexts"]

IntArray = npt.NDArray[np.intp]


def expressed_contexts(
    cube: EffectCube, *, expressed: pl.DataFrame | None, targets: pl.DataFrame | None, kinds: Sequence[str]
) -> npt.NDArray[np.int8]:
    """Say of each context whether the target is expressed: 1 yes, 0 no, −1 not asked; (items, lines, drugs)."""
    answer = np.full((cube.items.height, len(cube.lines), len(cube.drugs)), -1, dtype=np.int8)
    if expressed is None:
        return answer
    asked = cube.items["kind"].is_in(list(kinds)).to_numpy()
    names = _targets(cube, targets)
    for j, line in enumerate(cube.lines):
        here = expressed.filter(pl.col("expressed") & (pl.col("cell_line") == line))["target"]
        answer[asked, j] = names.is_in(here.implode()).to_numpy()[asked, None]
    return answer


def _targets(cube: EffectCube, targets: pl.DataFrame | None) -> pl.Series:
    """Target of each item; its own name where nothing is said."""
    if targets is None:
        return cube.items["reagent"]
    own = targets.select("reagent", "kind", "target").unique(["reagent", "kind"], keep="first", maintain_order=True)
    joined = cube.items.join(own, on=["reagent", "kind"], how="left", maintain_order="left")
    return joined.select(pl.coalesce("target", "reagent").alias("target"))["target"]


def codes(cube: EffectCube, labels: pl.DataFrame, *, column: str) -> IntArray:
    """Codes of a label of each item, by first appearance; −1 where there is none."""
    own = labels.select("reagent", "kind", column).unique(["reagent", "kind"], keep="first", maintain_order=True)
    joined = cube.items.join(own, on=["reagent", "kind"], how="left", maintain_order="left")[column]
    return (joined.rank("dense").cast(pl.Int64).fill_null(0) - 1).to_numpy().astype(np.intp)
