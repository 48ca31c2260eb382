"""Stages of the mechanism: names, targets, what miRNAs control, and the genes behind the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.enrichment.settings import EnrichmentSettings
from sensitome.enrichment.study import enrich_study
from sensitome.expression.summary import responding
from sensitome.io.evidence import read_evidence
from sensitome.io.gene_sets import read_gene_sets
from sensitome.io.mirbase import Mirbase, read_mirbase
from sensitome.io.targetscan import read_family_info
from sensitome.mirna.joining import index_of
from sensitome.mirna.name_index import NameIndex, index_names
from sensitome.mirna.scanned import ordered_sequences, scanned_evidence
from sensitome.mirna.study import name_lists, study_genes, study_targets
from sensitome.settings import Inputs, Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES", "read_targets"]

#: Parts of a study that draw on chance of their own.
_ENRICHMENT, _GENES = 102, 103


def read_targets(inputs: Inputs, *, folder: Path, species: str = "hsa") -> pl.DataFrame:
    """Evidence for targets from all files of a study, one below the other.

    Parameters
    ----------
    inputs : with ``targets``
    folder : where their paths start
    species : whose genes count, where a source tells species; ``all`` keeps them all

    Raises
    ------
    SensitomeError
        As `sensitome.io.evidence.read_evidence`.
    """
    chosen = None if species == "all" else species
    return pl.concat([read_evidence(folder / name, species=chosen) for name in inputs.targets])


def _has_targets(study: Study) -> bool:
    return bool(study.inputs.targets) or study.inputs.utrs is not None


def _base(context: Context) -> Mirbase | None:
    name = context.study.inputs.mirbase
    return read_mirbase(context.folder / name) if name else None


def _index(context: Context, targets: pl.DataFrame) -> NameIndex:
    """MiRBase, or without it the names of the targets as they are written, which are their accessions then."""
    known = targets["accession"].unique()
    return index_of(_base(context), known, own=known.filter(~known.str.contains(r"^MIMAT\d{7}$")))


def _name(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    base = _base(context)
    assert base is not None  # noqa: S101 - the stage applies only then
    lists = {"library": _aims(tables["reagents"])}
    if "detection" in tables:
        lists["arrays"] = tables["expression"]["feature"].unique(maintain_order=True).to_list()
    return {"names": name_lists(lists, index=index_names(base))}


def _target(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study, folder = context.study, context.folder
    parts = []
    if study.inputs.targets:
        parts.append(read_targets(study.inputs, folder=folder, species=study.targets.species))
    mimics = pl.DataFrame(schema={"name": pl.String})
    if study.inputs.utrs:
        mimics = ordered_sequences(tables["reagents"], kind=study.genes.kind)
        parts.append(scanned_evidence(mimics, folder / study.inputs.utrs, jobs=context.jobs))
    evidence = pl.concat(parts)
    families = read_family_info(folder / study.inputs.target_families) if study.inputs.target_families else None
    index = index_of(_base(context), evidence["mirna"], own=mimics["name"])
    targets, sources = study_targets(evidence, index=index, settings=study.targets, families=families)
    return {"targets": targets, "target_sources": sources}


def _enrich(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    settings = study.enrichment
    assert isinstance(settings, EnrichmentSettings)  # noqa: S101 - the study was checked
    enrichment, eras = enrich_study(
        _lists(tables, study),
        tables["targets"],
        read_gene_sets(context.folder / str(study.inputs.gene_sets)),
        pools=_pools(tables),
        settings=settings,
        index=_index(context, tables["targets"]),
        rng=np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(_ENRICHMENT,))),
        jobs=context.jobs,
    )
    return {"enrichment": enrichment, "enrichment_eras": eras}


def _seek_genes(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    genes = study_genes(
        tables["sensitizers"] if "sensitizers" in tables else tables["hits"],
        tables["reagents"],
        tables["targets"],
        index=_index(context, tables["targets"]),
        settings=study.genes,
        seed=study.seed + _GENES,
        jobs=context.jobs,
        advance=lambda done, total: context.progress("genes", done, total),
    )
    return {"genes": genes}


def _aims(reagents: pl.DataFrame) -> list[str]:
    """What the samples of the library aim at; a reagent without a target is its own."""
    samples = reagents.filter(pl.col("role").cast(pl.String) == "sample")
    target = pl.coalesce("target", "reagent") if "target" in samples.columns else pl.col("reagent")
    return samples.select(target.alias("name"))["name"].unique(maintain_order=True).to_list()


def _lists(tables: Mapping[str, pl.DataFrame], study: Study) -> pl.DataFrame:
    """MiRNAs that answer, by group, and targets of the candidates: ``list``, ``mirna``, ``pool``."""
    parts = []
    if "response" in tables and study.expression is not None:
        answers = responding(tables["response"], alpha=study.expression.alpha, by=study.expression.by)
        name = pl.format("responding: {}", "group").alias("list")
        parts.append(answers.select(name, pl.col("feature").alias("mirna"), pl.lit("arrays").alias("pool")))
    if "target" in tables["reagents"].columns:
        candidates = tables["hits"].filter("is_candidate").select("reagent", "kind").unique()
        aimed = tables["reagents"].join(candidates, on=["reagent", "kind"], how="semi").drop_nulls("target")
        name = pl.lit("candidates").alias("list")
        parts.append(aimed.select(name, pl.col("target").alias("mirna"), pl.lit("library").alias("pool")))
    empty = pl.DataFrame(schema={"list": pl.String, "mirna": pl.String, "pool": pl.String})
    return pl.concat([empty, *parts]).unique(maintain_order=True)


def _pools(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    """MiRNAs that could have been in the lists: those that some array detects, and those that the library aims at."""
    pools = {}
    if "expression" in tables:
        seen = tables["expression"].filter(pl.col("detected").fill_null(True))
        pools["arrays"] = seen["feature"].unique(maintain_order=True).to_list()
    if "target" in tables["reagents"].columns:
        pools["library"] = _aims(tables["reagents"])
    return pools


#: From names and targets to what miRNAs control and which genes are behind the screen.
STAGES: tuple[Stage, ...] = (
    Stage(
        "names",
        ("reagents",),
        ("names",),
        (),
        ("mirbase",),
        _name,
        applies=lambda study: study.inputs.mirbase is not None,
        uses=("expression", "detection"),
    ),
    Stage(
        "targets",
        ("reagents",),
        ("targets", "target_sources"),
        ("targets", "genes"),
        ("targets", "mirbase"),
        _target,
        applies=_has_targets,
    ),
    Stage(
        "enrichment",
        ("reagents", "hits", "targets"),
        ("enrichment", "enrichment_eras"),
        ("expression", "enrichment", "seed"),
        ("gene_sets", "mirbase"),
        _enrich,
        applies=lambda study: _has_targets(study) and study.inputs.gene_sets is not None,
        version=2,
        uses=("expression", "response"),
    ),
    Stage(
        "genes",
        ("reagents", "hits", "targets"),
        ("genes",),
        ("genes", "seed"),
        ("mirbase",),
        _seek_genes,
        applies=lambda study: _has_targets(study) and study.genes.method != "none",
        uses=("sensitizers",),
    ),
)
