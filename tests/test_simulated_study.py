"""A simulated study with patients: what matters in them is what the truth says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.reading import cohort_files
from sensitome.io.study_file import read_study
from sensitome.screen.simulation.files import write_study
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import Simulation, simulate_screen
from sensitome.simulated_study import HAZARD_RATIO, STAGE_SHIFT, cohort_design, patient_files, write_patients


@pytest.fixture(scope="module")
def screen() -> Simulation:
    return simulate_screen(scenario("small"), seed=4)


def test_the_strongest_sensitizing_mimic_matters_in_the_patients(screen: Simulation, tmp_path: Path) -> None:
    write_study(screen, tmp_path)
    write_patients(screen, tmp_path, patients=30)
    truth = pl.read_csv(tmp_path / "cohort" / "truth_effects.csv")
    matters = truth.filter((pl.col("hazard_ratio") != 1) | (pl.col("stage_shift") != 0))
    design = cohort_design(screen)
    assert design is not None
    assert matters.rows() == [(design.targets[0], HAZARD_RATIO, STAGE_SHIFT)]
    sensitizing = screen.truth.filter("is_sensitizer")["reagent"].to_list()
    assert design.targets[0] in sensitizing
    assert pl.read_csv(tmp_path / "cohort" / "clinical.csv").height == 30


def test_the_study_names_its_patients_and_the_bytes_are_the_same(screen: Simulation, tmp_path: Path) -> None:
    write_study(screen, tmp_path)
    before = (tmp_path / "study.toml").read_text()
    paths = write_patients(screen, tmp_path, patients=30)
    assert (tmp_path / "study.toml").read_text().startswith(before)
    study = read_study(tmp_path)
    assert study.cohort is not None
    assert set(cohort_files(study.cohort, folder=tmp_path)) < set(paths)
    assert patient_files(screen, patients=30) == patient_files(screen, patients=30)


def test_mrnas_of_the_patients_are_those_of_the_studys_targets(screen: Simulation, tmp_path: Path) -> None:
    write_study(screen, tmp_path, mechanism=True)
    write_patients(screen, tmp_path, patients=200)
    targets = pl.read_csv(tmp_path / "targets.csv")
    measured = pl.read_csv(tmp_path / "cohort" / "mrna.csv")
    assert set(measured["mrna"]) < set(targets["gene"])
    truth = pl.read_csv(tmp_path / "cohort" / "truth_targets.csv")
    assert truth.join(targets, on=["mirna", "gene"], how="anti").is_empty()
    strongest = truth["mirna"][0]
    mirna = pl.read_csv(tmp_path / "cohort" / "mirna.csv").filter(mirna=strongest).drop("mirna").row(0)
    genes = measured.filter(pl.col("mrna").is_in(truth.filter(mirna=strongest)["gene"].to_list())).drop("mrna")
    correlations = np.corrcoef(np.vstack([mirna, genes.to_numpy()]))[0, 1:]
    assert len(correlations) == 20
    assert (correlations < 0).mean() > 0.9


def test_a_screen_without_sensitizing_mimics_has_no_patients(screen: Simulation, tmp_path: Path) -> None:
    empty = Simulation(**{**vars(screen), "truth": screen.truth.with_columns(is_active=pl.lit(False))})
    assert cohort_design(empty) is None
    assert write_patients(empty, tmp_path) == []
