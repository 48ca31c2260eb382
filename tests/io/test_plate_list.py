from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.io.plate_list import plate_list_from, read_plate_list
from sensitome.tables import PlateList, check_table


def write(folder: Path, text: str, *, files: tuple[str, ...] = ("a.csv", "b.csv")) -> Path:
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    path = folder / "plates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_plate_list_keeps_the_order_of_the_file_and_its_schema(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "file,library_plate,cell_line,treatment,replicate,batch\nb.csv,L1,MCF7,drug,2,monday\na.csv,L1,MCF7,drug,1,\n",
    )
    plates = read_plate_list(path)
    assert plates["order"].to_list() == [0, 1]
    assert plates["plate"].to_list() == ["MCF7_drug_L1_r2", "MCF7_drug_L1_r1"]
    assert plates["batch"].to_list() == ["monday", None]
    assert plates["path"].to_list() == [str(tmp_path / "b.csv"), str(tmp_path / "a.csv")]
    assert plates["line"].to_list() == [2, 3]
    check_table(plates, PlateList, name="plate list")


def test_usual_names_of_columns_are_understood_in_any_case(tmp_path: Path) -> None:
    path = write(tmp_path, "Filename;Plate;Line;Arm;Replicate;Batch;comment\na.csv;L1;MCF7;drug;1;d1;fine\n")
    plates = read_plate_list(path)
    row = plates.row(0, named=True)
    assert (row["library_plate"], row["cell_line"], row["treatment"], row["batch"]) == ("L1", "MCF7", "drug", "d1")
    assert row["comment"] == "fine"


def test_a_column_plate_names_the_measured_plate_beside_a_library_plate(tmp_path: Path) -> None:
    path = write(tmp_path, "file,Plate,Library plate,cell line,treatment,rep\na.csv,mine,L1,MCF7,drug,1\n")
    assert read_plate_list(path).select("plate", "library_plate").row(0) == ("mine", "L1")


def test_batch_and_channel_keep_plates_apart_that_would_have_one_name(tmp_path: Path) -> None:
    head = "file,library_plate,cell_line,treatment,replicate,batch,channel\n"
    path = write(tmp_path, head + "a.csv,L1,MCF7,drug,1,x,\nb.csv,L1,MCF7,drug,1,y,\n")
    assert read_plate_list(path)["plate"].to_list() == ["MCF7_drug_L1_r1_bx", "MCF7_drug_L1_r1_by"]
    path = write(tmp_path, head + "a.csv,L1,MCF7,drug,1,,1\na.csv,L1,MCF7,drug,1,,2\n")
    assert read_plate_list(path)["plate"].to_list() == ["MCF7_drug_L1_r1_c1", "MCF7_drug_L1_r1_c2"]


def test_whole_numbers_as_excel_writes_them_are_replicates(tmp_path: Path) -> None:
    path = write(tmp_path, "file,library_plate,cell_line,treatment,replicate\na.csv,L1,MCF7,drug,2.0\n")
    plates = read_plate_list(path)
    assert plates["replicate"].to_list() == [2]
    assert plates.schema["replicate"] == pl.Int16


def test_paths_of_windows_are_found(tmp_path: Path) -> None:
    path = write(
        tmp_path, "file,library_plate,cell_line,treatment,replicate\nraw\\a.csv,L1,M,d,1\n", files=("raw/a.csv",)
    )
    assert read_plate_list(path)["path"].to_list() == [str(tmp_path / "raw/a.csv")]


def test_a_table_made_in_python_is_a_plate_list_too(tmp_path: Path) -> None:
    write(tmp_path, "")
    frame = pl.DataFrame(
        {"file": ["a.csv"], "library_plate": [1], "cell_line": ["M"], "treatment": ["d"], "replicate": [1]}
    )
    assert plate_list_from(frame, folder=tmp_path)["plate"].to_list() == ["M_d_1_r1"]


def test_missing_columns_are_named_with_the_closest_spelling(tmp_path: Path) -> None:
    path = write(tmp_path, "file,library_plate,cell_line,treatmet\na.csv,L1,MCF7,drug\n")
    with pytest.raises(TableError) as caught:
        read_plate_list(path)
    there = "(there is 'file', 'library_plate', 'cell_line' and 'treatmet')"
    assert str(caught.value) == (
        "plate list: 2 faults.\n"
        f"  {path}: column 'treatment' is missing {there}. Did you mean 'treatmet'? Add or rename the column.\n"
        f"  {path}: column 'replicate' is missing {there}. Add or rename the column."
    )


def test_all_faults_are_reported_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "file,library_plate,cell_line,treatment,replicate\n"
        "a.csv,L1,MCF7,drug,R1\n"
        "c.csv,L1,MCF7,,2\n"
        "b.csv,L1,MCF7,drug,0\n"
        "b.csv,L2,MCF7,drug,1\n",
    )
    with pytest.raises(TableError) as caught:
        read_plate_list(path)
    shared = "Name each file once; for several plates in one file, tell them apart by block, barcode or channel."
    assert str(caught.value) == (
        "plate list: 5 faults.\n"
        f"  {path}, line 2, column replicate: found 'R1', expected a whole number from 1.\n"
        f"  {path}, line 3, column treatment: the cell is empty. Fill it in.\n"
        f"  {path}, line 3, column file: found 'c.csv', expected a file that exists. Did you mean 'b.csv'?\n"
        f"  {path}, line 4, column replicate: found '0', expected a whole number from 1.\n"
        f"  {path}, line 4, column file: found 'b.csv', expected one plate for each file (lines 4, 5). {shared}"
    )


def test_two_files_for_one_plate_are_a_fault(tmp_path: Path) -> None:
    head = "file,library_plate,cell_line,treatment,replicate\n"
    path = write(tmp_path, head + "a.csv,L1,MCF7,drug,1\nb.csv,L1,MCF7,drug,1\n")
    with pytest.raises(TableError) as caught:
        read_plate_list(path)
    assert str(caught.value) == (
        "plate list: 1 fault.\n"
        f"  {path}, line 2, column plate: found 'MCF7_drug_L1_r1', expected one row for each plate (lines 2, 3). "
        "Two files for one plate? Number the replicates, or give each plate a name."
    )


def test_one_file_may_hold_several_plates_that_blocks_tell_apart(tmp_path: Path) -> None:
    head = "file,library_plate,cell_line,treatment,replicate,block\n"
    path = write(tmp_path, head + "a.csv,L1,MCF7,drug,1,1\na.csv,L2,MCF7,drug,1,2\n")
    assert read_plate_list(path)["block"].to_list() == ["1", "2"]


def test_a_column_that_comes_twice_in_other_spelling_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "file,Cell line,cell_line,library_plate,treatment,replicate\na.csv,M,M,L1,d,1\n")
    with pytest.raises(TableError) as caught:
        read_plate_list(path)
    assert str(caught.value) == (
        "plate list: 1 fault.\n"
        f"  {path}: one column for 'cell_line' (there are 'Cell line' and 'cell_line'). Rename or remove one of them."
    )


def test_an_empty_plate_list_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "file,library_plate,cell_line,treatment,replicate\n")
    with pytest.raises(TableError) as caught:
        read_plate_list(path)
    assert str(caught.value) == (
        f"plate list: 1 fault.\n  {path}: found 'none', expected at least one plate. Name the plate files."
    )
