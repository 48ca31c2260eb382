from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import SettingsError, TableError
from sensitome.io.library import ROLE_WORDS, library_from, read_library, role_meanings
from sensitome.tables import ROLES


def write(folder: Path, text: str) -> Path:
    path = folder / "library.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_library_has_wells_roles_and_every_further_column(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "library_plate,well,reagent,kind,role,control_class,MIMAT\n"
        "L1,a1,miR-21 mimic,mimic,sample,,MIMAT0000076\n"
        "L1,A002,NC mimic,mimic,NTC,mimic,NA\n"
        "L1,B1,,,blank,,\n",
    )
    library = read_library(path)
    assert library.columns == [
        *("library_plate", "well", "row", "column", "reagent", "kind", "role", "control_class", "MIMAT", "line")
    ]
    assert library["well"].to_list() == ["A01", "A02", "B01"]
    assert library.select("row", "column").rows() == [(1, 1), (1, 2), (2, 1)]
    assert library["role"].to_list() == ["sample", "negative", "empty"]
    assert library["kind"].to_list() == ["mimic", "mimic", None]
    assert library["MIMAT"].to_list() == ["MIMAT0000076", None, None]
    assert library.schema["role"] == pl.Enum(ROLES)


def test_without_roles_wells_with_a_reagent_are_samples_on_every_plate(tmp_path: Path) -> None:
    library = read_library(write(tmp_path, "wellID\tname\tconcentration\nA001\tDMSO\t0.3\nA002\t\t\n"))
    assert library["library_plate"].to_list() == ["*", "*"]
    assert library["role"].to_list() == ["sample", "empty"]
    assert library["kind"].to_list() == ["reagent", None]
    assert library["concentration"].to_list() == ["0.3", None]


def test_row_letters_and_column_numbers_name_a_well() -> None:
    frame = pl.DataFrame({"Row": ["B", "2"], "Col": [3, 4], "reagent": ["a", "b"]})
    assert library_from(frame)["well"].to_list() == ["B03", "B04"]


def test_columns_that_the_well_table_needs_for_itself_are_renamed() -> None:
    frame = pl.DataFrame({"library_plate": ["L1"], "well": ["A1"], "reagent": ["a"], "plate": ["x"], "signal": [1.5]})
    assert library_from(frame).columns[-3:] == ["plate_in_library", "signal_in_library", "line"]


def test_the_same_reagent_may_lie_in_several_wells() -> None:
    frame = pl.DataFrame({"well": ["A1", "A2"], "reagent": ["a", "a"]})
    assert library_from(frame).height == 2


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("Sample", "sample"),
        ("NEG", "negative"),
        ("nc", "negative"),
        ("Non-Targeting", "negative"),
        ("scrambled", "negative"),
        ("cell death", "positive"),
        ("KILL", "positive"),
        ("Mock", "untreated"),
        ("blank", "empty"),
        ("other", "excluded"),
        ("flagged", "excluded"),
    ],
)
def test_usual_words_for_roles_are_understood(word: str, role: str) -> None:
    frame = pl.DataFrame({"well": ["A1"], "reagent": ["a"], "role": [word]})
    assert library_from(frame)["role"].to_list() == [role]


def test_every_role_is_its_own_word() -> None:
    assert all(ROLE_WORDS[role] == role for role in ROLES)


def test_the_labs_own_words_come_first() -> None:
    frame = pl.DataFrame({"well": ["A1", "A2"], "reagent": ["a", "b"], "role": ["siPLK1", "Mock"]})
    library = library_from(frame, roles={"siplk1": "positive", "mock": "negative"})
    assert library["role"].to_list() == ["positive", "negative"]


def test_a_map_to_something_that_is_no_role_is_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        role_meanings({"siPLK1": "killer bee"})
    options = "'sample', 'negative', 'positive', 'untreated', 'empty' or 'excluded'"
    assert str(caught.value) == (
        f"map of roles: 1 fault.\n  column roles.siPLK1: found 'killer bee', expected {options}."
    )


def test_all_faults_of_a_library_are_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "library_plate,well,reagent,role\n"
        "L1,A1,a,sampel\n"
        "L1,Z99,b,sample\n"
        "L1,A2,,sample\n"
        "L1,A3,c,sample\n"
        "L1,A003,d,sample\n"
        "L1,,e,sample\n",
    )
    with pytest.raises(TableError) as caught:
        read_library(path)
    options = "'sample', 'negative', 'positive', 'untreated', 'empty' or 'excluded'"
    assert str(caught.value) == (
        "library: 5 faults.\n"
        f"  {path}, line 2, column role: found 'sampel', expected {options}. "
        "Use one of these words, or map the lab's own word under roles.\n"
        f"  {path}, line 3, column well: found 'Z99', expected a well from A01 to AF48.\n"
        f"  {path}, line 4, column reagent: a sample well has no reagent. Name it, or give the well another role.\n"
        f"  {path}, line 5: one row for well A03 of library plate 'L1' (lines 5, 6). Keep one of them.\n"
        f"  {path}, line 7, column well: the cell is empty. Name the well."
    )


def test_wells_beyond_the_format_are_faults(tmp_path: Path) -> None:
    path = write(tmp_path, "well,reagent\nH12,a\nI1,b\nA13,c\n")
    assert read_library(path, plate_format=384).height == 3
    with pytest.raises(TableError) as caught:
        read_library(path, plate_format=96)
    rule = (
        "expected a well from A01 to H12 of a plate of 96 wells (8 × 12). Check the well, or the format of the plates."
    )
    assert str(caught.value) == (
        "library: 2 faults.\n"
        f"  {path}, line 3, column well: found 'I01', {rule}\n"
        f"  {path}, line 4, column well: found 'A13', {rule}"
    )
    with pytest.raises(SettingsError) as wrong:
        read_library(path, plate_format=100)
    assert str(wrong.value) == "unknown plate format: found 100, expected 6, 12, 24, 48, 96, 384 or 1536."


def test_a_library_without_wells_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "plate,wel,reagent\nL1,A1,a\n")
    with pytest.raises(TableError) as caught:
        read_library(path)
    assert str(caught.value) == (
        "library: 1 fault.\n"
        f"  {path}: column 'well' is missing (there is 'plate', 'wel' and 'reagent'). Did you mean 'wel'? "
        "Add or rename the column."
    )
    with pytest.raises(TableError) as empty:
        library_from(pl.DataFrame({"well": []}, schema={"well": pl.String}))
    assert str(empty.value) == "library: 1 fault.\n  library: found 'none', expected at least one well. List the wells."


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    frame = pl.DataFrame(
        {
            "library_plate": ["L1"] * 6 + ["*"] * 6,
            "well": [f"B{i + 1}" for i in range(6)] * 2,
            "reagent": [f"r{i}" for i in range(12)],
        }
    )
    shuffled = library_from(frame[list(order)]).drop("line").sort("library_plate", "well")
    assert shuffled.equals(library_from(frame).drop("line").sort("library_plate", "well"))
