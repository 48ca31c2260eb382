"""Which reagents of a library share a seed, from the sequences that were ordered."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import polars as pl

from sensitome.errors import Caution, listed
from sensitome.mirna.seeds import seeds_of

__all__ = ["reagent_families"]


def reagent_families(reagents: pl.DataFrame, *, kinds: Sequence[str]) -> pl.DataFrame | None:
    """Seed family (nucleotides 2–8) of every reagent whose kind acts through its seed.

    Parameters
    ----------
    reagents : table `reagents`; its column `sequence`, when it has one, is read 5′→3′
    kinds : kinds that act through a seed, usually mimics

    Returns
    -------
    reagent, kind, seed_family (the seed; null without a readable sequence), or None when no reagent has a sequence

    Warns
    -----
    Caution
        Some sequences are no RNA or DNA; those reagents have no family.
    """
    if "sequence" not in reagents.columns:
        return None
    seeded = reagents.filter((pl.col("role").cast(pl.String) == "sample") & pl.col("kind").is_in(list(kinds)))
    letters = pl.col("sequence").str.contains(r"^\s*[ACGUTacgut]{8,}\s*$")
    wrong = seeded.filter(pl.col("sequence").is_not_null() & ~letters)["reagent"].unique().sort().to_list()
    if wrong:
        warnings.warn(
            Caution(
                "sequences that cannot be read",
                where=f"reagents {listed(wrong, last='and', most=5)}",
                found=f"{len(wrong)} of {seeded.height}",
                expected="at least 8 letters of A, C, G, U or T",
                next_step="These reagents are judged without their seed mates.",
            ),
            stacklevel=2,
        )
    readable = seeded.with_columns(pl.when(letters).then("sequence").alias("sequence"))
    families = readable.select("reagent", "kind", seeds_of(readable["sequence"]).alias("seed_family"))
    return families if families["seed_family"].is_not_null().any() else None
