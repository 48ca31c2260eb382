"""Targets as a matrix of mimics × genes, with seed families as groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.frames import largest

__all__ = ["TIER_WEIGHTS", "TargetMatrix", "score_weights", "target_matrix", "tier_weights"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: How strongly a target of each tier is taken to be repressed, where no score says.
TIER_WEIGHTS: Mapping[str, float] = {
    "experimentally observed": 1.0,
    "high (predicted)": 0.75,
    "moderate (predicted)": 0.4,
}


@dataclass(frozen=True)
class TargetMatrix:
    """Mimics with an effect and at least one target, and the genes that enough of their families target.

    Parameters
    ----------
    mirnas : (mimics,) names, sorted
    family : (mimics,) codes of seed families, from 0
    effect, sd : (mimics,) log2; sd NaN = not known
    genes : (genes,) names, sorted; the first of those with the same targets
    same : (genes,) the others, joined by ";"
    weight : (mimics, genes) 0 … 1
    n_families : (genes,) families that target it
    greatest : largest number of families of any gene, kept or not
    """

    mirnas: list[str]
    family: IntArray
    effect: FloatArray
    sd: FloatArray
    genes: list[str]
    same: list[str]
    weight: FloatArray
    n_families: IntArray
    greatest: int


def tier_weights(targets: pl.DataFrame, *, weights: Mapping[str, float] = TIER_WEIGHTS) -> pl.DataFrame:
    """Merged targets with a column ``weight`` by their tier; ``mirna`` is the accession, which the screen also knows.

    Parameters
    ----------
    targets : ``accession, gene, tier`` (`merge_targets`)
    weights : weight of each tier

    Returns
    -------
    ``mirna, gene, weight``
    """
    weight = pl.col("tier").cast(pl.String).replace_strict(dict(weights), return_dtype=pl.Float64)
    return targets.select(pl.col("accession").alias("mirna"), "gene", weight.alias("weight"))


def score_weights(scored: pl.DataFrame, *, genes: pl.DataFrame | None = None) -> pl.DataFrame:
    """Targets of our own scan, with the share of the message that they are expected to lose.

    Parameters
    ----------
    scored : ``mirna, utr, weighted`` (`score_sites`); sites without a score are left out
    genes : ``utr, gene``; None: each UTR is its own gene

    Returns
    -------
    ``mirna, gene, score`` (log2, the scores of all sites of a UTR added up; of several UTRs of a gene the strongest)
    and ``weight`` = 1 − 2^score, 0 … 1

    >>> sites = pl.DataFrame({"mirna": ["m", "m"], "utr": ["u", "u"], "weighted": [-0.5, -0.5]})
    >>> score_weights(sites).row(0)
    ('m', 'u', -1.0, 0.5)
    """
    text = scored.select(pl.col("mirna", "utr").cast(pl.String), "weighted").drop_nulls()
    by_utr = text.group_by("mirna", "utr").agg(pl.col("weighted").sum().alias("score"))
    if genes is None:
        named = by_utr.with_columns(pl.col("utr").alias("gene"))
    else:
        named = by_utr.join(genes.select(pl.col("utr").cast(pl.String), "gene").unique(), on="utr", how="inner")
    best = named.group_by("mirna", "gene").agg(pl.col("score").min())
    return best.with_columns((1 - 2.0 ** pl.col("score")).clip(0.0, 1.0).alias("weight")).sort("mirna", "gene")


def target_matrix(
    effects: pl.DataFrame, targets: pl.DataFrame, *, families: pl.DataFrame | None, least_families: int
) -> TargetMatrix:
    """Put effects and targets together; parameters as `deconvolve`."""
    weight = pl.col("weight").cast(pl.Float64) if "weight" in targets.columns else pl.lit(1.0)
    wanted = targets.select(pl.col("mirna").cast(pl.String), pl.col("gene").cast(pl.String), weight.alias("weight"))
    pairs = wanted.filter(pl.col("weight") > 0).group_by("mirna", "gene").agg(pl.col("weight").max())
    mimics = _mimics(effects, pairs, families)
    pairs = pairs.join(mimics.select("mirna", "_row", "_family"), on="mirna", how="inner")
    spread = pairs.group_by("gene").agg(pl.col("_family").n_unique().alias("families"))
    greatest = int(largest(spread["families"]))
    kept = spread.filter(pl.col("families") >= least_families).sort("gene").with_row_index("_column")
    cells = pairs.join(kept, on="gene", how="inner")
    matrix = np.zeros((mimics.height, kept.height))
    matrix[cells["_row"].to_numpy(), cells["_column"].to_numpy()] = cells["weight"].to_numpy()
    genes = kept["gene"].to_list()
    first, same = _alike(matrix, genes)
    sd = mimics["sd"].fill_null(float("nan")).to_numpy() if "sd" in mimics.columns else np.full(mimics.height, np.nan)
    return TargetMatrix(
        mirnas=mimics["mirna"].to_list(),
        family=mimics["_family"].cast(pl.Int64).to_numpy(),
        effect=mimics["effect"].cast(pl.Float64).to_numpy(),
        sd=sd,
        genes=[genes[i] for i in first],
        same=same,
        weight=np.ascontiguousarray(matrix[:, first]),
        n_families=kept["families"].cast(pl.Int64).to_numpy()[first],
        greatest=greatest,
    )


def _mimics(effects: pl.DataFrame, pairs: pl.DataFrame, families: pl.DataFrame | None) -> pl.DataFrame:
    """Mimics with an effect and a target, sorted, with their rows and the codes of their families."""
    mimics = effects.with_columns(pl.col("mirna").cast(pl.String)).filter(
        pl.col("effect").is_not_null() & pl.col("effect").is_not_nan()
    )
    mimics = mimics.join(pairs.select("mirna").unique(), on="mirna", how="semi").sort("mirna")
    if families is None:
        seed = pl.col("mirna")
    else:
        known = families.select(pl.col("mirna").cast(pl.String), pl.col("seed").cast(pl.String).alias("_seed"))
        mimics = mimics.join(known.drop_nulls().unique("mirna", keep="first"), on="mirna", how="left")
        seed = pl.coalesce("_seed", "mirna")
    return mimics.sort("mirna").with_row_index("_row").with_columns((seed.rank("dense") - 1).alias("_family"))


def _alike(matrix: FloatArray, genes: list[str]) -> tuple[list[int], list[str]]:
    """First of the genes with the same column, and the names of the others."""
    columns: dict[bytes, list[int]] = {}
    for i, column in enumerate(np.ascontiguousarray(matrix.T)):
        columns.setdefault(column.tobytes(), []).append(i)
    groups = list(columns.values())
    return [group[0] for group in groups], [";".join(genes[i] for i in group[1:]) for group in groups]
