"""Gene sets among the targets of a study's miRNAs: names, targets and lists brought together, then tested."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from sensitome.enrichment.conventions import CONVENTIONS
from sensitome.enrichment.empirical import enrich_targets, target_lists
from sensitome.enrichment.eras import compare_conventions
from sensitome.enrichment.settings import EnrichmentSettings
from sensitome.enrichment.tables import Enrichment, EnrichmentEras
from sensitome.errors import Caution, listed
from sensitome.mirna.joining import accessions_of
from sensitome.mirna.name_index import NameIndex
from sensitome.mirna.study import strong_targets

__all__ = ["ERAS", "enrich_study"]

#: The two releases of the Enrichr server between which Normann et al. 2021 lies.
ERAS = ("enrichr-2020", "enrichr")


def enrich_study(
    lists: pl.DataFrame,
    targets: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    pools: Mapping[str, Sequence[str]],
    settings: EnrichmentSettings,
    index: NameIndex,
    rng: np.random.Generator,
    jobs: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Test gene sets among the targets of each list.

    Parameters
    ----------
    lists : ``list``, ``mirna``, ``pool`` (which of the pools its random lists come from)
    targets : table `targets`; only those with strong enough evidence count
    gene_sets : from `sensitome.io.gene_sets.read_gene_sets`
    pools : name → miRNAs that could have been in a list
    settings : convention, weakest evidence, number of draws
    index : by which miRNAs are compared
    rng : source of chance
    jobs : threads; the answer does not depend on them

    Returns
    -------
    enrichment : as `sensitome.enrichment.tables.Enrichment`; no rows for lists that cannot be tested, which are told
    eras : as `sensitome.enrichment.tables.EnrichmentEras`: the same lists as Enrichr counted in 2020 and counts now

    Warns
    -----
    Caution
        MiRNAs of a list have no target, or a list is empty or more than half of its pool.
    """
    edges = strong_targets(targets, settings.evidence).select(pl.col("accession").alias("mirna"), "gene")
    own = lists.with_columns(lists["mirna"].alias("written"), accessions_of(lists["mirna"], index=index))
    own = own.unique(["list", "mirna"], maintain_order=True)
    _tell_without_target(own, edges)
    known = {
        name: accessions_of(pl.Series("mirna", list(pool), dtype=pl.String), index=index).to_list()
        for name, pool in pools.items()
    }
    rows, eras = [], []
    for (_, pool), part in own.group_by(["list", "pool"], maintain_order=True):
        if _can_be_tested(part, known[str(pool)], edges, gene_sets):
            rows.append(
                enrich_targets(
                    part.select("list", "mirna"),
                    edges,
                    gene_sets,
                    expressed=known[str(pool)],
                    convention=settings.convention,
                    universe=_universe(settings.convention, edges),
                    draws=settings.draws,
                    rng=rng,
                    jobs=jobs,
                )
            )
            genes = target_lists(part.select("list", "mirna"), edges)
            eras.append(compare_conventions(genes, gene_sets, conventions=ERAS, alpha=settings.alpha))
    table = pl.concat(rows).select(Enrichment.column_names()) if rows else Enrichment.create_empty()
    both = pl.concat(eras).select(EnrichmentEras.column_names()) if eras else EnrichmentEras.create_empty()
    return table, both


def _universe(convention: str, edges: pl.DataFrame) -> list[str] | None:
    """Genes that some miRNA targets, where the convention asks for a universe."""
    return edges["gene"].unique(maintain_order=True).to_list() if CONVENTIONS[convention].universe == "given" else None


def _tell_without_target(lists: pl.DataFrame, edges: pl.DataFrame) -> None:
    """Tell miRNAs that have no target: they count among the miRNAs of their list and bring no gene."""
    lost = lists.join(edges, on="mirna", how="anti")["written"].unique(maintain_order=True)
    if not lost.is_empty():
        warnings.warn(
            Caution(
                "miRNAs without a target",
                found=f"{len(lost)} of {lists['mirna'].n_unique()}: {listed(lost, last='and', most=5)}",
                next_step="Compare their names with those of the targets (inputs.mirbase), or add a source.",
            ),
            stacklevel=3,
        )


def _can_be_tested(part: pl.DataFrame, pool: Sequence[str], edges: pl.DataFrame, gene_sets: pl.DataFrame) -> bool:
    """Whether a list has targets in some set and is small enough to be compared with random ones; else it is told."""
    genes = edges.join(part, on="mirna", how="semi")["gene"].str.to_uppercase()
    in_sets = genes.is_in(gene_sets["gene"].str.to_uppercase().unique().to_list()).any()
    is_small = 2 * part.height <= len({*pool, *part["mirna"]})
    if not (in_sets and is_small):
        found = f"{part.height} miRNAs of {len({*pool, *part['mirna']})}, {genes.n_unique()} targets"
        warnings.warn(
            Caution(
                f"list {part['list'][0]!r} is not tested for gene sets",
                found=found,
                expected="targets in some gene set, and at most half of the miRNAs that could be in the list",
                next_step="Check that miRNAs, targets and gene sets use the same kind of names.",
            ),
            stacklevel=3,
        )
    return bool(in_sets and is_small)
