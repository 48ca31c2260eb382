"""The whole validation assay: from the wells of any reader to every table of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from sensitome.validation.combinations import combination_effects
from sensitome.validation.contrasts import test_validation
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.settings import CombinationSettings, ValidationSettings
from sensitome.validation.wells import average_wells, validation_wells

__all__ = ["assess_validation"]


def assess_validation(
    wells: pl.DataFrame,
    *,
    vehicle: str,
    settings: ValidationSettings,
    combinations: Mapping[str, Sequence[str]] | None = None,
    combination_settings: CombinationSettings | None = None,
) -> dict[str, pl.DataFrame]:
    """Normalize, test and compare with what the parts explain.

    Parameters
    ----------
    wells : well table of the validation plates, as any reader gives it
    vehicle : the arm without drug
    settings : normalization and tests
    combinations : arm with several drugs → the arms of each alone
    combination_settings : level, resamples and seed; None = as they are by default

    Returns
    -------
    ``validation_wells``, ``validation_replicates``, ``validation``, ``combinations``. Combination effects are always
    relative to the control without drug, whatever the tests are normalized to.

    Raises
    ------
    LayoutError, ControlError
        As `validation_wells` and `normalize_validation`.

    Warns
    -----
    Caution
        As `validation_wells` and `test_validation`.
    """
    usable = validation_wells(wells, vehicle=vehicle, control=settings.control)
    normalized = normalize_validation(usable, settings=settings, vehicle=vehicle)
    to_vehicle = normalized
    if settings.control_arm != "vehicle":
        own = settings.model_copy(update={"control_arm": "vehicle", "scope": "replicate"})
        to_vehicle = normalize_validation(usable, settings=own, vehicle=vehicle)
    return {
        "validation_wells": normalized,
        "validation_replicates": average_wells(normalized),
        "validation": test_validation(normalized, settings=settings, vehicle=vehicle),
        "combinations": combination_effects(
            to_vehicle,
            vehicle=vehicle,
            combinations=combinations or {},
            settings=combination_settings or CombinationSettings(),
        ),
    }
