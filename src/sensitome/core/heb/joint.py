"""The likelihood of every reading of every item under general × interaction classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import Classes, general_covariances
from sensitome.core.heb.likelihood import common_noise, log_likelihood, prepare
from sensitome.core.heb.mixture import Likelihood
from sensitome.core.heb.readings import NOISE_GRID, Readings

__all__ = ["Grid", "joint_likelihood", "make_grid", "row_blocks"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Numbers that are worked on together.
BLOCK = 1 << 22


@dataclass(frozen=True)
class Grid:
    """All classes of a model.

    Parameters
    ----------
    general : (general classes, arms, arms) covariance of general effects, once for each noise level
    scale : (general classes,) variance of a sound well
    rest : (groups, arms, arms) covariance of persistent small interactions, by group of items
    group : (items,) which group an item belongs to
    classes : interaction classes
    """

    general: FloatArray
    scale: FloatArray
    rest: FloatArray
    group: IntArray
    classes: Classes


def make_grid(
    slopes: FloatArray,
    classes: Classes,
    *,
    variance: float,
    background: FloatArray,
    group: IntArray,
    keep: BoolArray | None = None,
) -> Grid:
    """Cross general effects with noise levels, and put the background on the drug arms.

    Parameters
    ----------
    slopes : (lines, arms)
    classes : interaction classes
    variance : of a single well
    background : (groups,) variance of small interactions in a drug arm
    group : (items,) which group an item belongs to
    keep : (general classes,) which of them are worth having; None = all
    """
    covariances = general_covariances(slopes)
    drug = np.tile(np.arange(slopes.shape[1]) > 0, len(slopes))
    kept = slice(None) if keep is None else keep
    return Grid(
        np.repeat(covariances, len(NOISE_GRID), axis=0)[kept],
        variance * np.tile(NOISE_GRID, len(covariances))[kept],
        background[:, None, None] * np.diag(drug),
        group,
        classes,
    )


def row_blocks(readings: Readings, width: int) -> list[slice]:
    """Consecutive rows that hold whole items, about `BLOCK` numbers of this width each."""
    start = readings.start
    most = max(1, BLOCK // max(width, 1))
    cut = [0]
    for first, last in zip(start, np.append(start[1:], len(readings)), strict=True):
        if last - cut[-1] > most and first > cut[-1]:
            cut.append(int(first))
    return [slice(a, b) for a, b in zip(cut, [*cut[1:], len(readings)], strict=True)]


def joint_likelihood(readings: Readings, grid: Grid, *, wrong_rate: float | None = None) -> Likelihood:
    """Likelihood of every row under every pair of classes.

    Parameters
    ----------
    readings : rows, sorted by item
    grid : classes
    wrong_rate : share of wells that go wrong, which weighs the readings; None = leave them unweighed

    Returns
    -------
    Likelihood
    """
    generals, interactions = len(grid.scale), len(grid.classes)
    arms = readings.values.shape[1]
    covariance = (grid.general[:, None] + grid.classes.covariance[None]).reshape(-1, arms, arms)
    common = common_noise(readings.noise)
    prepared = [
        prepare(
            mean=np.tile(grid.classes.mean, (generals, 1)),
            covariance=covariance + rest,
            scale=np.repeat(grid.scale, interactions),
            common=np.where(np.isfinite(common), common, 1.0),
            single=True,
        )
        for rest in grid.rest
    ]
    group = grid.group[readings.item]
    share = np.empty((len(readings), generals, interactions), dtype=np.float32)
    largest = np.empty(len(readings.start))
    within = -0.5 * readings.df[:, None] * np.log(grid.scale) - readings.squares[:, None] / (2 * grid.scale)
    within += (readings.offset + (0.0 if wrong_rate is None else readings.log_odds(wrong_rate)))[:, None]
    for block in row_blocks(readings, generals * interactions):
        rows = readings.where(np.arange(block.start, block.stop))
        log_like = np.empty((len(rows), generals, interactions), dtype=np.float32)
        for code, classes in enumerate(prepared):
            own = group[block] == code
            if own.any():
                found = log_likelihood(classes, rows.values[own], rows.noise[own])
                log_like[own] = found.reshape(-1, generals, interactions)
        log_like += within[block, :, None].astype(np.float32)
        top = np.maximum.reduceat(log_like.max(axis=(1, 2)), rows.start)
        sizes = np.diff(np.append(rows.start, len(rows)))
        log_like -= np.repeat(top, sizes)[:, None, None]
        share[block] = log_like
        np.exp(share[block], out=share[block])
        first = int(np.searchsorted(readings.start, block.start))
        largest[first : first + len(top)] = top
    return Likelihood(share, readings.start, largest)
