"""Stability selection: which variables come first on nearly every half of the data, and how many do so by chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.elastic_paths import elastic_paths
from sensitome.parallel import map_blocks

__all__ = [
    "Stability",
    "group_halves",
    "null_q_values",
    "shuffled_by_group",
    "stability_selection",
    "variables_per_half",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

# Halves that take their steps together; a constant, so that threads do not change the answer.
_TOGETHER = 20


class Stability(NamedTuple):
    """What the halves say of each variable.

    Parameters
    ----------
    probability : (variables,) share of the halves in which the variable is among the first
    coefficient : (variables,) mean coefficient over the halves that selected it; 0 where none did
    agreement : (variables,) share of those halves whose coefficient has the sign of the mean
    """

    probability: FloatArray
    coefficient: FloatArray
    agreement: FloatArray


def variables_per_half(variables: int, *, false_calls: float, threshold: float) -> int:
    """How many variables each half may select so that the expected number of false calls stays below a bound.

    Parameters
    ----------
    variables : variables in all
    false_calls : bound on the expected number of false ones among those called
    threshold : selection probability from which a variable is called, above 0.5

    Notes
    -----
    q = √((2π − 1) E p), at least 1. The bound holds when noise variables are exchangeable and no better than guessing.

    References
    ----------
    Meinshausen & Bühlmann 2010, doi:10.1111/j.1467-9868.2010.00740.x; Shah & Samworth 2013,
    doi:10.1111/j.1467-9868.2011.01034.x

    >>> variables_per_half(10_000, false_calls=1, threshold=0.75)
    70
    """
    return max(1, int(np.sqrt((2 * threshold - 1) * false_calls * variables)))


def group_halves(group: IntArray, *, pairs: int, rng: np.random.Generator) -> BoolArray:
    """Complementary halves of the data that never cut a group in two.

    Parameters
    ----------
    group : (observations,) codes
    pairs : pairs of halves
    rng : chance

    Returns
    -------
    (2·pairs, observations); rows 2i and 2i+1 are complements
    """
    codes, member = np.unique(group, return_inverse=True)
    first = np.empty((pairs, len(codes)), dtype=bool)
    for i in range(pairs):
        first[i] = rng.permutation(len(codes)) < len(codes) // 2
    halves = np.stack([first, ~first], axis=1).reshape(2 * pairs, len(codes))
    return np.asarray(halves[:, member])


def stability_selection(
    x: FloatArray,
    y: FloatArray,
    *,
    group: IntArray,
    most: int,
    ridge: float,
    weakness: float = 0.8,
    pairs: int = 50,
    rng: np.random.Generator,
    jobs: int = 1,
) -> Stability:
    """Share of halves in which each variable is among the first on the path of the elastic net.

    Parameters
    ----------
    x : (observations, variables), each column with mean 0 and standard deviation 1
    y : (observations,), mean 0
    group : (observations,) codes; a group falls into one half as a whole
    most : variables that each half selects
    ridge : quadratic penalty per observation; 0.5 keeps correlated variables together
    weakness : lowest factor by which a column may be made smaller by chance, 0 … 1; 1 = none is
    pairs : complementary pairs of halves
    rng : chance
    jobs : threads

    Returns
    -------
    Stability
    """
    halves = group_halves(group, pairs=pairs, rng=rng)
    scale = np.where(rng.random((len(halves), x.shape[1])) < 0.5, weakness, 1.0)
    blocks = [slice(i, i + _TOGETHER) for i in range(0, len(halves), _TOGETHER)]
    penalty = max(ridge * len(y) / 2, 1e-8)

    def block(part: slice) -> tuple[BoolArray, FloatArray]:
        paths = elastic_paths(x, y, rows=halves[part], most=most, ridge=penalty, scale=scale[part])
        return paths.selected, paths.coefficient

    found = map_blocks(block, blocks, jobs=jobs)
    selected = np.concatenate([part for part, _ in found])
    coefficient = np.concatenate([part for _, part in found])
    count = selected.sum(axis=0)
    mean = coefficient.sum(axis=0) / np.maximum(count, 1)
    agreeing = (np.sign(coefficient) == np.sign(mean)) & (coefficient != 0)
    signed = np.maximum((coefficient != 0).sum(axis=0), 1)
    return Stability(count / len(halves), mean, agreeing.sum(axis=0) / signed)


def shuffled_by_group(y: FloatArray, *, group: IntArray, rng: np.random.Generator) -> FloatArray:
    """Values shuffled over the groups: a group's values move together, to a group of the same size."""
    _, member, size = np.unique(group, return_inverse=True, return_counts=True)
    order = np.argsort(member, kind="stable")
    start = np.cumsum(size) - size
    shuffled = y.copy()
    for count in np.unique(size):
        same = np.flatnonzero(size == count)
        places = start[same][:, None] + np.arange(count)
        shuffled[order[places]] = y[order[places[rng.permutation(len(same))]]]
    return shuffled


def null_q_values(probability: FloatArray, null: FloatArray) -> FloatArray:
    """False-discovery rate of calling everything that is selected at least as often.

    Parameters
    ----------
    probability : (variables,) selection probabilities
    null : (shuffles, variables) selection probabilities of shuffled data

    Returns
    -------
    (variables,) q: mean number of shuffled variables selected at least as often, over the number of real ones;
    monotone, at most 1. With B shuffles a lone (b + 1)/(B + 1) stands in for the mean, so q is never 0.
    """
    shuffles = len(null)
    ordered_null = np.sort(null.reshape(-1))
    real = np.sort(probability)
    above_null = len(ordered_null) - np.searchsorted(ordered_null, probability, side="left")
    above_real = len(real) - np.searchsorted(real, probability, side="left")
    rate = np.minimum((above_null + 1) / (shuffles + 1) / above_real, 1.0)
    order = np.argsort(probability, kind="stable")
    # A variable selected more often is never said to be less certain.
    rate[order] = np.minimum.accumulate(rate[order])
    tied = np.searchsorted(real, probability, side="right") - 1
    return np.asarray(rate[order][tied])
