"""The public door for data frames: Polars goes through, any other eager frame is turned into Polars."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.errors import TableError

__all__ = ["to_polars"]


def to_polars(frame: Any) -> pl.DataFrame:
    """Polars table of a Polars, pandas, PyArrow or other frame that narwhals knows; the frame is not changed.

    Raises
    ------
    TableError
        It is no data frame.

    >>> to_polars({"well": ["A01"]})
    Traceback (most recent call last):
    ...
    sensitome.errors.TableError: not a data frame: found dict, expected a Polars, pandas or PyArrow table.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    import narwhals as nw

    try:
        return pl.DataFrame(nw.from_native(frame, eager_only=True).to_polars())
    except TypeError as error:
        raise TableError(
            "not a data frame", found=type(frame).__name__, expected="a Polars, pandas or PyArrow table"
        ) from error
