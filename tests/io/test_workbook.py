"""The workbook of a run."""

from __future__ import annotations

import io

import polars as pl

from sensitome.io.workbook import MOST_ROWS, workbook_bytes


def test_each_table_is_a_sheet_and_the_first_explains_the_columns() -> None:
    hits = pl.DataFrame({"reagent": ["=1+1", "miR-1"], "z": [-3.5, None]})
    sheets = pl.read_excel(io.BytesIO(workbook_bytes({"hits": hits})), sheet_id=0)
    assert list(sheets) == ["columns", "hits"]
    assert sheets["hits"]["reagent"].to_list() == ["=1+1", "miR-1"]
    assert "meaning" in sheets["columns"].columns


def test_a_long_table_is_named_and_left_where_it_is() -> None:
    long = pl.DataFrame({"well": ["A01"] * (MOST_ROWS + 1)})
    sheets = pl.read_excel(io.BytesIO(workbook_bytes({"wells": long})), sheet_id=0)
    assert sheets["wells"].item() == f"{MOST_ROWS + 1} rows: see tables/wells.parquet"


def test_the_same_tables_give_the_same_bytes() -> None:
    tables = {"hits": pl.DataFrame({"reagent": ["a"]})}
    assert workbook_bytes(tables) == workbook_bytes(tables)
