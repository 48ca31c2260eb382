"""Which contexts a method calls: checks of the design, the method's run, and the decision."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.prior import Prior
from sensitome.core.multiple import adjust_p, bayesian_fdr
from sensitome.core.sensitization.contrasts import ContextTest, Contrasts, contrasts
from sensitome.errors import Caution, Fault, MethodError
from sensitome.screen.effects import EffectCube
from sensitome.screen.sensitization_methods import SensitizationMethod
from sensitome.screen.sensitization_runs import Material
from sensitome.screen.sensitization_settings import SensitizationSettings

__all__ = ["Judged", "check_design", "judge_cube"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


#: Interactions that differ by less (log2) are the same.
FLAT = 1e-9


@dataclass(frozen=True)
class Judged:
    """A method's answer on a cube; arrays are (items, lines, drugs).

    Parameters
    ----------
    screen : checked replicates and contrasts
    test : what the method says
    q_value : adjusted p, or mean rate of the list that ends with the context; NaN where the method has neither
    sensitizes, protects : what the method calls
    """

    screen: Contrasts
    test: ContextTest
    q_value: FloatArray
    sensitizes: BoolArray
    protects: BoolArray


def judge_cube(
    cube: EffectCube,
    *,
    record: SensitizationMethod,
    settings: SensitizationSettings,
    tested: BoolArray | None = None,
    group: IntArray | None = None,
    family: IntArray | None = None,
    prior: Prior | None = None,
    screen: Contrasts | None = None,
) -> Judged:
    """Test a cube; see `sensitization.test_sensitization`.

    Parameters
    ----------
    cube : effects
    record, settings : the method and its choices
    tested : (items, lines, drugs) contexts that are asked about; None = all
    group, family : (items,) codes; −1 = none; None = not known
    prior : what an earlier screen taught, for the hierarchical model
    screen : contrasts of the cube with the limit of the settings, where several methods share them; None = made here

    Raises
    ------
    MethodError
        The design cannot support the method.
    """
    screen = screen or contrasts(cube.values, limit=settings.discordant)
    asked = np.ones(screen.effect.shape, dtype=np.bool_) if tested is None else tested
    check_design(cube, screen, record=record, grouped=group is not None)
    no_group = np.full(len(cube.values), -1, dtype=np.intp)
    _check_variation(cube, screen, record=record)
    kind = cube.items["kind"].rank("dense").to_numpy().astype(np.intp) - 1
    groups = no_group if group is None else group
    material = Material(cube.values, screen, settings, asked, groups, family, kind, prior)
    test = record.run(material)
    _check_answer(cube, screen, test, record=record)
    return _decide(screen, test, record=record, settings=settings, tested=asked)


def check_design(cube: EffectCube, screen: Contrasts, *, record: SensitizationMethod, grouped: bool) -> None:
    """Refuse what the design cannot support.

    Parameters
    ----------
    cube, screen : effects and their contrasts
    record : the method
    grouped : whether the targets of reagents are known

    Raises
    ------
    MethodError
        There are too few replicates, reagents or arms for the method, or no groups.
    """
    replicates = int(_replicates(screen).max(initial=0))
    reagents = int(np.isfinite(screen.effect).sum(axis=0).max(initial=0))
    found = None
    if replicates < record.replicates:
        found = f"{replicates} replicate{'s' if replicates != 1 else ''} of vehicle and drug"
    elif reagents < record.reagents:
        found = f"{reagents} reagents with vehicle and drug (at least {record.reagents} are needed)"
    elif record.needs_groups and not grouped:
        found = "no targets of the reagents"
    elif record.name == "pi-score" and len(cube.arms) < 3:
        found = f"{len(cube.arms)} arms"
    elif record.name == "mash" and not np.isfinite(screen.variance) and screen.effect[0].size == 1:
        found = "one replicate of one drug in one cell line"
    if found is not None:
        raise MethodError(
            f"this design does not support {record.name!r} ({record.title})",
            found=found,
            expected=record.needs,
            next_step="Choose another method; those that need no replicates: heb, mash, robust-z."
            if replicates < record.replicates
            else "Choose another method.",
        )


def _check_answer(cube: EffectCube, screen: Contrasts, test: ContextTest, *, record: SensitizationMethod) -> None:
    """Refuse interactions that do not vary: they have no scale; name arms with too few replicates for an answer."""
    answer = test.p_value if record.decision == "q_value" else test.statistic
    silent = ~np.asarray(np.isfinite(answer).any(axis=0)) & np.isfinite(screen.effect).any(axis=0)
    few = silent & (_replicates(screen).max(axis=0, initial=0) < record.replicates)
    if few.any():
        places = [f"{cube.drugs[j]} in {cube.lines[i]}" for i, j in zip(*np.nonzero(few), strict=True)]
        warnings.warn(
            Caution(
                f"arms that {record.name!r} ({record.title}) cannot judge",
                found=", ".join(places),
                expected=record.needs,
                next_step="Their contexts are undetermined; methods that need no replicates: heb, mash, robust-z.",
            ),
            stacklevel=5,
        )
    if not record.needs_groups:
        _refuse_flat(cube, screen, silent & ~few, record=record)


def _replicates(screen: Contrasts) -> IntArray:
    """(items, lines, drugs) replicates of vehicle and drug, the smaller number; 0 without an interaction."""
    wells = screen.summary.wells
    return np.where(np.isfinite(screen.effect), np.minimum(wells[:, :, 1:], wells[:, :, :1]), 0).astype(np.intp)


def _check_variation(cube: EffectCube, screen: Contrasts, *, record: SensitizationMethod) -> None:
    """Refuse contexts whose interactions are all the same: of a constant nobody can tell whose it is."""
    there = np.isfinite(screen.effect)
    highest = np.where(there, screen.effect, -np.inf).max(axis=0, initial=-np.inf)
    lowest = np.where(there, screen.effect, np.inf).min(axis=0, initial=np.inf)
    _refuse_flat(cube, screen, np.asarray(highest - lowest < FLAT), record=record)


def _refuse_flat(cube: EffectCube, screen: Contrasts, flat: BoolArray, *, record: SensitizationMethod) -> None:
    """Refuse contexts without variation, where there are reagents enough to expect some; all are named."""
    asked = np.asarray(np.isfinite(screen.effect).sum(axis=0) >= max(record.reagents, 2))
    faults = [
        Fault(f"interactions that vary between reagents in {cube.lines[i]}, {cube.drugs[j]}")
        for i, j in zip(*np.nonzero(asked & flat), strict=True)
    ]
    if faults:
        raise MethodError(
            f"interactions cannot be judged by {record.name!r}: they do not vary",
            faults=faults,
            next_step="Check that the arms hold different plates, and that the readings are not rounded away.",
        )


def _decide(
    screen: Contrasts,
    test: ContextTest,
    *,
    record: SensitizationMethod,
    settings: SensitizationSettings,
    tested: BoolArray,
) -> Judged:
    """Turn p-values, rates or scores into calls."""
    axis = 0 if settings.family == "arm" else None

    def of_tested(values: FloatArray) -> FloatArray:
        return np.where(tested, values, np.nan)

    if record.decision == "q_value":
        q = adjust_p(of_tested(test.p_value), axis=axis)
        called = q <= settings.fdr
        with np.errstate(invalid="ignore"):
            return Judged(screen, test, q, called & (test.statistic < 0), called & (test.statistic > 0))
    if record.decision in ("mean_rate", "local_rate"):
        against = np.full(test.rate.shape, np.nan) if test.antagonist_rate is None else test.antagonist_rate
        rates = [of_tested(test.rate), of_tested(against)]
        means = [_mean_rate(rate, axis=axis) for rate in rates]
        judged, limit = (means, settings.fdr) if record.decision == "mean_rate" else (rates, settings.local_rate)
        with np.errstate(invalid="ignore"):
            return Judged(screen, test, means[0], judged[0] <= limit, judged[1] <= limit)
    limit = settings.k if record.decision == "score" else settings.ssmd
    q = adjust_p(of_tested(test.p_value), axis=axis)
    with np.errstate(invalid="ignore"):
        score = of_tested(test.statistic)
        return Judged(screen, test, q, score < -limit, score > limit)


def _mean_rate(rate: FloatArray, *, axis: int | None) -> FloatArray:
    """Mean rate of the list that ends with each context, over the screen or within each line and arm."""
    if axis is None:
        return bayesian_fdr(rate)
    answer = np.empty(rate.shape)
    for context in np.ndindex(rate.shape[1:]):
        answer[(slice(None), *context)] = bayesian_fdr(rate[(slice(None), *context)])
    return answer
