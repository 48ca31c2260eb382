"""The lysate array of a study: which files it has, and its spots."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.errors import LayoutError, SensitomeError
from sensitome.io.columns import raise_together
from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.spots import normalize_spots, read_array
from sensitome.settings import Inputs

__all__ = ["protein_files", "read_protein_inputs"]


def protein_files(inputs: Inputs, *, folder: Path, settings: ProteinSettings | None = None) -> list[Path]:
    """Every file of the lysate array; none for a study without one.

    Raises
    ------
    SensitomeError
        The list of slides cannot be read.
    """
    if not inputs.slides:
        return []
    slides = folder / inputs.slides
    total = settings is None or settings.total_protein == "divide"
    measured = read_slides(slides, total_protein=total)["path"].unique(maintain_order=True).to_list()
    return [slides, folder / str(inputs.spots), *(Path(path) for path in measured)]


def read_protein_inputs(inputs: Inputs, *, folder: Path, settings: ProteinSettings) -> pl.DataFrame:
    """Read the lysate array and judge its lists and spots, as a run would, without an answer.

    Parameters
    ----------
    inputs : the study's inputs, with `slides` and `spots`
    folder : where their paths start
    settings : background, flags, total protein

    Returns
    -------
    Table `spots`: log2 after background and total protein

    Raises
    ------
    LayoutError
        The study has no lysate array.
    SensitomeError
        As `read_slides`, `read_spot_map`, `read_array` and `normalize_spots`.

    Warns
    -----
    Caution
        Spots of a slide are saturated.
    """
    if not inputs.slides:
        raise LayoutError(
            "the study has no lysate array",
            where="inputs",
            expected="slides and spots",
            next_step="Name the list of slides and the map of spots in study.toml.",
        )
    errors: list[SensitomeError] = []
    slides = spots = pl.DataFrame()
    try:
        slides = read_slides(folder / inputs.slides, total_protein=settings.total_protein == "divide")
    except SensitomeError as error:
        errors.append(error)
    try:
        spots = read_spot_map(folder / str(inputs.spots))
    except SensitomeError as error:
        errors.append(error)
    raise_together("list of slides and map of spots", errors)
    return normalize_spots(read_array(slides, spots), settings=settings)
