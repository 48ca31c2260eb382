"""Correlation of every row of one matrix with every row of another, by matrix products, some rows at a time.

Missing values are met pair by pair: rows are grouped by which places they lack, and each pair of groups is correlated
over the places that both have. Without gaps there is one group, ranked once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sensitome.core.correlation import (
    COUNTED,
    EDGEWORTH,
    SpearmanP,
    correlation_p,
    has_ties,
    residuals,
    spearman_p,
    unit_rows,
)
from sensitome.core.on_device import Device, device_p_spearman, device_p_t, device_product
from sensitome.core.ranks import midranks

__all__ = ["CORRELATIONS", "CorrelationMethod", "PairBlock", "Pairs", "prepare_pairs"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

CorrelationMethod = Literal["spearman", "pearson"]
CORRELATIONS: tuple[CorrelationMethod, ...] = get_args(CorrelationMethod)

# Places that both rows must have.
_FEWEST = 3


@dataclass(frozen=True)
class PairBlock:
    """Some rows of x against all rows of y: (rows, rows of y) each.

    `estimate` and `p` are NaN where a side is constant or too few places are complete; `n` counts complete places.
    """

    estimate: FloatArray
    p: FloatArray
    n: IntArray


@dataclass(frozen=True)
class _Group:
    """Rows that have the same places; `unit` and `tied` are theirs over all of these."""

    rows: IntArray
    there: BoolArray
    unit: FloatArray
    tied: BoolArray


@dataclass(frozen=True)
class Pairs:
    """Two matrices made ready by `prepare_pairs`; `block` correlates."""

    x: FloatArray
    y: FloatArray
    covariates: FloatArray
    method: CorrelationMethod
    p_method: SpearmanP
    x_groups: tuple[_Group, ...]
    y_groups: tuple[_Group, ...]
    device: Device | None = None
    # What is on the device already: whole groups of y, by their first row.
    _sent: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)

    def block(self, rows: slice) -> PairBlock:
        """Correlations of these rows of x with every row of y."""
        wanted = np.arange(len(self.x))[rows]
        shape = (len(wanted), len(self.y))
        block = PairBlock(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.intp))
        for left in self.x_groups:
            inside = np.isin(left.rows, wanted)
            if inside.any():
                for right in self.y_groups:
                    self._fill(block, left, right, inside, wanted)
        return block

    def _fill(self, block: PairBlock, left: _Group, right: _Group, inside: BoolArray, wanted: IntArray) -> None:
        """Correlate the rows of two groups over the places that both have."""
        shared = left.there & right.there
        n = int(shared.sum())
        into = np.searchsorted(wanted, left.rows[inside])
        block.n[np.ix_(into, right.rows)] = n
        if n < _FEWEST:
            return
        unit_x, tied_x = left.unit[inside], left.tied[inside]
        unit_y, tied_y = right.unit, right.tied
        if n < left.there.sum():
            unit_x, tied_x = self._unit(self.x[left.rows[inside]], shared)
        if n < right.there.sum():
            unit_y, tied_y = self._unit(self.y[right.rows], shared)
        if self.device is not None and n > COUNTED:
            is_sent = unit_y is right.unit
            found = self._on_device(
                unit_x, unit_y, n, tied_x[:, None] | tied_y, key=int(right.rows[0]) if is_sent else -1
            )
            block.estimate[np.ix_(into, right.rows)], block.p[np.ix_(into, right.rows)] = found
            return
        whole = len(right.rows) == len(self.y)
        estimate = np.clip(unit_x @ unit_y.T, -1.0, 1.0)
        for place, row in enumerate(into):
            # Row by row, so that the temporaries of a p stay in cache.
            p = self._p(estimate[place], n, tied_x[place] | tied_y)
            columns: slice | IntArray = slice(None) if whole else right.rows
            block.estimate[row, columns], block.p[row, columns] = estimate[place], p

    def _on_device(
        self, unit_x: FloatArray, unit_y: FloatArray, n: int, tied: BoolArray, *, key: int
    ) -> tuple[FloatArray, FloatArray]:
        """Product and p on the device; rows of y stay there for the next block."""
        device = self.device
        assert device is not None  # noqa: S101 - the caller has asked
        there = self._sent.get(key)
        if there is None:
            there = device.send(unit_y)
            if key >= 0:
                self._sent[key] = there
        estimate = device_product(device, device.send(unit_x), there)
        plain = self.method == "spearman" and not len(self.covariates)
        by_t = not plain or self.p_method == "t" or n > EDGEWORTH
        p = np.zeros(0)
        if by_t or tied.any():
            p = device.fetch(device_p_t(device, estimate, df=n - 2 - len(self.covariates)))
        if not by_t and not tied.all():
            series = device.fetch(device_p_spearman(device, estimate, n=n))
            p = np.where(tied, p, series) if len(p) else series
        return device.fetch(estimate), p

    def _p(self, estimate: FloatArray, n: int, tied: BoolArray) -> FloatArray:
        if self.method == "spearman" and not len(self.covariates):
            return spearman_p(estimate, n=n, tied=tied, method=self.p_method)
        return correlation_p(estimate, df=n - 2 - len(self.covariates))

    def _unit(self, values: FloatArray, shared: BoolArray) -> tuple[FloatArray, BoolArray]:
        return _unit(values[:, shared], self.covariates[:, shared], method=self.method)


def prepare_pairs(
    x: FloatArray,
    y: FloatArray,
    *,
    method: CorrelationMethod = "spearman",
    p_method: SpearmanP = "r",
    covariates: FloatArray | None = None,
    device: Device | None = None,
) -> Pairs:
    """Rank and scale both matrices once.

    Parameters
    ----------
    x : (features, places); NaN = missing
    y : (other features, places); NaN = missing
    method : ``spearman`` or ``pearson``
    p_method : of Spearman without covariates, as `sensitome.core.correlation.spearman_p`
    covariates : (covariates, places), no NaN: correlate what they leave. With ``spearman`` they are ranked like the
        features; p by t with n − 2 − covariates df
    device : where products and p are computed; None = here. Ranks are made here either way

    Notes
    -----
    Pair by pair equal to `sensitome.core.correlation.spearman` and ``pearson`` (rtol 1e-12); on a device correlations
    to 1e-14 and p to 1e-11, because products are summed in another order and tails come from a series.
    """
    adjusting = np.zeros((0, x.shape[1])) if covariates is None else covariates
    groups = [tuple(_group(side, adjusting, method)) for side in (x, y)]
    return Pairs(x, y, adjusting, method, p_method, groups[0], groups[1], device)


def _group(values: FloatArray, covariates: FloatArray, method: CorrelationMethod) -> list[_Group]:
    there = ~np.isnan(values)
    if there.all():
        rows = [np.arange(len(values))]
    else:
        packed, which = np.unique(np.packbits(there, axis=1), axis=0, return_inverse=True)
        which = which.reshape(-1)
        order = np.argsort(which, kind="stable")
        rows = np.split(order, np.cumsum(np.bincount(which, minlength=len(packed)))[:-1])
    found = []
    for own in rows:
        if len(own):
            places = there[own[0]]
            unit, tied = _unit(values[own][:, places], covariates[:, places], method=method)
            found.append(_Group(own, places, unit, tied))
    return found


def _unit(values: FloatArray, covariates: FloatArray, *, method: CorrelationMethod) -> tuple[FloatArray, BoolArray]:
    """Rows ready for products, and which have ties; rows that the covariates explain wholly are NaN."""
    if values.shape[1] < _FEWEST:
        return np.full(values.shape, np.nan), np.zeros(len(values), dtype=np.bool_)
    tied = has_ties(values) if method == "spearman" else np.zeros(len(values), dtype=np.bool_)
    ready = midranks(values) if method == "spearman" else values
    if not len(covariates):
        return unit_rows(ready), tied
    left = residuals(ready, midranks(covariates) if method == "spearman" else covariates)
    before = ((ready - ready.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    explained = (left**2).sum(axis=1) <= 1e-20 * before
    return np.where(explained[:, None], np.nan, unit_rows(left)), tied
