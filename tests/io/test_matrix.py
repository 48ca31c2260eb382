"""Plate matrices in every layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensitome.errors import SourceError
from sensitome.io.matrix import matrix_blocks, read_matrix
from sensitome.io.readings import PlateMatrix, readings_from
from sensitome.plates import FORMATS, row_letters


def write(folder: Path, text: str, name: str = "plate.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def message(path: Path, **options: str) -> str:
    with pytest.raises(SourceError) as caught:
        read_matrix(path, **options)
    return str(caught.value)


def matrix_text(matrix: np.ndarray, *, sign: str, letters: bool, numbers: bool) -> str:
    width = matrix.shape[1]
    corner = [""] if letters else []
    lines = [sign.join([*corner, *(str(number) for number in range(1, width + 1))])] if numbers else []
    for number, row in enumerate(matrix.tolist(), 1):
        label = [row_letters(number)] if letters else []
        lines.append(sign.join([*label, *("" if np.isnan(value) else repr(value) for value in row)]))
    return "\n".join(lines) + "\n"


LABELED = ",1,2,3\nA,10,20,30\nB,40,50,60\n"


@pytest.mark.parametrize("size", sorted(FORMATS))
@pytest.mark.parametrize("letters", [True, False])
@pytest.mark.parametrize("numbers", [True, False])
def test_every_format_is_read_with_and_without_labels(tmp_path: Path, size: int, letters: bool, numbers: bool) -> None:
    plate = FORMATS[size]
    matrix = np.random.default_rng(size).lognormal(10, 1, (plate.rows, plate.columns)).round(2)
    path = write(tmp_path, matrix_text(matrix, sign="\t", letters=letters, numbers=numbers))
    assert read_matrix(path).frame.equals(readings_from([PlateMatrix(matrix)], taken="").frame)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x not in range(50)), min_size=3, max_size=3),
        min_size=2,
        max_size=4,
    ),
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.booleans(),
)
def test_a_written_matrix_is_read_back(
    tmp_path: Path, rows: list[list[float]], sign: str, letters: bool, numbers: bool
) -> None:
    matrix = np.array(rows)
    path = write(tmp_path, matrix_text(matrix, sign=sign, letters=letters, numbers=numbers))
    assert read_matrix(path).frame.equals(readings_from([PlateMatrix(matrix)], taken="").frame)


def test_thousands_and_decimal_commas_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, ';1;2;3\nA;1.234.567,5;12,5;3\nB;"1 234";5;6\n')
    assert read_matrix(path).frame["signal"].to_list() == [1234567.5, 12.5, 3, 1234, 5, 6]
    path = write(tmp_path, ',1,2,3\nA,"1,234,567",12.5,3\nB,4,5,6\n')
    assert read_matrix(path).frame["signal"].to_list() == [1234567, 12.5, 3, 4, 5, 6]


def test_a_sheet_is_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "plate.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("raw")
        sheet.write_row(3, 1, ["Raw data"])
        sheet.write_row(4, 1, ["", 1, 2, 3])
        sheet.write_row(5, 1, ["A", 10, 20.5, 30])
        sheet.write_row(6, 1, ["B", 40, "", 60])
        workbook.add_worksheet("notes")
    readings = read_matrix(path)
    assert readings.frame["signal"].to_list() == [10, 20.5, 30, 40, None, 60]
    assert readings.taken == "Raw data"
    assert readings.others == ("sheet notes",)


@pytest.mark.parametrize("title", ["Raw data", "Results (CPS)", "counts"])
def test_the_block_titled_raw_is_taken_and_the_others_named(tmp_path: Path, title: str) -> None:
    text = f"Percent of control\n{LABELED.replace('10', '99')}\n{title}\n{LABELED}\nZ score\n{LABELED}"
    readings = read_matrix(write(tmp_path, text))
    assert readings.taken == title
    assert readings.others == ("Percent of control", "Z score")
    assert readings.frame["signal"].to_list() == [10, 20, 30, 40, 50, 60]


def test_without_a_raw_title_the_first_block_is_taken(tmp_path: Path) -> None:
    readings = read_matrix(write(tmp_path, f"{LABELED}\n{LABELED.replace('10', '99')}"))
    assert readings.taken == "block 1 (line 2)"
    assert readings.others == ("block 2 (line 6)",)
    assert readings.frame["signal"].item(0) == 10


@pytest.mark.parametrize("block", ["Z score", "z", "2"])
def test_a_named_block_is_taken(tmp_path: Path, block: str) -> None:
    path = write(tmp_path, f"Raw\n{LABELED}\nZ score\n{LABELED.replace('10', '99')}")
    assert read_matrix(path, block=block).frame["signal"].item(0) == 99


def test_an_unknown_block_names_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, f"Raw A\n{LABELED}\nRaw B\n{LABELED}")
    assert message(path, block="Row A") == (
        f"no such block of readings in {path}: found 'Row A', expected 'Raw A' or 'Raw B'. Did you mean 'Raw A'?"
    )
    assert message(path, block="raw") == (
        f"several blocks fit in {path}: found 'raw', expected 'Raw A' or 'Raw B'. "
        "Name one of these blocks, or its number from 1."
    )


def test_blocks_titled_plate_are_plates(tmp_path: Path) -> None:
    readings = read_matrix(write(tmp_path, f"Plate P7\n{LABELED}\nPlate: P8\n{LABELED}"))
    assert readings.frame["block"].unique(maintain_order=True).to_list() == ["P7", "P8"]
    assert readings.others == ()
    assert read_matrix(write(tmp_path, f"Plate P7\n{LABELED}")).frame["block"].unique().to_list() == ["1"]


def test_raw_blocks_of_one_title_are_plates(tmp_path: Path) -> None:
    readings = read_matrix(write(tmp_path, f"Raw\n{LABELED}\nNorm\n{LABELED}\nRaw\n{LABELED}"))
    assert readings.frame["block"].unique(maintain_order=True).to_list() == ["1", "2"]
    assert readings.others == ("Norm",)


def test_missing_wells_at_the_end_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path, ",1,2,3,4\nA,10,20\nB,40,50,60,\n")
    assert read_matrix(path).frame["signal"].to_list() == [10, 20, None, None, 40, 50, 60, None]
    assert read_matrix(write(tmp_path, "10,20,30\n40,50\n")).frame["signal"].to_list() == [10, 20, 30, 40, 50, None]


def test_layouts_beside_the_readings_are_passed_over(tmp_path: Path) -> None:
    text = "Layout\n,1,2,3\nA,neg,neg,s1\nB,s2,s3,pos\n\nResults\n,1,2,3\nA,10,20,30,Lum\nB,40,50,60,Lum\n"
    readings = read_matrix(write(tmp_path, text))
    assert readings.frame["signal"].to_list() == [10, 20, 30, 40, 50, 60]
    assert readings.taken == "Results"


def test_text_in_a_number_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = write(tmp_path, "Raw\n\n,1,2,3\nA,10,2O,30\nB,40,50,6 0\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 4, column 3 (well A02): found '2O', expected a number. Correct it, or leave the cell empty.\n"
        f"  {path}, line 5, column 4 (well B03): found '6 0', expected a number. Correct it, or leave the cell empty."
    )
    path = write(tmp_path, "10;20;30\n40;x;60\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 2, column 2 (well B02): found 'x', expected a number. Correct it, or leave the cell empty."
    )


def test_more_wells_than_a_row_has_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, ",1,2,3\nA,1,2,3,4\nB,1,2,3\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 2: found '4 cells', expected at most 3 wells in a row, as its column numbers say. "
        "Is the decimal sign also the delimiter?"
    )


def test_more_wells_than_any_plate_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "\n".join(["10,20,30"] * 40) + "\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 1: found '40 rows × 3 columns', expected at most 32 × 48 wells. "
        "Choose the reader for long tables if each line is a well."
    )


def test_two_readings_of_a_well_below_each_other_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, ",1,2,3\nA,1,2,3\n,9,9,9\nB,1,2,3\n,9,9,9\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 3, column 1: found '', expected a row letter. "
        "Write A, B, C … before each row, one line a row.\n"
        f"  {path}, line 5, column 1: found '', expected a row letter. "
        "Write A, B, C … before each row, one line a row."
    )


def test_a_row_letter_twice_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, ",1,2,3\nA,1,2,3\nA,1,2,3\n")
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 3, column 1: found 'A', expected each row letter once."
    )


def test_a_file_without_a_matrix_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "just words\nand more\n")
    assert message(path) == message(write(tmp_path, ";1;2;3\nA;10;20;30\n"), delimiter=",")
    assert message(path, delimiter=",") == (
        f"no plate matrix in {path}: expected rows of numbers, with or without row letters and column numbers. "
        "Check the delimiter, or choose another reader."
    )


def test_a_name_and_two_numbers_are_no_column_numbers() -> None:
    assert not matrix_blocks([(1, ["file.txt", "1", "2"])])


@pytest.mark.parametrize(
    ("name", "height", "taken", "first"),
    [
        ("bmg_mars/24-10-16 15-09-52 Luminescence 1536.csv", 288, "Raw Data (No filter)", 985.0),
        ("bmg_mars/file_with_no_delimiter_malformed.csv", 384, "Raw Data (485/520)", 23864.0),
        ("agilent_gen5_lum/luminescence_no_results_table.txt", 384, "Lum", 337.0),
        (
            "bmg_labtech_smart_control/fluorescence_endpoint_example2.xlsx",
            96,
            "4. Raw Data (480-14/520-30)",
            8168026.0,
        ),
    ],
)
def test_matrices_of_real_instruments_are_read(shared: Path, name: str, height: int, taken: str, first: float) -> None:
    readings = read_matrix(shared / "data/instruments/allotropy" / name)
    assert readings.frame.height == height
    assert readings.taken == taken
    assert readings.frame["signal"].item(0) == first
