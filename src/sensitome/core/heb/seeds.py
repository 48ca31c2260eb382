"""Mimics that share a seed lend each other strength, as far as the data say that they act alike."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["SHARING_GRID", "SeedLayer", "seed_layer"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Probabilities that a member follows its family; families differ, and the data say how many have which.
SHARING_GRID = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
#: Families are used only when they raise the log likelihood by more than this.
LEAST_GAIN = 2.0
ROUNDS = 50


class SeedLayer(NamedTuple):
    """``sharing`` mean φ over the families, 0 = they say nothing; ``prior`` (items, patterns), rows sum to 1.

    ``loyalty`` (grid,): weights of `SHARING_GRID`.
    """

    sharing: float
    prior: FloatArray
    loyalty: FloatArray


def seed_layer(
    likelihood: FloatArray, weights: FloatArray, *, family: IntArray, own_weights: FloatArray | None = None
) -> SeedLayer:
    """Prior of each item over the patterns, given what the others of its seed family show.

    Parameters
    ----------
    likelihood : (items, patterns), everything else summed out, in any scale per item
    weights : (patterns,), sum to 1
    family : (items,) family codes; −1 = none
    own_weights : (items, patterns) weights for members that do not follow their family; None = `weights`

    Returns
    -------
    SeedLayer

    Notes
    -----
    A family draws a pattern z and a loyalty φ; each member follows z with probability φ, and else draws its own
    pattern. The distribution of φ over a grid is fitted by EM to all families of two or more. The prior of a member is
    Σ P(z, φ | the others) [φ 1(z) + (1 − φ) π]. Families that are mere labels get φ = 0.

    References
    ----------
    Marine et al. 2012, doi:10.1177/1087057111427348 (common seed analysis)
    """
    own_weights = np.broadcast_to(weights, likelihood.shape) if own_weights is None else own_weights
    prior = own_weights.copy()
    rows, start, size = _families(family)
    apart = np.eye(1, len(SHARING_GRID))[0]
    if not len(rows):
        return SeedLayer(0.0, prior, apart)
    own = likelihood[rows] @ weights
    ratio = likelihood[rows] / np.maximum(own, np.finfo(float).tiny)[:, None]
    members = np.stack([np.log(np.maximum(phi * ratio + 1 - phi, 1e-300)) for phi in SHARING_GRID])
    families = np.add.reduceat(members, start, axis=1)
    top = families.max(axis=(0, 2))
    marginal = np.exp(families - top[None, :, None]) @ weights
    loyalty = _mixing(marginal)
    gain = float(
        np.sum(np.log(np.maximum(loyalty @ marginal, 1e-300))) - np.sum(np.log(np.maximum(marginal[0], 1e-300)))
    )
    if gain < LEAST_GAIN:
        return SeedLayer(0.0, prior, apart)
    prior[rows] = _from_the_others(np.repeat(families, size, axis=1) - members, loyalty, weights, own_weights[rows])
    return SeedLayer(float(loyalty @ np.array(SHARING_GRID)), prior, loyalty)


def _from_the_others(
    others: FloatArray, loyalty: FloatArray, weights: FloatArray, own_weights: FloatArray
) -> FloatArray:
    """Prior of each member, from log likelihoods (grid, members, patterns) of the rest of its family."""
    top = others.max(axis=(0, 2))
    joint = np.exp(others - top[None, :, None]) * weights * loyalty[:, None, None]
    joint /= joint.sum(axis=(0, 2), keepdims=True)
    phi = np.array(SHARING_GRID)[:, None, None]
    follows = (phi * joint).sum(axis=0)
    free = ((1 - phi) * joint).sum(axis=(0, 2))
    return np.asarray(follows + free[:, None] * own_weights, dtype=np.float64)


def _mixing(marginal: FloatArray) -> FloatArray:
    """Weights of the grid (grid,) that fit the families (grid, families) best."""
    weights = np.full(len(marginal), 1 / len(marginal))
    for _ in range(ROUNDS):
        joint = weights[:, None] * marginal
        weights = (joint / np.maximum(joint.sum(axis=0), 1e-300)).mean(axis=1)
    return weights


def _families(family: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Items of families with two members or more, family by family; where each starts, and its size."""
    order = np.argsort(family, kind="stable")
    codes, size = np.unique(family, return_counts=True)
    large = (size > 1) & (codes >= 0)
    rows = order[np.isin(family[order], codes[large])]
    sizes = size[large]
    return rows, np.cumsum(sizes) - sizes, sizes
