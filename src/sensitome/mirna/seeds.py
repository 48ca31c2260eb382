"""Seed families: miRNAs that share nucleotides 2 to 8, whatever their names."""

from __future__ import annotations

from typing import Literal

import polars as pl

from sensitome.errors import Fault
from sensitome.io.columns import raise_faults

__all__ = ["SeedLength", "check_sequences", "seed_families", "seeds_of"]

SeedLength = Literal[6, 7]


def seeds_of(sequences: pl.Series, *, length: SeedLength = 7) -> pl.Series:
    """Seed of each miRNA.

    Parameters
    ----------
    sequences : (n,) String, 5′→3′, RNA or DNA letters in any case; null stays null
    length : 7 = nucleotides 2–8 (the family of TargetScan), 6 = nucleotides 2–7

    Returns
    -------
    (n,) String, RNA; null where the sequence is null or shorter than length + 1

    >>> seeds_of(pl.Series(["UAGCACCAUCUGAAAUCGGUUA"])).to_list()
    ['AGCACCA']
    """
    rna = sequences.cast(pl.String).str.strip_chars().str.to_uppercase().str.replace_all("T", "U")
    frame = pl.DataFrame({"rna": rna})
    long_enough = pl.col("rna").str.len_chars() > length
    return frame.select(pl.when(long_enough).then(pl.col("rna").str.slice(1, length)).alias("seed"))["seed"]


def seed_families(mirnas: pl.DataFrame, *, length: SeedLength = 7) -> pl.DataFrame:
    """Group miRNAs by their seeds.

    Parameters
    ----------
    mirnas : ``name`` (String) and ``sequence`` (String, 5′→3′), better the sequence that was ordered than the one of
        today's miRBase; further columns are kept
    length : 7 = nucleotides 2–8, 6 = nucleotides 2–7

    Returns
    -------
    The same rows with ``seed`` (null where there is no sequence), ``family`` (number of the family, Int32, from 0 in
    the order of the seeds; null without seed), ``family_size`` (distinct names) and ``family_members`` (names joined
    by ";")

    Raises
    ------
    TableError
        A sequence has other letters than A, C, G, U, T, or fewer than 8; all faults at once.

    Notes
    -----
    Families go by sequence alone, never by the number in the name: miR-106a-5p (AAAGUGC) and miR-93-3p (CUGCUGA) are
    of two families. Inhibitors bind the whole strand, so a family says little about them.

    References
    ----------
    Bartel 2009, doi:10.1016/j.cell.2009.01.002
    """
    check_sequences(mirnas)
    seeded = mirnas.with_columns(seeds_of(mirnas["sequence"], length=length).alias("seed"))
    groups = (
        seeded.drop_nulls("seed")
        .group_by("seed")
        .agg(pl.col("name").unique().sort().alias("_names"))
        .sort("seed")
        .with_row_index("family")
        .select(
            "seed",
            pl.col("family").cast(pl.Int32),
            pl.col("_names").list.len().cast(pl.Int32).alias("family_size"),
            pl.col("_names").list.join(";").alias("family_members"),
        )
    )
    return seeded.join(groups, on="seed", how="left", maintain_order="left")


def check_sequences(mirnas: pl.DataFrame, *, shortest: int = 8) -> None:
    """Raise all faults of the column ``sequence`` at once; null is allowed.

    Raises
    ------
    TableError
        A sequence has other letters than A, C, G, U, T, or is too short.
    """
    bad = mirnas.with_row_index("_row", offset=1).filter(
        pl.col("sequence").is_not_null()
        & ~pl.col("sequence").str.contains(rf"^\s*[ACGUTacgut]{{{shortest},}}\s*$")
    )  # fmt: skip
    rule = f"at least {shortest} letters of A, C, G, U or T"
    faults = [
        Fault(f"{rule} for {name!r}", "", row, "sequence", value)
        for row, name, value in bad.select("_row", "name", "sequence").iter_rows()
    ]
    raise_faults("sequences of miRNAs", faults)
