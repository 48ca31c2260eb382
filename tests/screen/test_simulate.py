"""Simulated screens: the paper's design, reproducible, with a truth that can be found again."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from sensitome.errors import LayoutError, MethodError, SettingsError
from sensitome.screen.simulation.scenarios import SCENARIOS, scenario
from sensitome.screen.simulation.settings import Arm, Design, Pattern, ReagentKind, SimulationSettings
from sensitome.screen.simulation.simulate import Simulation, simulate_screen
from sensitome.tables import PlateList, Wells, check_table

QUIET = {
    "surface.scale": 0.0,
    "noise.batch_sd": 0.0,
    "noise.plate_sd": 0.0,
    "noise.well_sd": 0.0,
    "noise.transfection_sd": 0.0,
    "noise.artifact_share": 0.0,
    "noise.missing_share": 0.0,
    "noise.lost_row_share": 0.0,
    "noise.reader_background": 0.0,
    "noise.reader_sd": 0.0,
}
KEY = ["reagent", "kind", "cell_line"]


@pytest.fixture(scope="module")
def screen() -> Simulation:
    return simulate_screen(seed=7)


def sensitizers(simulation: Simulation) -> pl.DataFrame:
    return simulation.truth.filter("is_sensitizer").unique(["reagent", "kind"], maintain_order=True)


def log2_samples(simulation: Simulation) -> pl.DataFrame:
    samples = simulation.wells.filter(pl.col("role") == "sample")
    return samples.select(*KEY, "treatment", "replicate", "plate", x=pl.col("signal").log(2))


def test_the_default_library_is_that_of_the_paper(screen: Simulation) -> None:
    samples = screen.library.filter(pl.col("role") == "sample")
    assert dict(samples["kind"].value_counts().iter_rows()) == {"mimic": 810, "inhibitor": 816}
    assert samples["library_plate"].unique(maintain_order=True).to_list() == [f"L{i}" for i in range(1, 7)]
    assert samples.group_by("library_plate", maintain_order=True).len()["len"].to_list() == [270] * 3 + [272] * 3
    columns = screen.wells.filter(pl.col("role") == "sample")["column"]
    assert (columns.min(), columns.max()) == (3, 22)
    assert screen.plate_list.height == 2 * 4 * 2 * 6


def test_each_plate_has_controls_of_every_class(screen: Simulation) -> None:
    plate = screen.library.filter(pl.col("library_plate") == "L4")
    roles = dict(plate["role"].value_counts().iter_rows())
    assert roles == {"sample": 272, "negative": 36, "positive": 8, "untreated": 8, "empty": 60}
    negative = plate.filter(pl.col("role") == "negative")
    assert negative["reagent"].n_unique() == 9
    assert set(negative["control_class"]) == {"mimic", "inhibitor", "siRNA"}


def test_tables_keep_their_schemas(screen: Simulation) -> None:
    check_table(screen.plate_list, PlateList, name="plate list")
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in ("log2_signal", "fitted", "normalized")]
    check_table(screen.wells.with_columns(nothing), Wells, name="wells")


def test_controls_read_as_their_roles_say(screen: Simulation) -> None:
    level = dict(
        screen.wells.group_by("role")
        .agg(pl.col("signal").log(2).median())
        .with_columns(pl.col("role").cast(str))
        .rows()
    )
    assert level["positive"] < level["negative"] - 3
    assert level["empty"] < level["positive"] - 3
    assert abs(level["untreated"] - level["negative"]) < 0.2


def test_the_same_seed_gives_the_same_screen(screen: Simulation) -> None:
    again, other = simulate_screen(seed=7), simulate_screen(seed=8)
    for name in ("wells", "library", "plate_list", "expressed", "truth"):
        assert_frame_equal(getattr(again, name), getattr(screen, name), check_exact=True)
    assert not other.wells["signal"].equals(screen.wells["signal"])


def test_more_replicates_change_neither_truth_nor_earlier_replicates(screen: Simulation) -> None:
    more = simulate_screen(scenario("main", replicates=4), seed=7)
    assert_frame_equal(more.truth, screen.truth, check_exact=True)
    assert_frame_equal(more.library, screen.library)
    assert_frame_equal(more.wells.filter(pl.col("replicate") <= 2), screen.wells, check_exact=True)


def test_noise_settings_do_not_change_the_truth(screen: Simulation) -> None:
    for name in ("t4noise", "out3", "hetero", "spatial2x", "noisy"):
        assert_frame_equal(simulate_screen(scenario(name), seed=7).truth, screen.truth, check_exact=True)


def test_forty_sensitizers_in_about_120_contexts() -> None:
    screens = [simulate_screen(scenario("main", replicates=1), seed=seed) for seed in range(12)]
    assert [sensitizers(one).height for one in screens] == [40] * 12
    kinds = sensitizers(screens[0])["kind"].value_counts()
    assert dict(kinds.iter_rows()) == {"mimic": 32, "inhibitor": 8}
    active = [one.truth["is_active"].sum() for one in screens]
    assert 105 < np.mean(active) < 130


def test_half_of_the_mimic_sensitizers_have_a_seed_mate_with_the_same_pattern(screen: Simulation) -> None:
    mimics = screen.truth.filter("is_sensitizer", pl.col("kind") == "mimic")
    patterns = mimics.group_by("seed_family", "reagent", maintain_order=True).agg("is_active")
    families = patterns.group_by("seed_family").agg(
        pl.len().alias("n"), pl.col("is_active").n_unique().alias("patterns")
    )
    assert families["patterns"].to_list() == [1] * families.height
    assert 16 <= families.filter(pl.col("n") > 1)["n"].sum() <= 18
    assert families["n"].max() <= 3


def test_seed_mates_share_nucleotides_2_to_8_and_no_sequence_occurs_twice(screen: Simulation) -> None:
    mimics = screen.library.filter(pl.col("kind") == "mimic", pl.col("role") == "sample")
    assert mimics["sequence"].str.len_chars().unique().to_list() == [22]
    assert mimics["sequence"].n_unique() == 810
    named = mimics.join(screen.truth.select("reagent", "kind", "seed_family").unique(), on=["reagent", "kind"])
    assert (named["sequence"].str.slice(1, 7) == named["seed_family"]).all()
    assert 450 < named["seed_family"].n_unique() < 640
    inhibitors = screen.truth.filter(pl.col("kind") == "inhibitor")
    assert inhibitors["seed_family"].null_count() == inhibitors.height


def test_inhibitor_sensitizers_have_targets_that_every_line_expresses(screen: Simulation) -> None:
    inhibitors = sensitizers(screen).filter(pl.col("kind") == "inhibitor")
    expressed = screen.expressed.filter(pl.col("target").is_in(inhibitors["reagent"].implode()))
    assert expressed["expressed"].all()
    assert 0.40 < screen.expressed["expressed"].mean() < 0.50


def test_without_noise_the_planted_effects_are_read_back() -> None:
    quiet = simulate_screen(scenario("main", replicates=1).changed(QUIET), seed=3)
    wells = log2_samples(quiet)
    vehicle = wells.filter(pl.col("treatment") == "vehicle").select(*KEY, vehicle="x")
    negative = quiet.wells.filter(pl.col("role") == "negative")
    control = negative.group_by("cell_line", "treatment").agg(pl.col("signal").log(2).mean().alias("control"))
    alone = control.filter(pl.col("treatment") == "vehicle").select("cell_line", untouched="control")
    read = (
        quiet.truth.join(wells, on=[*KEY, "treatment"])
        .join(vehicle, on=KEY)
        .join(control, on=["cell_line", "treatment"])
        .join(alone, on="cell_line")
    )
    # Readings are whole counts, so the smallest of them carry some 1e-4 of rounding.
    assert read.height == quiet.truth.height
    np.testing.assert_allclose(read["vehicle"] - read["untouched"], read["main_effect"], atol=5e-4)
    delta = (read["x"] - read["control"]) - (read["vehicle"] - read["untouched"])
    np.testing.assert_allclose(delta, read["delta"], atol=5e-4)


def test_drugs_alone_act_as_in_the_paper() -> None:
    quiet = simulate_screen(scenario("null", replicates=1).changed(QUIET | {"effects.floor": 0.0}), seed=3)
    negative = quiet.wells.filter(pl.col("role") == "negative", pl.col("cell_line") == "KPL4")
    level = negative.group_by("treatment", maintain_order=True).agg(pl.col("signal").first())["signal"]
    np.testing.assert_allclose(level / level[0], [1.0, 0.96, 0.83, 0.67], rtol=1e-5)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_can_be_simulated(name: str) -> None:
    small = SimulationSettings().changed({"design.lines": ("KPL4",), "design.replicates": 1})
    simulation = simulate_screen(scenario(name, replicates=1, base=small), seed=1)
    assert simulation.wells.height == (12 * 96 if name == "small" else 24 * 384)


def test_scenarios_change_the_truth_as_they_say(screen: Simulation) -> None:
    def truth(name: str) -> pl.DataFrame:
        return simulate_screen(scenario(name, replicates=1), seed=7).truth

    assert truth("null").select(pl.col("is_active", "is_sensitizer").any()).row(0) == (False, False)
    antagonists = truth("antag40").filter("is_antagonist")
    assert antagonists.unique(["reagent", "kind"]).height == 40
    assert not antagonists["is_active"].any()
    assert antagonists["delta"].max() > 0.5
    assert truth("high_hit_rate").filter("is_sensitizer").unique(["reagent", "kind"]).height == 150
    quiet = ~pl.col("is_sensitizer")
    spread = pl.col("delta").std()
    main_spread = screen.truth.filter(quiet, pl.col("kind") == "mimic").select(spread).item()
    doubled = truth("bg2x").filter(quiet, pl.col("kind") == "mimic").select(spread).item()
    assert doubled / main_spread == pytest.approx(2, abs=0.1)
    tail = truth("heavytail")["main_effect"].quantile(0.01) / screen.truth["main_effect"].quantile(0.01)
    assert tail == pytest.approx(1.7, abs=0.15)
    toxic = screen.truth["main_effect"] < -0.6
    change = (truth("slopeup")["delta"] - screen.truth["delta"]).filter(
        toxic & (screen.truth["treatment"] == "lapatinib")
    )
    assert change.max() < 0
    assert truth("compression")["main_effect"].min() > np.log2(0.10)
    assert truth("all_toxic").filter("is_sensitizer")["main_effect"].max() < 0.1


def test_random_patterns_leave_the_biological_ones() -> None:
    truth = simulate_screen(scenario("randpat", replicates=1), seed=7).truth.filter("is_sensitizer")
    patterns = truth.group_by("reagent", "kind").agg("is_active")["is_active"].to_list()
    assert all(any(pattern) for pattern in patterns)
    product = {(False, True, True) * 2, (False, True, True) + (False,) * 3, (False,) * 3 + (False, True, True)}
    assert sum(tuple(pattern) in product for pattern in patterns) < 15


def test_scenarios_change_the_noise_as_they_say() -> None:
    def residuals(name: str) -> np.ndarray:
        wells = log2_samples(simulate_screen(scenario(name), seed=7))
        wells = wells.with_columns(pl.col("x") - pl.col("x").median().over("plate"))
        pairs = wells.pivot(on="replicate", index=[*KEY, "treatment"], values="x").drop_nulls()
        return (pairs["1"] - pairs["2"]).to_numpy() / np.sqrt(2)

    def robust(x: np.ndarray) -> float:
        return float(1.4826 * np.median(np.abs(x)))

    flat = residuals("no_artifacts")
    assert robust(residuals("spatial2x")) > robust(residuals("main")) > robust(flat) > 0.13
    assert robust(residuals("noisy")) > 1.2 * robust(residuals("main"))
    far = {name: float(np.mean(np.abs(residuals(name)) > 0.8)) for name in ("main", "out3", "no_outliers")}
    assert far["out3"] > 2 * far["main"] > 4 * far["no_outliers"]


def test_missing_wells_are_null_and_flagged(screen: Simulation) -> None:
    samples = screen.wells.filter(pl.col("role") == "sample")
    missing = samples["signal"].is_null()
    assert 0.007 < missing.mean() < 0.016
    assert (samples["flags"] == "no_reading").equals(missing)
    others = screen.wells.filter(pl.col("role") != "sample")
    assert others["signal"].null_count() == 0
    everywhere = simulate_screen(scenario("main", replicates=1).changed({"noise.control_faults": True}), seed=7)
    assert everywhere.wells.filter(pl.col("role") == "negative")["signal"].null_count() > 0


@settings(deadline=None, max_examples=8)
@given(
    wells=st.sampled_from([96, 384, 1536]),
    lines=st.integers(1, 3),
    doses=st.integers(0, 3),
    count=st.integers(1, 400),
    seed=st.integers(0, 2**32),
)
def test_any_design_lays_every_reagent_once_in_every_arm(
    wells: int, lines: int, doses: int, count: int, seed: int
) -> None:
    design = Design(
        lines=tuple(f"line {i}" for i in range(lines)),
        arms=(
            Arm(name="DMSO"),
            *(Arm(name=f"dose {i}", drugs=("drug",), viability=(0.9 - i / 5,)) for i in range(doses)),
        ),
        kinds=(ReagentKind(name="siRNA", count=count),),
        replicates=1,
        plate_wells=wells,  # type: ignore[arg-type]
    )
    asked = SimulationSettings(design=design).changed({"effects.sensitizers": {"siRNA": 1 if doses else 0}})
    simulation = simulate_screen(asked, seed=seed)
    samples = simulation.wells.filter(pl.col("role") == "sample")
    times = samples.group_by("reagent", "cell_line", "treatment").len()
    assert times["len"].to_list() == [1] * count * lines * (doses + 1)
    assert simulation.truth.height == count * lines * doses
    assert simulation.wells.select("plate", "well").is_duplicated().any() is False


def test_own_patterns_are_followed() -> None:
    patterns = (Pattern(arms=("trastuzumab",), lines="one"),)
    truth = simulate_screen(
        SimulationSettings().changed({"effects.patterns": patterns, "effects.first_line_share": 1.0}), seed=2
    )
    active = truth.truth.filter("is_active")
    assert active.select("cell_line", "treatment").unique().rows() == [("KPL4", "trastuzumab")]
    assert active.height == 40


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(MethodError) as caught:
        scenario("maim")
    names = ", ".join(f"'{name}'" for name in list(SCENARIOS)[:-1])
    expected = f"unknown scenario: found 'maim', expected {names} or 'heavytail'. Did you mean 'main'?"
    assert str(caught.value) == expected


def test_too_many_controls_are_refused() -> None:
    crowded = SimulationSettings().changed({"design.plate_wells": 96, "design.negatives": 16})
    with pytest.raises(LayoutError) as caught:
        simulate_screen(crowded, seed=1)
    assert str(caught.value) == (
        "too many control wells: found 16 negative, 4 positive and 2 untreated, "
        "expected at most 16 in all on a plate of 96 wells. Take fewer, or a larger plate."
    )


def test_too_many_sensitizers_are_refused() -> None:
    greedy = SimulationSettings().changed({"effects.sensitizers": {"mimic": 811}})
    with pytest.raises(SettingsError) as caught:
        simulate_screen(greedy, seed=1)
    assert str(caught.value) == (
        "too many sensitizers of kind 'mimic': found 811, expected at most 810 "
        "(those in the library whose target is expressed)."
    )


def test_a_pattern_of_unknown_arms_is_refused() -> None:
    wrong = SimulationSettings().changed({"effects.patterns": (Pattern(arms=("neratinib",)),)})
    with pytest.raises(SettingsError) as caught:
        simulate_screen(wrong, seed=1)
    assert str(caught.value) == (
        "a pattern of sensitizers names an arm that the design does not have: found 'neratinib', "
        "expected drug arms: 'trastuzumab', 'lapatinib' or 'trastuzumab+lapatinib'."
    )


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"noise\.well_sdd"):
        SimulationSettings().changed({"noise.well_sdd": 0.1})
    with pytest.raises(ValidationError, match="a first arm without drugs, the vehicle"):
        Design(arms=(Arm(name="drug", drugs=("drug",)),))
