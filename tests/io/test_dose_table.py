"""Dose matrices are read from long tables, whoever wrote their headings."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.io.dose_table import read_dose_matrices


def test_headings_of_synergyfinder_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "matrix.tsv"
    path.write_text(
        "block_id\tdrug_row\tdrug_col\tconc_r\tconc_c\tresponse\tconc_r_unit\n1\tispinesib\tibrutinib\t2500\t50\t7.8\tnM\n"
    )
    read = read_dose_matrices(path)
    assert read.rows() == [("1", None, "ispinesib", "ibrutinib", "nM", "nM", 2500.0, 50.0, 7.8, 1)]


def test_repeats_of_a_pair_of_doses_are_replicates(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("dose_one,dose_two,response\n0,0,1\n0,1,2\n0,0,3\n0,1,4\n")
    assert read_dose_matrices(path)["replicate"].to_list() == [1, 1, 2, 2]


def test_a_third_drug_is_no_replicate(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("conc1,conc2,conc3,response\n0,0,0,1\n0,0,2.5,1\n")
    with pytest.raises(TableError) as caught:
        read_dose_matrices(path)
    assert str(caught.value) == (
        f"dose matrices: 1 fault.\n  {path}, line 3, column dose_three: found '2.5', expected no dose of a third drug. "
        "Keep the rows without the third drug, or name each of its doses as a matrix in the column block."
    )
    path.write_text("conc1,conc2,conc3,response\n0,0,0,1\n0,1,0,1\n")
    assert read_dose_matrices(path).height == 2


def test_real_tables_of_synergyfinder_are_read(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "screens" / "synergyfinder"
    for name in ("ONEIL", "NCATS"):
        (tmp_path / f"{name}.tsv").write_bytes(gzip.decompress((folder / f"{name}_screening_data.tsv.gz").read_bytes()))
    table = read_dose_matrices(tmp_path / "ONEIL.tsv")
    assert table.group_by("block").agg(pl.col("replicate").n_unique())["replicate"].to_list() == [4, 4]
    assert table["cell_line"].null_count() == 0
    assert table.select("unit_one", "unit_two").row(0) == ("uM", "uM")
    with pytest.raises(TableError, match="expected no dose of a third drug"):
        read_dose_matrices(tmp_path / "NCATS.tsv")


def test_each_cell_line_is_a_matrix_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    head = "drug1,drug2,cell_line_name,conc1,conc2,response,conc_unit1,conc_unit2"
    path.write_text(f"{head}\na,b,KPL4,0,0,1,nM,uM\na,b,SUM190PT,0,0,2,nM,uM\n")
    read = read_dose_matrices(path)
    assert read["block"].to_list() == ["a + b, KPL4", "a + b, SUM190PT"]
    assert read.select("cell_line", "unit_one", "unit_two").row(0) == ("KPL4", "nM", "uM")
    path.write_text(f"block_id,{head}\n1,a,b,KPL4,0,0,1,nM,uM\n1,a,b,SUM190PT,0,0,2,nM,uM\n2,a,b,KPL4,0,0,2,nM,uM\n")
    assert read_dose_matrices(path)["block"].to_list() == ["1, KPL4", "1, SUM190PT", "2"]


def test_viability_becomes_inhibition_and_a_table_without_names_is_one_matrix(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("dose_one,dose_two,viability,replicate\n0,0,100,1\n0,1,60,2\n")
    read = read_dose_matrices(path)
    assert read["response"].to_list() == [0.0, 40.0]
    assert read["block"].unique().to_list() == ["drug one + drug two"]
    assert read["replicate"].to_list() == [1, 2]


def test_faults_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text("dose_one,dose_two,response,replicate\nx,0,1,1\n0,,2,first\n")
    with pytest.raises(TableError) as caught:
        read_dose_matrices(path)
    assert str(caught.value) == (
        "dose matrices: 3 faults.\n"
        f"  {path}, line 2, column dose_one: found 'x', expected a number.\n"
        f"  {path}, line 3, column dose_two: the cell is empty. Fill it in.\n"
        f"  {path}, line 3, column replicate: found 'first', expected a whole number from 1."
    )
    path.write_text("dose_one,dose_two\n0,0\n")
    with pytest.raises(TableError) as caught:
        read_dose_matrices(path)
    assert str(caught.value) == (
        f"dose matrices: 1 fault.\n  {path}: a column response or viability (there is 'dose_one' and 'dose_two')."
    )
