"""Ranks and normal scores of many rows at once, with gaps and ties."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["midranks", "normal_scores"]

FloatArray = npt.NDArray[np.float64]


def midranks(values: FloatArray) -> FloatArray:
    """Ranks within each row, from 1; ties share their mean rank.

    Parameters
    ----------
    values : (rows, places); NaN = nothing there

    Returns
    -------
    (rows, places); NaN where `values` is NaN

    Notes
    -----
    Equal to R ``rank(x, na.last = "keep")`` and to `scipy.stats.rankdata`, row by row (exact).

    >>> midranks(np.array([[3.0, 1.0, np.nan, 1.0]]))
    array([[3. , 1.5, nan, 1.5]])
    """
    order = np.argsort(values, axis=1)  # NaN sorts last
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.arange(values.shape[1])
    is_new = np.ones(values.shape, dtype=np.bool_)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    if is_new.all():
        rank_ordered = np.broadcast_to(place + 1.0, values.shape)
    else:
        first = np.maximum.accumulate(np.where(is_new, place, 0), axis=1)
        is_last = np.ones(values.shape, dtype=np.bool_)
        is_last[:, :-1] = is_new[:, 1:]
        last = np.minimum.accumulate(np.where(is_last, place, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
        rank_ordered = (first + last) / 2 + 1.0
    ranks = np.empty_like(values)
    np.put_along_axis(ranks, order, rank_ordered, axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def normal_scores(values: FloatArray) -> FloatArray:
    """Van der Waerden scores within each row: the normal quantile of (rank − ½) / n.

    Whatever the distribution of the readings, with outliers and hits among them, the scores have the same shape: what
    is left is where the high and the low readings lie.

    Parameters
    ----------
    values : (rows, places); NaN = nothing there

    Returns
    -------
    (rows, places), mean 0 in each row; NaN where `values` is NaN; 0 throughout a row of equal values

    References
    ----------
    van der Waerden 1952, doi:10.1016/S1385-7258(52)50063-5 (with Hazen's plotting position).
    """
    gap = np.isnan(values)
    n = values.shape[1] - gap.sum(axis=1)
    order = np.argsort(values, axis=1)  # NaN sorts last
    ordered = np.take_along_axis(values, order, axis=1)
    has_ties = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    scores = np.empty(values.shape)
    scores.ravel()[(order + np.arange(len(values))[:, None] * values.shape[1]).ravel()] = _quantiles(
        n, values.shape[1]
    ).ravel()
    if has_ties.any():
        scores[has_ties] = _tied_scores(values[has_ties], n[has_ties])
    scores[gap] = np.nan
    return scores


def _quantiles(n: npt.NDArray[np.intp], width: int) -> FloatArray:
    """Normal quantiles of (i − ½) / n for i = 1 … n, then 0: (rows, width)."""
    from scipy.special import ndtri

    sizes, which = np.unique(n, return_inverse=True)
    table = np.zeros((len(sizes), width))
    for row, size in enumerate(sizes):
        table[row, :size] = ndtri((np.arange(size) + 0.5) / max(size, 1))
    return np.asarray(table[which])


def _tied_scores(values: FloatArray, n: npt.NDArray[np.intp]) -> FloatArray:
    """Scores of rows with ties: quantiles of midranks, made to sum to 0."""
    from scipy.special import ndtri

    size = np.maximum(n, 1)[:, None]
    scores = np.asarray(ndtri((midranks(values) - 0.5) / size), dtype=np.float64)
    return np.asarray(scores - np.nansum(scores, axis=1, keepdims=True) / size)
