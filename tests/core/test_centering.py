from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core import centering
from sensitome.core.centering import METHODS

LOCATIONS = ["median", "mean", "shorth", "negatives"]


def run(name: str, signal: np.ndarray, masks: dict[str, np.ndarray], **options: bool) -> np.ndarray:
    return METHODS[name].kernel(
        signal, masks["sample"], is_negative=masks["negative"], is_positive=masks["positive"], **options
    )


def screen(seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    signal = rng.lognormal(7, 0.4, size=(3, 8, 12))
    signal[rng.random(signal.shape) < 0.05] = np.nan
    roles = np.full(signal.shape, "sample", dtype="<U8")
    roles[:, :4, 11], roles[:, 4:, 11] = "negative", "positive"
    signal[roles == "positive"] /= 8
    return signal, {role: roles == role for role in ("sample", "negative", "positive")}


@pytest.fixture(scope="module")
def plate384(oracle: Path) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    with (oracle / "plate384" / "plate384_reference.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("well", "anno")]
    columns = {n: np.array([float(row[n]) if row[n] != "NA" else np.nan for row in rows]) for n in names}
    annotation = np.array([row["anno"] for row in rows]).reshape(1, 16, 24)
    masks = {"sample": annotation == "sample", "negative": annotation == "neg", "positive": annotation == "pos"}
    return columns["raw"].reshape(1, 16, 24), masks, columns


@pytest.mark.parametrize(
    ("name", "log2", "options", "column"),
    [
        ("median", True, {"additive": True}, "median_mult_log"),
        ("median", False, {"additive": False}, "median_mult"),
        ("mean", True, {"additive": True}, "mean_log"),
        ("shorth", True, {"additive": True}, "shorth_log"),
        ("negatives", True, {"additive": True}, "negatives_log"),
        ("poc", False, {}, "POC"),
        ("npi", False, {}, "NPI"),
        ("robust-z", True, {}, "robust_z"),
    ],
)
def test_methods_equal_cellhts2_in_r(plate384: tuple, name: str, log2: bool, options: dict, column: str) -> None:
    raw, masks, expected = plate384
    answer = run(name, np.log2(raw) if log2 else raw, masks, **options)
    np.testing.assert_allclose(answer.ravel(), expected[column], rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def mcf7(shared: Path) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    with gzip.open(shared / "data" / "screens" / "miRNAice_breast" / "MCF7wt.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    names = ("CTB", "zscore", "rzscore", "centered", "rcentered", "poc", "npi")
    cubes = {name: np.full((36, 8, 12), np.nan) for name in names}
    roles = np.full((36, 8, 12), "NA", dtype="<U8")
    for row in rows:
        plate = (int(row["Plate"]) - 1) * 3 + int(row["Replicate"]) - 1
        place = plate, int(row["row"]) - 1, int(row["column"]) - 1
        roles[place] = row["Control"]
        for name in names:
            cubes[name][place] = float(row[name]) if row[name] != "NA" else np.nan
    return cubes["CTB"], {"sample": roles == "NA", "negative": roles == "NEG", "positive": roles == "POS"}, cubes


@pytest.mark.parametrize(
    ("name", "options", "column"),
    [
        ("z", {}, "zscore"),
        ("robust-z", {}, "rzscore"),
        ("mean", {"additive": False}, "centered"),
        ("median", {"additive": False}, "rcentered"),
    ],
)
def test_scores_over_all_wells_equal_hitseekr(mcf7: tuple, name: str, options: dict, column: str) -> None:
    signal, masks, expected = mcf7
    answer = run(name, signal, masks, all_wells=True, **options)
    np.testing.assert_allclose(answer, expected[column], atol=5e-14, rtol=0)


@pytest.mark.parametrize(("name", "column"), [("poc-negative", "poc"), ("inhibition", "npi")])
def test_control_based_scores_equal_hitseekr_where_plates_have_controls(mcf7: tuple, name: str, column: str) -> None:
    signal, masks, expected = mcf7
    answer = run(name, signal, masks)
    # The peer took the controls of library plate 11 for library plate 12.
    own = slice(0, 33)
    np.testing.assert_allclose(answer[own], expected[column][own], atol=5e-14, rtol=1e-13)
    assert not np.allclose(answer[33:], expected[column][33:], atol=1e-6)


def test_survival_and_inhibition_between_controls_add_up_to_one() -> None:
    signal, masks = screen(1)
    total = run("npi", signal, masks) + run("inhibition", signal, masks)
    np.testing.assert_allclose(total[np.isfinite(signal)], 1, rtol=1e-12)


def test_npi_is_one_at_negatives_and_zero_at_positives() -> None:
    signal, masks = screen(2)
    survival = run("npi", signal, masks)
    for plate in range(3):
        assert np.nanmean(survival[plate][masks["negative"][plate]]) == pytest.approx(1)
        assert np.nanmean(survival[plate][masks["positive"][plate]]) == pytest.approx(0)


@pytest.mark.parametrize("name", list(METHODS))
def test_a_plate_without_the_wells_it_needs_comes_back_nan_and_alone(name: str) -> None:
    signal, masks = screen(3)
    whole = run(name, signal, masks)
    assert np.isfinite(whole[np.isfinite(signal)]).all()
    for role in METHODS[name].needs:
        mask = masks[role].copy()
        kept = np.argwhere(mask[1] & np.isfinite(signal[1]))[: METHODS[name].fewest - 1]
        mask[1] = False
        mask[1, kept[:, 0], kept[:, 1]] = True
        answer = run(name, signal, {**masks, role: mask})
        assert np.isnan(answer[1]).all()
        np.testing.assert_array_equal(answer[[0, 2]], whole[[0, 2]])


def test_samples_that_do_not_vary_have_no_scores() -> None:
    signal, masks = screen(4)
    flat = np.where(masks["sample"], 5.0, signal)
    for name in ("z", "robust-z"):
        assert np.isnan(run(name, flat, masks)).all()


def test_a_zero_level_cannot_be_divided_by() -> None:
    signal, masks = screen(5)
    for name in LOCATIONS:
        assert np.isnan(run(name, np.zeros_like(signal), masks, additive=False)).all()


@given(seed=st.integers(0, 10_000), name=st.sampled_from([*LOCATIONS, "z", "robust-z", "npi", "inhibition"]))
@settings(max_examples=30, deadline=None)
def test_a_plate_shift_leaves_scores_unchanged(seed: int, name: str) -> None:
    signal, masks = screen(seed)
    shift = np.random.default_rng(seed).normal(0, 500, size=(3, 1, 1))
    np.testing.assert_allclose(run(name, signal + shift, masks), run(name, signal, masks), rtol=1e-8, atol=1e-8)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_a_plate_scale_leaves_ratios_and_scores_unchanged(seed: int, scale: float) -> None:
    signal, masks = screen(seed)
    for name, method in METHODS.items():
        options = {"additive": False} if method.additive else {}
        plain, scaled = run(name, signal, masks, **options), run(name, scale * signal, masks, **options)
        np.testing.assert_allclose(scaled, plain, rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 10_000), name=st.sampled_from(list(METHODS)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_plates_and_wells_does_not_matter(seed: int, name: str) -> None:
    signal, masks = screen(seed)
    rng = np.random.default_rng(seed)
    index = np.ix_(rng.permutation(3), rng.permutation(8), rng.permutation(12))
    shuffled = run(name, signal[index], {role: mask[index] for role, mask in masks.items()})
    np.testing.assert_allclose(shuffled, run(name, signal, masks)[index], rtol=1e-9, atol=1e-9)


@given(seed=st.integers(0, 10_000), name=st.sampled_from([name for name in METHODS if name != "inhibition"]))
@settings(max_examples=30, deadline=None)
def test_more_signal_is_a_higher_score_on_the_same_plate(seed: int, name: str) -> None:
    signal, masks = screen(seed)
    for before, after in zip(signal, run(name, signal, masks), strict=True):
        there = np.isfinite(before)
        order = np.argsort(before[there])
        assert (np.diff(after[there][order]) >= 0).all()


def test_killers_on_control_wells_shift_samples_only_with_all_wells() -> None:
    signal, masks = screen(6)
    killed = np.where(masks["sample"], signal, 1.0)
    for name in ("z", "robust-z"):
        for all_wells in (False, True):
            plain, moved = (run(name, x, masks, all_wells=all_wells)[masks["sample"]] for x in (signal, killed))
            assert np.array_equal(plain, moved, equal_nan=True) is not all_wells


def test_controls_are_on_the_same_scale_as_samples() -> None:
    signal, masks = screen(7)
    relative = run("median", np.log2(signal), masks)
    negatives = relative[masks["negative"]]
    assert abs(np.nanmedian(negatives)) < 1


def test_inputs_are_not_changed() -> None:
    signal, masks = screen(8)
    before = signal.copy()
    for name in METHODS:
        run(name, signal, masks)
    np.testing.assert_array_equal(signal, before)


def test_infinite_readings_become_missing() -> None:
    signal, masks = screen(9)
    signal[0, 0, 0] = -np.inf
    assert np.isnan(
        centering.median(signal, masks["sample"], is_negative=masks["negative"], is_positive=masks["positive"])[0, 0, 0]
    )
