"""Sensitization: whether a drug changes what a reagent does, for every reagent in every line and drug arm."""
# ruff: noqa: PT028 (its name begins like that of a test)

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.replicated import moderated_interaction
from sensitome.core.sensitization.shrinkage import ash
from sensitome.errors import MethodError
from sensitome.screen.effects import EffectCube, effect_cube
from sensitome.screen.sensitization_calls import Judged, judge_cube
from sensitome.screen.sensitization_labels import codes, expressed_contexts
from sensitome.screen.sensitization_methods import SensitizationMethod, sensitization_method
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.screen.sensitizer_classes import alone_of, classify, effect_alone
from sensitome.settings import Treatments
from sensitome.tables import Sensitizers, check_table

__all__ = ["test_sensitization", "three_way_effects"]

FloatArray = npt.NDArray[np.float64]


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
    families : columns reagent, kind, seed_family, for the hierarchical model
    expression_kinds : kinds that act through a target

    Returns
    -------
    Table `sensitizers`: one row per reagent × kind × cell line × drug arm, sorted by its key

    Raises
    ------
    MethodError
        The method is unknown, or the design cannot support it: too few replicates or reagents, no groups, or
        interactions that do not vary.
    LayoutError, TableError, ControlError
        As `effects.effect_cube`.

    Notes
    -----
    δ = (drug − vehicle) on the log2 scale: 0 = Bliss independence. Replicates are checked against each other first, so
    that one discordant well makes no call. Classes by `sensitizer_classes.classify`.
    """
    record, settings = sensitization_method(method), settings or SensitizationSettings()
    cube = effect_cube(scores, treatments=treatments, reference=settings.reference)
    asked = expressed_contexts(cube, expressed=expressed, targets=targets, kinds=expression_kinds)
    result = judge_cube(
        cube,
        record=record,
        settings=settings,
        tested=asked != 0,
        group=codes(cube, targets, column="target") if record.needs_groups and targets is not None else None,
        family=None if families is None else codes(cube, families, column="seed_family"),
    )
    return _table(cube, result, record=record, settings=settings, asked=asked)


# pytest collects functions by their names; this is no test.
test_sensitization.__test__ = False  # type: ignore[attr-defined]


def three_way_effects(
    scores: pl.DataFrame, *, treatments: Treatments, settings: SensitizationSettings | None = None
) -> pl.DataFrame:
    """What a reagent does with a combination of drugs beyond what it does with each of them.

    Parameters
    ----------
    scores, settings : as `test_sensitization`
    treatments : vehicle and combinations

    Returns
    -------
    One row per reagent × kind × cell line × combination: effect = δ(combination) − Σ δ(parts), log2, with ci_low,
    ci_high, p_value, q_value (BH over the table); intervals and p are null with one replicate

    Raises
    ------
    MethodError
        The study names no combination.

    Notes
    -----
    The contrast x(AB) − x(A) − x(B) + x(vehicle) in the moderated linear model; with one replicate from the means.
    """
    settings = settings or SensitizationSettings()
    if not treatments.combinations:
        raise MethodError(
            "three-way effects need a combination of drugs",
            found="no treatments.combinations",
            next_step='Write treatments.combinations = { "A+B" = ["A", "B"] } in study.toml.',
        )
    cube = effect_cube(scores, treatments=treatments, reference=settings.reference)
    screen = contrasts(cube.values, limit=settings.discordant)
    transform = np.eye(len(cube.drugs))
    place = {drug: i for i, drug in enumerate(cube.drugs)}
    for arm, parts in treatments.combinations.items():
        transform[place[arm], [place[part] for part in parts]] -= 1
    test = moderated_interaction(
        screen, trend=settings.trend, block=settings.block, level=settings.level, transform=transform
    )
    means = np.einsum("ild,cd->ilc", np.where(np.isfinite(screen.effect), screen.effect, np.nan), transform)
    effect = np.where(np.isfinite(test.effect), test.effect, means)
    columns = {"effect": effect, "ci_low": test.ci_low, "ci_high": test.ci_high, "p_value": test.p_value}
    table = cube.rows({name: np.asarray(part) for name, part in columns.items()})
    table = table.filter(pl.col("treatment").is_in(list(treatments.combinations)))
    q = adjust_p(table["p_value"].fill_null(np.nan).to_numpy())
    return table.with_columns(pl.Series("q_value", q, dtype=pl.Float64).fill_nan(None)).sort(
        "reagent", "kind", "cell_line", "treatment"
    )


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
    classes = classify(result.test, screen, result.sensitizes, result.protects, alone=words, settings=settings)
    error = (test.ci_high - test.ci_low) / 2 / 1.959963984540054
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
    return check_table(table.sort("reagent", "kind", "cell_line", "treatment"), Sensitizers, name="sensitizers")
