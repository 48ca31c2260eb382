"""Rank product and RSA: counted by hand, with ties, negative numbers and gaps, and uniform without effects."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import special

from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.rank_products import product_tail, rank_product, redundant_activity, rsa


@pytest.mark.parametrize(("n", "factors"), [(4, 2), (5, 3), (3, 4)])
def test_the_tail_of_a_product_of_ranks_is_counted(n: int, factors: int) -> None:
    products = np.array([np.prod(ranks) for ranks in itertools.product(range(1, n + 1), repeat=factors)])
    for product in np.unique(products):
        counted = (products <= product).mean()
        assert product_tail(np.array([float(product)]), n=n, factors=factors)[0] == pytest.approx(counted)


def of_differences(differences: np.ndarray) -> np.ndarray:
    """Cube of a vehicle at 0 and one drug."""
    return np.stack([np.zeros_like(differences), differences], axis=1)[:, None]


def test_rank_product_by_hand() -> None:
    values = of_differences(np.array([[-3.0, -2.0], [0.0, 1.0], [1.0, 0.0], [2.0, 3.0]]))
    test = rank_product(contrasts(values, limit=1e9))
    # rank 1 twice: product 1, 1 of 16 products; twice that for both sides
    assert test.p_value[0, 0, 0] == pytest.approx(2 / 16)
    assert test.p_value[3, 0, 0] == pytest.approx(2 / 16)
    assert test.statistic[0, 0, 0] == pytest.approx(np.log(1 / 5))
    assert test.statistic[3, 0, 0] == pytest.approx(-np.log(1 / 5))
    # ranks 2 and 3: products of at most 6 are 11 of 16
    assert test.p_value[1, 0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("factors", [2, 3])
def test_counting_agrees_with_the_gamma_form_away_from_the_end(factors: int) -> None:
    product = 1000.0**factors * np.array([0.05, 0.3])
    gamma = special.gammaincc(factors, -np.log(product / 1001**factors))
    np.testing.assert_allclose(product_tail(product, n=1000, factors=factors), gamma, rtol=0.02)


@pytest.mark.parametrize("items", [60, 2000])
def test_rank_product_p_is_uniform_without_effects(items: int) -> None:
    rng = np.random.default_rng(items)
    p = np.concatenate(
        [
            rank_product(contrasts(of_differences(rng.standard_normal((items, 3))))).p_value.ravel()
            for _ in range(2000 // items + 1)
        ]
    )
    for level in (0.05, 0.5):
        assert (p <= level).mean() < level + 4 * np.sqrt(level * (1 - level) / len(p))
    assert (p <= 0.5).mean() > 0.4


def test_rsa_by_hand() -> None:
    # N = 10, group of 2 at ranks 1 and 3: P(≥1 in first 1) = 0.2, P(2 in first 3) = 3/45
    score = np.array([-3.0, -2.0, -1.5, -1.0, 1e-4, 2e-4, 0.5, 1.0, 2.0, 3.0])
    group = np.array([0, -1, 0, -1, -1, -1, -1, -1, -1, 1])
    log_p, best = rsa(score, group)
    assert 10 ** log_p[0] == pytest.approx(3 / 45)
    assert best.tolist() == [2, 1]
    assert 10 ** log_p[1] == pytest.approx(1.0)


def test_rsa_orders_numbers_and_not_their_text() -> None:
    """As text "-1" comes before "-10", and "1e-04" behind "0.5"."""
    log_p, _ = rsa(np.array([-1.0, -10.0, 1e-04, 0.5]), np.array([0, 1, 2, 3]))
    assert np.argsort(log_p).tolist() == [1, 0, 2, 3]


def test_groups_without_a_score_have_no_answer() -> None:
    log_p, best = rsa(np.array([np.nan, 1.0, 2.0]), np.array([0, 1, 1]))
    assert np.isnan(log_p[0])
    assert best[0] == 0
    assert np.isfinite(log_p[1])


def test_a_family_of_sixty_is_answered() -> None:
    rng = np.random.default_rng(0)
    differences = rng.standard_normal((300, 1))
    differences[:60] -= 1.0
    group = np.where(np.arange(300) < 60, 0, -1)
    test = redundant_activity(contrasts(of_differences(differences)), group, rng=np.random.default_rng(1))
    assert test.p_value[0, 0, 0] == pytest.approx(2 / 10000)
    assert np.isnan(test.p_value[60:]).all()
    assert test.statistic[0, 0, 0] < 0


def test_rsa_p_is_uniform_without_effects() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(400), 3)
    values = of_differences(rng.standard_normal((1200, 1)))
    p = redundant_activity(contrasts(values), group, rng=np.random.default_rng(4)).p_value[::3, 0, 0]
    for level in (0.05, 0.2):
        assert (p <= level).mean() < level + 4 * np.sqrt(level * (1 - level) / 400)
    assert (p <= 0.5).mean() > 0.35
