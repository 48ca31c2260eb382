"""Tables of patients for a small run, from a simulated cohort."""

from __future__ import annotations

import warnings

import polars as pl

from sensitome.cohort.association import associate
from sensitome.cohort.curves import curve_tables
from sensitome.cohort.scrutiny import multiverse, scrutinize_each
from sensitome.cohort.simulate import CohortDesign, simulate_cohort
from sensitome.cohort.stage import compare_stages, stage_values
from sensitome.cohort.survival import compare_survival
from sensitome.errors import Caution

COHORT = "Oslo <&> 2"


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
    made = {
        "cohorts": pl.DataFrame(
            {"source": "clinical.csv", "n_patients": 40, "n_mirnas": 2, "n_mrnas": 20, "endpoints": "bcss (9 events)"}
        ).with_columns(time_unit=pl.lit("months"), subset=pl.lit("")),
        "association": found.pairs,
        "association_summary": found.summary.with_columns(
            n_targets=pl.lit(None),
            target_delta=pl.lit(None),
            target_median=pl.lit(None),
            target_p_value=pl.lit(None),
            target_q_value=pl.lit(None),
        ),
        "stage": compared.contrasts,
        "stage_trend": compared.trend,
        "stage_patients": compared.patients,
        "stage_values": stage_values(mirna, stages, features=names),
        "survival": survival,
        "survival_curves": curves["survival_curves"],
        "survival_risk": curves["survival_risk"],
        "survival_arms": curves["survival_arms"],
        "incidence": curves["incidence"],
        "survival_scrutiny": scrutinize_each(mirna, clinical, features=names[:1], endpoints=["bcss"], permutations=19),
        "multiverse": multiverse(mirna, clinical, features=names[:1], endpoints=["bcss"]),
    }
    return {name: table.with_columns(cohort=pl.lit(COHORT)) for name, table in made.items()}
