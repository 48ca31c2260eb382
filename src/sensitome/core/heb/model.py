"""The sensitization model as a whole: from wells to the local rate, the effect and the tier of every context."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core import robust
from sensitome.core.heb.calibrate import Calibration, calibrate
from sensitome.core.heb.classes import Classes, Kind, interaction_classes
from sensitome.core.heb.family_evidence import FamilyEvidence, family_evidence
from sensitome.core.heb.hit_rate import HitRate, average_over_hit_rate
from sensitome.core.heb.joint import Grid, joint_likelihood, make_grid
from sensitome.core.heb.mixture import Weights, fit_weights, given_general, shares_of_others, start_weights
from sensitome.core.heb.noise import background_variance, well_variance
from sensitome.core.heb.patterns import MOST_PATTERNS, PatternSet, enumerable_patterns, frequent_patterns
from sensitome.core.heb.posterior import Effects, Posterior, effects, posterior
from sensitome.core.heb.prior import Learned, Prior, learned, pooled_rate, pooled_weights
from sensitome.core.heb.seeds import SeedLayer, seed_layer
from sensitome.core.multiple import bayesian_fdr
from sensitome.errors import MethodError

__all__ = ["TIERS", "ModelSettings", "Sensitization", "fit_sensitization"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Local rates up to which a context is called (first tier), listed (second) and watched (third).
TIERS = (0.05, 0.20, 0.50)


@dataclass(frozen=True)
class ModelSettings:
    """Choices of the model.

    Parameters
    ----------
    patterns : set of patterns; ``auto`` by the size of the design
    margin : least sensitizing interaction that counts, log2
    guard : average over the rate of sensitizers, none included
    prior : what an earlier screen of the same lines and drugs taught; the rate of sensitizers is this screen's alone
    """

    patterns: PatternSet = "auto"
    margin: float = 0.1
    guard: bool = True
    prior: Prior | None = None


@dataclass(frozen=True)
class Sensitization:
    """What the model says of a screen. Arrays over contexts are (items, lines, drugs), NaN where not testable.

    Parameters
    ----------
    local_rate : P(not a sensitizer by more than the margin): the local false sensitizer rate
    fdr : expected share of false calls among all contexts with a local rate no larger
    tier : 1 called, 2 listed, 3 watched, 0 none (integers; 0 where not testable)
    effect, effect_sd : posterior interaction, log2, given that the screen has sensitizers at all
    effect_low, effect_high : ends of its 95 % interval
    p_antagonist : P(the drug's effect is weakened)
    main, main_sd : (items, lines) posterior effect without drug, log2
    p_wrong : (items, lines, arms) P(a well of this arm went wrong)
    patterns : (patterns, lines, drugs) sets of contexts
    pattern_weights : (patterns,) share of the sensitizers with each
    variance : of a single well, log2²
    background : (groups,) variance of small persistent interactions, log2²
    slopes : (lines, arms) of general effects relative to the vehicle
    wrong_rate : share of wells that go wrong
    hit_rate : share of items that sensitize anywhere
    p_nothing : P(no item sensitizes)
    sharing : mean φ of the seed families
    log_likelihood : of the fit
    learned : weights of all classes, as a further screen can reuse them
    families : what seed families do together
    """

    local_rate: FloatArray
    fdr: FloatArray
    tier: IntArray
    effect: FloatArray
    effect_sd: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    p_antagonist: FloatArray
    main: FloatArray
    main_sd: FloatArray
    p_wrong: FloatArray
    patterns: BoolArray
    pattern_weights: FloatArray
    variance: float
    background: FloatArray
    slopes: FloatArray
    wrong_rate: float
    hit_rate: float
    p_nothing: float
    sharing: float
    log_likelihood: float
    learned: Learned
    families: FamilyEvidence


@dataclass(frozen=True)
class _Fit:
    """The parts of a fit, over the items that have a reading."""

    grid: Grid
    calibration: Calibration
    weights: Weights
    rate: HitRate
    seeds: SeedLayer
    families: FamilyEvidence
    posterior: Posterior
    effects: Effects
    variance: float
    background: FloatArray
    log_likelihood: float
    learned: Learned


def fit_sensitization(
    values: FloatArray,
    family: IntArray | None = None,
    *,
    group: IntArray | None = None,
    settings: ModelSettings | None = None,
) -> Sensitization:
    """Which reagents sensitize which line to which drug, all contexts of all items judged together.

    Parameters
    ----------
    values : (items, lines, arms, replicates), normalized log2, 0 = plate-typical; arm 0 = vehicle; NaN = no reading
    family : (items,) seed families; −1 = none; None = no families at all
    group : (items,) classes of reagents (mimics, inhibitors …), from 0, each with its own background; None = one class
    settings : choices; the defaults are recommended

    Returns
    -------
    Sensitization

    Raises
    ------
    MethodError
        No reading at all, or nothing that tells the noise: one replicate without a drug arm.

    Notes
    -----
    The arms of an item are normal around an interaction pattern, with covariance from a general effect (grid of sizes
    and correlations between lines), the pattern (grid of sizes), small interactions everywhere, and the noise of the
    wells (grid of levels), of which some went wrong. The weights of all classes are learned from all items (EM), but
    for the shares of the patterns, where an item has no say in its own; seed mates inform each other; the rate of
    sensitizers is averaged over what the data allow, none included. Intervals are quantiles of the mixture. A context
    is testable where drug and vehicle arm of its line have a reading.
    """
    settings = settings or ModelSettings()
    there = np.asarray(np.isfinite(values).any(axis=(1, 2, 3)))
    if not there.any():
        raise MethodError(
            "the sensitization model has nothing to fit", found="no reading", expected="at least one item"
        )
    clean = np.where(np.isfinite(values), values, np.nan)[there]
    mean = robust.nan_mean(clean, axis=-1)
    variance = well_variance(clean, mean)
    patterns = _patterns(mean, variance=variance, kind=settings.patterns)
    calibration = calibrate(clean, mean=mean, variance=variance)
    if settings.prior is not None:
        calibration = calibration.with_general(settings.prior.learned.general)
    classes = interaction_classes(patterns)
    groups = np.zeros(len(there), dtype=np.intp) if group is None else np.asarray(group, dtype=np.intp)
    codes = groups[there]
    # What sensitizes is no background.
    dull = calibration.hit < 0.5
    background = np.array(
        [background_variance(clean[dull & (codes == code)], variance=variance) for code in range(groups.max() + 1)]
    )
    # Groups with the same background, as with one replicate, are one to the model.
    levels, level = np.unique(background, return_inverse=True)
    grid = make_grid(
        calibration.slopes,
        classes,
        variance=variance,
        background=levels,
        group=level[codes],
        keep=calibration.general,
    )
    labels = np.full(int(there.sum()), -1) if family is None else np.asarray(family)[there]
    fit = _fit(grid, calibration, family=labels, noise=(variance, background), settings=settings)
    return _answer(fit, mean=mean, there=there, replicates=values.shape[-1], patterns=patterns)


def _patterns(mean: FloatArray, *, variance: float, kind: PatternSet) -> BoolArray:
    """Patterns of the design; where they cannot all be listed, the frequent ones are added."""
    lines, arms = mean.shape[1:]
    patterns = enumerable_patterns(lines, arms - 1, kind=kind)
    if kind in ("auto", "canonical") and 2 ** (lines * (arms - 1)) > MOST_PATTERNS and len(patterns) < MOST_PATTERNS:
        difference = (mean[:, :, 1:] - mean[:, :, :1]) / np.sqrt(2 * variance)
        more = frequent_patterns(difference, known=patterns, most=MOST_PATTERNS - len(patterns))
        patterns = np.concatenate([patterns, more])
    return patterns


def _fit(
    grid: Grid,
    calibration: Calibration,
    *,
    family: IntArray,
    noise: tuple[float, FloatArray],
    settings: ModelSettings,
) -> _Fit:
    """Learn the weights and apply them."""
    classes, readings = grid.classes, calibration.readings
    wrong_rate = pooled_rate(calibration.wrong_rate, settings.prior)
    likelihood = joint_likelihood(readings, grid, wrong_rate=wrong_rate)
    start = start_weights(len(grid.scale), classes)
    weights = fit_weights(likelihood, classes, start=start, lone_wells=calibration.lone_wells)
    kept = learned(
        weights,
        classes,
        lines=len(calibration.slopes),
        general=calibration.general,
        wrong_rate=calibration.wrong_rate,
    )
    if settings.prior is not None:
        weights = pooled_weights(weights, settings.prior, own=kept)
    of_class = given_general(likelihood, weights.general)
    total = float(np.sum(likelihood.log_largest + np.log(np.maximum(of_class @ weights.interaction, 1e-300))))
    rate = average_over_hit_rate(of_class, weights.interaction, classes=classes)
    if not settings.guard:
        rate = rate._replace(weights=weights.interaction, nothing=0.0)
    own = shares_of_others(of_class, rate.weights, classes, lone_wells=calibration.lone_wells)
    if settings.prior is not None:
        own = (1 - settings.prior.weight) * own + settings.prior.weight * rate.weights
    seeds, families, prior = _with_families(of_class, rate.weights, classes=classes, family=family, own=own)
    after = posterior(likelihood, readings, general=weights.general, prior=prior)
    moments = effects(readings, grid, pairs=after.pairs, margin=settings.margin)
    return _Fit(grid, calibration, weights, rate, seeds, families, after, moments, *noise, total, kept)


def _with_families(
    likelihood: FloatArray, weights: FloatArray, *, classes: Classes, family: IntArray, own: FloatArray
) -> tuple[SeedLayer, FamilyEvidence, FloatArray]:
    """Prior of every item over the classes: families share patterns, not sizes."""
    of_pattern = np.asarray(np.bincount(classes.pattern, weights=weights), dtype=np.float64)
    within = weights / np.maximum(of_pattern[classes.pattern], 1e-300)
    collect = np.zeros((len(classes), len(of_pattern)))
    collect[np.arange(len(classes)), classes.pattern] = within
    collected = likelihood @ collect
    seeds = seed_layer(collected, of_pattern, family=family, own_weights=own @ np.eye(len(of_pattern))[classes.pattern])
    together = family_evidence(collected, of_pattern, family=family, loyalty=seeds.loyalty)
    return seeds, together, seeds.prior[:, classes.pattern] * within


def _answer(fit: _Fit, *, mean: FloatArray, there: BoolArray, replicates: int, patterns: BoolArray) -> Sensitization:
    """Lay the results out over all items."""
    classes = fit.grid.classes
    lines, arms = mean.shape[1:]

    def contexts(of_arms: FloatArray) -> FloatArray:
        cube = of_arms.reshape(-1, lines, arms)[:, :, 1:]
        return _spread(np.where(testable, cube, np.nan), there)

    testable = np.isfinite(mean[:, :, 1:]) & np.isfinite(mean[:, :, :1])
    sensitive, weakened = (
        fit.posterior.classes @ (classes.active & (classes.kind == kind)[:, None])
        for kind in (Kind.SENSITIZER, Kind.ANTAGONIST)
    )
    local_rate = contexts(np.clip(1 - (1 - fit.rate.nothing) * sensitive * fit.effects.beyond, 0.0, 1.0))
    with np.errstate(invalid="ignore"):
        tier = sum((local_rate <= bound).astype(np.intp) for bound in TIERS)
    main = fit.effects.general_mean.reshape(-1, lines, arms)[:, :, 0]
    main_sd = fit.effects.general_sd.reshape(-1, lines, arms)[:, :, 0]
    seen = np.isfinite(mean).any(axis=2)
    hits = fit.weights.interaction[classes.block(Kind.SENSITIZER)].sum(axis=0)
    return Sensitization(
        local_rate=local_rate,
        fdr=bayesian_fdr(local_rate),
        tier=np.where(np.asarray(tier) > 0, len(TIERS) + 1 - np.asarray(tier), 0),
        effect=contexts(fit.effects.mean),
        effect_sd=contexts(fit.effects.sd),
        effect_low=contexts(fit.effects.low),
        effect_high=contexts(fit.effects.high),
        p_antagonist=contexts(np.clip(weakened, 0.0, 1.0)),
        main=_spread(np.where(seen, main, np.nan), there),
        main_sd=_spread(np.where(seen, main_sd, np.nan), there),
        p_wrong=_spread(np.where(np.isfinite(mean), _wrong(fit, mean.shape, replicates), np.nan), there),
        patterns=patterns,
        pattern_weights=hits / max(float(hits.sum()), 1e-300),
        variance=fit.variance,
        background=fit.background,
        slopes=fit.calibration.slopes,
        wrong_rate=fit.calibration.wrong_rate,
        hit_rate=(1 - fit.rate.nothing) * float(fit.rate.weights[classes.kind == Kind.SENSITIZER].sum()),
        p_nothing=fit.rate.nothing,
        sharing=fit.seeds.sharing,
        log_likelihood=fit.log_likelihood,
        learned=fit.learned,
        families=fit.families,
    )


def _spread(known: FloatArray, there: BoolArray) -> FloatArray:
    """Put results of the items with a reading among all items; NaN for the others."""
    whole = np.full((len(there), *known.shape[1:]), np.nan)
    whole[there] = known
    return whole


def _wrong(fit: _Fit, shape: tuple[int, ...], replicates: int) -> FloatArray:
    """(items, lines, arms) probability that a well of the arm went wrong."""
    readings = fit.calibration.readings
    found = np.zeros((shape[0], shape[1] * shape[2]))
    arms = np.where(readings.wells >= 0, readings.wells // replicates, -1)
    arms[:, 1] = np.where(arms[:, 1] == arms[:, 0], -1, arms[:, 1])
    for column in arms.T:
        named = column >= 0
        np.add.at(found, (readings.item[named], column[named]), fit.posterior.rows[named])
    return np.clip(found, 0.0, 1.0).reshape(shape)
