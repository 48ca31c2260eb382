"""Screens without a drug: large effects are named, noise is not, and one replicate leans on the controls."""

from __future__ import annotations

import polars as pl
import pytest
from tests.screen.small_scores import quiet_scores, with_effect

from sensitome.errors import MethodError, TableError
from sensitome.screen.one_arm import one_arm_effects
from sensitome.tables import TABLES, check_table


def scores(replicates: int, *, toxic: int = 6, lines: tuple[str, ...] = ("A",)) -> pl.DataFrame:
    table = quiet_scores(reagents=200, replicates=replicates, lines=lines, arms=("none",), seed=3)
    for number in range(toxic):
        table = with_effect(table, f"r{number:03d}", {"none": -0.4 - 0.2 * number})
    return table


def controls(count: int) -> pl.DataFrame:
    """Negative control wells whose noise is that of the reagents."""
    noise = quiet_scores(reagents=count, replicates=1, arms=("none",), seed=9)
    return noise.select(
        "cell_line", "treatment", "kind", pl.lit("nc").alias("reagent"), pl.lit("negative").alias("role"),
        pl.lit(1).alias("replicate"), pl.col("score_r1").alias("normalized"),
    )  # fmt: skip


def spread_scores() -> pl.DataFrame:
    """One replicate of reagents that differ in truth as well."""
    table, more = scores(1), quiet_scores(reagents=200, replicates=1, arms=("none",), seed=5)
    return table.with_columns(score_r1=pl.col("score_r1") + 1.5 * more["score_r1"])


@pytest.mark.parametrize("replicates", [2, 3])
def test_toxic_reagents_are_named_and_noise_is_not(replicates: int) -> None:
    table = one_arm_effects(scores(replicates))
    check_table(table, TABLES["one_arm"], name="one_arm")
    assert table.height == 200
    toxic = table.filter(pl.col("word") == "toxic")
    assert {"r002", "r003", "r004", "r005"} <= set(toxic["reagent"]) <= {f"r{i:03d}" for i in range(6)}
    assert table.filter(pl.col("word") == "quiet").height > 150
    assert table["noise_from"].unique().to_list() == ["replicates"]


def test_effects_are_drawn_in() -> None:
    table = one_arm_effects(scores(2))
    quiet = table.filter(pl.col("reagent") > "r010")
    assert quiet["shrunk_effect"].abs().mean() < 0.5 * quiet["effect"].abs().mean()
    assert (table["ci_low"] <= table["shrunk_effect"]).all()


def test_one_wild_well_is_told_by_its_replicates() -> None:
    table = scores(3).with_columns(score_r1=pl.when(pl.col("reagent") == "r100").then(-3.0).otherwise("score_r1"))
    row = one_arm_effects(table).filter(reagent="r100").row(0, named=True)
    assert row["p_wrong"] > 0.9
    assert row["word"] != "toxic"


def test_one_replicate_leans_on_the_controls() -> None:
    table = one_arm_effects(spread_scores(), wells=controls(60))
    assert table["noise_from"].unique().to_list() == ["controls"]
    assert {"r003", "r004", "r005"} <= set(table.filter(pl.col("word") == "toxic")["reagent"])
    assert table["p_wrong"].null_count() == table.height
    alone = one_arm_effects(spread_scores())
    wider = (alone["ci_high"] - alone["ci_low"]).median() / (table["ci_high"] - table["ci_low"]).median()
    assert wider > 1.2 or alone["shrunk_effect"].std() < table["shrunk_effect"].std()


def test_few_controls_tell_nothing() -> None:
    table = one_arm_effects(spread_scores(), wells=controls(7))
    assert table["noise_from"].unique().to_list() == ["library"]


def test_without_controls_the_library_is_the_noise() -> None:
    table = one_arm_effects(scores(1))
    assert table["noise_from"].unique().to_list() == ["library"]


def test_the_chance_of_a_further_well_is_nearer_to_the_middle() -> None:
    table = one_arm_effects(scores(2)).filter(pl.col("p_loss") > 0.95)
    assert table.height > 0
    assert (table["p_again"] <= table["p_loss"]).all()


def test_lines_of_a_reagent_inform_each_other() -> None:
    both = one_arm_effects(scores(2, lines=("A", "B")))
    assert both.height == 400
    assert both.select("reagent", "cell_line").is_unique().all()


def test_readings_that_do_not_vary_are_refused() -> None:
    with pytest.raises(MethodError) as error:
        one_arm_effects(scores(1).with_columns(score_r1=pl.lit(0.0)))
    assert str(error.value) == "effects cannot be judged: they do not vary in cell line 'A'."


def test_no_library_reagents() -> None:
    with pytest.raises(TableError) as error:
        one_arm_effects(scores(1).with_columns(role=pl.lit("negative")))
    assert (
        str(error.value) == "no library reagents in the scores in treatment 'none': expected rows with role 'sample'."
    )
