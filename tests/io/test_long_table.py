"""Long tables with columns of any name."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from sensitome.errors import SourceError
from sensitome.io.long_table import read_long_table


def write(folder: Path, text: str, name: str = "long.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def message(path: Path, **options: object) -> str:
    with pytest.raises(SourceError) as caught:
        read_long_table(path, **options)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("well", ["well", "Well", "Well ID", "WellPosition", "Position"])
@pytest.mark.parametrize("signal", ["signal", "Value", "Counts", "Luminescence", "RLU", "ReadoutValue"])
def test_usual_names_are_found(tmp_path: Path, well: str, signal: str) -> None:
    path = write(tmp_path, f"{well},{signal},note\nA1,5,x\nb002,6.5,y\n")
    readings = read_long_table(path)
    assert readings.frame.rows() == [("1", None, "1", "A01", 1, 1, 5.0), ("1", None, "1", "B02", 2, 2, 6.5)]
    assert readings.taken == signal
    assert readings.others == ("note",)


@pytest.mark.parametrize(("row", "column"), [("A", "1"), ("1", "01"), ("a", "1.0")])
def test_row_and_column_make_a_well(tmp_path: Path, row: str, column: str) -> None:
    path = write(tmp_path, f"row\tcolumn\tvalue\n{row}\t{column}\t5\n")
    assert read_long_table(path).frame["well"].to_list() == ["A01"]


def test_named_columns_win(tmp_path: Path) -> None:
    path = write(tmp_path, "well;signal;CTB;where;Plate;Rep;Label\nx;1;1,5;A1;P1;1;red\nx;2;2,5;A1;P1;2;red\n")
    frame = read_long_table(path, columns={"well": "where", "signal": "CTB", "plate": ["Plate", "Rep"]}).frame
    assert frame.rows() == [("P1_1", None, "1", "A01", 1, 1, 1.5), ("P1_2", None, "1", "A01", 1, 1, 2.5)]


def test_plates_barcodes_and_channels_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "barcode,channel,well,signal\nX1,red,A1,1\nX1,green,A1,2\nX2,red,A1,3\nX2,green,A1,NA\n")
    frame = read_long_table(path).frame
    assert frame.select("block", "barcode", "channel", "signal").rows() == [
        ("X1", "X1", "red", 1.0),
        ("X1", "X1", "green", 2.0),
        ("X2", "X2", "red", 3.0),
        ("X2", "X2", "green", None),
    ]
    assert read_long_table(path, channel="green").frame["signal"].to_list() == [2, None]


def test_sheets_and_parquet_hold_the_same_table(tmp_path: Path) -> None:
    rows = [("P1", "A1", 1.5), ("P1", "A2", 2.0), ("P2", "A1", 1 / 3)]
    frame = pl.DataFrame(rows, schema=["plate", "well", "signal"], orient="row")
    frame.write_parquet(tmp_path / "long.parquet")
    frame.write_csv(tmp_path / "long.tsv", separator="\t")
    with xlsxwriter.Workbook(tmp_path / "long.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([frame.columns, *rows]):
            sheet.write_row(number, 0, row)
    tables = [read_long_table(tmp_path / f"long.{end}").frame for end in ("parquet", "tsv", "xlsx")]
    assert tables[0]["signal"].to_list() == [1.5, 2.0, 1 / 3]
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


def test_overflow_is_missing_and_named(tmp_path: Path) -> None:
    readings = read_long_table(write(tmp_path, "well,signal\nA1,OVER\nA2,5\n"))
    assert readings.frame["signal"].to_list() == [None, 5]
    assert readings.overflowed == ("A01 of plate 1",)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "plate,well,signal\nP1,A1,5\nP1,Z99,6\nP1,A1,7\nP1,A2,x7\n")
    assert message(path) == (
        f"long table cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 3, column well: found 'Z99', expected a well such as \"A01\". "
        "Correct it, or remove the line.\n"
        f"  {path}, line 4: found 'A01 of plate P1 on lines 2 and 4', expected each well once a plate. "
        'Name the columns that tell plates apart: columns = { plate = ["plate", "…"] }, or remove one line.\n'
        f"  {path}, line 5, column signal: found 'x7', expected a number. Correct it."
    )


def test_missing_columns_name_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, "where,what\nA1,5\n")
    assert message(path) == (
        f"columns of the long table are not clear in {path}: found columns 'where' and 'what'.\n"
        '  a column for the well. Say which: columns = { well = "…" }.\n'
        '  a column for the signal. Say which: columns = { signal = "…" }.'
    )


def test_wrong_columns_are_told_with_the_closest_name(tmp_path: Path) -> None:
    path = write(tmp_path, "Well.position,CTB,Plate\nA1,5,1\n")
    assert message(path, columns={"well": "Well.Position", "signal": "CTB", "plait": "Plate"}) == (
        f"columns of the long table are not clear in {path}: found columns 'Well.position', 'CTB' and 'Plate'.\n"
        "  column columns: found 'plait', expected one of 'well', 'row', 'column', 'signal', 'plate', 'barcode' or "
        "'channel'. Did you mean 'plate'?\n"
        "  column well: found 'Well.Position', expected a column of the file. Did you mean 'Well.position'?"
    )


def test_a_mirna_inhibitor_screen_is_read_with_its_column_map(shared: Path) -> None:
    path = shared / "data/screens/miRNAice_breast/MCF7wt.csv.gz"
    columns = {"well": "Well.position", "signal": "CTB", "plate": ["Plate", "Replicate"]}
    frame = read_long_table(path, columns=columns).frame
    assert frame.height == 3456
    assert frame["block"].n_unique() == 36
    assert frame.filter(block="12_3", well="H12")["signal"].item() == 964.0
    assert message(path, columns={"signal": "CTB"}).endswith("  … and 1147 more (1152 in all).")


def test_a_semicolon_table_with_row_and_column_is_read(shared: Path) -> None:
    frame = read_long_table(shared / "data/instruments/gDRimport/data1/ref_RawData_day0_xlsx.csv").frame
    assert frame.height == 2304
    assert frame.row(1) == ("201904190a", "201904190a", "1", "B01", 2, 1, 126457.0)
