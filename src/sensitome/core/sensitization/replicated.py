"""Tests of sensitization that learn the noise from replicates: t tests, limma's moderated t, SSMD, sign contrasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.moderated import LinearFit, block_design, fit_linear, moderated_t, squeeze_variance, variance_prior
from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, unanswered
from sensitome.core.t_tests import TTest, paired_t, student_t, t_of

__all__ = [
    "arm_means",
    "fit_screen",
    "line_design",
    "moderated_interaction",
    "paired_interaction",
    "replicate_contrast",
    "squeezed_variance",
    "ssmd_of_interaction",
    "student_interaction",
]

FloatArray = npt.NDArray[np.float64]


def line_design(arms: int, *, replicates: int, block: bool, transform: FloatArray | None = None) -> FloatArray:
    """Design of one line: the vehicle, the drugs against it, and the replicates as blocks.

    Parameters
    ----------
    arms, replicates : of the cube; samples are ordered as (arms, replicates)
    block : whether replicates are blocks
    transform : (drugs, drugs), invertible; the drug coefficients are this times (drug − vehicle); None = themselves

    Returns
    -------
    (arms · replicates, columns); column 0 is the vehicle, 1 … arms − 1 the drugs

    >>> line_design(2, replicates=2, block=False).tolist()
    [[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    """
    own = block_design(arms, replicates)
    own = own.copy() if block else own[:, :arms].copy()
    if transform is not None:
        own[:, 1:arms] = own[:, 1:arms] @ np.linalg.inv(transform)
    return own


def fit_screen(values: FloatArray, *, block: bool, transform: FloatArray | None = None) -> LinearFit:
    """Fit every reagent in all lines, with one variance for all of them.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; NaN = no reading
    block, transform : as `line_design`

    Returns
    -------
    LinearFit; coefficients line by line. Lines share no coefficient, so that each is fitted by itself and the residual
    sums of squares are added up: few patterns of missing readings, whatever the number of lines.
    """
    items, lines, arms, replicates = values.shape
    design = line_design(arms, replicates=replicates, block=block, transform=transform)
    fits = [fit_linear(values[:, line].reshape(items, -1), design) for line in range(lines)]
    df = np.sum([fit.df for fit in fits], axis=0)
    squares = np.sum([np.where(fit.df > 0, fit.variance, 0.0) * fit.df for fit in fits], axis=0)
    return LinearFit(
        np.concatenate([fit.coefficients for fit in fits], axis=1),
        np.concatenate([fit.unscaled_sd for fit in fits], axis=1),
        np.where(df > 0, squares / np.where(df > 0, df, 1.0), np.nan),
        df,
        robust.nan_mean(values.reshape(items, -1), axis=1),
    )


def moderated_interaction(
    screen: Contrasts,
    *,
    trend: bool = False,
    block: bool = True,
    level: float = 0.95,
    transform: FloatArray | None = None,
) -> ContextTest:
    """Moderated t of every interaction: one fit a reagent over all lines and arms, variances drawn together.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more
    trend : let the prior variance follow the mean of the reagent
    block : whether replicate r of all arms of a line belongs together (one transfection, one day)
    level : coverage of the intervals
    transform : (drugs, drugs), other contrasts of the drugs than each against the vehicle

    Returns
    -------
    ContextTest; the effects alone where no reagent has residual degrees of freedom

    Notes
    -----
    x ~ line · (arm + replicate), s̃² = (d0 s0² + ν s²) / (d0 + ν) with ν over all lines of the reagent, t = δ / (u s̃)
    with d0 + ν degrees of freedom: limma ``lmFit``, ``eBayes`` (tests/oracle/limma_screen, rtol 1e-10).

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    items, lines, arms, replicates = screen.values.shape
    fit = fit_screen(screen.values, block=block and replicates > 1, transform=transform)
    if not (fit.df > 0).any():
        return unanswered(_contrasted(screen.effect, transform))
    test = moderated_t(fit, trend=trend, level=level)
    width = fit.coefficients.shape[1] // lines

    def of_drugs(values: FloatArray) -> FloatArray:
        return np.asarray(values.reshape(items, lines, width)[:, :, 1:arms])

    nothing = np.full((items, lines, arms - 1), np.nan)
    return ContextTest(
        of_drugs(test.effect),
        of_drugs(test.standard_error),
        of_drugs(test.ci_low),
        of_drugs(test.ci_high),
        of_drugs(test.t),
        of_drugs(test.p_value),
        nothing,
    )


def _contrasted(effect: FloatArray, transform: FloatArray | None) -> FloatArray:
    """Other contrasts of the drugs; an arm that a contrast does not ask about may be missing."""
    if transform is None:
        return effect
    return np.stack([(effect[:, :, row != 0] * row[row != 0]).sum(axis=-1) for row in transform], axis=-1)


def arm_means(screen: Contrasts, *, level: float = 0.95) -> TTest:
    """Mean of every arm with a moderated interval; replicates are not blocks here, so that what they share counts.

    Parameters
    ----------
    screen : from `contrasts`
    level : coverage of the intervals

    Returns
    -------
    TTest, each (items, lines, arms); standard errors are NaN without replicates
    """
    count = np.isfinite(screen.values).sum(axis=-1)
    mean = robust.nan_mean(screen.values, axis=-1)
    residual = np.nan_to_num(screen.values - mean[..., None])
    left = np.maximum(count - 1, 0).sum(axis=(1, 2)).astype(np.float64)
    squares = np.einsum("ilar,ilar->i", residual, residual)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance, df = squeezed_variance(np.where(left > 0, squares / left, np.nan), left)
        error = np.sqrt(variance[:, None, None] / np.where(count > 0, count, np.nan))
    return t_of(mean, error, np.broadcast_to(df[:, None, None], error.shape), level=level)


def student_interaction(screen: Contrasts, *, level: float = 0.95) -> ContextTest:
    """Student's t of the drug's replicates against those of the vehicle, each reagent by itself.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more
    level : coverage of the intervals

    Returns
    -------
    ContextTest

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1
    """
    vehicle = np.broadcast_to(screen.values[:, :, :1], screen.values[:, :, 1:].shape)
    return _as_context(student_t(screen.values[:, :, 1:], vehicle, level=level))


def paired_interaction(screen: Contrasts, *, level: float = 0.95) -> ContextTest:
    """Paired t of drug − vehicle over the replicates, each reagent by itself.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more
    level : coverage of the intervals

    Returns
    -------
    ContextTest

    Notes
    -----
    With two replicates there is one degree of freedom, and no list of thousands survives a correction.
    """
    return _as_context(paired_t(screen.values[:, :, 1:], screen.values[:, :, :1], level=level))


def ssmd_of_interaction(screen: Contrasts, *, moderated: bool = True) -> ContextTest:
    """Strictly standardized mean difference of drug and vehicle, paired by replicate.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more
    moderated : use the variance drawn towards that of all reagents; else the reagent's own (method of moments)

    Returns
    -------
    ContextTest; statistic = SSMD, effect = interaction; no p

    Notes
    -----
    β = δ̄ / sd(δ). Moderated: sd(δ) = √2 s̃, with s̃ of `moderated_interaction`. The reagent's own SD of two or three
    differences makes most of a list false.

    References
    ----------
    Zhang 2007, doi:10.1016/j.ygeno.2007.01.005; Zhang 2011, doi:10.1017/CBO9780511973888
    """
    difference = screen.values[:, :, 1:] - screen.values[:, :, :1]
    own = robust.nan_sd(difference, axis=-1)
    if moderated:
        fit = fit_screen(screen.values, block=True)
        variance, _ = squeezed_variance(fit.variance, fit.df)
        own = np.broadcast_to(np.sqrt(2 * variance)[:, None, None], own.shape)
    own = own * np.sqrt(screen.doubt)
    with np.errstate(invalid="ignore", divide="ignore"):
        beta = np.where(own > 0, screen.effect / own, np.nan)
    test = unanswered(screen.effect)
    error = own / np.sqrt(np.maximum(screen.pairs, 1))
    return ContextTest(test.effect, error, test.ci_low, test.ci_high, beta, test.p_value, test.rate)


def replicate_contrast(screen: Contrasts) -> ContextTest:
    """Hold the mean over replicates against contrasts between replicates, pooled over all reagents.

    Parameters
    ----------
    screen : from `contrasts`, two replicates or more

    Returns
    -------
    ContextTest; p = (1 + null values at least as far out) / (1 + null values), per line and drug arm

    Notes
    -----
    For two replicates (δ₁ − δ₂) / 2 has the law that (δ₁ + δ₂) / 2 has without an interaction, when noise is symmetric;
    for R of them the R − 1 Helmert contrasts, scaled to length 1/√R. Wells that went wrong are in the null as well,
    which makes it wide: few calls, few of them false. Reagents that lack a replicate are tested but give no null; a
    replicate that a whole arm lacks is none of this arm.

    References
    ----------
    Tusher et al. 2001, doi:10.1073/pnas.091062498
    """
    difference = screen.values[:, :, 1:] - screen.values[:, :, :1]
    effect = screen.effect
    p_value = np.full(effect.shape, np.nan)
    for context in np.ndindex(effect.shape[1:]):
        own = (slice(None), *context)
        measured = difference[own][:, np.isfinite(difference[own]).any(axis=0)]
        replicates = measured.shape[-1]
        null = np.abs(measured @ _helmert(replicates).T)
        values = np.sort(null[np.isfinite(null)])
        if values.size == 0:
            continue
        # Doubt widens what chance may do; a mean of fewer replicates scatters more than the null values.
        few = np.sqrt(replicates / np.maximum(screen.pairs[own], 1))
        size = np.abs(effect[own]) / (few * np.sqrt(screen.doubt[own]))
        beyond = values.size - np.searchsorted(values, size, side="left")
        p_value[own] = np.where(np.isfinite(size), (1 + beyond) / (1 + values.size), np.nan)
    test = unanswered(effect)
    return ContextTest(
        effect, test.standard_error, test.ci_low, test.ci_high, effect / np.sqrt(screen.doubt), p_value, test.rate
    )


def _helmert(replicates: int) -> FloatArray:
    """(replicates − 1, replicates) orthogonal contrasts with squares that sum to 1 / replicates."""
    if replicates < 2:
        return np.zeros((0, replicates))
    rows = [[1.0] * k + [-float(k)] + [0.0] * (replicates - k - 1) for k in range(1, replicates)]
    matrix = np.array(rows).reshape(replicates - 1, replicates)
    return np.asarray(matrix / np.sqrt(replicates * (matrix**2).sum(axis=1, keepdims=True)))


def squeezed_variance(variance: FloatArray, df: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Draw the variance of each item towards the prior of all.

    Parameters
    ----------
    variance, df : (items,) residual mean square and its degrees of freedom

    Returns
    -------
    (items,) variance and its degrees of freedom; NaN and 0 when no item has any
    """
    if not (df > 0).any():
        return np.full(len(df), np.nan), np.zeros(len(df))
    prior = variance_prior(variance, df)
    return squeeze_variance(variance, df, prior=prior), np.minimum(df + prior.df, df.sum())


def _as_context(test: TTest) -> ContextTest:
    """A t test in the form of all answers."""
    nothing = np.full(test.effect.shape, np.nan)
    return ContextTest(test.effect, test.standard_error, test.ci_low, test.ci_high, test.t, test.p_value, nothing)
