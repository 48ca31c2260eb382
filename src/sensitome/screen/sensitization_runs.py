"""How the kernels of sensitization are applied to a checked screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.heb.noise import contrast_variance
from sensitome.core.heb.patterns import PatternSet
from sensitome.core.heb.prior import Prior
from sensitome.core.sensitization import location, rank_products, replicated
from sensitome.core.sensitization.contrasts import (
    NORMAL_REACH,
    ContextTest,
    Contrasts,
    spread_by_context,
    unanswered,
)
from sensitome.core.sensitization.pi_score import pi_score
from sensitome.core.sensitization.regression import regression_residual
from sensitome.core.sensitization.replicated import fit_screen, squeezed_variance
from sensitome.core.sensitization.shared_contexts import (
    common_baseline_covariance,
    lone_well_covariances,
    mash,
    sharing_covariances,
)
from sensitome.core.sensitization.shrinkage import ash, normal_equivalent_error
from sensitome.core.t_tests import t_of
from sensitome.screen.sensitization_settings import SensitizationSettings

__all__ = ["Material", "noise_of_wells"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Degrees of freedom of the noise of reagents that one replicate cannot tell: as heavy as reagents usually differ.
DF_OF_ONE_REPLICATE = 10.0


@dataclass(frozen=True)
class Material:
    """What a test may look at.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2, as they were read
    screen : the checked replicates and their contrasts
    settings : choices
    tested : (items, lines, drugs) contexts that are asked about, the others take no part in estimates over contexts
    group : (items,) gene or miRNA of each reagent, −1 = none
    family : (items,) seed family of each reagent, −1 = none; None = not known
    kind : (items,) class of each reagent (mimic, inhibitor …), from 0
    prior : what an earlier screen taught, for the hierarchical model
    """

    values: FloatArray
    screen: Contrasts
    settings: SensitizationSettings
    tested: BoolArray
    group: IntArray
    family: IntArray | None
    kind: IntArray
    prior: Prior | None = None


def noise_of_wells(screen: Contrasts) -> tuple[FloatArray, FloatArray]:
    """Variance of a well of each item and the degrees of freedom of that knowledge, (items,) each.

    With replicates the item's own variance drawn towards that of all; with one, half the robust variance of all
    interactions, the same for all items.
    """
    items, replicates = len(screen.values), screen.values.shape[-1]
    fit = fit_screen(screen.values, block=replicates > 1)
    if (fit.df > 0).any() and np.isfinite(screen.variance):
        return squeezed_variance(fit.variance, fit.df)
    one = contrast_variance(screen.summary.mean)
    return np.full(items, one), np.full(items, DF_OF_ONE_REPLICATE)


def run_robust_z(material: Material) -> ContextTest:
    """Robust z of the interaction."""
    return location.robust_z_of_interaction(material.screen)


def run_regression(material: Material) -> ContextTest:
    """Residual of the drug arm on the vehicle."""
    return regression_residual(material.screen)


def run_drugz(material: Material) -> ContextTest:
    """Sum of z over replicates with a sliding SD."""
    return location.drugz(material.screen)


def run_ratio(material: Material) -> ContextTest:
    """Treatment over control."""
    return location.effect_ratio(material.screen)


def run_moderated(material: Material) -> ContextTest:
    """Moderated t of the interaction."""
    settings = material.settings
    return replicated.moderated_interaction(
        material.screen, trend=settings.trend, block=settings.block, level=settings.level
    )


def run_student(material: Material) -> ContextTest:
    """Student's t of each reagent by itself."""
    return replicated.student_interaction(material.screen, level=material.settings.level)


def run_paired(material: Material) -> ContextTest:
    """Paired t of each reagent by itself."""
    return replicated.paired_interaction(material.screen, level=material.settings.level)


def run_ssmd(material: Material) -> ContextTest:
    """SSMD with a moderated variance."""
    return replicated.ssmd_of_interaction(material.screen)


def run_replicate_contrast(material: Material) -> ContextTest:
    """Mean over replicates against contrasts between them."""
    return replicated.replicate_contrast(material.screen)


def run_pi(material: Material) -> ContextTest:
    """π-score with a moderated t."""
    return pi_score(material.screen, level=material.settings.level)


def run_rank_product(material: Material) -> ContextTest:
    """Rank product over replicates."""
    return rank_products.rank_product(material.screen)


def run_rsa(material: Material) -> ContextTest:
    """RSA over the reagents of a gene or miRNA."""
    rng = np.random.default_rng(material.settings.seed)
    return rank_products.redundant_activity(material.screen, material.group, rng=rng)


def run_ash(material: Material) -> ContextTest:
    """Adaptive shrinkage of the moderated contrasts, or, with one replicate, of the contrasts at their common noise."""
    screen = material.screen
    test = run_moderated(material)
    if np.isfinite(test.p_value).any():
        error = normal_equivalent_error(test.effect, test.statistic, test.p_value) * np.sqrt(screen.doubt)
        effect = test.effect
    else:
        effect = screen.effect
        error = np.broadcast_to(robust.nan_median(spread_by_context(effect)[1].ravel(), axis=0), effect.shape)
        error = error * np.sqrt(screen.doubt)
    found = ash(np.where(material.tested, effect, np.nan), error)
    reach = NORMAL_REACH * found.sd
    answer = unanswered(found.mean)
    return replace(
        answer,
        standard_error=found.sd,
        ci_low=found.mean - reach,
        ci_high=found.mean + reach,
        statistic=np.where(found.mean < 0, found.false_sign - 1, 1 - found.false_sign),
        rate=np.where(found.mean > 0, 1.0, found.false_sign),
        antagonist_rate=np.where(found.mean < 0, 1.0, found.false_sign),
    )


def run_mash(material: Material) -> ContextTest:
    """Contexts of a reagent together, vehicle shared."""
    screen = material.screen
    mean, summary = screen.summary.mean, screen.summary
    items, lines, arms = mean.shape
    variance, df = noise_of_wells(screen)
    relative = np.where(summary.wells > 0, summary.inflation / np.maximum(summary.wells, 1), np.inf)
    noise = common_baseline_covariance(relative, variance * _tail_factor(df))
    effect = (mean[:, :, 1:] - mean[:, :, :1]).reshape(items, -1)
    single = not np.isfinite(screen.variance)
    found = mash(
        effect,
        noise,
        shapes=sharing_covariances(lines, arms - 1, lone=not single),
        artifacts=lone_well_covariances(lines, arms - 1) if single else None,
        margin=material.settings.margin,
    )
    center, sd, sensitizer, antagonist = (
        part.reshape(screen.effect.shape) for part in (found.mean, found.sd, found.sensitizer, found.antagonist)
    )
    reach = NORMAL_REACH * sd
    return replace(
        unanswered(center),
        standard_error=sd,
        ci_low=center - reach,
        ci_high=center + reach,
        statistic=antagonist - sensitizer,
        rate=1 - sensitizer,
        antagonist_rate=1 - antagonist,
    )


def run_heb(material: Material, *, patterns: PatternSet = "auto") -> ContextTest:
    """Hierarchical model over lines and arms; `patterns` as in its settings."""
    from sensitome.core.heb.model import ModelSettings, fit_sensitization

    # The model looks for bad wells itself, and needs to see them to know how often wells go wrong.
    settings = ModelSettings(patterns=patterns, margin=material.settings.margin, prior=material.prior)
    found = fit_sensitization(material.values, material.family, group=material.kind, settings=settings)
    sound = (1 - found.p_wrong[:, :, 1:]) * (1 - found.p_wrong[:, :, :1])
    return replace(
        unanswered(found.effect),
        standard_error=found.effect_sd,
        ci_low=found.effect_low,
        ci_high=found.effect_high,
        statistic=found.local_rate - 1,
        rate=found.local_rate,
        antagonist_rate=1 - found.p_antagonist,
        wrong=1 - sound,
        alone=t_of(found.main, found.main_sd, np.full(found.main.shape, np.inf), level=material.settings.level),
        learned=found,
    )


def _tail_factor(df: FloatArray) -> FloatArray:
    """Factor on a variance that gives the normal the 1 % tail of Student's t with these degrees of freedom."""
    from scipy import special

    return np.asarray((special.stdtrit(np.minimum(df, 1e6), 0.01) / special.ndtri(0.01)) ** 2, dtype=np.float64)
