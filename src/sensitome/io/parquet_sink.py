"""Write a table to Parquet piece by piece, so that it never has to be in memory as a whole."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

__all__ = ["ParquetSink"]


class ParquetSink:
    """A Parquet file that takes tables one after another; all must have the same columns.

    Parameters
    ----------
    path : the file; appears under its name only when all has been written

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ParquetSink(Path(folder) / "t.parquet") as sink:
    ...         sink(pl.DataFrame({"a": [1]}))
    ...         sink(pl.DataFrame({"a": [2]}))
    ...     pl.read_parquet(Path(folder) / "t.parquet")["a"].to_list()
    [1, 2]
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.rows = 0
        self._writer: Any = None
        self._part = self.path.with_name(self.path.name + ".part")

    def __call__(self, table: pl.DataFrame) -> None:
        """Append a table."""
        import pyarrow.parquet as pq

        arrow = table.to_arrow()
        if self._writer is None:
            # Numbers of their own do not repeat: a dictionary of them costs time and saves nothing.
            words = [name for name, dtype in table.schema.items() if dtype == pl.String]
            self._writer = pq.ParquetWriter(
                self._part, arrow.schema, compression="zstd", compression_level=1, use_dictionary=words
            )
        self._writer.write_table(arrow.cast(self._writer.schema))
        self.rows += table.height

    def __enter__(self) -> ParquetSink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if kind is None and self._writer is not None:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
