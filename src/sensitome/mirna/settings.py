"""What a study says of targets and of the genes behind its screen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["GeneSettings", "TargetSettings"]

Evidence = Literal["experimentally observed", "high (predicted)", "moderate (predicted)"]


class TargetSettings(FrozenSettings):
    """What counts as a target, in the tiers of IPA's microRNA Target Filter."""

    species: Literal["hsa", "mmu", "rno", "all"] = "hsa"
    """Species whose genes count, where a source tells species: human, mouse, rat, or all of them."""
    sources: tuple[str, ...] = ()
    """Sources that count: TargetScan, miRTarBase, TarBase, miRecords, miRDB, IPA, sites (those in ``inputs.utrs``), or
    the name of a list; none = all."""
    thresholds: dict[str, tuple[float, float]] = Field(
        default_factory=lambda: {"TargetScan": (-0.4, -0.2), "sites": (-0.4, -0.2), "miRDB": (80.0, 60.0)}
    )
    """Source → score that is high, and score that is moderate; weaker rows do not count."""
    listed: Evidence = "moderate (predicted)"
    """Tier of plain lists, which do not say what their evidence is."""
    functional_only: bool = True
    """Whether targets that a source reports to have no effect are left out."""
    weak_support: bool = True
    """Whether the weak support of miRTarBase (high throughput alone) counts as observed."""


class GeneSettings(FrozenSettings):
    """How the genes behind the effects of mimics are sought."""

    method: Literal["elastic-net", "none"] = "elastic-net"
    """Elastic net with stability selection, and a test of mean ranks beside it; none = not sought."""
    kind: str = "mimic"
    """Kind of reagents whose effects are explained by their targets."""
    evidence: Evidence = "moderate (predicted)"
    """Weakest evidence that makes a gene a target."""
    least_families: Annotated[int, Field(ge=1)] = 4
    """Seed families that must target a gene: with fewer, gene and family cannot be told apart."""
    threshold: Annotated[float, Field(gt=0.5, le=1)] = 0.75
    """Share of the halves of the screen in which a gene must be among the first to be called."""
    false_calls: Annotated[float, Field(gt=0)] = 1.0
    """Bound on the expected number of false genes in an arm."""
    pairs: Annotated[int, Field(ge=2)] = 25
    """Pairs of complementary halves."""
    shuffles: Annotated[int, Field(ge=0)] = 1
    """Shuffled screens from which q is taken; 0 gives no q."""
