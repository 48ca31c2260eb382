"""The validation assay of a study: which files it has, and its wells."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import LayoutError
from sensitome.io.plate_list import read_plate_list
from sensitome.screen.layout import read_wells
from sensitome.settings import Inputs
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.settings import ValidationSettings
from sensitome.validation.wells import validation_wells

__all__ = ["read_validation", "read_validation_inputs", "validation_files"]


def validation_files(inputs: Inputs, *, folder: Path) -> list[Path]:
    """Every file of the validation assay; none for a study without one.

    Raises
    ------
    SensitomeError
        The plate list cannot be read.
    """
    if not inputs.validation_plates:
        return []
    plates = folder / inputs.validation_plates
    measured = read_plate_list(plates)["path"].unique(maintain_order=True).to_list()
    return [plates, folder / str(inputs.validation_layout), *(Path(path) for path in measured)]


def read_validation(inputs: Inputs, *, folder: Path, jobs: int = 1) -> pl.DataFrame:
    """Read and lay out every plate of the validation assay.

    Parameters
    ----------
    inputs : the study's inputs, with `validation_plates` and `validation_layout`
    folder : where their paths start
    jobs : threads

    Returns
    -------
    Well table of `layout.read_wells`; where wells have an arm or a technical replicate of their own, in the columns
    ``treatment_in_library`` and ``technical``

    Raises
    ------
    LayoutError
        The study has no validation assay.
    SensitomeError
        As the readers and the layout: all faults at once.
    """
    if not inputs.validation_plates:
        raise LayoutError(
            "the study has no validation assay",
            where="inputs",
            expected="validation_plates and validation_layout",
            next_step="Name its plate list and its layout in study.toml.",
        )
    return read_wells(
        folder / inputs.validation_plates,
        library=folder / str(inputs.validation_layout),
        reader=inputs.validation_reader,
        roles=inputs.roles,
        jobs=jobs,
    )


def read_validation_inputs(
    inputs: Inputs, *, folder: Path, vehicle: str, settings: ValidationSettings, jobs: int = 1
) -> pl.DataFrame:
    """Read the validation assay and judge its layout, as a run would, without an answer.

    Parameters
    ----------
    inputs, folder, jobs : as `read_validation`
    vehicle : the arm without drug
    settings : which controls are 100 %

    Returns
    -------
    The normalized wells: every plate has a control to be divided by

    Raises
    ------
    SensitomeError
        As `read_validation`, `validation_wells` and `normalize_validation`.
    """
    wells = read_validation(inputs, folder=folder, jobs=jobs)
    usable = validation_wells(wells, vehicle=vehicle, control=settings.control)
    return normalize_validation(usable, settings=settings, vehicle=vehicle)
