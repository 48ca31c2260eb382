"""The study and the settings of each stage: frozen, checked, and read from ``study.toml``.

A choice that changes the science has no silent default. The study names a preset, which answers all of them, and
overrides what it likes; without a preset it answers all of them itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from sensitome.cohort.settings import CohortSettings, named_cohorts
from sensitome.enrichment.settings import EnrichmentSettings
from sensitome.evidence.settings import EvidenceSettings
from sensitome.expression.settings import ExpressionSettings
from sensitome.frozen_settings import FrozenSettings
from sensitome.mirna.settings import GeneSettings, TargetSettings
from sensitome.protein.settings import ProteinSettings
from sensitome.screen.sensitization_settings import SensitizationSettings
from sensitome.validation.settings import ValidationSettings

__all__ = [
    "PRESETS",
    "HitSettings",
    "Inputs",
    "NormalizeSettings",
    "Preset",
    "QualitySettings",
    "ReportSettings",
    "ScoreSettings",
    "SensitizeSettings",
    "StabilitySettings",
    "Study",
    "Treatments",
]

#: The presets that the package carries, and what each stands for.
PRESETS: dict[str, str] = {
    "normann2021": "the rule of Normann et al. 2021 (doi:10.1038/s41598-021-90385-2), to the letter",
    "cellhts2": "the usual cellHTS2 analysis: plate median of ratios, scores in scaled MADs, mean of replicates",
}

Method = Literal[
    "none",
    "median",
    "mean",
    "shorth",
    "negatives",
    "poc",
    "poc-negative",
    "npi",
    "inhibition",
    "z",
    "robust-z",
    "bscore-cellhts2",
    "bscore-cellhts1",
    "bscore-rnaither",
    "bscore-rnaither-all-wells",
    "bscore-synlet",
    "bscore-hitseekr",
    "bscore-platetools",
    "bscore-platetools-mad",
    "spawn",
    "r-score",
    "stats-loess",
    "cellhts2-loess-2007",
    "cellhts2-locfit",
    "sights-loess",
    "blup",
]
Summary = Literal["mean", "median", "min", "max", "rms", "closest-to-zero", "furthest-from-zero", "signed-rms"]


SensitizationMethod = Literal[
    "none",
    "heb",
    "mash",
    "ash",
    "moderated-t",
    "student-t",
    "paired-t",
    "pi-score",
    "drugz",
    "rank-product",
    "rsa",
    "replicate-contrast",
    "robust-z",
    "regression",
    "ratio",
    "ssmd",
]


def _several(value: object) -> object:
    """One file, or a list of files."""
    return (value,) if isinstance(value, str) else () if value is None else value


class Inputs(FrozenSettings):
    """Files of the study; paths are relative to ``study.toml``."""

    plates: str | None = None
    """Plate list: file, library_plate, cell_line, treatment, replicate, batch."""
    library: str | None = None
    """Library: library_plate, well, reagent, kind, role, control_class and any further columns; or a wellmap TOML."""
    reader: str = "auto"
    """Format of the plate files; ``sensitome readers`` lists them."""
    wells: str | None = None
    """Instead of plates and library: one table with every well (Parquet, CSV or XLSX)."""
    cellhts2: str | None = None
    """Instead of plates and library: a cellHTS2 folder, or its plate list."""
    plateconf: str | None = None
    """Plate configuration of the cellHTS2 folder, when it has another name than usual."""
    screenlog: str | None = None
    """Screen log of the cellHTS2 folder, when it has another name than usual."""
    gene_ids: str | None = None
    """Reagent annotation of the cellHTS2 folder, when it has another name than usual."""
    expressed: str | None = None
    """Which targets the untreated cells express: target, cell_line, expressed."""
    arrays: str | None = None
    """Expression arrays: a list (file, sample, cell_line, treatment, replicate) of Feature Extraction files; a series
    matrix or SOFT file of GEO, or a folder of series matrices; or a matrix of features × samples."""
    array_samples: str | None = None
    """What the samples of a series or matrix are: sample, cell_line, treatment, replicate. A matrix needs it."""
    array_flags: str | None = None
    """Detection flags of a matrix, as a table of the same features × samples."""
    targets: Annotated[tuple[str, ...], BeforeValidator(_several)] = ()
    """Targets of miRNAs: files of TargetScan, miRTarBase, TarBase, miRecords, miRDB or IPA, or lists."""
    utrs: str | None = None
    """3′ UTRs as FASTA, named by gene (SYMBOL or SYMBOL|transcript), in which sites of the library's own sequences are
    sought: for mimics that no database holds."""
    target_families: str | None = None
    """TargetScan's miR_Family_Info, by which what is told of a seed family holds for its members."""
    gene_sets: str | None = None
    """Gene sets, as GMT."""
    mirbase: str | None = None
    """History of miRBase names, so that names are compared by accession; without it, as they are written."""
    validation_plates: str | None = None
    """Plate list of the validation assay: as ``plates``, replicate = biological replicate."""
    validation_layout: str | None = None
    """Layout of its plates: as ``library``; with columns treatment and technical where a plate holds several arms."""
    validation_reader: str = "auto"
    """Format of its plate files; ``sensitome readers`` lists them."""
    dose_matrices: str | None = None
    """Dose matrices of two drugs: dose_one, dose_two, response (percent inhibition), drug_one, drug_two, replicate."""
    slides: str | None = None
    """Slides of the lysate array: file, antibody, role (detection, total_protein, blank), set, pad."""
    spots: str | None = None
    """Map of its spots: id (or block, row, column), reagent, kind, role, treatment, cell_line, replicate, dilution."""
    truth: str | None = None
    """Known truth of a simulated study: reagent, kind, cell_line, treatment, is_active."""
    true_genes: str | None = None
    """Known genes behind the screen of a simulated study: gene."""
    block: str | None = None
    """Block of the plate file to take, when it is not the raw one."""
    channel: str | None = None
    """Channel of the plate file to take, when there are several."""
    sheet: str | None = None
    """Sheet of an XLSX file."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column names of long tables: our name → theirs."""
    decimal: Literal[".", ","] | None = None
    """Decimal mark of the plate files, when it cannot be told from them."""
    controls: dict[str, str] = Field(default_factory=dict)
    """Reagents that are controls, where the library has no roles: reagent → negative, positive, untreated …"""
    roles: dict[str, str] = Field(default_factory=dict)
    """The lab's own words for roles: their word → sample, negative, positive, untreated, empty or excluded."""
    cell_line: str = "cells"
    """Cell line of a cellHTS2 folder, or of a well table that does not say."""
    treatment: str = "none"
    """Treatment of a cellHTS2 folder, or of a well table that does not say."""

    @model_validator(mode="after")
    def _one_source(self) -> Inputs:
        """Readings come from one place."""
        sources = [name for name in ("plates", "wells", "cellhts2") if getattr(self, name)]
        if len(sources) != 1:
            message = f"exactly one of plates, wells and cellhts2 (found {', '.join(sources) or 'none'})"
            raise ValueError(message)
        if self.plates and not self.library:
            raise ValueError("a library beside the plate list")
        for one, other in (("validation_plates", "validation_layout"), ("slides", "spots")):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                message = f"{one} and {other} together, or neither"
                raise ValueError(message)
        return self


class Treatments(FrozenSettings):
    """Which arm is which."""

    vehicle: str | None = None
    """The arm without drug; none in a screen of one arm."""
    combinations: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Arms that combine others: the arm → the arms that it combines."""


class NormalizeSettings(FrozenSettings):
    """How plates are made comparable; formulas are on the page of each method."""

    method: Method
    """Which method takes the plate's level or surface away."""
    scale: Literal["log2", "raw"]
    """Whether the method works on log2 readings (and subtracts) or on raw readings (and divides)."""
    statistics_from: Literal["samples", "all-wells", "negatives"] = "samples"
    """Wells that define a plate's center, spread or surface: the samples; controls as well; or negatives alone."""
    span: Annotated[float, Field(gt=0, le=10)] = 0.7
    """Loess: share of the wells in each local fit."""
    degree: Literal[0, 1, 2] = 2
    """Loess: degree of the local polynomial."""
    family: Literal["gaussian", "symmetric"] = "symmetric"
    """Loess: least squares, or Tukey's bisquare against outlying wells."""
    scale_axes: bool = False
    """Loess: divide rows and columns by their spread first (R's ``normalize``), so that both count alike."""
    bandwidth: Annotated[float, Field(ge=0)] = 0.0
    """locfit: fixed bandwidth ``h`` in wells; 0 = by `span` (its ``nn``) alone."""
    variance: Literal["none", "plate", "batch", "experiment"] = "none"
    """Divide by the scaled MAD of the samples of the plate, the batch, or the replicate's whole experiment."""
    well_effects: bool = False
    """Take away the median over plates at each position (never within one library: there it is the reagent)."""
    batch_effects: bool = False
    """Take away the median of each batch within its cell line and treatment."""


class ScoreSettings(FrozenSettings):
    """How replicates become one score."""

    unit: Literal["reagent", "well"]
    """Average the wells of one reagent, or keep each well of the library apart."""
    standardize: Literal["none", "zscore", "npi"]
    """Per replicate over all plates of an arm: nothing, (x − median) / MAD of samples, or control-scaled."""
    sign: Literal["+", "-"] = "+"
    """cellHTS2's sign: "-" makes loss of signal positive."""
    summary: Summary
    """How replicates are combined."""


class HitSettings(FrozenSettings):
    """The paper's rule and what it leaves open."""

    center: Literal["median", "mean"]
    """Center of a treatment group."""
    spread: Literal["sd", "mad"]
    """Spread of a treatment group: n − 1 standard deviation, or 1.4826 MAD."""
    k: Annotated[float, Field(gt=0)]
    """How many spreads from the center are significant."""
    tail: Literal["low", "high"]
    """Which side is a loss of viability."""
    pool: Literal["together", "by-kind", "by-library-plate"]
    """Which reagents share a center and spread."""
    lines: Literal["apart", "pooled"]
    """Whether a treatment group is one cell line or all."""
    controls: Literal["out", "in"]
    """Whether negative controls count among the reagents of the group."""
    replicates: Literal["summary", "all", "majority", "any"]
    """Whether the summary must pass, or how many of the replicates."""
    exclusion: Literal["two-sided", "one-sided", "off"]
    """Exclusion 1: no significant effect without drug, in both directions, or only as loss."""
    exclusion_k: Annotated[float, Field(gt=0)]
    """How many spreads without drug are significant."""
    exclusion_lines: Literal["same", "any"]
    """Whether an effect without drug in the same line, or in any line, excludes."""
    expression: Literal["same-line", "any-line", "off"]
    """Exclusion 2: whether the target of an inhibitor must be expressed, and where."""
    expression_kinds: tuple[str, ...]
    """Kinds of reagents that need an expressed target."""
    candidates: Literal["any-arm", "same-arm"]
    """Whether a hit in both lines must be in the same arm to make a candidate."""
    bootstrap: Annotated[int, Field(ge=0)] = 200
    """How often the noise of the wells is drawn anew, for the chance that a context is called again; 0 = never."""


class SensitizeSettings(SensitizationSettings):
    """Which test of sensitization stands beside the paper's rule, and what it leaves to choose."""

    method: SensitizationMethod
    """Test of "the drug changes what the reagent does"; none = the paper's rule alone."""
    seed_kinds: tuple[str, ...] = ("mimic",)
    """Kinds that act through their seed: reagents with one seed lend each other strength (method heb)."""


class StabilitySettings(FrozenSettings):
    """The grid of defensible choices; its product is tried. An empty list keeps the study's own choice."""

    normalizations: tuple[str, ...] = ()
    """Named normalizations: see the stability page."""
    spread: tuple[Literal["sd", "mad"], ...] = ()
    pool: tuple[Literal["together", "by-kind", "by-library-plate"], ...] = ()
    controls: tuple[Literal["out", "in"], ...] = ()
    exclusion: tuple[Literal["two-sided", "one-sided", "off"], ...] = ()
    summary: tuple[Summary, ...] = ()


class QualitySettings(FrozenSettings):
    """Thresholds of the quality figures, where the lab has its own."""

    thresholds: dict[str, float] = Field(default_factory=dict)
    """Name of the figure and level ("z_prime.warn") → value."""
    many_hits: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of hits on a plate above which a caution is given."""


class ReportSettings(FrozenSettings):
    """What the page shows."""

    plates: Annotated[int, Field(ge=0)] = 4000
    """How many plates the plate wall holds at most; the rest is counted."""
    rows: Annotated[int, Field(ge=1)] = 20000
    """How many rows a table on the page holds at most; the rest is in the tables of the run."""


class Preset(FrozenSettings):
    """Answers to the questions of method, as a preset gives them."""

    version: str
    """Raised whenever an answer changes."""
    normalize: NormalizeSettings
    score: ScoreSettings
    hits: HitSettings
    sensitization: SensitizeSettings
    stability: StabilitySettings = StabilitySettings()
    expression: ExpressionSettings | None = None
    enrichment: EnrichmentSettings | None = None
    validation: ValidationSettings | None = None
    protein: ProteinSettings | None = None


class Study(FrozenSettings):
    """One study: its inputs, its arms and the settings of each stage, resolved against the preset."""

    name: str
    """Short name, used for files."""
    title: str = ""
    """Heading of the report."""
    preset: str | None = None
    """Which preset answers what the study does not."""
    preset_version: str | None = None
    """Version of that preset, recorded with the results."""
    seed: Annotated[int, Field(ge=0)] = 20210526
    """Seed of everything that uses chance."""
    inputs: Inputs
    treatments: Treatments = Treatments()
    normalize: NormalizeSettings
    score: ScoreSettings
    hits: HitSettings
    sensitization: SensitizeSettings
    stability: StabilitySettings = StabilitySettings()
    quality: QualitySettings = QualitySettings()
    report: ReportSettings = ReportSettings()
    expression: ExpressionSettings | None = None
    """Of the arrays, where the study has some."""
    enrichment: EnrichmentSettings | None = None
    """Of targets and gene sets, where the study has them."""
    targets: TargetSettings = TargetSettings()
    genes: GeneSettings = GeneSettings()
    cohort: CohortSettings | None = None
    """Patients in whom the miRNAs of the screen are looked up, where the study has some."""
    cohorts: dict[str, CohortSettings] = Field(default_factory=dict)
    """Further cohorts by name, each a section ``[cohorts.NAME]``; what they say of survival is pooled."""
    validation: ValidationSettings | None = None
    """Of the validation assay, where the study has one."""
    protein: ProteinSettings | None = None
    """Of the lysate array, where the study has one."""
    evidence: EvidenceSettings = EvidenceSettings()
    """How everything that is known of a candidate is read together."""

    @model_validator(mode="after")
    def _answered(self) -> Study:
        """What a study has inputs for needs its settings."""
        if self.inputs.arrays and self.expression is None:
            raise ValueError("a section [expression] that says how the arrays are processed and tested")
        if self.inputs.arrays and self.treatments.vehicle is None:
            raise ValueError("treatments.vehicle, with which the arrays of the drug arms are compared")
        if (self.inputs.targets or self.inputs.utrs) and self.inputs.gene_sets and self.enrichment is None:
            raise ValueError("a section [enrichment] that says how targets are counted")
        named_cohorts(self.cohort, self.cohorts)
        if self.inputs.validation_plates and self.validation is None:
            raise ValueError("a section [validation] that says how the validation assay is tested")
        if self.inputs.validation_plates and self.treatments.vehicle is None:
            raise ValueError("treatments.vehicle, the arm without drug of the validation assay")
        if self.inputs.slides and self.protein is None:
            raise ValueError("a section [protein] that says how proteins are called")
        return self
