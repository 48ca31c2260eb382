"""What a simulated study knows of itself: which reagents act, and which genes are behind them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.io.columns import Column, empty_cells, fold, name_columns, raise_faults, words_to
from sensitome.io.text import read_table

__all__ = ["read_true_genes", "read_truth"]

_TRUTH = tuple(Column(name, (), required=True) for name in ("reagent", "kind", "cell_line", "treatment", "is_active"))
_GENES = (Column("gene", (), required=True),)
_WORDS = {fold(word): answer for answer in ("true", "false") for word in (answer, answer[0])}
_WORDS |= {"1": "true", "0": "false", "yes": "true", "no": "false"}


def read_truth(path: str | Path) -> pl.DataFrame:
    """Read the known truth of a simulated study.

    Parameters
    ----------
    path : table with the columns ``reagent``, ``kind``, ``cell_line``, ``treatment`` and ``is_active`` (true, false)

    Returns
    -------
    These columns, ``is_active`` as Boolean, one row per row of the file

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        A column is missing, or a cell is empty or says neither; all faults at once.
    """
    frame, faults = name_columns(read_table(path), _TRUTH, file=path)
    raise_faults("known truth", faults)
    answer, unknown = words_to(frame, "is_active", _WORDS, file=path)
    faults = [*empty_cells(frame, [column.name for column in _TRUTH], file=path), *unknown]
    raise_faults("known truth", faults)
    keys = [column.name for column in _TRUTH[:-1]]
    return frame.select(*keys, (answer == "true").alias("is_active"))


def read_true_genes(path: str | Path) -> list[str]:
    """Read the known genes behind the screen of a simulated study.

    Parameters
    ----------
    path : table with the column ``gene``

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        The column is missing, or a cell is empty.
    """
    frame, faults = name_columns(read_table(path), _GENES, file=path)
    raise_faults("known genes", faults)
    raise_faults("known genes", empty_cells(frame, ["gene"], file=path))
    return frame["gene"].to_list()
