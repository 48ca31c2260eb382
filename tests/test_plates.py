"""Well names, plate formats and the cube."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensitome.errors import LayoutError
from sensitome.plates import FORMATS, format_that_holds, parse_well, plate_cubes, well_name


def wells_of(plate: str, rows: int, columns: int, *, order: int = 0) -> pl.DataFrame:
    grid = [(row, column) for row in range(1, rows + 1) for column in range(1, columns + 1)]
    return pl.DataFrame(
        {
            "plate": plate,
            "order": order,
            "row": [row for row, _ in grid],
            "column": [column for _, column in grid],
            "value": [100.0 * row + column for row, column in grid],
        }
    )


@given(row=st.integers(1, 32), column=st.integers(1, 48))
def test_a_well_name_reads_back_as_its_place(row: int, column: int) -> None:
    name = well_name(row, column)
    assert parse_well(name) == (row, column)
    assert parse_well(name.lower()) == (row, column)
    assert parse_well(f" {name[:-2]}{column:03d} ") == (row, column)


@pytest.mark.parametrize("text", ["", "A", "7", "A0", "AG1", "A49", "A1x", "AAA1", "1A"])
def test_what_is_not_a_well_is_none(text: str) -> None:
    assert parse_well(text) is None


def test_every_format_holds_itself() -> None:
    assert all(format_that_holds(plate.rows, plate.columns) == plate for plate in FORMATS.values())


def test_a_plate_larger_than_any_format_is_refused_with_the_formats() -> None:
    message = (
        "no plate format has so many wells: found 33 rows × 2 columns, expected at most 32 × 48 "
        "(formats: 6, 12, 24, 48, 96, 384 and 1536 wells). Check the well column."
    )
    with pytest.raises(LayoutError, match=f"^{re.escape(message)}$"):
        format_that_holds(33, 2)


def test_a_cube_gives_back_what_it_was_filled_with_whatever_the_order_of_rows() -> None:
    wells = pl.concat([wells_of("b", 8, 12, order=1), wells_of("a", 16, 24), wells_of("c", 8, 12)])
    wells = wells.sample(fraction=1.0, shuffle=True, seed=3)
    values = wells["value"].to_numpy()
    back = np.full(wells.height, np.nan)
    cubes = plate_cubes(wells)
    for cube in cubes:
        filled = cube.fill(values)
        assert filled.shape == cube.shape
        assert filled[0, 1, 2] == 203.0
        cube.read_back(filled, back)
    np.testing.assert_array_equal(back, values)
    assert [cube.plates for cube in cubes] == [("c", "b"), ("a",)]


def test_two_rows_for_one_well_are_refused_with_plate_and_well() -> None:
    wells = pl.concat([wells_of("P7", 8, 12), wells_of("P7", 1, 1)])
    message = (
        'two rows for one well in plate "P7": found 2 rows for A01, expected one row a well and plate. '
        "Give each measured plate a name of its own."
    )
    with pytest.raises(LayoutError, match=f"^{re.escape(message)}$"):
        plate_cubes(wells)
