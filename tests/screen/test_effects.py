"""Scores as cubes: by key, whatever the order of the rows; and what cannot be a cube says why."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.screen.small_scores import planned, quiet_scores

from sensitome.errors import Caution, ControlError, LayoutError, MethodError, TableError
from sensitome.screen.effects import control_cube, effect_cube
from sensitome.settings import Treatments

ARMS = Treatments(vehicle="vehicle")


def controls(classes: dict[str, float], lines: tuple[str, ...] = ("A",)) -> pl.DataFrame:
    rows = [
        {"reagent": f"NC {name}", "kind": name, "cell_line": line, "treatment": arm, "control_class": name, "x": level}
        for name, level in classes.items()
        for line in lines
        for arm in ("vehicle", "T")
    ]
    return pl.DataFrame(rows).select(
        "reagent",
        "cell_line",
        "treatment",
        "kind",
        pl.lit("controls").alias("position"),
        pl.lit("negative").alias("role"),
        "control_class",
        pl.col("x").alias("score_r1"),
        (pl.col("x") + 0.2).alias("score_r2"),
    )


def test_every_value_is_found_again_by_its_key() -> None:
    scores = quiet_scores(lines=("A", "B"), arms=("vehicle", "T", "L"))
    cube = effect_cube(scores, treatments=ARMS)
    assert cube.arms == ("vehicle", "L", "T")
    assert cube.values.shape == (60, 2, 3, 2)
    row = scores.filter(reagent="r007", cell_line="B", treatment="T")
    assert cube.values[7, 1, 2].tolist() == list(row.select("score_r1", "score_r2").row(0))
    rows = cube.rows({"x": cube.values[:, :, 1:, 0], "main": cube.values[:, :, 0, 1]})
    back = rows.filter(reagent="r007", cell_line="B", treatment="T")
    assert back["x"][0] == row["score_r1"][0]
    assert back["main"][0] == cube.values[7, 1, 0, 1]


def test_the_order_of_the_rows_does_not_matter() -> None:
    scores = quiet_scores(lines=("A", "B"))
    shuffled = scores.sample(fraction=1.0, shuffle=True, seed=3)
    np.testing.assert_array_equal(
        effect_cube(scores, treatments=ARMS).values, effect_cube(shuffled, treatments=ARMS).values
    )


def test_effects_against_controls_of_the_same_class() -> None:
    scores = pl.concat([quiet_scores(), controls({"mimic": 0.3, "inhibitor": -0.2})], how="vertical_relaxed")
    plain = effect_cube(scores, treatments=ARMS)
    against = effect_cube(scores, treatments=ARMS, reference="negatives")
    np.testing.assert_allclose(plain.values - against.values, np.broadcast_to([0.3, 0.5], plain.values.shape))


def test_controls_are_a_cube_of_classes() -> None:
    found = control_cube(controls({"mimic": 0.3, "siRNA": 0.1}), treatments=ARMS)
    assert found is not None
    assert found.items["kind"].to_list() == ["mimic", "siRNA"]
    assert found.values[0, 0, 0].tolist() == [0.3, 0.5]
    assert control_cube(quiet_scores(), treatments=ARMS) is None


def message(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


def test_no_vehicle() -> None:
    with pytest.raises(LayoutError) as error:
        effect_cube(quiet_scores(), treatments=Treatments())
    assert message(error) == (
        "sensitization cannot be tested without a vehicle arm: found treatments 'T' and 'vehicle', expected the arm "
        'without drug. Write treatments.vehicle = "..." in study.toml.'
    )


def test_no_drug() -> None:
    with pytest.raises(MethodError) as error:
        effect_cube(quiet_scores(arms=("vehicle",)), treatments=ARMS)
    assert message(error) == (
        "sensitization cannot be tested without a drug arm: found only the vehicle 'vehicle', expected at least one "
        "further treatment."
    )


def test_a_line_without_vehicle() -> None:
    scores = quiet_scores(lines=("A", "B")).filter(~((pl.col("cell_line") == "B") & (pl.col("treatment") == "vehicle")))
    with pytest.raises(LayoutError) as error:
        effect_cube(scores, treatments=ARMS)
    assert message(error) == (
        "cell lines without vehicle or drug.\n"
        "  column treatment: found 'T', expected the vehicle 'vehicle' in cell line 'B' too. Measure it, or leave the "
        "line out."
    )


def test_arms_with_different_reagents() -> None:
    scores = quiet_scores().with_columns(
        reagent=pl.when(pl.col("treatment") == "T").then(pl.format("x{}", "reagent")).otherwise("reagent")
    )
    with pytest.raises(LayoutError) as error:
        effect_cube(scores, treatments=ARMS)
    assert message(error) == (
        "vehicle and drug arms have different reagents. Check that the same library plates were stamped in all arms, "
        "and that reagents have one name.\n"
        "  reagents measured both with 'T' and with 'vehicle' in cell line 'A'."
    )


def test_arms_with_some_reagents_of_their_own() -> None:
    scores = quiet_scores().filter(~((pl.col("treatment") == "T") & (pl.col("reagent") < "r010")))
    with pytest.warns(Caution) as caught:
        cube = effect_cube(scores, treatments=ARMS)
    assert str(caught[0].message) == (
        "reagents that only one of vehicle and drug arm has: found 10 of 60 with T in A, expected the same reagents in "
        "all arms of a line. Those contexts are not tested; check the library plates of these arms."
    )
    assert np.isnan(cube.values[:10, 0, 1]).all()


def test_a_replicate_missing_in_one_arm() -> None:
    scores = quiet_scores().with_columns(score_r2=pl.when(pl.col("treatment") == "T").then(None).otherwise("score_r2"))
    with pytest.warns(Caution) as caught:
        effect_cube(scores, treatments=ARMS)
    assert str(caught[0].message) == (
        "arms with other replicates than their vehicle: found T in A has replicates 1, the vehicle 1, 2. Paired "
        "contrasts use the replicates that both have."
    )


def test_a_reagent_on_two_library_plates_kept_apart() -> None:
    scores = quiet_scores()
    twice = pl.concat([scores, scores.filter(reagent="r003").with_columns(position=pl.lit("L2:A01"))])
    with pytest.raises(TableError) as error:
        effect_cube(twice, treatments=ARMS)
    assert message(error) == (
        "reagents stand at several places of the library. "
        'Set score.unit = "reagent": wells of one reagent are averaged, and are no replicates.\n'
        "  found 'L1:r003, L2:A01', expected one row for reagent 'r003' (mimic) in A, T.\n"
        "  found 'L1:r003, L2:A01', expected one row for reagent 'r003' (mimic) in A, vehicle."
    )


def test_every_reagent_toxic() -> None:
    toxic = quiet_scores().with_columns(pl.col("score_r1") - 2, pl.col("score_r2") - 2)
    scores = pl.concat([toxic, controls({"mimic": 0.0})], how="vertical_relaxed")
    with pytest.warns(Caution) as caught:
        effect_cube(scores, treatments=ARMS)
    assert str(caught[0].message).startswith("the typical reagent acts without drug: found -2.")
    assert str(caught[0].message).endswith(
        "log2 from the negative controls in A, expected within 0.5 log2. Most of the library is no reference here: use "
        'reference = "negatives".'
    )


def test_a_kind_without_controls() -> None:
    scores = pl.concat([quiet_scores(), controls({"siRNA": 0.0, "inhibitor": 0.0})], how="vertical_relaxed")
    with pytest.raises(ControlError) as error:
        effect_cube(scores, treatments=ARMS, reference="negatives")
    assert message(error) == (
        "kinds of reagents without negative controls of their class: found control classes 'inhibitor' and 'siRNA', "
        "expected 'mimic'. Give the controls a control_class in the library, or use reference = \"library\"."
    )


def test_a_missing_column() -> None:
    with pytest.raises(TableError) as error:
        effect_cube(quiet_scores().drop("kind"), treatments=ARMS)
    assert message(error).startswith("table 'scores' lacks columns: found columns ")
    assert "expected 'kind'" in message(error)


def test_no_library_reagents() -> None:
    with pytest.raises(TableError, match="no library reagents in the scores: expected rows with role 'sample'"):
        effect_cube(controls({"mimic": 0.0}), treatments=ARMS)


def test_a_simulated_screen_becomes_a_cube_without_a_word() -> None:
    screen = planned()
    cube = effect_cube(screen.scores, treatments=screen.treatments)
    assert cube.values.shape == (160, 2, 4, 2)
