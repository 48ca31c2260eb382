"""Other instruments, through the common form that allotropy makes of their exports."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from sensitome.errors import MissingExtraError, SourceError
from sensitome.io.instruments import VENDORS, asm_readings, read_instrument

needs_allotropy = pytest.mark.skipif(
    importlib.util.find_spec("allotropy") is None, reason="the extra 'instruments' is not installed"
)


def measurement(
    well: str, value: object, *, plate: str = "P1", nm: float | None = None, kind: str = "absorbance"
) -> dict[str, Any]:
    device: dict[str, Any] = {"detection type": kind}
    if nm is not None:
        device["detector wavelength setting"] = {"value": nm, "unit": "nm"}
    return {
        "sample document": {"location identifier": well, "well plate identifier": plate},
        "device control aggregate document": {"device control document": [device]},
        kind: {"value": value, "unit": "x"},
    }


def document(*wells: list[dict[str, Any]]) -> dict[str, Any]:
    documents = [{"measurement aggregate document": {"measurement document": well}} for well in wells]
    return {"plate reader aggregate document": {"plate reader document": documents}}


def test_one_measurement_a_well_is_one_channel() -> None:
    readings = asm_readings(document([measurement("A1", 5)], [measurement("a002", "NaN")]), path="x")
    assert readings.frame.rows() == [("1", "P1", "1", "A01", 1, 1, 5.0), ("1", "P1", "1", "A02", 1, 2, None)]
    assert readings.taken == "absorbance"


def test_several_wavelengths_and_plates_are_kept_apart() -> None:
    wells = [
        [measurement("A1", 5, plate=plate, nm=485.0), measurement("A1", 6, plate=plate, nm=560.0)]
        for plate in ("P1", "P2")
    ]
    readings = asm_readings(document(*wells), path="x")
    assert readings.frame.select("block", "channel", "signal").rows() == [
        ("P1", "absorbance 485 nm", 5.0),
        ("P1", "absorbance 560 nm", 6.0),
        ("P2", "absorbance 485 nm", 5.0),
        ("P2", "absorbance 560 nm", 6.0),
    ]
    assert readings.taken == "absorbance 485 nm; absorbance 560 nm"


def test_measurements_of_one_name_are_numbered() -> None:
    readings = asm_readings(document([measurement("A1", 5), measurement("A1", 6)]), path="x")
    assert readings.frame["channel"].to_list() == ["absorbance", "absorbance (2)"]


def test_overflow_is_missing_and_named() -> None:
    one = measurement("A1", -0.0)
    one["error aggregate document"] = {"error document": [{"error": "OVRFLW", "error feature": "absorbance"}]}
    readings = asm_readings(document([one]), path="x")
    assert readings.frame["signal"].to_list() == [None]
    assert readings.overflowed == ("A1 of plate P1",)


def test_wells_without_place_or_read_twice_are_told() -> None:
    wells = [[measurement("", 5)], [measurement("A1", 5)], [measurement("A1", 6)]]
    with pytest.raises(SourceError) as caught:
        asm_readings(document(*wells), path="plate.csv")
    assert str(caught.value) == (
        "readings cannot be read in plate.csv. Correct these places:\n"
        "  plate.csv: found '', expected a well such as \"A01\". Export with well positions.\n"
        "  plate.csv: found '2 of A01', expected one reading a well. Export the endpoint, not a kinetic."
    )


def test_a_document_without_readings_is_told() -> None:
    spectrum = {"sample document": {"location identifier": "A1"}, "absorption spectrum data cube": {}}
    with pytest.raises(SourceError) as caught:
        asm_readings(document([spectrum]), path="plate.csv")
    assert str(caught.value) == (
        "no reading of a single well in plate.csv: expected luminescence, fluorescence or absorbance, one value a "
        "well. Kinetic reads and spectra are not supported: export the endpoint."
    )


def test_without_allotropy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plate.csv"
    path.write_text("x")
    monkeypatch.setitem(sys.modules, "allotropy.parser_factory", None)
    with pytest.raises(MissingExtraError) as caught:
        read_instrument(path, vendor="gen5")
    assert str(caught.value) == (
        "The reader 'gen5' needs the package 'allotropy', which is not installed. "
        "Run: pip install 'sensitome[instruments]'."
    )


@needs_allotropy
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_parser_exists() -> None:
    from allotropy.parser_factory import Vendor

    assert all(name in Vendor.__members__ for name, _ in VENDORS.values())


@needs_allotropy
@pytest.mark.parametrize(
    ("vendor", "name", "height", "channels", "first"),
    [
        ("gen5", "agilent_gen5_lum/endpoint_singleplate.txt", 96, 1, 8718.0),
        ("gen5", "agilent_gen5_lum/luminescence_no_results_table.txt", 384, 1, 337.0),
        ("bmg-mars", "bmg_mars/24-10-16 15-09-52 Luminescence 1536.csv", 288, 1, 985.0),
        ("bmg-smart-control", "bmg_labtech_smart_control/fluorescence_endpoint_example2.xlsx", 96, 1, 8168026.0),
        ("kaleido", "revvity_kaleido/luminescence_endpoint_single_plate_example_01.csv", 96, 1, 94395.0),
        ("tecan-magellan", "tecan_magellan/SLA01P01_ELISA.xlsx", 768, 2, 0.0557),
    ],
)
def test_real_exports_are_read(shared: Path, vendor: str, name: str, height: int, channels: int, first: float) -> None:
    frame = read_instrument(shared / "data/instruments/allotropy" / name, vendor=vendor).frame
    assert (frame.height, frame["channel"].n_unique(), frame["signal"].item(0)) == (height, channels, first)


@needs_allotropy
def test_a_file_of_another_kind_is_told_in_the_parsers_words(shared: Path) -> None:
    path = shared / "data/instruments/allotropy/tecan_magellan/no_well_positions.xlsx"
    with pytest.raises(SourceError) as caught:
        read_instrument(path, vendor="tecan-magellan")
    assert str(caught.value) == (
        f"file cannot be read as an export of Tecan Magellan in {path}: found AllotropeConversionError: File is "
        "missing required 'Well positions' column. Choose another reader, or export a plate matrix or a long table "
        "and read that."
    )
