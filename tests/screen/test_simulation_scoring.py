"""Calls against the truth of a simulated screen."""

from __future__ import annotations

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.screen.simulation.scoring import score_against_truth

TRUTH = pl.DataFrame(
    {
        "reagent": ["a"] * 4 + ["b"] * 4 + ["c"] * 4,
        "kind": ["mimic"] * 12,
        "cell_line": ["X", "X", "Y", "Y"] * 3,
        "treatment": ["T", "L"] * 6,
        "is_active": [True, True, False, False] + [True] + [False] * 7,
    }
)
CALLS = TRUTH.drop("is_active").with_columns(
    is_hit=pl.Series([True, False, True, False, False, None, False, False, True, False, False, False]),
    z=pl.Series([-5.0, -2.0, -4.0, 0.0, -3.0, None, 0.0, 0.0, -6.0, 1.0, 1.0, 1.0]),
)


def test_levels_by_hand() -> None:
    scored = score_against_truth(CALLS, TRUTH, ranking="z")
    assert scored.drop("average_precision").rows() == [
        ("context", 3, 3, 1, pytest.approx(1 / 3), pytest.approx(2 / 3)),
        ("reagent", 2, 2, 1, 0.5, 0.5),
        ("candidate", 1, 1, 1, 1.0, 0.0),
    ]
    # contexts in order of z: c, a (true), a, b (true), a (true); reagents: c, a (true), b (true); candidates: a first
    expected = [(1 / 2 + 2 / 4 + 3 / 5) / 3, (1 / 2 + 2 / 3) / 2, 1.0]
    assert scored["average_precision"].to_list() == pytest.approx(expected)


def test_the_order_of_rows_does_not_matter() -> None:
    scored = score_against_truth(CALLS.reverse(), TRUTH.sample(fraction=1, shuffle=True, seed=1), ranking="z")
    assert scored.equals(score_against_truth(CALLS, TRUTH, ranking="z"))


def test_contexts_that_are_not_in_the_calls_are_not_called() -> None:
    scored = score_against_truth(CALLS.head(1), TRUTH)
    assert scored["called"].to_list() == [1, 1, 0]
    assert scored["recall"].to_list() == pytest.approx([1 / 3, 1 / 2, 0.0])
    assert scored["average_precision"].to_list() == [None] * 3


def test_recall_is_null_when_nothing_is_true() -> None:
    nothing = TRUTH.with_columns(is_active=pl.lit(False))
    scored = score_against_truth(CALLS, nothing, ranking="z")
    assert scored["recall"].to_list() == [None] * 3
    assert scored["false_share"].to_list() == [1.0] * 3
    assert scored["average_precision"].to_list() == [None] * 3


def test_a_missing_column_is_named() -> None:
    with pytest.raises(TableError) as caught:
        score_against_truth(CALLS.rename({"is_hit": "is_hits"}), TRUTH)
    assert str(caught.value) == (
        "table 'calls' lacks columns: found columns 'reagent', 'kind', 'cell_line', 'treatment', 'is_hits' and 'z', "
        "expected 'is_hit'. Did you mean 'is_hits'?"
    )


def test_a_context_that_stands_twice_is_named() -> None:
    with pytest.raises(TableError) as caught:
        score_against_truth(pl.concat([CALLS, CALLS.head(1)]), TRUTH)
    assert str(caught.value) == (
        "table 'calls' has contexts twice: found 2 rows, the first 'a', 'mimic', 'X' and 'T', "
        "expected one row per reagent, kind, cell line and treatment."
    )
