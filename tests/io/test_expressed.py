from __future__ import annotations

from pathlib import Path

import pytest

from sensitome.errors import TableError
from sensitome.io.expressed import read_expressed


def write(folder: Path, text: str) -> Path:
    path = folder / "expressed.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "answer"),
    [("yes 1 TRUE Detected present 1.0 Y", True), ("no 0 False not-detected Absent 0.0 n", False)],
)
def test_yes_and_no_may_be_written_in_many_ways(tmp_path: Path, words: str, answer: bool) -> None:
    rows = "".join(f"{i},MCF7,{word}\n" for i, word in enumerate(words.split()))
    path = write(tmp_path, f"target,cell_line,expressed\n{rows}")
    assert read_expressed(path)["expressed"].to_list() == [answer] * 7


def test_usual_names_of_columns_are_understood_and_repeated_rows_are_one(tmp_path: Path) -> None:
    path = write(tmp_path, "miRNA\tLine\tDetected\nb\tX\tyes\na\tX\tno\nb\tX\t1\n")
    table = read_expressed(path)
    assert table.columns == ["target", "cell_line", "expressed"]
    assert table.rows() == [("b", "X", True), ("a", "X", False)]


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "target,cell_line,expressed\na,X,maybe\nb,X,yes\nb,X,no\n,X,yes\nc,X,\n")
    with pytest.raises(TableError) as caught:
        read_expressed(path)
    assert str(caught.value) == (
        "table of expressed targets: 4 faults.\n"
        f"  {path}, line 2, column expressed: found 'maybe', expected 'yes' or 'no'.\n"
        f"  {path}, line 3, column expressed: found 'yes and no', expected one answer for 'b' in 'X' (lines 3, 4). "
        "Keep the right one.\n"
        f"  {path}, line 5, column target: the cell is empty. Fill it in.\n"
        f"  {path}, line 6, column expressed: the cell is empty. Fill it in."
    )


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "target,cell_line,value\na,X,1\n")
    with pytest.raises(TableError) as caught:
        read_expressed(path)
    assert str(caught.value) == (
        "table of expressed targets: 1 fault.\n"
        f"  {path}: column 'expressed' is missing (there is 'target', 'cell_line' and 'value'). "
        "Add or rename the column."
    )
