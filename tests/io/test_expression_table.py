from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensitome.errors import Caution, TableError
from sensitome.io.expression_table import read_expression_table


def write(folder: Path, text: str, name: str = "matrix.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_matrix_is_read_either_way_round(tmp_path: Path) -> None:
    e = read_expression_table(write(tmp_path, '"miRNA","s1","s2"\nmiR-1,1.5,2\nmiR-2,NA,-3\n'))
    np.testing.assert_array_equal(e.values, [[1.5, np.nan], [2.0, -3.0]])
    assert e.features["feature"].to_list() == ["miR-1", "miR-2"]
    turned = read_expression_table(write(tmp_path, "sample;miR-1;miR-2\ns1;1,5;\ns2;2;-3\n"), samples_in="rows")
    np.testing.assert_array_equal(turned.values, e.values)
    assert turned.samples["sample"].to_list() == ["s1", "s2"]


def test_flags_are_read_beside_the_values(tmp_path: Path) -> None:
    values = write(tmp_path, "m,s1,s2\na,1,2\nb,3,4\n")
    e = read_expression_table(values, detected=write(tmp_path, "m,s2,s1\na,P,A\nb,yes,1\n", "flags.csv"))
    np.testing.assert_array_equal(e.detected, [[False, True], [True, True]])
    with pytest.raises(TableError) as caught:
        read_expression_table(values, detected=write(tmp_path, "m,s1\na,1\nb,0\n", "flags.csv"))
    assert str(caught.value) == (
        f"detection flags do not fit the values in {tmp_path / 'flags.csv'}: found 2 features × 1 samples, expected "
        "the same 2 features × 2 samples, features in the same order."
    )
    with pytest.raises(TableError) as caught:
        read_expression_table(values, detected=write(tmp_path, "m,s1,s2\na,1,?\nb,0,0\n", "flags.csv"))
    assert str(caught.value) == (
        "detection flags: 1 fault.\n"
        f"  {tmp_path / 'flags.csv'}, line 2, column s2: found '?', expected yes or no, 1 or 0, P or A."
    )


def test_features_named_twice_are_refused_or_merged(tmp_path: Path) -> None:
    path = write(tmp_path, "m,s1,s2\na,1,2\nb,5,6\na,3,\n")
    with pytest.raises(TableError) as caught:
        read_expression_table(path)
    assert str(caught.value) == (
        "matrix of expression: 1 fault.\n"
        f"  {path}, line 2, column 1: found 'a', expected each feature once (lines 2, 4). Remove the others, or read "
        "with duplicates='first' or 'mean'."
    )
    np.testing.assert_array_equal(read_expression_table(path, duplicates="first").values, [[1, 5], [2, 6]])
    mean = read_expression_table(
        path, duplicates="mean", detected=write(tmp_path, "m,s1,s2\na,0,0\nb,0,1\na,1,0\n", "f.csv")
    )
    np.testing.assert_array_equal(mean.values, [[2, 5], [2, 6]])
    np.testing.assert_array_equal(mean.detected, [[True, False], [False, True]])


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "m,s1,s2\na,1,x\n,2,3\nb,high,1\n")
    with pytest.raises(TableError) as caught:
        read_expression_table(path)
    assert str(caught.value) == (
        "matrix of expression: 3 faults.\n"
        f"  {path}, line 2, column s2: found 'x', expected a number.\n"
        f"  {path}, line 4, column s1: found 'high', expected a number.\n"
        f"  {path}, line 3, column 1: a name for each feature."
    )


def test_dates_in_place_of_genes_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "gene,s1\nTP53,1\n10-Sep,2\n")
    with pytest.warns(Caution) as caught:
        read_expression_table(path)
    assert str(caught[0].message) == (
        f"gene symbols that Excel turned into dates match nothing in {path}: found 1, the first '10-Sep'. Correct them "
        "from the source: 10-Sep was SEPT10, which is SEPTIN10 today."
    )


def test_one_column_is_no_matrix(tmp_path: Path) -> None:
    path = write(tmp_path, "gene\nTP53\n")
    with pytest.raises(TableError) as caught:
        read_expression_table(path)
    assert str(caught.value) == (
        f"matrix has one column only in {path}: expected names, then a column for each sample."
    )


def test_a_real_matrix_with_repeated_mirnas_is_read(shared: Path) -> None:
    path = shared / "data" / "mirna_arrays" / "GSE19536_mirna.csv.gz"
    with pytest.raises(TableError, match=r"matrix of expression: \d faults"):
        read_expression_table(path)
    e = read_expression_table(path, duplicates="first")
    assert e.samples.height == 98
    assert "hsa-miR-101-5p" in e.features["feature"]
