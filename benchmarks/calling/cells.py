"""What one simulated screen is made of, and which screens are one simulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["FIRST_SEED", "Cell", "Design", "simulations"]

#: Screens with smaller seeds, and some from 201 on, were looked at while the model was made.
FIRST_SEED = 101

#: Scenario, replicates, size, normalization, variant.
Design = tuple[str, int, float, str, str]


@dataclass(frozen=True)
class Cell:
    """One simulated screen.

    Parameters
    ----------
    scenario : a name of `SCENARIOS`
    replicates : biological replicates
    size : size of a true interaction, log2
    normalization : ``study``, the loess of the preset `normann2021`, or a name of `readiness.NORMALIZATIONS`
    seed : chance of the screen
    variant : what else is varied, of `measurement.VARIANTS`; empty = nothing
    """

    scenario: str
    replicates: int
    size: float
    normalization: str
    seed: int
    variant: str = ""

    @property
    def design(self) -> Design:
        """What all its seeds have in common."""
        return self.scenario, self.replicates, self.size, self.normalization, self.variant


def simulations(cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """Join cells whose wells are the same but for the number of replicates: they are simulated and normalized once."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.seed, cell.scenario, cell.size, cell.normalization), []).append(cell)
    return [tuple(group) for group in groups.values()]
