"""How well calls and rankings agree with a known truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["CallQuality", "average_precision", "call_quality"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class CallQuality(NamedTuple):
    """Calls against the truth.

    Parameters
    ----------
    true : how many are true
    called : how many are called
    right : how many are both
    recall : right / true; NaN when nothing is true
    false_share : (called − right) / called, the false-discovery proportion; 0 when nothing is called
    """

    true: int
    called: int
    right: int
    recall: float
    false_share: float


def call_quality(called: BoolArray, truth: BoolArray) -> CallQuality:
    """Recall and false-discovery proportion of calls.

    Parameters
    ----------
    called : (n,)
    truth : (n,)

    >>> call_quality(np.array([True, True, False]), np.array([True, False, True]))
    CallQuality(true=2, called=2, right=1, recall=0.5, false_share=0.5)
    """
    true, calls, right = int(truth.sum()), int(called.sum()), int((called & truth).sum())
    recall = right / true if true else float("nan")
    return CallQuality(true, calls, right, recall, (calls - right) / calls if calls else 0.0)


def average_precision(score: FloatArray, truth: BoolArray) -> float:
    """Area under precision against recall of a ranking, without interpolation.

    Parameters
    ----------
    score : (n,); the smallest is ranked first; NaN = not ranked, and last
    truth : (n,)

    Returns
    -------
    Between 0 and 1; NaN when nothing is true

    Notes
    -----
    AP = Σ (recall_k − recall_{k−1}) precision_k over the distinct values of the score, so that the order of ties does
    not matter; the definition of scikit-learn's `average_precision_score`.

    >>> average_precision(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))
    0.8333333333333333
    """
    if not truth.any():
        return float("nan")
    filled = np.where(np.isnan(score), np.inf, score)
    order = np.argsort(filled, kind="stable")
    ranked, right = filled[order], np.cumsum(truth[order])
    last_of_ties = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    precision = right[last_of_ties] / (last_of_ties + 1.0)
    recall = right[last_of_ties] / right[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
