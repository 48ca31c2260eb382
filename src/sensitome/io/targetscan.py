"""Files of TargetScan: aligned 3′ UTRs, families, isoforms, and the tables that context++ needs."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.io.columns import fold, raise_faults
from sensitome.io.text import read_text

__all__ = [
    "read_abundance",
    "read_family_info",
    "read_isoforms",
    "read_orf_8mers",
    "read_orf_lengths",
    "read_utr_alignment",
]

# Files above this size are read species by species.
_LARGE = 64 << 20
# Each layout: our columns, and the headings that the file has over them (none in the files for the scripts).
_Layout = tuple[tuple[str, ...], tuple[str, ...]]
_UTRS: tuple[_Layout, ...] = (
    (("name", "species", "sequence"), ()),
    (("name", "gene_id", "gene", "species", "sequence"),
     ("Transcript ID", "Gene ID", "Gene Symbol", "Species ID", "UTR sequence")),
    (("name", "gene_id", "gene", "species", "sequence"),
     ("Refseq ID", "Gene ID", "Gene Symbol", "Species ID", "UTR sequence")),
)  # fmt: skip
_FAMILIES: tuple[_Layout, ...] = (
    (("family", "species", "mirna", "sequence"), ()),
    (("family", "seed", "species", "mirna", "sequence", "conservation", "accession"),
     ("miR family", "Seed+m8", "Species ID", "MiRBase ID", "Mature sequence", "Family Conservation?",
      "MiRBase Accession")),
)  # fmt: skip
_ISOFORMS: tuple[_Layout, ...] = ((("utr", "start", "end", "share"), ()),)
_ORFS: tuple[_Layout, ...] = ((("utr", "species", "length"), ()),)
_ORF_8MERS: tuple[_Layout, ...] = ((("utr", "species", "seed", "count"), ()),)
_ABUNDANCE: tuple[_Layout, ...] = (
    (("seed", "energy_8", "energy_7", "target_abundance"),
     ("Seed region", "SPS (8mer and 7mer-m8)", "SPS (7mer-1a and 6mer)", "TA")),
)  # fmt: skip


def read_utr_alignment(path: str | Path, *, species: int | None = 9606) -> pl.DataFrame:
    """Read aligned 3′ UTRs (``UTR_Sequences.txt``, with its heading, or the three columns that the scripts take).

    Parameters
    ----------
    path : the file
    species : taxon to keep; None keeps all

    Returns
    -------
    ``name`` (transcript or gene), ``species`` (Int64), ``sequence`` (with gaps), and ``gene`` where the file has it

    Raises
    ------
    SourceError
        The file has another layout, or a cell that its column does not allow; all faults at once.
    """
    if species is not None and Path(path).is_file() and Path(path).stat().st_size > _LARGE:
        return _one_species(Path(path), species)
    frame = _read(path, _UTRS, whole=("species",), what="aligned 3′ UTRs")
    return frame if species is None else frame.filter(pl.col("species") == species)


def read_family_info(path: str | Path, *, species: int | None = 9606) -> pl.DataFrame:
    """Read miRNA families (``miR_Family_Info.txt``, or the four columns for context scores).

    Returns
    -------
    ``family``, ``species`` (Int64), ``mirna``, ``sequence``; with a heading also ``seed``, ``conservation`` (Int64; 2 =
    broadly conserved) and ``accession``

    Raises
    ------
    SourceError
        As `read_utr_alignment`.
    """
    frame = _read(path, _FAMILIES, whole=("species", "conservation"), what="miRNA families")
    return frame if species is None else frame.filter(pl.col("species") == species)


def read_isoforms(path: str | Path) -> pl.DataFrame:
    """Read 3′ UTR profiles (``All_cell_lines.AIRs.txt``): ``utr, start, end`` (Int64), ``share`` in percent."""
    return _read(path, _ISOFORMS, whole=("start", "end"), numbers=("share",), what="3′ UTR profiles")


def read_orf_lengths(path: str | Path) -> pl.DataFrame:
    """Read lengths of open reading frames: ``utr``, ``species`` (Int64), ``length`` (Int64)."""
    return _read(path, _ORFS, whole=("species", "length"), what="lengths of reading frames")


def read_orf_8mers(path: str | Path) -> pl.DataFrame:
    """Read counts of 8mer sites in reading frames: ``utr``, ``species`` (Int64), ``seed``, ``count`` (Int64)."""
    return _read(path, _ORF_8MERS, whole=("species", "count"), what="8mers of reading frames")


def read_abundance(path: str | Path) -> pl.DataFrame:
    """Read target abundance by seed (``TA_SPS_by_seed_region.txt``): ``seed``, ``target_abundance`` (log10).

    References
    ----------
    Garcia et al. 2011, doi:10.1038/nsmb.2115
    """
    return _read(path, _ABUNDANCE, numbers=("target_abundance",), what="target abundances").select(
        "seed", "target_abundance"
    )


def _one_species(path: Path, species: int) -> pl.DataFrame:
    """Rows of one species from a file of gigabytes: the rest never stays in memory."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        first = file.readline().rstrip("\r\n").split("\t")
    columns, headings = _layout(first, _UTRS, path=path, what="aligned 3′ UTRs")
    frame = pl.scan_csv(
        path, separator="\t", has_header=bool(headings), infer_schema=False, quote_char=None, new_columns=list(columns)
    )
    kept = frame.filter(pl.col("species").str.strip_chars() == str(species))
    return kept.with_columns(pl.col("species").str.strip_chars().cast(pl.Int64)).collect(engine="streaming")


def _read(
    path: str | Path,
    layouts: tuple[_Layout, ...],
    *,
    what: str,
    whole: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
) -> pl.DataFrame:
    lines = read_text(path).split("\n")
    first = lines[0].split("\t")
    layout = _layout(first, layouts, path=path, what=what)
    columns, headings = layout
    skipped = 1 if headings else 0
    rows = [(number, line.split("\t")) for number, line in enumerate(lines[skipped:], 1 + skipped) if line.strip()]
    rule = f"{len(columns)} columns between tabs"
    faults = [
        Fault(rule, path, number, "", f"{len(cells)} columns") for number, cells in rows if len(cells) != len(columns)
    ]
    raise_faults(what, faults, kind=SourceError)
    frame = pl.DataFrame(
        [[number, *cells] for number, cells in rows],
        schema={"line": pl.Int64, **dict.fromkeys(columns, pl.String)},
        orient="row",
    )
    for name, dtype, rule in (
        *((name, pl.Int64, "a whole number") for name in whole if name in columns),
        *((name, pl.Float64, "a number") for name in numbers if name in columns),
    ):
        cast = frame[name].str.strip_chars().cast(dtype, strict=False)
        bad = frame.filter(cast.is_null()).select("line", name).rows()
        faults += [Fault(rule, path, line, name, value) for line, value in bad]
        frame = frame.with_columns(cast.alias(name))
    raise_faults(what, faults, kind=SourceError)
    return frame.drop("line")


def _layout(first: list[str], layouts: tuple[_Layout, ...], *, path: str | Path, what: str) -> _Layout:
    """The layout that the first line shows."""
    folded = [fold(cell) for cell in first]
    for columns, headings in layouts:
        if headings and folded == [fold(word) for word in headings]:
            return columns, headings
    plain = [layout for layout in layouts if not layout[1] and len(layout[0]) == len(first)]
    if plain:
        return plain[0]
    known = [listed(headings or columns, last="and", most=8) for columns, headings in layouts]
    raise SourceError(
        f"{what} have a layout that is not known",
        where=path,
        found=f"{len(first)} columns ({listed(first, last='and', most=8)})",
        expected="; or ".join(known),
        next_step="Is it a newer release? Bring its columns into one of these orders.",
    )
