"""Picklists: each well of the layout is filled once from the right source, in the form that each handler reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import SettingsError, SourceError, TableError
from sensitome.io.picklist import echo_picklist, janus_picklist, transfers, write_picklist

LAYOUT = pl.DataFrame(
    {
        "library_plate": ["L1", "L1", "L1", "L1"],
        "well": ["A01", "A02", "B10", "C03"],
        "reagent": ["mir-1", "NC", "NC", None],
        "kind": ["mimic", "mimic", "mimic", None],
    }
)
SOURCES = pl.DataFrame(
    {
        "reagent": ["mir-1", "NC", "NC"],
        "kind": ["mimic"] * 3,
        "source_plate": ["S1", "S2", "S2"],
        "source_well": ["B02", "A1", "A02"],
    }
)


def test_each_well_is_filled_once_and_sources_take_turns() -> None:
    moves = transfers(LAYOUT, sources=SOURCES, volume_nl=50)
    assert moves.rows() == [
        ("S1", "B02", "L1", "A01", 50.0, "mir-1"),
        ("S2", "A1", "L1", "A02", 50.0, "NC"),
        ("S2", "A02", "L1", "B10", 50.0, "NC"),
    ]


def test_a_library_plate_is_stamped_onto_many() -> None:
    moves = transfers(LAYOUT, sources=SOURCES, volume_nl=50, plates={"L1": ["P1", "P2", "P3"]})
    assert moves.height == 9
    assert moves.group_by("destination_plate").len()["len"].to_list() == [3, 3, 3]
    assert moves["source_plate"].is_sorted()


def test_the_echo_reads_drops_and_plain_wells() -> None:
    table = echo_picklist(transfers(LAYOUT, sources=SOURCES, volume_nl=52.5))
    assert table.columns == [
        "Source Plate Name",
        "Source Plate Type",
        "Source Well",
        "Destination Plate Name",
        "Destination Well",
        "Transfer Volume",
        "Sample Name",
    ]
    assert table.row(0) == ("S1", "384PP_AQ_BP", "B2", "L1", "A1", 52.5, "mir-1")


def test_the_echo_refuses_parts_of_drops() -> None:
    with pytest.raises(SettingsError) as error:
        echo_picklist(transfers(LAYOUT, sources=SOURCES, volume_nl=51))
    assert str(error.value) == "an Echo moves whole drops: found 51 nL, expected a multiple of 2.5 nL."


def test_the_janus_reads_microliters() -> None:
    table = janus_picklist(transfers(LAYOUT, sources=SOURCES, volume_nl=2500))
    assert table.row(0) == ("S1", "B2", "L1", "A1", 2.5, "mir-1")
    assert table.columns == ["SourceRack", "SourceWell", "DestinationRack", "DestinationWell", "Volume", "Sample"]


def test_the_file_has_commas_points_and_windows_lines(tmp_path: Path) -> None:
    path = write_picklist(
        janus_picklist(transfers(LAYOUT, sources=SOURCES, volume_nl=2500)), tmp_path / "new" / "janus.csv"
    )
    lines = path.read_bytes().split(b"\r\n")
    assert lines[0] == b"SourceRack,SourceWell,DestinationRack,DestinationWell,Volume,Sample"
    assert lines[1] == b"S1,B2,L1,A1,2.5,mir-1"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match="the picklist cannot be written in "):
        write_picklist(janus_picklist(transfers(LAYOUT, sources=SOURCES, volume_nl=5)), tmp_path / "taken" / "x.csv")


def test_all_faults_at_once() -> None:
    with pytest.raises(TableError) as error:
        transfers(
            LAYOUT.with_columns(pl.col("well").replace({"B10": "Z99"})),
            sources=SOURCES.filter(pl.col("reagent") != "mir-1"),
            volume_nl=5,
        )
    assert str(error.value) == (
        "transfers cannot be made. Complete the table of sources.\n"
        "  column reagent: found 'mir-1', expected a source well.\n"
        "  column well: found 'Z99', expected a well such as \"A01\" in table 'layout'."
    )


def test_missing_columns_and_no_volume() -> None:
    with pytest.raises(TableError) as error:
        transfers(LAYOUT, sources=SOURCES.drop("source_well"), volume_nl=5)
    assert str(error.value) == (
        "table 'sources' lacks columns: found columns 'reagent', 'kind' and 'source_plate', expected 'source_well'."
    )
    with pytest.raises(SettingsError) as settings_error:
        transfers(LAYOUT, sources=SOURCES, volume_nl=0)
    assert str(settings_error.value) == "no volume to move: found 0, expected more than 0 nanoliters."
