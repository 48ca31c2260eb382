"""Genes behind a screen: the effects of all mimics of each arm, deconvolved into those of their targets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from sensitome.errors import TableError, listed
from sensitome.mirna.deconvolution import DeconvolutionRules, deconvolve

__all__ = ["mimic_effects", "screen_genes"]

# Effects, the better ones first: drawn to their usual size, as measured, or the score where only that exists.
_EFFECTS = ("shrunk_effect", "effect", "score")
_CONTEXT = ["cell_line", "treatment"]
# Half the width of a 95 % interval, in standard deviations.
_WIDTH = 1.959963984540054


def mimic_effects(screened: pl.DataFrame, names: pl.DataFrame, *, kind: str = "mimic") -> pl.DataFrame:
    """Effects of mimics by accession, arm by arm.

    Parameters
    ----------
    screened : table of sensitizers, or of scores: ``reagent, kind, cell_line, treatment`` and ``shrunk_effect``,
        ``effect`` or ``score`` (the first of these that is there; log2, negative = sensitizing); ``ci_low, ci_high``
        where known
    names : ``input, status, accession`` of the reagents (`resolve_names`); only what is one mature miRNA counts
    kind : class of reagent; inhibitors raise targets instead of lowering them, and bind more than seeds

    Returns
    -------
    ``cell_line, treatment, mirna`` (accession), ``effect``, ``sd`` (null where there is no interval), ``n_reagents``;
    several reagents of one accession are averaged

    Raises
    ------
    TableError
        There is no reagent of the kind, or no column of effects.
    """
    column = next((name for name in _EFFECTS if name in screened.columns), None)
    if column is None:
        raise TableError(
            "table of a screen has no effects",
            found=f"columns {listed(screened.columns, last='and')}",
            expected=listed(_EFFECTS),
        )
    own = screened.filter(pl.col("kind") == kind)
    if own.is_empty():
        raise TableError(
            "screen has no reagents of the kind asked for",
            found=listed(screened["kind"].unique().sort(), last="and"),
            expected=repr(kind),
            next_step="Name the kind as the library does.",
        )
    mature = names.filter(
        pl.col("status").cast(pl.String).is_in(["exact", "renamed", "dead"])
        & ~pl.col("accession").str.contains(r"^MI\d")
    ).select(pl.col("input").alias("reagent"), pl.col("accession").alias("mirna"))
    has_interval = {"ci_low", "ci_high"} <= set(screened.columns)
    sd = (pl.col("ci_high") - pl.col("ci_low")) / (2 * _WIDTH) if has_interval else pl.lit(None, pl.Float64)
    return (
        own.join(mature.unique("reagent"), on="reagent", how="inner")
        .select(*_CONTEXT, "mirna", pl.col(column).alias("effect"), sd.alias("sd"))
        .drop_nulls("effect")
        .group_by(*_CONTEXT, "mirna")
        .agg(
            pl.col("effect").mean(),
            ((pl.col("sd") ** 2).sum().sqrt() / pl.len()).alias("_sd"),
            pl.col("sd").null_count().alias("_unknown"),
            pl.len().cast(pl.Int32).alias("n_reagents"),
        )
        .with_columns(pl.when(pl.col("_unknown") == 0).then("_sd").alias("sd"))
        .select(*_CONTEXT, "mirna", "effect", "sd", "n_reagents")
        .sort(*_CONTEXT, "mirna")
    )


def screen_genes(
    effects: pl.DataFrame,
    targets: pl.DataFrame,
    *,
    families: pl.DataFrame | None = None,
    rules: DeconvolutionRules | None = None,
    seed: int = 1,
    jobs: int = 1,
    advance: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Deconvolve each drug arm of each cell line.

    Parameters
    ----------
    effects : `mimic_effects`
    targets, families, rules, jobs : as for `deconvolve`
    seed : of chance; each arm draws its own, whatever the other arms are
    advance : told how many arms are done, and how many there are

    Returns
    -------
    The tables of `deconvolve`, one below the other, led by ``cell_line`` and ``treatment``
    """
    parts: list[pl.DataFrame] = []
    total = effects.select(_CONTEXT).n_unique()
    for context, arm in effects.sort(*_CONTEXT, "mirna").group_by(_CONTEXT, maintain_order=True):
        words = [str(word) for word in context]
        rng = np.random.default_rng([seed, *"\0".join(words).encode()])
        own = arm.select("mirna", "effect", "sd")
        genes = deconvolve(own, targets, families=families, rules=rules, rng=rng, jobs=jobs)
        labels = [pl.lit(word).alias(name) for name, word in zip(_CONTEXT, words, strict=True)]
        parts.append(genes.select(*labels, pl.all()))
        if advance is not None:
            advance(len(parts), total)
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys([*_CONTEXT, "gene"], pl.String))
