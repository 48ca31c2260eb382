"""Groups compared within blocks: exact where every block has every group, and a mixed model where it has not.

A block is a biological replicate: everything measured on one day. What a day shares drops out of a comparison
within it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.t_tests import TTest, t_of

__all__ = ["BlockFit", "MixedFit", "fit_blocks", "fit_mixed", "mixed_contrasts"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: A share of the variance below this is none.
NOTHING = 1e-7


class BlockFit(NamedTuple):
    """Groups in complete blocks.

    ``mean`` (families, groups); ``squares`` (families, groups) the residual sum of squares of each group after group
    and block were taken out; ``df`` the degrees of freedom of one group, (n − 1)(G − 1)/G, so that all together have
    those of the analysis of variance; ``blocks`` n.
    """

    mean: FloatArray
    squares: FloatArray
    df: float
    blocks: int


@dataclass(frozen=True)
class MixedFit:
    """A linear mixed model fitted by restricted maximum likelihood.

    Parameters
    ----------
    coefficients : (fixed effects,), unit of the values
    covariance : (fixed effects, fixed effects), of the coefficients
    components : (random factors + 1,), variance of each random factor and, last, of the readings
    slopes : (random factors + 1, fixed effects, fixed effects), derivative of `covariance` by each component
    uncertainty : (random factors + 1, random factors + 1), covariance of the components; zero for those at zero
    log_likelihood : restricted, as R ``logLik(REML = TRUE)``
    n : readings
    """

    coefficients: FloatArray
    covariance: FloatArray
    components: FloatArray
    slopes: FloatArray
    uncertainty: FloatArray
    log_likelihood: float
    n: int


def fit_blocks(values: FloatArray) -> BlockFit:
    """Fit group and block effects to complete blocks.

    Parameters
    ----------
    values : (families, groups, blocks), any unit, without NaN; each family is fitted by itself

    Returns
    -------
    BlockFit

    Notes
    -----
    y = group + block + ε. The difference of two groups has variance (σᵢ² + σⱼ²)/n. With one variance for all,
    ``squares.sum() / ((G − 1)(n − 1))`` is the residual mean square of the analysis of variance
    (tests/oracle/blocked, rtol 1e-10).
    """
    _, groups, blocks = values.shape
    mean = values.mean(axis=2)
    centered = values - mean[..., None]
    residual = centered - centered.mean(axis=1, keepdims=True)
    squares = np.einsum("fgb,fgb->fg", residual, residual)
    scale = np.abs(values).max(initial=0.0)
    squares = np.where(squares <= blocks * (4e-16 * scale) ** 2, 0.0, squares)
    return BlockFit(mean, squares, (blocks - 1) * (groups - 1) / groups, blocks)


def fit_mixed(values: FloatArray, design: FloatArray, factors: list[IntArray]) -> MixedFit:
    """Fit y = X β + Σ uₖ[factorₖ] + ε by restricted maximum likelihood.

    Parameters
    ----------
    values : (readings,), without NaN
    design : (readings, fixed effects), of full column rank
    factors : for each random factor the (readings,) number of its level, from 0

    Returns
    -------
    MixedFit; a component whose best value is zero is zero, and the model is that without it

    Notes
    -----
    The variances relative to that of the readings are found by a bounded quasi-Newton search on the profiled
    likelihood, from several starts, and polished by Newton steps. Equal to lme4 1.1-31 and nlme 3.1-162
    (tests/oracle/blocked: lme4's restricted likelihood 1e-9, estimates and standard errors 1e-6, lmerTest's degrees of
    freedom 1e-5).

    References
    ----------
    Patterson & Thompson 1971, doi:10.1093/biomet/58.3.545; Satterthwaite 1946, doi:10.2307/3002019
    """
    grams = [_same_level(factor) for factor in factors]
    ratios = _best_ratios(values, design, grams)
    kept = [k for k in range(len(grams)) if ratios[k] > 0]
    return _describe(values, design, grams, ratios, kept)


def mixed_contrasts(fit: MixedFit, contrasts: FloatArray, *, level: float = 0.95) -> TTest:
    """Test contrasts of the fixed effects, with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    fit : from `fit_mixed`
    contrasts : (contrasts, fixed effects)
    level : coverage of the intervals

    Returns
    -------
    TTest, each (contrasts,)

    Notes
    -----
    df = 2 v² / (gᵀ A g): v the variance of the contrast, g its derivative by the variance components, A their
    covariance from the observed information. In balanced designs these are the degrees of freedom of the analysis of
    variance. lmerTest 3.1-3 does the same (doi:10.18637/jss.v082.i13).
    """
    variance = np.einsum("ci,ij,cj->c", contrasts, fit.covariance, contrasts)
    gradient = np.einsum("ci,kij,cj->ck", contrasts, fit.slopes, contrasts)
    spread = np.einsum("ck,kl,cl->c", gradient, fit.uncertainty, gradient)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = 2 * variance**2 / spread
    return t_of(contrasts @ fit.coefficients, np.sqrt(variance), np.where(spread > 0, df, np.nan), level=level)


def _same_level(factor: IntArray) -> FloatArray:
    """(readings, readings), 1 where two readings share a level."""
    return np.asarray(factor[:, None] == factor[None, :], dtype=np.float64)


class _Profile(NamedTuple):
    """The restricted likelihood at one set of variance ratios, and what it is made of."""

    deviance: float
    gradient: FloatArray
    sigma2: float
    inverse: FloatArray
    projector: FloatArray
    information_inverse: FloatArray
    coefficients: FloatArray


def _profile(values: FloatArray, design: FloatArray, grams: list[FloatArray], ratios: FloatArray) -> _Profile:
    """−2 restricted log-likelihood with the residual variance profiled out, and its gradient by the ratios."""
    from scipy import linalg

    n, p = design.shape
    whole = np.eye(n) + sum((r * g for r, g in zip(ratios, grams, strict=True)), np.zeros((n, n)))
    factor = linalg.cho_factor(whole, lower=True)
    inverse = linalg.cho_solve(factor, np.eye(n))
    weighted = inverse @ design
    information = design.T @ weighted
    half = linalg.cho_factor(information, lower=True)
    information_inverse = linalg.cho_solve(half, np.eye(p))
    coefficients = information_inverse @ (weighted.T @ values)
    projector = inverse - weighted @ information_inverse @ weighted.T
    projected = projector @ values
    sigma2 = float(values @ projected) / (n - p)
    log_det = 2 * np.log(np.diag(factor[0])).sum() + 2 * np.log(np.diag(half[0])).sum()
    deviance = float(log_det + (n - p) * (1 + np.log(2 * np.pi * max(sigma2, 1e-300))))
    gradient = np.array(
        [np.einsum("ij,ji->", projector, g) - projected @ g @ projected / max(sigma2, 1e-300) for g in grams]
    )
    return _Profile(deviance, gradient, sigma2, inverse, projector, information_inverse, coefficients)


def _best_ratios(values: FloatArray, design: FloatArray, grams: list[FloatArray]) -> FloatArray:
    """Variance ratios at the highest restricted likelihood; exactly zero where the bound holds them."""
    from scipy import optimize

    def target(log_like: FloatArray) -> tuple[float, FloatArray]:
        # Squares of the search variable: its bound is where the slope vanishes, so roots near zero are not missed.
        profile = _profile(values, design, grams, log_like**2)
        return profile.deviance, 2 * log_like * profile.gradient

    best, low = np.zeros(len(grams)), _profile(values, design, grams, np.zeros(len(grams))).deviance
    for start in (1.0, 3.0, 0.2):
        found = optimize.minimize(
            target, np.full(len(grams), start), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9}
        )
        if found.fun < low - 1e-9:
            best, low = found.x**2, float(found.fun)
    total = 1 + best.sum()
    best = np.where(best > NOTHING * total, best, 0.0)
    return _polish(values, design, grams, best)


def _polish(values: FloatArray, design: FloatArray, grams: list[FloatArray], ratios: FloatArray) -> FloatArray:
    """Newton steps on the ratios above zero, until the gradient vanishes."""
    kept = np.flatnonzero(ratios > 0)
    for _ in range(20 if len(kept) else 0):
        profile = _profile(values, design, grams, ratios)
        hessian = _profiled_hessian(values, profile, [grams[k] for k in kept])
        try:
            step = np.linalg.solve(hessian, profile.gradient[kept])
        except np.linalg.LinAlgError:
            break
        moved = ratios.copy()
        moved[kept] -= step
        if np.any(moved[kept] <= 0) or _profile(values, design, grams, moved).deviance > profile.deviance + 1e-9:
            break
        ratios = moved
        if np.all(np.abs(step) <= 1e-12 * (1 + ratios[kept])):
            break
    return ratios


def _profiled_hessian(values: FloatArray, profile: _Profile, grams: list[FloatArray]) -> FloatArray:
    """Second derivative of the profiled deviance by the ratios."""
    projected = profile.projector @ values
    turned = [gram @ projected for gram in grams]
    products = [profile.projector @ gram for gram in grams]
    slope = np.array([projected @ t for t in turned])
    df = float(values @ projected) / profile.sigma2
    traces = np.array([[np.einsum("ij,ji->", a, b) for b in products] for a in products])
    curves = np.array([[a @ profile.projector @ b for b in turned] for a in turned])
    return np.asarray(-traces + 2 * curves / profile.sigma2 - np.outer(slope, slope) / (df * profile.sigma2**2))


def _describe(
    values: FloatArray, design: FloatArray, grams: list[FloatArray], ratios: FloatArray, kept: list[int]
) -> MixedFit:
    """Everything that contrasts need, at the fitted ratios."""
    n, p = design.shape
    profile = _profile(values, design, grams, ratios)
    parts = [*(grams[k] for k in kept), np.eye(n)]
    which = [*kept, len(grams)]
    sigma2 = profile.sigma2
    projector = profile.projector / sigma2
    projected = projector @ values
    turned = [part @ projected for part in parts]
    products = [projector @ part for part in parts]
    information = np.array(
        [
            [
                a_turned @ projector @ b_turned - 0.5 * np.einsum("ij,ji->", a, b)
                for b, b_turned in zip(products, turned, strict=True)
            ]
            for a, a_turned in zip(products, turned, strict=True)
        ]
    )
    covariance = sigma2 * profile.information_inverse
    spread = covariance @ design.T @ (profile.inverse / sigma2)
    size = len(grams) + 1
    slopes, uncertainty = np.zeros((size, p, p)), np.zeros((size, size))
    for k, part in zip(which, parts, strict=True):
        slopes[k] = spread @ part @ spread.T
    uncertainty[np.ix_(which, which)] = np.linalg.pinv(information)
    components = sigma2 * np.append(ratios, 1.0)
    return MixedFit(profile.coefficients, covariance, components, slopes, uncertainty, -profile.deviance / 2, n)
