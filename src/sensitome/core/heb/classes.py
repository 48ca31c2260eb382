"""What may be going on with a reagent, written as normal distributions over its arms.

The arms of an item stand in one vector, line by line, the vehicle first: index line · arms + arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.patterns import is_product

__all__ = ["ANTAGONIST_SIZES", "GENERAL_GRID", "SIZES", "Classes", "Kind", "general_covariances", "interaction_classes"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: SD (log2) of the general effect and its correlation between lines.
GENERAL_GRID = ((0.03, 0.5), (0.08, 0.5), (0.16, 0.6), (0.32, 0.7), (0.64, 0.85), (1.5, 0.85), (0.2, 0.0))
#: Typical sizes (log2) of a sensitizing and of an antagonistic interaction.
SIZES = (0.3, 0.37, 0.45, 0.55, 0.67, 0.82, 1.0, 1.22, 1.5, 1.9)
ANTAGONIST_SIZES = (0.4, 0.7, 1.2)
#: SD of an interaction as a share of its typical size, and its correlation between contexts.
SPREAD = 0.13
LIKENESS = 0.5


class Kind(IntEnum):
    """What a class stands for."""

    NULL = 0
    SENSITIZER = 1
    ANTAGONIST = 2


@dataclass(frozen=True)
class Classes:
    """Interaction classes of the model: a null, then sensitizers, then antagonists, each size by size.

    Parameters
    ----------
    mean : (classes, arms), log2
    covariance : (classes, arms, arms), log2²
    kind : (classes,), of `Kind`
    active : (classes, arms); arms whose difference from the vehicle is an interaction
    pattern : (classes,); the same for classes that differ in size alone; 0 = the null
    product : (classes,); whether the pattern is a set of drugs in a set of lines
    like_a_well : (classes,); whether one bad well imitates the pattern: a single context, or all drugs of one line
    """

    mean: FloatArray
    covariance: FloatArray
    kind: IntArray
    active: BoolArray
    pattern: IntArray
    product: BoolArray
    like_a_well: BoolArray

    def __len__(self) -> int:
        """Count the classes."""
        return len(self.kind)

    def block(self, kind: Kind) -> IntArray:
        """(sizes, patterns) positions of the classes of a kind."""
        members = np.flatnonzero(self.kind == kind)
        patterns = len(np.unique(self.pattern[members]))
        return members.reshape(-1, patterns) if patterns else members.reshape(0, 0)


def general_covariances(slopes: FloatArray) -> FloatArray:
    """Covariance of the arms under a general effect that works in all of them.

    Parameters
    ----------
    slopes : (lines, arms), how strongly the effect shows in each arm relative to the vehicle

    Returns
    -------
    (grid, lines · arms, lines · arms), τ² X R(ρ) Xᵀ with X the block-diagonal slopes
    """
    lines, arms = slopes.shape
    spread = np.zeros((lines * arms, lines))
    for line in range(lines):
        spread[line * arms : (line + 1) * arms, line] = slopes[line]
    same, one = np.ones((lines, lines)), np.eye(lines)
    return np.array([sd**2 * spread @ (rho * same + (1 - rho) * one) @ spread.T for sd, rho in GENERAL_GRID])


def interaction_classes(
    patterns: BoolArray,
    *,
    sizes: Sequence[float] = SIZES,
    antagonist_sizes: Sequence[float] = ANTAGONIST_SIZES,
    spread: float = SPREAD,
) -> Classes:
    """Null, sensitizers and antagonists on every pattern and of every size.

    Parameters
    ----------
    patterns : (patterns, lines, drugs)
    sizes, antagonist_sizes : typical sizes, log2
    spread : SD as a share of the size

    Returns
    -------
    Classes; mean ∓size on the arms of the pattern, covariance (spread · size)² [ρ + (1 − ρ) I]. Antagonists only where
    a pattern has two contexts or more: a lone rise is a well that went wrong
    """
    count, lines, drugs = patterns.shape
    active = np.zeros((count, lines, drugs + 1), dtype=bool)
    active[:, :, 1:] = patterns
    active = active.reshape(count, lines * (drugs + 1))
    several = patterns.sum(axis=(1, 2)) > 1
    whole_line = patterns.all(axis=2) & (patterns.sum(axis=(1, 2)) == drugs)[:, None]
    about = {"product": is_product(patterns), "like_a_well": np.asarray(~several | whole_line.any(axis=1))}
    some = {name: part[several] for name, part in about.items()}
    arms = lines * (drugs + 1)
    parts = [_null(arms)]
    parts += [_effects(active, -size, first=1, about=about, spread=spread) for size in sizes]
    parts += [_effects(active[several], size, first=1 + count, about=some, spread=spread) for size in antagonist_sizes]
    return Classes(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Classes)))


def _null(arms: int) -> Classes:
    """Build the class without interaction."""
    zero = np.zeros(1, dtype=np.intp)
    none = np.zeros((1, arms), dtype=bool)
    yes, no = np.ones(1, dtype=bool), np.zeros(1, dtype=bool)
    return Classes(np.zeros((1, arms)), np.zeros((1, arms, arms)), zero, none, zero, yes, no)


def _effects(active: BoolArray, mean: float, *, first: int, about: dict[str, BoolArray], spread: float) -> Classes:
    """Build one class a pattern, all of one size; `about` says what is known of the patterns."""
    both = active[:, :, None] & active[:, None, :]
    shape = LIKENESS + (1 - LIKENESS) * np.eye(active.shape[1])
    kind = Kind.SENSITIZER if mean < 0 else Kind.ANTAGONIST
    count = len(active)
    number = np.arange(first, first + count)
    covariance = np.asarray((spread * mean) ** 2 * both * shape, dtype=np.float64)
    center = np.asarray(mean * active, dtype=np.float64)
    return Classes(center, covariance, np.full(count, kind), active, number, about["product"], about["like_a_well"])
