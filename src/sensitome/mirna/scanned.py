"""Targets by sequence alone: sites of the library's own reagents in 3′ UTRs, as evidence like that of any source."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import TableError
from sensitome.io.evidence import EVIDENCE
from sensitome.io.fasta import read_fasta
from sensitome.mirna.context_scores import score_sites
from sensitome.mirna.seeds import check_sequences
from sensitome.mirna.sites import scan_sites
from sensitome.mirna.target_matrix import score_weights

__all__ = ["SOURCE", "ordered_sequences", "scanned_evidence"]

#: What tables call this source.
SOURCE = "sites"
#: A site of six letters alone says next to nothing.
_TYPES = ("8mer", "7mer-m8", "7mer-A1")


def ordered_sequences(reagents: pl.DataFrame, *, kind: str) -> pl.DataFrame:
    """Sequences of a library's reagents, as they were ordered.

    Parameters
    ----------
    reagents : table `reagents`; its column ``sequence`` is read 5′→3′
    kind : kind of reagents that repress by their seeds

    Returns
    -------
    ``name`` (what the reagent aims at; without a target its own name) and ``sequence``; each name once, none without
    a sequence

    Raises
    ------
    TableError
        A sequence has other letters than A, C, G, U, T, or fewer than 8.
    """
    own = reagents.filter((pl.col("role").cast(pl.String) == "sample") & (pl.col("kind") == kind))
    if "sequence" not in own.columns:
        return pl.DataFrame(schema={"name": pl.String, "sequence": pl.String})
    name = pl.coalesce("target", "reagent") if "target" in own.columns else pl.col("reagent")
    table = own.select(name.alias("name"), "sequence").drop_nulls().unique("name", keep="first", maintain_order=True)
    check_sequences(table)
    return table


def scanned_evidence(mimics: pl.DataFrame, utrs: str | Path, *, jobs: int = 1) -> pl.DataFrame:
    """Find and score the sites of mimics in 3′ UTRs.

    Parameters
    ----------
    mimics : ``name`` and ``sequence`` (`ordered_sequences`)
    utrs : FASTA; each name is the symbol of a gene, or the symbol, a bar and a transcript: ``ERBB2|ENST00000269571``
    jobs : threads

    Returns
    -------
    As `sensitome.io.evidence.read_evidence`, one row per mimic × gene with a site of at least seven letters: context++
    scores (log2) of all sites of a UTR added up, of several UTRs of a gene the strongest

    Raises
    ------
    SourceError
        The file is no FASTA.
    TableError
        There is no mimic.

    References
    ----------
    Agarwal et al. 2015, doi:10.7554/eLife.05005
    """
    if mimics.is_empty():
        raise TableError(
            "no sequences to look for in 3′ UTRs",
            where=str(utrs),
            found="a library without sequences of mimics",
            expected="a column sequence in the library, 5′→3′",
            next_step="Add it, or leave inputs.utrs out.",
        )
    sequences = read_fasta(utrs)
    sites = scan_sites(mimics, sequences.select("name", "sequence"), site_types=_TYPES, jobs=jobs)
    scored = score_sites(sites, mirnas=mimics, utrs=sequences.select("name", "sequence"))
    gene = pl.col("name").str.split("|").list.first().alias("gene")
    found = score_weights(scored, genes=sequences.select(pl.col("name").alias("utr"), gene))
    told = {
        "source": SOURCE, "version": "", "evidence": "predicted", "functional": True, "lower_is_better": True,
        "file": str(utrs),
    }  # fmt: skip
    return found.with_columns(**{name: pl.lit(value) for name, value in told.items()}).select(
        (pl.col(name) if name in (*told, "mirna", "gene", "score") else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in EVIDENCE.items()
    )
