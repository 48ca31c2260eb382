from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core import polish, robust


def numbers(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) if row[name] not in ("", "NA") else np.nan for row in rows])


def table(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def four_plates(oracle: Path) -> tuple[np.ndarray, np.ndarray, list[dict[str, str]], list[dict[str, str]]]:
    rows, expected = table(oracle / "b_scores" / "input.csv"), table(oracle / "b_scores" / "expected.csv")
    signal = numbers(rows, "x").reshape(4, 8, 12)
    is_sample = np.array([row["is_sample"] == "TRUE" for row in rows]).reshape(signal.shape)
    return signal, is_sample, expected, table(oracle / "b_scores" / "effects.csv")


@pytest.mark.parametrize("variant", get_args(polish.Variant))
def test_every_variant_equals_its_peers_steps_in_r(four_plates: tuple, variant: polish.Variant) -> None:
    signal, is_sample, expected, _ = four_plates
    column = numbers(expected, variant.replace("-", "_")).reshape(signal.shape)
    np.testing.assert_allclose(polish.b_score(signal, is_sample, variant=variant), column, atol=1e-9)


def test_no_two_variants_give_the_same_scores(four_plates: tuple) -> None:
    signal, is_sample, _, _ = four_plates
    # These two part only where a polish takes more than 10 sweeps.
    alike = {("platetools-mad", "rnaither-all-wells")}
    scores = {variant: polish.b_score(signal, is_sample, variant=variant) for variant in polish.VARIANTS}
    names = sorted(scores)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if (first, second) in alike:
                continue
            assert not np.allclose(scores[first], scores[second], atol=1e-6, equal_nan=True), (first, second)


def test_every_variant_has_a_record() -> None:
    assert tuple(polish.VARIANTS) == get_args(polish.Variant)


def test_effects_and_residuals_equal_r_medpolish(four_plates: tuple) -> None:
    signal, is_sample, expected, effects = four_plates
    strict = polish.median_polish(signal, is_sample, eps=1e-5, max_iterations=200)
    value = numbers(effects, "value").reshape(4, 21)
    np.testing.assert_allclose(strict.overall, value[:, 0], atol=1e-9)
    np.testing.assert_allclose(strict.row, value[:, 1:9], atol=1e-9)
    np.testing.assert_allclose(strict.column, value[:, 9:], atol=1e-9)
    stopped = polish.median_polish(signal, is_sample, eps=1e-9, max_iterations=3)
    np.testing.assert_allclose(stopped.residual, numbers(expected, "three_sweeps").reshape(signal.shape), atol=1e-9)


def test_the_parts_add_up_to_the_readings(four_plates: tuple) -> None:
    signal, is_sample, _, _ = four_plates
    parts = polish.median_polish(signal, is_sample)
    there = is_sample & np.isfinite(signal)
    np.testing.assert_allclose((parts.fitted() + parts.residual)[there], signal[there], atol=1e-12)
    assert np.isnan(parts.residual[~there]).all()


def test_plate384_equals_r(oracle: Path) -> None:
    rows = table(oracle / "plate384" / "plate384_reference.csv")
    log2 = np.log2(numbers(rows, "raw")).reshape(1, 16, 24)
    is_sample = np.array([row["anno"] == "sample" for row in rows]).reshape(log2.shape)
    score = polish.b_score(log2, is_sample, variant="cellhts2")
    np.testing.assert_allclose(score.ravel(), numbers(rows, "bscore_resid_log"), atol=1e-9)
    by_plate = score / robust.mad(score, is_sample)[:, None, None]
    np.testing.assert_allclose(by_plate.ravel(), numbers(rows, "bscore_byPlate"), atol=1e-9)


@pytest.mark.parametrize("replicate", [1, 2])
def test_the_drosophila_viability_screen_equals_cellhts2(shared: Path, replicate: int) -> None:
    rows = table(shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz")
    log2 = np.log2(numbers(rows, f"raw{replicate}")).reshape(57, 16, 24)
    is_sample = np.array([row["anno"] == "sample" for row in rows]).reshape(log2.shape)
    expected = numbers(rows, f"bscore_log2_r{replicate}").reshape(log2.shape)
    np.testing.assert_allclose(polish.b_score(log2, is_sample, variant="cellhts2"), expected, atol=1e-9)


def test_the_mcf7_inhibitor_screen_equals_hitseekr(shared: Path) -> None:
    with gzip.open(shared / "data" / "screens" / "miRNAice_breast" / "MCF7wt.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    signal, expected = np.full((2, 36, 8, 12), np.nan)
    for row in rows:
        plate = (int(row["Plate"]) - 1) * 3 + int(row["Replicate"]) - 1
        place = plate, int(row["row"]) - 1, int(row["column"]) - 1
        signal[place], expected[place] = float(row["CTB"]), float(row["Bscore"])
    score = polish.b_score(signal, np.zeros(signal.shape, dtype=bool), variant="hitseekr")
    assert np.isfinite(score).all()
    np.testing.assert_allclose(score, expected, atol=3.2e-14, rtol=0)


def plates(seed: int, shape: tuple[int, int, int] = (3, 8, 12)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    signal = rng.normal(10, 1, size=shape) + rng.normal(size=(shape[0], shape[1], 1))
    signal[rng.random(shape) < 0.05] = np.nan
    is_sample = np.ones(shape, dtype=bool)
    is_sample[:, :, 0] = False
    return signal, is_sample


@given(seed=st.integers(0, 10_000), variant=st.sampled_from(list(polish.VARIANTS)))
@settings(max_examples=30, deadline=None)
def test_a_plate_shift_leaves_scores_unchanged(seed: int, variant: polish.Variant) -> None:
    signal, is_sample = plates(seed)
    shift = np.random.default_rng(seed).normal(0, 5, size=(3, 1, 1))
    moved = polish.b_score(signal + shift, is_sample, variant=variant)
    np.testing.assert_allclose(moved, polish.b_score(signal, is_sample, variant=variant), atol=1e-7)


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 10), variant=st.sampled_from(list(polish.VARIANTS)))
@settings(max_examples=30, deadline=None)
def test_a_plate_scale_scales_residuals_and_leaves_scores_unchanged(
    seed: int, scale: float, variant: polish.Variant
) -> None:
    signal, is_sample = plates(seed)
    plain = polish.b_score(signal, is_sample, variant=variant)
    factor = scale if polish.VARIANTS[variant].divisor == "none" else 1.0
    scaled = polish.b_score(scale * signal, is_sample, variant=variant)
    np.testing.assert_allclose(scaled, factor * plain, atol=1e-7)


@given(seed=st.integers(0, 10_000), variant=st.sampled_from(list(polish.VARIANTS)))
@settings(max_examples=20, deadline=None)
def test_plates_do_not_see_each_other_and_rows_may_move(seed: int, variant: polish.Variant) -> None:
    signal, is_sample = plates(seed)
    rng = np.random.default_rng(seed)
    order, rows = rng.permutation(3), rng.permutation(8)
    moved = polish.b_score(signal[order][:, rows], is_sample[order][:, rows], variant=variant)
    np.testing.assert_allclose(moved, polish.b_score(signal, is_sample, variant=variant)[order][:, rows], atol=1e-9)
    alone = polish.b_score(signal[:1], is_sample[:1], variant=variant)
    np.testing.assert_allclose(alone, polish.b_score(signal, is_sample, variant=variant)[:1], atol=1e-9)


def test_chunks_of_plates_do_not_show() -> None:
    signal, is_sample = plates(1, (300, 4, 6))
    whole = polish.median_polish(signal, is_sample, eps=1e-5, max_iterations=50)
    for plate in (0, 127, 128, 299):
        part = slice(plate, plate + 1)
        alone = polish.median_polish(signal[part], is_sample[part], eps=1e-5, max_iterations=50)
        np.testing.assert_array_equal(whole.residual[part], alone.residual)
        np.testing.assert_array_equal(whole.overall[part], alone.overall)


def test_row_and_column_effects_vanish_from_an_additive_plate() -> None:
    rng = np.random.default_rng(5)
    signal = 12 + rng.normal(size=(2, 8, 1)) + rng.normal(size=(2, 1, 12))
    everywhere = np.ones(signal.shape, dtype=bool)
    parts = polish.median_polish(signal, everywhere, eps=1e-5, max_iterations=200)
    np.testing.assert_allclose(parts.residual, 0, atol=1e-9)


def test_one_dead_well_is_left_in_its_residual() -> None:
    signal = np.full((1, 8, 12), 10.0) + np.arange(8)[None, :, None]
    signal[0, 3, 4] -= 6
    score = polish.b_score(signal, np.ones(signal.shape, dtype=bool), variant="cellhts2")
    assert score[0, 3, 4] == -6
    assert np.count_nonzero(score) == 1


def test_killers_on_control_wells_do_not_move_samples_where_samples_define_the_fit() -> None:
    signal, is_sample = plates(11)
    killed = np.where(is_sample, signal, signal - 8)
    for variant, form in polish.VARIANTS.items():
        if form.fit == "samples" and form.divisor != "all residuals":
            plain, moved = (polish.b_score(x, is_sample, variant=variant) for x in (signal, killed))
            np.testing.assert_array_equal(plain[is_sample], moved[is_sample])


def test_controls_in_a_column_without_samples_keep_that_columns_effect_in_cellhts2() -> None:
    signal, is_sample = plates(12)
    cellhts2 = polish.b_score(signal, is_sample, variant="cellhts2")
    rnaither = polish.b_score(signal, is_sample, variant="rnaither")
    there = np.isfinite(signal)
    assert np.isfinite(cellhts2[there]).all()
    assert np.isnan(rnaither[~is_sample]).all()
    assert np.isnan(polish.b_score(signal, is_sample, variant="synlet")[~is_sample]).all()


def test_plates_without_samples_or_without_spread_are_nan() -> None:
    signal = np.full((2, 4, 6), 7.0)
    is_sample = np.ones(signal.shape, dtype=bool)
    is_sample[0] = False
    residual = polish.b_score(signal, is_sample, variant="cellhts2")
    assert np.isnan(residual[0]).all()
    np.testing.assert_array_equal(residual[1], 0)
    assert np.isnan(polish.b_score(signal, is_sample, variant="synlet")).all()


def test_no_plates_give_no_scores() -> None:
    empty = np.empty((0, 8, 12))
    assert polish.b_score(empty, empty.astype(bool), variant="cellhts2").shape == (0, 8, 12)


def test_inputs_are_not_changed() -> None:
    signal, is_sample = plates(3)
    before = signal.copy(), is_sample.copy()
    for variant in polish.VARIANTS:
        polish.b_score(signal, is_sample, variant=variant)
    np.testing.assert_array_equal(signal, before[0])
    np.testing.assert_array_equal(is_sample, before[1])
