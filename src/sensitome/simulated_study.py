"""Simulated patients beside a simulated screen, in whom its miRNAs are looked up."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from sensitome.cohort.simulate import CohortDesign, cohort_texts, simulate_cohort
from sensitome.io.study_writer import write_files
from sensitome.screen.simulation.simulate import Simulation

__all__ = ["cohort_design", "patient_files", "write_patients"]

#: Hazard ratio per standard deviation, and standard deviations from stage to stage, of the miRNA that matters.
HAZARD_RATIO, STAGE_SHIFT = 0.55, -0.5
# miRNAs that push mRNAs down: the one that matters and the next strongest.
_PUSHING = 3
# mRNAs of the patients, and how many of them are targets of each of these miRNAs.
_GENES, _TARGETS = 300, 30

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


def write_patients(simulation: Simulation, folder: str | Path, *, patients: int = 200) -> list[Path]:
    """Write simulated patients into the folder of a simulated study, and name them in its ``study.toml``.

    Parameters
    ----------
    simulation : the screen, whose miRNAs the patients have
    folder : where `sensitome.screen.simulation.files.write_study` wrote the screen
    patients : how many

    Returns
    -------
    The files written; none for a screen in which no mimic sensitizes

    Raises
    ------
    SourceError
        A file cannot be written.
    """
    listed = Path(folder) / "targets.csv"
    targets = pl.read_csv(listed).select("mirna", "gene") if listed.is_file() else None
    texts = patient_files(simulation, patients=patients, targets=targets)
    if not texts:
        return []
    study = (Path(folder) / "study.toml").read_text(encoding="utf-8")
    return write_files({"study.toml": study + _SECTION, **texts}, folder)


def patient_files(
    simulation: Simulation, *, patients: int = 200, targets: pl.DataFrame | None = None
) -> dict[str, str]:
    """File name → text of the simulated patients: clinical table, matrices, and what is true of them."""
    design = cohort_design(simulation, patients=patients, targets=targets)
    if design is None:
        return {}
    made = simulate_cohort(design, seed=simulation.seed, name="simulated patients")
    return {f"cohort/{name}": text for name, text in cohort_texts(made).items()}


def cohort_design(
    simulation: Simulation, *, patients: int = 200, targets: pl.DataFrame | None = None
) -> CohortDesign | None:
    """Design of a cohort in which the strongest sensitizing mimic matters.

    Parameters
    ----------
    simulation : the screen
    patients : how many
    targets : ``mirna`` and ``gene``, the targets that the study names, from which its mRNAs are taken; without them
        mRNAs and targets are made up

    Returns
    -------
    Its miRNAs are the targets that some cell line expresses, and those of the strongest mimics. With high expression
    of the strongest, deaths of disease come later and the stage is lower. None when no mimic sensitizes
    """
    aims = simulation.library.select("reagent", "kind", "target").drop_nulls().unique()
    strongest = (
        simulation.truth.filter(pl.col("is_active") & (pl.col("kind") == "mimic") & (pl.col("delta") < 0))
        .join(aims, on=["reagent", "kind"])
        .group_by("target")
        .agg(pl.col("delta").sum())
        .sort("delta", "target")["target"]
        .head(_PUSHING)
        .to_list()
    )
    if not strongest:
        return None
    expressed = simulation.expressed.filter("expressed")["target"].to_list()
    genes, pushed = _named_genes(targets, strongest) if targets is not None else ((), {})
    return CohortDesign(
        patients=patients,
        mirnas=tuple(sorted({*expressed, *strongest})),
        gene_names=genes,
        hazard_ratios={strongest[0]: HAZARD_RATIO},
        stage_shifts={strongest[0]: STAGE_SHIFT},
        targets=tuple(strongest),
        pushed=pushed,
    )


def _named_genes(targets: pl.DataFrame, strongest: list[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """MRNAs of the patients, and of the targets of the strongest miRNAs those that fall with them: two of three."""
    own = {name: targets.filter(pl.col("mirna") == name)["gene"].unique().sort().to_list() for name in strongest}
    aimed, pushed = set[str](), {}
    for name, genes in own.items():
        first = [gene for gene in genes if gene not in aimed][:_TARGETS]
        aimed.update(first)
        pushed[name] = tuple(gene for number, gene in enumerate(first) if number % 3)
    every = {gene for genes in own.values() for gene in genes}
    others = [gene for gene in targets["gene"].unique().sort().to_list() if gene not in every]
    spread = others[:: max(1, len(others) // (_GENES - len(aimed)))][: _GENES - len(aimed)]
    return tuple(sorted([*aimed, *spread])), pushed
