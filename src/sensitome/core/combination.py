"""Combination effects at a single dose: what a combination does beyond what its parts explain.

Viabilities are fractions of the control without drug (1 = control), one per biological replicate. *Excess* is expected
minus observed viability: positive = more killing than expected. On the log2 scale it is observed minus expected, as
everywhere: negative = fewer living cells.

An endpoint says nothing of rates: these references assume that the cells would have grown alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.t_tests import TTest, t_of

__all__ = [
    "Bootstrap",
    "Excess",
    "Resamples",
    "bliss_bootstrap",
    "bliss_excess",
    "bliss_log2",
    "hsa_bootstrap",
    "hsa_excess",
    "percentiles",
    "resamples",
    "three_way_log2",
]

FloatArray = npt.NDArray[np.float64]

#: Up to so many replicates all resamples are gone through, beyond they are drawn.
ALL_UP_TO = 6


class Excess(NamedTuple):
    """Excess over a reference in viability, one per item; NaN where it cannot be estimated."""

    expected: FloatArray
    observed: FloatArray
    excess: FloatArray
    standard_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    df: FloatArray
    p_value: FloatArray


class Bootstrap(NamedTuple):
    """Percentile interval and two-sided p over resampled biological replicates, one per item."""

    ci_low: FloatArray
    ci_high: FloatArray
    p_value: FloatArray


class Resamples(NamedTuple):
    """``share`` (resamples, replicates) of each replicate in a resample; ``chance`` (resamples,) of the resample."""

    share: FloatArray
    chance: FloatArray
    exact: bool


def bliss_excess(parts: FloatArray, combined: FloatArray, *, level: float = 0.95) -> Excess:
    """Excess over Bliss independence in viability, with interval and p by the delta method.

    Parameters
    ----------
    parts : (items, agents, replicates), viability under each agent alone, fraction of the control
    combined : (items, replicates), viability under all of them
    level : coverage of the interval

    Returns
    -------
    Excess, each (items,): positive = more killing than Bliss expects; two-sided p; replicates − 1 degrees of freedom

    Notes
    -----
    excess = ∏ mean(fₐ) − mean(f); its variance is gᵀ S g / n with S the covariance of the viabilities over replicates
    and g the derivative, so that a replicate in which everything grew less is not taken for noise. A replicate counts
    where all viabilities are there.

    References
    ----------
    Bliss 1939, doi:10.1111/j.1744-7348.1939.tb06990.x

    Examples
    --------
    >>> parts = np.array([[[0.50, 0.50], [0.83, 0.83]]])
    >>> bliss_excess(parts, np.array([[0.25, 0.25]])).excess.round(3)
    array([0.165])
    """
    means, covariance, n = _joint_moments(parts, combined)
    agents = means[:, :-1]
    expected = agents.prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.concatenate([_others(agents), -np.ones((len(agents), 1))], axis=1)
        variance = np.einsum("ia,iab,ib->i", slope, covariance, slope) / n
    return _excess(expected, means[:, -1], variance, n - 1, level)


def bliss_log2(parts: FloatArray, combined: FloatArray, *, level: float = 0.95) -> TTest:
    """Deviation from Bliss independence in log2 units, by a t test over biological replicates.

    Parameters
    ----------
    parts : (items, agents, replicates), viability, fraction of the control, > 0
    combined : (items, replicates)
    level : coverage of the interval

    Returns
    -------
    TTest, each (items,): δ = log2 f − Σ log2 fₐ in each replicate; negative = more killing than Bliss expects

    Notes
    -----
    Independence multiplies viabilities, so that on this scale it adds and δ is the interaction of the arms.
    """
    return _over_replicates(_log2(combined) - _log2(parts).sum(axis=1), level)


def three_way_log2(singles: FloatArray, pairs: FloatArray, triple: FloatArray, *, level: float = 0.95) -> TTest:
    """What three agents do together beyond all their pairs.

    Parameters
    ----------
    singles : (items, 3, replicates), viability under each agent alone
    pairs : (items, 3, replicates), under each pair, in any order
    triple : (items, replicates), under all three
    level : coverage of the interval

    Returns
    -------
    TTest, each (items,), log2 units: log2 f₁₂₃ − Σ log2 pairs + Σ log2 singles; negative = more killing than the
    pairs explain

    Notes
    -----
    For a reagent m and two drugs it is δ(m, both) − δ(m, first) − δ(m, second), with δ(m, drugs) the interaction of m
    with that arm.
    """
    return _over_replicates(_log2(triple) - _log2(pairs).sum(axis=1) + _log2(singles).sum(axis=1), level)


def hsa_excess(parts: FloatArray, combined: FloatArray, *, level: float = 0.95) -> Excess:
    """Excess over the highest single agent in viability, by an intersection–union test.

    Parameters
    ----------
    parts : (items, agents, replicates), viability, fraction of the control
    combined : (items, replicates)
    level : coverage of the interval, at least

    Returns
    -------
    Excess, each (items,): `expected` is the lowest mean viability of the agents alone; positive = more killing than the
    best of them. `p_value` is one-sided: the largest p of the tests that the combination is below each agent.

    Notes
    -----
    The lowest of several means is biased and not smooth, so it is not tested itself: the combination must be below
    *every* agent, each by a paired t test at the full level, which holds the level exactly. The interval goes from the
    lowest lower bound (each at (1 − level)/2) to the lowest upper bound (each at (1 − level)/(2 agents)). The
    standard error is that of the difference to the best agent.

    References
    ----------
    Berger 1982, doi:10.1080/00401706.1982.10487790
    """
    from scipy import special

    means, covariance, n = _joint_moments(parts, combined)
    agents = means[:, :-1]
    differences = agents - means[:, -1:]
    spread = np.einsum("iaa->ia", covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (spread[:, :-1] + spread[:, -1:] - 2 * covariance[:, :-1, -1]) / n[:, None]
        error = np.sqrt(np.where(variance > 0, variance, np.nan))
        df = np.where(n > 1, n - 1, np.nan)[:, None]
        one_sided = special.stdtr(df, -differences / error)
    alpha = 1 - level
    low = differences - special.stdtrit(df, 1 - alpha / 2) * error
    high = differences + special.stdtrit(df, 1 - alpha / (2 * agents.shape[1])) * error
    there = np.isfinite(agents).all(axis=1)
    best = np.argmin(np.where(np.isfinite(agents), agents, np.inf), axis=1)[:, None]
    return Excess(
        np.where(there, np.take_along_axis(agents, best, axis=1)[:, 0], np.nan),
        means[:, -1],
        np.take_along_axis(differences, best, axis=1)[:, 0],
        np.take_along_axis(error, best, axis=1)[:, 0],
        low.min(axis=1),
        high.min(axis=1),
        df[:, 0],
        one_sided.max(axis=1),
    )


def resamples(replicates: int, *, rng: np.random.Generator, draws: int = 9999) -> Resamples:
    """Resamples of biological replicates: all of them where there are few replicates, else drawn.

    Parameters
    ----------
    replicates : how many there are
    rng : source of the draws; not used up to 6 replicates
    draws : how many to draw

    Returns
    -------
    Resamples

    >>> resamples(3, rng=np.random.default_rng(1)).share.shape
    (10, 3)
    """
    if replicates > ALL_UP_TO:
        counts = rng.multinomial(replicates, np.full(replicates, 1 / replicates), size=draws)
        return Resamples(counts / replicates, np.full(draws, 1 / draws), False)
    from itertools import combinations_with_replacement
    from math import factorial

    chosen = list(combinations_with_replacement(range(replicates), replicates))
    counts = np.array([[pick.count(r) for r in range(replicates)] for pick in chosen])
    ways = np.array([factorial(replicates) / np.prod([factorial(int(c)) for c in row]) for row in counts])
    return Resamples(counts / replicates, ways / ways.sum(), True)


def bliss_bootstrap(parts: FloatArray, combined: FloatArray, *, over: Resamples, level: float = 0.95) -> Bootstrap:
    """Interval and p of `bliss_excess` from resampled replicates.

    Parameters
    ----------
    parts, combined : as in `bliss_excess`, without NaN: items with one get NaN
    over : from `resamples`
    level : coverage of the interval

    Returns
    -------
    Bootstrap, each (items,); with three replicates there are only ten different resamples and the interval is too
    narrow (as a bootstrap of few always is): read it beside that of the delta method
    """
    excess = np.einsum("iar,br->iab", parts, over.share).prod(axis=1) - combined @ over.share.T
    return percentiles(excess, over, level)


def hsa_bootstrap(parts: FloatArray, combined: FloatArray, *, over: Resamples, level: float = 0.95) -> Bootstrap:
    """Interval and p of `hsa_excess` from resampled replicates; arguments and result as in `bliss_bootstrap`."""
    excess = np.einsum("iar,br->iab", parts, over.share).min(axis=1) - combined @ over.share.T
    return percentiles(excess, over, level)


def _joint_moments(parts: FloatArray, combined: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means (items, agents + 1), covariances over replicates, and number of complete replicates."""
    joint = np.concatenate([parts, combined[:, None, :]], axis=1)
    there = np.isfinite(joint).all(axis=1)
    n = there.sum(axis=1).astype(np.float64)
    known = np.where(there[:, None, :], joint, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = known.sum(axis=2) / np.where(n > 0, n, np.nan)[:, None]
        centered = np.where(there[:, None, :], joint - means[:, :, None], 0.0)
        covariance = np.einsum("iar,ibr->iab", centered, centered) / np.where(n > 1, n - 1, np.nan)[:, None, None]
    return means, covariance, n


def _others(agents: FloatArray) -> FloatArray:
    """Product of all agents but each one: the derivative of the product."""
    count = agents.shape[1]
    return np.stack([np.delete(agents, a, axis=1).prod(axis=1) for a in range(count)], axis=1)


def _excess(expected: FloatArray, observed: FloatArray, variance: FloatArray, df: FloatArray, level: float) -> Excess:
    """Excess with a t interval."""
    test = t_of(expected - observed, np.sqrt(np.where(variance > 1e-24, variance, np.nan)), df, level=level)
    return Excess(
        expected,
        observed,
        test.effect,
        test.standard_error,
        test.ci_low,
        test.ci_high,
        test.df,
        test.p_value,
    )


def _log2(viability: FloatArray) -> FloatArray:
    """Binary logarithm; NaN for what has none."""
    return np.asarray(np.log2(np.where(viability > 0, viability, np.nan)), dtype=np.float64)


def _over_replicates(values: FloatArray, level: float) -> TTest:
    """One-sample t test along the last axis, NaN left out."""
    there = np.isfinite(values)
    n = there.sum(axis=1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=1) / np.where(n > 0, n, np.nan)
        centered = np.where(there, values - mean[:, None], 0.0)
        variance = np.einsum("ir,ir->i", centered, centered) / np.where(n > 1, n - 1, np.nan) / n
    return t_of(mean, np.sqrt(np.where(variance > 1e-24, variance, np.nan)), n - 1, level=level)


def percentiles(statistic: FloatArray, over: Resamples, level: float) -> Bootstrap:
    """Percentile interval and two-sided p of a statistic over its resamples.

    Parameters
    ----------
    statistic : (items, resamples)
    over : the resamples
    level : coverage of the interval

    Returns
    -------
    Bootstrap, each (items,); p = twice the smaller share beyond 0, (b + 1)/(m + 1) where the resamples were drawn; NaN
    with one replicate or where a resample has no value
    """
    if over.share.shape[1] < 2:
        nothing = np.full(len(statistic), np.nan)
        return Bootstrap(nothing, nothing, nothing)
    order = np.argsort(statistic, axis=1)
    ordered = np.take_along_axis(statistic, order, axis=1)
    running = np.cumsum(over.chance[order], axis=1)
    low = _first(ordered, running >= (1 - level) / 2 - 1e-12)
    high = _first(ordered, running >= (1 + level) / 2 - 1e-12)
    below = np.where(statistic <= 0, over.chance, 0.0).sum(axis=1)
    above = np.where(statistic >= 0, over.chance, 0.0).sum(axis=1)
    tail = np.minimum(below, above)
    if not over.exact:
        draws = statistic.shape[1]
        tail = (tail * draws + 1) / (draws + 1)
    p = np.minimum(1.0, 2 * tail)
    missing = np.isnan(statistic).any(axis=1)
    return Bootstrap(*(np.where(missing, np.nan, values) for values in (low, high, p)))


def _first(ordered: FloatArray, reached: npt.NDArray[np.bool_]) -> FloatArray:
    """Value where the running chance first reaches its level."""
    at = np.where(reached.any(axis=1), reached.argmax(axis=1), ordered.shape[1] - 1)
    return np.asarray(np.take_along_axis(ordered, at[:, None], axis=1)[:, 0], dtype=np.float64)
