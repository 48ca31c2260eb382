"""The common result of every reader."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensitome.errors import SourceError
from sensitome.io.readings import COLUMNS, PlateMatrix, locate_wells, readings_from, refuse_beyond
from sensitome.plates import FORMATS, well_name


def test_readings_have_one_row_per_well_and_the_agreed_columns() -> None:
    matrix = np.array([[1.0, np.nan], [3.0, 4.0]])
    readings = readings_from([PlateMatrix(matrix, block="P1", barcode="P1", rows=(2, 4), columns=(3, 5))], taken="x")
    assert readings.frame.schema == COLUMNS
    assert readings.frame.rows() == [
        ("P1", "P1", "1", "B03", 2, 3, 1.0),
        ("P1", "P1", "1", "B05", 2, 5, None),
        ("P1", "P1", "1", "D03", 4, 3, 3.0),
        ("P1", "P1", "1", "D05", 4, 5, 4.0),
    ]


def test_no_plate_gives_an_empty_frame() -> None:
    assert readings_from([], taken="").frame.schema == COLUMNS


@pytest.mark.parametrize("size", sorted(FORMATS))
def test_every_format_has_its_wells(size: int) -> None:
    plate = FORMATS[size]
    frame = readings_from([PlateMatrix(np.zeros((plate.rows, plate.columns)))], taken="").frame
    assert frame.height == size
    assert frame["well"].to_list()[-1] == well_name(plate.rows, plate.columns)


@given(st.integers(1, 32), st.integers(1, 48), st.booleans(), st.sampled_from(["", "0", "00"]))
def test_wells_are_located_however_they_are_written(row: int, column: int, lower: bool, zeros: str) -> None:
    name = well_name(row, column)
    letters = name.rstrip("0123456789")
    text = f" {letters.lower() if lower else letters}{zeros}{column}"
    assert locate_wells(pl.Series([text])).rows() == [(name, row, column)]


def test_many_wells_are_located_as_few_are() -> None:
    few = pl.Series(["A1", "h012", "AF48", "x", None])
    many = pl.concat([few] * 3000)
    assert locate_wells(many).equals(pl.concat([locate_wells(few)] * 3000))


def test_wells_beyond_the_format_are_told_plate_by_plate() -> None:
    plates = [PlateMatrix(np.zeros((8, 13)), block="P1"), PlateMatrix(np.zeros((8, 12)), block="P2")]
    readings = readings_from([*plates, PlateMatrix(np.zeros((9, 12)), block="P3")], taken="")
    assert refuse_beyond(readings, None, path="x") is readings
    assert refuse_beyond(readings, 384, path="x") is readings
    with pytest.raises(SourceError) as caught:
        refuse_beyond(readings, 96, path="plate.csv")
    assert str(caught.value) == (
        "more wells than the plate format in plate.csv. Correct the format or the file:\n"
        "  plate.csv: found 'H13 and 7 other wells beyond it in plate P1', expected at most 96 wells (8 × 12).\n"
        "  plate.csv: found 'I12 and 11 other wells beyond it in plate P3', expected at most 96 wells (8 × 12)."
    )


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(SourceError) as caught:
        refuse_beyond(readings_from([], taken=""), 100, path="plate.csv")
    assert str(caught.value) == (
        "unknown plate format in plate.csv: found 100 wells, expected 6, 12, 24, 48, 96, 384 or 1536."
    )
