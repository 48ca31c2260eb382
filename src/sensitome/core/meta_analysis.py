"""One estimate from several cohorts: with one true effect for all, or with effects that vary between cohorts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Pooled", "pool"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """Pooled estimates of each feature: (features,) each.

    Parameters
    ----------
    fixed, fixed_se, fixed_p : one true effect
    random, random_se, random_p : effects vary between cohorts
    tau2 : variance of the true effects between cohorts
    q, q_p : Cochran's Q and its p; NaN for one cohort
    i2 : share of the variation that is not chance, 0 … 1
    cohorts : cohorts with an estimate
    """

    fixed: FloatArray
    fixed_se: FloatArray
    fixed_p: FloatArray
    random: FloatArray
    random_se: FloatArray
    random_p: FloatArray
    tau2: FloatArray
    q: FloatArray
    q_p: FloatArray
    i2: FloatArray
    cohorts: npt.NDArray[np.intp]


def pool(effect: FloatArray, se: FloatArray) -> Pooled:
    """Pool estimates by their inverse variance.

    Parameters
    ----------
    effect : (features, cohorts), on a scale where errors are normal, such as log hazard ratios; NaN = none
    se : (features, cohorts), > 0; NaN = none

    Returns
    -------
    Pooled; NaN where no cohort has an estimate

    Notes
    -----
    Variance between cohorts by DerSimonian and Laird's moments: τ² = max(0, (Q − (k − 1)) / (Σw − Σw²/Σw)).

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; Higgins & Thompson 2002, doi:10.1002/sim.1186

    Examples
    --------
    >>> pool(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]])).fixed
    array([2.])
    """
    from scipy.special import chdtrc, ndtr

    there = ~(np.isnan(effect) | np.isnan(se))
    value = np.where(there, effect, 0.0)
    variance = np.where(there, se, 1.0) ** 2
    weight = np.where(there, 1.0 / variance, 0.0)
    cohorts = there.sum(axis=1)
    fixed, fixed_se = _mean(value, weight)
    df = cohorts - 1
    q = (weight * (value - np.nan_to_num(fixed)[:, None]) ** 2).sum(axis=1)
    total = weight.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = total - (weight**2).sum(axis=1) / total
        tau2 = np.where(df > 0, np.maximum(q - df, 0.0) / spread, np.where(cohorts > 0, 0.0, np.nan))
        i2 = np.where(df > 0, np.where(q > 0, np.maximum(q - df, 0.0) / q, 0.0), np.nan)
        random, random_se = _mean(value, np.where(there, 1.0 / (variance + np.nan_to_num(tau2)[:, None]), 0.0))
        p = [2.0 * ndtr(-np.abs(a / b)) for a, b in ((fixed, fixed_se), (random, random_se))]
    q = np.where(df > 0, q, np.nan)
    q_p = np.where(df > 0, chdtrc(np.maximum(df, 1), np.nan_to_num(q)), np.nan)
    return Pooled(fixed, fixed_se, p[0], random, random_se, p[1], tau2, q, q_p, i2, cohorts)


def _mean(value: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    total = weight.sum(axis=1)
    safe = np.where(total > 0, total, np.nan)
    return (weight * value).sum(axis=1) / safe, 1.0 / np.sqrt(safe)
