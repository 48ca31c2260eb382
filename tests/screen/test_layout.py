from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.errors import Caution, LayoutError, SourceError, TableError
from sensitome.io.library import library_from
from sensitome.io.readers import ReaderOptions
from sensitome.plates import FORMATS, well_name
from sensitome.screen.layout import WELL_COLUMNS, lay_out, read_wells
from sensitome.tables import Wells


def plate_list(n: int = 2, **columns: Any) -> pl.DataFrame:
    table = {
        "plate": [f"P{i + 1}" for i in range(n)],
        "library_plate": ["L1"] * n,
        "cell_line": ["MCF7"] * n,
        "treatment": ["drug"] * n,
        "replicate": list(range(1, n + 1)),
        "batch": ["monday"] * n,
        "line": list(range(2, n + 2)),
        **columns,
    }
    frame = pl.DataFrame(table, schema_overrides={"replicate": pl.Int16})
    return frame.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("order"))


def library(wells: int = 96, plates: tuple[str, ...] = ("L1",)) -> pl.DataFrame:
    plate = FORMATS[wells]
    spots = [(row, column) for row in range(1, plate.rows + 1) for column in range(1, plate.columns + 1)]
    return library_from(
        pl.DataFrame(
            [
                {
                    "library_plate": name,
                    "well": well_name(*spot),
                    "reagent": f"{name}-{i}" if spot[1] > 1 else "NC",
                    "kind": "mimic",
                    "role": "sample" if spot[1] > 1 else "neg",
                    "MIMAT": f"M{i}",
                }
                for name in plates
                for i, spot in enumerate(spots)
            ]
        )
    )


def readings(n: int = 2, *, wells: int = 96, seed: int = 1) -> pl.DataFrame:
    plate = FORMATS[wells]
    spots = [(row, column) for row in range(1, plate.rows + 1) for column in range(1, plate.columns + 1)]
    return pl.DataFrame(
        {
            "order": np.repeat(np.arange(n), len(spots)),
            "well": [well_name(*spot) for spot in spots] * n,
            "row": [row for row, _ in spots] * n,
            "column": [column for _, column in spots] * n,
            "signal": np.random.default_rng(seed).uniform(1e4, 1e6, n * len(spots)),
        },
        schema={"order": pl.Int32, "well": pl.String, "row": pl.Int16, "column": pl.Int16, "signal": pl.Float64},
    )


def test_every_well_of_every_plate_is_a_row_that_knows_its_reagent() -> None:
    wells = lay_out(plate_list(), library(), readings=readings())
    assert wells.columns == [*WELL_COLUMNS, "MIMAT"]
    assert wells.height == 192
    assert wells.select(WELL_COLUMNS[:10]).row(97) == (
        *("P2", "A02", 1, "L1", "MCF7", "drug", 2, "monday"),
        *(1, 2),
    )
    assert wells.select("reagent", "kind", "role", "MIMAT", "flags").row(97) == ("L1-1", "mimic", "sample", "M1", "")
    assert wells["signal"].to_list() == readings()["signal"].to_list()
    for name, rule in Wells.columns().items():
        if name in wells.columns:
            assert wells.schema[name] == rule.dtype, name


def test_one_layout_may_hold_for_every_plate_and_a_plates_own_rows_win() -> None:
    shared = library().with_columns(pl.lit("*").alias("library_plate"))
    own = shared.filter(pl.col("well") == "B02").with_columns(
        pl.lit("L2").alias("library_plate"), pl.lit("mine").alias("reagent")
    )
    plates = plate_list(library_plate=["L1", "L2"])
    wells = lay_out(plates, pl.concat([shared, own]), readings=readings())
    assert wells.height == 192
    assert wells.filter(pl.col("well") == "B02")["reagent"].to_list() == ["L1-13", "mine"]


def test_a_well_without_a_reading_is_flagged() -> None:
    gone = (pl.col("order") == 1) & (pl.col("well") == "C05")
    null = (pl.col("order") == 0) & (pl.col("well") == "C06")
    table = readings().filter(~gone).with_columns(pl.when(~null).then("signal").alias("signal"))
    wells = lay_out(plate_list(), library(), readings=table)
    flagged = wells.filter(pl.col("flags") != "")
    assert flagged.select("plate", "well", "signal", "flags").rows() == [
        ("P1", "C06", None, "no_reading"),
        ("P2", "C05", None, "no_reading"),
    ]


def test_a_reading_in_a_well_that_the_library_does_not_know_is_empty() -> None:
    short = library().filter(pl.col("well") != "H12")
    wells = lay_out(plate_list(), short, readings=readings())
    unknown = wells.filter(pl.col("well") == "H12").select(
        "plate", "reagent", "kind", "role", "cell_line", "row", "flags"
    )
    assert unknown.rows() == [("P1", None, None, "empty", "MCF7", 8, ""), ("P2", None, None, "empty", "MCF7", 8, "")]


def test_wells_of_the_screen_log_lose_their_signal_and_excluded_roles_keep_it() -> None:
    role = pl.when(pl.col("well") == "D04").then(pl.lit("excluded")).otherwise(pl.col("role").cast(pl.String))
    changed = library().with_columns(role.cast(library().schema["role"]).alias("role"))
    log = pl.DataFrame({"order": [1, 1], "well": ["D05", "D05"]}, schema_overrides={"order": pl.Int32})
    wells = lay_out(plate_list(), changed, readings=readings(), excluded=log)
    flagged = wells.filter(pl.col("flags") == "excluded")
    assert flagged.select("plate", "well", pl.col("signal").is_null()).rows() == [
        ("P1", "D04", False),
        ("P2", "D04", False),
        ("P2", "D05", True),
    ]


def test_all_faults_between_list_library_and_readings_are_reported_at_once() -> None:
    plates = plate_list(4, library_plate=["L1", "B9", "l1", "L1"], plate=["P1", "P2", "P3", "P1"])
    table = readings(4)
    same = pl.when(pl.col("order") == 0).then(5.0).otherwise("signal").alias("signal")
    table = pl.concat([table.with_columns(same), table.filter((pl.col("order") == 3) & (pl.col("well") == "A01"))])
    with pytest.raises(LayoutError) as caught:
        lay_out(plates, library(plates=("L1", "L2")), readings=table)
    known = "expected a plate of the library ('L1' and 'L2'). Did you mean 'L1'?"
    assert str(caught.value) == (
        "plates, plate list and library do not fit together.\n"
        "  plate list, column plate: found 'P1', expected one row for each plate. "
        "Two files for one plate? Number the replicates, or give each plate a name.\n"
        "  plate list, line 3, column library_plate: found 'B9', expected a plate of the library ('L1' and 'L2').\n"
        f"  plate list, line 4, column library_plate: found 'l1', {known}\n"
        "  found 'two for A01', expected one reading for each well of plate 'P1'. "
        "Choose the block, barcode or channel of this plate.\n"
        "  plate list, line 2, column file: found '5 in all 96 wells', expected readings that differ from well to well "
        "on plate 'P1'. Export the plate again; is it the right block?"
    )


@pytest.mark.parametrize(("in_library", "in_file"), [(384, 96), (96, 384)])
def test_a_file_of_another_format_than_its_library_is_a_fault(in_library: int, in_file: int) -> None:
    with pytest.raises(LayoutError) as caught:
        lay_out(plate_list(1), library(in_library), readings=readings(1, wells=in_file))
    assert str(caught.value) == (
        "plates, plate list and library do not fit together.\n"
        f"  plate list, line 2, column file: found '{FORMATS[in_file]}', expected {FORMATS[in_library]}, as library "
        "plate 'L1' has. Is it the right file, and the right library, for plate 'P1'?"
    )


def test_a_library_may_name_only_a_few_wells_of_a_larger_plate() -> None:
    few = library().filter(pl.col("row") <= 3)
    assert lay_out(plate_list(1), few, readings=readings(1, wells=384)).height == 384


def test_library_plates_that_were_not_measured_are_a_caution() -> None:
    with pytest.warns(Caution) as caught:
        lay_out(plate_list(), library(plates=("L1", "L2", "L3")), readings=readings())
    assert [str(warning.message) for warning in caught] == [
        "library plates without a measured plate: found 'L2' and 'L3'. Their reagents are not in the results; is a "
        "file missing in the plate list?"
    ]


def test_plates_rows_and_columns_without_a_reading_are_cautions() -> None:
    gone = ((pl.col("order") == 1) & (pl.col("row") == 2)) | ((pl.col("order") == 1) & (pl.col("column") == 12))
    gone |= pl.col("order") == 2
    table = readings(3).with_columns(pl.when(~gone).then("signal").alias("signal"))
    with pytest.warns(Caution) as caught:
        lay_out(plate_list(3), library(), readings=table)
    assert [str(warning.message) for warning in caught] == [
        "plates without any reading: found 'P3'. Check their files.",
        "whole rows or columns without a reading: found row B of 'P2', column 12 of 'P2'. Was the export cut off?",
    ]


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(random: Any) -> None:
    expected = lay_out(plate_list(), library(24), readings=readings(wells=24))
    tables = []
    for table in (plate_list(), library(24), readings(wells=24)):
        order = list(range(table.height))
        random.shuffle(order)
        tables.append(table[order])
    assert lay_out(tables[0], tables[1], readings=tables[2]).equals(expected)


def write_screen(folder: Path, *, plates: int = 3) -> tuple[Path, Path]:
    """A plate list, a library and plate files in 96 wells."""
    lines = ["file,library_plate,cell_line,treatment,replicate"]
    table = readings(plates)
    for order in range(plates):
        rows = table.filter(pl.col("order") == order)
        text = "".join(f"x\t{well}\t{signal:.1f}\n" for well, signal in rows.select("well", "signal").iter_rows())
        (folder / f"p{order}.txt").write_text(text, encoding="utf-8")
        lines.append(f"p{order}.txt,L1,MCF7,drug,{order + 1}")
    (folder / "plates.csv").write_text("\n".join(lines), encoding="utf-8")
    library().drop("row", "column", "line").write_csv(folder / "library.csv")
    return folder / "plates.csv", folder / "library.csv"


def test_files_are_read_in_the_order_of_the_list_whatever_the_threads(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    one = read_wells(plates, library=wells)
    assert one.height == 288
    assert one["plate"].unique(maintain_order=True).to_list() == [
        "MCF7_drug_L1_r1",
        "MCF7_drug_L1_r2",
        "MCF7_drug_L1_r3",
    ]
    assert np.allclose(one["signal"], readings(3)["signal"], atol=0.05)
    assert read_wells(plates, library=wells, reader="cellhts2-plate", jobs=3).equals(one)


def test_tables_made_in_python_are_laid_out_too(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    frame = pl.read_csv(plates).with_columns(pl.format(f"{tmp_path}/{{}}", "file").alias("file"))
    made = read_wells(frame, library=pl.read_csv(wells, infer_schema=False), options=ReaderOptions(wells=96))
    assert made.equals(read_wells(plates, library=wells))


def test_faults_of_plate_list_and_library_come_together(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    plates.write_text("file,library_plate,cell_line,treatment,replicate\nq.txt,L1,M,d,1\n", encoding="utf-8")
    wells.write_text("well,reagent,role\nA1,a,what\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_wells(plates, library=wells)
    roles = "'sample', 'negative', 'positive', 'untreated', 'empty' or 'excluded'"
    assert str(caught.value) == (
        "plate list and library: 2 faults.\n"
        f"  {plates}, line 2, column file: found 'q.txt', expected a file that exists. Did you mean 'p2.txt'?\n"
        f"  {wells}, line 2, column role: found 'what', expected {roles}. "
        "Use one of these words, or map the lab's own word under roles."
    )


def test_a_format_that_was_said_bounds_the_library_and_the_files(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    options = ReaderOptions(wells=48)
    with pytest.raises(TableError) as caught:
        read_wells(plates, library=wells, options=options)
    assert str(caught.value).startswith(
        "library: 48 faults.\n"
        f"  {wells}, line 10, column well: found 'A09', expected a well from A01 to F08 of a plate of 48 wells "
        "(6 × 8). Check the well, or the format of the plates.\n"
    )
    some = pl.read_csv(wells, infer_schema=False).filter(pl.col("well").str.contains("^[A-F]0[1-8]$"))
    with pytest.raises(SourceError) as files:
        read_wells(plates, library=some, options=options)
    assert str(files.value).startswith("plate files: 3 faults.\n")


def test_faults_of_all_plate_files_come_together(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    for name in ("p0.txt", "p2.txt"):
        (tmp_path / name).write_text("x\tA1\tmany\nx\tA2\t5\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_wells(plates, library=wells, reader="cellhts2-plate")
    step = "found 'many', expected a number. Correct it, or write NA."
    assert str(caught.value) == (
        "plate files: 2 faults.\n"
        f"  {tmp_path / 'p0.txt'}, line 1, column 3: {step}\n"
        f"  {tmp_path / 'p2.txt'}, line 1, column 3: {step}"
    )


def test_an_unknown_reader_is_an_error_once(tmp_path: Path) -> None:
    plates, wells = write_screen(tmp_path)
    with pytest.raises(SourceError) as caught:
        read_wells(plates, library=wells, reader="envison")
    assert str(caught.value).startswith("unknown reader: found 'envison', expected 'envision', ")
    assert str(caught.value).endswith("Did you mean 'envision'?")


def two_plates_in_one_file(folder: Path, *, column: str, values: tuple[str, str]) -> tuple[Path, Path]:
    plates, wells = write_screen(folder, plates=2)
    rows = [
        f"{plate},{well},{i + 100 * plate}"
        for plate in (1, 2)
        for i, well in enumerate(well_name(row, col) for row in range(1, 9) for col in range(1, 13))
    ]
    (folder / "both.csv").write_text("\n".join(["plate,well,signal", *rows]), encoding="utf-8")
    plates.write_text(
        f"file,library_plate,cell_line,treatment,replicate,{column}\n"
        f"both.csv,L1,M,d,1,{values[0]}\nboth.csv,L1,M,d,2,{values[1]}\n",
        encoding="utf-8",
    )
    return plates, wells


def test_the_plate_list_says_which_plate_of_a_file_is_meant(tmp_path: Path) -> None:
    plates, wells = two_plates_in_one_file(tmp_path, column="block", values=("2", "1"))
    first = read_wells(plates, library=wells, reader="long").filter(pl.col("well") == "A01")
    assert first.select("replicate", "signal").rows() == [(1, 200.0), (2, 100.0)]


def test_a_plate_that_the_file_does_not_have_is_a_fault(tmp_path: Path) -> None:
    plates, wells = two_plates_in_one_file(tmp_path, column="block", values=("1", "3"))
    with pytest.raises(SourceError) as caught:
        read_wells(plates, library=wells, reader="long")
    assert str(caught.value) == (
        "plate list and plate files do not fit together.\n"
        f"  {plates}, line 3, column block: found '3', expected a block of both.csv ('1' and '2')."
    )


def test_a_file_with_several_plates_needs_a_word_which_one_it_is(tmp_path: Path) -> None:
    plates, wells = two_plates_in_one_file(tmp_path, column="channel", values=("1", "2"))
    with pytest.raises(SourceError) as caught:
        read_wells(plates, library=wells, reader="long")
    assert str(caught.value) == (
        "plate list and plate files do not fit together.\n"
        f"  {plates}, line 2, column block: found '2 blocks', expected column 'block' to say which plate of both.csv "
        "it is. The file has '1' and '2'; fill in the column 'block'.\n"
        f"  {plates}, line 3, column channel: found '2', expected a channel of both.csv ('1'). "
        "Name one of them, or its number."
    )


def test_real_envision_files_are_laid_out_with_their_recorded_values(shared: Path) -> None:
    folder = shared / "data" / "screens" / "DrugScreenExplorer" / "test_subset"
    files = sorted(folder.glob("rawData/batch?/*.txt"))
    plates = pl.DataFrame(
        {
            "file": [str(path) for path in files],
            "plate": [path.stem for path in files],
            "library_plate": "1",
            "cell_line": [path.stem.split("_")[0] for path in files],
            "treatment": "none",
            "replicate": 1,
            "batch": [path.parent.name for path in files],
        }
    )
    role = pl.when(pl.col("name").is_in(["DMSO", "PBS"])).then(pl.lit("neg")).otherwise(pl.lit("sample")).alias("role")
    layout = pl.read_csv(folder / "wellAnno" / "wellAnno.tsv", separator="\t").with_columns(role)
    wells = read_wells(plates, library=layout, jobs=2)
    recorded = pl.read_csv(folder / "expected_edge_correction.tsv.gz", separator="\t", null_values="NA").with_columns(
        (pl.col("wellID").str.slice(0, 1) + pl.col("wellID").str.slice(2)).alias("well")
    )
    both = recorded.join(wells, left_on=["fileName", "well"], right_on=["plate", "well"])
    assert both.height == wells.height == 4 * 384
    assert both["value"].cast(pl.Float64).to_list() == both["signal"].to_list()
    assert both["name"].to_list() == both["reagent"].to_list()
    assert both.filter(pl.col("role") == "negative").height == 4 * 69
