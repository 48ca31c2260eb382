"""How many sensitizers there are at all, possibly none: a guard against lists from nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import Classes, Kind

__all__ = ["HitRate", "average_over_hit_rate"]

FloatArray = npt.NDArray[np.float64]

#: Rates between a quarter of an item and this share of all, evenly in their logarithm, share one half of the prior
#: probability; the other half says that there are none.
HIGHEST_RATE = 0.3
STEPS = 40
#: The evidence that there are any is raised to this power, because no model holds exactly and its misfits add up over
#: the items (Grünwald 2017, doi:10.1214/17-BA1085).
TEMPER = 0.5


class HitRate(NamedTuple):
    """``nothing`` P(no sensitizer), ``log_evidence`` of the best rate over none, ``weights`` (classes,).

    P(an item sensitizes) is (1 − nothing) times what the weights give.
    """

    nothing: float
    log_evidence: float
    weights: FloatArray


def average_over_hit_rate(likelihood: FloatArray, weights: FloatArray, *, classes: Classes) -> HitRate:
    """Average the rate of sensitizers over what the data allow, instead of taking the best.

    Parameters
    ----------
    likelihood : (items, interaction classes), in any scale per item
    weights : (interaction classes,), fitted
    classes : interaction classes

    Returns
    -------
    HitRate, with the sensitizer classes scaled to the posterior mean of their rate given that it is not 0

    Notes
    -----
    In a screen with nothing to find the fitted rate is never quite 0 and a few unlucky items make up for it. The
    posterior of the rate is cheap: every item is a mixture of two likelihoods.
    """
    hits = classes.kind == Kind.SENSITIZER
    rate = float(weights[hits].sum())
    if rate <= 0:
        return HitRate(1.0, 0.0, weights)
    on = likelihood[:, hits] @ weights[hits] / rate
    off = likelihood[:, ~hits] @ weights[~hits] / (1 - rate)
    odds = on / np.maximum(off, np.finfo(float).tiny)
    rates = np.concatenate([[0.0], np.geomspace(0.25 / len(likelihood), HIGHEST_RATE, STEPS)])
    evidence = np.log1p(np.maximum(rates[:, None] * (odds - 1), -1 + 1e-12)).sum(axis=1)
    prior = np.concatenate([[0.5], np.full(STEPS, 0.5 / STEPS)])
    posterior = prior * np.exp(TEMPER * (evidence - evidence.max()))
    posterior /= posterior.sum()
    some = np.exp(evidence[1:] - evidence[1:].max())
    mean = float(some @ rates[1:] / some.sum())
    scaled = np.where(hits, weights * mean / rate, weights * (1 - mean) / (1 - rate))
    return HitRate(float(posterior[0]), float(evidence.max() - evidence[0]), scaled)
