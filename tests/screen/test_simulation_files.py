"""Simulated studies as raw files: the same bytes, and the same wells when they are read."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sensitome.errors import SourceError
from sensitome.io.expressed import read_expressed
from sensitome.io.study_file import read_study
from sensitome.screen.layout import read_wells
from sensitome.screen.simulation.files import study_files, write_study
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.settings import SimulationSettings
from sensitome.screen.simulation.simulate import Simulation, simulate_screen

SMALL = SimulationSettings().changed({"design.lines": ("KPL4",), "noise.control_faults": True})


@pytest.fixture(scope="module")
def screen() -> Simulation:
    return simulate_screen(scenario("main", replicates=1, base=SMALL), seed=5)


def test_the_same_seed_writes_the_same_bytes(screen: Simulation) -> None:
    again = simulate_screen(scenario("main", replicates=1, base=SMALL), seed=5)
    assert study_files(again) == study_files(screen)


def test_raw_files_give_back_the_wells(screen: Simulation, tmp_path: Path) -> None:
    paths = write_study(screen, tmp_path)
    assert len(paths) == 5 + 24
    wells = read_wells(tmp_path / "plates.csv", library=tmp_path / "library.csv", reader="envision")
    assert_frame_equal(wells, screen.wells, check_exact=True)
    assert_frame_equal(read_expressed(tmp_path / "expressed.csv"), screen.expressed)
    truth = pl.read_csv(tmp_path / "truth.csv", schema_overrides={"seed_family": pl.String})
    assert_frame_equal(truth, screen.truth, rel_tol=1e-12)


def test_the_study_names_its_files_and_arms(screen: Simulation, tmp_path: Path) -> None:
    write_study(screen, tmp_path)
    study = read_study(tmp_path)
    assert study.preset == "normann2021"
    assert study.treatments.vehicle == "vehicle"
    assert study.treatments.combinations == {"trastuzumab+lapatinib": ("trastuzumab", "lapatinib")}
    named = [study.inputs.plates, study.inputs.library, study.inputs.expressed, study.inputs.truth]
    assert all((tmp_path / str(name)).is_file() for name in named)


def test_titles_may_hold_quotes(screen: Simulation) -> None:
    text = study_files(screen, title='a "simulated" \\ screen')["study.toml"]
    assert tomllib.loads(text)["title"] == 'a "simulated" \\ screen'


def test_a_folder_that_cannot_be_made_is_named(screen: Simulation, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SourceError) as caught:
        write_study(screen, tmp_path / "taken")
    place = tmp_path / "taken" / "study.toml"
    message = f"a file cannot be written in {place}: found File exists. Choose another folder, or free some space."
    assert str(caught.value) == message
