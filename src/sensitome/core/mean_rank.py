"""Weighted mean rank: whether the targets of a gene lie higher or lower than the rest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.ranks import midranks

__all__ = ["MeanRank", "group_means", "mean_rank_test"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class MeanRank(NamedTuple):
    """Result per variable.

    Parameters
    ----------
    mean_rank : (variables,) weighted mean rank among the observations, scaled to 0 (lowest) … 1; NaN without weight
    z : (variables,) distance from what chance gives, in standard deviations; negative = lower values
    p : (variables,) two-sided
    """

    mean_rank: FloatArray
    z: FloatArray
    p: FloatArray


def group_means(values: FloatArray, *, group: IntArray, weight: FloatArray) -> FloatArray:
    """Weighted means within groups.

    Parameters
    ----------
    values : (observations, …)
    group : (observations,) codes 0 … groups − 1
    weight : (observations,) positive

    Returns
    -------
    (groups, …)
    """
    count = int(group.max()) + 1 if len(group) else 0
    total = np.bincount(group, weights=weight, minlength=count)
    flat = values.reshape(len(values), -1)
    share = (weight / total[group])[:, None] if len(group) else np.empty((0, 1))
    sums = np.zeros((count, flat.shape[1]))
    np.add.at(sums, group, flat * share)
    return sums.reshape((count, *values.shape[1:]))


def mean_rank_test(x: FloatArray, y: FloatArray) -> MeanRank:
    """Test of each variable's weighted mean rank against random order.

    Parameters
    ----------
    x : (observations, variables), weights of at least 0: how strongly each observation bears on the variable
    y : (observations,); equal values share the mean of their ranks

    Returns
    -------
    MeanRank

    Notes
    -----
    T = Σ w R over a random order has mean R̄ Σw and variance Σ(R − R̄)² Σ(w − w̄)² / (n − 1), and is taken as normal; with
    equal weights this is the rank-sum test without continuity correction. With few observations per variable the tails
    of T are shorter than normal, so p is on the safe side.

    References
    ----------
    Hoeffding 1951, doi:10.1214/aoms/1177729545; Wilcoxon 1945, doi:10.2307/3001968
    """
    from scipy.special import ndtr

    n = len(y)
    rank = midranks(y[np.newaxis])[0]
    centered = rank - rank.mean()
    total = x.sum(axis=0)
    spread = ((x - total / n) ** 2).sum(axis=0) * (centered**2).sum() / max(n - 1, 1)
    shift = centered @ x
    z = np.divide(shift, np.sqrt(spread), out=np.full(x.shape[1], np.nan), where=spread > 1e-12)
    mean = np.divide(rank @ x, total, out=np.full(x.shape[1], np.nan), where=total > 0)
    scaled = (mean - 1) / max(n - 1, 1)
    return MeanRank(scaled, z, np.where(np.isnan(z), np.nan, 2 * ndtr(-np.abs(z))))
