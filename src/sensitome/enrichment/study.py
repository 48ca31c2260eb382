"""Gene sets among the targets of a study's miRNAs: names, targets and lists brought together, then tested."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from sensitome.enrichment.conventions import CONVENTIONS
from sensitome.enrichment.empirical import enrich_targets
from sensitome.enrichment.tables import Enrichment
from sensitome.errors import Caution, listed
from sensitome.io.mirbase import Mirbase
from sensitome.mirna.name_index import NameIndex, index_names
from sensitome.mirna.names import resolve_names
from sensitome.mirna.targets import TIERS, merge_targets
from sensitome.settings import EnrichmentSettings

__all__ = ["enrich_study"]

#: A species in front of a name, as "hsa-"; names without one are human.
_PREFIXED = r"^[a-z]{3,5}-(?:[a-zA-Z]|\d)"


def enrich_study(
    lists: pl.DataFrame,
    evidence: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    pools: Mapping[str, Sequence[str]],
    settings: EnrichmentSettings,
    base: Mirbase | None,
    rng: np.random.Generator,
    jobs: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Merge the evidence for targets, and test gene sets among the targets of each list.

    Parameters
    ----------
    lists : ``list``, ``mirna``, ``pool`` (which of the pools its random lists come from)
    evidence : from `sensitome.io.evidence.read_evidence`
    gene_sets : from `sensitome.io.gene_sets.read_gene_sets`
    pools : name → miRNAs that could have been in a list
    settings : convention, weakest evidence, number of draws
    base : names of miRBase, by which all miRNAs are compared as accessions; None compares names as they are written
    rng : source of chance
    jobs : threads; the answer does not depend on them

    Returns
    -------
    targets : as `sensitome.mirna.tables.TargetsMerged`, of evidence that is strong enough
    enrichment : as `sensitome.enrichment.tables.Enrichment`; no rows for lists that cannot be tested, which are told

    Warns
    -----
    Caution
        MiRNAs of a list have no target, or a list is empty or more than half of its pool.
    """
    evidence = evidence.with_columns(_as_prefixed("mirna"))
    index = index_names(_as_written(evidence["mirna"]) if base is None else base)
    targets = merge_targets(evidence, base=index).targets
    strong = pl.Series(TIERS[: TIERS.index(settings.evidence) + 1])
    targets = targets.filter(pl.col("tier").cast(pl.String).is_in(strong.to_list()))
    edges = targets.select(pl.col("accession").alias("mirna"), "gene")
    own = _by_accession(lists, index)
    _tell_without_target(own, edges, is_written=base is None)
    known = {name: _accessions(pool, index) for name, pool in pools.items()}
    rows = []
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
    table = pl.concat(rows) if rows else Enrichment.create_empty()
    return targets, pl.DataFrame(table).select(Enrichment.column_names())


def _universe(convention: str, edges: pl.DataFrame) -> list[str] | None:
    """Genes that some miRNA targets, where the convention asks for a universe."""
    return edges["gene"].unique(maintain_order=True).to_list() if CONVENTIONS[convention].universe == "given" else None


def _as_prefixed(column: str) -> pl.Expr:
    """Names with a species in front."""
    name = pl.col(column).str.strip_chars()
    return pl.when(name.str.contains(_PREFIXED)).then(name).otherwise(pl.concat_str(pl.lit("hsa-"), name)).alias(column)


def _as_written(names: pl.Series) -> Mirbase:
    """A base in which every name is a molecule of its own."""
    unique = names.drop_nulls().unique(maintain_order=True)
    nothing = pl.lit(None, pl.String)
    matures = pl.DataFrame({"name": unique, "accession": unique}).select(
        pl.lit("0").alias("version"), "name", "accession", nothing.alias("sequence")
    )
    precursors = dict.fromkeys(("version", "name", "accession", "mature"), pl.String)
    dead = dict.fromkeys(("accession", "name", "forward", "comment"), pl.String)
    return Mirbase(matures, pl.DataFrame(schema=precursors), pl.DataFrame(schema=dead))


def _accessions(names: Sequence[str], index: NameIndex) -> list[str]:
    """Accession of each name; a name that is not known stands for itself."""
    given = pl.DataFrame({"name": pl.Series(list(names), dtype=pl.String)}).with_columns(_as_prefixed("name"))["name"]
    found = resolve_names(given.to_list(), base=index)
    return found.select(pl.coalesce("accession", "input"))["accession"].to_list()


def _by_accession(lists: pl.DataFrame, index: NameIndex) -> pl.DataFrame:
    """Lists with accessions for names, each once a list."""
    accession = pl.Series("mirna", _accessions(lists["mirna"].to_list(), index), dtype=pl.String)
    return lists.with_columns(lists["mirna"].alias("written"), accession).unique(["list", "mirna"], maintain_order=True)


def _tell_without_target(lists: pl.DataFrame, edges: pl.DataFrame, *, is_written: bool) -> None:
    """Tell miRNAs that have no target: they count among the miRNAs of their list and bring no gene."""
    lost = lists.join(edges, on="mirna", how="anti")["written"].unique(maintain_order=True)
    if not lost.is_empty():
        step = "Name a history of miRBase (inputs.mirbase), so that names are compared by accession."
        warnings.warn(
            Caution(
                "miRNAs without a target",
                found=f"{len(lost)} of {lists['mirna'].n_unique()}: {listed(lost, last='and', most=5)}",
                next_step=step if is_written else "Add a source of targets that knows them.",
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
