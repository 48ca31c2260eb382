"""A cohort with known truth: which miRNAs go with survival, with stage and with which mRNAs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import SettingsError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.study_writer import write_files
from sensitome.patients import Cohort

__all__ = ["CohortDesign", "SimulatedCohort", "cohort_texts", "simulate_cohort", "write_cohort"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class CohortDesign:
    """What a simulated cohort is made of.

    Parameters
    ----------
    patients : number of patients
    mirnas : names of the miRNAs
    genes : number of mRNAs, GENE1 and so on
    gene_names : names of the mRNAs instead
    hazard_ratios : miRNA → hazard ratio of death of disease per standard deviation
    stage_shifts : miRNA → standard deviations by which it rises from stage to stage
    targets : miRNAs that push mRNAs down
    targets_each : mRNAs that each of them pushes
    pushed : miRNA → the mRNAs that it pushes, instead of `targets` and `targets_each`
    target_correlation : of a miRNA with its targets, as a positive number
    subtype_spread : standard deviation, over subtypes, of every feature's mean: the confounding that makes half of all
        correlations positive
    floored : share of miRNAs that half of the patients do not express
    median_months : median time to death of disease at average expression
    other_months : median time to death of other causes
    follow_up_months : of the patient who is followed longest
    """

    patients: int = 160
    mirnas: tuple[str, ...] = ()
    genes: int = 300
    gene_names: tuple[str, ...] = ()
    hazard_ratios: Mapping[str, float] = field(default_factory=dict)
    stage_shifts: Mapping[str, float] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    targets_each: int = 20
    pushed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target_correlation: float = 0.4
    subtype_spread: float = 0.4
    floored: float = 0.1
    median_months: float = 130.0
    other_months: float = 320.0
    follow_up_months: float = 250.0


@dataclass(frozen=True, eq=False)
class SimulatedCohort:
    """A cohort and its truth.

    Parameters
    ----------
    cohort : endpoints os and bcss in months, matrices mirna and mrna, clinical columns age, er_status, subtype, stage
    effects : ``mirna, hazard_ratio, stage_shift``: one row per miRNA; 1 and 0 where there is no effect
    pairs : ``mirna, gene``: targets that are pushed down
    """

    cohort: Cohort
    effects: pl.DataFrame
    pairs: pl.DataFrame


def simulate_cohort(design: CohortDesign, *, seed: int, name: str = "simulated") -> SimulatedCohort:
    """Simulate a cohort.

    Parameters
    ----------
    design : what it is made of
    seed : of the random numbers
    name : of the cohort

    Raises
    ------
    SettingsError
        The design names a miRNA that is not among its miRNAs, or an mRNA that is not among its mRNAs.

    Notes
    -----
    Deaths of disease come at an exponential time whose rate is multiplied by HR^x (x in standard deviations), deaths of
    other causes and the end of follow-up independently of expression. log2 values with mean 8 and standard deviation 1.
    """
    named = {*design.hazard_ratios, *design.stage_shifts, *design.targets, *design.pushed}
    genes = list(design.gene_names) or [f"GENE{number + 1}" for number in range(design.genes)]
    pushed = {gene for names in design.pushed.values() for gene in names}
    for noun, strange in (("miRNAs", named - set(design.mirnas)), ("mRNAs", pushed - set(genes))):
        if strange:
            raise SettingsError(f"design names {noun} that it does not have", found=listed(sorted(strange), last="and"))
    rng = np.random.default_rng(seed)
    n = design.patients
    stage = rng.choice([1, 2, 3], size=n, p=[0.3, 0.5, 0.2])
    subtype = rng.integers(0, 4, n)
    mirna = _features(rng, len(design.mirnas), subtype, design.subtype_spread)
    for number, each in enumerate(design.mirnas):
        mirna[:, number] += design.stage_shifts.get(each, 0.0) * (stage - 2)
    mirna = (mirna - mirna.mean(axis=0)) / mirna.std(axis=0)
    gene = _features(rng, len(genes), subtype, design.subtype_spread)
    pairs = _push_down(gene, mirna, _pairs(rng, design, genes), design)
    log_ratio = np.array([np.log(design.hazard_ratios.get(each, 1.0)) for each in design.mirnas])
    clinical = _clinical(rng, design, risk=mirna @ log_ratio, stage=stage, subtype=subtype)
    floored = rng.random(len(design.mirnas)) < design.floored
    floored &= ~np.isin(np.array(design.mirnas, dtype=object), list(named))
    values = 8.0 + np.where(floored, np.maximum(mirna, 0.0), mirna)
    cohort = Cohort(name, clinical, ("os", "bcss"))
    for role, matrix, labels in (("mirna", values, list(design.mirnas)), ("mrna", 8.0 + gene, genes)):
        samples = clinical.select("sample")
        cohort = cohort.with_matrix(role, Expression(matrix, samples, pl.DataFrame({"feature": labels})))
    effects = pl.DataFrame(
        {
            "mirna": list(design.mirnas),
            "hazard_ratio": [design.hazard_ratios.get(each, 1.0) for each in design.mirnas],
            "stage_shift": [design.stage_shifts.get(each, 0.0) for each in design.mirnas],
        }
    )
    truth = pl.DataFrame(
        [(design.mirnas[row], genes[column]) for row, column in pairs],
        schema={"mirna": pl.String, "gene": pl.String},
        orient="row",
    )
    return SimulatedCohort(cohort, effects, truth)


def write_cohort(simulated: SimulatedCohort, folder: str | Path) -> list[Path]:
    """Write the files of `cohort_texts` into a folder, which is made where it does not exist, and return their paths.

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    return write_files(cohort_texts(simulated), folder)


def cohort_texts(simulated: SimulatedCohort) -> dict[str, str]:
    """Texts of the files of a simulated cohort as a user would have it: plain tables, and the truth beside them.

    Parameters
    ----------
    simulated : of `simulate_cohort`

    Returns
    -------
    ``clinical.csv`` (``os_months``, ``os_status`` alive or dead, ``vital_status`` with the cause),
    ``truth_effects.csv``, ``truth_targets.csv``, ``mirna.csv`` and ``mrna.csv`` (features × samples)
    """
    clinical = simulated.cohort.clinical
    cause = pl.col("bcss_cause")
    words = pl.when(cause == 1).then(pl.lit("Died of Disease")).when(cause == 2).then(pl.lit("Died of Other Causes"))
    table = clinical.select(
        *("patient", "sample", "age", "er_status", "subtype", "stage"),
        pl.col("os_time").alias("os_months"),
        pl.when("os_event").then(pl.lit("dead")).otherwise(pl.lit("alive")).alias("os_status"),
        words.otherwise(pl.lit("Living")).alias("vital_status"),
    )
    tables = {"clinical": table, "truth_effects": simulated.effects, "truth_targets": simulated.pairs}
    for role in ("mirna", "mrna"):
        matrix = simulated.cohort.matrix(role)
        wide = pl.DataFrame(matrix.values.T.round(4), schema=matrix.samples["sample"].to_list())
        tables[role] = wide.insert_column(0, matrix.features["feature"].alias(role))
    return {f"{name}.csv": content.write_csv() for name, content in tables.items()}


def _features(rng: np.random.Generator, count: int, subtype: IntArray, spread: float) -> FloatArray:
    """(patients, features), standard normal within a subtype."""
    means = rng.normal(0.0, spread, size=(int(subtype.max(initial=0)) + 1, count))
    return means[subtype] + rng.normal(size=(len(subtype), count))


def _pairs(rng: np.random.Generator, design: CohortDesign, genes: list[str]) -> list[tuple[int, int]]:
    """MiRNAs with the mRNAs that they push down; drawn by chance, a gene has one such miRNA at most."""
    if design.pushed:
        place = {gene: number for number, gene in enumerate(genes)}
        return [(design.mirnas.index(each), place[gene]) for each, own in design.pushed.items() for gene in own]
    free = rng.permutation(len(genes))
    return [
        (design.mirnas.index(each), column)
        for turn, each in enumerate(design.targets)
        for column in sorted(free[turn * design.targets_each : (turn + 1) * design.targets_each].tolist())
    ]


def _push_down(
    gene: FloatArray, mirna: FloatArray, pairs: list[tuple[int, int]], design: CohortDesign
) -> list[tuple[int, int]]:
    """Change `gene` so that the targets of each miRNA fall with it."""
    weight = design.target_correlation / np.sqrt(1 - design.target_correlation**2)
    for row, column in pairs:
        gene[:, column] -= weight * mirna[:, row]
    return pairs


def _clinical(
    rng: np.random.Generator, design: CohortDesign, *, risk: FloatArray, stage: IntArray, subtype: IntArray
) -> pl.DataFrame:
    n = design.patients
    disease = rng.exponential(design.median_months / np.log(2) * np.exp(-risk - 0.5 * (stage - 2)))
    other = rng.exponential(design.other_months / np.log(2), n)
    end = rng.uniform(0.2 * design.follow_up_months, design.follow_up_months, n)
    time = np.maximum(np.minimum(np.minimum(disease, other), end).round(1), 0.1)
    cause = np.select([end < np.minimum(disease, other), disease <= other], [0, 1], default=2)
    names = [f"P{number + 1:04d}" for number in range(n)]
    return pl.DataFrame(
        {
            "patient": names,
            "sample": names,
            "age": rng.normal(60, 11, n).round(),
            "er_status": rng.choice(["+", "-"], n, p=[0.55, 0.45]),
            "subtype": [f"S{code + 1}" for code in subtype],
            "stage": stage,
            "os_time": time,
            "os_event": cause > 0,
            "bcss_time": time,
            "bcss_event": cause == 1,
            "bcss_cause": pl.Series(cause, dtype=pl.Int8),
        }
    )
