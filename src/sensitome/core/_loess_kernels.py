"""Tricube weights between the wells of a grid, by way of the few distances that a grid has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Bytes of rows that a bank keeps before it starts anew.
BANK_BYTES = 1 << 25


def cubed_rest(ratio: FloatArray) -> FloatArray:
    """max(0, 1 - ratio)³, in the place of the ratio as far as possible."""
    np.subtract(1.0, ratio, out=ratio)
    np.maximum(ratio, 0.0, out=ratio)
    weights = ratio * ratio
    weights *= ratio
    return weights


class Grid:
    """Which squared offset lies between two wells of a grid of unit steps.

    Attributes
    ----------
    offsets : (wells, wells) number of the offset
    squares : (offsets, dimensions) squared steps in each coordinate
    """

    def __init__(self, place: FloatArray) -> None:
        size = [int(np.ptp(each)) + 1 for each in place.T]
        self.offsets: IntArray = np.zeros((len(place), len(place)), dtype=np.intp)
        for each, positions in zip(place.T, size, strict=True):
            step = (each - each.min()).astype(np.intp)
            self.offsets *= positions
            self.offsets += np.abs(step[:, np.newaxis] - step)
        self.squares = np.indices(tuple(size)).reshape(len(size), -1).T.astype(np.float64) ** 2

    def ranked(self, scale: FloatArray | float) -> tuple[FloatArray, IntArray, npt.NDArray[np.uint16]]:
        """Squared distance of each offset, offsets by distance, and the rank of each offset."""
        distance = (self.squares / np.asarray(scale) ** 2).sum(axis=1)
        order = distance.argsort(kind="stable")
        rank = np.empty(len(order), dtype=np.uint16)
        rank[order] = np.arange(len(order))
        return distance, order, rank

    def weights(self, wells: IntArray, *, scale: FloatArray, neighbors: int, span: float) -> FloatArray | None:
        """(all wells, fitted wells) weights over the nearest wells; None where a neighborhood has no radius.

        The radius is selected among ranks of distances: small whole numbers sort much faster.
        """
        distance, order, rank = self.ranked(scale)
        offsets = np.take(self.offsets, wells, axis=1)  # indexing by [:, wells] would leave the columns contiguous
        ranks = rank[offsets]
        ranks.partition(neighbors - 1, axis=1)
        radius = distance[order[ranks[:, neighbors - 1]]] * max(1.0, span)
        if radius.min() <= 0:
            return None
        weights = (distance**1.5)[offsets]
        weights *= (radius**-1.5)[:, np.newaxis]
        return cubed_rest(weights)


class KernelBank:
    """Rows of weights by point and radius, for patterns that are nearly the same wells.

    A plate that lacks some wells has, at most points, one of a few radii: its rows are looked up, not computed. The
    rows do not depend on which of them were asked for before. Weights are handed out in a few arrays, in turn: fresh
    memory for every plate would cost more than filling it.

    Parameters
    ----------
    grid : the plate
    wells : (wells,) all that any pattern fits
    span : as for `loess_surface`
    alive : how many arrays of weights are in use at a time
    """

    def __init__(self, grid: Grid, wells: IntArray, *, span: float, alive: int) -> None:
        self._handed: list[FloatArray] = []
        self._alive = alive
        self._next = 0
        self._span = max(1.0, span)
        self._distance, self._order, rank = grid.ranked(1.0)
        self._offsets = np.take(grid.offsets, wells, axis=1)
        ranks = rank[self._offsets]
        nearest = ranks.argsort(axis=1, kind="stable")
        self._ranks = np.take_along_axis(ranks, nearest, axis=1)
        #: (points, wells) how many wells are nearer.
        self._position = np.empty(nearest.shape, dtype=np.int16)
        np.put_along_axis(self._position, nearest, np.arange(nearest.shape[1], dtype=np.int16)[None], axis=1)
        self._clear()

    def _clear(self) -> None:
        self._slot = np.full((len(self._offsets), len(self._order)), -1, dtype=np.intp)
        self._rows = np.empty((2 * len(self._offsets), self._offsets.shape[1]))
        self._held = 0

    def weights(self, fitted: BoolArray, points: IntArray, *, neighbors: int) -> FloatArray | None:
        """(points, wells) weights over the nearest fitted wells, 0 at the others; None without a radius.

        The array is used again after as many further calls as weights are in use at a time.

        Parameters
        ----------
        fitted : (wells,) which of the bank's wells the pattern has
        points : all places, in the order of the answer
        neighbors : how many fitted wells lie within the radius
        """
        absent = np.flatnonzero(~fitted)
        lost = np.sort(self._position[:, absent], axis=1) - np.arange(len(absent))
        last = neighbors - 1 + (lost <= neighbors - 1).sum(axis=1)
        rank = np.take_along_axis(self._ranks, last[:, np.newaxis], axis=1)[:, 0].astype(np.intp)
        if self._distance[self._order[rank]].min() <= 0:
            return None
        place = np.arange(len(rank))
        slot = self._slot[place, rank]
        if slot.min() < 0:
            self._add(place[slot < 0], rank[slot < 0])
            slot = self._slot[place, rank]
            if slot.min() < 0:  # the bank was emptied to make room
                self._add(place[slot < 0], rank[slot < 0])
                slot = self._slot[place, rank]
        weights = self._array()
        np.take(self._rows, slot[points], axis=0, out=weights, mode="clip")  # "raise" would fill a copy first
        weights[:, absent] = 0.0
        return weights

    def _array(self) -> FloatArray:
        """The array whose turn it is."""
        if len(self._handed) < self._alive:
            self._handed.append(np.empty(self._offsets.shape))
            return self._handed[-1]
        self._next = (self._next + 1) % self._alive
        return self._handed[self._next - 1]

    def _add(self, place: IntArray, rank: IntArray) -> None:
        """Compute the rows of some points and radii."""
        end = self._held + len(place)
        if end * self._rows.shape[1] * 8 > BANK_BYTES and self._held:
            self._clear()
            end = len(place)
        while end > len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        ratio = (self._distance**1.5)[self._offsets[place]]
        ratio *= ((self._distance[self._order[rank]] * self._span) ** -1.5)[:, np.newaxis]
        self._rows[self._held : end] = cubed_rest(ratio)
        self._slot[place, rank] = np.arange(self._held, end)
        self._held = end
