"""Packard Fusion exports: settings in padded columns, then one matrix."""

from __future__ import annotations

from pathlib import Path

from sensitome.errors import SourceError
from sensitome.io.matrix import matrix_blocks, read_blocks
from sensitome.io.readings import Readings
from sensitome.io.text import delimited_rows, read_text

__all__ = ["looks_like_fusion", "read_fusion"]


def read_fusion(path: str | Path, *, decimal: str | None = None) -> Readings:
    """Readings of a Packard Fusion export; its unit ("RLU") is what `taken` says.

    Raises
    ------
    SourceError
        No plate; cells that are not numbers.
    """
    blocks = matrix_blocks(list(delimited_rows(read_text(path), delimiter=",", path=path)))
    if not blocks:
        raise SourceError(
            "no plate in this Packard Fusion export",
            where=path,
            expected="a line of column numbers and rows A, B, C …",
            next_step="Choose another reader.",
        )
    names = [str(number) for number in range(1, len(blocks) + 1)]
    taken = blocks[0].title.split(",")[0]
    return read_blocks(blocks, names=names, taken=taken, others=(), decimal=decimal, path=path)


def looks_like_fusion(text: str) -> bool:
    """Whether the text opens with the settings of a Packard Fusion."""
    return text.lstrip().startswith("Assay:") and "Fusion" in text[:2000]
