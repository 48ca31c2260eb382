"""A simulated study: the screen of `sensitome.screen.simulation`, and patients in whom its miRNAs are looked up."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.cohort.simulate import CohortDesign, cohort_texts, simulate_cohort
from sensitome.io.study_writer import write_files
from sensitome.screen.simulation.files import study_files
from sensitome.screen.simulation.simulate import Simulation

__all__ = ["cohort_design", "with_patients", "write_simulated_study"]

#: Hazard ratio per standard deviation, and standard deviations from stage to stage, of the miRNA that matters.
HAZARD_RATIO, STAGE_SHIFT = 0.55, -0.5
# miRNAs that push mRNAs down: the one that matters and the next strongest.
_PUSHING = 3

_SECTION = """
[cohort]
name = "simulated patients"
clinical = "cohort/clinical.csv"
mirna = "cohort/mirna.csv"
mrna = "cohort/mrna.csv"
stage = "stage"
subsets = { "ER negative" = 'er_status == "-"' }

[cohort.endpoints.os]
time = "os_months"
status = "os_status"

[cohort.endpoints.bcss]
time = "os_months"
status = "vital_status"
"""


def write_simulated_study(simulation: Simulation, folder: str | Path, *, patients: int = 200) -> list[Path]:
    """Write the raw files of a simulated screen and of simulated patients, and return their paths.

    Parameters
    ----------
    simulation : the screen
    folder : made where it does not exist
    patients : how many

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    return write_files(with_patients(study_files(simulation), simulation, patients=patients), folder)


def with_patients(files: dict[str, str], simulation: Simulation, *, patients: int = 200) -> dict[str, str]:
    """Files of a study with those of a simulated cohort, which its ``study.toml`` names.

    Parameters
    ----------
    files : of `sensitome.screen.simulation.files.study_files`; not changed
    simulation : the screen, whose miRNAs the patients have
    patients : how many

    Returns
    -------
    The files; a screen without miRNAs that sensitize has no cohort
    """
    design = cohort_design(simulation, patients=patients)
    if design is None:
        return dict(files)
    made = simulate_cohort(design, seed=simulation.seed, name="simulated patients")
    own = {f"cohort/{name}": text for name, text in cohort_texts(made).items()}
    return {**files, "study.toml": files["study.toml"] + _SECTION, **own}


def cohort_design(simulation: Simulation, *, patients: int = 200) -> CohortDesign | None:
    """Design of a cohort in which the strongest sensitizing mimic matters.

    Parameters
    ----------
    simulation : the screen
    patients : how many

    Returns
    -------
    Its miRNAs are the targets that some cell line expresses, and those of the strongest mimics. With high expression
    of the strongest, deaths of disease come later and the stage is lower. None when no mimic sensitizes
    """
    targets = simulation.library.select("reagent", "kind", "target").drop_nulls().unique()
    strongest = (
        simulation.truth.filter(pl.col("is_active") & (pl.col("kind") == "mimic") & (pl.col("delta") < 0))
        .join(targets, on=["reagent", "kind"])
        .group_by("target")
        .agg(pl.col("delta").sum())
        .sort("delta", "target")["target"]
        .head(_PUSHING)
        .to_list()
    )
    if not strongest:
        return None
    expressed = simulation.expressed.filter("expressed")["target"].to_list()
    return CohortDesign(
        patients=patients,
        mirnas=tuple(sorted({*expressed, *strongest})),
        hazard_ratios={strongest[0]: HAZARD_RATIO},
        stage_shifts={strongest[0]: STAGE_SHIFT},
        targets=tuple(strongest),
    )
