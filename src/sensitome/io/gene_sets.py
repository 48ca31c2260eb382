"""Gene sets from GMT files and Enrichr libraries."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, Fault, SourceError, listed
from sensitome.io.gene_symbols import mend_symbols
from sensitome.io.text import read_text

__all__ = ["dated_symbols", "read_gene_list", "read_gene_sets"]

#: Weights and scores that some libraries put behind a gene, as "TP53,1.0".
_WEIGHT = re.compile(r",[^,]*$")


def read_gene_sets(path: str | Path) -> pl.DataFrame:
    """Read gene sets.

    Parameters
    ----------
    path : text, also gzipped: per line the name of a set, a description (may be empty) and its genes, separated by
        tabs; genes may carry a weight ("TP53,1.0"), which is left out

    Returns
    -------
    One row per set × gene: ``gene_set``, ``description`` (null where empty), ``gene``; in the order of the file. Blanks
    between genes and genes named twice in a set are left out, and told in a Caution with their number.

    Raises
    ------
    SourceError
        The file is no GMT, a set has no name or no gene, or two different sets have one name; all faults at once.
    """
    lines = read_text(path).split("\n")
    rows: list[tuple[str, str | None, str]] = []
    faults: list[Fault] = []
    first_line: dict[str, tuple[int, frozenset[str]]] = {}
    doubled: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        name, description = cells[0], (cells[1] if len(cells) > 1 else "")
        genes = [_WEIGHT.sub("", cell) for cell in cells[2:] if cell]
        own = list(dict.fromkeys(gene for gene in genes if gene))
        fault = _fault(name, own, first_line, path=path, line=number, width=len(cells))
        if fault is not None:
            faults.append(fault)
            continue
        if name in first_line:
            doubled.append(name)
            continue
        first_line[name] = (number, frozenset(own))
        doubled += [f"{gene} in {name}" for gene in _repeated(genes)]
        rows += [(name, description or None, gene) for gene in own]
    _refuse(faults, rows, lines, path)
    frame = pl.DataFrame(
        rows, schema={"gene_set": pl.String, "description": pl.String, "gene": pl.String}, orient="row"
    )
    _caution(doubled, frame["gene"].unique(maintain_order=True).to_list(), path)
    return frame


def read_gene_list(path: str | Path) -> pl.Series:
    """Read a list of genes: one a line, or separated by commas, semicolons, tabs or blanks; ``#`` begins a remark.

    Parameters
    ----------
    path : text

    Returns
    -------
    Series ``gene`` (String), each gene once, in the order of the file; symbols that look like Excel dates are told

    Raises
    ------
    SourceError
        There is no gene in it.
    """
    words = []
    for line in read_text(path).split("\n"):
        words += re.split(r"[\s,;]+", line.split("#", 1)[0].strip())
    genes = list(dict.fromkeys(word for word in words if word))
    if not genes:
        raise SourceError("list of genes is empty", where=path, next_step="Write one gene symbol a line.")
    _caution([], genes, path)
    return pl.Series("gene", genes, dtype=pl.String)


def dated_symbols(genes: Sequence[str]) -> list[str]:
    """Symbols that Excel has turned into dates.

    >>> dated_symbols(["SEPT10", "10-Sep", "TP53", "Mar-01", "2001-03-02"])
    ['10-Sep', 'Mar-01', '2001-03-02']
    """
    given = pl.Series("gene", genes, dtype=pl.String)
    return given.filter(mend_symbols(given)["is_date"]).to_list()


def _fault(
    name: str,
    genes: Sequence[str],
    known: dict[str, tuple[int, frozenset[str]]],
    *,
    path: str | Path,
    line: int,
    width: int,
) -> Fault | None:
    """What is wrong with a line, if anything."""
    if not name:
        return Fault("a name for the set", path, line, "1", "", "Name the set or remove the line.")
    if not genes:
        step = "Separate name, description and genes by tabs." if width < 3 else "Remove the set."
        return Fault(
            "name, description and at least one gene", path, line, value=f"{name[:40]} without genes", next_step=step
        )
    if name in known and known[name][1] != frozenset(genes):
        rule = f"one set for each name (it has other genes in line {known[name][0]})"
        return Fault(rule, path, line, "1", name, "Rename one of them.")
    return None


def _repeated(genes: Sequence[str]) -> list[str]:
    """Genes that occur again, each once."""
    seen: set[str] = set()
    again: dict[str, None] = {}
    for gene in genes:
        if gene in seen:
            again[gene] = None
        seen.add(gene)
    return list(again)


def _refuse(faults: list[Fault], rows: Sequence[object], lines: Sequence[str], path: str | Path) -> None:
    if faults and not rows:
        raise SourceError(
            "file holds no gene sets",
            where=path,
            found=repr(lines[0][:60]),
            expected="per line a name, a description and genes, separated by tabs (GMT)",
        )
    if faults:
        raise SourceError("gene sets cannot be read", where=path, faults=faults, next_step="Correct these places:")
    if not rows:
        raise SourceError("file holds no gene sets", where=path, expected="at least one line with a set")


def _caution(doubled: Sequence[str], genes: Sequence[str], path: str | Path) -> None:
    if doubled:
        warnings.warn(
            Caution(
                "genes or sets given twice count once",
                where=path,
                found=f"{len(doubled)}, the first {listed(doubled, last='and', most=3)}",
            ),
            stacklevel=3,
        )
    dates = dated_symbols(genes)
    if dates:
        warnings.warn(
            Caution(
                "gene symbols that Excel turned into dates match nothing",
                where=path,
                found=f"{len(dates)}, the first {listed(dates, last='and', most=3)}",
                next_step="Correct them from the source: 10-Sep was SEPT10, which is SEPTIN10 today.",
            ),
            stacklevel=3,
        )
