"""Target evidence, as its sites give it out: TargetScan, miRTarBase, TarBase, miRecords, miRDB, IPA, plain lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, TableError, listed
from sensitome.io.columns import fold, name_columns, raise_faults
from sensitome.io.evidence_sources import SOURCES, Source, find_source
from sensitome.io.fast_table import read_fast_table
from sensitome.io.text import read_rows

__all__ = ["EVIDENCE", "read_evidence"]

#: Columns of a table of evidence.
EVIDENCE: dict[str, pl.DataType] = {
    "mirna": pl.String(), "gene": pl.String(), "gene_id": pl.String(), "source": pl.String(), "version": pl.String(),
    "evidence": pl.Enum(["observed", "predicted", "listed"]), "support": pl.String(), "functional": pl.Boolean(),
    "confidence": pl.String(), "score": pl.Float64(), "lower_is_better": pl.Boolean(), "family": pl.String(),
    "transcript": pl.String(), "experiments": pl.String(), "reference": pl.String(), "file": pl.String(),
    "line": pl.Int32(),
}  # fmt: skip

_SPECIES = {
    "hsa": {"hsa", "homosapiens", "human", "9606", "hs"},
    "mmu": {"mmu", "musmusculus", "mouse", "10090", "mm"},
    "rno": {"rno", "rattusnorvegicus", "rat", "10116", "rn"},
}
_MIRNA = re.compile(r"(?i)(^|[^a-z])(mir|let|microrna)[-_ .]?([a-z]{0,5}\d|lat)|MIMAT\d{7}")
_HEADER_DEPTH = 20
_SAMPLE = 200


def read_evidence(
    path: str | Path,
    *,
    source: str | None = None,
    version: str | None = None,
    species: str | None = "hsa",
    sheet: str | int | None = None,
) -> pl.DataFrame:
    """Read a file of miRNA targets; its headings tell where it comes from.

    Parameters
    ----------
    path : text (also gzipped) or workbook: TargetScan context++ scores or summary counts, miRTarBase, TarBase 8 and 9,
        miRecords, miRDB, an export of IPA's microRNA Target Filter, or any list of miRNAs and genes, with or without
        headings, with or without a score
    source : name to show for a plain list; None takes the name of the file
    version : release of the source; None takes what the layout or the name of the file tells
    species : hsa, mmu or rno: rows of other species are left out where the file tells species; None keeps all
    sheet : sheet of a workbook

    Returns
    -------
    One row per row of the file: ``mirna, gene, gene_id`` as they stand there, ``source``, ``version``, ``evidence``
    (observed, predicted, listed), ``support`` (the source's own word), ``functional`` (false where the source says that
    there is no effect), ``confidence`` (IPA), ``score``, ``lower_is_better``, ``family``, ``transcript``,
    ``experiments``, ``reference``, ``file``, ``line``

    Raises
    ------
    SourceError
        The file cannot be read, or has headings of no known layout.
    TableError
        A column is missing, or a score is no number; all faults at once.
    """
    layout, frame = _headed(path, sheet=sheet)
    named, faults = name_columns(frame, layout.columns, file=path)
    raise_faults("target evidence", faults)
    shown = layout.name if layout.name != "list" else source or Path(path).name.split(".")[0]
    told = version or layout.version or _version_in(Path(path).name)
    kept = _of_species(named, species)
    table = _canonical(kept, layout, path=path)
    return table.with_columns(pl.lit(shown).alias("source"), pl.lit(told).alias("version")).select(
        pl.col(name).cast(dtype) for name, dtype in EVIDENCE.items()
    )


def _headed(path: str | Path, *, sheet: str | int | None) -> tuple[Source, pl.DataFrame]:
    """Layout and table of a file; what stands above the headings is passed over."""
    plain = SOURCES[-1]
    try:
        frame = read_fast_table(path, sheet=sheet)
    except SourceError as error:
        # Two columns of one name, or a line above the headings: the rows tell.
        return _above(path, sheet=sheet, failure=error)
    headings = [name for name in frame.columns if name != "line"]
    layout = find_source(headings)
    if layout is not None:
        return layout, frame
    if any(find_source([cell or "" for cell in row]) for row in frame.head(_HEADER_DEPTH).drop("line").iter_rows()):
        return _above(path, sheet=sheet, failure=None)
    if any(_MIRNA.search(heading) for heading in headings):
        # No headings at all: the first line is data.
        first = pl.DataFrame([[*headings, 1]], schema=frame.schema, orient="row")
        names = _guessed([headings, *frame.head(_SAMPLE).drop("line").rows()], path)
        whole = pl.concat([first, frame]).rename(dict(zip(headings, names, strict=True)))
        return _bulk(whole) or (plain, whole)
    known = {fold(word) for column in plain.columns[:2] for word in (column.name, *column.also)}
    if not {fold(heading) for heading in headings} & known:
        raise _unknown(path, headings)
    return plain, frame


def _bulk(frame: pl.DataFrame) -> tuple[Source, pl.DataFrame] | None:
    """Layout of the bulk file of miRDB: no headings, RefSeq transcripts, scores up to 100."""
    if (
        "score" not in frame.columns
        or not frame["gene"].head(_SAMPLE).str.contains(r"^[NX][MR]_\d+").fill_null(False).all()
    ):
        return None
    mirdb = next(source for source in SOURCES if source.name == "miRDB")
    return mirdb, frame.with_columns(pl.col("gene").alias("transcript"), pl.lit(None, pl.String).alias("gene"))


def _above(path: str | Path, *, sheet: str | int | None, failure: SourceError | None) -> tuple[Source, pl.DataFrame]:
    """Layout and table of a file whose headings are not unique, or not in the first line."""
    rows = [row for row in read_rows(path, sheet=sheet) if any(row[1])]
    for number, (_, cells) in enumerate(rows[:_HEADER_DEPTH]):
        layout = find_source(cells)
        if layout is not None:
            return layout, _from_rows(_distinct(cells), rows[number + 1 :], path=path)
    raise failure or _unknown(path, rows[0][1])


def _unknown(path: str | Path, headings: Sequence[str]) -> SourceError:
    return SourceError(
        "file of targets has a layout that is not known",
        where=path,
        found=f"columns {listed(headings, last='and', most=8)}",
        expected="TargetScan, miRTarBase, TarBase, miRecords, miRDB, IPA, or columns for miRNA and gene",
        next_step="Is it a newer release? Rename the columns to mirna and gene.",
    )


def _distinct(headings: Sequence[str]) -> list[str]:
    """Headings, numbered where one stands twice: IPA calls both miRNA and target "Symbol"."""
    seen: dict[str, int] = {}
    names = []
    for position, heading in enumerate(headings, 1):
        name = heading or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return names


def _guessed(rows: Sequence[Sequence[str | None]], path: str | Path) -> list[str]:
    """Names for the columns of a list without headings: miRNA, gene, and a score where all cells are numbers."""
    columns = [[cell or "" for cell in column] for column in zip(*rows, strict=True)]
    shares = [sum(bool(_MIRNA.search(cell)) for cell in column) for column in columns]
    mirna = shares.index(max(shares))
    others = [i for i in range(len(columns)) if i != mirna]
    numeric = [i for i in others if all(re.fullmatch(r"-?[\d.]+", cell) for cell in columns[i])]
    genes = [i for i in others if i not in numeric]
    if not genes:
        raise SourceError(
            "list of targets has no column of genes",
            where=path,
            found=f"{len(columns)} columns",
            expected="miRNA and gene",
            next_step="Add the genes' symbols.",
        )
    names = [f"column {i + 1}" for i in range(len(columns))]
    names[mirna], names[genes[0]] = "mirna", "gene"
    if numeric:
        names[numeric[0]] = "score"
    return names


def _from_rows(names: Sequence[str], rows: Sequence[tuple[int, list[str]]], *, path: str | Path) -> pl.DataFrame:
    rule = f"at most {len(names)} cells"
    faults = [Fault(rule, path, line, "", f"{len(cells)} cells") for line, cells in rows if any(cells[len(names) :])]
    raise_faults("target evidence", faults, kind=SourceError)
    filled = [[line, *(cells + [""] * len(names))[: len(names)]] for line, cells in rows]
    schema = {"line": pl.Int32, **dict.fromkeys(names, pl.String)}
    frame = pl.DataFrame(filled, schema=schema, orient="row")
    return frame.with_columns(pl.exclude("line").str.strip_chars().replace("", None))


def _of_species(frame: pl.DataFrame, species: str | None) -> pl.DataFrame:
    if species is None:
        return frame
    if species not in _SPECIES:
        raise TableError("unknown species", found=repr(species), expected=listed(_SPECIES))
    for column in ("species", "mirna_species"):
        if column in frame.columns:
            folded = pl.col(column).str.to_lowercase().str.replace_all(r"[\W_]+", "")
            # Viruses have human targets: they go by the species of the gene alone.
            allowed = folded.is_in(list(_SPECIES[species])) | folded.is_null()
            frame = frame.filter(allowed if column == "species" else allowed | folded.str.contains("virus"))
    return frame


def _canonical(frame: pl.DataFrame, layout: Source, *, path: str | Path) -> pl.DataFrame:
    for name in ("gene_id", "support", "confidence", "score", "family", "transcript", "experiments", "reference"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    # IPA names one member of a seed family, and the seed.
    seed = pl.col("mirna").str.extract(r"w/seed ([ACGU]{7})")
    text = pl.col("score").replace(["NULL", "NA", "N/A", "null"], None)
    number = frame.select(text.alias("score"), text.cast(pl.Float64, strict=False).alias("number"), "line")
    bad = number.filter(pl.col("score").is_not_null() & pl.col("number").is_null())
    faults = [Fault("a number", path, line, "score", value) for value, line in bad.select("score", "line").iter_rows()]
    raise_faults("target evidence", faults)
    without_effect = pl.col("support").str.to_lowercase().str.contains("non-functional|negative")
    return frame.with_columns(
        number["number"].alias("score"),
        pl.lit(layout.evidence).alias("evidence"),
        (~without_effect).fill_null(True).alias("functional"),
        pl.lit(layout.lower_is_better).alias("lower_is_better"),
        pl.coalesce("family", seed).alias("family"),
        pl.lit(str(path)).alias("file"),
    )


def _version_in(name: str) -> str:
    """Release that the name of a file tells: ``miRDB_v6.0``, ``Homo_sapiens_TarBase-v9``; else an empty string."""
    found = re.search(r"(?i)(?:^|[^a-z])v(?:er|ersion)?[-_ ]?(\d+(?:\.\d+)?)", name)
    return found[1] if found else ""
