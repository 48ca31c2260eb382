"""Cox's regression: one model of several covariates, or one model for each of thousands of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.survival._newton import Climb, Slope, climb
from sensitome.core.survival._risk_terms import TIES, Stratum, Ties, moments, slope_of, strata_of
from sensitome.parallel import blocks, map_blocks

__all__ = ["TIES", "Cox", "CoxEach", "ProportionalHazards", "Ties", "cox", "cox_each", "proportional_hazards"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

# Features of a block: their sums over risk sets stay in cache.
_BLOCK = 64


@dataclass(frozen=True)
class Cox:
    """One fitted model.

    Parameters
    ----------
    coefficient : (covariates,), log hazard ratio per unit
    covariance : (covariates, covariates)
    p : (covariates,), two-sided, by Wald's z
    log_likelihood : (2,), at 0 and at the coefficients (with Firth's penalty where that was asked for)
    score : score test of all coefficients, χ² with as many df as covariates
    converged : False where the likelihood keeps rising as a coefficient grows: separation, or no information
    n, n_event : subjects and events
    """

    coefficient: FloatArray
    covariance: FloatArray
    p: FloatArray
    log_likelihood: FloatArray
    score: float
    converged: bool
    n: int
    n_event: int


@dataclass(frozen=True)
class CoxEach:
    """The coefficient of each feature, in a model of its own: (features,) each; NaN where it cannot be estimated.

    `likelihood_ratio` is 2 (l(β̂) − l(0)) of the whole model, adjusting covariates included.
    """

    coefficient: FloatArray
    se: FloatArray
    p: FloatArray
    likelihood_ratio: FloatArray
    score: FloatArray
    converged: BoolArray
    n: IntArray
    n_event: IntArray


@dataclass(frozen=True)
class ProportionalHazards:
    """Test of proportional hazards: (covariates + 1,) each, the last one global."""

    statistic: FloatArray
    df: IntArray
    p: FloatArray


def cox(
    time: FloatArray,
    event: BoolArray,
    x: FloatArray,
    *,
    ties: Ties = "efron",
    strata: IntArray | None = None,
    firth: bool = False,
) -> Cox:
    """Fit one model.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    event : (n,), whether the event was seen
    x : (covariates, n), no NaN
    ties : how deaths at one time share the risk set
    strata : (n,), codes; each stratum has a baseline of its own
    firth : with Firth's penalty, which is finite under separation and less biased with few events

    Notes
    -----
    Newton's method with R's steps and stopping rule (R ``survival::coxph`` 3.5-3; tests/oracle/survival, rtol 1e-10).
    Firth: the likelihood plus ½ log |I|, to a change of 1e-12.

    References
    ----------
    Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron 1977, doi:10.1080/01621459.1977.10480613; Heinze & Schemper
    2001, doi:10.1111/j.0006-341x.2001.00114.x
    """
    parts = strata_of(time, event, strata=strata, ties=ties)
    centered, scale = _scaled(x)
    sides = [row[None, :] for row in centered]

    def slope(beta: FloatArray, which: IntArray) -> Slope:
        return slope_of(sides, beta, parts, firth=firth)

    end = climb(slope, fits=1, width=len(x), most=200 if firth else 20, eps=1e-12 if firth else 1e-9)
    coefficient, covariance = end.coefficient[0] / scale, end.covariance[0] / np.outer(scale, scale)
    return Cox(
        coefficient=np.where(np.isnan(np.diag(covariance)), np.nan, coefficient),
        covariance=covariance,
        p=_wald_p(coefficient, np.sqrt(np.diag(covariance))),
        log_likelihood=np.array([end.start[0], end.height[0]]),
        score=float(end.score[0]),
        converged=bool(end.converged[0]),
        n=len(time),
        n_event=int(event.sum()),
    )


def cox_each(
    time: FloatArray,
    event: BoolArray,
    features: FloatArray,
    *,
    covariates: FloatArray | None = None,
    ties: Ties = "efron",
    strata: IntArray | None = None,
    jobs: int = 1,
) -> CoxEach:
    """Fit one model for each feature, with the same adjusting covariates in each.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    event : (n,), whether the event was seen
    features : (features, n); NaN = the subject is left out of this feature's model
    covariates : (covariates, n), no NaN
    ties : how deaths at one time share the risk set
    strata : (n,), codes; each stratum has a baseline of its own
    jobs : threads; the answer does not depend on it

    Notes
    -----
    The same numbers as `cox`, feature by feature. Features with the same gaps are fitted together.
    """
    width = 1 if covariates is None else 1 + len(covariates)
    answer = np.full((len(features), 5), np.nan)
    converged = np.zeros(len(features), dtype=np.bool_)
    there = ~np.isnan(features)
    n_event = there.astype(np.intp) @ event.astype(np.intp)
    for same, rows in _patterns(there):
        adjusting = None if covariates is None else covariates[:, same]
        parts = strata_of(time[same], event[same], strata=None if strata is None else strata[same], ties=ties)
        if not parts:
            continue
        fits = [rows[where] for where in blocks(len(rows), size=max(1, _BLOCK // width))]

        def fit(
            which: IntArray,
            same: IntArray = same,
            adjusting: FloatArray | None = adjusting,
            parts: list[Stratum] = parts,
        ) -> tuple[Climb, FloatArray]:
            return _fit_block(features[which][:, same], adjusting, parts)

        for which, (end, scale) in zip(fits, map_blocks(fit, fits, jobs=jobs), strict=True):
            se = np.sqrt(end.covariance[:, 0, 0]) / scale
            answer[which] = np.stack(
                [
                    np.where(np.isnan(se), np.nan, end.coefficient[:, 0] / scale),
                    se,
                    _wald_p(end.coefficient[:, 0] / scale, se),
                    np.where(np.isnan(se), np.nan, 2 * (end.height - end.start)),
                    end.score,
                ],
                axis=1,
            )
            converged[which] = end.converged & ~np.isnan(se)
    coefficient, se, p, ratio, score = answer.T
    return CoxEach(coefficient, se, p, ratio, score, converged, there.sum(axis=1), n_event)


def proportional_hazards(
    time: FloatArray,
    event: BoolArray,
    x: FloatArray,
    *,
    coefficient: FloatArray,
    ties: Ties = "efron",
    strata: IntArray | None = None,
) -> ProportionalHazards:
    """Test whether the effect of a covariate changes over time: score test of its product with 1 − S(t−).

    Parameters
    ----------
    time, event, x, ties, strata : as given to `cox`
    coefficient : (covariates,), as `cox` found them

    Notes
    -----
    R ``survival::cox.zph(transform = "km")`` since version 3, a score test and not the older correlation of residuals
    (tests/oracle/survival, rtol 1e-10). S is the Kaplan-Meier of all subjects, whatever the strata.

    References
    ----------
    Grambsch & Therneau 1994, doi:10.1093/biomet/81.3.515
    """
    from scipy.special import chdtrc

    from sensitome.core.survival.kaplan_meier import kaplan_meier
    from sensitome.core.survival.times import merge_times

    p = len(x)
    curve = kaplan_meier(time, event)
    merged = merge_times(time)
    clock = 1.0 - np.append(1.0, curve.survival)[np.searchsorted(curve.time, merged, side="left")]
    clock = clock - clock[event].mean()
    gradient, information = np.zeros(p), np.zeros((2 * p, 2 * p))
    for stratum in strata_of(time, event, strata=strata, ties=ties):
        own = [row[None, stratum.rows] for row in x - x.mean(axis=1, keepdims=True)]
        eta = np.asarray(sum(b * side for b, side in zip(coefficient, own, strict=True)))
        found = moments(own, eta, stratum)
        dead = stratum.deaths.dead
        g = clock[stratum.rows][dead]
        for a, side in enumerate(own):
            gradient[a] += g @ (side[0, dead] - found.mean[a][0])
        for (a, b), values in found.spread.items():
            block = np.array([[values.sum(), values[0] @ g], [values[0] @ g, values[0] @ (g * g)]])
            for i, j in {(a, b), (b, a)}:
                information[np.ix_([i, p + i], [j, p + j])] += block
    statistic = np.empty(p + 1)
    for a, tested in enumerate([*([b] for b in range(p)), list(range(p))]):
        used = [*range(p), *(p + b for b in tested)]
        score = np.concatenate([np.zeros(p), gradient[tested]])
        statistic[a] = score @ np.linalg.solve(information[np.ix_(used, used)], score)
    df = np.append(np.ones(p, dtype=np.intp), p)
    return ProportionalHazards(statistic, df, np.asarray(chdtrc(df, statistic)))


def _fit_block(values: FloatArray, covariates: FloatArray | None, parts: list[Stratum]) -> tuple[Climb, FloatArray]:
    """Fit some features; their coefficients are per standard deviation, which is returned with them."""
    centered, scale = _scaled(values)
    fixed = [] if covariates is None else [row[None, :] for row in _scaled(covariates)[0]]

    def slope(beta: FloatArray, which: IntArray) -> Slope:
        return slope_of([centered[which], *fixed], beta, parts)

    return climb(slope, fits=len(values), width=1 + len(fixed)), scale


def _scaled(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows centered and in standard deviations, and these; 1 for a constant row."""
    centered = x - x.mean(axis=1, keepdims=True)
    constant = (x == x[:, :1]).all(axis=1)
    scale = np.where(constant, 1.0, centered.std(axis=1))
    return np.where(constant[:, None], 0.0, centered / scale[:, None]), scale


def _patterns(there: BoolArray) -> list[tuple[IntArray, IntArray]]:
    """Subjects with a value, and the features that have just these, one pair a pattern of gaps."""
    if there.all():
        return [(np.arange(there.shape[1]), np.arange(len(there)))] if len(there) else []
    packed, which = np.unique(np.packbits(there, axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    rows = [np.flatnonzero(which == code) for code in range(len(packed))]
    return [(np.flatnonzero(there[own[0]]), own) for own in rows]


def _wald_p(coefficient: FloatArray, se: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2.0 * ndtr(-np.abs(coefficient / se)), dtype=np.float64)
