"""EnVision exports: every dialect, what is taken, and what is said of broken ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sensitome.errors import SourceError
from sensitome.io.envision import read_envision
from sensitome.io.envision_writer import write_envision
from sensitome.io.readings import PlateMatrix, readings_from

INFORMATION = (
    "Plate information \nPlate,Repeat,Barcode,{what},Measurement date,\n{plate},1,{barcode},{value},1/2/2020,\n"
)
BACKGROUND = (
    "\nBackground information\nPlate,Label,Result,Signal,Flashes/Time,Meastime,MeasInfo,\n"
    "1,LUM,0,570,10,00:00:00.000,De=1st,\n\n"
)
FOOTER = (
    "\n\nBasic assay information \nAssay ID: ,,,,1500\n\nPlatemap:\nPlate,,,,1\nGroup,,,,1\n\n"
    ",01,02,03,\nA,- ,- ,- \nB,- ,- ,- \n\nCalculations:\nPlate,,,,1\n"
)
MATRIX = ",01,02,03,\nA,1,2,3,\nB,4,5,6,\n"


def raw(plate: str = "1", barcode: str = "") -> str:
    return INFORMATION.format(what="Label", plate=plate, barcode=barcode, value="LUM(1)") + BACKGROUND


def calculated(plate: str = "1", barcode: str = "") -> str:
    return INFORMATION.format(what="Formula", plate=plate, barcode=barcode, value="Calc 1: Crosstalk") + BACKGROUND


ONE = raw() + "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX + FOOTER
BOTH = calculated() + "Calculated results: Calc 1: Crosstalk\n" + MATRIX.replace("1,2", "9,9") + "\n" + ONE


def write(folder: Path, text: str, name: str = "plate.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def signals(path: Path, **options: str) -> list[float | None]:
    return read_envision(path, **options).frame["signal"].to_list()


def message(path: Path, **options: str) -> str:
    with pytest.raises(SourceError) as caught:
        read_envision(path, **options)
    return str(caught.value)


def test_the_raw_block_is_taken_and_the_calculated_one_named(tmp_path: Path) -> None:
    readings = read_envision(write(tmp_path, BOTH))
    assert readings.frame["signal"].to_list() == [1, 2, 3, 4, 5, 6]
    assert readings.taken == "Results for LUM(1) - channel 0 (CPS)"
    assert readings.others == ("Calculated results: Calc 1: Crosstalk",)
    assert readings.frame.row(4, named=True) == {
        "block": "1",
        "barcode": None,
        "channel": "1",
        "well": "B02",
        "row": 2,
        "column": 2,
        "signal": 5.0,
    }


@pytest.mark.parametrize("block", ["crosstalk", "Calculated results: Calc 1: Crosstalk", "CALC"])
def test_the_calculated_block_is_taken_when_named(tmp_path: Path, block: str) -> None:
    readings = read_envision(write(tmp_path, BOTH), block=block)
    assert readings.frame["signal"].to_list() == [9, 9, 3, 4, 5, 6]
    assert readings.others == ("Results for LUM(1) - channel 0 (CPS)",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_delimiter_and_line_end_do_not_matter(tmp_path: Path, sign: str, end: str) -> None:
    path = write(tmp_path, BOTH.replace(",", sign).replace("\n", end))
    assert signals(path) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_does_not_matter(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "plate.csv"
    path.write_bytes(BOTH.replace("LUM", "µLUM").encode(encoding))
    readings = read_envision(path)
    assert readings.frame["signal"].to_list() == [1, 2, 3, 4, 5, 6]
    assert readings.taken == "Results for µLUM(1) - channel 0 (CPS)"


def test_decimal_commas_are_read(tmp_path: Path) -> None:
    text = ONE.replace(",", ";").replace("A;1;2;3", "A;1,5;2,25;3")
    assert signals(write(tmp_path, text)) == [1.5, 2.25, 3, 4, 5, 6]


def test_plate_information_may_follow_its_block(tmp_path: Path) -> None:
    text = "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX + "\n" + raw("7", '="X"')
    assert read_envision(write(tmp_path, text + FOOTER)).frame["barcode"].unique().to_list() == ["X"]


@pytest.mark.parametrize("barcode", ['="X1"', '"=""X1"""', "X1", ' ="X1" '])
def test_barcodes_are_read_in_every_dress(tmp_path: Path, barcode: str) -> None:
    text = raw("1", barcode) + "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX
    assert read_envision(write(tmp_path, text)).frame["barcode"].unique().to_list() == ["X1"]


@pytest.mark.parametrize("barcode", ['=""', '"="""""', ""])
def test_an_empty_barcode_is_none(tmp_path: Path, barcode: str) -> None:
    text = raw("1", barcode) + "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX
    assert read_envision(write(tmp_path, text)).frame["barcode"].null_count() == 6


@pytest.mark.parametrize(
    ("barcodes", "blocks"),
    [(("X1", "X2"), ["X1", "X2"]), (("", ""), ["1", "2"]), (("X1", ""), ["1", "2"]), (("X1", "X1"), ["1", "2"])],
)
def test_plates_are_named_by_barcodes_that_tell_them_apart(
    tmp_path: Path, barcodes: tuple[str, str], blocks: list[str]
) -> None:
    text = "".join(
        raw(str(number), barcode) + "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX + "\n"
        for number, barcode in enumerate(barcodes, 1)
    )
    frame = read_envision(write(tmp_path, text)).frame
    assert frame["block"].unique(maintain_order=True).to_list() == blocks


def test_a_title_that_comes_again_begins_another_plate(tmp_path: Path) -> None:
    block = "Results for LUM(1) - channel 0 (CPS)\n" + MATRIX + "\n"
    assert read_envision(write(tmp_path, block * 2)).frame["block"].unique(maintain_order=True).to_list() == ["1", "2"]


def test_channels_are_kept_apart_and_can_be_chosen(tmp_path: Path) -> None:
    first = raw() + "Results for HTRF(1) - channel 1 (Counts)\n" + MATRIX + "\n"
    second = raw() + "Results for HTRF(1) - channel 2 (Counts)\n" + MATRIX.replace("A,1", "A,7")
    path = write(tmp_path, first + second)
    assert read_envision(path).frame["channel"].unique(maintain_order=True).to_list() == [
        "HTRF(1) - channel 1 (Counts)",
        "HTRF(1) - channel 2 (Counts)",
    ]
    chosen = read_envision(path, channel="2")
    assert chosen.frame["signal"].to_list() == [7, 2, 3, 4, 5, 6]
    assert chosen.frame["channel"].unique().to_list() == ["1"]
    assert chosen.taken == "HTRF(1) - channel 2 (Counts)"
    assert chosen.others == ("HTRF(1) - channel 1 (Counts)",)
    assert read_envision(path, channel="channel 2").frame.equals(chosen.frame)
    assert message(path, channel="HTRF") == (
        f"several channels fit in {path}: found 'HTRF', "
        "expected 'HTRF(1) - channel 1 (Counts)' or 'HTRF(1) - channel 2 (Counts)'. Name one of them, or its number."
    )
    assert message(path, channel="3") == (
        f"file has no such channel in {path}: found '3', "
        "expected 'HTRF(1) - channel 1 (Counts)' or 'HTRF(1) - channel 2 (Counts)'. Name one of them, or its number."
    )


def test_matrices_without_titles_and_labels_are_told_apart_by_their_information(tmp_path: Path) -> None:
    text = calculated() + "9,9,9,\n9,9,9,\n\n" + raw() + "10,20,30,\n4,,6,\n"
    readings = read_envision(write(tmp_path, text + FOOTER))
    assert readings.frame["signal"].to_list() == [10, 20, 30, 4, None, 6]
    assert readings.taken == "Results for LUM(1)"
    assert readings.others == ("Calculated results: Calc 1: Crosstalk",)


def test_an_empty_row_does_not_cut_a_plate_in_two(tmp_path: Path) -> None:
    text = raw() + "10,20,30,\n,,,\n4,5,6,\n"
    readings = read_envision(write(tmp_path, text))
    assert readings.frame["signal"].to_list() == [10, 20, 30, None, None, None, 4, 5, 6]
    assert readings.frame["well"].to_list()[-1] == "C03"


def test_rows_and_wells_that_are_left_out_are_missing(tmp_path: Path) -> None:
    text = ONE.replace("A,1,2,3,\nB,4,5,6,\n", "B,1,2\nD,,5,6,\n")
    frame = read_envision(write(tmp_path, text)).frame
    assert frame["well"].to_list() == ["B01", "B02", "B03", "D01", "D02", "D03"]
    assert frame["signal"].to_list() == [1, 2, None, None, 5, 6]


def test_overflow_is_missing_and_cautioned(tmp_path: Path) -> None:
    readings = read_envision(write(tmp_path, ONE.replace("B,4,5,6", "B,4,OVER,6")))
    assert readings.frame["signal"].to_list() == [1, 2, 3, 4, None, 6]
    assert [str(caution) for caution in readings.cautions("plate.csv")] == [
        "signal beyond the detector's range counts as missing in plate.csv: found 1 wells (B02 of plate 1). "
        "Measure these plates with less gain if the wells matter."
    ]


def test_all_faults_are_told_with_line_column_and_well(tmp_path: Path) -> None:
    path = write(tmp_path, ONE.replace("A,1,2,3,\nB,4,5,6,", "A,1,2,3,4,\nB,x,5,6,\nB,1,2,1o,").replace("\n", "\r\n"))
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 11: found '4 cells', expected at most 3 wells in a row, as its column numbers say. "
        "Is the decimal sign also the delimiter?\n"
        f"  {path}, line 13, column 1: found 'B', expected each row letter once."
    )
    path = write(tmp_path, ONE.replace("A,1,2,3,\nB,4,5,6,", "A,1,2,3,\nB,x,5,1o,"))
    assert message(path) == (
        f"readings cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 12, column 2 (well B01): found 'x', expected a number. Correct it, or leave the cell empty.\n"
        f"  {path}, line 12, column 4 (well B03): found '1o', expected a number. Correct it, or leave the cell empty."
    )


def test_a_file_without_readings_says_what_is_expected(tmp_path: Path) -> None:
    path = write(tmp_path, "some,other\n1,2\n")
    path.write_text("Some words\n\nand more\n")
    assert message(path) == (
        f'no block of readings in {path}: expected "Plate information" and "Results for …", as EnVision writes in '
        "plate format. Export in plate format, or choose another reader."
    )


def test_a_file_without_a_raw_block_names_the_others(tmp_path: Path) -> None:
    path = write(tmp_path, calculated() + "Calculated results: Calc 1: Crosstalk\n" + MATRIX)
    assert message(path) == (
        f"no raw block of readings in {path}: found 'Calculated results: Calc 1: Crosstalk', "
        'expected a block "Results for …". Export the raw readings too, or name the block to take.'
    )


def test_an_unknown_block_names_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, BOTH)
    assert message(path, block="Calculated results: Calc 1: Crostalk") == (
        f"no such block of readings in {path}: found 'Calculated results: Calc 1: Crostalk', expected "
        "'Calculated results: Calc 1: Crosstalk' or 'Results for LUM(1) - channel 0 (CPS)'. "
        "Did you mean 'Calculated results: Calc 1: Crosstalk'?"
    )


def test_an_excel_export_is_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "plate.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for number, line in enumerate(BOTH.split("\n")):
            for column, cell in enumerate(line.split(",")):
                sheet.write(number, column, float(cell) if cell.isdigit() else cell)
    assert read_envision(path).frame.equals(read_envision(write(tmp_path, BOTH)).frame)


matrices = arrays(
    np.float64,
    st.sampled_from([(2, 3), (4, 6), (8, 12)]),
    elements=st.one_of(st.floats(allow_infinity=False, width=64), st.integers(0, 10**8).map(float)),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(matrices, st.sampled_from(",;"), st.booleans())
def test_the_reader_undoes_the_writer(tmp_path: Path, matrix: np.ndarray, sign: str, crosstalk: bool) -> None:
    plates = [
        PlateMatrix(matrix, block="X1", barcode="X1"),
        PlateMatrix(matrix[::-1], block="X2", barcode="X2"),
    ]
    write_envision(plates, tmp_path / "plate.csv", delimiter=sign, crosstalk=crosstalk)
    assert read_envision(tmp_path / "plate.csv").frame.equals(readings_from(plates, taken="").frame)


@pytest.mark.parametrize("sign", [",", ";"])
def test_a_written_file_reads_back_the_same(tmp_path: Path, sign: str) -> None:
    rng = np.random.default_rng(1)
    matrix = rng.lognormal(12, 0.5, (16, 24)).round()
    matrix[3, 4] = np.nan
    plates = [
        PlateMatrix(matrix, block="X1", barcode="X1"),
        PlateMatrix(matrix + 1, block="X2", barcode="X2"),
    ]
    path = tmp_path / "plate.csv"
    write_envision(plates, path, delimiter=sign, crosstalk=True)
    assert read_envision(path).frame.equals(readings_from(plates, taken="").frame)
    assert b"\r\nResults for US LUM 384(1) - channel 0 (CPS)\r\n" in path.read_bytes()


def test_a_written_barcode_may_hold_the_delimiter(tmp_path: Path) -> None:
    plates = [PlateMatrix(np.ones((2, 3)), barcode="0012;5/6/2021, a")]
    write_envision(plates, tmp_path / "plate.csv")
    assert read_envision(tmp_path / "plate.csv").frame.equals(readings_from(plates, taken="").frame)


def test_one_written_plate_of_two_channels_reads_back(tmp_path: Path) -> None:
    plates = [PlateMatrix(np.ones((2, 3)), channel="green"), PlateMatrix(np.zeros((2, 3)), channel="red")]
    write_envision(plates, tmp_path / "plate.csv")
    assert read_envision(tmp_path / "plate.csv").frame.equals(readings_from(plates, taken="").frame)


def test_the_comma_export_of_2007_gives_its_raw_counts(shared: Path) -> None:
    readings = read_envision(shared / "data/screens/cellHTS2/EnVisionExample/XXX_1500.csv")
    assert readings.frame.shape == (384, 7)
    assert readings.frame.row(0)[3:] == ("A01", 1, 1, 29089000.0)
    assert readings.frame.filter(well="P03")["signal"].item() == 16229880.0
    assert readings.taken == "Results for US LUM 384 (cps) - channel 0 (CPS)"
    crosstalk = read_envision(shared / "data/screens/cellHTS2/EnVisionExample/XXX_1500.csv", block="Crosstalk")
    assert crosstalk.frame["signal"].item(0) == 28817900.0


def test_the_semicolon_exports_give_the_recorded_values(shared: Path) -> None:
    folder = shared / "data/screens/DrugScreenExplorer/test_subset"
    expected = pl.read_csv(
        folder / "expected_edge_correction.tsv.gz", separator="\t", null_values="NA", infer_schema_length=None
    )
    files = {path.stem: path for path in folder.glob("rawData/*/*.txt")}
    assert len(files) == 4
    for file, path in files.items():
        frame = read_envision(path).frame
        recorded = expected.filter(pl.col("fileName") == file).select(
            (pl.col("wellID").str.slice(0, 1) + pl.col("wellID").str.slice(2)).alias("well"), "value"
        )
        both = frame.join(recorded, on="well")
        assert both.height == 384
        assert (both["signal"] == both["value"]).all()


def test_the_luminescence_export_has_allotropys_values_in_the_rows_of_the_file(shared: Path) -> None:
    folder = shared / "data/instruments/allotropy/perkin_elmer_envision"
    stem = "PE_Envision_luminescence_example01"
    frame = read_envision(folder / f"{stem}.csv").frame
    document = json.loads(gzip.decompress((folder / f"{stem}.expected.json.gz").read_bytes()))
    # The file has rows A, E, I and M only; allotropy counts rows and calls them A, B, C and D.
    letters = dict(zip("ABCD", "AEIM", strict=True))
    expected = {}
    for plate in document["plate reader aggregate document"]["plate reader document"]:
        for one in plate["measurement aggregate document"]["measurement document"]:
            sample = one["sample document"]
            well = sample["location identifier"]
            key = sample["well plate identifier"], f"{letters[well[0]]}{int(well[1:]):02d}"
            expected[key] = one["luminescence"]["value"]
    found = {(block, well): signal for block, well, signal in frame.select("block", "well", "signal").iter_rows()}
    assert len(expected) == 192
    assert found == expected


@pytest.mark.parametrize("day", ["day0", "day7"])
def test_excel_exports_equal_what_gdrimport_makes_of_them(shared: Path, day: str) -> None:
    folder = shared / "data/instruments/gDRimport/data1"
    name = "ref_RawData_day0_xlsx.csv" if day == "day0" else "ref_RawData_day0_day7_xlsx.csv"
    reference = pl.read_csv(folder / name, separator=";").select(
        pl.col("Barcode").alias("block"),
        (pl.col("WellRow") + pl.col("WellColumn").cast(pl.String).str.zfill(2)).alias("well"),
        pl.col("ReadoutValue").cast(pl.Float64),
    )
    frame = read_envision(folder / f"RawData_{day}.xlsx").frame
    both = frame.join(reference, on=["block", "well"])
    assert both.height == frame.height == 2304
    assert (both["signal"] == both["ReadoutValue"]).all()


@pytest.mark.parametrize(
    ("name", "shape", "channels", "first"),
    [
        ("PE_Envision_absorbance_A450_example", 192, 1, 0.15),
        ("PE_Envision_absorbance_example01", 768, 2, 2.63),
        ("PE_Envision_extra_espaces", 192, 2, 31441.0),
        ("PE_Envision_fluorescence_example01", 192, 2, 31441.0),
        ("PE_Envision_luminescence_example01", 192, 1, 0.0),
        ("PE_Envision_missing_plate_maps", 768, 1, 0.0),
        ("example01_missing_header_error", 96, 1, 31441.0),
    ],
)
def test_every_comma_export_of_2023_is_read(shared: Path, name: str, shape: int, channels: int, first: float) -> None:
    frame = read_envision(shared / f"data/instruments/allotropy/perkin_elmer_envision/{name}.csv").frame
    assert frame.height == shape
    assert frame["channel"].n_unique() == channels
    assert frame["signal"].item(0) == first
