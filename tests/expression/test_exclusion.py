"""What untreated cells express, for the screen: which source stands, and under which name the library finds it."""

from __future__ import annotations

import warnings

import polars as pl
import pytest

from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.expression.exclusion import expressed_source, expressed_targets
from sensitome.io.mirbase import DEAD, PRECURSORS, Mirbase

TOLD = pl.DataFrame(
    {
        "target": ["hsa-miR-21", "hsa-miR-1", "hsa-miR-21", "hsa-miR-1"],
        "cell_line": ["A", "A", "B", "B"],
        "expressed": [True, False, False, False],
        "n_detected": [2, 0, 1, 0],
        "n": [2, 2, 3, 3],
    }
)
MATURES = pl.DataFrame(
    {
        "version": ["16", "22", "22"],
        "name": ["hsa-miR-21", "hsa-miR-21-5p", "hsa-miR-1"],
        "accession": ["MIMAT0000076", "MIMAT0000076", "MIMAT0000416"],
        "sequence": ["UAGCUUAUCAGACUGAUGUUGA"] * 2 + ["UGGAAUGUAAAGAAGUAUGUAU"],
    }
)
BASE = Mirbase(MATURES, pl.DataFrame(schema=PRECURSORS), pl.DataFrame(schema=DEAD))


def test_the_table_stands_unless_the_arrays_are_chosen() -> None:
    assert expressed_source(chosen="auto", has_table=True, has_arrays=True) == "table"
    assert expressed_source(chosen="auto", has_table=False, has_arrays=True) == "arrays"
    assert expressed_source(chosen="auto", has_table=False, has_arrays=False) is None
    assert expressed_source(chosen="arrays", has_table=True, has_arrays=True) == "arrays"


def test_a_source_that_is_not_there_is_told() -> None:
    with pytest.raises(MethodError) as caught:
        expressed_source(chosen="arrays", has_table=True, has_arrays=False)
    assert str(caught.value) == (
        "source of expressed targets is not there: found expression.expressed_by = 'arrays' without detection flags in "
        "inputs.arrays, expected detection flags in inputs.arrays. Name it in study.toml, or take expressed_by = "
        '"auto".'
    )


def test_names_of_two_releases_meet_by_accession() -> None:
    table = expressed_targets(TOLD, source="arrays", wanted=["hsa-miR-21-5p", "miR-1"], base=BASE)
    assert table.rows() == [
        ("hsa-miR-21-5p", "A", True, "arrays", "hsa-miR-21", 2, 2),
        ("hsa-miR-21-5p", "B", False, "arrays", "hsa-miR-21", 1, 3),
        ("miR-1", "A", False, "arrays", "hsa-miR-1", 0, 2),
        ("miR-1", "B", False, "arrays", "hsa-miR-1", 0, 3),
    ]


def test_without_a_history_names_meet_as_they_are_written_and_the_lost_ones_are_told() -> None:
    with pytest.warns(Caution) as caught:
        table = expressed_targets(TOLD, source="arrays", wanted=["hsa-miR-21-5p", "hsa-miR-1"])
    assert table["target"].unique().to_list() == ["hsa-miR-1"]
    assert str(caught[0].message) == (
        "targets of the library that the arrays do not hold count as not expressed: found 1 of 2: 'hsa-miR-21-5p'. "
        "Name a history of miRBase (inputs.mirbase), so that names are compared by accession."
    )


def test_a_table_may_leave_targets_out_and_has_no_counts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = expressed_targets(TOLD.drop("n_detected", "n"), source="table", wanted=["hsa-miR-1", "x"])
    assert table.select("target", "source", "n").unique().rows() == [("hsa-miR-1", "table", None)]


def test_lines_of_the_screen_without_arrays_are_told() -> None:
    with pytest.raises(LayoutError) as caught:
        expressed_targets(TOLD, source="arrays", wanted=["hsa-miR-1"], lines=["A", "C"])
    assert str(caught.value) == (
        "arrays do not say what some cell lines of the screen express: found no untreated array of 'C', expected "
        "untreated arrays of every line (there are 'A' and 'B'). Add them, name a table as inputs.expressed, or set "
        'hits.expression = "any-line".'
    )


def test_two_names_of_one_molecule_count_as_expressed_when_either_does() -> None:
    both = pl.DataFrame(
        {"target": ["hsa-miR-21", "hsa-miR-21-5p"], "cell_line": ["A", "A"], "expressed": [False, True]}
    )
    table = expressed_targets(both, source="table", wanted=["hsa-miR-21-5p"], base=BASE)
    assert table.select("expressed", "found_as").rows() == [(True, "hsa-miR-21-5p")]
