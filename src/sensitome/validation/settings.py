"""Settings of the validation assay, and the two presets that answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["NORMANN2021", "RECOMMENDED", "CombinationSettings", "ValidationSettings"]


class ValidationSettings(FrozenSettings):
    """How validation plates are made comparable and tested."""

    control_arm: Literal["vehicle", "same-arm"]
    """Which negative controls are 100 %: those without drug (the figure shows what drugs do), or those of each arm."""
    scope: Literal["plate", "replicate"]
    """Whether these controls lie on each plate, or on any plate of the same biological replicate."""
    control: str | None = None
    """Reagent that is the negative control; by default every reagent that the layout marks as negative."""
    comparator: Literal["controls", "all-controls"] = "controls"
    """What a reagent is tested against: the negative controls of the arm (those of the reagent's own class, where
    there are such), or always all of them together, as in the paper."""
    test: Literal["student-wells", "blocks"]
    """Which test the figure shows: Student's t on wells (technical replicates counted as n), or biological replicates
    as blocks. Both are in the tables of a run."""
    variance: Literal["moderated", "pooled", "own"] = "moderated"
    """Blocks: a variance for each reagent drawn towards that of all, one for all reagents, or each its own."""
    adjust: Literal["bh", "by", "holm", "bonferroni", "none"] = "bh"
    """How p-values are adjusted over reagents × arms."""
    stars: Literal["p_value", "p_dunnett", "q_value"]
    """What stars stand for."""
    margin: Annotated[float, Field(gt=0)] = 0.32
    """Equivalence: the largest log2 effect that still counts as none (0.32 = 20 % fewer cells)."""
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Coverage of the intervals."""
    error_bars: Literal["sem", "ci"] = "ci"
    """What the bars of the figure carry: the standard error of the mean, or the interval at `level`."""
    draws: Annotated[int, Field(ge=99)] = 9999
    """Combination effects: resamples of biological replicates, where there are more than six."""
    dose_reference: Literal["Bliss", "HSA", "Loewe", "ZIP"] = "Bliss"
    """Dose matrices: what additivity means in the figure and in the words of the page; the tables have all four."""
    power: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Power that the next validation should have."""


class CombinationSettings(FrozenSettings):
    """How combination effects are estimated."""

    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Coverage of the intervals."""
    draws: Annotated[int, Field(ge=99)] = 9999
    """Resamples of biological replicates, where there are more than six."""
    seed: int = 20210526
    """Seed of the resamples."""


#: Normann et al. 2021: plates to the median of the negative control, Student's t on the nine wells of each bar.
NORMANN2021 = ValidationSettings(
    control_arm="vehicle",
    scope="plate",
    comparator="all-controls",
    test="student-wells",
    stars="p_value",
    adjust="none",
    error_bars="sem",
)
#: The statistics that we stand behind: biological replicates as blocks, moderated across reagents.
RECOMMENDED = ValidationSettings(control_arm="vehicle", scope="plate", test="blocks", stars="q_value")
