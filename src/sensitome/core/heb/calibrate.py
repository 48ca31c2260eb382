"""How often wells go wrong, and how arms compress general effects, from a small version of the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import Classes, Kind, interaction_classes
from sensitome.core.heb.joint import joint_likelihood, make_grid
from sensitome.core.heb.mixture import (
    Likelihood,
    given_general,
    given_interaction,
    shape_weights,
    start_weights,
)
from sensitome.core.heb.noise import arm_slopes, assumed_background
from sensitome.core.heb.patterns import canonical_patterns, product_patterns
from sensitome.core.heb.readings import Readings, all_readings

__all__ = ["Calibration", "calibrate"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: One wide size of interactions is enough here.
SIZE, WIDTH = 0.7, 0.6
#: Readings below this posterior probability are dropped.
LEAST_POSTERIOR = 0.01
#: General classes with a smaller share of the items are left out of the large model.
LEAST_GENERAL = 1e-4
#: Share of wrong wells that is expected, and wells that this expectation counts for.
FIRST_RATE, FIRST_COUNT = 0.01, 1000.0
#: Slopes are estimated again until they move less than this, at most so many times.
SLOPES_CONVERGED, SLOPE_ROUNDS = 0.03, 2
#: Where wrong wells lie on average is learned in so many rounds, with so many wells counted in that lie at 0.
SHIFT_ROUNDS, CENTERED_COUNT = 2, 5.0
ROUNDS, STEPS = 12, 5


class Calibration(NamedTuple):
    """What the small model tells the large one.

    ``readings`` worth keeping, ``wrong_rate`` share of wells that go wrong, ``slopes`` (lines, arms), ``lone_wells``
    whether an arm is mostly one well, ``general`` (general classes,) whether a class is worth having, ``hit`` (items,)
    P(the item sensitizes).
    """

    readings: Readings
    wrong_rate: float
    slopes: FloatArray
    lone_wells: bool
    general: BoolArray
    hit: FloatArray

    def with_general(self, weights: FloatArray) -> Calibration:
        """Keep the general classes of these weights, too."""
        same = len(weights) == len(self.general)
        return self._replace(general=self.general | (weights > LEAST_GENERAL)) if same else self


class _Fit(NamedTuple):
    """``row`` (rows,) posterior probability of each reading of its item, ``hit`` (items,) P(sensitizer)."""

    row: FloatArray
    hit: FloatArray
    wrong_rate: float
    general: FloatArray


def calibrate(values: FloatArray, *, mean: FloatArray, variance: float) -> Calibration:
    """Fit the small model, with slopes from the reagents that do not look like sensitizers.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; every item has a reading
    mean : (items, lines, arms) means of the arms
    variance : of a single well

    Returns
    -------
    Calibration

    Notes
    -----
    Wells that go wrong are counted where nothing else looks like them: in vehicle arms, and where an arm has other
    wells to tell. A lone well in a drug arm is no witness. Slopes are estimated from items that are probably no
    sensitizers, because toxic sensitizers bend them.
    """
    _, lines, arms = mean.shape
    slopes = np.ones((lines, arms))
    classes = _few_classes(lines, arms - 1)
    background, group = np.full(1, assumed_background(variance)), np.zeros(len(values), dtype=np.intp)
    lone = bool(np.median(np.isfinite(values).sum(axis=-1)[np.isfinite(mean)]) < 1.5)
    for _ in range(SLOPE_ROUNDS):
        # An item with a bad well may pass for a sensitizer here: it is left out, which does no harm.
        readings, witnesses = all_readings(values, variance=variance, slopes=slopes)
        readings = readings.where(readings.wrong == 0)
        grid = make_grid(slopes, classes, variance=variance, background=background, group=group)
        fit = _fit(joint_likelihood(readings, grid), readings, classes=classes, witnesses=witnesses, lone_wells=lone)
        before, slopes = slopes, arm_slopes(mean[fit.hit < 0.5], sd=float(np.sqrt(variance)))
        if np.abs(slopes - before).max() < SLOPES_CONVERGED:
            break
    grid = make_grid(slopes, classes, variance=variance, background=background, group=group)
    shift = 0.0
    for _ in range(SHIFT_ROUNDS):
        readings, witnesses = all_readings(values, variance=variance, slopes=slopes, shift=shift)
        fit = _fit(joint_likelihood(readings, grid), readings, classes=classes, witnesses=witnesses, lone_wells=lone)
        told = fit.row * (readings.wrong == 1) * (readings.witness == 1)
        shift = float(told @ readings.residual / (told.sum() + CENTERED_COUNT))
    keep = (fit.row > LEAST_POSTERIOR) | (readings.wrong == 0)
    return Calibration(readings.where(keep), fit.wrong_rate, slopes, lone, fit.general > LEAST_GENERAL, fit.hit)


def _few_classes(lines: int, drugs: int) -> Classes:
    """Sets of drugs in sets of lines, or the canonical patterns where these are many; one size."""
    if drugs == 0:
        patterns = np.zeros((0, lines, 0), dtype=bool)
    elif (2**lines - 1) * (2**drugs - 1) <= 32:
        patterns = product_patterns(lines, drugs)
    else:
        patterns = canonical_patterns(lines, drugs)
    return interaction_classes(patterns, sizes=(SIZE,), antagonist_sizes=(SIZE,), spread=WIDTH)


def _fit(likelihood: Likelihood, readings: Readings, *, classes: Classes, witnesses: float, lone_wells: bool) -> _Fit:
    """EM over the weights of the classes and the share of wrong wells together."""
    weights = start_weights(likelihood.share.shape[1], classes)
    general, interaction, rate = weights.general, weights.interaction, FIRST_RATE
    share, sizes = likelihood.share, np.diff(np.append(likelihood.start, len(readings)))
    for _ in range(ROUNDS):
        odds = np.exp(readings.log_odds(rate))
        weighted = Likelihood(share * odds.astype(np.float32)[:, None, None], likelihood.start, likelihood.log_largest)
        of_interaction = given_general(weighted, general)
        for _ in range(STEPS):
            count = interaction * (of_interaction.T @ (1 / np.maximum(of_interaction @ interaction, 1e-300)))
            interaction = shape_weights(count, classes, lone_wells=lone_wells)
        of_general = given_interaction(weighted, interaction)
        for _ in range(STEPS):
            general = general * (of_general.T @ (1 / np.maximum(of_general @ general, 1e-300))) + 1e-3
            general /= general.sum()
        row = (weighted.share @ interaction.astype(np.float32)).astype(np.float64) @ general
        row /= np.repeat(np.maximum(np.add.reduceat(row, likelihood.start), 1e-300), sizes)
        before, rate = rate, float((row @ readings.witness + FIRST_RATE * FIRST_COUNT) / (witnesses + FIRST_COUNT))
        if abs(rate - before) < 1e-5:
            break
    posterior = of_interaction * interaction
    hit = posterior[:, classes.kind == Kind.SENSITIZER].sum(axis=1) / np.maximum(posterior.sum(axis=1), 1e-300)
    return _Fit(row, hit, rate, general)
