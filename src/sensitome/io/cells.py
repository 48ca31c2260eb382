"""Cells of tables as text, and the lines on which they stand."""

from __future__ import annotations

__all__ = ["Row", "clean_cell"]

#: A row of cells and its 1-based line in the source.
Row = tuple[int, list[str]]


def clean_cell(cell: str) -> str:
    r"""Cell without surrounding blanks and without the ``="…"`` by which programs keep Excel from changing text.

    >>> clean_cell(' ="0012" '), clean_cell("\xa0A1 ")
    ('0012', 'A1')
    """
    cell = cell.strip(" \t\n\xa0\ufeff")
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1].strip()
    return cell
