"""The whole lysate array: from the list of slides and the map of spots to what the proteins say."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.plates import correct_plates
from sensitome.protein.scores import read_proteins, score_proteins, summarize_spots
from sensitome.protein.settings import ProteinSettings
from sensitome.protein.spots import normalize_spots, read_array

__all__ = ["assess_proteins"]


def assess_proteins(slides: str | Path, spots: str | Path, *, settings: ProteinSettings) -> dict[str, pl.DataFrame]:
    """Read, normalize, score and interpret a lysate array.

    Parameters
    ----------
    slides : list of slides (`spot_table.read_slides`)
    spots : map of spots (`spot_table.read_spot_map`)
    settings : every choice of the analysis

    Returns
    -------
    ``spots``, ``proteins``, ``protein_readings``

    Raises
    ------
    SourceError, TableError, LayoutError
        As the readers and `normalize_spots`.

    Warns
    -----
    Caution
        Spots of a slide are saturated.
    """
    joined = read_array(read_slides(slides), read_spot_map(spots))
    normalized = correct_plates(normalize_spots(joined, settings=settings), settings=settings)
    proteins = score_proteins(summarize_spots(normalized, settings=settings), settings=settings)
    return {
        "spots": normalized,
        "proteins": proteins,
        "protein_readings": read_proteins(proteins, settings=settings),
    }
