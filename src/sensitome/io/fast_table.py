"""Tables of millions of rows as text, as quickly as they can be read."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import polars as pl

from sensitome.errors import SourceError, listed
from sensitome.io.sheets import is_workbook
from sensitome.io.text import decode, read_bytes, read_table, sniff_delimiter

__all__ = ["read_fast_table"]

# Below this size the careful reader is quick enough.
_SMALL = 1 << 20


def read_fast_table(path: str | Path, *, sheet: str | int | None = None) -> pl.DataFrame:
    """Table with a header line; every cell as text, trimmed, empty ones null; and the ``line`` of each row.

    Parameters
    ----------
    path : as for `read_table`
    sheet : sheet of a workbook

    Returns
    -------
    As `read_table`. In large files lines are counted one a row: they are off where a cell holds a line end.

    Raises
    ------
    SourceError
        As `read_table`; or the file is a zip archive that is no workbook.
    """
    data = read_bytes(path)
    _refuse_archive(data, path)
    if len(data) < _SMALL or is_workbook(data) or data.startswith(b"PAR1"):
        return read_table(path, sheet=sheet)
    text = decode(data, path=path)
    try:
        frame = pl.read_csv(text.encode(), separator=sniff_delimiter(text), infer_schema=False)
    except pl.exceptions.PolarsError:
        # The careful reader says what is wrong, and where.
        return read_table(path, sheet=sheet)
    if frame.width == 1 or any(not name or "_duplicated_" in name for name in frame.columns):
        return read_table(path, sheet=sheet)
    frame = frame.rename({"line": "line_"}) if "line" in frame.columns else frame
    trimmed = frame.select(pl.all().str.strip_chars().replace("", None))
    return trimmed.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias("line"))


def _refuse_archive(data: bytes, path: str | Path) -> None:
    """Databases hand out tables in zip archives, which begin like workbooks."""
    if not data.startswith(b"PK\x03\x04"):
        return
    try:
        names = ZipFile(BytesIO(data)).namelist()
    except BadZipFile:
        return
    if "[Content_Types].xml" not in names:
        raise SourceError(
            "file is a zip archive",
            where=path,
            found=listed(names, last="and", most=3),
            expected="a table",
            next_step="Unpack it, and name the file inside.",
        )
