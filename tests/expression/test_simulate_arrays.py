from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import SettingsError
from sensitome.expression.detection import call_expressed
from sensitome.expression.files import array_files, write_arrays
from sensitome.expression.process import process_arrays
from sensitome.expression.response import measure_response
from sensitome.expression.simulate import ArrayDesign, SimulatedArrays, simulate_arrays
from sensitome.io.arrays import read_array_list, read_arrays
from sensitome.io.expressed import read_expressed
from sensitome.io.feature_extraction import read_feature_extraction

SMALL = ArrayDesign(mirnas=220, replicates=2, answers=25)


@pytest.fixture(scope="module")
def simulated() -> SimulatedArrays:
    return simulate_arrays(SMALL, rng=np.random.default_rng(8))


def test_the_same_seed_gives_the_same_files(simulated: SimulatedArrays) -> None:
    again = simulate_arrays(SMALL, rng=np.random.default_rng(8))
    assert array_files(again) == array_files(simulated)


def test_files_are_arrays_and_their_analysis_finds_the_truth(simulated: SimulatedArrays, tmp_path: Path) -> None:
    paths = write_arrays(simulated, tmp_path)
    assert len(paths) == 35
    one = read_feature_extraction(tmp_path / "arrays" / "KPL4_vehicle_1.txt")
    assert one.design == "031181"
    assert one.parameters["FeatureExtractor_Barcode"] == "KPL4_vehicle_1"
    e = process_arrays(read_arrays(read_array_list(tmp_path / "arrays.csv"), folder=tmp_path))
    calls = call_expressed(e, vehicle="vehicle").join(simulated.expressed, on=["target", "cell_line"], suffix="_true")
    assert (calls["expressed"] == calls["expressed_true"]).mean() > 0.97
    # The calls are what the exclusion of inhibitors reads.
    call_expressed(e, vehicle="vehicle").write_csv(tmp_path / "expressed.csv")
    assert read_expressed(tmp_path / "expressed.csv").equals(
        call_expressed(e, vehicle="vehicle").select("target", "cell_line", "expressed")
    )
    groups = {"responding": ["BT-474", "SKBR3"], "poor": ["KPL4", "SUM190PT"]}
    response = measure_response(e, groups=groups, vehicle="vehicle", test="moderated")
    answers = {
        name: set(simulated.response.filter(pl.col("cell_line").is_in(lines))["feature"])
        for name, lines in groups.items()
    }
    for name, true in answers.items():
        called = set(response.filter((pl.col("group") == name) & (pl.col("q_value") < 0.05))["feature"])
        assert len(called & true) >= 0.6 * len(true)
        # The median of a sample is noise that all its miRNAs share, so that false calls come in bunches.
        assert len(called - true) <= 8


def test_arrays_agree_with_the_targets_of_a_screen() -> None:
    expressed = pl.DataFrame(
        {
            "target": ["m1", "m1", "m2", "m2"],
            "cell_line": ["KPL4", "SUM190PT"] * 2,
            "expressed": [True, False, False, False],
        }
    )
    simulated = simulate_arrays(
        ArrayDesign(answers=1, weak_answers=0), rng=np.random.default_rng(1), expressed=expressed
    )
    table = simulated.expressed.filter(pl.col("expressed"))
    # Lines that the screen does not have express what any of its lines does.
    assert set(table.rows()) == {("m1", "BT-474", True), ("m1", "SKBR3", True), ("m1", "KPL4", True)}
    assert set(simulated.response["feature"]) == {"m1"}
    assert set(simulated.response["cell_line"]) == {"BT-474", "SKBR3"}


def test_impossible_designs_are_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        simulate_arrays(ArrayDesign(lines=("A",), responding=("B",), arms=("v",)), rng=np.random.default_rng(1))
    assert str(caught.value) == (
        "arrays cannot be made up: found responding lines 'B', arms 'v', expected responding lines among 'A', and a "
        "vehicle with at least one drug arm."
    )
