"""Made-up targets and pathways with the bias of real ones, and one pathway planted.

Some genes are targets of most miRNAs, and pathways differ in how many of those they have.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

__all__ = ["SimulatedPathways", "gmt_text", "simulate_pathways"]

#: Names of pathways that a reader knows from cancer; the rest are numbered.
_KNOWN = ("MAPK signaling", "PI3K-Akt signaling", "ErbB signaling", "Cell cycle", "Apoptosis", "Focal adhesion")


@dataclass(frozen=True, eq=False)
class SimulatedPathways:
    """Targets, pathways and what is true of them.

    Parameters
    ----------
    targets : ``mirna``, ``gene``
    gene_sets : ``gene_set``, ``description``, ``gene``
    truth : ``gene_set``, ``is_planted``, ``mean_targeting`` (mean number of miRNAs that target its genes): sets high in
        it look enriched for any miRNAs
    """

    targets: pl.DataFrame
    gene_sets: pl.DataFrame
    truth: pl.DataFrame


def simulate_pathways(
    mirnas: Sequence[str],
    *,
    planted: Collection[str],
    rng: np.random.Generator,
    genes: int = 6000,
    pathways: int = 120,
    per_mirna: float = 0.02,
    excess: float = 0.15,
) -> SimulatedPathways:
    """Make targets and pathways up.

    Parameters
    ----------
    mirnas : all miRNAs, each once
    planted : those whose targets hold the planted pathway, the first one
    rng : source of chance
    genes : number of genes
    pathways : number of gene sets, of 15 to 150 genes; a quarter of them is full of genes with long 3′ UTRs
    per_mirna : share of the genes that a miRNA targets, on average
    excess : chance by which a planted miRNA targets a gene of the planted pathway besides

    Returns
    -------
    SimulatedPathways
    """
    names = np.array([f"SIM{i:05d}" for i in range(1, genes + 1)])
    length = rng.lognormal(0, 0.9, size=genes)
    chance = np.minimum(per_mirna * length / length.mean(), 0.6)
    hits = rng.random((len(mirnas), genes)) < chance
    by_length = np.argsort(-length)
    members = []
    for i in range(pathways):
        size = int(np.clip(rng.lognormal(3.9, 0.6), 15, 150))
        # The planted pathway is an ordinary one: only its miRNAs tell it apart.
        pool = by_length[: genes // 4] if i % 4 == 3 else np.arange(genes)
        members.append(np.sort(rng.choice(pool, size=size, replace=False)))
    chosen = np.isin(np.array(mirnas), list(planted))
    hits[np.ix_(chosen, members[0])] |= rng.random((int(chosen.sum()), len(members[0]))) < excess
    row, column = np.nonzero(hits)
    labels = [f"{_KNOWN[i]} (simulated)" if i < len(_KNOWN) else f"Simulated pathway {i + 1}" for i in range(pathways)]
    targeting = hits.sum(axis=0)
    sets = [(label, f"sim{i + 1:05d}", names[gene]) for i, label in enumerate(labels) for gene in members[i]]
    return SimulatedPathways(
        pl.DataFrame({"mirna": np.array(mirnas)[row], "gene": names[column]}),
        pl.DataFrame(sets, schema=["gene_set", "description", "gene"], orient="row"),
        pl.DataFrame(
            {
                "gene_set": labels,
                "is_planted": [i == 0 for i in range(pathways)],
                "mean_targeting": [float(targeting[own].mean()) for own in members],
            }
        ),
    )


def gmt_text(gene_sets: pl.DataFrame) -> str:
    r"""Gene sets as GMT, which `sensitome.io.gene_sets.read_gene_sets` reads.

    >>> gmt_text(pl.DataFrame({"gene_set": ["a", "a"], "description": [None, None], "gene": ["X", "Y"]}))
    'a\t\tX\tY\n'
    """
    grouped = gene_sets.group_by("gene_set", maintain_order=True).agg(pl.col("description").first(), "gene")
    return "".join("\t".join([name, description or "", *own]) + "\n" for name, description, own in grouped.iter_rows())
