"""Times and risk sets: what every method for time to an event stands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Deaths", "deaths_of", "merge_times", "stratum_rows"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

# Times nearer than this, absolutely or against the mean time, are one time that arithmetic has split.
_SPLIT = float(np.sqrt(np.finfo(np.float64).eps))


def merge_times(time: FloatArray) -> FloatArray:
    """Times with those that differ by rounding alone made equal.

    Parameters
    ----------
    time : (n,), any unit

    Returns
    -------
    (n,); of each run of nearly equal times the first

    Notes
    -----
    The rule of R ``survival::aeqSurv``: distinct times closer than √ε, or closer than √ε of the mean distinct time.

    >>> merge_times(np.array([0.1 + 0.2, 0.3, 1.0])).tolist()
    [0.3, 0.3, 1.0]
    """
    distinct = np.unique(time)
    gap = np.diff(distinct)
    split = (gap <= _SPLIT) | (gap / np.mean(np.abs(distinct)) <= _SPLIT) if len(gap) else np.zeros(0, dtype=np.bool_)
    if not split.any():
        return time
    first = distinct[np.append(True, ~split)]
    return np.asarray(first[np.searchsorted(first, time, side="right") - 1])


@dataclass(frozen=True)
class Deaths:
    """Times of events of one stratum, with the subjects put in order of falling time.

    Parameters
    ----------
    order : (n,), subjects by falling time; of equal times those with the event last
    dead : (deaths,), positions in `order` of the subjects with the event
    time : (times,), distinct times of events, falling
    risk_end : (times,), how many of `order` are at risk: those before this position
    n_risk, n_event : (times,)
    first : (times,), position in `dead` of the first death at the time
    """

    order: IntArray
    dead: IntArray
    time: FloatArray
    risk_end: IntArray
    n_risk: FloatArray
    n_event: FloatArray
    first: IntArray


def deaths_of(time: FloatArray, event: BoolArray) -> Deaths:
    """Arrange one stratum; times are taken as they are (see `merge_times`)."""
    order = np.lexsort((event, -time))
    ordered = time[order]
    dead = np.flatnonzero(event[order])
    times, first, count = np.unique(-ordered[dead], return_index=True, return_counts=True)
    risk_end = np.searchsorted(-ordered, times, side="right")
    return Deaths(
        order, dead, -times, risk_end, risk_end.astype(np.float64), count.astype(np.float64), first.astype(np.intp)
    )


def stratum_rows(strata: IntArray | None, n: int) -> list[IntArray]:
    """Positions of the subjects of each stratum; all in one without strata."""
    if strata is None:
        return [np.arange(n)]
    return [np.flatnonzero(strata == code) for code in np.unique(strata)]
