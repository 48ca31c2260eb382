"""What is left of plate files is told: in a table, in the manifest and on the page."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from tests.small_run import small_run

from sensitome.inputs import plate_file_table, read_inputs
from sensitome.io.plate_files import PlateFile
from sensitome.io.study_file import read_study
from sensitome.manifest import build_manifest
from sensitome.report.sections import provenance
from sensitome.tables import TABLES, check_table

RAW = "Results for US LUM 96(1) - channel 0 (CPS)"
LEFT = "Calculated results: Calc 1: Crosstalk = Crosstalk correction where Label : US LUM 96(1) channel 1"


def test_every_plate_file_is_told_once_with_what_was_taken_and_left(small_study: Path) -> None:
    files: list[PlateFile] = []
    read_inputs(read_study(small_study).inputs, folder=small_study, told=files.append)
    table = plate_file_table(files, folder=small_study)
    assert check_table(table, TABLES["plate_files"], name="plate_files").height == 32
    assert table.row(0, named=True) == {
        "file": "plates/KPL4_vehicle_L1_r1.csv",
        "taken": RAW,
        "left": LEFT,
        "plates": 1,
    }


def test_the_manifest_names_the_blocks_of_a_plate_file(small_study: Path) -> None:
    from sensitome.io.run_folder import InputFile

    tables, _ = small_run()
    told = pl.DataFrame({"file": ["a.csv"], "taken": ["raw"], "left": ["one; two"], "plates": [1]})
    inputs = [InputFile(name, "0", 1, 0) for name in ("a.csv", "library.csv")]
    manifest = build_manifest(
        read_study(small_study), inputs=inputs, stages=[], tables=tables | {"plate_files": told}, truth=None
    )
    assert manifest["inputs"] == [
        {"file": "a.csv", "sha256": "0", "bytes": 1, "taken": "raw", "left": ["one", "two"]},
        {"file": "library.csv", "sha256": "0", "bytes": 1},
    ]


def test_the_page_names_blocks_that_were_not_used() -> None:
    inputs = [
        {"file": "a.csv", "sha256": "0", "bytes": 1, "taken": "raw", "left": ["one", "two"]},
        {"file": "b.csv", "sha256": "0", "bytes": 1, "taken": "raw", "left": ["one"]},
        {"file": "library.csv", "sha256": "0", "bytes": 1},
    ]
    context = provenance.build({}, {"inputs": inputs})
    assert context["blocks"] == (
        "Plate files have further blocks, which were not used: “one” (2 files) and “two” (1 file)."
    )
    assert provenance.build({}, {"inputs": inputs[2:]})["blocks"] == ""
