"""Validation plates, dose matrices and lysate slides: read and laid out as a run does, up to the first test."""

from __future__ import annotations

from sensitome.check.findings import Findings
from sensitome.io.dose_table import read_dose_matrices
from sensitome.protein.reading import read_protein_inputs
from sensitome.stages.record import Context
from sensitome.validation.reading import read_validation_inputs

__all__ = ["check_validation"]


def check_validation(context: Context, found: Findings) -> None:
    """Judge the validation assay, dose matrices and the lysate array."""
    study, folder = context.study, context.folder
    settings, vehicle = study.validation, study.treatments.vehicle
    if study.inputs.validation_plates and settings is not None and vehicle is not None:
        wells = found.attempt(
            lambda: read_validation_inputs(
                study.inputs, folder=folder, vehicle=vehicle, settings=settings, jobs=context.jobs
            ),
            of="validation",
        )
        if wells is not None:
            found.sound["validation"] = f"{wells['plate'].n_unique()} plates, {wells.height:,} wells"
    if study.inputs.dose_matrices:
        doses = found.attempt(lambda: read_dose_matrices(folder / str(study.inputs.dose_matrices)), of="dose_matrices")
        if doses is not None and found.rehearse("doses", context):
            found.sound["dose matrices"] = f"{doses['block'].n_unique()} pairs of drugs, {doses.height:,} readings"
    protein = study.protein
    if study.inputs.slides and protein is not None:
        spots = found.attempt(lambda: read_protein_inputs(study.inputs, folder=folder, settings=protein), of="protein")
        if spots is not None:
            found.sound["lysate array"] = f"{spots['slide'].n_unique()} slides, {spots.height:,} spots"
