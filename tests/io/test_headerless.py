"""Plate files of cellHTS2, and the exports of Analyst HT and Packard Fusion that it ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensitome.errors import SourceError
from sensitome.io.analyst import read_analyst
from sensitome.io.fusion import read_fusion
from sensitome.io.headerless import read_cellhts2_plate


def message(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        read_cellhts2_plate(path)
    return str(caught.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_plate_file_is_read(tmp_path: Path, end: str) -> None:
    path = tmp_path / "plate.txt"
    path.write_bytes(end.join(["P1\tA01\t5", "P1\ta2\tNA", 'P1\t"A003"\t7.5', ""]).encode())
    assert read_cellhts2_plate(path).frame.rows() == [
        ("1", None, "1", "A01", 1, 1, 5.0),
        ("1", None, "1", "A02", 1, 2, None),
        ("1", None, "1", "A03", 1, 3, 7.5),
    ]


def test_all_faults_of_a_plate_file_are_told(tmp_path: Path) -> None:
    path = tmp_path / "plate.txt"
    path.write_text("P1\tA01\t5\nP1\tA0\t5\nP1\tA02\n\nP1\tA03\t5O\nP1\tA1\t6\n")
    assert message(path) == (
        f"plate file cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 2, column 2: found 'A0', expected a well such as \"A01\". Correct the well.\n"
        f"  {path}, line 3: found 'P1\\tA02', expected three cells: plate, well, value. Separate by tabs.\n"
        f"  {path}, line 5, column 3: found '5O', expected a number. Correct it, or write NA.\n"
        f"  {path}, line 6, column 2: found 'A1', expected each well once. Remove one of lines 1 and 6."
    )


def test_another_delimiter_is_found(tmp_path: Path) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("P1;A01;5,5\nP1;A02;6,5\n")
    assert read_cellhts2_plate(path).frame["signal"].to_list() == [5.5, 6.5]


def test_overflow_is_missing_and_named(tmp_path: Path) -> None:
    path = tmp_path / "plate.txt"
    path.write_text("P1\tA01\tOVRFLW\n")
    assert read_cellhts2_plate(path).overflowed == ("A01 of plate 1",)


def test_a_text_without_plates_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plate.txt"
    path.write_text("Load time:\tnow\n")
    with pytest.raises(SourceError) as caught:
        read_analyst(path)
    assert str(caught.value) == (
        f'no plate in this Analyst HT export in {path}: expected "Barcode:", then a line of column numbers and rows '
        "A, B, C …. Choose another reader."
    )
    with pytest.raises(SourceError) as caught:
        read_fusion(path)
    assert str(caught.value) == (
        f"no plate in this Packard Fusion export in {path}: expected a line of column numbers and rows A, B, C …. "
        "Choose another reader."
    )


@pytest.mark.parametrize(
    ("name", "height", "first", "last"),
    [
        ("cellHTS2/KcViabSmall/FT01-G01.txt", 384, 887763.0, 1222563.0),
        ("cellHTS2/testscreen/RA01D1.TXT", 358, 2300.0, 440.0),
        ("identifying-genetic-dependencies/P1R1.txt", 384, 2569770.0, 90140.0),
    ],
)
def test_real_plate_files_are_read(shared: Path, name: str, height: int, first: float, last: float) -> None:
    signal = read_cellhts2_plate(shared / "data/screens" / name).frame["signal"]
    assert (len(signal), signal[0], signal[-1]) == (height, first, last)


def test_an_analyst_export_holds_three_plates(shared: Path) -> None:
    readings = read_analyst(shared / "data/screens/cellHTS2/KcCellTiter/KcCellTiter0607.txt")
    assert readings.frame["block"].unique(maintain_order=True).to_list() == ["X001T006", "X002T006", "X003T006"]
    assert readings.frame.height == 1152
    assert readings.frame.filter(block="X001T006", well="F01")["signal"].item() == 1008616.0
    assert readings.taken == "Raw data (rlu)"


def test_a_fusion_export_is_read(shared: Path) -> None:
    readings = read_fusion(shared / "data/screens/cellHTS2/TwoWayAssay/DHA001LU1.CSV")
    assert readings.frame.height == 96
    assert readings.frame.filter(well="B03")["signal"].item() == 2579.0
    assert readings.taken == "RLU"
