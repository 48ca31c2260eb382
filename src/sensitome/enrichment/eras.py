"""Which gene sets pass under one convention and not under another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from sensitome.enrichment.conventions import EnrichmentConvention, convention_named
from sensitome.enrichment.over_representation import enrich

__all__ = ["compare_conventions"]


def compare_conventions(
    lists: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    conventions: Sequence[str | EnrichmentConvention] = ("enrichr-2020", "enrichr"),
    universe: Iterable[str] | None = None,
    alpha: float = 0.05,
) -> pl.DataFrame:
    """Run the same lists under several conventions and lay the gene sets that pass side by side.

    Parameters
    ----------
    lists, gene_sets, universe : as of `sensitome.enrichment.over_representation.enrich`
    conventions : names or records; by default the two eras of the Enrichr server between which Normann et al. 2021 lies
    alpha : q-values below it pass

    Returns
    -------
    One row per list × gene set that passes anywhere × convention: ``list, gene_set, convention, p_value, q_value``
    (null where the convention does not list the set), ``n_tested, passes, is_disputed`` (whether conventions differ)
    """
    names = [convention_named(convention).name for convention in conventions]
    genes = None if universe is None else list(universe)
    tables = [
        enrich(lists, gene_sets, convention=convention, universe=genes, name_genes=False).select(
            "list", "gene_set", "convention", "p_value", "q_value", "n_tested"
        )
        for convention in conventions
    ]
    answers = pl.concat(tables).with_columns((pl.col("q_value") < alpha).alias("passes"))
    passing = answers.filter("passes").select("list", "gene_set").unique(maintain_order=True)
    grid = passing.join(pl.DataFrame({"convention": names}), how="cross")
    return (
        grid.join(answers, on=["list", "gene_set", "convention"], how="left", maintain_order="left")
        .with_columns(pl.col("passes").fill_null(False))
        .with_columns((pl.col("passes").n_unique().over("list", "gene_set") > 1).alias("is_disputed"))
    )
