"""What an earlier screen taught, reused: weights of the classes and the share of wells that go wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import GENERAL_GRID, Classes
from sensitome.core.heb.mixture import Weights
from sensitome.core.heb.readings import NOISE_GRID
from sensitome.errors import MethodError

__all__ = ["Learned", "Prior", "general_levels", "learned", "pooled_rate", "pooled_weights"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Learned:
    """Weights of a fit with what they belong to, so that they can be kept.

    Parameters
    ----------
    kind : (classes,), of `classes.Kind`
    size : (classes,), typical interaction, log2, positive; 0 of the null
    pattern : (classes, lines, drugs)
    interaction : (classes,), sums to 1
    general : (general classes,), in the order of `general_levels`; sums to 1
    wrong_rate : share of wells that go wrong
    """

    kind: IntArray
    size: FloatArray
    pattern: BoolArray
    interaction: FloatArray
    general: FloatArray
    wrong_rate: float


@dataclass(frozen=True)
class Prior:
    """What was learned before, and how much it counts: 0 = nothing, 0.5 = as much as this screen, 1 = all."""

    learned: Learned
    weight: float


def general_levels() -> tuple[tuple[float, float, float], ...]:
    """(SD of the general effect, its correlation between lines, factor on the noise) of every general class."""
    return tuple((sd, rho, noise) for sd, rho in GENERAL_GRID for noise in NOISE_GRID)


def learned(weights: Weights, classes: Classes, *, lines: int, general: BoolArray, wrong_rate: float) -> Learned:
    """Put the weights of a fit beside what they belong to; `general` says which general classes were fitted."""
    arms = classes.mean.shape[1] // lines
    of_general = np.zeros(len(general))
    of_general[general] = weights.general
    return Learned(
        kind=np.asarray(classes.kind, dtype=np.intp),
        size=np.asarray(np.abs(classes.mean).max(axis=1, initial=0.0)),
        pattern=classes.active.reshape(len(classes), lines, arms)[:, :, 1:],
        interaction=weights.interaction,
        general=of_general,
        wrong_rate=wrong_rate,
    )


def pooled_weights(weights: Weights, prior: Prior, *, own: Learned) -> Weights:
    """Weights between those of this screen and those learned before.

    Parameters
    ----------
    weights : of this screen
    prior : of an earlier one
    own : this screen's classes, from `learned`

    Returns
    -------
    (1 − w) own + w earlier, class by class

    Raises
    ------
    MethodError
        The earlier screen had other classes.
    """
    place = _places(prior.learned, own)
    if place is None or len(prior.learned.general) != len(own.general):
        raise MethodError(
            "the prior does not fit this screen",
            found=f"{len(prior.learned.kind)} classes of interactions in the prior, {len(own.kind)} in this screen",
            expected="the same lines, drugs, patterns and sizes of both",
            next_step="Take the prior away, or make it anew from a screen of this design.",
        )
    share = prior.weight
    earlier = prior.learned.general[own.general > 0]
    return Weights(
        (1 - share) * weights.general + share * earlier / earlier.sum(),
        (1 - share) * weights.interaction + share * prior.learned.interaction[place],
    )


def pooled_rate(own: float, prior: Prior | None) -> float:
    """Share of wrong wells between that of this screen and that learned before."""
    return own if prior is None else (1 - prior.weight) * own + prior.weight * prior.learned.wrong_rate


def _places(before: Learned, now: Learned) -> IntArray | None:
    """Where each class of this screen stands among the earlier ones; None when they are not the same."""
    if before.pattern.shape != now.pattern.shape:
        return None
    known = {name: place for place, name in enumerate(_names(before))}
    names = _names(now)
    if known.keys() != set(names):
        return None
    return np.array([known[name] for name in names], dtype=np.intp)


def _names(classes: Learned) -> list[tuple[int, float, bytes]]:
    """What tells a class from the others."""
    return [
        (int(kind), round(float(size), 6), pattern.tobytes())
        for kind, size, pattern in zip(classes.kind, classes.size, classes.pattern, strict=True)
    ]
