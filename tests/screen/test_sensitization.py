"""The test of sensitization as a step: every method on small screens, and what a design cannot support."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.screen.small_scores import TREATMENTS, planned, quiet_scores, small_settings, with_effect

from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.screen.design import simulate_scores
from sensitome.screen.sensitization import test_sensitization as run_test
from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS, sensitization_method
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.screen.simulation.scoring import score_against_truth
from sensitome.screen.three_way import three_way_effects
from sensitome.settings import Treatments
from sensitome.tables import Sensitizers, check_table

ARMS = Treatments(vehicle="vehicle")
ALL = sorted(SENSITIZATION_METHODS)
UNGROUPED = [name for name in ALL if not SENSITIZATION_METHODS[name].needs_groups]


def run(method: str, *, replicates: int = 2, seed: int = 1, **changes: object) -> pl.DataFrame:
    screen = planned(replicates, seed)
    return run_test(
        screen.scores,
        treatments=screen.treatments,
        method=method,
        settings=SensitizationSettings(**changes),
        expressed=screen.expressed,
        targets=screen.targets,
        families=screen.families,
    )


@pytest.mark.parametrize("method", ALL)
def test_every_method_answers_every_context_in_the_schema(method: str) -> None:
    table = run(method)
    assert table.height == 160 * 2 * 3
    assert table.select("reagent", "kind", "cell_line", "treatment").is_unique().all()
    check_table(table, Sensitizers, name="sensitizers")
    assert table["method"].unique().to_list() == [method]
    assert table["is_expressed"].null_count() == 110 * 6
    called = table.filter("is_sensitizer")
    assert (called["statistic"] < 0).all()
    assert set(called["class"].unique()) <= {"sensitizer", "toxic and sensitizing"}
    silent = table.filter(~pl.col("is_expressed"))
    assert not silent["is_sensitizer"].any(), "what cannot act is not called"


@pytest.mark.parametrize("method", ["heb", "mash", "ash", "moderated-t", "drugz", "regression", "robust-z", "ssmd"])
def test_planted_sensitizers_are_found(method: str) -> None:
    screen = planned(3, 2)
    found = run(method, replicates=3, seed=2)
    quality = score_against_truth(found, screen.truth, called="is_sensitizer", ranking="statistic").row(0, named=True)
    assert quality["recall"] > 0.7
    assert quality["average_precision"] > 0.7


@pytest.mark.parametrize("method", ["heb", "moderated-t", "rank-product", "replicate-contrast", "paired-t", "pi-score"])
def test_methods_with_an_error_rate_call_next_to_nothing_without_effects(method: str) -> None:
    scores = quiet_scores(reagents=200, replicates=3, lines=("A", "B"), arms=("vehicle", "T", "L"), seed=4)
    table = run_test(scores, treatments=ARMS, method=method)
    assert table["is_sensitizer"].sum() <= 1


@pytest.mark.parametrize(
    "method", ["robust-z", "drugz", "ratio", "regression", "moderated-t", "ash", "mash", "ssmd", "heb"]
)
@pytest.mark.parametrize("replicates", [2, 3])
def test_one_discordant_well_makes_no_call(method: str, replicates: int) -> None:
    scores = quiet_scores(reagents=150, replicates=replicates, arms=("vehicle", "T", "L"))
    broken = scores.with_columns(
        score_r1=pl.when((pl.col("reagent") == "r007") & (pl.col("treatment") == "T")).then(-6.0).otherwise("score_r1")
    )
    row = run_test(broken, treatments=ARMS, method=method).filter(reagent="r007", treatment="T")
    assert not row["is_sensitizer"][0]
    assert replicates == 3 or row["class"][0] == "artifact"


def test_a_shifted_plate_leaves_interactions_unchanged() -> None:
    scores = quiet_scores(arms=("vehicle", "T", "L"))
    moved = scores.with_columns(pl.col("score_r2") + 0.7)
    for method in ("moderated-t", "paired-t", "robust-z"):
        plain, shifted = (run_test(table, treatments=ARMS, method=method) for table in (scores, moved))
        np.testing.assert_allclose(plain["effect"], shifted["effect"], atol=1e-12)
        np.testing.assert_allclose(plain["p_value"], shifted["p_value"], rtol=1e-8)


def test_swapping_vehicle_and_drug_flips_the_sign() -> None:
    scores = quiet_scores()
    swapped = scores.with_columns(treatment=pl.col("treatment").replace({"vehicle": "T", "T": "vehicle"}))
    for method in ("moderated-t", "paired-t", "rank-product"):
        there, back = (run_test(table, treatments=ARMS, method=method) for table in (scores, swapped))
        np.testing.assert_allclose(back["effect"], -there["effect"].to_numpy(), atol=1e-12)
        np.testing.assert_allclose(back["p_value"], there["p_value"], rtol=1e-9)
        sure = (there["p_value"] < 1).to_numpy()
        np.testing.assert_allclose(back["statistic"].to_numpy()[sure], -there["statistic"].to_numpy()[sure], atol=1e-12)


def test_shuffled_rows_give_the_same_table() -> None:
    screen = planned()
    shuffled = screen.scores.sample(fraction=1.0, shuffle=True, seed=9)
    tables = [run_test(t, treatments=screen.treatments, method="moderated-t") for t in (screen.scores, shuffled)]
    assert tables[0].equals(tables[1])


def test_a_difference_of_significances_is_no_sensitizer() -> None:
    """−2.9 SD without and −3.1 SD with the drug. (The regression needs reagents that act, to know a slope.)"""
    scores = with_effect(quiet_scores(reagents=300), "r000", {"vehicle": -0.41, "T": -0.44})
    for method in ("moderated-t", "robust-z", "heb", "drugz"):
        row = run_test(scores, treatments=ARMS, method=method).filter(reagent="r000")
        assert not row["is_sensitizer"][0], method


def test_words_for_what_a_reagent_does() -> None:
    scores = quiet_scores(reagents=300, replicates=3)
    planted = {
        "r000": ({"T": -1.0}, "sensitizer", "quiet"),
        "r001": ({"vehicle": -1.0, "T": -2.0}, "toxic and sensitizing", "toxic"),
        "r002": ({"vehicle": -1.0, "T": 0.0}, "antagonist", "toxic"),
        "r003": ({"vehicle": -1.0, "T": -1.0}, "toxic alone", "toxic"),
        "r004": ({}, "additive", "quiet"),
        "r005": ({"vehicle": 0.8, "T": 0.8}, "additive", "protective"),
    }
    for name, (effects, _, _) in planted.items():
        scores = with_effect(scores, name, effects)
    table = run_test(scores, treatments=ARMS, method="moderated-t")
    for name, (_, word, alone) in planted.items():
        row = table.filter(reagent=name).row(0, named=True)
        assert (row["class"], row["alone"]) == (word, alone), name


def test_one_line_and_one_drug_in_one_replicate() -> None:
    scores = with_effect(quiet_scores(reagents=200, replicates=1), "r000", {"T": -2.0})
    for method in ("robust-z", "regression", "drugz", "ash", "ratio"):
        row = run_test(scores, treatments=ARMS, method=method).filter(reagent="r000")
        assert row["is_sensitizer"][0], method
        assert row["n"][0] == 1


def test_more_vehicle_replicates_are_used_without_blocks() -> None:
    scores = quiet_scores(replicates=4).with_columns(
        pl.when(pl.col("treatment") == "T").then(None).otherwise(name).alias(name) for name in ("score_r3", "score_r4")
    )
    with pytest.warns(Caution, match="arms with other replicates than their vehicle"):
        paired, free = (
            run_test(scores, treatments=ARMS, method="moderated-t", settings=SensitizationSettings(block=block))
            for block in (True, False)
        )
    width = [(table["ci_high"] - table["ci_low"]).median() for table in (paired, free)]
    assert width[1] < 0.95 * width[0]


def message(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


@pytest.mark.parametrize("method", [name for name in UNGROUPED if SENSITIZATION_METHODS[name].replicates > 1])
def test_one_replicate_is_refused_where_replicates_are_needed(method: str) -> None:
    with pytest.raises(MethodError) as error:
        run(method, replicates=1)
    record = sensitization_method(method)
    assert message(error) == (
        f"this design does not support {method!r} ({record.title}): found 1 replicate of vehicle and drug, expected "
        f"{record.needs}. Choose another method; those that need no replicates: heb, mash, robust-z."
    )


def test_few_reagents_are_refused() -> None:
    with pytest.raises(MethodError) as error:
        run_test(quiet_scores(reagents=8), treatments=ARMS, method="drugz")
    assert message(error) == (
        "this design does not support 'drugz' (sum of z over replicates, SD from reagents with a similar vehicle "
        "(drugZ)): found 8 reagents with vehicle and drug (at least 20 are needed), expected a library of at least 20 "
        "reagents; one replicate is enough. Choose another method."
    )


def test_rsa_without_targets_is_refused() -> None:
    with pytest.raises(MethodError) as error:
        run_test(quiet_scores(), treatments=ARMS, method="rsa")
    assert message(error) == (
        "this design does not support 'rsa' (redundant activity of the reagents of one gene or miRNA (RSA)): found no "
        "targets of the reagents, expected reagents joined by target; one replicate is enough. Choose another method."
    )


def test_constant_interactions_are_refused() -> None:
    scores = quiet_scores(replicates=1).with_columns(score_r1=pl.lit(0.5))
    with pytest.raises(MethodError) as error:
        run_test(scores, treatments=ARMS, method="robust-z")
    assert message(error) == (
        "interactions cannot be judged by 'robust-z': they do not vary. Check that the arms hold different plates, and "
        "that the readings are not rounded away.\n"
        "  interactions that vary between reagents in A, T."
    )


def test_an_unknown_method() -> None:
    with pytest.raises(MethodError) as error:
        run("limma")
    assert message(error).startswith("unknown test of sensitization: found 'limma', expected 'heb', 'mash', 'ash'")


def test_no_vehicle() -> None:
    with pytest.raises(LayoutError, match="sensitization cannot be tested without a vehicle arm"):
        run_test(quiet_scores(), treatments=Treatments(), method="robust-z")


def test_the_three_way_term_is_what_the_combination_adds() -> None:
    scores = quiet_scores(arms=("vehicle", "T", "L", "T+L"), replicates=3)
    scores = with_effect(scores, "r000", {"T": -0.5, "L": -0.5, "T+L": -2.0})
    scores = with_effect(scores, "r001", {"T": -0.5, "L": -0.5, "T+L": -1.0})
    table = three_way_effects(scores, treatments=TREATMENTS)
    assert table["treatment"].unique().to_list() == ["T+L"]
    rows = {row["reagent"]: row for row in table.to_dicts()}
    assert rows["r000"]["effect"] == pytest.approx(-1.0, abs=0.35)
    assert rows["r000"]["q_value"] < 0.05
    assert rows["r001"]["effect"] == pytest.approx(0.0, abs=0.35)


@pytest.mark.parametrize("replicates", [1, 3])
def test_a_further_arm_that_a_line_lacks_leaves_its_three_way_term(replicates: int) -> None:
    scores = quiet_scores(arms=("vehicle", "T", "L", "T+L", "X"), lines=("A", "B"), replicates=replicates)
    in_b = pl.col("cell_line") == "B"
    table = three_way_effects(scores.filter(~(in_b & (pl.col("treatment") == "X"))), treatments=TREATMENTS)
    assert table["effect"].null_count() == 0
    table = three_way_effects(scores.filter(~(in_b & (pl.col("treatment") == "L"))), treatments=TREATMENTS)
    assert dict(table.group_by("cell_line").agg(pl.col("effect").null_count()).iter_rows()) == {"A": 0, "B": 60}


def test_the_three_way_term_of_one_replicate_has_no_interval() -> None:
    scores = quiet_scores(arms=("vehicle", "T", "L", "T+L"), replicates=1)
    scores = with_effect(scores, "r000", {"T": -1.0, "L": -1.0, "T+L": -3.0})
    table = three_way_effects(scores, treatments=TREATMENTS)
    assert table["effect"].null_count() == 0
    assert table.row(by_predicate=pl.col("reagent") == "r000", named=True)["effect"] == pytest.approx(-1.0, abs=0.5)
    assert table["p_value"].null_count() == table.height


def test_the_three_way_term_needs_a_combination() -> None:
    with pytest.raises(MethodError) as error:
        three_way_effects(quiet_scores(), treatments=ARMS)
    assert message(error) == (
        "three-way effects need a combination of drugs: found no treatments.combinations. Write "
        'treatments.combinations = { "A+B" = ["A", "B"] } in study.toml.'
    )


@pytest.mark.parametrize("method", ["moderated-t", "heb", "robust-z"])
def test_the_coverage_of_intervals_changes_neither_shrunk_effects_nor_classes_much(method: str) -> None:
    wide, narrow = run(method, replicates=3, level=0.95), run(method, replicates=3, level=0.6)
    known = wide["shrunk_effect"].is_not_null()
    shift = (wide["shrunk_effect"] - narrow["shrunk_effect"]).filter(known).abs()
    assert shift.mean() < 0.005
    same = (wide["class"] == narrow["class"]).mean()
    assert same > 0.95
    ratio = ((narrow["ci_high"] - narrow["ci_low"]) / (wide["ci_high"] - wide["ci_low"])).median()
    assert ratio == pytest.approx(0.43 if method == "moderated-t" else 1.0, abs=0.02)


def test_tiers_follow_the_local_rate_of_what_is_tested() -> None:
    table = run("heb", replicates=3, seed=2)
    asked = table.filter(pl.col("is_expressed").fill_null(value=True))
    rate, tier = asked["local_rate"].to_numpy(), asked["tier"].fill_null(4).to_numpy()
    np.testing.assert_array_equal(tier, 1 + np.searchsorted([0.05, 0.2, 0.5], rate, side="left"))
    assert table.filter(~pl.col("is_expressed"))["tier"].null_count() == table.filter(~pl.col("is_expressed")).height
    assert (table.filter("is_sensitizer")["tier"] <= 2).all()
    assert run("moderated-t")["tier"].null_count() == 160 * 6


@pytest.mark.parametrize("method", ALL)
def test_every_record_is_complete(method: str) -> None:
    record = sensitization_method(method)
    for field in ("title", "formula", "statistic", "needs", "promise", "reference", "proof"):
        assert getattr(record, field).strip(), field
    assert "doi:" in record.reference


def test_the_list_of_the_moderated_t_holds_its_false_discovery_rate() -> None:
    shares = []
    for seed in range(10, 22):
        screen = simulate_scores(small_settings(replicates=3, **{"noise.artifact_share": 0.0}), seed=seed)
        table = run_test(screen.scores, treatments=screen.treatments, method="moderated-t")
        quality = score_against_truth(table, screen.truth, called="is_sensitizer").row(0, named=True)
        shares.append(quality["false_share"])
    # Background interactions of the simulation count as false, although they are there.
    assert np.mean(shares) < 0.1 + 3 * np.std(shares) / np.sqrt(len(shares))


@pytest.mark.parametrize("method", ["robust-z", "regression", "drugz", "moderated-t", "rank-product"])
def test_p_is_uniform_under_normal_noise(method: str) -> None:
    table = run_test(quiet_scores(reagents=2500, replicates=2, seed=12), treatments=ARMS, method=method)
    for level in (0.05, 0.5):
        share = (table["p_value"] <= level).mean()
        assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 2500) + 0.004)


@pytest.mark.parametrize("members", [2, 60])
def test_families_with_gaps_and_families_of_sixty(members: int) -> None:
    """Some mimics have no sequence, and so no family; one family is as large as half of the library."""
    scores = quiet_scores(reagents=120, arms=("vehicle", "T", "L"))
    scores = with_effect(with_effect(scores, "r000", {"T": -1.0, "L": -1.0}), "r001", {"T": -1.0, "L": -1.0})
    names = scores["reagent"].unique().sort()
    families = pl.DataFrame({"reagent": names, "kind": "mimic"}).with_row_index("i")
    families = families.with_columns(
        seed_family=pl.when(pl.col("i") < members).then(pl.lit("AGCACCA")).when(pl.col("i") < 100).then("reagent")
    )
    table = run_test(scores, treatments=ARMS, method="heb", families=families)
    found = table.filter(pl.col("is_sensitizer"))
    assert set(found["reagent"]) == {"r000", "r001"}


def test_a_well_that_the_model_takes_for_wrong_is_an_artifact() -> None:
    scores = quiet_scores(reagents=400, replicates=1, arms=("vehicle", "T", "L"), lines=("A", "B"))
    for name in ("r000", "r001", "r002", "r003"):
        scores = with_effect(scores, name, {"vehicle": 2.5}, "A")
    table = run_test(scores, treatments=ARMS, method="heb").filter(reagent="r000", cell_line="A")
    assert table["class"].to_list() == ["artifact", "artifact"]
