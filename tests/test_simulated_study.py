"""A simulated study with patients: what matters in them is what the truth says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.screen.simulation.files import study_files
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import Simulation, simulate_screen
from sensitome.simulated_study import HAZARD_RATIO, STAGE_SHIFT, cohort_design, with_patients, write_simulated_study


@pytest.fixture(scope="module")
def screen() -> Simulation:
    return simulate_screen(scenario("small"), seed=4)


def test_the_strongest_sensitizing_mimic_matters_in_the_patients(screen: Simulation, tmp_path: Path) -> None:
    write_simulated_study(screen, tmp_path, patients=30)
    truth = pl.read_csv(tmp_path / "cohort" / "truth_effects.csv")
    matters = truth.filter((pl.col("hazard_ratio") != 1) | (pl.col("stage_shift") != 0))
    design = cohort_design(screen)
    assert design is not None
    assert matters.rows() == [(design.targets[0], HAZARD_RATIO, STAGE_SHIFT)]
    sensitizing = screen.truth.filter("is_sensitizer")["reagent"].to_list()
    assert design.targets[0] in sensitizing
    assert pl.read_csv(tmp_path / "cohort" / "clinical.csv").height == 30


def test_the_screen_stays_as_it_is_and_the_bytes_are_the_same(screen: Simulation) -> None:
    files = study_files(screen)
    made = with_patients(files, screen, patients=30)
    assert {name: made[name] for name in files if name != "study.toml"} == {
        name: text for name, text in files.items() if name != "study.toml"
    }
    assert made["study.toml"].startswith(files["study.toml"])
    assert made == with_patients(files, screen, patients=30)


def test_a_screen_without_sensitizing_mimics_has_no_patients(screen: Simulation) -> None:
    empty = Simulation(**{**vars(screen), "truth": screen.truth.with_columns(is_active=pl.lit(False))})
    assert cohort_design(empty) is None
    files = study_files(empty)
    assert with_patients(files, empty) == files
