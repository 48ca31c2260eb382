"""What a combination of drugs does with a reagent beyond what each of its drugs does."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.sensitization.contrasts import contrasts
from sensitome.core.sensitization.replicated import moderated_interaction
from sensitome.errors import MethodError
from sensitome.screen.effects import effect_cube
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.settings import Treatments

__all__ = ["three_way_effects"]


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
    Table `three_way`: one row per reagent × kind × cell line × combination: effect = δ(combination) − Σ δ(parts), log2,
    with ci_low, ci_high, p_value, q_value (BH over the table); intervals and p are null with one replicate

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
    columns = {"effect": test.effect, "ci_low": test.ci_low, "ci_high": test.ci_high, "p_value": test.p_value}
    table = cube.rows({name: np.asarray(part) for name, part in columns.items()})
    table = table.filter(pl.col("treatment").is_in(list(treatments.combinations)))
    q = adjust_p(table["p_value"].fill_null(np.nan).to_numpy())
    return table.with_columns(pl.Series("q_value", q, dtype=pl.Float64).fill_nan(None)).sort(
        "reagent", "kind", "cell_line", "treatment"
    )
