"""Stage of the lysate array: from its slides to proteins that reagents take up or down."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sensitome.protein.assess import assess_proteins
from sensitome.settings import Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES"]


def _has_array(study: Study) -> bool:
    return study.inputs.slides is not None


def _assess(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study, folder = context.study, context.folder
    assert study.protein is not None  # noqa: S101 - the study was checked
    return assess_proteins(
        folder / str(study.inputs.slides),
        folder / str(study.inputs.spots),
        settings=study.protein,
        vehicle=study.treatments.vehicle,
    )


#: From slides to proteins.
STAGES: tuple[Stage, ...] = (
    Stage(
        "protein",
        (),
        ("spots", "protein_slides", "proteins", "protein_interactions", "protein_readings"),
        ("protein", "treatments"),
        ("protein",),
        _assess,
        applies=_has_array,
    ),
)
