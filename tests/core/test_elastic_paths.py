from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, mannwhitneyu

from sensitome.core.elastic_paths import elastic_paths
from sensitome.core.mean_rank import group_means, mean_rank_test
from sensitome.core.stability_selection import (
    group_halves,
    null_q_values,
    shuffled_by_group,
    stability_selection,
    variables_per_half,
)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 25), st.floats(0.1, 50))
def test_every_path_ends_at_an_optimum(seed: int, scaled: bool, most: int, ridge: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(30, 40))
    # Correlated columns make variables leave the path again.
    x[:, 20:] = 0.6 * x[:, :20] + 0.8 * rng.normal(size=(30, 20))
    y = x[:, 0] - 2 * x[:, 21] + x[:, 1] + rng.normal(size=30)
    rows = rng.random((4, 30)) < 0.6
    scale = rng.choice([0.5, 1.0], size=(4, 40)) if scaled else None
    paths = elastic_paths(x, y, rows=rows, most=most, ridge=ridge, scale=scale)
    for k in range(4):
        weight = np.ones(40) if scale is None else scale[k]
        seen = x[rows[k]] * weight
        coefficient = paths.coefficient[k] / weight
        slope = seen.T @ (y[rows[k]] - seen @ coefficient) - ridge * coefficient
        active = coefficient != 0
        np.testing.assert_allclose(slope[active], paths.penalty[k] * np.sign(coefficient[active]), atol=1e-8)
        assert (np.abs(slope) <= paths.penalty[k] + 1e-8).all()
        assert (paths.selected[k] | ~active).all()
        assert paths.selected[k].sum() <= most


def test_orthogonal_columns_come_in_by_their_size() -> None:
    x = np.linalg.qr(np.random.default_rng(1).normal(size=(20, 5)))[0]
    y = x @ np.array([3.0, -2.0, 1.0, 0.5, 0.0])
    paths = elastic_paths(x, y, rows=np.ones((1, 20), dtype=bool), most=3, ridge=1.0)
    # Soft threshold at the third size, shrunk by the ridge.
    np.testing.assert_allclose(paths.coefficient[0], [1.0, -0.5, 0.0, 0.0, 0.0], atol=1e-12)
    assert paths.selected[0].tolist() == [True, True, True, False, False]
    assert paths.penalty[0] == pytest.approx(1.0)


def test_a_path_with_nothing_to_explain_selects_nothing() -> None:
    paths = elastic_paths(np.eye(4), np.zeros(4), rows=np.ones((2, 4), dtype=bool), most=2, ridge=1.0)
    assert not paths.selected.any()


def test_halves_never_cut_a_group_and_pairs_are_complements() -> None:
    group = np.array([0, 0, 1, 2, 2, 2, 3, 4])
    halves = group_halves(group, pairs=10, rng=np.random.default_rng(1))
    assert halves.shape == (20, 8)
    assert (halves[0::2] == ~halves[1::2]).all()
    for code in range(5):
        part = halves[:, group == code]
        assert (part == part[:, :1]).all()


def test_shuffles_keep_groups_together_and_values_in_groups_of_their_size() -> None:
    group = np.array([3, 0, 0, 1, 1, 2, 4, 5])
    y = np.arange(8.0)
    shuffled = shuffled_by_group(y, group=group, rng=np.random.default_rng(2))
    assert sorted(shuffled) == sorted(y)
    pairs = {tuple(shuffled[group == code]) for code in (0, 1)}
    assert pairs == {(1.0, 2.0), (3.0, 4.0)}
    assert set(shuffled[[0, 5, 6, 7]]) == {0.0, 5.0, 6.0, 7.0}


def test_the_number_per_half_follows_the_bound() -> None:
    assert variables_per_half(10_000, false_calls=1, threshold=0.75) == 70
    assert variables_per_half(100, false_calls=2, threshold=0.9) == 12
    assert variables_per_half(1, false_calls=0.1, threshold=0.6) == 1


def test_q_is_the_share_of_shuffled_selections_and_falls_with_selection() -> None:
    probability = np.array([0.9, 0.5, 0.5, 0.1, 0.0])
    null = np.array([[0.5, 0.1, 0.0, 0.0, 0.0], [0.1, 0.1, 0.0, 0.0, 0.0], [0.2, 0.0, 0.0, 0.0, 0.0]])
    q = null_q_values(probability, null)
    # 0.9: (0 + 1)/(3 + 1)/1; 0.5: (1 + 1)/4/3, which is smaller, and so holds for 0.9 as well.
    np.testing.assert_allclose(q, [1 / 6, 1 / 6, 1 / 6, 0.375, 0.8])


def test_planted_variables_are_selected_and_noise_is_not() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(200, 80))
    y = x[:, 0] - x[:, 1] + rng.normal(size=200)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), y - y.mean()
    group = np.arange(200)
    one, two = (
        stability_selection(x, y, group=group, most=5, ridge=0.5, pairs=15, rng=np.random.default_rng(1), jobs=jobs)
        for jobs in (1, 2)
    )
    assert one.probability[:2].tolist() == [1.0, 1.0]
    assert one.probability[2:].max() < 0.75
    assert np.sign(one.coefficient[:2]).tolist() == [1, -1]
    assert one.agreement[:2].tolist() == [1.0, 1.0]
    assert all((a == b).all() for a, b in zip(one, two, strict=True))


def test_equal_weights_give_the_rank_sum_test() -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=40)
    inside = np.arange(40) < 12
    ours = mean_rank_test(np.stack([inside * 1.0, inside * 0.3], axis=1), y)
    peer = mannwhitneyu(y[inside], y[~inside], use_continuity=False, method="asymptotic").pvalue
    np.testing.assert_allclose(ours.p, [peer, peer], rtol=1e-10)
    assert ours.mean_rank[0] == pytest.approx(ours.mean_rank[1])


def test_a_variable_without_weight_has_no_test_and_swapped_signs_swap_z() -> None:
    rng = np.random.default_rng(4)
    y, x = rng.normal(size=30), rng.random((30, 5))
    x[:, 4] = 0
    one, other = mean_rank_test(x, y), mean_rank_test(x, -y)
    np.testing.assert_allclose(one.z[:4], -other.z[:4])
    assert np.isnan([one.z[4], one.p[4], one.mean_rank[4]]).all()


def test_p_values_of_random_effects_are_uniform() -> None:
    rng = np.random.default_rng(6)
    x = (rng.random((400, 2_000)) < 0.08) * rng.random((400, 2_000))
    assert kstest(mean_rank_test(x, rng.normal(size=400)).p, "uniform").pvalue > 0.01


def test_group_means_are_weighted() -> None:
    means = group_means(
        np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 2.0]]), group=np.array([0, 0, 1]), weight=np.array([1.0, 3.0, 2.0])
    )
    np.testing.assert_allclose(means, [[2.5, 0.75], [5.0, 2.0]])
    assert group_means(np.array([1.0, 3.0]), group=np.array([0, 0]), weight=np.ones(2)).tolist() == [2.0]
