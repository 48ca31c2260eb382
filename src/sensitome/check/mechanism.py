"""Targets of miRNAs, gene sets and names: each by itself, then with the calls of the screen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import polars as pl

from sensitome.check.findings import Findings
from sensitome.io.evidence import read_evidence
from sensitome.io.fasta import read_fasta
from sensitome.io.gene_sets import read_gene_sets
from sensitome.io.targetscan import read_family_info
from sensitome.settings import Study
from sensitome.stages.record import Context

__all__ = ["check_mechanism"]

#: Random lists of a check: the fewest that the settings allow, since its p are not looked at.
FEWEST_DRAWS = 99


def check_mechanism(context: Context, found: Findings) -> None:
    """Judge each input; where the screen is sound, test its lists as a run does, with few draws."""
    inputs, folder = context.study.inputs, context.folder
    _check_targets(context, found)
    if inputs.gene_sets:
        sets = found.attempt(lambda: read_gene_sets(folder / str(inputs.gene_sets)), of="gene_sets")
        if sets is not None:
            found.sound["gene sets"] = f"{sets['gene_set'].n_unique():,} sets"
    quick = replace(context, study=_quick(context.study))
    # Sites in 3′ UTRs are not sought: that takes as long as a run.
    for name in ("names", *(("targets", "enrichment") if not inputs.utrs else ())):
        found.rehearse(name, quick)


def _check_targets(context: Context, found: Findings) -> None:
    """Read every file of targets, the families and the 3′ UTRs."""
    inputs, folder = context.study.inputs, context.folder
    species = None if context.study.targets.species == "all" else context.study.targets.species
    named = inputs.targets
    read = [found.attempt(partial(read_evidence, folder / name, species=species), of="targets") for name in named]
    targets = [table for table in read if table is not None]
    if inputs.target_families:
        found.attempt(lambda: read_family_info(folder / str(inputs.target_families)), of="targets")
    if inputs.utrs:
        found.attempt(lambda: read_fasta(folder / str(inputs.utrs)), of="targets")
    if named and "targets" not in found.faulty:
        pairs = pl.concat(targets).select("mirna", "gene").unique()
        found.sound["targets"] = f"{pairs['mirna'].n_unique():,} miRNAs, {pairs['gene'].n_unique():,} genes"


def _quick(study: Study) -> Study:
    """The study with as little chance as its settings allow: what can be wrong stays the same."""
    if study.enrichment is None:
        return study
    return study.model_copy(update={"enrichment": study.enrichment.model_copy(update={"draws": FEWEST_DRAWS})})
