"""Stages of the arrays, before the calls of the screen: levels, which miRNAs answer, which targets cells express."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from sensitome.expression.detection import call_expressed
from sensitome.expression.exclusion import expressed_source, expressed_targets
from sensitome.expression.process import PROCESSING, process_arrays
from sensitome.expression.response import measure_response
from sensitome.expression.settings import ExpressionSettings
from sensitome.expression.summary import table_of_groups
from sensitome.expression.tables import Detection, Expressed
from sensitome.expression.trials import response_design
from sensitome.expression_matrix import Expression
from sensitome.inputs import array_source, read_expression
from sensitome.io.mirbase import read_mirbase
from sensitome.settings import Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES", "express", "tell_expressed"]

#: Part of a study that draws on chance of its own.
_RESPONSE = 101


def express(study: Study, context: Context) -> Expression:
    """Read and process the arrays of a study.

    Parameters
    ----------
    study : with ``inputs.arrays`` and a section ``[expression]``
    context : where they lie

    Returns
    -------
    Expression, log2

    Raises
    ------
    SensitomeError
        As `sensitome.io.study_arrays.read_study_arrays` and `process_arrays`.
    """
    from sensitome.io.study_arrays import read_study_arrays

    settings = study.expression
    assert isinstance(settings, ExpressionSettings)  # noqa: S101 - the study was checked
    source = array_source(study.inputs, folder=context.folder, settings=settings)
    raw = read_study_arrays(source, spots=PROCESSING[settings.processing].needs_spots)
    return process_arrays(raw, method=settings.processing, detected_by=settings.detected_by)


def _has_arrays(study: Study) -> bool:
    return study.inputs.arrays is not None


def _express(_tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    settings, vehicle = study.expression, study.treatments.vehicle
    assert isinstance(settings, ExpressionSettings)  # noqa: S101 - the study was checked
    assert vehicle is not None  # noqa: S101 - as above
    expression = express(study, context)
    lines = expression.samples["cell_line"].unique(maintain_order=True).to_list() if not settings.groups else []
    groups = settings.groups or {"all": tuple(lines)}
    response = measure_response(
        expression,
        groups=groups,
        vehicle=vehicle,
        test=settings.test,
        comparison=settings.comparison,
        rng=np.random.default_rng(np.random.SeedSequence(study.seed, spawn_key=(_RESPONSE,))),
    )
    detection: pl.DataFrame = Detection.create_empty()
    if expression.detected is not None:
        called = call_expressed(expression, vehicle=vehicle, share=settings.detected_share)
        detection = called.rename({"target": "feature"})
    return {
        "expression": expression.to_table(labels=("cell_line", "treatment")),
        "response": response,
        "response_design": response_design(
            expression, groups=groups, vehicle=vehicle, comparison=settings.comparison, alpha=settings.alpha
        ),
        "response_groups": table_of_groups(response, alpha=settings.alpha, by=settings.by),
        "detection": detection,
    }


def tell_expressed(tables: Mapping[str, pl.DataFrame], context: Context) -> pl.DataFrame:
    """Say which targets of the library each line expresses, from the source that the study chooses.

    Parameters
    ----------
    tables : `readings`, `reagents`, and `detection` where there are arrays
    context : the study

    Returns
    -------
    Table `expressed`; no rows where no source says anything

    Raises
    ------
    SensitomeError
        The source is not there, cannot be read, or says nothing of a line.
    """
    study = context.study
    detection = tables.get("detection")
    has_arrays = detection is not None and not detection.is_empty()
    chosen = study.expression.expressed_by if study.expression is not None else "auto"
    source = expressed_source(chosen=chosen, has_table=study.inputs.expressed is not None, has_arrays=has_arrays)
    if source is None:
        return Expressed.create_empty()
    if source == "table":
        told = read_expression(study.inputs, folder=context.folder)
    else:
        told = None if detection is None else detection.rename({"feature": "target"})
    assert told is not None  # noqa: S101 - the source is there
    asked = _asked(tables["reagents"], study)
    by_line = study.hits.expression == "same-line" and bool(asked)
    base = read_mirbase(context.folder / study.inputs.mirbase) if study.inputs.mirbase else None
    lines = tables["readings"]["cell_line"].unique(maintain_order=True).to_list() if by_line else []
    return expressed_targets(told, source=source, wanted=_wanted(tables["reagents"]), lines=lines, base=base)


def _asked(reagents: pl.DataFrame, study: Study) -> list[str]:
    """Reagents that need an expressed target."""
    is_asked = (pl.col("role").cast(pl.String) == "sample") & pl.col("kind").is_in(list(study.hits.expression_kinds))
    return [] if study.hits.expression == "off" else reagents.filter(is_asked)["reagent"].to_list()


def _wanted(reagents: pl.DataFrame) -> list[str]:
    """Targets of the library's samples; a reagent without one is its own target."""
    samples = reagents.filter(pl.col("role").cast(pl.String) == "sample")
    target = pl.coalesce("target", "reagent") if "target" in samples.columns else pl.col("reagent")
    return samples.select(target.alias("target"))["target"].unique(maintain_order=True).to_list()


def _expressed(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    return {"expressed": tell_expressed(tables, context)}


#: From arrays to what answers, and to what the screen's exclusion of inhibitors asks.
STAGES: tuple[Stage, ...] = (
    Stage(
        "expression",
        (),
        ("expression", "response", "response_design", "response_groups", "detection"),
        ("expression", "treatments", "seed"),
        ("arrays",),
        _express,
        applies=_has_arrays,
        version=2,
    ),
    Stage(
        "expressed",
        ("readings", "reagents"),
        ("expressed",),
        ("expression", "hits"),
        ("expressed", "mirbase"),
        _expressed,
        applies=lambda study: _has_arrays(study) or study.inputs.expressed is not None,
        uses=("detection",),
    ),
)
