"""Whether a screen allows a test of sensitization, asked before the test is made."""

from __future__ import annotations

import polars as pl

from sensitome.core.sensitization.contrasts import contrasts
from sensitome.screen.effects import effect_cube
from sensitome.screen.sensitization_calls import check_design
from sensitome.screen.sensitization_methods import sensitization_method
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.settings import Treatments

__all__ = ["check_sensitization"]


def check_sensitization(
    scores: pl.DataFrame,
    *,
    treatments: Treatments,
    method: str = "heb",
    settings: SensitizationSettings | None = None,
    targets: pl.DataFrame | None = None,
) -> None:
    """Ask whether a screen allows a test, without making it.

    Parameters
    ----------
    scores, treatments, method, settings, targets : as `sensitome.screen.sensitization.test_sensitization`

    Raises
    ------
    SensitomeError
        As `test_sensitization`, but for interactions that do not vary.
    """
    record, settings = sensitization_method(method), settings or SensitizationSettings()
    cube = effect_cube(scores, treatments=treatments, reference=settings.reference)
    grouped = record.needs_groups and targets is not None
    check_design(cube, contrasts(cube.values, limit=settings.discordant), record=record, grouped=grouped)
