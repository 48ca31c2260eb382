"""Settings of the evidence: whose evidence is gathered, and from where on a source supports or contradicts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["EvidenceSettings"]


class EvidenceSettings(FrozenSettings):
    """How the sources of a study are read together; every rule is on the page about evidence."""

    candidates: tuple[Literal["rule", "model", "validation"], ...] = ("rule", "model", "validation")
    """Whose evidence is gathered: candidates of the rule, sensitizers of the model, reagents of the validation."""
    by: Literal["q_value", "p_value"] = "q_value"
    """Whether the false-discovery rate or the nominal p decides in validation, combination, stage and survival."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Largest value of it at which a source takes sides."""
    margin: Annotated[float, Field(gt=0)] = 0.32
    """Smallest log2 loss that matters (0.32 = 20 % fewer cells): an interval that excludes it contradicts."""
    stable: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the defensible settings that must call a context for its call to be stable."""
    corroborating: Annotated[int, Field(ge=1)] = 1
    """How many of proteins and patients must support a confirmed sensitizer to make it strong."""
    raises: tuple[str, ...] = ("mimic",)
    """Kinds of reagents that raise their target."""
    lowers: tuple[str, ...] = ("inhibitor", "siRNA", "CRISPR")
    """Kinds of reagents that lower their target."""
    cards: Annotated[int, Field(ge=0)] = 200
    """How many candidates, the best first, have a card on the page."""
