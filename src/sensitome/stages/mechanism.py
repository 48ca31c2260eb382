"""Stages of the mechanism: which miRNAs answer to the treatments, and what they and the candidates control."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from sensitome.enrichment.study import enrich_study
from sensitome.expression.process import PROCESSING, process_arrays
from sensitome.expression.response import measure_response
from sensitome.expression.summary import responding, table_of_groups
from sensitome.expression.trials import response_design
from sensitome.io.arrays import read_array_list, read_arrays
from sensitome.io.evidence import read_evidence
from sensitome.io.gene_sets import read_gene_sets
from sensitome.io.mirbase import read_mirbase
from sensitome.settings import EnrichmentSettings, ExpressionSettings, Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES"]

#: Parts of a study that draw on chance of their own.
_RESPONSE, _ENRICHMENT = 101, 102


def _has_arrays(study: Study) -> bool:
    return study.inputs.arrays is not None


def _express(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    path, settings, vehicle = context.folder / str(study.inputs.arrays), study.expression, study.treatments.vehicle
    assert isinstance(settings, ExpressionSettings)  # noqa: S101 - the study was checked
    assert vehicle is not None  # noqa: S101 - as above
    spots = PROCESSING[settings.processing].needs_spots
    signal = "mean" if spots else "total_gene"
    raw = read_arrays(read_array_list(path), folder=path.parent, signal=signal, spots=spots)
    expression = process_arrays(raw, method=settings.processing, detected_by=settings.detected_by)
    lines = expression.samples["cell_line"].unique(maintain_order=True).to_list() if not settings.groups else []
    groups = settings.groups or {"all": tuple(lines)}
    response = measure_response(
        expression,
        groups=groups,
        vehicle=vehicle,
        test=settings.test,
        comparison=settings.comparison,
        rng=_chance(study, _RESPONSE),
    )
    return {
        "expression": expression.to_table(labels=("cell_line", "treatment")),
        "response": response,
        "response_design": response_design(
            expression, groups=groups, vehicle=vehicle, comparison=settings.comparison, alpha=settings.alpha
        ),
        "response_groups": table_of_groups(response, alpha=settings.alpha, by=settings.by),
    }


def _has_gene_sets(study: Study) -> bool:
    return study.inputs.targets is not None and study.inputs.gene_sets is not None


def _enrich(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study, folder = context.study, context.folder
    settings = study.enrichment
    assert isinstance(settings, EnrichmentSettings)  # noqa: S101 - the study was checked
    base = read_mirbase(folder / study.inputs.mirbase) if study.inputs.mirbase else None
    targets, enrichment = enrich_study(
        _lists(tables, study),
        read_evidence(folder / str(study.inputs.targets), species=None),
        read_gene_sets(folder / str(study.inputs.gene_sets)),
        pools=_pools(tables),
        settings=settings,
        base=base,
        rng=_chance(study, _ENRICHMENT),
        jobs=context.jobs,
    )
    return {"targets": targets, "enrichment": enrichment}


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
        samples = tables["reagents"].filter(pl.col("role") == "sample")
        pools["library"] = samples["target"].drop_nulls().unique(maintain_order=True).to_list()
    return pools


def _chance(study: Study, part: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(part,)))


#: From arrays and targets to what answers and what that controls.
STAGES: tuple[Stage, ...] = (
    Stage(
        "expression",
        (),
        ("expression", "response", "response_design", "response_groups"),
        ("expression", "treatments", "seed"),
        ("arrays",),
        _express,
        applies=_has_arrays,
    ),
    Stage(
        "enrichment",
        ("reagents", "hits"),
        ("targets", "enrichment"),
        ("expression", "enrichment", "seed"),
        ("targets", "gene_sets", "mirbase"),
        _enrich,
        applies=_has_gene_sets,
        uses=("expression", "response"),
    ),
)
