"""Delimited text, sheets and Parquet as headed tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from sensitome.errors import SourceError
from sensitome.io.sheets import read_sheet
from sensitome.io.text import read_table, sniff_delimiter


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def write_sheets(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def message(path: Path, **options: str | int) -> str:
    with pytest.raises(SourceError) as caught:
        read_table(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_every_delimiter_is_found(sign: str) -> None:
    assert sniff_delimiter(f"well{sign}signal\nA1{sign}5\n") == sign


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("A1;1,5\nA2;2,5\n", ";"),
        ("well\tsignal\nA1\t1,5\nA2\t2,5\n", "\t"),
        ('well,note\nA1,"a;b;c"\nA2,"d;e;f"\n', ","),
        ("well,note\nA1,x; y\nA2,z\nA3,w\n", ","),
        ("one\ntwo\n", ","),
        ("", ","),
    ],
)
def test_decimal_commas_and_quoted_text_do_not_mislead(text: str, sign: str) -> None:
    assert sniff_delimiter(text) == sign


def test_a_table_keeps_the_line_of_each_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'well,note\r\nA1," x "\r\n\r\nA2,"two\r\nlines"\r\nA3,="007"\r\nA4,\r\n,\r\n')
    assert read_table(path).rows() == [
        ("A1", "x", 2),
        ("A2", "two\nlines", 4),
        ("A3", "007", 6),
        ("A4", None, 7),
    ]
    assert read_table(path).schema == {"well": pl.String, "note": pl.String, "line": pl.Int32}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "a,b\n")).shape == (0, 3)


def test_a_column_called_line_is_kept_under_another_name(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "line,b\nMCF7,1\n")).rows() == [("MCF7", "1", 2)]
    assert read_table(write(tmp_path, "line,b\nMCF7,1\n")).columns == ["line_", "b", "line"]


def test_an_empty_last_column_is_left_out(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "a,b,\n1,2,\n3,4\n")).rows() == [("1", "2", 2), ("3", "4", 3)]


def test_all_faults_of_a_table_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,a,,c\n1,2,3,4,5\n1,2\n1,2,3,4,5,6\n")
    assert message(path) == (
        f"table cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 1, column 1 and 3: found 'a', expected each column name once. Rename or remove one of them.\n"
        f"  {path}, line 1, column 4: found '', expected a name for each column. Name the column or remove it.\n"
        f"  {path}, line 3: found '2 cells', expected 5 cells, as in the header. Fill the row up with empty cells.\n"
        f"  {path}, line 4: found '6 cells', expected 5 cells, as in the header. Quote cells that hold the delimiter."
    )


def test_a_wrong_delimiter_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "well;signal\nA1;5\n")
    assert message(path, delimiter=",") == (
        f"table cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 1: found 'well;signal', expected several columns (delimiter ',' was asked for). "
        "Is the delimiter ';'? Say so for this file."
    )


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\n1,"2\n3,4\n5,6\n')
    assert message(path) == (
        f"quote is opened and never closed in {path}, line 2: found '1,\"2'. "
        'Close it, or write a quote inside a quoted cell twice ("").'
    )


def test_a_sign_for_inches_is_no_open_quote(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, 'a,b\n1,5" dish\n')).rows() == [("1", '5" dish', 2)]


def test_a_sheet_is_a_table_with_every_digit(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [],
        ["well", "signal", "note"],
        ["A1", 1 / 3, "x"],
        ["A2", 12, ""],
        ["A3", "1,5", ""],
    ]
    path = write_sheets(tmp_path / "t.xlsx", {"empty": [], "data": rows})
    expected = [("A1", "0.3333333333333333", "x", 3), ("A2", "12", None, 4), ("A3", "1,5", None, 5)]
    assert read_table(path).rows() == expected
    assert read_table(path, sheet="data").rows() == expected
    assert read_table(path, sheet=1).rows() == expected


def test_a_missing_sheet_names_those_there_are(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "t.xlsx", {"Layout": [[1]], "Data": [[2]]})
    assert message(path, sheet="Dat") == (
        f"workbook has no such sheet in {path}: found 'Dat', expected 'Layout' or 'Data'. Did you mean 'Data'?"
    )
    assert message(path, sheet=7) == (
        f"workbook has no such sheet in {path}: found 7, expected 'Layout' or 'Data'. Name one of its sheets."
    )


def test_an_empty_workbook_is_told(tmp_path: Path) -> None:
    path = write_sheets(tmp_path / "t.xlsx", {"a": [], "b": []})
    assert message(path) == f"workbook is empty in {path}. Export it from the instrument again."


def test_a_zip_that_is_no_workbook_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(SourceError) as caught:
        read_sheet(path)
    text = str(caught.value)
    assert text.startswith(f"file is not an Excel workbook in {path}: found ")
    assert text.endswith("Open it in Excel and save it as .xlsx, or export CSV.")


def test_parquet_is_a_table_of_text(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"well": ["A1", " "], "signal": [1.5, None], "n": [1, 2]}).write_parquet(path)
    assert read_table(path).rows() == [("A1", "1.5", "1", 1), (None, None, "2", 2)]


def test_nested_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"well": ["A1"], "signal": [[1, 2]]}).write_parquet(path)
    assert message(path) == (
        f"Parquet file holds nested columns in {path}: found 'signal', expected one plain value a cell. "
        "Unnest or drop them."
    )


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and no more")
    text = message(path)
    assert text.startswith(f"Parquet file cannot be read in {path}: found ")
    assert text.endswith(" Write it again.")


cells = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "Zs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_a_quoted_table_is_read_back(rows: list[tuple[str, str]], sign: str) -> None:
    from sensitome.io.text import clean_cell, delimited_rows

    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    text = "\n".join(sign.join(map(quoted, row)) for row in rows) + "\n"
    found = [cells for _, cells in delimited_rows(text, delimiter=sign, path="x")]
    assert found == [[clean_cell(cell) for cell in row] for row in rows]
