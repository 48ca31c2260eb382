from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.association import associate
from sensitome.cohort.simulate import CohortDesign, simulate_cohort, write_cohort
from sensitome.cohort.stage import compare_stages
from sensitome.cohort.survival import compare_survival
from sensitome.errors import Caution, SettingsError
from sensitome.io.clinical import read_clinical
from sensitome.io.endpoints import EndpointColumns
from sensitome.io.wide_matrix import read_wide_matrix

DESIGN = CohortDesign(
    patients=300,
    mirnas=tuple(f"miR-{number}" for number in range(1, 31)),
    genes=120,
    hazard_ratios={"miR-1": 1.7, "miR-2": 0.6},
    stage_shifts={"miR-3": 0.6},
    targets=("miR-1", "miR-4"),
    floored=0.2,
)


def test_planted_effects_are_found_and_little_else() -> None:
    made = simulate_cohort(DESIGN, seed=3)
    cohort = made.cohort
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        tests = compare_survival(cohort.matrix("mirna"), cohort.clinical, endpoints=["bcss"])
    found = tests.filter(pl.col("model") == "cox", pl.col("q_value") <= 0.05)
    assert {"miR-1", "miR-2"} <= set(found["mirna"])
    assert found.height <= 4
    ratios = dict(zip(found["mirna"], np.exp(found["effect"].to_numpy()), strict=True))
    assert ratios["miR-1"] > 1.3
    assert ratios["miR-2"] < 0.8
    trend = compare_stages(cohort.matrix("mirna"), cohort.clinical.select("sample", "stage")).trend
    assert trend.sort("p_value")["mirna"][0] == "miR-3"
    summary = associate(cohort.matrix("mirna"), cohort.matrix("mrna"), targets=made.pairs).summary
    rows = {row["mirna"]: row for row in summary.to_dicts()}
    assert rows["miR-1"]["target_delta"] < -0.6
    assert rows["miR-4"]["target_p_value"] < 1e-6
    assert rows["miR-1"]["n_targets"] == 20
    assert 0.2 < summary["n_positive"].sum() / summary["n_significant"].sum() < 0.8


def test_written_files_are_read_back(tmp_path: Path) -> None:
    made = simulate_cohort(DESIGN, seed=3)
    paths = write_cohort(made, tmp_path)
    assert [path.name for path in paths] == [
        "clinical.csv",
        "truth_effects.csv",
        "truth_targets.csv",
        "mirna.csv",
        "mrna.csv",
    ]
    endpoints = [EndpointColumns("os", "os_months", "os_status"), EndpointColumns("bcss", "os_months", "vital_status")]
    cohort = read_clinical(tmp_path / "clinical.csv", endpoints=endpoints)
    own = made.cohort.clinical
    for column in ("os_time", "os_event", "bcss_event", "bcss_cause", "stage"):
        assert cohort.clinical[column].cast(own[column].dtype).equals(own[column])
    mirna = read_wide_matrix(tmp_path / "mirna.csv")
    np.testing.assert_allclose(mirna.values, made.cohort.matrix("mirna").values, atol=5e-5)
    assert mirna.samples["sample"].equals(own["sample"])


def test_the_same_seed_makes_the_same_cohort() -> None:
    first, second = simulate_cohort(DESIGN, seed=5), simulate_cohort(DESIGN, seed=5)
    assert first.cohort.clinical.equals(second.cohort.clinical)
    np.testing.assert_array_equal(first.cohort.matrix("mrna").values, second.cohort.matrix("mrna").values)


def test_designs_with_strange_names_are_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        simulate_cohort(CohortDesign(mirnas=("a",), hazard_ratios={"b": 2.0}), seed=1)
    assert str(caught.value) == "design names miRNAs that it does not have: found 'b'."
