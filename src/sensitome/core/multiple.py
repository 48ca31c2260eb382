"""Many tests at once: adjusted p-values, and the false-discovery rate of a list ranked by local rates."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = ["ADJUSTMENTS", "Adjustment", "adjust_p", "bayesian_fdr"]

FloatArray = npt.NDArray[np.float64]

Adjustment = Literal["bh", "by", "bonferroni", "holm", "hochberg", "none"]

#: The adjustments by name.
ADJUSTMENTS: tuple[Adjustment, ...] = get_args(Adjustment)


def adjust_p(p: FloatArray, *, method: Adjustment = "bh", axis: int | None = None) -> FloatArray:
    """Adjust p-values for the number of tests made.

    Parameters
    ----------
    p : any shape, 0 … 1; NaN = not tested: stays NaN and is not counted
    method : ``bh`` (Benjamini-Hochberg) and ``by`` (any dependence) hold the false-discovery rate; ``holm``,
        ``hochberg`` and ``bonferroni`` the chance of any false call
    axis : adjust each line along this axis by itself; None = all values are one family

    Returns
    -------
    shape of p; never below p, monotone in p

    Notes
    -----
    R ``p.adjust`` (tests/oracle/p_adjust, rtol 1e-12).

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Holm 1979, Scand J Stat 6:65

    Examples
    --------
    >>> adjust_p(np.array([0.01, 0.04, np.nan, 0.03]), method="bh")
    array([0.03, 0.04,  nan, 0.04])
    """
    if axis is not None:
        lines = np.moveaxis(p, axis, -1)
        flat = lines.reshape(-1, lines.shape[-1])
        done = np.array([_adjust(line, method) for line in flat]).reshape(lines.shape)
        return np.moveaxis(done, -1, axis)
    return _adjust(p.reshape(-1), method).reshape(p.shape)


def bayesian_fdr(local_rate: FloatArray) -> FloatArray:
    """Expected share of false calls in the list that ends with each item.

    Parameters
    ----------
    local_rate : any shape, the probability that calling this item is false; NaN = not testable

    Returns
    -------
    shape of local_rate; the mean local rate of all items whose rate is no larger; NaN stays NaN

    Notes
    -----
    A list cut at a Bayesian FDR rides on its certain members: the last ones may have local rates far above the cut.

    References
    ----------
    Newton et al. 2004, doi:10.1093/biostatistics/5.2.155

    Examples
    --------
    >>> bayesian_fdr(np.array([0.3, 0.0, np.nan, 0.3]))
    array([0.2, 0. , nan, 0.2])
    """
    flat = local_rate.reshape(-1)
    there = np.flatnonzero(~np.isnan(flat))
    order = there[np.argsort(flat[there], kind="stable")]
    ordered = flat[order]
    running = np.cumsum(ordered) / np.arange(1, len(order) + 1)
    answer = np.full(flat.shape, np.nan)
    if len(order):
        answer[order] = running[np.searchsorted(ordered, ordered, side="right") - 1]
    return answer.reshape(local_rate.shape)


def _adjust(p: FloatArray, method: Adjustment) -> FloatArray:
    """Adjust one family."""
    adjusted = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    count = len(there)
    if method in ("none", "bonferroni") or count == 0:
        adjusted[there] = np.minimum(p[there] * (count if method == "bonferroni" else 1), 1.0)
        return adjusted
    order = there[np.argsort(p[there], kind="stable")]
    rank = np.arange(1, count + 1)
    if method == "holm":
        adjusted[order] = np.minimum(np.maximum.accumulate((count - rank + 1) * p[order]), 1.0)
        return adjusted
    factor = count - rank + 1.0 if method == "hochberg" else count / rank
    if method == "by":
        factor = factor * np.sum(1.0 / rank)
    stepped = np.minimum.accumulate((factor * p[order])[::-1])[::-1]
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
