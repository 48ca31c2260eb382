"""A simulated screen made ready for all methods: what they share is made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.sensitization.contrasts import Contrasts, contrasts
from sensitome.families import reagent_families
from sensitome.inputs import split_reagents
from sensitome.io.study_file import preset
from sensitome.screen.effects import EffectCube, effect_cube
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.score_matrix import ScoreMatrix, score_matrix
from sensitome.screen.sensitization_labels import codes, expressed_contexts
from sensitome.screen.simulation.scoring import CONTEXT
from sensitome.screen.simulation.simulate import Simulation
from sensitome.settings import NormalizeSettings, Preset, Treatments

__all__ = ["NORMALIZATIONS", "PRESET", "Ready", "Truth", "Wells", "answers", "made_ready", "normalized"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

PRESET = "normann2021"
#: Normalizations beside that of the preset, which is called ``study``.
NORMALIZATIONS: Mapping[str, Mapping[str, object]] = {
    "median": {"method": "median", "scale": "log2"},
    "b-score": {"method": "bscore-cellhts2", "scale": "log2"},
    "loess 0.5": {"method": "stats-loess", "scale": "log2", "span": 0.5},
    "blup": {"method": "blup", "scale": "log2"},
}


class Wells(NamedTuple):
    """Normalized wells of a simulation, and the reagents of its library."""

    simulation: Simulation
    normalized: pl.DataFrame
    reagents: pl.DataFrame


class Truth(NamedTuple):
    """What is true, one row a reagent, one column a context."""

    active: BoolArray
    delta: FloatArray
    alone: FloatArray


class Ready(NamedTuple):
    """A screen of some replicates.

    ``asked`` and ``family`` as the tests take them; ``in_cube`` and ``in_matrix`` are the places of the contexts of the
    truth among those of the cube and of the matrix, −1 where they lack one.
    """

    cube: EffectCube
    screen: Contrasts
    asked: npt.NDArray[np.int8]
    family: IntArray | None
    matrix: ScoreMatrix
    truth: Truth
    in_cube: IntArray
    in_matrix: IntArray


@cache
def answers() -> Preset:
    """Read the preset once a process, so that a file that changes meanwhile does not."""
    return preset(PRESET)


def normalized(simulation: Simulation, *, normalization: str) -> Wells:
    """Normalize the wells, plate by plate, so that replicates can be taken away afterwards."""
    how = answers().normalize
    if normalization != "study":
        how = NormalizeSettings.model_validate(NORMALIZATIONS[normalization])
    readings, reagents = split_reagents(simulation.wells)
    return Wells(simulation, normalize(readings, settings=how), reagents)


def made_ready(wells: Wells, *, replicates: Sequence[int]) -> Ready:
    """Score some replicates, and make what the methods share."""
    simulation, chosen = wells.simulation, answers()
    scores = score(wells.normalized.filter(pl.col("replicate").is_in(list(replicates))), settings=chosen.score)
    treatments = Treatments(vehicle=simulation.settings.design.arms[0].name)
    targets = wells.reagents.select("reagent", "kind", "target").drop_nulls("target")
    cube = effect_cube(scores, treatments=treatments, reference=chosen.sensitization.reference)
    families = reagent_families(wells.reagents, kinds=chosen.sensitization.seed_kinds)
    matrix = score_matrix(
        scores, settings=chosen.hits, treatments=treatments, expressed=simulation.expressed, targets=targets
    )
    of_matrix = matrix.items.select("reagent", "kind").join(
        matrix.contexts.select("cell_line", "treatment"), how="cross", maintain_order="left_right"
    )
    truth = simulation.truth.sort(*CONTEXT)
    return Ready(
        cube=cube,
        screen=contrasts(cube.values, limit=chosen.sensitization.discordant),
        asked=expressed_contexts(
            cube, expressed=simulation.expressed, targets=targets, kinds=chosen.hits.expression_kinds
        ),
        family=None if families is None else codes(cube, families, column="seed_family"),
        matrix=matrix,
        truth=_truth(truth),
        in_cube=_places(truth, cube.rows({})),
        in_matrix=_places(truth, of_matrix),
    )


def _truth(table: pl.DataFrame) -> Truth:
    """Arrays (reagents, contexts) of a sorted table, every reagent in the same contexts."""
    contexts = table.select("cell_line", "treatment").n_unique()
    columns = (table[name].to_numpy().reshape(-1, contexts) for name in ("is_active", "delta", "main_effect"))
    return Truth(*columns)


def _places(truth: pl.DataFrame, rows: pl.DataFrame) -> IntArray:
    """Row of each context of the truth, (reagents, contexts); −1 = none."""
    found = truth.select(CONTEXT).join(
        rows.select(CONTEXT).with_row_index("place"), on=CONTEXT, how="left", maintain_order="left"
    )["place"]
    contexts = truth.select("cell_line", "treatment").n_unique()
    return found.cast(pl.Int64).fill_null(-1).to_numpy().astype(np.intp).reshape(-1, contexts)
