"""Scores of replicates, and one number from several.

Arrays are (replicates, items); an item is a well of a library plate, over all library plates of a screen.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = ["SUMMARIES", "Summary", "score_replicates", "summarize_replicates"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Summary = Literal["mean", "median", "min", "max", "rms", "closest-to-zero", "furthest-from-zero", "signed-rms"]

#: The summaries by name.
SUMMARIES: tuple[Summary, ...] = get_args(Summary)


def summarize_replicates(scores: FloatArray, *, method: Summary) -> FloatArray:
    """One score from the replicates of each item.

    Parameters
    ----------
    scores : (replicates, items), any unit; NaN = no score
    method : one of `SUMMARIES`

    Returns
    -------
    (items,), in the unit of the scores; NaN where an item has no score in any replicate

    Notes
    -----
    Missing scores are left out. ``closest-to-zero`` and ``furthest-from-zero`` take the first of ties. All but the last
    equal cellHTS2's ``summarizeReplicates`` (recorded on its KcViab screen, 1e-9). ``rms`` = sqrt(mean(x²)) has **lost
    the sign**: kill and growth look the same. ``signed-rms`` is ours: the rms with the sign of the mean, 0 where the
    mean is 0.

    Examples
    --------
    >>> scores = np.array([[-3.0, 1.0, np.nan], [-4.0, -1.0, np.nan]])
    >>> summarize_replicates(scores, method="mean")
    array([-3.5,  0. ,  nan])
    >>> summarize_replicates(scores, method="signed-rms").round(3)
    array([-3.536,  0.   ,    nan])
    """
    if method == "mean":
        return robust.nan_mean(scores, axis=0)
    if method == "median":
        return robust.nan_median(scores, axis=0)
    if method == "rms":
        return np.sqrt(robust.nan_mean(scores * scores, axis=0))
    if method == "signed-rms":
        return np.sign(robust.nan_mean(scores, axis=0)) * np.sqrt(robust.nan_mean(scores * scores, axis=0))
    if method == "min":
        return _pick(scores, scores)
    if method == "max":
        return _pick(scores, -scores)
    return _pick(scores, np.abs(scores) if method == "closest-to-zero" else -np.abs(scores))


def score_replicates(
    values: FloatArray,
    is_sample: BoolArray,
    *,
    method: Literal["none", "zscore", "npi"],
    is_negative: BoolArray,
    is_positive: BoolArray,
    sign: Literal[1, -1] = 1,
) -> FloatArray:
    """Put each replicate, over all its plates together, on one scale.

    Parameters
    ----------
    values : (replicates, items), normalized per plate; NaN = no reading
    is_sample : (replicates, items); wells that define center and spread (``zscore``)
    method : ``zscore`` — (x − median) / scaled MAD of the samples; ``npi`` — (mean(pos) − x) / (mean(pos) − mean(neg)),
        controls pooled over plates; ``none``
    is_negative, is_positive : (replicates, items); controls (``npi``)
    sign : −1 turns the scores, so that loss of signal counts upward

    Returns
    -------
    (replicates, items), in scaled MADs, as a ratio, or unchanged; a replicate without the wells that the method needs,
    or whose divisor is 0, is all NaN

    Notes
    -----
    cellHTS2 ``scoreReplicates`` (recorded on its KcViab screen, 1e-9). Scaling by the whole replicate keeps true
    differences in hit density between plates, which a z-score per plate erases.
    """
    if method == "none":
        return sign * values
    there = np.isfinite(values)
    if method == "zscore":
        samples = np.where(is_sample & there, values, np.nan)
        base = robust.nan_median(samples, axis=1)
        span = robust.nan_mad(samples, axis=1)
    else:
        base = robust.nan_mean(np.where(is_positive & there, values, np.nan), axis=1)
        # (pos − x) / (pos − neg) is (x − pos) / (neg − pos), the same form as a z-score.
        span = robust.nan_mean(np.where(is_negative & there, values, np.nan), axis=1) - base
    readings = np.where(there, values, np.nan)
    return sign * (readings - base[:, None]) / np.where(span != 0, span, np.nan)[:, None]


def _pick(scores: FloatArray, key: FloatArray) -> FloatArray:
    """Of each item the first score with the smallest key; NaN where there is none."""
    first = np.argmin(np.where(np.isnan(key), np.inf, key), axis=0)
    picked: FloatArray = np.take_along_axis(scores, first[None, :], axis=0)[0]
    return picked
