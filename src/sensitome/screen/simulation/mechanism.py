"""What a simulated study has beside its plates: arrays, names, targets of miRNAs and gene sets, with known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from sensitome.enrichment.simulate import gmt_text, simulate_pathways
from sensitome.expression.files import array_files
from sensitome.expression.simulate import ArrayDesign, SimulatedArrays, simulate_arrays
from sensitome.mirna.planted import name_history, observed_evidence, plant_genes
from sensitome.screen.simulation.settings import Design

__all__ = ["mechanism_files", "mechanism_inputs", "mechanism_sections"]

#: Lines that respond to the drugs; they are not screened, as in Normann et al. 2021.
RESPONDING = ("SKBR3", "BT-474")
#: Share of the miRNAs that answer in responding lines, and in the lines of the screen: 36 and 3 of about 800.
ANSWERS, WEAK_ANSWERS = 0.045, 0.004
#: SD between lines, log2: the paper's test pools lines, and finds what stands out of their differences.
LINE_SD = 0.3
#: Parts of the study that draw on chance of their own, past those of the screen.
_ARRAYS, _PATHWAYS, _GENES = 11, 12, 13
#: Genes in all; fewer than there are, so that a demonstration does not take long.
GENES = 3000
#: Chance by which an answering miRNA targets a gene of the planted pathway besides.
EXCESS = 0.06
#: Release of miRBase in which the arrays are named; the library is named in the next one of the history.
_RELEASE = "16"


def mechanism_files(
    design: Design, expressed: pl.DataFrame, truth: pl.DataFrame, library: pl.DataFrame, *, seed: int
) -> dict[str, str]:
    """Texts of the arrays, the names, the targets and the gene sets of a simulated study.

    Parameters
    ----------
    design : of the screen: its lines and arms are on the arrays, beside two responding lines
    expressed : what the screen's lines express: ``target``, ``cell_line``, ``expressed``
    truth : of the screen: ``reagent``, ``kind``, ``delta``
    library : of the screen: ``reagent``, ``kind``, ``target``, ``sequence``
    seed : of the screen

    Returns
    -------
    File name → text: ``arrays.csv``, ``arrays/<sample>.txt``, ``mirbase.tsv``, ``targets.csv``, ``observed.csv``,
    ``gene_sets.gmt`` and the truth, in ``truth/expressed.csv``, ``truth/response.csv``, ``truth/pathways.csv`` and
    ``truth/genes.csv``. The arrays write a third of the names as an earlier release of miRBase has them. The first
    pathway is planted among the targets of the miRNAs that answer; some genes are planted among the targets of the
    mimics that sensitize.
    """
    names = expressed["target"].unique(maintain_order=True).to_list()
    arrays = simulate_arrays(
        _array_design(design, len(names)), rng=_chance(seed, _ARRAYS), expressed=expressed.drop_nulls("target")
    )
    planted = arrays.response["feature"].unique(maintain_order=True).to_list()
    pathways = simulate_pathways(names, planted=planted, rng=_chance(seed, _PATHWAYS), genes=GENES, excess=EXCESS)
    aims = library.drop_nulls("target").select("reagent", "kind", "target").unique()
    pushes = (
        truth.filter(pl.col("kind") == "mimic")
        .join(aims, on=["reagent", "kind"])
        .group_by("target")
        .agg(-pl.col("delta").mean())
        .select(pl.col("target").alias("mirna"), pl.col("delta").alias("push"))
        .sort("mirna")
    )
    rng = _chance(seed, _GENES)
    genes = plant_genes(pushes, rng=rng)
    targets = pl.concat([pathways.targets, genes.select("mirna", "gene")])
    sequences = library.drop_nulls("target").unique("target", keep="first").select("target", "sequence")
    history = name_history(sequences.sort("target"))
    return {
        **array_files(_named_as(arrays, history.filter(pl.col("version") == _RELEASE))),
        "mirbase.tsv": history.drop("now").write_csv(separator="\t"),
        "targets.csv": targets.write_csv(),
        "observed.csv": observed_evidence(genes, pathways.targets, rng=rng).write_csv(),
        "gene_sets.gmt": gmt_text(pathways.gene_sets),
        "truth/pathways.csv": pathways.truth.write_csv(),
        "truth/genes.csv": genes.select("gene").unique(maintain_order=True).write_csv(),
    }


def mechanism_inputs() -> list[str]:
    """Lines of the section [inputs] that name these files."""
    return [
        'arrays = "arrays.csv"',
        'mirbase = "mirbase.tsv"',
        'targets = ["targets.csv", "observed.csv"]',
        'gene_sets = "gene_sets.gmt"',
        'true_genes = "truth/genes.csv"',
    ]


def mechanism_sections(design: Design) -> list[str]:
    """Sections of study.toml: the groups of lines, all, responding and poorly responding."""
    groups = {"all": (*RESPONDING, *design.lines), "responding": RESPONDING, "poorly responding": design.lines}
    listed = [f'"{name}" = [{", ".join(f"{line!r}" for line in lines)}]' for name, lines in groups.items()]
    return ["", "[expression.groups]", *(line.replace("'", '"') for line in listed)]


def _named_as(arrays: SimulatedArrays, names: pl.DataFrame) -> SimulatedArrays:
    """The same arrays with the names of a release."""
    then = dict(names.select("now", "name").iter_rows())
    return replace(
        arrays,
        features=arrays.features.with_columns(pl.col("gene").replace(then)),
        response=arrays.response.with_columns(pl.col("feature").replace(then)),
    )


def _array_design(design: Design, mirnas: int) -> ArrayDesign:
    """Two responding lines beside those of the screen."""
    return ArrayDesign(
        lines=(*RESPONDING, *(line for line in design.lines if line not in RESPONDING)),
        responding=RESPONDING,
        arms=tuple(arm.name for arm in design.arms),
        spots=2,
        line_sd=LINE_SD,
        answers=max(4, round(ANSWERS * mirnas)),
        weak_answers=max(1, round(WEAK_ANSWERS * mirnas)),
    )


def _chance(seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part,)))
