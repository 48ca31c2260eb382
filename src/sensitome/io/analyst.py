"""Molecular Devices Analyst HT exports: several plates a file, each a list of settings and a matrix."""

from __future__ import annotations

from pathlib import Path

from sensitome.errors import SourceError
from sensitome.io.matrix import matrix_blocks, read_blocks
from sensitome.io.readings import Readings
from sensitome.io.text import delimited_rows, read_text

__all__ = ["looks_like_analyst", "read_analyst"]


def read_analyst(path: str | Path, *, decimal: str | None = None) -> Readings:
    """Readings of an Analyst HT export.

    Parameters
    ----------
    path : the .txt file, with tabs
    decimal : "." or ","; None finds it over all plates

    Returns
    -------
    One row per well; `block` is the barcode where each plate has one of its own, else the running number

    Raises
    ------
    SourceError
        No plate; cells that are not numbers.
    """
    blocks = matrix_blocks(list(delimited_rows(read_text(path), delimiter="\t", path=path)))
    settings = [
        {cells[0].rstrip(":").casefold(): cells[1] for _, cells in block.before if len(cells) > 1} for block in blocks
    ]
    if not blocks:
        raise SourceError(
            "no plate in this Analyst HT export",
            where=path,
            expected='"Barcode:", then a line of column numbers and rows A, B, C …',
            next_step="Choose another reader.",
        )
    barcodes = [setting.get("barcode") or None for setting in settings]
    distinct = len(set(barcodes)) == len(barcodes) > 1 and all(barcodes)
    names = [str(b) if distinct else str(number) for number, b in enumerate(barcodes, 1)]
    taken = settings[0].get("data", "data").capitalize() + f" ({settings[0].get('units', 'counts')})"
    return read_blocks(blocks, names=names, taken=taken, others=(), decimal=decimal, path=path, barcodes=barcodes)


def looks_like_analyst(text: str) -> bool:
    """Whether the text opens with the settings of an Analyst HT."""
    return text.lstrip().startswith("Load time:\t")
