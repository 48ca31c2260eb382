"""The strongest of any number of pairs, while all of them pass by."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

__all__ = ["Strongest"]


class Strongest:
    """Takes tables of pairs one after another, hands them on, and keeps the strongest.

    Parameters
    ----------
    most : how many pairs are kept; those with the smallest p, and of equal p those with the largest correlation
    sink : where every table goes; None = nowhere

    Examples
    --------
    >>> pairs = Strongest(1)
    >>> pairs(pl.DataFrame({"gene": ["A", "B"], "p_value": [0.02, 0.01], "effect": [0.3, -0.4]}))
    >>> pairs.rows, pairs.table()["gene"].to_list()
    (2, ['B'])
    """

    def __init__(self, most: int, *, sink: Callable[[pl.DataFrame], None] | None = None) -> None:
        self.most = most
        self.rows = 0
        self._sink = sink
        self._kept: list[pl.DataFrame] = []
        self._held = 0

    def __call__(self, table: pl.DataFrame) -> None:
        """Take a table."""
        if self._sink is not None:
            self._sink(table)
        self._kept.append(table.with_row_index("_turn", offset=self.rows).with_columns(pl.col("_turn").cast(pl.UInt64)))
        self.rows += table.height
        self._held += table.height
        if self._held > 2 * self.most:
            self._shrink()

    def table(self) -> pl.DataFrame | None:
        """The pairs kept, in the order in which they came; None when there was no table."""
        if not self._kept:
            return None
        self._shrink()
        return self._kept[0].sort("_turn").drop("_turn")

    def _shrink(self) -> None:
        held = pl.concat(self._kept)
        if held.height > self.most:
            held = held.with_columns(pl.col("effect").abs().alias("_size"))
            held = held.sort("p_value", "_size", "_turn", descending=[False, True, False]).head(self.most).drop("_size")
        self._kept, self._held = [held], held.height
