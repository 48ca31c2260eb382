"""Tables of patients for a small run, from a simulated cohort."""

from __future__ import annotations

import warnings

import polars as pl

from sensitome.cohort.association import associate
from sensitome.cohort.curves import curve_tables
from sensitome.cohort.scrutiny import multiverse
from sensitome.cohort.simulate import CohortDesign, simulate_cohort
from sensitome.cohort.stage import compare_stages, stage_values
from sensitome.cohort.survival import compare_survival
from sensitome.errors import Caution


def patient_tables() -> dict[str, pl.DataFrame]:
    """Stage, survival and association of two miRNAs in 40 patients."""
    design = CohortDesign(patients=40, mirnas=("miR-1", "miR <&> 2"), genes=20, hazard_ratios={"miR-1": 0.5}, floored=0)
    cohort = simulate_cohort(design, seed=2).cohort
    mirna, clinical, names = cohort.matrix("mirna"), cohort.clinical, list(design.mirnas)
    stages = clinical.select("sample", "stage")
    compared = compare_stages(mirna, stages)
    found = associate(mirna, cohort.matrix("mrna"), alpha=0.5)
    assert found.pairs is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        survival = compare_survival(mirna, clinical, endpoints=["bcss"])
    curves = curve_tables(mirna, clinical, features=names[:1], endpoints=["bcss"])
    return {
        "association": found.pairs,
        "association_summary": found.summary,
        "stage": compared.contrasts,
        "stage_trend": compared.trend,
        "stage_patients": compared.patients,
        "stage_values": stage_values(mirna, stages, features=names),
        "survival": survival,
        "survival_curves": curves["survival_curves"],
        "survival_risk": curves["survival_risk"],
        "multiverse": multiverse(mirna, clinical, features=names[:1], endpoints=["bcss"]),
    }
