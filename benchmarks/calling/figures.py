"""What calls are worth, held against the truth; arrays are (reagents, contexts)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from benchmarks.calling.readiness import Truth

from sensitome.core.operating import average_precision, call_quality

__all__ = ["BINS", "QUIET", "Calls", "quality", "rates_held", "sizes_held"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Ends of the bins of local rates.
BINS = np.linspace(0.0, 1.0, 11)
#: Largest effect without drug that counts as none, log2.
QUIET = 0.32


class Calls(NamedTuple):
    """A method's answer in the order of the truth; NaN where it has none.

    ``called``; ``ranking``, the smallest first; ``rate`` of each context; ``low``, ``high`` ends of its interval;
    ``effect`` as the method, and ``raw`` as the difference of the arms, gives it; ``loyalty`` to seed families.
    """

    called: BoolArray
    ranking: FloatArray
    rate: FloatArray | None = None
    low: FloatArray | None = None
    high: FloatArray | None = None
    effect: FloatArray | None = None
    raw: FloatArray | None = None
    loyalty: float | None = None


def quality(calls: Calls, truth: Truth) -> dict[str, object]:
    """Recall, false share and average precision of contexts, reagents and candidates (two contexts or more).

    Contexts without a value rank last; a reagent ranks by its best context, a candidate by its second best. Figures as
    `sensitome.screen.simulation.scoring.score_against_truth`. ``quiet`` and ``toxic`` are true contexts, and those that
    are found, of reagents without and with an effect of their own.
    """
    value = np.where(np.isnan(calls.ranking), np.inf, calls.ranking)
    best = np.sort(value, axis=1)
    n_called, n_true = calls.called.sum(axis=1), truth.active.sum(axis=1)
    second = best[:, min(1, best.shape[1] - 1)]
    answer = _level(calls.called.ravel(), truth.active.ravel(), value.ravel())
    for name, least, rank in (("reagents", 1, best[:, 0]), ("candidates", 2, second)):
        found = _level(n_called >= least, n_true >= least, rank)
        answer |= {f"{name}_{key}": found[key] for key in ("called", "recall", "false_share")}
    right = calls.called & truth.active
    quiet = np.abs(truth.alone) < QUIET
    for name, kind in (("quiet", quiet), ("toxic", truth.alone <= -QUIET)):
        answer[name] = [int((truth.active & kind).sum()), int((right & kind).sum())]
    return answer


def _level(called: BoolArray, true: BoolArray, value: FloatArray) -> dict[str, object]:
    found = call_quality(called, true)
    return {
        "true": found.true,
        "called": found.called,
        "right": found.right,
        "recall": round(found.recall, 6) if found.true else None,
        "false_share": round(found.false_share, 6),
        "average_precision": round(average_precision(value, true), 6) if found.true else None,
    }


def rates_held(calls: Calls, truth: Truth) -> dict[str, object]:
    """Reliability and coverage of a method with rates.

    ``reliability``: contexts, sum of their rates and number without a true interaction in each of ten bins;
    ``coverage``: contexts, and those whose true interaction lies in the interval: all, called, not called, active.
    """
    if calls.rate is None or calls.low is None or calls.high is None:
        return {}
    known = ~np.isnan(calls.rate)
    rate, false = calls.rate[known], ~truth.active[known]
    place = np.clip(np.searchsorted(BINS, rate, side="left") - 1, 0, len(BINS) - 2)
    sums = [np.bincount(place, weights=w, minlength=len(BINS) - 1) for w in (np.ones(len(rate)), rate, false)]
    there = ~np.isnan(calls.low)
    with np.errstate(invalid="ignore"):
        inside = (truth.delta >= calls.low) & (truth.delta <= calls.high)
    kinds = [there, there & calls.called, there & ~calls.called, there & truth.active]
    return {
        "reliability": [[float(round(v, 6)) for v in row] for row in np.stack(sums, axis=1)],
        "coverage": [[int(kind.sum()), int((inside & kind).sum())] for kind in kinds],
    }


def sizes_held(calls: Calls, truth: Truth) -> dict[str, object]:
    """``sizes`` of the right calls: number, sums of true, raw and drawn-in interaction, and of the squared errors."""
    if calls.effect is None or calls.raw is None:
        return {}
    right = calls.called & truth.active
    true, raw, drawn = truth.delta[right], calls.raw[right], calls.effect[right]
    sums = [true.sum(), raw.sum(), drawn.sum(), ((raw - true) ** 2).sum(), ((drawn - true) ** 2).sum()]
    return {"sizes": [int(right.sum()), *(float(round(value, 6)) for value in sums)]}
