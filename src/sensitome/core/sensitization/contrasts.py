"""What the tests of sensitization share: checked replicates, arm means with their noise, and the form of an answer.

A screen is a cube (items, lines, arms, replicates) of log2 effects; arm 0 is the vehicle; NaN = no reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.interaction import ArmSummary, interactions, replicate_quality, replicate_variance, summarize_arms
from sensitome.core.t_tests import TTest

if TYPE_CHECKING:
    from sensitome.core.heb.model import Sensitization

__all__ = ["ContextTest", "Contrasts", "contrasts", "normal_reach", "normal_two_sided", "unanswered"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: 97.5 % quantile of the normal distribution.
NORMAL_REACH = 1.959963984540054


@dataclass(frozen=True)
class Contrasts:
    """A screen after quality control of its replicates.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; discordant wells are NaN
    discordant : the same shape; the wells that were set aside
    summary : means of the arms and what they are worth
    variance : of a single well, log2²; NaN with one replicate
    effect : (items, lines, drugs), the interaction: drug minus vehicle, over the replicates that have both
    pairs : (items, lines, drugs), number of those replicates; 1 where only the means can be compared
    doubt : (items, lines, drugs) ≥ 1, factor on the variance of the interaction where replicates quarrel
    """

    values: FloatArray
    discordant: BoolArray
    summary: ArmSummary
    variance: float
    effect: FloatArray
    pairs: IntArray
    doubt: FloatArray

    @property
    def main(self) -> FloatArray:
        """(items, lines) effect without drug, log2."""
        return np.asarray(self.summary.mean[:, :, 0])

    @property
    def with_drug(self) -> FloatArray:
        """(items, lines, drugs) effect with drug, log2."""
        return np.asarray(self.summary.mean[:, :, 1:])


@dataclass(frozen=True)
class ContextTest:
    """An answer for every item, line and drug arm; each (items, lines, drugs), NaN where the method does not say.

    Parameters
    ----------
    effect : interaction as the method estimates it, log2 (drug − vehicle); negative = sensitization
    standard_error, ci_low, ci_high : log2
    statistic : what the method ranks by; negative = sensitization
    p_value : two-sided
    rate, antagonist_rate : probability that calling it a sensitizer, or an antagonist, is false (with a prior)
    wrong : probability that a well of the drug or the vehicle arm went wrong, of methods that model it
    alone : effect without drug, each (items, lines), of methods that estimate it with the rest
    learned : what the hierarchical model learned beside its answer
    """

    effect: FloatArray
    standard_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    rate: FloatArray
    antagonist_rate: FloatArray | None = None
    wrong: FloatArray | None = None
    alone: TTest | None = None
    learned: Sensitization | None = None


def contrasts(values: FloatArray, *, limit: float = 6.0) -> Contrasts:
    """Check the replicates against each other, and take the vehicle from each drug arm.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; arm 0 = vehicle; NaN = no reading
    limit : SDs by which a well must differ from its replicates to count as discordant

    Returns
    -------
    Contrasts
    """
    variance = replicate_variance(values)
    quality = replicate_quality(values, variance=variance, limit=limit)
    summary = summarize_arms(quality)
    found = interactions(quality.values)
    share = np.divide(1.0, summary.wells, out=np.zeros(summary.wells.shape), where=summary.wells > 0)
    plain = share[:, :, 1:] + share[:, :, :1]
    inflated = share * summary.inflation
    doubted = inflated[:, :, 1:] + inflated[:, :, :1]
    testable = np.isfinite(found.interaction)
    doubt = np.where(testable & (plain > 0), doubted / np.where(plain > 0, plain, 1.0), 1.0)
    pairs = np.where(testable, np.maximum(found.pairs, 1), 0)
    return Contrasts(quality.values, quality.discordant, summary, variance, found.interaction, pairs, doubt)


def unanswered(effect: FloatArray) -> ContextTest:
    """Effects alone: a frame that a method fills in with `dataclasses.replace`."""
    nothing = np.full(effect.shape, np.nan)
    return ContextTest(effect, nothing, nothing, nothing, nothing, nothing, nothing)


def normal_reach(level: float) -> float:
    """SDs to either side of the mean of a normal distribution that hold this share of it.

    >>> round(normal_reach(0.95), 6)
    1.959964
    """
    from scipy import special

    return float(special.ndtri(0.5 + level / 2))


def normal_two_sided(z: FloatArray) -> FloatArray:
    """P(|Z| ≥ |z|) of the normal distribution.

    >>> normal_two_sided(np.array([0.0, 1.959963984540054])).round(4)
    array([1.  , 0.05])
    """
    from scipy import special

    return np.asarray(2.0 * special.ndtr(-np.abs(z)), dtype=np.float64)


def z_test(effect: FloatArray, scale: FloatArray, *, statistic: FloatArray | None = None) -> ContextTest:
    """Effects held against a scale as if normal: z = effect / scale, unless the statistic is another."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(scale > 0, effect / scale, np.nan) if statistic is None else statistic
    reach = NORMAL_REACH * np.where(scale > 0, scale, np.nan)
    nothing = np.full(effect.shape, np.nan)
    return ContextTest(effect, reach / NORMAL_REACH, effect - reach, effect + reach, z, normal_two_sided(z), nothing)


def spread_by_context(effect: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and scaled MAD of each line and drug arm over the items: (1, lines, drugs) each."""
    return robust.nan_median(effect, axis=0)[None], robust.nan_mad(effect, axis=0)[None]
