"""Sensitization: whether a drug changes what a reagent does, for every reagent in every line and drug arm."""
# ruff: noqa: PT028 (its name begins like that of a test)

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.sensitization.contrasts import normal_reach
from sensitome.core.sensitization.shrinkage import ash
from sensitome.errors import Caution
from sensitome.io.prior_file import PriorFile
from sensitome.screen.effects import EffectCube, effect_cube
from sensitome.screen.prior import use_prior
from sensitome.screen.seed_families import family_table
from sensitome.screen.sensitization_calls import Judged, judge_cube
from sensitome.screen.sensitization_fit import fit_table
from sensitome.screen.sensitization_labels import codes, expressed_contexts
from sensitome.screen.sensitization_methods import SensitizationMethod, interval_level, sensitization_method
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.screen.sensitizer_classes import alone_of, classify, effect_alone
from sensitome.settings import Treatments
from sensitome.tables import Sensitizers, check_table

if TYPE_CHECKING:
    from sensitome.core.heb.model import Sensitization

__all__ = ["Sensitized", "sensitize", "test_sensitization"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sensitized:
    """What a test says of a screen.

    Parameters
    ----------
    sensitizers : table `sensitizers`
    fit : table `sensitization_fit`; empty of a test that learns nothing
    families : table `families`; empty without families
    """

    sensitizers: pl.DataFrame
    fit: pl.DataFrame
    families: pl.DataFrame


def sensitize(
    scores: pl.DataFrame,
    *,
    treatments: Treatments,
    method: str = "heb",
    settings: SensitizationSettings | None = None,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    families: pl.DataFrame | None = None,
    expression_kinds: Sequence[str] = ("inhibitor",),
    prior: PriorFile | None = None,
) -> Sensitized:
    """Test every reagent in every line and drug arm for sensitization.

    Parameters
    ----------
    scores : table `scores` in log2 units: ``unit = "reagent"``, ``standardize = "none"``
    treatments : which arm is the vehicle
    method : a name of `sensitization_methods.SENSITIZATION_METHODS`
    settings : thresholds and choices
    expressed : columns target, cell_line, expressed: reagents of `expression_kinds` whose target a line does not
        express are not tested there (they do not enter the correction either); None = all are tested
    targets : columns reagent, kind, target; a reagent without a row is its own target. RSA joins reagents by it
    families : columns reagent, kind, seed_family, for the hierarchical model and the table `families`
    expression_kinds : kinds that act through a target
    prior : what an earlier screen taught, for the hierarchical model; `settings.prior_weight` says how much it counts

    Returns
    -------
    Sensitized; `sensitizers` has one row per reagent × kind × cell line × drug arm, sorted by its key

    Raises
    ------
    MethodError
        The method is unknown, or the design cannot support it: too few replicates or reagents, no groups, or
        interactions that do not vary.
    LayoutError, TableError, ControlError
        As `effects.effect_cube`.
    SettingsError
        The prior is of other lines or arms.

    Notes
    -----
    δ = (drug − vehicle) on the log2 scale: 0 = Bliss independence. Replicates are checked against each other first, so
    that one discordant well makes no call. Classes by `sensitizer_classes.classify`.
    """
    chosen = settings or SensitizationSettings()
    if prior is not None and method != "heb":
        _warn_of_unused_prior(method)
    weight = chosen.prior_weight if prior is not None and method == "heb" else 0.0
    answer = _answer(
        scores,
        treatments=treatments,
        method=method,
        settings=chosen,
        expressed=expressed,
        targets=targets,
        families=families,
        expression_kinds=expression_kinds,
        prior=prior if weight else None,
    )
    cube, found = answer.cube, answer.learned
    return Sensitized(
        answer.sensitizers,
        fit_table(found, cube=cube, prior_weight=weight),
        family_table(answer.sensitizers, families, found=found, cube=cube, seed=chosen.seed),
    )


def test_sensitization(
    scores: pl.DataFrame,
    *,
    treatments: Treatments,
    method: str = "heb",
    settings: SensitizationSettings | None = None,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    families: pl.DataFrame | None = None,
    expression_kinds: Sequence[str] = ("inhibitor",),
) -> pl.DataFrame:
    """Table `sensitizers` alone: see `sensitize` for parameters, answer and errors."""
    return _answer(
        scores,
        treatments=treatments,
        method=method,
        settings=settings or SensitizationSettings(),
        expressed=expressed,
        targets=targets,
        families=families,
        expression_kinds=expression_kinds,
    ).sensitizers


# pytest collects functions by their names; this is no test.
vars(test_sensitization)["__test__"] = False


def _warn_of_unused_prior(method: str) -> None:
    """Say that a prior changes nothing."""
    warnings.warn(
        Caution(
            "the prior is not used",
            found=f"sensitization.method = {method!r}",
            expected="'heb', which alone learns from an earlier screen",
            next_step="Choose it, or take the prior away.",
        ),
        stacklevel=3,
    )


class _Answer(NamedTuple):
    """Table `sensitizers`, the cube it speaks of, and what was learned."""

    sensitizers: pl.DataFrame
    cube: EffectCube
    learned: Sensitization | None


def _answer(
    scores: pl.DataFrame,
    *,
    treatments: Treatments,
    method: str,
    settings: SensitizationSettings,
    expressed: pl.DataFrame | None,
    targets: pl.DataFrame | None,
    families: pl.DataFrame | None,
    expression_kinds: Sequence[str],
    prior: PriorFile | None = None,
) -> _Answer:
    """Test every context; see `sensitize`."""
    record = sensitization_method(method)
    cube = effect_cube(scores, treatments=treatments, reference=settings.reference)
    asked = expressed_contexts(cube, expressed=expressed, targets=targets, kinds=expression_kinds)
    where = f"sensitization.prior = {settings.prior!r}"
    known = (
        None
        if prior is None
        else use_prior(prior, lines=cube.lines, arms=cube.arms, weight=settings.prior_weight, where=where)
    )
    result = judge_cube(
        cube,
        record=record,
        settings=settings,
        tested=asked != 0,
        group=codes(cube, targets, column="target") if record.needs_groups and targets is not None else None,
        family=None if families is None else codes(cube, families, column="seed_family"),
        prior=known,
    )
    table = _table(cube, result, record=record, settings=settings, asked=asked)
    return _Answer(table, cube, result.test.learned)


def _tier() -> pl.Expr:
    """How sure a call would be: 1 to 3 by `TIERS`; null above, and where nobody asks."""
    from sensitome.core.heb.model import TIERS

    rate, tier = pl.col("local_rate"), pl.lit(None, dtype=pl.Int32)
    for number, limit in reversed(list(enumerate(TIERS, start=1))):
        tier = pl.when(rate <= limit).then(pl.lit(number, dtype=pl.Int32)).otherwise(tier)
    return pl.when(pl.col("is_expressed").fill_null(value=True)).then(tier).alias("tier")


def _table(
    cube: EffectCube,
    result: Judged,
    *,
    record: SensitizationMethod,
    settings: SensitizationSettings,
    asked: npt.NDArray[np.int8],
) -> pl.DataFrame:
    """Lay the answer out as rows."""
    test, screen = result.test, result.screen
    alone = effect_alone(screen, level=settings.level)
    words = alone_of(test.alone or alone, quiet=settings.quiet, sure=settings.sure)
    level = interval_level(record.name, level=settings.level)
    classes = classify(
        result.test, screen, result.sensitizes, result.protects, alone=words, settings=settings, level=level
    )
    error = (test.ci_high - test.ci_low) / 2 / normal_reach(level)
    shrunk = test.effect if record.decision in ("mean_rate", "local_rate") else ash(test.effect, error).mean
    columns: dict[str, npt.NDArray[np.generic]] = {
        "vehicle_effect": alone.effect,
        "vehicle_ci_low": alone.ci_low,
        "vehicle_ci_high": alone.ci_high,
        "effect_with_drug": screen.with_drug,
        "effect": np.where(np.isfinite(screen.effect), test.effect, np.nan),
        "ci_low": test.ci_low,
        "ci_high": test.ci_high,
        "p_value": test.p_value,
        "q_value": result.q_value,
        "local_rate": test.rate,
        "n": screen.pairs.astype(np.int32),
        "statistic": test.statistic,
        "shrunk_effect": shrunk,
        "alone": words,
        "class": classes,
        "is_sensitizer": result.sensitizes,
        "is_expressed": asked,
    }
    expressed = pl.when(pl.col("is_expressed") >= 0).then(pl.col("is_expressed") == 1)
    table = cube.rows(columns).with_columns(is_expressed=expressed, method=pl.lit(record.name))
    table = table.insert_column(table.columns.index("local_rate") + 1, table.select(_tier()).to_series())
    return check_table(table.sort("reagent", "kind", "cell_line", "treatment"), Sensitizers, name="sensitizers")
