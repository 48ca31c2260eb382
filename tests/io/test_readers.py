"""The registry of readers, and the guess which one fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import SourceError
from sensitome.io.envision_writer import write_envision
from sensitome.io.readers import READERS, ReaderOptions, find_reader, guess_reader, read_file
from sensitome.io.readings import PlateMatrix

NAMES = (
    "'envision', 'matrix', 'long', 'cellhts2-plate', 'analyst-ht', 'fusion', 'kaleido', 'bmg-mars', "
    "'bmg-smart-control', 'tecan-magellan', 'gen5', 'softmax' or 'skanit'"
)


def test_every_reader_says_what_it_is() -> None:
    fields = set(ReaderOptions.__dataclass_fields__)
    for name, reader in READERS.items():
        assert reader.name == name
        assert reader.description
        assert set(reader.options) <= fields
        assert all(end.startswith(".") for end in reader.extensions)


def test_an_unknown_reader_names_them_all() -> None:
    with pytest.raises(SourceError) as caught:
        find_reader("envison")
    assert str(caught.value) == f"unknown reader: found 'envison', expected {NAMES}. Did you mean 'envision'?"
    with pytest.raises(SourceError) as caught:
        find_reader("xyz")
    assert str(caught.value) == f"unknown reader: found 'xyz', expected {NAMES}. Choose one of these."


def test_an_option_that_a_reader_does_not_take_is_told(tmp_path: Path) -> None:
    options = ReaderOptions(columns={"well": "a"}, block="raw", decimal=".", wells=96)
    with pytest.raises(SourceError) as caught:
        read_file(tmp_path / "x", reader="fusion", options=options)
    assert str(caught.value) == (
        "reader 'fusion' does not take these options: found 'block' and 'columns', expected 'decimal' or 'wells'. "
        "Remove them, or choose another reader."
    )


def test_a_file_is_read_with_its_options(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("where;what\nA1;1,5\nA2;2,5\n")
    options = ReaderOptions(columns={"well": "where", "signal": "what"}, delimiter=";", decimal=",", wells=6)
    assert read_file(path, reader="long", options=options).frame["signal"].to_list() == [1.5, 2.5]
    path.write_text("where;what\nA4;1,5\n")
    with pytest.raises(SourceError, match="more wells than the plate format"):
        read_file(path, reader="long", options=options)


def test_the_content_tells_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_envision([PlateMatrix(np.ones((2, 3)))], path)
    assert guess_reader(path) == "envision"
    for text, name in {
        "Load time:\tnow\n": "analyst-ht",
        "  Assay:  , Lum \n  Software: , Fusion 3.50\n": "fusion",
        "EnSight Results from\n": "kaleido",
        "User: USER,Path: C\nTest name: x\n": "bmg-mars",
        "\n\nSoftware Version\t3.12\nProcedure Details\n": "gen5",
        "##BLOCKS= 1\n": "softmax",
        "P1\tA01\t5\nP1\tA02\t6\n": "cellhts2-plate",
        "well,signal\nA1,5\n": "long",
        ",1,2,3\nA,1,2,3\n": "matrix",
        "10,20,30\n10,20,30\n": "matrix",
    }.items():
        path.write_text(text)
        assert guess_reader(path) == name
    pl.DataFrame({"well": ["A1"]}).write_parquet(path)
    assert guess_reader(path) == "long"


@pytest.mark.parametrize("text", ["Filename,Plate\na.txt,1\nb.txt,2\n", "6\t1\tA02\tNA\n6\t2\tA02\tNA\n", "words\n"])
def test_no_reader_is_guessed_for_other_tables(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        guess_reader(path)
    assert str(caught.value) == (
        f"no reader fits the content in {path}: expected a file for one of {NAMES}. "
        "Name the reader, or export a plate matrix."
    )


def test_readers_are_found_for_real_files(shared: Path) -> None:
    screens, instruments = shared / "data/screens", shared / "data/instruments"
    for path, name in {
        screens / "cellHTS2/EnVisionExample/XXX_1500.csv": "envision",
        screens / "DrugScreenExplorer/test_subset/rawData/batch1/P0007_12PB0265.txt": "envision",
        screens / "cellHTS2/KcViabSmall/FT01-G01.txt": "cellhts2-plate",
        screens / "cellHTS2/KcCellTiter/KcCellTiter0607.txt": "analyst-ht",
        screens / "cellHTS2/TwoWayAssay/DHA001LU1.CSV": "fusion",
        screens / "miRNAice_breast/MCF7wt.csv.gz": "long",
        instruments / "gDRimport/data1/RawData_day0.xlsx": "envision",
        instruments / "allotropy/bmg_labtech_smart_control/fluorescence_endpoint_example2.xlsx": "matrix",
    }.items():
        assert guess_reader(path) == name


def test_the_registry_loads_without_the_heavy_packages() -> None:
    heavy = "('allotropy', 'fastexcel', 'scipy.stats', 'altair', 'duckdb')"
    code = f"import sys, sensitome.io.readers; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
