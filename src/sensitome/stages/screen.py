"""Stages of the screen: wells, quality, scores, hits, sensitizers, stability."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sensitome.families import reagent_families
from sensitome.inputs import plate_file_table, read_inputs, split_reagents
from sensitome.io.plate_files import PlateFile
from sensitome.io.prior_file import read_prior
from sensitome.screen.arms import check_treatments
from sensitome.screen.concordance import compare_calls
from sensitome.screen.funnel import count_funnel
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.quality import assess_quality, caution_many_hits, plates_with_many_hits
from sensitome.screen.score import score
from sensitome.screen.sensitization import sensitize
from sensitome.screen.stability import map_stability
from sensitome.settings import Study
from sensitome.stages import arrays
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES", "can_test", "expressed_of", "targets_of"]


def _read(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    files: list[PlateFile] = []
    wells = read_inputs(context.study.inputs, folder=context.folder, jobs=context.jobs, told=files.append)
    check_treatments(context.study.treatments, arms=wells["treatment"].unique().sort().to_list())
    readings, reagents = split_reagents(wells)
    return {
        "readings": readings,
        "reagents": reagents,
        "plate_files": plate_file_table(files, folder=context.folder),
    }


def _normalize(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    return {"wells": normalize(tables["readings"], settings=context.study.normalize, jobs=context.jobs)}


def _quality(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    many = context.study.quality.many_hits
    caution_many_hits(plates_with_many_hits(tables["wells"], share=many), share=many)
    plates, quality = assess_quality(
        tables["wells"],
        vehicle=context.study.treatments.vehicle,
        thresholds=context.study.quality.thresholds,
        jobs=context.jobs,
    )
    return {"plates": plates, "quality": quality}


def _score(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    return {"scores": score(tables["wells"], settings=context.study.score)}


def _hits(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    hits = call_hits(
        tables["scores"],
        settings=context.study.hits,
        treatments=context.study.treatments,
        expressed=expressed_of(tables),
        targets=targets_of(tables["reagents"]),
    )
    told = expressed_of(tables)
    source = "" if told is None else str(told["source"][0])
    return {"hits": hits, "funnel": count_funnel(hits, treatments=context.study.treatments, expressed_by=source)}


def expressed_of(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame | None:
    """Which targets are expressed, when anything says so."""
    told = tables.get("expressed")
    return None if told is None or told.is_empty() else told


def can_test(study: Study) -> bool:
    """Whether the study has a vehicle, scores on the log2 scale, and asks for a test."""
    on_log2 = study.normalize.scale == "log2" and study.score.standardize == "none" and study.score.sign == "+"
    asked = study.sensitization.method != "none" and study.treatments.vehicle is not None
    return asked and on_log2 and study.score.unit == "reagent"


def _sensitize(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study, reagents = context.study, tables["reagents"]
    prior = study.sensitization.prior
    found = sensitize(
        tables["scores"],
        treatments=study.treatments,
        method=study.sensitization.method,
        settings=study.sensitization,
        expressed=expressed_of(tables) if study.hits.expression != "off" else None,
        targets=targets_of(reagents),
        families=reagent_families(reagents, kinds=study.sensitization.seed_kinds),
        expression_kinds=study.hits.expression_kinds,
        prior=read_prior(context.folder / prior) if prior else None,
    )
    return {
        "sensitizers": found.sensitizers,
        "concordance": compare_calls(found.sensitizers, tables["hits"]),
        "sensitization_fit": found.fit,
        "families": found.families,
    }


def _stability(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    stability, settings = map_stability(
        tables["wells"],
        tables["hits"],
        study=context.study,
        own_scores=tables["scores"],
        expressed=expressed_of(tables),
        targets=targets_of(tables["reagents"]),
        jobs=context.jobs,
        advance=lambda done, total: context.progress("stability", done, total),
    )
    return {"stability": stability, "stability_settings": settings}


def targets_of(reagents: pl.DataFrame) -> pl.DataFrame | None:
    """Which target each reagent has, when the library says so."""
    return reagents.select("reagent", "kind", "target").unique() if "target" in reagents.columns else None


#: From raw files to sensitizers.
STAGES: tuple[Stage, ...] = (
    Stage(
        "read",
        (),
        ("readings", "reagents", "plate_files"),
        ("inputs", "treatments"),
        ("readings",),
        _read,
        version=2,
    ),
    Stage("normalize", ("readings",), ("wells",), ("normalize",), (), _normalize),
    Stage("quality", ("wells",), ("plates", "quality"), ("quality", "treatments"), (), _quality),
    Stage("score", ("wells",), ("scores",), ("score",), (), _score),
    *arrays.STAGES,
    Stage("hits", ("scores", "reagents"), ("hits", "funnel"), ("hits", "treatments"), (), _hits, uses=("expressed",)),
    Stage(
        "sensitize",
        ("scores", "reagents", "hits"),
        ("sensitizers", "concordance", "sensitization_fit", "families"),
        ("sensitization", "treatments", "hits"),
        ("prior",),
        _sensitize,
        uses=("expressed",),
        applies=can_test,
        version=6,
    ),
    Stage(
        "stability",
        ("wells", "scores", "hits", "reagents"),
        ("stability", "stability_settings"),
        ("normalize", "score", "hits", "stability", "treatments"),
        (),
        _stability,
        uses=("expressed",),
    ),
)
