"""Tests with a variance borrowed from all items: linear fits with missing values, and the moderated t of limma.

An item is whatever one row measures: a reagent in a line, a protein. With two or three replicates its own variance is
worth little; the variances of all items together say what an ordinary one is, and each is drawn towards that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "LinearFit",
    "ModeratedTest",
    "VariancePrior",
    "block_design",
    "fit_linear",
    "moderated_t",
    "squeeze_variance",
    "variance_prior",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Variances below this share of the median variance are lifted to it, so that their logarithm exists (limma).
SMALLEST_SHARE = 1e-5
#: Degrees of freedom below this are none.
NO_DF = 1e-15


@dataclass(frozen=True)
class VariancePrior:
    """What an ordinary variance is, and how many degrees of freedom that knowledge is worth.

    Parameters
    ----------
    df : prior degrees of freedom d0; inf when the variances differ no more than chance makes them
    variance : (items,), the prior variance s0² of each item; one value repeated where there is no trend
    """

    df: float
    variance: FloatArray


@dataclass(frozen=True)
class LinearFit:
    """Least-squares fits of one design to many items.

    Parameters
    ----------
    coefficients : (items, coefficients), unit of the values; NaN where the readings there are do not determine it
    unscaled_sd : (items, coefficients); the standard error is this times the residual SD
    variance : (items,), residual mean square; NaN where df is 0
    df : (items,), residual degrees of freedom
    mean : (items,), mean of the readings there are; NaN where there is none
    """

    coefficients: FloatArray
    unscaled_sd: FloatArray
    variance: FloatArray
    df: FloatArray
    mean: FloatArray


class ModeratedTest(NamedTuple):
    """Moderated t tests, one per item × coefficient; NaN where a coefficient is not determined.

    ``effect, ci_low, ci_high`` are in the unit of the values, ``p_value`` is two-sided, ``df`` and ``variance``
    (the squeezed one) are (items,).
    """

    effect: FloatArray
    standard_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    t: FloatArray
    df: FloatArray
    p_value: FloatArray
    variance: FloatArray
    prior: VariancePrior


def block_design(arms: int, replicates: int) -> FloatArray:
    """Design of one line: each arm against arm 0, with replicates as blocks.

    Parameters
    ----------
    arms : number of arms, the first of them the vehicle
    replicates : number of replicates, each with all arms

    Returns
    -------
    (arms · replicates, arms + replicates − 1); rows are arm-major (arm 0 of all replicates first). Column 0 is arm 0 of
    replicate 0, columns 1 … arms − 1 are the arms minus arm 0, the rest are replicates minus replicate 0.

    >>> block_design(2, 2)
    array([[1., 0., 0.],
           [1., 0., 1.],
           [1., 1., 0.],
           [1., 1., 1.]])
    """
    arm = np.repeat(np.arange(arms), replicates)
    replicate = np.tile(np.arange(replicates), arms)
    columns = [np.ones(len(arm)), *(arm == a for a in range(1, arms)), *(replicate == r for r in range(1, replicates))]
    return np.stack(columns, axis=1).astype(np.float64)


def fit_linear(values: FloatArray, design: FloatArray) -> LinearFit:
    """Fit one design to every item by least squares, each on the readings that it has.

    Parameters
    ----------
    values : (items, samples), any unit; NaN = no reading
    design : (samples, coefficients), finite

    Returns
    -------
    LinearFit

    Notes
    -----
    Items with the same readings missing share one decomposition. A coefficient is given only where the readings
    determine it (its unit vector lies in the row space of the remaining design); R ``lm`` would set another
    coefficient to 0 in its place.
    """
    items, width = len(values), design.shape[1]
    there = np.isfinite(values)
    coefficients = np.full((items, width), np.nan)
    unscaled = np.full((items, width), np.nan)
    variance, df = np.full(items, np.nan), np.zeros(items)
    for pattern, members in _patterns(there):
        known = design[pattern]
        inverse = np.linalg.pinv(known, rcond=1e-10)
        rank = int(np.linalg.matrix_rank(known, tol=1e-10)) if len(known) else 0
        determined = np.abs(inverse @ known - np.eye(width)).max(axis=1, initial=0.0) < 1e-8
        readings = values[np.ix_(members, pattern)]
        fitted = readings @ inverse.T
        coefficients[members] = np.where(determined, fitted, np.nan)
        unscaled[members] = np.where(determined, np.sqrt(np.einsum("cs,cs->c", inverse, inverse)), np.nan)
        left = len(pattern) - rank
        df[members] = left
        if left > 0:
            residual = readings - fitted @ known.T
            variance[members] = np.einsum("is,is->i", residual, residual) / left
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return LinearFit(coefficients, unscaled, variance, df, mean)


def variance_prior(variance: FloatArray, df: FloatArray, *, covariate: FloatArray | None = None) -> VariancePrior:
    """Estimate the prior of the variances from all of them, by the moments of their logarithms.

    Parameters
    ----------
    variance : (items,), sample variances; NaN = none
    df : (items,), their degrees of freedom; items with 0 take no part in the estimate
    covariate : (items,), what the variance may depend on, such as the mean; None = nothing

    Returns
    -------
    VariancePrior; its df is NaN, and so is its variance, when no item has a variance

    Notes
    -----
    With e = log s² − ψ(ν/2) + log(ν/2): ψ′(d0/2) = var(e) − mean ψ′(ν/2) and s0² = exp(ē + ψ(d0/2) − log(d0/2)).
    When var(e) is no larger than chance makes it, d0 is infinite and s0² is the mean variance (with a covariate: exp of
    the trend). The trend of e is a natural cubic spline with up to 4 degrees of freedom, knots at quantiles. Equal to
    limma 3.54.1 ``squeezeVar`` (tests/oracle/limma, rtol 1e-10).

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    usable = np.isfinite(df) & (df > NO_DF) & np.isfinite(variance) & (variance > -NO_DF)
    if usable.sum() < 2:
        only = float(variance[usable][0]) if usable.any() else np.nan
        return VariancePrior(0.0 if usable.any() else np.nan, np.full(len(variance), only))
    kept = np.maximum(variance[usable], 0.0)
    middle = float(np.median(kept))
    kept = np.maximum(kept, SMALLEST_SHARE * (middle if middle > 0 else 1.0))
    level, spread = _log_trend(_log_excess(kept, df[usable]), usable, covariate)
    excess = spread - float(np.mean(_trigamma(df[usable] / 2)))
    if excess > 0:
        half = _trigamma_inverse(excess)
        return VariancePrior(2 * half, np.exp(level - _log_minus_digamma(half)))
    flat = np.full(len(variance), kept.mean())
    return VariancePrior(np.inf, flat if covariate is None else np.exp(level))


def squeeze_variance(variance: FloatArray, df: FloatArray, *, prior: VariancePrior) -> FloatArray:
    """Draw each variance towards the prior.

    Parameters
    ----------
    variance : (items,); ignored where df is 0
    df : (items,), residual degrees of freedom
    prior : from `variance_prior`

    Returns
    -------
    (items,), (d0 s0² + ν s²) / (d0 + ν); s0² itself where d0 is infinite or ν is 0
    """
    if np.isinf(prior.df):
        return prior.variance.copy()
    own = np.where(df > NO_DF, df * np.where(np.isfinite(variance), variance, 0.0), 0.0)
    total = df + prior.df
    squeezed = (own + prior.df * prior.variance) / np.where(total > 0, total, np.nan)
    return np.asarray(squeezed, dtype=np.float64)


def moderated_t(fit: LinearFit, *, trend: bool = False, level: float = 0.95) -> ModeratedTest:
    """Moderated t of every coefficient, with two-sided p and intervals.

    Parameters
    ----------
    fit : from `fit_linear`
    trend : let the prior variance follow the mean of the item
    level : coverage of the intervals

    Returns
    -------
    ModeratedTest

    Notes
    -----
    t = b / (u s̃) with d0 + ν degrees of freedom, at most those of all items together, as limma ``eBayes``
    (tests/oracle/limma, rtol 1e-10).

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027; Ritchie et al. 2015, doi:10.1093/nar/gkv007
    """
    from scipy import special

    prior = variance_prior(fit.variance, fit.df, covariate=fit.mean if trend else None)
    variance = squeeze_variance(fit.variance, fit.df, prior=prior)
    df = np.minimum(fit.df + prior.df, fit.df.sum())
    error = fit.unscaled_sd * np.sqrt(variance)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = fit.coefficients / error
    p_value = _two_sided(t, df[:, None])
    reach = special.stdtrit(np.where(df > 0, df, np.nan), 0.5 + level / 2)[:, None] * error
    effect = fit.coefficients
    return ModeratedTest(effect, error, effect - reach, effect + reach, t, df, p_value, variance, prior)


def _two_sided(t: FloatArray, df: FloatArray) -> FloatArray:
    """P(|T| ≥ |t|) for Student's T."""
    from scipy import special

    squares = t * t
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.isinf(squares), 0.0, df / (df + squares))
        p: FloatArray = special.betainc(df / 2, 0.5, share)
    return np.where(np.isnan(t) | ~(df > 0), np.nan, p)


def _patterns(there: BoolArray) -> list[tuple[IntArray, IntArray]]:
    """(samples there, items) for every distinct set of readings."""
    kinds, which = np.unique(there, axis=0, return_inverse=True)
    which = which.reshape(-1)
    return [(np.flatnonzero(kind), np.flatnonzero(which == i)) for i, kind in enumerate(kinds)]


def _log_excess(variance: FloatArray, df: FloatArray) -> FloatArray:
    """Log variance, freed of the bias that its degrees of freedom give it."""
    return np.asarray(np.log(variance) + _log_minus_digamma(df / 2), dtype=np.float64)


def _log_trend(excess: FloatArray, usable: BoolArray, covariate: FloatArray | None) -> tuple[FloatArray, float]:
    """Level of e for every item (on the trend, if any) and its residual variance."""
    count = len(excess)
    if covariate is not None:
        finite = np.where(np.isfinite(covariate), covariate, np.median(covariate[usable]))
        width = 1 + (count >= 3) + (count >= 6) + (count >= 30)
        width = min(width, len(np.unique(finite[usable])))
        if width >= 2:
            basis = _natural_spline(finite, finite[usable], width)
            coefficients, _, rank, _ = np.linalg.lstsq(basis[usable], excess, rcond=None)
            residual = excess - basis[usable] @ coefficients
            return basis @ coefficients, float(residual @ residual) / max(count - int(rank), 1)
    center = excess.mean()
    return np.full(len(usable), center), float(np.sum((excess - center) ** 2)) / (count - 1)


def _natural_spline(points: FloatArray, sample: FloatArray, width: int) -> FloatArray:
    """(points, width) basis of natural cubic splines: knots at the quantiles of the sample, linear beyond its range."""
    low, high = sample.min(), sample.max()
    inner = np.quantile(sample, np.linspace(0, 1, width)[1:-1])
    knots = (np.concatenate([[low], inner, [high]]) - low) / (high - low)
    x = (points - low) / (high - low)

    def truncated(knot: float) -> FloatArray:
        return np.asarray((np.maximum(x - knot, 0) ** 3 - np.maximum(x - 1.0, 0) ** 3) / (1.0 - knot))

    last = truncated(knots[-2])
    return np.stack([np.ones_like(x), x, *(truncated(knot) - last for knot in knots[:-2])], axis=1)


def _trigamma(x: FloatArray | float) -> FloatArray:
    """Second derivative of log Γ."""
    from scipy import special

    return np.asarray(special.polygamma(1, x), dtype=np.float64)


def _log_minus_digamma(x: FloatArray | float) -> FloatArray:
    """The correction log x − ψ(x)."""
    from scipy import special

    return np.asarray(np.log(x) - special.digamma(x), dtype=np.float64)


def _trigamma_inverse(value: float) -> float:
    """The x with ψ′(x) = value > 0, by Newton on 1/ψ′, which is nearly linear and so never overshoots."""
    from scipy import special

    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        now = float(special.polygamma(1, x))
        step = now * (1 - now / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-13:
            break
    return x
