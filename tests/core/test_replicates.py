from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.replicates import SUMMARIES, Summary, score_replicates, summarize_replicates


def scored(
    values: np.ndarray, is_sample: np.ndarray, method: str = "zscore", sign: int = 1, **controls: np.ndarray
) -> np.ndarray:
    none = np.zeros(values.shape, dtype=bool)
    masks = {"is_negative": none, "is_positive": none, **controls}
    return score_replicates(values, is_sample, method=method, sign=sign, **masks)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("mean", 0.0),
        ("median", 0.0),
        ("min", -3.0),
        ("max", 3.0),
        ("rms", np.sqrt(6.0)),
        ("closest-to-zero", 0.0),
        ("furthest-from-zero", 3.0),
        ("signed-rms", 0.0),
    ],
)
def test_hand_computed_summaries(method: Summary, expected: float) -> None:
    scores = np.array([[3.0], [-3.0], [np.nan], [0.0]])
    assert summarize_replicates(scores, method=method) == pytest.approx([expected])


def test_the_first_of_ties_counts() -> None:
    scores = np.array([[-2.0, 2.0], [2.0, -2.0]])
    for method in ("closest-to-zero", "furthest-from-zero"):
        assert summarize_replicates(scores, method=method).tolist() == [-2.0, 2.0]


@pytest.mark.parametrize("method", SUMMARIES)
def test_missing_replicates_are_left_out_and_no_replicate_is_nan(method: Summary) -> None:
    scores = np.array([[-1.5, np.nan], [np.nan, np.nan]])
    answer = summarize_replicates(scores, method=method)
    assert abs(answer[0]) == 1.5
    assert np.isnan(answer[1])


def test_rms_loses_the_direction_that_signed_rms_keeps() -> None:
    scores = np.array([[-4.0, 4.0], [-5.0, 5.0]])
    plain = summarize_replicates(scores, method="rms")
    assert plain[0] == plain[1]
    np.testing.assert_allclose(summarize_replicates(scores, method="signed-rms"), [-plain[0], plain[1]])


@given(seed=st.integers(0, 10_000), method=st.sampled_from(SUMMARIES))
@settings(max_examples=30, deadline=None)
def test_turning_the_sign_of_all_scores_turns_the_summary(seed: int, method: Summary) -> None:
    scores = np.random.default_rng(seed).normal(size=(3, 20))
    mirror: dict[str, Summary] = {"min": "max", "max": "min"}
    turned = summarize_replicates(-scores, method=mirror.get(method, method))
    expected = summarize_replicates(scores, method=method)
    np.testing.assert_allclose(turned, expected if method == "rms" else -expected, rtol=1e-12)


@given(seed=st.integers(0, 10_000), method=st.sampled_from(SUMMARIES))
@settings(max_examples=30, deadline=None)
def test_the_order_of_replicates_and_items_does_not_matter(seed: int, method: Summary) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(4, 20))
    scores[rng.random(scores.shape) < 0.2] = np.nan
    replicates, items = rng.permutation(4), rng.permutation(20)
    shuffled = summarize_replicates(scores[replicates][:, items], method=method)
    np.testing.assert_allclose(shuffled, summarize_replicates(scores, method=method)[items], rtol=1e-12)


@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_shift_and_scale_of_a_replicate_leave_its_scores_unchanged(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    values, is_sample = rng.normal(size=(2, 40)), rng.random((2, 40)) < 0.8
    np.testing.assert_allclose(
        scored(shift + scale * values, is_sample), scored(values, is_sample), rtol=1e-7, atol=1e-9
    )


def test_sign_turns_the_scores() -> None:
    values = np.random.default_rng(1).normal(size=(2, 40))
    everywhere = np.ones(values.shape, dtype=bool)
    np.testing.assert_array_equal(scored(values, everywhere, sign=-1), -scored(values, everywhere))
    np.testing.assert_array_equal(scored(values, everywhere, method="none", sign=-1), -values)


def test_npi_pools_the_controls_of_a_replicate() -> None:
    values = np.array([[10.0, 12.0, 2.0, 0.0, 6.0]])
    negative = np.array([[True, True, False, False, False]])
    positive = np.array([[False, False, True, True, False]])
    answer = scored(values, ~(negative | positive), method="npi", is_negative=negative, is_positive=positive)
    np.testing.assert_allclose(answer, (1 - values) / (1 - 11))


def test_a_replicate_without_wells_or_spread_is_nan_and_alone() -> None:
    values = np.random.default_rng(2).normal(size=(3, 40))
    values[1] = 5.0
    is_sample = np.ones(values.shape, dtype=bool)
    is_sample[2] = False
    answer = scored(values, is_sample)
    assert np.isfinite(answer[0]).all()
    assert np.isnan(answer[1:]).all()


@pytest.fixture(scope="module")
def drosophila(shared: Path) -> dict[str, np.ndarray]:
    with gzip.open(shared / "oracle" / "kcviab" / "kcviab_reference.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("plate", "well", "anno")]
    columns = {name: np.array([float(r[name]) if r[name] != "NA" else np.nan for r in rows]) for name in names}
    return {**columns, "anno": np.array([row["anno"] for row in rows])}


def test_scores_of_the_drosophila_viability_screen_equal_cellhts2(drosophila: dict[str, np.ndarray]) -> None:
    values = np.stack([drosophila["norm1"], drosophila["norm2"]])
    is_sample = np.broadcast_to(drosophila["anno"] == "sample", values.shape)
    answer = scored(values, is_sample, sign=-1)
    np.testing.assert_allclose(answer, np.stack([drosophila["z1"], drosophila["z2"]]), atol=1e-9)


@pytest.mark.parametrize(
    ("method", "column"),
    [
        ("mean", "mean"),
        ("min", "min"),
        ("max", "max"),
        ("rms", "rms"),
        ("closest-to-zero", "closestToZero"),
        ("furthest-from-zero", "furthestFromZero"),
    ],
)
def test_summaries_of_the_drosophila_viability_screen_equal_cellhts2(
    drosophila: dict[str, np.ndarray], method: Summary, column: str
) -> None:
    scores = np.stack([drosophila["z1"], drosophila["z2"]])
    np.testing.assert_allclose(summarize_replicates(scores, method=method), drosophila[column], atol=1e-9)
