"""Settings of lysate microarrays, and the two presets that answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["NORMANN2021", "RECOMMENDED", "ProteinSettings"]


class ProteinSettings(FrozenSettings):
    """How spots become proteins that are up or down."""

    background: Literal["none", "local", "slide"]
    """What is taken from a spot: nothing, its own background, or the median background of its slide (pad)."""
    floor: Annotated[float, Field(gt=0)] | None = None
    """Signals below are lifted to it (counts); None leaves out what is not positive."""
    lowest_flag: int = 0
    """Spots with a lower flag are left out (GenePix: -50 not found, -75 absent, -100 bad)."""
    total_protein: Literal["divide", "none"]
    """Divide each spot by the total protein of the same spot, or take it as it is."""
    plate_correction: Literal["none", "median", "loess"] = "none"
    """What is taken from the wells of each source plate: nothing, the plate's median, or its robust loess surface."""
    dilution: Literal["average", "undiluted", "slope"] = "average"
    """Dilution series: the mean of all, the undiluted spot alone, or all brought to dilution 1 by a common slope."""
    center: Literal["mean", "median"]
    """Center of z."""
    spread: Literal["sd", "mad"]
    """Spread of z: n − 1 standard deviation, or 1.4826 MAD."""
    pool: Literal["together", "by-plate"] = "together"
    """Reagents that share a center and spread: all of a protein, arm and line, or those of one source plate."""
    k: Annotated[float, Field(gt=0)] = 2.0
    """A protein is up or down from this |z| on."""
    call: Literal["z", "moderated"]
    """What calls a protein: |z| ≥ k, or the moderated test at `fdr`."""
    fdr: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """False-discovery rate of the moderated test."""
    comparator: Literal["controls", "median"] = "controls"
    """Moderated test: against the negative controls of the arm (those of the reagent's own class, where there are
    such), or against the median of its reagents."""
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Coverage of the intervals."""
    ratios: dict[str, tuple[str, str]] = Field(
        default_factory=lambda: {
            "pHER2-Y1222/HER2": ("pHER2-Y1222", "HER2"),
            "pHER2-Y877/HER2": ("pHER2-Y877", "HER2"),
            "pAKT/AKT": ("pAKT", "AKT"),
            "pERK/ERK": ("pERK", "ERK"),
        }
    )
    """Name → (phospho, total): treated like proteins; those whose proteins were not measured are left out."""
    proliferation: tuple[str, ...] = ("KI67", "ERK", "pERK", "AKT", "pAKT", "HER2", "pHER2-Y1222", "pHER2-Y877")
    """Proteins whose loss speaks for less growth."""
    apoptosis: tuple[str, ...] = ("cPARP",)
    """Proteins whose gain speaks for cell death."""


#: Normann et al. 2021: divided by Sypro, log2, z over the reagents of a treatment, |z| ≥ 2.
NORMANN2021 = ProteinSettings(background="local", total_protein="divide", center="mean", spread="sd", call="z")
#: The statistics that we stand behind: replicates and moderated tests with a false-discovery rate.
RECOMMENDED = ProteinSettings(
    background="local",
    total_protein="divide",
    dilution="slope",
    center="median",
    spread="mad",
    call="moderated",
    comparator="median",
)
