"""Several causes of which only the first is seen: cumulative incidence, Gray's test, Fine and Gray's regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.survival._newton import Slope, climb
from sensitome.core.survival._risk_terms import Ties
from sensitome.core.survival.times import merge_times, stratum_rows

__all__ = ["FineGray", "GrayTest", "Incidence", "cumulative_incidence", "fine_gray", "gray_test"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of each cause, which steps at its times.

    Parameters
    ----------
    time : (times,), distinct times, rising
    n_risk : (times,)
    survival : (times,), share without any event
    incidence : (causes, times), share that had the event of this cause
    se : (causes, times), delta method
    """

    time: FloatArray
    n_risk: FloatArray
    survival: FloatArray
    incidence: FloatArray
    se: FloatArray


@dataclass(frozen=True)
class GrayTest:
    """Gray's test: χ², df and p; and the scores (groups,), events beyond those expected."""

    statistic: float
    df: int
    p: float
    score: FloatArray


@dataclass(frozen=True)
class FineGray:
    """Regression of the subdistribution hazard: (covariates,) each.

    Parameters
    ----------
    coefficient : log subdistribution hazard ratio per unit
    se : from the information, which takes the weights as known
    robust_se : from the score residuals; like the other, it takes the censoring weights as known
    p : two-sided, by `robust_se`
    converged : whether Newton's method came to its end
    """

    coefficient: FloatArray
    se: FloatArray
    robust_se: FloatArray
    p: FloatArray
    converged: bool


def cumulative_incidence(time: FloatArray, cause: IntArray, *, causes: int | None = None) -> Incidence:
    """Cumulative incidence by Aalen and Johansen.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    cause : (n,), 0 = censored, 1 … causes
    causes : how many; None takes the highest code

    Notes
    -----
    F_k(t) = Σ S(t−) d_k / n; 1 − Kaplan-Meier of one cause is larger, and no risk at all. R ``survfit`` with a factor
    as status (tests/oracle/survival, rtol 1e-10); the variance is that of the delta method.

    References
    ----------
    Aalen & Johansen 1978, Scand J Stat 5:141; Marubini & Valsecchi 1995, ISBN 978-0-471-93987-0
    """
    count = int(cause.max(initial=0)) if causes is None else causes
    times, place = np.unique(merge_times(time), return_inverse=True)
    width = len(times)
    n = np.bincount(place, minlength=width)[::-1].cumsum()[::-1].astype(np.float64)
    d = np.stack([np.bincount(place[cause == k], minlength=width) for k in range(1, count + 1)]).astype(np.float64)
    dead = d.sum(axis=0)
    survival = np.cumprod((n - dead) / n)
    before = np.append(1.0, survival[:-1])
    incidence = np.cumsum(before * d / n, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        all_causes = np.where(n > dead, dead / (n * (n - dead)), 0.0)
    own, cross = before**2 * d * (n - d) / n**3, before * d / n**2
    # Σ over s ≤ t of (F(t) − F(s))² a + b − 2 (F(t) − F(s)) c, each square written out so that one pass does.
    f = incidence
    a0, a1, a2 = (np.cumsum(all_causes * f**power, axis=1) for power in (0, 1, 2))
    c0, c1 = np.cumsum(cross, axis=1), np.cumsum(cross * f, axis=1)
    variance = f * f * a0 - 2 * f * a1 + a2 + np.cumsum(own, axis=1) - 2 * (f * c0 - c1)
    return Incidence(times, n, survival, incidence, np.sqrt(np.maximum(variance, 0.0)))


def gray_test(
    time: FloatArray, cause: IntArray, group: IntArray, *, strata: IntArray | None = None, rho: float = 0.0
) -> GrayTest:
    """Test whether groups differ in the cumulative incidence of cause 1.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    cause : (n,), 0 = censored, 1 = the cause of interest, 2 = any other cause
    group : (n,), codes from 0
    strata : (n,), codes; groups are compared within strata only
    rho : power of 1 − F(t−) in the weight

    Notes
    -----
    Scores compare the events of cause 1 with those expected from risk sets in which those who had another cause stay,
    by (1 − F₁(t−)) / S(t−). R ``cmprsk::cuminc`` 2.2-11 (tests/oracle/survival, rtol 1e-10).

    References
    ----------
    Gray 1988, doi:10.1214/aos/1176350951
    """
    from scipy.special import chdtrc

    groups = int(group.max(initial=0)) + 1
    score, variance = np.zeros(groups), np.zeros((groups, groups))
    merged = merge_times(time)
    for rows in stratum_rows(strata, len(time)):
        own_score, own_variance = _gray_stratum(merged[rows], cause[rows], group[rows], groups=groups, rho=rho)
        score, variance = score + own_score, variance + own_variance
    present = np.unique(group)[:-1]
    df = len(present)
    if df < 1 or not (cause == 1).any():
        return GrayTest(float("nan"), df, float("nan"), score)
    statistic = float(score[present] @ np.linalg.solve(variance[np.ix_(present, present)], score[present]))
    return GrayTest(statistic, df, float(chdtrc(df, statistic)), score)


def fine_gray(time: FloatArray, cause: IntArray, x: FloatArray, *, ties: Ties = "efron") -> FineGray:
    """Regression of the cumulative incidence of cause 1 on covariates.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    cause : (n,), 0 = censored, 1 = the cause of interest, 2 = any other cause
    x : (covariates, n), no NaN
    ties : as `cox`

    Notes
    -----
    Those who had another cause stay at risk with the weight G(t−) / G(T−), G the Kaplan-Meier of censoring. R
    ``survival::finegray`` with ``coxph`` (tests/oracle/survival, rtol 1e-10, se and robust se). R ``cmprsk::crr`` puts
    tied times in another order: with ties its coefficients differ in the fourth digit, without them by 1e-6, its stop.

    References
    ----------
    Fine & Gray 1999, doi:10.1080/01621459.1999.10474144
    """
    from scipy.special import ndtr

    merged = merge_times(time)
    own = np.flatnonzero(cause == 1)
    own = own[np.argsort(merged[own], kind="stable")]
    centered = x - x.mean(axis=1, keepdims=True)
    weight = _weights(merged, cause, merged[own])
    share = _efron_share(merged[own]) if ties == "efron" else np.zeros(len(own))
    # In the term of each death, those who die at its time count less by Efron's share.
    dying = (merged[None, :] == merged[own][:, None]) & (cause == 1)[None, :]
    weight = weight * (1.0 - share[:, None] * dying)

    def slope(beta: FloatArray, which: IntArray) -> Slope:
        return _weighted_slope(centered, beta, weight, own)

    end = climb(slope, fits=1, width=len(x))
    coefficient, covariance = end.coefficient[0], end.covariance[0]
    residual = _score_residuals(centered, coefficient, weight, own, merged[own])
    robust = np.sqrt(np.diag(covariance @ (residual @ residual.T) @ covariance))
    p = 2.0 * ndtr(-np.abs(coefficient / robust))
    return FineGray(coefficient, np.sqrt(np.diag(covariance)), robust, np.asarray(p), bool(end.converged[0]))


def _gray_stratum(
    time: FloatArray, cause: IntArray, group: IntArray, *, groups: int, rho: float
) -> tuple[FloatArray, FloatArray]:
    """Scores and their variance in one stratum: (groups,), (groups, groups)."""
    times, place = np.unique(time, return_inverse=True)
    width = len(times)
    count = np.zeros((3, width, groups))
    np.add.at(count, (cause, place, group), 1.0)
    n = count.sum(axis=0)[::-1].cumsum(axis=0)[::-1]
    d1, d2 = count[1], count[2]
    there = n > 0
    safe = np.maximum(n, 1.0)
    s = np.cumprod(np.where(there, (safe - d1 - d2) / safe, 1.0), axis=0)
    s_before = np.vstack([np.ones(groups), s[:-1]])
    f = np.cumsum(s_before * d1 / safe, axis=0)
    f_before = np.vstack([np.zeros(groups), f[:-1]])
    alive = np.where(there, s_before, 1.0)
    h = np.where(there, n / alive, 0.0)
    total = np.maximum(h.sum(axis=1), np.finfo(float).tiny)
    all_d1 = d1.sum(axis=1)
    step = all_d1 / total
    pooled = np.cumsum(step)
    pooled_before = np.append(0.0, pooled[:-1])
    weight = (1.0 - pooled_before) ** rho
    at_risk = h * (1.0 - f_before)
    expected = at_risk * (all_d1 / np.maximum(at_risk.sum(axis=1), np.finfo(float).tiny))[:, None]
    score = (weight[:, None] * (d1 - expected)).sum(axis=0)
    # a: how an event in group k moves the score of group i at once; c: how it moves later increments.
    a = weight[:, None, None] * (
        np.einsum("ti,ij->tij", h, np.eye(groups)) - h[:, :, None] * h[:, None, :] / total[:, None, None]
    )
    c = np.cumsum(a * (step / (1.0 - pooled_before))[:, None, None], axis=0)
    later = c[-1][None] - c
    left = np.where(s > 0, (1.0 - pooled)[:, None] / np.where(s > 0, s, 1.0), 0.0)
    few = np.where(
        all_d1[:, None] > 1, 1.0 - (all_d1[:, None] - 1.0) / np.maximum(total[:, None] * alive - 1.0, 1e-300), 1.0
    )
    own = np.where(there & (all_d1 > 0)[:, None], few * alive * step[:, None] / safe, 0.0)
    move = a + (1.0 - left)[:, None, :] * later
    variance = np.einsum("tik,tjk,tk->ij", move, move, own)
    few_2 = np.where(d2 > 1, 1.0 - (d2 - 1.0) / np.maximum(n - 1.0, 1.0), 1.0)
    other = np.where(there & (s > 0), few_2 * alive**2 * d2 / safe**2, 0.0)
    moved = left[:, None, :] * later
    return score, variance + np.einsum("tik,tjk,tk->ij", moved, moved, other)


def _weights(time: FloatArray, cause: IntArray, at: FloatArray) -> FloatArray:
    """(deaths, n): how much each subject counts in the risk set of each death."""
    times, place = np.unique(time, return_inverse=True)
    n = np.bincount(place, minlength=len(times))[::-1].cumsum()[::-1].astype(np.float64)
    events = np.bincount(place[cause > 0], minlength=len(times))
    censored = np.bincount(place[cause == 0], minlength=len(times))
    # Those censored at the time of an event leave after it.
    left = np.cumprod(1.0 - censored / np.maximum(n - events, 1.0))
    before = np.append(1.0, left)
    g_at = before[np.searchsorted(times, at, side="left")]
    g_own = before[np.searchsorted(times, time, side="left")]
    stays = np.where(cause == 2, g_at[:, None] / g_own[None, :], 0.0)
    return np.asarray(np.where(time[None, :] >= at[:, None], 1.0, stays), dtype=np.float64)


def _efron_share(at: FloatArray) -> FloatArray:
    """0, 1/d, …, (d − 1)/d for each run of d equal times."""
    _, first, count = np.unique(at, return_index=True, return_counts=True)
    return np.concatenate([np.arange(d) / d for d in count]) if len(first) else np.zeros(0)


def _weighted_slope(x: FloatArray, beta: FloatArray, weight: FloatArray, own: IntArray) -> Slope:
    eta = beta[0] @ x
    top = eta.max(initial=0.0)
    risk = weight * np.exp(eta - top)
    total = risk.sum(axis=1)
    mean = (risk @ x.T) / total[:, None]
    raw = np.einsum("tn,an,bn->tab", risk, x, x) / total[:, None, None]
    height = eta[own].sum() - (np.log(total) + top).sum()
    gradient = x[:, own].sum(axis=1) - mean.sum(axis=0)
    information = (raw - mean[:, :, None] * mean[:, None, :]).sum(axis=0)
    return Slope(np.array([height]), gradient[None], information[None])


def _score_residuals(x: FloatArray, beta: FloatArray, weight: FloatArray, own: IntArray, at: FloatArray) -> FloatArray:
    """(covariates, n) score residuals, summed over the time of each subject."""
    hazard = weight * np.exp(beta @ x)
    drawn = hazard / hazard.sum(axis=1, keepdims=True)
    mean = drawn @ x.T
    residual = mean.T @ drawn - x * drawn.sum(axis=0)
    # Who dies with others is held against the mean of their terms.
    _, run, size = np.unique(at, return_inverse=True, return_counts=True)
    shared = np.stack([np.bincount(run, weights=column) for column in mean.T]) / size
    residual[:, own] += x[:, own] - shared[:, run]
    return np.asarray(residual)
