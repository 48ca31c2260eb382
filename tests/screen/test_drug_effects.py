"""What drugs do by themselves: plates are the n, and classes of controls are held against each other."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, ControlError
from sensitome.screen.drug_effects import control_agreement, drug_effects
from sensitome.settings import Treatments

ARMS = Treatments(vehicle="V", combinations={"TL": ("T", "L")})
EFFECT = {"V": 0.0, "T": -0.1, "L": -0.4, "TL": -0.9}


def wells(
    *, plates: int = 4, replicates: int = 2, plate_sd: float = 0.0, apart: float = 0.0, seed: int = 0
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for replicate in range(1, replicates + 1):
        for library in range(1, plates + 1):
            for arm, effect in EFFECT.items():
                level = 16 + effect + 0.3 * replicate + 0.1 * library + plate_sd * rng.standard_normal()
                for kind in ("mimic", "inhibitor"):
                    own = level + (apart if kind == "mimic" and arm == "L" else 0.0)
                    for _ in range(5):
                        rows.append(
                            (
                                f"L{library}",
                                "A",
                                arm,
                                replicate,
                                f"{arm}{library}{replicate}",
                                kind,
                                own + 0.01 * rng.standard_normal(),
                            )
                        )
    names = ["library_plate", "cell_line", "treatment", "replicate", "plate", "kind", "y"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        signal=2 ** pl.col("y"), role=pl.lit("negative"), control_class="kind"
    )


def test_effects_and_the_pairs_own_interaction_are_read_off_plates() -> None:
    table = drug_effects(wells(), treatments=ARMS).filter(pl.col("class") == "all")
    found = {(arm, term): effect for arm, term, effect in table.select("treatment", "term", "effect").iter_rows()}
    assert found["T", "effect"] == pytest.approx(-0.1, abs=0.02)
    assert found["L", "effect"] == pytest.approx(-0.4, abs=0.02)
    assert found["TL", "combination"] == pytest.approx(-0.4, abs=0.03)
    assert table["n"].unique().to_list() == [8]


def test_the_n_are_plates_and_not_wells() -> None:
    """Plates scatter by 0.3; five wells on each say nothing about that."""
    p = [
        drug_effects(wells(plate_sd=0.3, seed=seed), treatments=Treatments(vehicle="V"))
        .filter((pl.col("class") == "all") & (pl.col("treatment") == "T"))
        .with_columns(z=(pl.col("effect") + 0.1))
        .row(0, named=True)
        for seed in range(60)
    ]
    covered = np.mean([row["ci_low"] <= -0.1 <= row["ci_high"] for row in p])
    assert covered > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 60)


def test_one_plate_has_an_effect_and_no_interval() -> None:
    table = drug_effects(wells(plates=1, replicates=1), treatments=ARMS)
    assert table["n"].unique().to_list() == [1]
    assert table["p_value"].null_count() == table.height
    assert table["effect"].null_count() == 0


def test_classes_of_controls_agree() -> None:
    table = control_agreement(wells(plate_sd=0.3), treatments=ARMS)
    assert table["agree"].to_list() == [True, True, True]
    assert table.columns[-6:] == ["effect", "ci_low", "ci_high", "p_value", "q_value", "n", "agree"][-6:]


def test_few_plates_show_neither_that_controls_agree_nor_that_they_do_not() -> None:
    one = control_agreement(wells(plates=1, replicates=1), treatments=ARMS)
    assert one["agree"].null_count() == one.height
    noisy = control_agreement(wells(plates=1, replicates=2, plate_sd=0.3, apart=-0.09), treatments=ARMS)
    assert noisy.filter(treatment="L")["agree"].to_list() == [None]


def test_classes_of_controls_that_disagree_are_named() -> None:
    with pytest.warns(Caution) as caught:
        table = control_agreement(wells(plate_sd=0.3, apart=-0.5), treatments=ARMS)
    assert str(caught[0].message) == (
        "classes of negative controls disagree about a drug: found inhibitor − mimic = +0.50 log2 with L in A, "
        "expected differences within 0.1 log2. Compare each kind of reagent with the controls of its own class."
    )
    assert table.filter(~pl.col("agree"))["treatment"].to_list() == ["L"]


def test_no_negative_controls() -> None:
    with pytest.raises(ControlError) as error:
        drug_effects(wells().with_columns(role=pl.lit("sample")), treatments=ARMS)
    assert str(error.value) == (
        "effects of drugs alone need negative controls on plates of all arms: found negative controls with treatments "
        "none, expected the vehicle 'V' and the drugs. Mark the negative controls in the library."
    )
