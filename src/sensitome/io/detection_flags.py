"""Detection flags that stand in a table of their own, beside a matrix of values."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from sensitome.errors import Fault, TableError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.columns import raise_faults
from sensitome.io.text import read_table

__all__ = ["read_detection_flags"]

_YES = frozenset({"1", "true", "yes", "p", "present", "detected", "1.0"})
_NO = frozenset({"0", "false", "no", "a", "absent", "m", "marginal", "not detected", "0.0"})


def read_detection_flags(
    path: str | Path, expression: Expression, *, samples_in: Literal["columns", "rows"] = "columns"
) -> Expression:
    """Add the flags of a table to a matrix (`sensitome.io.wide_matrix.read_wide_matrix`).

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet; names on both sides, and yes/no, 1/0 or P/A (M is no) for each value
    expression : the values; not changed
    samples_in : where the samples stand in the table

    Returns
    -------
    The same values with ``detected``

    Raises
    ------
    TableError
        A cell says neither yes nor no, or a feature or sample of the matrix has no flag; all faults at once.
    """
    frame = read_table(path)
    lines = frame["line"].to_list()
    names, heads = frame[:, 0].fill_null("").to_list(), [name for name in frame.columns[1:] if name != "line"]
    words = [[(cell or "").casefold() for cell in frame[head]] for head in heads]
    faults = [
        Fault("yes or no, 1 or 0, P or A", path, lines[i], head, word)
        for head, column in zip(heads, words, strict=True)
        for i, word in enumerate(column)
        if word not in _YES and word not in _NO
    ]
    raise_faults("detection flags", faults)
    flags = np.array([[word in _YES for word in column] for column in words], dtype=np.bool_).reshape(len(heads), -1)
    samples, features = (heads, names) if samples_in == "columns" else (names, heads)
    flags = flags if samples_in == "columns" else flags.T
    row, column = ({name: i for i, name in enumerate(part)} for part in (samples, features))
    wanted = expression.samples["sample"].to_list(), expression.features["feature"].to_list()
    missing = [name for name in wanted[0] if name not in row] + [name for name in wanted[1] if name not in column]
    if missing:
        raise TableError(
            "detection flags do not cover the values",
            where=path,
            found=f"nothing for {listed(missing, last='and', most=3)}",
            expected="a flag for every sample and feature of the matrix",
        )
    place = np.ix_([row[name] for name in wanted[0]], [column[name] for name in wanted[1]])
    return Expression(expression.values, expression.samples, expression.features, flags[place])
