"""What a study says of the gene sets behind its screen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["EnrichmentSettings"]


class EnrichmentSettings(FrozenSettings):
    """How gene sets among the targets of miRNAs are counted."""

    convention: Literal[
        "enrichr-2018",
        "enrichr-2020",
        "enrichr",
        "speedrichr",
        "gseapy",
        "clusterprofiler",
        "fora",
        "recommended",
    ]
    """Whose way of counting lists, sets and tests."""
    alpha: Annotated[float, Field(gt=0, lt=1)]
    """Limit of the false-discovery rate."""
    evidence: Literal["experimentally observed", "high (predicted)", "moderate (predicted)"]
    """Weakest evidence that makes a gene a target."""
    draws: Annotated[int, Field(ge=99)] = 10_000
    """Random lists of as many miRNAs that each list is held against."""
