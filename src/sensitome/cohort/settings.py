"""What a study says of a cohort of patients: where it lies, whom it keeps, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sensitome.cohort.cuts import Cut
from sensitome.frozen_settings import FrozenSettings

__all__ = ["CohortSettings", "EndpointSettings", "cohort_name", "named_cohorts"]


class EndpointSettings(FrozenSettings):
    """Where an endpoint stands in the clinical table."""

    time: str
    """Column of the time."""
    status: str
    """Column that says what happened at that time."""
    words: dict[str, Literal["event", "other", "censored", "unknown"]] = Field(default_factory=dict)
    """Words of the status column that are not known anyway → what they mean."""


class CohortSettings(FrozenSettings):
    """Patients in whom the miRNAs of the screen are looked up; paths are relative to ``study.toml``."""

    name: str = ""
    """What the report calls the cohort; the name of its file or folder without."""
    folder: str | None = None
    """A study folder of cBioPortal."""
    clinical: str | None = None
    """Instead of a folder: a clinical table, one row per patient."""
    form: Literal["table", "tcga", "mudata"] = "table"
    """Of the clinical table: plain; the forms of TCGA with their follow-ups, which tell one endpoint, os in days; or
    MuData (h5mu) or AnnData (h5ad), whose obs are the patients and whose parts are the matrices."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Columns of the forms of TCGA under names of our own: her2_status → patient.lab_proc_her2_…"""
    mirna: str | None = None
    """Matrix of miRNAs, features × samples. Of TCGA barcodes the first primary tumor of each patient is taken."""
    mrna: str | None = None
    """Matrix of mRNAs, features × samples."""
    scale: Literal["log2", "counts"] = "log2"
    """Of the matrices: log2 values, or counts, of which log2 (counts per million + 1) is taken."""
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
    covariates: tuple[str, ...] = ()
    """Clinical columns for which Cox's regression is adjusted as well (model cox-adjusted)."""
    strata: str | None = None
    """Clinical column within whose values survival is compared."""
    until: Annotated[float, Field(gt=0)] | None = None
    """End of the window of the restricted means; none = the last time at which both halves have patients."""
    permutations: Annotated[int, Field(ge=0)] = 999
    """Random orders for the p of the best cut; 0 = Lausen's approximation."""
    correlation: Literal["spearman", "pearson"] = "spearman"
    """Of miRNAs with mRNAs."""
    correlation_p: Literal["r", "t"] = "r"
    """p of Spearman's correlation: as R's cor.test, or by Student's t."""
    correlation_covariates: tuple[str, ...] = ()
    """Clinical columns that are taken out of both sides of a correlation first."""
    family: Literal["mirna", "all"] = "mirna"
    """Which pairs share a false-discovery rate: the mRNAs of each miRNA, as the paper, or all pairs."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Largest q of a pair of miRNA and mRNA that is kept."""
    most_pairs: Annotated[int, Field(ge=1)] = 1_000_000
    """Pairs that the table `association` holds; where there are more, it has the strongest, and a file has all."""
    device: Literal["cpu", "gpu"] = "cpu"
    """Where correlations are computed; gpu needs the extra `gpu`."""
    shown: Annotated[int, Field(ge=1)] = 6
    """How many miRNAs, those with the smallest p, have points, curves and every defensible choice."""

    @model_validator(mode="after")
    def _one_source(self) -> CohortSettings:
        """Patients come from one place, with a matrix of miRNAs."""
        if bool(self.folder) == bool(self.clinical):
            raise ValueError("exactly one of folder and clinical")
        if self.clinical and not self.mirna and self.form != "mudata":
            raise ValueError("a matrix of miRNAs (mirna) beside the clinical table")
        if self.form == "mudata" and not self.clinical:
            raise ValueError('clinical, an h5mu or h5ad file, with form = "mudata"')
        if self.form == "tcga" and (self.folder or self.endpoints):
            raise ValueError('clinical and no endpoints with form = "tcga": its forms have one endpoint, os')
        if self.columns and self.form != "tcga":
            raise ValueError('form = "tcga" with columns; a plain table has names of its own')
        return self


def cohort_name(settings: CohortSettings, *, key: str = "") -> str:
    """What tables and report call a cohort: its name, else its key, else its file or folder.

    >>> cohort_name(CohortSettings(folder="data/brca_metabric"))
    'brca_metabric'
    """
    return settings.name or key or PurePosixPath(str(settings.folder or settings.clinical)).name.split(".")[0]


def named_cohorts(
    cohort: CohortSettings | None, cohorts: Mapping[str, CohortSettings]
) -> dict[str, tuple[str, CohortSettings]]:
    """Every cohort of a study: its name → the section that describes it, and what that says.

    Parameters
    ----------
    cohort : the section ``[cohort]``
    cohorts : the sections ``[cohorts.NAME]``

    Raises
    ------
    ValueError
        Two cohorts have one name.
    """
    found: dict[str, tuple[str, CohortSettings]] = {}
    sections = ([("", "cohort", cohort)] if cohort else []) + [(k, f"cohorts.{k}", v) for k, v in cohorts.items()]
    for key, section, settings in sections:
        name = cohort_name(settings, key=key)
        if name in found:
            raise ValueError(f"another name for [{section}] than {name!r}, which [{found[name][0]}] has already")
        found[name] = (section, settings)
    return found
