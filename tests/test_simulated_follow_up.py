"""A simulated study with validation plates and slides: reagents by their truth, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.io.study_file import read_study
from sensitome.screen.simulation.files import write_study
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import Simulation, simulate_screen
from sensitome.simulated_follow_up import choose_reagents, follow_up_files, write_follow_up


@pytest.fixture(scope="module")
def screen() -> Simulation:
    return simulate_screen(scenario("small"), seed=4)


def test_reagents_are_chosen_by_their_truth_and_no_name_twice(screen: Simulation) -> None:
    chosen = choose_reagents(screen, sizes=(6, 2, 4))
    names = [name for name, _ in chosen.reagents]
    truth = screen.truth.filter((pl.col("cell_line") == "KPL4") & pl.col("is_active"))
    active = set(truth.select("reagent", "kind").unique().rows())
    taken = sum(reagent in active for reagent in chosen.reagents)
    assert taken == min(6, len({name for name, _ in active}))
    assert len(names) == len(set(names)) == taken + 2 + 4
    assert chosen.interaction.shape == (len(names), 4)
    assert (chosen.interaction[:, 0] == 0).all()
    assert chosen.alone.min() < -0.3


def test_the_study_names_its_follow_up_and_the_bytes_are_the_same(screen: Simulation, tmp_path: Path) -> None:
    write_study(screen, tmp_path)
    paths = write_follow_up(screen, tmp_path)
    study = read_study(tmp_path)
    assert study.inputs.validation_plates == "validation/validation_plates.csv"
    assert study.inputs.slides == "protein/slides.csv"
    assert {path.name for path in paths} >= {"V1_r1.csv", "slide_01.gpr", "validation_truth.csv", "proteins_truth.csv"}
    assert follow_up_files(screen) == follow_up_files(screen)


def test_a_screen_of_one_arm_has_no_follow_up(screen: Simulation, tmp_path: Path) -> None:
    design = screen.settings.design.model_copy(update={"arms": screen.settings.design.arms[:1]})
    settings = screen.settings.model_copy(update={"design": design})
    lone = Simulation(**{**vars(screen), "settings": settings})
    assert write_follow_up(lone, tmp_path) == []
