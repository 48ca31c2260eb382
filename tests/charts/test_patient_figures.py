"""Figures of patients, from a simulated cohort."""

from __future__ import annotations

import json
import warnings

import polars as pl
import pytest

from sensitome.charts.export import render
from sensitome.charts.forest import forest, multiverse
from sensitome.charts.incidence import incidence
from sensitome.charts.stage_boxes import stage_boxes
from sensitome.charts.survival_curves import survival_curves
from sensitome.cohort import scrutiny
from sensitome.cohort.curves import curve_tables
from sensitome.cohort.simulate import CohortDesign, simulate_cohort
from sensitome.cohort.stage import compare_stages, stage_values
from sensitome.cohort.survival import compare_survival
from sensitome.errors import Caution

FEATURES = ["miR-1", "miR <&> 2"]
FIGURES = {
    "survival_curves": survival_curves,
    "stage_boxes": stage_boxes,
    "forest": forest,
    "incidence": incidence,
    "multiverse": multiverse,
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    design = CohortDesign(
        mirnas=tuple(FEATURES), genes=2, hazard_ratios={"miR-1": 1.6}, stage_shifts={"miR-1": 0.4}, floored=0
    )
    made = {name: simulate_cohort(design, seed=seed).cohort for seed, name in ((1, "A"), (2, "B"))}
    mirna, clinical = made["A"].matrix("mirna"), made["A"].clinical
    stages = clinical.select("sample", "stage")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        tests = {
            name: compare_survival(c.matrix("mirna"), c.clinical, endpoints=["os", "bcss"]) for name, c in made.items()
        }
    return curve_tables(mirna, clinical, features=FEATURES, endpoints=["os", "bcss"]) | {
        "survival": tests["A"],
        "stage": compare_stages(mirna, stages).contrasts,
        "stage_values": stage_values(mirna, stages, features=FEATURES),
        "survival_pooled": scrutiny.pool_cohorts(tests),
        "survival_scrutiny": scrutiny.scrutinize_each(
            mirna, clinical, features=FEATURES, endpoints=["bcss"], permutations=9
        ),
        "multiverse": scrutiny.multiverse(mirna, clinical, features=FEATURES, endpoints=["os", "bcss"]),
    }


@pytest.mark.parametrize("name", FIGURES)
def test_a_patient_figure_is_the_same_whatever_the_order_of_the_rows(
    tables: dict[str, pl.DataFrame], name: str
) -> None:
    first = render(FIGURES[name](tables, {}))
    assert first.startswith(b"<svg")
    shuffled = {key: table.sample(fraction=1, shuffle=True, seed=3) for key, table in tables.items()}
    assert render(FIGURES[name](shuffled, {})) == first


@pytest.mark.parametrize(("name", "table"), [("survival_curves", "survival_curves"), ("stage_boxes", "stage_values")])
def test_nothing_to_draw_is_no_figure(tables: dict[str, pl.DataFrame], name: str, table: str) -> None:
    assert FIGURES[name]({**tables, table: tables[table].clear()}, {}) is None
    assert forest({"survival_pooled": tables["survival_pooled"].clear()}, {}) is None
    assert multiverse({"multiverse": tables["multiverse"].clear()}, {}) is None


def test_curves_tell_test_sizes_and_cut(tables: dict[str, pl.DataFrame]) -> None:
    made = survival_curves(tables, {"study": {"cohort": {"time_unit": "days"}}})
    text = json.dumps(made, ensure_ascii=False)
    row = tables["survival"].filter(pl.col("mirna") == "miR-1", pl.col("endpoint") == "os").row(0, named=True)
    assert f"log-rank p = {row['p_value']:.2g}" in text
    assert f"80 of 160 > {row['cut']:.3g}" in text
    assert "time (days)" in text
    assert "miR-1, BCSS" in text


def test_boxes_show_every_tumor(tables: dict[str, pl.DataFrame]) -> None:
    made = stage_boxes(tables, {})
    assert made is not None
    points = [data for name, data in made["datasets"].items() if name.endswith("tumors")]
    assert [len(text.strip().split("\n")) - 1 for text in points] == [160, 160]


def test_hostile_names_of_mirnas_stay_text(tables: dict[str, pl.DataFrame]) -> None:
    assert b"miR <&> 2" not in render(survival_curves(tables, {}))


def test_the_multiverse_tells_how_often_p_is_small(tables: dict[str, pl.DataFrame]) -> None:
    own = tables["multiverse"].filter(pl.col("mirna") == "miR-1").drop_nulls("p_value")
    words = f"p < .05 in {int((own['p_value'] < 0.05).sum())} of {own.height}"
    assert words in json.dumps(multiverse(tables, {}), ensure_ascii=False)
