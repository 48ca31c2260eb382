"""Survival curves by Kaplan and Meier: intervals of five kinds, medians, numbers at risk, restricted means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sensitome.core.survival.times import merge_times

__all__ = [
    "INTERVALS",
    "Curve",
    "Interval",
    "MeanDifference",
    "at_risk",
    "interval",
    "kaplan_meier",
    "mean_difference",
    "quantile",
    "restricted_mean",
    "survival_at",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: On which scale an interval is symmetric; ``log`` is R's default, ``log-log`` that of lifelines.
Interval = Literal["log-log", "log", "plain", "logit", "arcsin"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)

_NEAR = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True)
class Curve:
    """A survival curve, which steps at its times.

    Parameters
    ----------
    time : (times,), distinct times of events and censorings, rising
    n_risk, n_event, n_censored : (times,), subjects
    survival : (times,), share alive just after the time
    log_se : (times,), standard error of the logarithm of survival (Greenwood); inf where survival is 0
    """

    time: FloatArray
    n_risk: FloatArray
    n_event: FloatArray
    n_censored: FloatArray
    survival: FloatArray
    log_se: FloatArray


def kaplan_meier(time: FloatArray, event: BoolArray) -> Curve:
    """Survival curve of one group.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    event : (n,), whether the event was seen; False = censored

    Notes
    -----
    R ``survival::survfit`` 3.5-3 (tests/oracle/survival, rtol 1e-10). Subjects censored at the time of an event are at
    risk there.

    References
    ----------
    Kaplan & Meier 1958, doi:10.1080/01621459.1958.10501452

    Examples
    --------
    >>> kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True])).survival
    array([0.75, 0.5 , 0.5 , 0.  ])
    """
    times, place = np.unique(merge_times(time), return_inverse=True)
    total = np.bincount(place, minlength=len(times)).astype(np.float64)
    n_event = np.bincount(place, weights=event, minlength=len(times)).astype(np.float64)
    n_risk = total[::-1].cumsum()[::-1]
    survival = np.cumprod((n_risk - n_event) / n_risk)
    left = n_risk - n_event
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(n_event > 0, n_event / (n_risk * left), 0.0)
    return Curve(times, n_risk, n_event, total - n_event, survival, np.sqrt(np.cumsum(greenwood)))


def interval(curve: Curve, *, level: float = 0.95, kind: Interval = "log-log") -> tuple[FloatArray, FloatArray]:
    """Pointwise interval of a curve.

    Parameters
    ----------
    curve : of `kaplan_meier`
    level : coverage
    kind : the scale on which it is symmetric

    Returns
    -------
    low, high : (times,); NaN where survival is 0, and for log-log, logit and arcsin where it is 1, as in R

    Notes
    -----
    R ``survfit(conf.type = kind)`` (tests/oracle/survival, rtol 1e-10).
    """
    from scipy.special import ndtri

    s = np.where(curve.survival > 0, curve.survival, np.nan)
    half = float(ndtri(0.5 + level / 2)) * curve.log_se
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "plain":
            low, high = s - half * s, s + half * s
        elif kind == "log":
            low, high = s * np.exp(-half), s * np.exp(half)
        elif kind == "log-log":
            reach = half / np.log(s)
            low, high = s ** np.exp(-reach), s ** np.exp(reach)
        elif kind == "logit":
            odds, reach = np.log(s / (1 - s)), half / (1 - s)
            low, high = 1 - 1 / (1 + np.exp(odds - reach)), 1 - 1 / (1 + np.exp(odds + reach))
        else:
            angle, reach = np.arcsin(np.sqrt(s)), 0.5 * half * np.sqrt(s / (1 - s))
            low, high = np.sin(np.maximum(angle - reach, 0)) ** 2, np.sin(np.minimum(angle + reach, np.pi / 2)) ** 2
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def quantile(
    curve: Curve, *, share: float = 0.5, level: float = 0.95, kind: Interval = "log-log"
) -> tuple[float, float, float]:
    """Time by which a share had the event, with its interval; the median by default.

    Returns
    -------
    quantile, low, high : in the unit of time; NaN where the curve, or the bound, does not come down that far

    Notes
    -----
    R's rule: where the curve runs flat at exactly 1 − share, the middle of the flat; the interval ends where the bounds
    of the curve first cross it (tests/oracle/survival, rtol 1e-10). Late bounds may turn up again, and a curve may end
    on the flat: there R's ``print`` and ``quantile`` part, and this is ``print``.
    """
    low, high = interval(curve, level=level, kind=kind)
    at, first, last = (_crossing(curve.time, line, 1.0 - share) for line in (curve.survival, low, high))
    return at, first, last


def survival_at(curve: Curve, times: FloatArray) -> FloatArray:
    """Share alive just after each time: (times,); 1 before the first step."""
    place = np.searchsorted(curve.time, times, side="right")
    return np.append(1.0, curve.survival)[place]


def at_risk(curve: Curve, times: FloatArray) -> FloatArray:
    """Subjects at risk just before each time, as under a plot: (times,)."""
    place = np.searchsorted(curve.time, times, side="left")
    return np.append(curve.n_risk, 0.0)[place]


def restricted_mean(curve: Curve, *, until: float) -> tuple[float, float]:
    """Mean time to the event within a window: the area under the curve.

    Parameters
    ----------
    curve : of `kaplan_meier`
    until : end of the window τ, in the unit of time

    Returns
    -------
    mean, se

    Notes
    -----
    Variance Σ (area from t to τ)² d / (n (n − d)), R's ``survmean`` (tests/oracle/survival, rtol 1e-10). A curve that
    ends before τ is continued level.
    """
    inside = curve.time <= until
    edges = np.concatenate([[0.0], curve.time[inside], [until]])
    area = np.diff(edges) * np.concatenate([[1.0], curve.survival[inside]])
    after = area[::-1].cumsum()[::-1][1:]
    n, d = curve.n_risk[inside], curve.n_event[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.where(n > d, d / (n * (n - d)), 0.0)
    return float(area.sum()), float(np.sqrt((after**2 * greenwood).sum()))


@dataclass(frozen=True)
class MeanDifference:
    """Difference of two restricted means, first less second, with its interval and two-sided p."""

    value: float
    se: float
    low: float
    high: float
    p: float


def mean_difference(first: Curve, second: Curve, *, until: float, level: float = 0.95) -> MeanDifference:
    """How much longer the first group goes without the event within a window.

    References
    ----------
    Royston & Parmar 2013, doi:10.1186/1471-2288-13-152
    """
    from scipy.special import ndtr, ndtri

    (mean_1, se_1), (mean_2, se_2) = restricted_mean(first, until=until), restricted_mean(second, until=until)
    value, se = mean_1 - mean_2, float(np.hypot(se_1, se_2))
    half = float(ndtri(0.5 + level / 2)) * se
    p = float(2 * ndtr(-abs(value) / se)) if se > 0 else float("nan")
    return MeanDifference(value, se, value - half, value + half, p)


def _crossing(time: FloatArray, line: FloatArray, height: float) -> float:
    """First time at which a falling step line is at or below a height; the middle of a flat that lies on it."""
    there = ~np.isnan(line)
    below = np.flatnonzero(there & (line < height + _NEAR))
    if not len(below):
        return float("nan")
    first = below[0]
    if abs(line[first] - height) < _NEAR:
        further = below[line[below] < line[first]]
        if len(further):
            return float((time[first] + time[further[0]]) / 2)
    return float(time[first])
