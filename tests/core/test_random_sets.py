from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.random_sets import draw_members, drawn_overlaps


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 300), st.floats(0, 1))
def test_counts_are_those_of_matrix_products(seed: int, members: int, genes: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.random((members, genes)) < density
    drawn = rng.random((37, members)) < 0.3
    membership = rng.random((genes, 5)) < 0.2
    sets = [np.flatnonzero(membership[:, i]) for i in range(5)]
    hit, overlap = drawn_overlaps(drawn, targets=targets, sets=sets)
    union = (drawn.astype(int) @ targets.astype(int)) > 0
    np.testing.assert_array_equal(hit, union.sum(axis=1))
    np.testing.assert_array_equal(overlap, union.astype(int) @ membership.astype(int))


def test_many_genes_do_not_overflow_and_threads_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    targets = rng.random((30, 1500)) < 0.5
    drawn = draw_members(30, size=10, draws=4500, rng=rng)
    one = drawn_overlaps(drawn, targets=targets, sets=[np.arange(1400)])
    two = drawn_overlaps(drawn, targets=targets, sets=[np.arange(1400)], jobs=2)
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])
    assert one[1].max() > 1300


def test_draws_have_their_size_and_take_every_member_equally_often() -> None:
    drawn = draw_members(20, size=5, draws=8000, rng=np.random.default_rng(2))
    assert (drawn.sum(axis=1) == 5).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 0.25, atol=0.02)
    assert draw_members(3, size=3, draws=2, rng=np.random.default_rng(3)).all()


def test_no_draws_and_no_sets_give_empty_counts() -> None:
    hit, overlap = drawn_overlaps(np.zeros((0, 3), dtype=bool), targets=np.ones((3, 4), dtype=bool), sets=[])
    assert hit.shape == (0,)
    assert overlap.shape == (0, 0)
