"""Known truth of simulated studies is read, and faults of it are told with their line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sensitome.errors import TableError
from sensitome.io.truth import read_true_genes, read_truth


def test_truth_has_its_keys_and_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(
        "reagent,kind,delta,cell_line,treatment,is_active\na,mimic,-0.5,KPL4,drug,true\nb,mimic,0,KPL4,drug,0\n"
    )
    assert read_truth(path).rows() == [("a", "mimic", "KPL4", "drug", True), ("b", "mimic", "KPL4", "drug", False)]


def test_an_answer_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("reagent,kind,cell_line,treatment,is_active\na,mimic,KPL4,drug,perhaps\n,mimic,KPL4,drug,true\n")
    message = (
        "known truth: 2 faults.\n"
        f"  {path}, line 3, column reagent: the cell is empty. Fill it in.\n"
        f"  {path}, line 2, column is_active: found 'perhaps', expected 'true' or 'false'."
    )
    with pytest.raises(TableError, match=f"^{re.escape(message)}$"):
        read_truth(path)


def test_genes_without_their_column_are_told(tmp_path: Path) -> None:
    path = tmp_path / "genes.csv"
    path.write_text("symbol\nTP53\n")
    message = (
        f"known genes: 1 fault.\n  {path}: column 'gene' is missing (there is 'symbol'). Add or rename the column."
    )
    with pytest.raises(TableError, match=f"^{re.escape(message)}$"):
        read_true_genes(path)
    path.write_text("gene\nTP53\n")
    assert read_true_genes(path) == ["TP53"]
