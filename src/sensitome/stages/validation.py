"""Stages of the validation assay: from its plates to who is validated, and what the screen had let expect."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sensitome.io.dose_table import read_dose_matrices
from sensitome.settings import Study
from sensitome.stages.record import Context, Stage, Tables
from sensitome.stages.screen import can_test
from sensitome.validation.agreement import compare_with_screen
from sensitome.validation.assess import assess_validation
from sensitome.validation.dose_matrices import score_matrices
from sensitome.validation.power import noise_of_assay
from sensitome.validation.reading import read_validation
from sensitome.validation.settings import RECOMMENDED, CombinationSettings, ValidationSettings

__all__ = ["STAGES"]

_MADE = (
    "validation_wells",
    "validation_plates",
    "validation_controls",
    "validation_replicates",
    "validation",
    "validation_paper",
    "validated",
    "combinations",
    "validation_power",
)


def _has_assay(study: Study) -> bool:
    return study.inputs.validation_plates is not None


def _has_both(study: Study) -> bool:
    return _has_assay(study) and can_test(study)


def _settings(study: Study) -> tuple[ValidationSettings, str]:
    """Settings and the arm without drug; the study was checked for both."""
    assert study.validation is not None  # noqa: S101 - `applies` has asked
    assert study.treatments.vehicle is not None  # noqa: S101 - the study was checked
    return study.validation, study.treatments.vehicle


def _validate(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    settings, vehicle = _settings(study)
    return assess_validation(
        read_validation(study.inputs, folder=context.folder, jobs=context.jobs),
        vehicle=vehicle,
        settings=settings,
        combinations=study.treatments.combinations,
        combination_settings=CombinationSettings(level=settings.level, draws=settings.draws, seed=study.seed),
    )


def _compare(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    settings, _ = _settings(context.study)
    noise = noise_of_assay(tables["validation_wells"])
    agreement = compare_with_screen(tables["sensitizers"], tables["validation"], noise=noise, power=settings.power)
    return {"validation_agreement": agreement}


def _has_doses(study: Study) -> bool:
    return study.inputs.dose_matrices is not None


def _score_doses(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    settings = study.validation or RECOMMENDED
    path = context.folder / str(study.inputs.dose_matrices)
    own = CombinationSettings(level=settings.level, draws=settings.draws, seed=study.seed)
    return score_matrices(read_dose_matrices(path), settings=own, name=path)


#: From validation plates to validated sensitizers.
STAGES: tuple[Stage, ...] = (
    Stage(
        "validation",
        (),
        _MADE,
        ("inputs", "validation", "treatments", "seed"),
        ("validation",),
        _validate,
        applies=_has_assay,
        version=2,
    ),
    Stage(
        "agreement",
        ("sensitizers", "validation", "validation_wells"),
        ("validation_agreement",),
        ("validation",),
        (),
        _compare,
        applies=_has_both,
    ),
    Stage(
        "doses",
        (),
        ("dose_scores", "dose_summary"),
        ("validation", "seed"),
        ("dose_matrices",),
        _score_doses,
        applies=_has_doses,
        version=2,
    ),
)
