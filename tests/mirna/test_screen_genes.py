from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.mirna.deconvolution import DeconvolutionRules
from sensitome.mirna.planted import simulate_targets
from sensitome.mirna.screen_genes import mimic_effects, screen_genes

NAMES = pl.DataFrame(
    {
        "input": ["a", "a-again", "b", "c", "d"],
        "status": ["exact", "renamed", "dead", "ambiguous", "precursor"],
        "accession": ["MIMAT0000001", "MIMAT0000001", "MIMAT0000002", None, "MI0000003"],
    }
)


def screened(**columns: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reagent": ["a", "a-again", "b", "c", "d", "a"],
            "kind": ["mimic"] * 5 + ["inhibitor"],
            "cell_line": ["X"] * 6,
            "treatment": ["T"] * 6,
            **columns,
        }
    )


def test_effects_meet_by_accession_and_only_mature_mirnas_count() -> None:
    width = 2 * 1.959963984540054
    table = screened(
        effect=[-1.0, -3.0, 1.0, 9.0, 9.0, 9.0],
        ci_low=[0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ci_high=[width, width, 2 * width, 1.0, 1.0, 1.0],
    )
    effects = mimic_effects(table, NAMES)
    assert effects.drop("sd").rows() == [("X", "T", "MIMAT0000001", -2.0, 2), ("X", "T", "MIMAT0000002", 1.0, 1)]
    np.testing.assert_allclose(effects["sd"], [2**-0.5, 2.0])


def test_drawn_effects_come_before_measured_ones_and_those_before_scores() -> None:
    one = [0.0] * 6
    assert mimic_effects(screened(score=[1.0] * 6), NAMES)["effect"].to_list() == [1.0, 1.0]
    assert mimic_effects(screened(score=one, effect=[2.0] * 6), NAMES)["effect"].to_list() == [2.0, 2.0]
    drawn = screened(score=one, effect=one, shrunk_effect=[3.0, None, None, 1.0, 1.0, 1.0])
    assert mimic_effects(drawn, NAMES).select("mirna", "effect", "sd").rows() == [("MIMAT0000001", 3.0, None)]
    assert mimic_effects(screened(score=[1.0] * 6), NAMES, kind="inhibitor").height == 1


def test_screens_without_mimics_or_effects_are_told() -> None:
    with pytest.raises(TableError) as caught:
        mimic_effects(screened(score=[1.0] * 6), NAMES, kind="siRNA")
    assert str(caught.value) == (
        "screen has no reagents of the kind asked for: found 'inhibitor' and 'mimic', expected 'siRNA'. "
        "Name the kind as the library does."
    )
    with pytest.raises(TableError) as error:
        mimic_effects(screened(), NAMES)
    assert str(error.value) == (
        "table of a screen has no effects: found columns 'reagent', 'kind', 'cell_line' and 'treatment', "
        "expected 'shrunk_effect', 'effect' or 'score'."
    )


def test_each_arm_is_deconvolved_by_itself() -> None:
    data = simulate_targets(np.random.default_rng(1), mimics=200, families=150, genes=80, planted=3, per_mimic=0.08)
    arm = data.effects.with_columns(pl.lit("X").alias("cell_line"), pl.lit("T").alias("treatment"))
    other = arm.with_columns(pl.lit("L").alias("treatment"), -pl.col("effect"))
    rules = DeconvolutionRules(pairs=10, shuffles=0)
    both = screen_genes(pl.concat([arm, other]), data.targets, families=data.families, rules=rules)
    alone = screen_genes(arm, data.targets, families=data.families, rules=rules)
    assert both.filter(pl.col("treatment") == "T").equals(alone)
    top = both.group_by("treatment", maintain_order=True).head(1)
    assert set(top["gene"]) <= set(data.truth["gene"])
    assert screen_genes(arm.clear(), data.targets).columns == ["cell_line", "treatment", "gene"]
