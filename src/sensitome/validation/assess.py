"""The whole validation assay: from the wells of any reader to every table of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import polars as pl

from sensitome.errors import Caution
from sensitome.validation.combinations import combination_effects
from sensitome.validation.comparators import match_controls
from sensitome.validation.contrasts import test_validation
from sensitome.validation.control_agreement import compare_controls
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.power import noise_of_assay, power_table
from sensitome.validation.quality import judge_plates
from sensitome.validation.settings import NORMANN2021, RECOMMENDED, CombinationSettings, ValidationSettings
from sensitome.validation.verdicts import who_is_validated
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
    ``validation_wells``, ``validation_plates``, ``validation_controls``, ``validation_replicates``, ``validation``
    (tested by blocks), ``validation_paper`` (tested by wells), ``validated`` (both counts), ``combinations`` and
    ``validation_power``. The test that the settings name takes its comparator, adjustment and stars from them, the
    other those of its preset. Combination effects have the comparator of the test by blocks, and are always relative
    to the control without drug, whatever the tests are normalized to.

    Raises
    ------
    LayoutError, ControlError
        As `validation_wells` and `normalize_validation`.

    Warns
    -----
    Caution
        As `validation_wells`, `test_validation` and `compare_controls`.
    """
    usable = validation_wells(wells, vehicle=vehicle, control=settings.control)
    normalized = normalize_validation(usable, settings=settings, vehicle=vehicle)
    to_vehicle = normalized
    if settings.control_arm != "vehicle":
        own = settings.model_copy(update={"control_arm": "vehicle", "scope": "replicate"})
        to_vehicle = normalize_validation(usable, settings=own, vehicle=vehicle)
    blocks, paper = _both_tests(normalized, settings, vehicle)
    asked = settings if settings.test == "blocks" else RECOMMENDED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # the tests have told it
        to_vehicle = match_controls(to_vehicle, settings=asked)
    return {
        "validation_wells": normalized,
        "validation_plates": judge_plates(normalized, vehicle=vehicle),
        "validation_controls": compare_controls(normalized, vehicle=vehicle, level=settings.level),
        "validation_replicates": average_wells(normalized),
        "validation": blocks,
        "validation_paper": paper,
        "validated": who_is_validated(blocks, paper, vehicle=vehicle),
        "combinations": combination_effects(
            to_vehicle,
            vehicle=vehicle,
            combinations=combinations or {},
            settings=combination_settings or CombinationSettings(),
        ),
        "validation_power": power_table(noise_of_assay(normalized)),
    }


def _both_tests(wells: pl.DataFrame, settings: ValidationSettings, vehicle: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """By blocks and by wells; technical replicates as n are cautioned against only where the study counts so."""
    own = {"blocks": RECOMMENDED, "student-wells": NORMANN2021}
    tables = {}
    for test, preset in own.items():
        asked = settings.test == test
        answers = {} if asked else {name: getattr(preset, name) for name in ("test", "stars", "adjust", "comparator")}
        with warnings.catch_warnings():
            if not asked and test == "student-wells":
                warnings.simplefilter("ignore", Caution)
            tables[test] = test_validation(wells, settings=settings.model_copy(update=answers), vehicle=vehicle)
    return tables["blocks"], tables["student-wells"]
