"""What a study says of a cohort of patients: where it lies, whom it keeps, and what is asked of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sensitome.cohort.cuts import Cut

__all__ = ["CohortSettings", "EndpointSettings"]


class _Settings(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EndpointSettings(_Settings):
    """Where an endpoint stands in the clinical table."""

    time: str
    """Column of the time."""
    status: str
    """Column that says what happened at that time."""
    words: dict[str, Literal["event", "other", "censored", "unknown"]] = Field(default_factory=dict)
    """Words of the status column that are not known anyway → what they mean."""


class CohortSettings(_Settings):
    """Patients in whom the miRNAs of the screen are looked up; paths are relative to ``study.toml``."""

    name: str = ""
    """What the report calls the cohort; the name of its file or folder without."""
    folder: str | None = None
    """A study folder of cBioPortal."""
    clinical: str | None = None
    """Instead of a folder: a clinical table, one row per patient."""
    mirna: str | None = None
    """Matrix of miRNAs, features × samples; log2."""
    mrna: str | None = None
    """Matrix of mRNAs, features × samples; log2."""
    endpoints: dict[str, EndpointSettings] = Field(default_factory=dict)
    """Endpoints by name (os, bcss): where each stands in the clinical table. A folder knows its own."""
    time_unit: str = "months"
    """Unit of the times of a clinical table."""
    subset: str = ""
    """Which patients are kept, over clinical columns: her2_status == "+" and age >= 50."""
    stage: str | None = None
    """Clinical column of the tumor stage; without it stages are not compared."""
    stages_left_out: tuple[str, ...] = ()
    """Stages that are not compared."""
    fewest: Annotated[int, Field(ge=2)] = 5
    """A stage with fewer patients is not compared."""
    cut: Cut = "median"
    """How patients are parted into high and low."""
    subsets: dict[str, str] = Field(default_factory=dict)
    """Further parts of the cohort in which the result is tried: name → expression over clinical columns."""
    mirnas: Literal["candidates", "all"] | tuple[str, ...] = "candidates"
    """Whose association, stage and survival are tested: candidates and sensitizers, every miRNA, or those named."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Largest q of a pair of miRNA and mRNA that is kept."""
    shown: Annotated[int, Field(ge=1)] = 6
    """How many miRNAs, those with the smallest p, have points, curves and every defensible choice."""

    @model_validator(mode="after")
    def _one_source(self) -> CohortSettings:
        """Patients come from one place, with a matrix of miRNAs."""
        if bool(self.folder) == bool(self.clinical):
            raise ValueError("exactly one of folder and clinical")
        if self.clinical and not self.mirna:
            raise ValueError("a matrix of miRNAs (mirna) beside the clinical table")
        return self
