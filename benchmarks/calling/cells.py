"""Which screens are simulated: scenarios × replicates × sizes × normalizations × seeds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from sensitome.screen.simulation.scenarios import SCENARIOS

__all__ = ["FULL_SCREENS", "SHORT_SCREENS", "Cell", "cells_of"]

#: Screens a design by default, and from how many on all designs are run.
SHORT_SCREENS, FULL_SCREENS = 2, 100


@dataclass(frozen=True)
class Cell:
    """One simulated screen.

    Parameters
    ----------
    scenario : a name of `SCENARIOS`
    replicates : biological replicates
    size : size of a true interaction, log2
    normalization : ``median``, the level of the plate alone; ``study``, the loess of the preset `normann2021`
    seed : chance of the screen
    """

    scenario: str
    replicates: int
    size: float
    normalization: str
    seed: int

    @property
    def design(self) -> tuple[str, int, float, str]:
        """What all its seeds have in common."""
        return self.scenario, self.replicates, self.size, self.normalization


def cells_of(screens: int) -> list[Cell]:
    """Cells of a short run (main and null, one and two replicates) or, from 100 screens on, of the full one.

    Parameters
    ----------
    screens : seeds 1 to this number for every design
    """
    if screens < FULL_SCREENS:
        designs = [("main", 1, 0.75), ("main", 2, 0.75), ("null", 1, 0.75), ("null", 2, 0.75)]
        normalizations = ("study",)
    else:
        names = [name for name in SCENARIOS if name != "small"]
        designs = [("main", replicates, size) for replicates, size in product((1, 2, 3), (0.5, 0.75, 1.0))]
        designs += [(name, replicates, 0.75) for name in names if name != "main" for replicates in (1, 2, 3)]
        normalizations = ("study", "median")
    # Seeds in the outer loop, so that a run that is stopped has some of every design.
    return [
        Cell(*design, normalization, seed)
        for seed in range(1, screens + 1)
        for normalization in normalizations
        for design in designs
    ]
