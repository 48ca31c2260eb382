"""Screens of the gates: one simulation for one, two and three replicates, judged by the rule and the model alone."""

from __future__ import annotations

from itertools import product

from benchmarks.calling.cells import FIRST_SEED, Cell
from benchmarks.calling.methods import RULE

__all__ = ["METHODS", "gate_cells"]

METHODS = (RULE, "heb")
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
