"""The whole lysate array: from the list of slides and the map of spots to what the proteins say."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.interactions import protein_interactions
from sensitome.protein.plates import correct_plates
from sensitome.protein.quality import judge_slides
from sensitome.protein.scores import read_proteins, score_proteins, summarize_spots
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.spots import normalize_spots, read_array

__all__ = ["assess_proteins"]


def assess_proteins(
    slides: str | Path, spots: str | Path, *, settings: ProteinSettings, vehicle: str | None = None
) -> dict[str, pl.DataFrame]:
    """Read, normalize, score and interpret a lysate array.

    Parameters
    ----------
    slides : list of slides (`spot_table.read_slides`)
    spots : map of spots (`spot_table.read_spot_map`)
    settings : every choice of the analysis
    vehicle : the arm without drug, with which drug arms are compared; None = no interactions

    Returns
    -------
    ``spots``, ``protein_slides``, ``proteins``, ``protein_interactions``, ``protein_readings``

    Raises
    ------
    SourceError, TableError, LayoutError
        As the readers and `normalize_spots`.

    Warns
    -----
    Caution
        Spots of a slide are saturated.
    """
    total = settings.total_protein == "divide"
    joined = read_array(read_slides(slides, total_protein=total), read_spot_map(spots))
    raw = normalize_spots(joined, settings=settings)
    normalized = correct_plates(raw, settings=settings)
    values = summarize_spots(normalized, settings=settings)
    proteins = score_proteins(values, settings=settings)
    return {
        "spots": normalized,
        "protein_slides": judge_slides(joined, raw),
        "proteins": proteins,
        "protein_interactions": protein_interactions(values, vehicle=vehicle, settings=settings),
        "protein_readings": read_proteins(proteins, settings=settings),
    }
