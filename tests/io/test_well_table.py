"""A screen in one long table."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.io.well_table import read_well_table

TEXT = """Plate;Position;Lum;Rep;Name;Content
1;A1;1000,5;1;miR-1;
1;a02;2000;1;;neg
1;A003;NA;1;miR-2;sample
1;B1;500;1;;
2;A1;1000;1;miR-3;kill
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "wells.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_usual_names_words_and_numbers_are_understood(tmp_path: Path) -> None:
    wells = read_well_table(write(tmp_path, TEXT), cell_line="MCF7")
    assert wells.select("plate", "well", "signal", "role", "reagent", "kind", "flags").rows() == [
        ("MCF7_none_1_r1", "A01", 1000.5, "sample", "miR-1", "reagent", ""),
        ("MCF7_none_1_r1", "A02", 2000.0, "negative", "neg", "reagent", ""),
        ("MCF7_none_1_r1", "A03", None, "sample", "miR-2", "reagent", "no_reading"),
        ("MCF7_none_1_r1", "B01", 500.0, "empty", None, None, ""),
        ("MCF7_none_2_r1", "A01", 1000.0, "positive", "miR-3", "reagent", ""),
    ]
    assert wells["order"].to_list() == [0, 0, 0, 0, 1]


def test_parquet_gives_what_text_gives(tmp_path: Path) -> None:
    from_text = read_well_table(write(tmp_path, TEXT.replace(",", ".")))
    frame = pl.DataFrame(
        {
            "Plate": [1, 1, 1, 1, 2],
            "Position": ["A1", "a02", "A003", "B1", "A1"],
            "Lum": [1000.5, 2000.0, None, 500.0, 1000.0],
            "Rep": [1] * 5,
            "Name": ["miR-1", None, "miR-2", None, "miR-3"],
            "Content": [None, "neg", "sample", None, "kill"],
        }
    )
    frame.write_parquet(tmp_path / "wells.parquet")
    assert read_well_table(tmp_path / "wells.parquet").equals(from_text)


def test_columns_can_be_mapped_and_roles_translated(tmp_path: Path) -> None:
    text = TEXT.replace("Lum", "CTB").replace("kill", "siPLK1")
    wells = read_well_table(
        write(tmp_path, text), columns={"signal": "CTB", "role": "Content"}, roles={"siPLK1": "positive"}
    )
    assert wells.filter(pl.col("role") == "positive")["control_class"].to_list() == ["siPLK1"]


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("2000", "high").replace("B1", "Z99").replace("kill", "killl") + "1;A1;7;1;miR-9;\n"
    path = write(tmp_path, text)
    with pytest.raises(TableError) as caught:
        read_well_table(path)
    faults = [str(fault) for fault in caught.value.faults]
    assert f"{path}, line 5, column well: found 'Z99', expected a well from A01 to AF48." in faults
    assert f"{path}, line 3, column signal: found 'high', expected a number." in faults
    assert any("line 6, column role: found 'killl'" in fault for fault in faults)
    assert any("one row a well of plate 'cells_none_1_r1' (lines 2, 7)" in fault for fault in faults)


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    message = f"{path}, column inputs.columns: the column 'CTB' is in the table."
    with pytest.raises(TableError, match=re.escape(message)):
        read_well_table(path, columns={"signal": "CTB"})


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_row_and_column_numbers_name_a_well(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame({"row": [1, 28], "col": [2, 12], "signal": [1.0, 2.0]})
    path = tmp_path / f"wells.{suffix}"
    frame.write_parquet(path) if suffix == "parquet" else frame.write_csv(path)
    wells = read_well_table(path)
    assert wells.select("well", "row", "column").rows() == [("A02", 1, 2), ("AB12", 28, 12)]
