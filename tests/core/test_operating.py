"""Calls and rankings against a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.operating import average_precision, call_quality


def test_recall_and_false_share_are_counted() -> None:
    called = np.array([True, True, True, False, False])
    truth = np.array([True, False, True, True, True])
    assert call_quality(called, truth) == (4, 3, 2, 0.5, pytest.approx(1 / 3))


def test_without_calls_nothing_is_false_and_without_truth_recall_is_unknown() -> None:
    nothing, something = np.zeros(3, dtype=bool), np.array([True, False, False])
    assert call_quality(nothing, something) == (1, 0, 0, 0.0, 0.0)
    quality = call_quality(something, nothing)
    assert np.isnan(quality.recall)
    assert quality.false_share == 1.0


def test_average_precision_by_hand() -> None:
    truth = np.array([True, False, True, False, True])
    # found at ranks 1, 3 and 5: (1/1 + 2/3 + 3/5) / 3
    assert average_precision(np.arange(5.0), truth) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3, rel=1e-12)


def test_ties_count_as_one_step() -> None:
    truth = np.array([True, False, True])
    assert average_precision(np.zeros(3), truth) == pytest.approx(2 / 3)
    # ranks: one true alone (precision 1, recall 1/2), then a tie that ends at precision 2/3
    assert average_precision(np.array([0.0, 1.0, 1.0]), truth) == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_what_is_not_ranked_comes_last() -> None:
    truth = np.array([False, True, False])
    assert average_precision(np.array([2.0, np.nan, 1.0]), truth) == pytest.approx(1 / 3)


def test_average_precision_is_unknown_when_nothing_is_true() -> None:
    assert np.isnan(average_precision(np.arange(3.0), np.zeros(3, dtype=bool)))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_and_the_scale_do_not_matter(rows: list[tuple[int, bool]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def area(items: list[tuple[int, bool]], scale: float = 1.0) -> float:
        return average_precision(
            np.array([scale * score for score, _ in items], dtype=float), np.array([true for _, true in items])
        )

    expected = area(rows)
    np.testing.assert_allclose([area(shuffled), area(rows, 3.0)], [expected, expected], rtol=1e-12)
    assert np.isnan(expected) or 0 < expected <= 1
