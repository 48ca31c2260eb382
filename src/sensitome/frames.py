"""The public door for data frames: Polars goes through, any other eager frame is turned into Polars; and their ends."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.errors import TableError

__all__ = ["average", "largest", "middle", "smallest", "to_polars"]


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


def largest(values: pl.Series, *, empty: float = 0.0) -> float:
    """Largest of some numbers, as a number; what stands for it where there is none.

    >>> largest(pl.Series([1, 3, None])), largest(pl.Series([], dtype=pl.Float64))
    (3.0, 0.0)
    """
    value: Any = values.max()
    return empty if value is None else float(value)


def average(values: pl.Series, *, empty: float = 0.0) -> float:
    """Mean of some numbers, as a number; what stands for it where there is none.

    >>> average(pl.Series([1, 2, None])), average(pl.Series([], dtype=pl.Float64))
    (1.5, 0.0)
    """
    value: Any = values.mean()
    return empty if value is None else float(value)


def middle(values: pl.Series, *, empty: float = 0.0) -> float:
    """Median of some numbers, as a number; what stands for it where there is none.

    >>> middle(pl.Series([1, 2, 9, None])), middle(pl.Series([], dtype=pl.Float64))
    (2.0, 0.0)
    """
    value: Any = values.median()
    return empty if value is None else float(value)


def smallest(values: pl.Series, *, empty: float = 0.0) -> float:
    """Smallest of some numbers, as a number; what stands for it where there is none.

    >>> smallest(pl.Series([1, 3, None])), smallest(pl.Series([], dtype=pl.Float64), empty=1.0)
    (1.0, 1.0)
    """
    value: Any = values.min()
    return empty if value is None else float(value)
