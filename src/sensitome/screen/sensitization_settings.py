"""What a test of sensitization leaves to choose; every number with its unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.frozen_settings import FrozenSettings

__all__ = ["SensitizationSettings"]

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]


class SensitizationSettings(FrozenSettings):
    """Choices of a test of sensitization."""

    reference: Literal["library", "negatives"] = "library"
    """What effects are measured from: the typical reagent of the plate, or negative controls of the same class."""
    family: Literal["screen", "arm"] = "screen"
    """Which tests are corrected together: all of the screen, or those of each line and drug arm by themselves."""
    fdr: Share = 0.10
    """False-discovery rate of the list, for methods with p-values, s-values or Bayesian FDR."""
    local_rate: Share = 0.20
    """Largest local false sensitizer rate that is called, for the hierarchical model."""
    k: Positive = 3.0
    """How many scaled MADs below the median are called, for scores without an error rate."""
    ssmd: Positive = 2.0
    """SSMD that is called."""
    level: Share = 0.95
    """Coverage of the intervals of t tests and of effects without drug; other tests give 95 %."""
    block: bool = True
    """Moderated t: replicate r of all arms of a line belongs together. Off where the vehicle has more of them."""
    trend: bool = False
    """Moderated t: let the variance follow the mean."""
    discordant: Positive = 6.0
    """SDs by which a well must differ from its replicates to be set aside."""
    margin: Annotated[float, Field(ge=0)] = 0.1
    """Least interaction that counts, for methods with a prior (log2)."""
    quiet: Positive = 0.32
    """Largest effect without drug that counts as none; 0.32 log2 is 20 % of viability."""
    additive: Positive = 0.32
    """Largest interaction that counts as none."""
    sure: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """Confidence, or posterior probability, at which a statement about size is made."""
    prior: str | None = None
    """Method heb: ``prior.json`` of an earlier run with the same lines and arms, relative to ``study.toml``."""
    prior_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """How much that counts: 0 = not at all, 0.5 = as much as this screen, 1 = alone."""
    null_screens: Annotated[int, Field(ge=0)] = 0
    """How many screens without effects are made of this one, to count calls by chance; needs two replicates."""
    seed: Annotated[int, Field(ge=0)] = 20210526
    """Seed of the methods that use chance."""
