"""Adaptive shrinkage (ash): the effects of all tests say how large an effect usually is, and each is drawn to that."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.multiple import bayesian_fdr

__all__ = ["Shrinkage", "ash", "normal_equivalent_error"]

FloatArray = npt.NDArray[np.float64]

#: Effects that the null component has on top of those that it wins (ashr).
NULL_COUNT = 10.0
ROUNDS = 2000
CONVERGED = 1e-6
#: So many effects are enough to tell the weights; of more, every k-th by size is taken.
MOST_FITTED = 50_000


class Shrinkage(NamedTuple):
    """Posterior of effects; all of the shape of the effects but the two last.

    ``mean, sd`` log2; ``false_sign`` local false sign rate; ``sensitizer`` P(effect < 0); ``ci_low, ci_high`` by the
    normal of the same mean and SD; ``s_value`` mean local false sign rate of the list that ends with the effect;
    ``weights, grid`` of the components, the first with SD 0.
    """

    mean: FloatArray
    sd: FloatArray
    false_sign: FloatArray
    sensitizer: FloatArray
    s_value: FloatArray
    weights: FloatArray
    grid: FloatArray


def ash(effect: FloatArray, error: FloatArray) -> Shrinkage:
    """Posterior of each effect under a mixture of normals around 0, whose weights all effects determine.

    Parameters
    ----------
    effect : any shape, log2; NaN = not tested
    error : standard errors, same shape

    Returns
    -------
    Shrinkage

    Notes
    -----
    δ ~ Σ π_k N(0, σ_k²), δ̂ ~ N(δ, s²), with σ from min(s)/10 to 2 √max(δ̂² − s²) in steps of √2 and 0 itself; EM with 10
    more effects for the null component. False sign rate: min P(δ ≥ 0), P(δ ≤ 0). Moments of ashr ``mixcompdist =
    "normal"``, ``optmethod = "mixEM"``.

    References
    ----------
    Stephens 2017, doi:10.1093/biostatistics/kxw041
    """
    usable = np.isfinite(effect) & (error > 0)
    d, s = effect[usable], error[usable]
    grid = _grid(d, s)
    blank = np.full(effect.shape, np.nan)
    if not d.size:
        return Shrinkage(blank, blank, blank, blank, blank, np.ones(1), grid)
    total = s[:, None] ** 2 + grid**2
    log_density = -0.5 * (np.log(total) + d[:, None] ** 2 / total)
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    step = -(-len(d) // MOST_FITTED)
    weights = _weights(density[np.argsort(np.abs(d) / s, kind="stable")[::step]] if step > 1 else density)
    membership = density * weights
    membership /= membership.sum(axis=1, keepdims=True)
    share = grid**2 / total
    center, variance = share * d[:, None], share * s[:, None] ** 2
    mean = (membership * center).sum(axis=1)
    square = (membership * (variance + center**2)).sum(axis=1)
    below = _below_zero(center, variance)
    negative = (membership * below).sum(axis=1)
    null = membership[:, 0]
    positive = np.maximum(1 - negative - null, 0.0)
    false_sign = null + np.minimum(negative, positive)

    def back(values: FloatArray) -> FloatArray:
        answer = blank.copy()
        answer[usable] = values
        return answer

    sd = np.sqrt(np.maximum(square - mean**2, 0.0))
    rate = back(np.clip(false_sign, 0.0, 1.0))
    return Shrinkage(back(mean), back(sd), rate, back(negative), bayesian_fdr(rate), weights, grid)


def normal_equivalent_error(effect: FloatArray, t: FloatArray, p_value: FloatArray) -> FloatArray:
    """Standard error with which a normal test gives the p of a t test.

    Parameters
    ----------
    effect, t, p_value : of the t test, same shape

    Returns
    -------
    Same shape: |effect| / z, with z the normal quantile of p / 2; effect / t itself where p is 0 or 1
    """
    from scipy import special

    with np.errstate(invalid="ignore", divide="ignore"):
        z = -special.ndtri(p_value / 2)
        own = np.abs(effect / t)
        return np.where(np.isfinite(z) & (z > 1e-8), np.abs(effect) / np.where(z > 1e-8, z, 1.0), own)


def _grid(effect: FloatArray, error: FloatArray) -> FloatArray:
    """SDs of the components: 0, then a geometric grid."""
    if not effect.size:
        return np.zeros(1)
    low = float(error.min()) / 10
    excess = float((effect**2 - error**2).max())
    high = 2 * np.sqrt(excess) if excess > 0 else 8 * low
    steps = max(int(np.ceil(2 * np.log2(max(high / low, 1.0)))), 1)
    return np.concatenate([[0.0], high * 2.0 ** (-0.5 * np.arange(steps, -1, -1))])


def _weights(density: FloatArray) -> FloatArray:
    """Maximum of the penalized likelihood by EM."""
    weights = np.full(density.shape[1], 1 / density.shape[1])
    more = np.zeros(density.shape[1])
    more[0] = NULL_COUNT
    for _ in range(ROUNDS):
        total = density @ weights
        count = weights * (density.T @ (1 / np.maximum(total, 1e-300))) + more
        after = count / count.sum()
        moved = float(np.abs(after - weights).max())
        weights = after
        if moved < CONVERGED:
            break
    return np.asarray(weights)


def _below_zero(center: FloatArray, variance: FloatArray) -> FloatArray:
    """P(effect < 0) in each component; 0 in the one without variance, which has all of its mass at 0."""
    from scipy import special

    sd = np.sqrt(variance)
    return np.asarray(np.where(sd > 0, special.ndtr(-center / np.where(sd > 0, sd, 1.0)), 0.0), dtype=np.float64)
