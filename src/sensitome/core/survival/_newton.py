"""Newton's method for many small likelihoods at once, stopping as R ``coxph`` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Climb", "Slope", "climb"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Slope:
    """Log-likelihood (fits,), its gradient (fits, p) and the information (fits, p, p) at some coefficients."""

    height: FloatArray
    gradient: FloatArray
    information: FloatArray


@dataclass(frozen=True)
class Climb:
    """Where Newton's method ended, one row a fit.

    `score` is the score test at 0; `converged` is False where the limit of steps was met or a coefficient runs away.
    """

    coefficient: FloatArray
    covariance: FloatArray
    height: FloatArray
    start: FloatArray
    score: FloatArray
    converged: BoolArray


def climb(
    slope: Callable[[FloatArray, IntArray], Slope], *, fits: int, width: int, most: int = 20, eps: float = 1e-9
) -> Climb:
    """Coefficients of greatest likelihood, from 0.

    Parameters
    ----------
    slope : of coefficients (some, p) for the fits of these numbers
    fits, width : how many fits, and coefficients of each
    most : steps
    eps : relative change of the log-likelihood at which to stop; with R's own 1e-9 the answer is R's to 1e-10, because
        it takes the same steps
    """
    beta = np.zeros((fits, width))
    now = slope(beta, np.arange(fits))
    covariance, height, start = _inverse(now.information), now.height.copy(), now.height.copy()
    gradient = now.gradient.copy()
    score = np.einsum("fi,fij,fj->f", gradient, covariance, gradient)
    proposal = beta + np.einsum("fij,fj->fi", covariance, gradient)
    converged = np.zeros(fits, dtype=np.bool_)
    halving = np.zeros(fits, dtype=np.bool_)
    active = np.flatnonzero(np.isfinite(proposal).all(axis=1))
    for _ in range(most):
        if not len(active):
            break
        now = slope(proposal[active], active)
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.abs(1.0 - height[active] / now.height) <= eps
        done = near & ~halving[active]
        worse = ~done & ~(now.height >= height[active])
        better = ~done & ~worse
        taken = done | better
        rows = active[taken]
        beta[rows], height[rows], gradient[rows] = proposal[rows], now.height[taken], now.gradient[taken]
        covariance[rows] = _inverse(now.information[taken])
        back = active[worse]
        proposal[back] = (proposal[back] + beta[back]) / 2
        step = np.einsum("fij,fj->fi", covariance[rows], gradient[rows])
        proposal[rows] = beta[rows] + step
        halving[active] = worse
        converged[active[done]] = True
        lost = ~np.isfinite(proposal[active]).all(axis=1)
        active = active[~done & ~lost]
    beta[np.isnan(covariance).any(axis=(1, 2))] = np.nan
    left = np.abs(np.einsum("fij,fj->fi", covariance, gradient))
    runs_away = (left > eps) & (left > np.sqrt(eps) * np.abs(beta))
    return Climb(beta, covariance, height, start, score, converged & ~runs_away.any(axis=1))


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of each information; NaN where it is singular."""
    if matrix.shape[1] == 1:
        return np.asarray(np.where(matrix > 0, 1.0 / np.where(matrix > 0, matrix, 1.0), np.nan))
    scale = np.sqrt(np.abs(np.einsum("fii->fi", matrix)))
    unit = matrix / np.where(scale > 0, scale, 1.0)[:, :, None] / np.where(scale > 0, scale, 1.0)[:, None, :]
    value = np.full(matrix.shape, np.nan)
    good = np.isfinite(unit).all(axis=(1, 2)) & (scale > 0).all(axis=1)
    good[good] = np.linalg.cond(unit[good]) < 1e12
    value[good] = np.linalg.inv(unit[good]) / scale[good][:, :, None] / scale[good][:, None, :]
    return value
