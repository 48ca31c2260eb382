"""Planning: noise of a pilot is found again, power grows with replicates, plates are counted."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import small_settings

from sensitome.errors import ControlError, MethodError, TableError
from sensitome.screen.design import count_plates, plan_screen, simulate_scores
from sensitome.screen.pilot import estimate_noise
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.settings import SimulationSettings
from sensitome.screen.simulation.simulate import simulate_screen


@pytest.fixture(scope="module")
def pilot_wells() -> pl.DataFrame:
    settings = scenario("small", replicates=3).changed(
        {"surface.scale": 0.0, "noise.well_sd": 0.2, "noise.transfection_sd": 0.15, "noise.variance_df": None}
    )
    return simulate_screen(settings, seed=5).wells


def test_the_noise_of_a_pilot_is_found_again(pilot_wells: pl.DataFrame) -> None:
    noise = estimate_noise(pilot_wells)
    assert noise.source == "replicates"
    assert noise.well_sd == pytest.approx(0.2, rel=0.06)
    assert noise.transfection_sd == pytest.approx(0.15, rel=0.12)
    assert noise.plate_sd == pytest.approx(0.25, rel=0.3)
    assert noise.artifact_share == pytest.approx(0.01, abs=0.012)
    assert noise.missing_share == pytest.approx(0.012, abs=0.008)
    assert noise.level == pytest.approx(17.6, abs=0.5)


def test_a_pilot_of_one_replicate_uses_its_controls(pilot_wells: pl.DataFrame) -> None:
    noise = estimate_noise(pilot_wells.filter(replicate=1))
    assert noise.source == "negatives"
    assert noise.well_sd == pytest.approx(0.25, rel=0.3)
    assert noise.transfection_sd is None
    assert noise.batch_sd is None


def test_the_noise_goes_into_the_settings(pilot_wells: pl.DataFrame) -> None:
    noise = estimate_noise(pilot_wells)
    settings = noise.applied(SimulationSettings())
    assert settings.noise.well_sd == noise.well_sd
    assert settings.surface.scale == 0
    assert settings.design == SimulationSettings().design


def test_a_pilot_without_replicates_and_controls(pilot_wells: pl.DataFrame) -> None:
    alone = pilot_wells.filter((pl.col("replicate") == 1) & (pl.col("role").cast(pl.String) == "sample"))
    with pytest.raises(ControlError) as error:
        estimate_noise(alone)
    assert str(error.value) == (
        "the noise of a well cannot be told from this pilot: found one replicate, and no plate with two negative "
        "controls, expected replicates, or two negative controls of one class on a plate."
    )


def test_a_pilot_without_a_column(pilot_wells: pl.DataFrame) -> None:
    with pytest.raises(TableError, match=r"table 'wells' lacks columns: found columns .* expected 'signal'"):
        estimate_noise(pilot_wells.drop("signal"))


def test_simulated_scores_follow_the_truth() -> None:
    screen = simulate_scores(small_settings(replicates=3), seed=4)
    wide = screen.scores.filter(role="sample").pivot(
        on="treatment", index=["reagent", "kind", "cell_line"], values="score"
    )
    drug = "trastuzumab+lapatinib"
    joined = wide.with_columns(d=pl.col(drug) - pl.col("vehicle")).join(
        screen.truth.filter(treatment=drug), on=["reagent", "kind", "cell_line"]
    )
    active = joined.filter("is_active")
    assert (active["d"] - active["delta"]).abs().mean() < 0.3
    assert joined.select(pl.corr("d", "delta")).item() > 0.6


def test_extra_vehicle_replicates_are_in_the_vehicle_alone() -> None:
    screen = simulate_scores(small_settings(replicates=2), seed=4, vehicle_replicates=3)
    third = screen.scores.filter(role="sample").group_by("treatment").agg(pl.col("score_r3").count() > 0)
    assert sorted(third.filter("score_r3")["treatment"]) == ["vehicle"]


def test_power_grows_with_replicates_and_with_the_vehicle() -> None:
    settings = small_settings()
    table = plan_screen(
        settings, method="moderated-t", replicates=(1, 2, 3), sizes=(1.0,), screens=3, vehicle_replicates=(None, 4)
    )
    rows = {(row["replicates"], row["vehicle_replicates"]): row for row in table.to_dicts()}
    assert rows[1, 1]["recall"] is None
    assert rows[1, 1]["refused"].startswith("this design does not support 'moderated-t'")
    assert rows[2, 2]["recall"] < rows[3, 3]["recall"]
    assert rows[2, 2]["recall"] < rows[2, 4]["recall"]
    assert rows[3, 3]["false_share"] < 0.3
    assert rows[2, 4]["plates"] == count_plates(settings.changed({"design.replicates": 2}), vehicle_replicates=4)
    assert rows[2, 2]["screens"] == 3


def test_plates_are_counted() -> None:
    assert count_plates(SimulationSettings()) == len(simulate_screen(seed=1).plate_list)
    # six library plates × two lines × (4 vehicle + 3 drugs × 2)
    assert count_plates(SimulationSettings(), vehicle_replicates=4) == 6 * 2 * (4 + 6)


def test_planning_with_an_unknown_method() -> None:
    with pytest.raises(MethodError, match="unknown test of sensitization: found 't-test'"):
        plan_screen(small_settings(), method="t-test")
