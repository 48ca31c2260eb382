"""The tables of a run as one XLSX file, for those who live in a spreadsheet."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping

import polars as pl

from sensitome.tables import dictionary

__all__ = ["workbook_bytes"]

#: Longer tables stay in Parquet and CSV, and the sheet says so: nobody scrolls further, and a sheet is slow to write.
MOST_ROWS = 20_000
#: Tables that nobody reads row by row, as figures are drawn from them or other tables tell more; they stay there too.
_LONG = frozenset(
    {
        *("antisymmetry", "call_probability", "expression", "genes", "incidence", "line_evidence", "scores", "spots"),
        *("stage_values", "support", "survival_curves", "targets", "three_way", "truth"),
    }
)


def workbook_bytes(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """One sheet a table, and a first sheet that explains every column.

    Parameters
    ----------
    tables : by name; for those that nobody reads row by row and any longer than `MOST_ROWS` a line says where they lie

    Returns
    -------
    The file; the same tables give the same bytes
    """
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # A fixed date: the file must not depend on the clock.
    book.set_properties({"created": datetime.datetime(2021, 5, 26, tzinfo=datetime.UTC).replace(tzinfo=None)})
    columns = dictionary().filter(pl.col("table").is_in(list(tables)))
    sheets = {"columns": columns, **tables}
    for name, table in sheets.items():
        shown = table if table.height <= MOST_ROWS and name not in _LONG else _elsewhere(name, table)
        shown.write_excel(book, worksheet=name[:31], autofit=shown.height < 2000, autofilter=False, freeze_panes=(1, 0))
    book.close()
    return stream.getvalue()


def _elsewhere(name: str, table: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"note": [f"{table.height} rows: see tables/{name}.parquet"]})
