"""What a context is, in one word, by stated rules.

========================  ==========================================================================================
sensitizer                called by the method, and not shown to be toxic without drug
toxic and sensitizing     called, and shown to be toxic without drug
antagonist                called in the other direction: the drug does less with it, or it does less with the drug
artifact                  not called, and some well went wrong: replicates disagree, or the model says so
toxic alone               interaction shown to be small, and shown to be toxic without drug
additive                  interaction shown to be small: with the drug it does what it does without
undetermined              none of this is shown, or the context is not tested
========================  ==========================================================================================

"Shown" is a confidence, or posterior probability, of at least ``sure``: that the effect without drug lies below
−quiet, or that the interaction lies within ±additive. That nothing is called shows nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sensitome.core.sensitization.contrasts import ContextTest, Contrasts
from sensitome.core.sensitization.replicated import arm_means
from sensitome.core.t_tests import TTest, t_of
from sensitome.screen.sensitization_runs import noise_of_wells
from sensitome.screen.sensitization_settings import SensitizationSettings

__all__ = ["ALONE", "CLASSES", "alone_of", "classify", "effect_alone"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]

#: Every class, the most interesting first.
CLASSES = (
    "sensitizer",
    "toxic and sensitizing",
    "antagonist",
    "artifact",
    "toxic alone",
    "additive",
    "undetermined",
)
#: What a reagent does without drug.
ALONE = ("toxic", "quiet", "protective", "undetermined")


def effect_alone(screen: Contrasts, *, level: float) -> TTest:
    """Effect without drug, each (items, lines), with its interval.

    Replicates give its error, what they share included; with one replicate the noise that all interactions show.
    """
    test = arm_means(screen, level=level)
    if np.isfinite(test.standard_error[:, :, 0]).any():
        return TTest(*(part[:, :, 0] for part in test))
    variance, _ = noise_of_wells(screen)
    error = np.sqrt(variance)[:, None] * np.ones_like(screen.main)
    return t_of(screen.main, error, np.full(screen.main.shape, np.inf), level=level)


def alone_of(test: TTest, *, quiet: float, sure: float) -> TextArray:
    """One of `ALONE` for every item and line.

    Parameters
    ----------
    test : effect without drug
    quiet : largest size that counts as none, log2
    sure : confidence at which a word is used
    """
    below = _confidence_below(test, -quiet)
    above = 1 - _confidence_below(test, quiet)
    with np.errstate(invalid="ignore"):
        cases = [below >= sure, above >= sure, 1 - below - above >= sure]
    return np.select(cases, ["toxic", "protective", "quiet"], default="undetermined")


def classify(
    test: ContextTest,
    screen: Contrasts,
    sensitizes: BoolArray,
    protects: BoolArray,
    *,
    alone: TextArray,
    settings: SensitizationSettings,
    level: float,
) -> TextArray:
    """One of `CLASSES` for every context, by the rules at the head of this module.

    Parameters
    ----------
    test, screen : the method's answer and the checked replicates
    sensitizes, protects : (items, lines, drugs) calls of the method
    alone : (items, lines) of `ALONE`
    settings : sizes and confidence
    level : coverage of the intervals of `test`

    Returns
    -------
    (items, lines, drugs)
    """
    toxic = np.broadcast_to((alone == "toxic")[:, :, None], sensitizes.shape)
    small = _shown_small(test, settings, level=level)
    quarrel = (screen.doubt > 1) & np.isfinite(screen.effect)
    if test.wrong is not None:
        quarrel |= test.wrong >= settings.sure
    cases = [sensitizes & toxic, sensitizes, protects, quarrel, small & toxic, small]
    words = ["toxic and sensitizing", "sensitizer", "antagonist", "artifact", "toxic alone", "additive"]
    return np.select(cases, words, default="undetermined")


def _shown_small(test: ContextTest, settings: SensitizationSettings, *, level: float) -> BoolArray:
    """Interactions within ±additive with the confidence asked for, from their intervals."""
    from scipy import special

    error = (test.ci_high - test.ci_low) / 2 / special.ndtri(0.5 + level / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = special.ndtr((settings.additive - test.effect) / error) - special.ndtr(
            (-settings.additive - test.effect) / error
        )
        return np.asarray(inside >= settings.sure)


def _confidence_below(test: TTest, bound: float) -> FloatArray:
    """Confidence that an effect lies below a bound: its t distribution around the estimate."""
    from scipy import special

    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(special.stdtr(np.minimum(test.df, 1e7), (bound - test.effect) / test.standard_error))
