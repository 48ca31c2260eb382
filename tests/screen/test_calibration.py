"""The chance of calls under new noise, calls by chance alone, and effects without the winner's curse."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores, with_effect

from sensitome.errors import MethodError
from sensitome.io.study_file import read_preset
from sensitome.screen.calibration import call_probability, shrink_effects
from sensitome.screen.effects import effect_cube
from sensitome.screen.hits import call_hits
from sensitome.screen.null_screen import null_calls, null_scores
from sensitome.screen.sensitization import test_sensitization as run_test
from sensitome.settings import HitSettings, Treatments

ARMS = Treatments(vehicle="vehicle")
RULE = HitSettings(**{**read_preset("normann2021")["hits"], "expression": "off"})


def complete(scores: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in scores.columns if name.startswith("score_r")]
    return scores.with_columns(score=pl.mean_horizontal(names), n=pl.lit(len(names), pl.Int32))


def test_certain_calls_are_called_again_and_marginal_ones_half_of_the_time() -> None:
    scores = with_effect(quiet_scores(reagents=300), "r000", {"T": -1.0})
    at_the_edge = (pl.col("reagent") == "r001") & (pl.col("treatment") == "T")
    scores = scores.with_columns(
        pl.when(at_the_edge).then(-0.28).otherwise(name).alias(name) for name in ("score_r1", "score_r2")
    )
    table = call_probability(complete(scores), settings=RULE, treatments=ARMS, rounds=100)
    chance = dict(table.select("reagent", "p_call").iter_rows())
    assert chance["r000"] > 0.95
    assert 0.05 < chance["r001"] < 0.95
    assert table.filter(~pl.col("is_hit"))["p_call"].mean() < 0.02
    assert table["rounds"].unique().to_list() == [100]


def test_the_bootstrap_repeats_itself() -> None:
    scores = complete(quiet_scores(reagents=50))
    tables = [call_probability(scores, settings=RULE, treatments=ARMS, rounds=20, seed=5) for _ in range(2)]
    assert tables[0].equals(tables[1])


def test_one_replicate_borrows_the_noise_of_the_interactions() -> None:
    scores = complete(with_effect(quiet_scores(reagents=300, replicates=1), "r000", {"T": -3.0}))
    table = call_probability(scores, settings=RULE, treatments=ARMS, rounds=30)
    assert table.filter(reagent="r000")["p_call"][0] > 0.9


def test_readings_that_do_not_vary_have_no_noise() -> None:
    scores = complete(quiet_scores(reagents=30, replicates=1).with_columns(score_r1=pl.lit(0.5)))
    with pytest.raises(MethodError) as error:
        call_probability(scores, settings=RULE, treatments=ARMS, rounds=5)
    assert str(error.value) == (
        "the noise of a well cannot be told from these scores: found readings that do not vary, expected two "
        "replicates, or a vehicle and a drug arm."
    )


def test_a_null_screen_keeps_toxicity_noise_and_gaps_and_loses_interactions() -> None:
    screen = planned(3, 2)
    before = effect_cube(screen.scores, treatments=screen.treatments)
    null = null_scores(screen.scores, treatments=screen.treatments, seed=1)
    after = effect_cube(null, treatments=screen.treatments)
    assert null.columns == screen.scores.columns
    assert null.height == screen.scores.height
    general = [np.nanmean(cube.values, axis=(2, 3)) for cube in (before, after)]
    assert np.corrcoef(general[0].ravel(), general[1].ravel())[0, 1] > 0.9
    spread = [np.nanmedian(np.nanstd(cube.values, axis=3, ddof=1)) for cube in (before, after)]
    assert spread[1] == pytest.approx(spread[0], rel=0.15)
    called = run_test(null, treatments=screen.treatments, method="moderated-t")["is_sensitizer"].sum()
    assert called <= 3


def test_a_null_screen_is_the_same_for_the_same_seed() -> None:
    screen = planned()
    tables = [null_scores(screen.scores, treatments=screen.treatments, seed=seed) for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_calls_by_chance_are_estimated_well_where_there_is_nothing() -> None:
    scores = complete(quiet_scores(reagents=500, replicates=3, arms=("vehicle", "T", "L"), seed=8))

    def call(table: pl.DataFrame) -> pl.DataFrame:
        return call_hits(complete(table), settings=RULE.model_copy(update={"k": 2.0}), treatments=ARMS)

    found = null_calls(scores, call, treatments=ARMS, called="is_hit", rounds=8)
    assert found["expected"] == pytest.approx(found["calls"], abs=4 * np.sqrt(found["calls"]))
    assert found["p_value"] > 0.05
    assert 0 < found["false_share"] <= 1


def test_a_null_screen_needs_replicates() -> None:
    with pytest.raises(MethodError) as error:
        null_scores(quiet_scores(replicates=1), treatments=ARMS, seed=1)
    assert str(error.value) == (
        "a null screen cannot be made from one replicate: found 1 replicate, expected two replicates or more: what "
        "they share is taken for real."
    )


def test_shrunk_effects_do_not_exaggerate() -> None:
    screen = planned(2, 3)
    table = run_test(screen.scores, treatments=screen.treatments, method="moderated-t")
    shrunk = shrink_effects(table).join(screen.truth, on=["reagent", "kind", "cell_line", "treatment"])
    strongest = shrunk.sort("statistic").head(40)
    error = {name: float((strongest[name] - strongest["delta"]).abs().mean()) for name in ("effect", "shrunk_effect")}
    assert error["shrunk_effect"] < error["effect"]
    everything = shrunk.drop_nulls("shrunk_effect")
    assert (everything["shrunk_effect"].abs() <= everything["effect"].abs() + 1e-9).all()


def test_effects_without_intervals_cannot_be_shrunk() -> None:
    with pytest.raises(MethodError) as error:
        shrink_effects(run_test(quiet_scores(), treatments=ARMS, method="ratio"))
    assert str(error.value) == (
        "effects without intervals cannot be shrunk: found no interval from 'ratio', expected a method that gives "
        "intervals, such as 'moderated-t' or 'heb'."
    )
