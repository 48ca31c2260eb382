"""Weights of the classes, learned from all items.

An item belongs to one general class (general effect × noise) and one interaction class, drawn independently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import Classes, Kind

__all__ = [
    "Likelihood",
    "Weights",
    "fit_weights",
    "given_general",
    "given_interaction",
    "shape_weights",
    "shares_of_others",
    "start_weights",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]

#: Items that the null class has on top of those that it wins.
NULL_COUNT = 20.0
#: Items that each pattern has on top of those that it wins, when it comes to the shares of the patterns.
PATTERN_COUNT = 3.0
#: Items that say beforehand that three of four patterns are sets of drugs in sets of lines.
PRODUCT_COUNT, PRODUCT_SHARE = 2.0, 0.75
#: Share of the weight that every size keeps, spread evenly.
SIZE_SHARE = 0.02
OUTER_ROUNDS, INNER_ROUNDS = 6, 25
#: An outer round that moves the weights less than this in all is the last.
CONVERGED = 1e-4


@dataclass(frozen=True)
class Likelihood:
    """Likelihood of every reading under every pair of classes.

    Parameters
    ----------
    share : (rows, general classes, interaction classes), over the largest of the item
    start : (items,) first row of each item
    log_largest : (items,) logarithm of the largest
    """

    share: SingleArray
    start: IntArray
    log_largest: FloatArray


@dataclass(frozen=True)
class Weights:
    """Prior probabilities: ``general`` (general classes,), ``interaction`` (interaction classes,); each sums to 1."""

    general: FloatArray
    interaction: FloatArray


def start_weights(generals: int, classes: Classes) -> Weights:
    """Nine tenths null, the rest even."""
    null = classes.kind == Kind.NULL
    interaction = np.where(null, 0.9, 0.1 / max(int((~null).sum()), 1))
    return Weights(np.full(generals, 1 / generals), interaction / interaction.sum())


def given_general(likelihood: Likelihood, general: FloatArray) -> FloatArray:
    """(items, interaction classes) likelihood with readings and general classes summed out."""
    summed = np.matmul(general.astype(np.float32)[None, None, :], likelihood.share)[:, 0]
    return _by_item(summed, likelihood.start)


def given_interaction(likelihood: Likelihood, interaction: FloatArray) -> FloatArray:
    """(items, general classes) likelihood with readings and interaction classes summed out."""
    return _by_item(likelihood.share @ interaction.astype(np.float32), likelihood.start)


def _by_item(of_rows: SingleArray, start: IntArray) -> FloatArray:
    """Sum the rows of each item; most items have one."""
    sums = of_rows[start].astype(np.float64)
    sizes = np.diff(np.append(start, len(of_rows)))
    several = np.flatnonzero(sizes > 1)
    if len(several):
        rows = np.flatnonzero(np.repeat(sizes > 1, sizes))
        first = np.cumsum(sizes[several]) - sizes[several]
        sums[several] = np.add.reduceat(of_rows[rows].astype(np.float64), first, axis=0)
    return sums


def fit_weights(likelihood: Likelihood, classes: Classes, *, start: Weights, lone_wells: bool) -> Weights:
    """Maximize the posterior of both sets of weights in turn (EM).

    Parameters
    ----------
    likelihood : of the items
    classes : interaction classes
    start : first weights
    lone_wells : whether an arm is a single well, so that patterns which look like a bad well are not learned

    Returns
    -------
    Weights
    """
    now = start
    for _ in range(OUTER_ROUNDS):
        general = _maximize(given_interaction(likelihood, now.interaction), now.general)
        interaction = _maximize(
            given_general(likelihood, general), now.interaction, classes=classes, lone_wells=lone_wells
        )
        moved = np.abs(interaction - now.interaction).sum() + np.abs(general - now.general).sum()
        now = Weights(general, interaction)
        if moved < CONVERGED:
            break
    return now


def shape_weights(count: FloatArray, classes: Classes, *, lone_wells: bool) -> FloatArray:
    """Weights from the expected number of items of each class, with what is known beforehand.

    Parameters
    ----------
    count : (interaction classes,), expected items
    classes : interaction classes
    lone_wells : see `fit_weights`

    Returns
    -------
    (interaction classes,), sums to 1

    Notes
    -----
    The weight of a sensitizer class is rate × share of the pattern × share of the size. Patterns that are a set of
    drugs in a set of lines and the others are two groups, whose shares are learned; within a group the shares are drawn
    to each other by three items a pattern. Where an arm is one well, a pattern of a single context looks like a bad
    well, and all drugs of one line look like a bad well of the vehicle: their share is the mean of the other patterns,
    not what the data seem to say.
    """
    weights = count.copy()
    weights[classes.kind == Kind.NULL] += NULL_COUNT
    for kind in (Kind.SENSITIZER, Kind.ANTAGONIST):
        block = classes.block(kind)
        if block.size:
            single = _not_learned(classes, block, lone_wells=lone_wells)
            weights[block] = _factorized(count[block], product=classes.product[block[0]], single=single)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _shares(by_pattern: FloatArray, *, product: BoolArray, single: BoolArray) -> FloatArray:
    """Shares of patterns (…, patterns) from the expected items of each, drawn to each other within both groups."""
    by_pattern = np.where(single, 0.0, by_pattern)
    known = by_pattern.sum(axis=-1, keepdims=True)
    share = np.zeros(by_pattern.shape)
    groups = [(product & ~single, PRODUCT_SHARE), (~product & ~single, 1 - PRODUCT_SHARE)]
    both = all(members.any() for members, _ in groups)
    for members, expected in groups:
        if members.any():
            own = by_pattern[..., members]
            total = own.sum(axis=-1, keepdims=True)
            group = (total + PRODUCT_COUNT * expected) / (known + PRODUCT_COUNT) if both else 1.0
            share[..., members] = group * (own + PATTERN_COUNT) / (total + PATTERN_COUNT * members.sum())
    share[..., single] = share[..., ~single].mean(axis=-1, keepdims=True)
    return share


def shares_of_others(likelihood: FloatArray, weights: FloatArray, classes: Classes, *, lone_wells: bool) -> FloatArray:
    """Weights of the classes for each item, with shares of the patterns that the other items teach.

    Parameters
    ----------
    likelihood : (items, interaction classes), in any scale per item
    weights : (interaction classes,), fitted to all items
    classes, lone_wells : as `shape_weights`

    Returns
    -------
    (items, interaction classes), rows sum to what `weights` do

    Notes
    -----
    With tens of sensitizers and tens of patterns an item has a say in the weight of its own pattern, and oddities would
    confirm themselves.
    """
    block = classes.block(Kind.SENSITIZER)
    answer = np.broadcast_to(weights, likelihood.shape).copy()
    if not block.size:
        return answer
    own = likelihood * weights
    own = own[:, block].sum(axis=1) / np.maximum(own.sum(axis=1), 1e-300)[:, None]
    others = np.maximum(own.sum(axis=0) - own, 0.0)
    single = _not_learned(classes, block, lone_wells=lone_wells)
    share = _shares(others, product=classes.product[block[0]], single=single)
    share /= share.sum(axis=1, keepdims=True)
    for same_size in block:
        answer[:, same_size] = weights[same_size].sum() * share
    return answer


def _not_learned(classes: Classes, block: IntArray, *, lone_wells: bool) -> BoolArray:
    """Patterns whose share is not learned, because one well imitates them where an arm is one well; never all."""
    single = classes.like_a_well[block[0]]
    return np.asarray(single & (lone_wells and not single.all()))


def _factorized(count: FloatArray, *, product: BoolArray, single: BoolArray) -> FloatArray:
    """(sizes, patterns) expected items, smoothed and made a product of both margins."""
    known = np.where(single, 0.0, count.sum(axis=0)).sum()
    share = _shares(count.sum(axis=0), product=product, single=single)
    by_size = count.sum(axis=1) + SIZE_SHARE * known / len(count) + 1e-9
    return np.asarray(known * by_size[:, None] / by_size.sum() * share[None, :], dtype=np.float64)


def _maximize(
    likelihood: FloatArray, weights: FloatArray, *, classes: Classes | None = None, lone_wells: bool = False
) -> FloatArray:
    """EM over one set of weights."""
    for _ in range(INNER_ROUNDS):
        total = likelihood @ weights
        count = weights * (likelihood.T @ np.where(total > 0, 1 / np.where(total > 0, total, 1.0), 0.0))
        if classes is None:
            after = (count + 1e-3) / (count + 1e-3).sum()
        else:
            after = shape_weights(count, classes, lone_wells=lone_wells)
        moved = np.abs(after - weights).sum()
        weights = after
        if moved < CONVERGED / 10:
            break
    return weights
