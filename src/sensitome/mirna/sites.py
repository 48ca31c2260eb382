"""Where miRNAs may bind: seed matches of any sequences in 3′ UTRs, by the rules of TargetScan."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from sensitome.core.site_scan import SITE_TYPES, encode, scan, seed_codes
from sensitome.errors import Fault, SettingsError, listed, suggestion
from sensitome.io.columns import raise_faults
from sensitome.mirna.seeds import check_sequences, seeds_of

__all__ = ["SITE_TYPES", "scan_sites", "site_counts"]

_KIND = pl.Enum(SITE_TYPES)


def scan_sites(
    mirnas: pl.DataFrame,
    utrs: pl.DataFrame,
    *,
    site_types: Sequence[str] = SITE_TYPES,
    shadow: int = 14,
    jobs: int = 1,
) -> pl.DataFrame:
    """Find the sites of miRNAs in 3′ UTRs.

    Parameters
    ----------
    mirnas : ``name`` and ``sequence`` (5′→3′, RNA or DNA): also mimics that no database holds
    utrs : ``name`` and ``sequence`` (5′→3′; gaps of an alignment are taken out)
    site_types : which of 8mer, 7mer-m8, 7mer-A1, 6mer
    shadow : letters behind the stop codon in which no site counts
    jobs : threads

    Returns
    -------
    One row per miRNA × site, ordered by UTR, position and miRNA: ``mirna`` and ``utr`` (Enum of the names),
    ``site_type`` (Enum, the weaker ones first), ``start`` and ``end`` (Int32, from 1, first and last letter that pairs;
    the A opposite nucleotide 1 belongs to 8mer and 7mer-A1)

    Raises
    ------
    TableError
        A name stands twice or is missing, or a sequence of a miRNA has other letters or fewer than 8; all at once.
    SettingsError
        A type of site is unknown.

    Notes
    -----
    8mer: nucleotides 2–8 pair, and an A lies opposite nucleotide 1; 7mer-m8: 2–8; 7mer-A1: 2–7 and the A; 6mer: 2–7. No
    site lies inside another of the same miRNA. TargetScan 7.0 finds the same sites in its sample of 6 genes × 5 species
    (equal).

    References
    ----------
    Agarwal et al. 2015, doi:10.7554/eLife.05005
    """
    _check_types(site_types)
    _check(mirnas, utrs)
    seeded = mirnas.select("name", seeds_of(mirnas["sequence"]).alias("seed")).with_row_index("_mirna")
    families = seeded.group_by("seed", maintain_order=True).agg("_mirna").with_row_index("_family")
    core, eighth = seed_codes(families["seed"].to_list())
    targets = encode(utrs["sequence"].str.replace_all("-", "", literal=True).to_list())
    least = min(SITE_TYPES.index(kind) for kind in site_types)
    hits = scan(targets, core=core, eighth=eighth, shadow=shadow, least=least, jobs=jobs)
    frame = pl.DataFrame(
        {"_family": hits.seed, "_utr": hits.sequence, "_position": hits.position, "_kind": hits.kind}
    ).with_columns(pl.col("_family").cast(pl.UInt32))
    if len(site_types) < len(SITE_TYPES) - least:
        frame = frame.filter(pl.col("_kind").is_in([SITE_TYPES.index(kind) for kind in site_types]))
    if families["_mirna"].list.len().max() != 1:
        frame = frame.join(families.select("_family", "_mirna"), on="_family", maintain_order="left").explode("_mirna")
    else:
        frame = frame.rename({"_family": "_mirna"})
    # A site with a match at nucleotide 8 begins one letter before the six others.
    start = pl.col("_position") + 1 - (pl.col("_kind") >= 2).cast(pl.Int32)
    end = pl.col("_position") + 6 + (pl.col("_kind") % 2).cast(pl.Int32)
    return frame.select(
        _named(frame["_mirna"], mirnas["name"], "mirna"),
        _named(frame["_utr"], utrs["name"], "utr"),
        pl.Series("site_type", SITE_TYPES, dtype=_KIND).gather(frame["_kind"]),
        start.cast(pl.Int32).alias("start"),
        end.cast(pl.Int32).alias("end"),
    )


def site_counts(sites: pl.DataFrame) -> pl.DataFrame:
    """Number of sites of each type per miRNA and UTR: columns ``mirna, utr`` and one per type (UInt32)."""
    counts = [(pl.col("site_type") == kind).sum().alias(kind) for kind in reversed(SITE_TYPES)]
    return sites.group_by("mirna", "utr").agg(counts).sort("mirna", "utr")


def _named(number: pl.Series, names: pl.Series, column: str) -> pl.Series:
    """Names by their numbers, each stored once."""
    return names.cast(pl.Enum(names)).gather(number).alias(column)


def _check_types(site_types: Sequence[str]) -> None:
    unknown = [kind for kind in site_types if kind not in SITE_TYPES]
    if unknown or not site_types:
        raise SettingsError(
            "unknown type of site",
            found=listed(unknown, last="and"),
            expected=listed(SITE_TYPES),
            next_step=suggestion(unknown[0], SITE_TYPES) if unknown else "Name at least one.",
        )


def _check(mirnas: pl.DataFrame, utrs: pl.DataFrame) -> None:
    faults = []
    for what, frame in (("miRNA", mirnas), ("UTR", utrs)):
        for column in ("name", "sequence"):
            if frame[column].null_count():
                faults.append(
                    Fault(f"a {column} for every {what}", "", None, column, f"{frame[column].null_count()} empty")
                )
        twice = frame["name"].drop_nulls()
        twice = twice.filter(twice.is_duplicated()).unique(maintain_order=True)
        faults += [Fault(f"each {what} once", "", None, "name", name) for name in twice]
    raise_faults("sequences for the site scan", faults)
    check_sequences(mirnas)
