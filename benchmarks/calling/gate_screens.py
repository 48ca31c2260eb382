"""Screens of the gates: one simulation for one, two and three replicates, judged by the rule and the model alone."""

from __future__ import annotations

import warnings
from itertools import product

import polars as pl
from benchmarks.calling.cells import Cell
from benchmarks.calling.screens import RULE, judged, prepared

from sensitome.errors import Caution
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen

__all__ = ["METHODS", "gate_cells", "measure_together"]

METHODS = (RULE, "heb")
#: Screens with smaller seeds were looked at while the model was made.
FIRST_SEED = 101
#: Scenario, size of a true interaction and numbers of replicates.
DESIGNS: tuple[tuple[str, float, tuple[int, ...]], ...] = (
    ("main", 0.75, (1, 2, 3)),
    ("null", 0.75, (1, 2, 3)),
    ("randpat", 0.75, (1, 2, 3)),
    ("main", 0.5, (1, 2, 3)),
    ("main", 1.0, (1, 2, 3)),
    ("main", 1.5, (1,)),
)


def gate_cells(screens: int) -> list[tuple[Cell, ...]]:
    """Cells that are one simulation, seed by seed, so that a run that is stopped has some of every design."""
    return [
        tuple(Cell(name, replicates, size, "study", seed) for replicates in numbers)
        for seed, (name, size, numbers) in product(range(FIRST_SEED, FIRST_SEED + screens), DESIGNS)
    ]


def measure_together(cells: tuple[Cell, ...]) -> list[tuple[Cell, list[dict[str, object]]]]:
    """Simulate the screen with most replicates, and judge its first replicates for each cell."""
    most = max(cell.replicates for cell in cells)
    settings = scenario(cells[0].scenario, replicates=most, size=cells[0].size)
    simulation = simulate_screen(settings, seed=cells[0].seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        ready = prepared(simulation, normalization=cells[0].normalization)
        answers = []
        for cell in cells:
            first = ready.normalized.filter(pl.col("replicate") <= cell.replicates)
            answers.append(
                (cell, list(judged(simulation, ready.scored(first), reagents=ready.reagents, methods=METHODS)))
            )
    return answers
