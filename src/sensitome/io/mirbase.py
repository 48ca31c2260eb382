"""miRBase's names over its releases: from a history table, or from miRBase's own files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.io.columns import Column, empty_cells, name_columns, raise_faults
from sensitome.io.embl import Record, embl_records
from sensitome.io.fasta import read_fasta
from sensitome.io.text import read_table, read_text

__all__ = ["Mirbase", "merge_mirbase", "read_mirbase"]

MATURES = {"version": pl.String, "name": pl.String, "accession": pl.String, "sequence": pl.String}
PRECURSORS = {"version": pl.String, "name": pl.String, "accession": pl.String, "mature": pl.String}
DEAD = {"accession": pl.String, "name": pl.String, "forward": pl.String, "comment": pl.String}

_HISTORY = (
    Column("version", ("release", "mirbase version"), required=True),
    Column("name", ("mature", "mature name", "mirna", "mature id"), required=True),
    Column("accession", ("mimat", "mature acc", "mature accession"), required=True),
    Column("sequence", ("seq", "mature sequence")),
    Column("precursor", ("precursor name", "hairpin")),
    Column("precursor_accession", ("precursor acc", "hairpin accession")),
)
_OWN_FILES = ("aliases.txt", "miRNA.dat", "mature.fa", "miRNA.diff", "miRNA_dead.dat", "miRNA.dead")
_CHANGES = ("NEW", "DELETE", "NAME", "SEQUENCE")


@dataclass(frozen=True)
class Mirbase:
    """What miRBase called each molecule, release by release.

    Parameters
    ----------
    matures : version (null = some release before the one read), name, accession (MIMAT…), sequence (5′→3′, RNA; null
        where the file has none); one row per version × accession × name
    precursors : version, name, accession (MI…), mature (accession of a mature miRNA of it; null where unknown)
    dead : entries that miRBase took out: accession, name, forward (the accession that replaces it), comment
    """

    matures: pl.DataFrame
    precursors: pl.DataFrame
    dead: pl.DataFrame


def read_mirbase(path: str | Path, *, version: str = "22.1", species: Iterable[str] | None = None) -> Mirbase:
    """Read the names of miRNAs over the releases of miRBase.

    Parameters
    ----------
    path : a history table (columns version, mature or name, accession; better with seq, precursor, precursor_acc); or
        a folder with miRBase's own ``miRNA.dat``, ``mature.fa``, ``aliases.txt``, ``miRNA.diff``, ``miRNA_dead.dat``
        (all may be gzipped; at least one of the first three)
    version : the release of miRBase's own files, which do not say it themselves; not used for a history table
    species : prefixes to keep (hsa, ebv, …); None keeps all

    Returns
    -------
    Mirbase

    Raises
    ------
    SourceError
        A file is missing, cut short, or not what its name says.
    TableError
        A history table lacks a column, or has empty or malformed accessions; all faults at once.
    """
    path = Path(path)
    base = _own_files(path, version) if path.is_dir() else _history(path)
    return base if species is None else _only(base, set(species))


def merge_mirbase(*bases: Mirbase) -> Mirbase:
    """Several sources as one, e.g. the folders of two releases; equal rows are kept once."""
    return Mirbase(
        pl.concat([base.matures for base in bases]).unique(maintain_order=True),
        pl.concat([base.precursors for base in bases]).unique(maintain_order=True),
        pl.concat([base.dead for base in bases]).unique(maintain_order=True),
    )


def _history(path: Path) -> Mirbase:
    frame, faults = name_columns(read_table(path), _HISTORY, file=path)
    raise_faults("history of miRNA names", faults)
    for column in ("sequence", "precursor", "precursor_accession"):
        if column not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(column))
    faults = empty_cells(frame, ["version", "name", "accession"], file=path)
    bad = frame.filter(~pl.col("accession").str.contains(r"^MIMAT\d{7}$"))
    faults += [
        Fault("a mature accession such as MIMAT0000086", path, line, "accession", value)
        for line, value in bad.select("line", "accession").iter_rows()
    ]
    raise_faults("history of miRNA names", faults)
    frame = frame.with_columns(pl.col("version").str.strip_prefix("v").str.replace("_", "."))
    matures = frame.select(list(MATURES)).unique(maintain_order=True)
    precursors = frame.select(
        "version", pl.col("precursor").alias("name"), pl.col("precursor_accession").alias("accession"),
        pl.col("accession").alias("mature"),
    ).drop_nulls(["name", "accession"])  # fmt: skip
    return Mirbase(matures, precursors.unique(maintain_order=True), pl.DataFrame(schema=DEAD))


def _own_files(folder: Path, version: str) -> Mirbase:
    there = {entry.name.removesuffix(".gz"): entry for entry in sorted(folder.iterdir())}
    if not there.keys() & {"miRNA.dat", "mature.fa", "aliases.txt"}:
        raise SourceError(
            "folder holds no names of miRBase",
            where=folder,
            found=listed(sorted(there), last="and"),
            expected=listed(_OWN_FILES),
            next_step="Download them from mirbase.org, or name a history table.",
        )
    bases = []
    if "miRNA.dat" in there:
        bases.append(_current(there["miRNA.dat"], version))
    elif "mature.fa" in there:
        bases.append(_mature_fasta(there["mature.fa"], version))
    if "aliases.txt" in there:
        bases.append(_aliases(there["aliases.txt"], current=None if bases else version))
    if "miRNA.diff" in there:
        bases.append(_deleted(there["miRNA.diff"]))
    for name in ("miRNA_dead.dat", "miRNA.dead"):
        if name in there:
            bases.append(_dead(there[name]))
    return merge_mirbase(*bases)


def _current(path: Path, version: str) -> Mirbase:
    """``miRNA.dat``: names and sequences of one release."""
    matures, precursors, faults = [], [], []
    for record in embl_records(path):
        accession = record.first("AC").rstrip(";")
        name = record.first("ID").split(" ")[0]
        if not re.fullmatch(r"MI\d{7}", accession):
            faults.append(Fault("a precursor accession such as MI0000087", path, record.line, "AC", accession))
            continue
        hairpin = "".join(re.findall(r"[a-z]+", "".join(record.all("  ")).lower())).upper().replace("T", "U")
        for start, end, mature, product in _features(record):
            if end > len(hairpin):
                rule = f"a mature miRNA inside its hairpin of {len(hairpin)} nt"
                faults.append(Fault(rule, path, record.line, "FT", f"{start}..{end} of {mature}"))
                continue
            matures.append((version, product, mature, hairpin[start - 1 : end]))
            precursors.append((version, name, accession, mature))
    raise_faults("miRBase flat file", faults, kind=SourceError)
    return Mirbase(
        pl.DataFrame(matures, schema=MATURES, orient="row").unique(subset=["name", "accession"], maintain_order=True),
        pl.DataFrame(precursors, schema=PRECURSORS, orient="row").unique(maintain_order=True),
        pl.DataFrame(schema=DEAD),
    )


def _mature_fasta(path: Path, version: str) -> Mirbase:
    """``mature.fa``: names, accessions and sequences of one release."""
    frame = read_fasta(path).with_columns(
        pl.lit(version).alias("version"),
        pl.col("description").str.extract(r"^(MIMAT\d{7})\b").alias("accession"),
        pl.col("sequence").str.to_uppercase().str.replace_all("T", "U"),
    )
    faults = [
        Fault(f"an accession such as MIMAT0000086 behind {name!r}", path, value=description or "nothing")
        for name, description in frame.filter(pl.col("accession").is_null()).select("name", "description").iter_rows()
    ]
    raise_faults("mature miRNAs", faults, kind=SourceError)
    return Mirbase(frame.select(list(MATURES)), pl.DataFrame(schema=PRECURSORS), pl.DataFrame(schema=DEAD))


def _features(record: Record) -> list[tuple[int, int, str, str]]:
    """Mature miRNAs of a record: first and last position in the hairpin (from 1), accession, name."""
    text = "\n".join(record.all("FT"))
    found = []
    for part in re.split(r"^miRNA\s+", text, flags=re.MULTILINE)[1:]:
        place = re.match(r"(\d+)\.\.(\d+)", part)
        accession = re.search(r'/accession="(\w+)"', part)
        product = re.search(r'/product="([^"]+)"', part)
        if place and accession and product:
            found.append((int(place[1]), int(place[2]), accession[1], product[1]))
    return found


def _aliases(path: Path, *, current: str | None) -> Mirbase:
    """``aliases.txt``: every name that an accession ever had, without dates; the last one may be that of `current`."""
    matures: list[tuple[str | None, str, str, None]] = []
    precursors: list[tuple[str | None, str, str, None]] = []
    faults = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        accession, _, names = line.partition("\t")
        rule = "an accession, a tab and its names, each followed by a semicolon"
        if not re.fullmatch(r"MI(MAT)?\d{7}", accession) or not names:
            faults.append(Fault(rule, path, number, "", line[:60]))
            continue
        table = matures if accession.startswith("MIMAT") else precursors
        words = [word.strip() for word in names.split(";") if word.strip()]
        table += [(None, name, accession, None) for name in words]
        table += [(current, words[-1], accession, None)] if current else []
    raise_faults("miRBase aliases", faults, kind=SourceError)
    return Mirbase(
        pl.DataFrame(matures, schema=MATURES, orient="row").unique(maintain_order=True),
        pl.DataFrame(precursors, schema=PRECURSORS, orient="row").unique(maintain_order=True),
        pl.DataFrame(schema=DEAD),
    )


def _deleted(path: Path) -> Mirbase:
    """``miRNA.diff``: what the release took out; new names are in ``miRNA.dat`` already."""
    dead, matures, faults = [], [], []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        accession, name, *changes = line.split()
        if not re.fullmatch(r"MI(MAT)?\d{7}", accession) or not changes or not set(changes) <= set(_CHANGES):
            rule = f"an accession, a name and {listed(_CHANGES)}"
            faults.append(Fault(rule, path, number, "", line[:60]))
        elif "DELETE" in changes:
            dead.append((accession, name, None, None))
            if accession.startswith("MIMAT"):
                matures.append((None, name, accession, None))
    raise_faults("miRBase differences", faults, kind=SourceError)
    return Mirbase(
        pl.DataFrame(matures, schema=MATURES, orient="row"),
        pl.DataFrame(schema=PRECURSORS),
        pl.DataFrame(dead, schema=DEAD, orient="row"),
    )


def _dead(path: Path) -> Mirbase:
    """``miRNA_dead.dat``: precursors that were taken out, why, and what replaces them."""
    rows = [
        (
            record.first("AC").rstrip(";"),
            record.first("ID").split(" ")[0],
            record.first("FW").rstrip(";") or None,
            " ".join(record.all("CC")) or None,
        )
        for record in embl_records(path)
    ]
    return Mirbase(
        pl.DataFrame(schema=MATURES), pl.DataFrame(schema=PRECURSORS), pl.DataFrame(rows, schema=DEAD, orient="row")
    )


def _only(base: Mirbase, species: set[str]) -> Mirbase:
    kept = pl.col("name").str.split("-").list.first().is_in(species)
    return Mirbase(base.matures.filter(kept), base.precursors.filter(kept), base.dead.filter(kept))
