"""Stages about the calls of the screen: how far they can be trusted, and what supports them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import polars as pl

from sensitome.errors import Caution, ControlError, MethodError
from sensitome.families import reagent_families
from sensitome.io.prior_file import read_prior
from sensitome.screen.calibration import call_probability
from sensitome.screen.drug_effects import control_agreement, drug_effects
from sensitome.screen.hits import call_hits
from sensitome.screen.null_screen import null_table
from sensitome.screen.one_arm import one_arm_effects
from sensitome.screen.sensitization import sensitize
from sensitome.screen.sensitization_methods import interval_level
from sensitome.screen.sensitizer_evidence import antisymmetry, line_evidence
from sensitome.screen.tables import SCREEN_TABLES
from sensitome.screen.three_way import three_way_effects
from sensitome.stages.record import Context, Stage, Tables
from sensitome.stages.screen import can_test, expressed_of, targets_of

__all__ = ["STAGES"]


def _probability(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    """How often the rule would call each context again; nothing where the noise of a well cannot be told."""
    study = context.study
    if not study.hits.bootstrap:
        return {"call_probability": SCREEN_TABLES["call_probability"].create_empty()}
    try:
        table = call_probability(
            tables["scores"],
            settings=study.hits,
            treatments=study.treatments,
            expressed=expressed_of(tables),
            targets=targets_of(tables["reagents"]),
            rounds=study.hits.bootstrap,
            seed=study.seed,
        )
    except MethodError as error:
        _leave_out("the chance that the rule calls again", error)
        table = SCREEN_TABLES["call_probability"].create_empty()
    return {"call_probability": table}


def _null(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    """How much rule and test would call in this very screen if no drug changed anything."""
    study, reagents = context.study, tables["reagents"]
    if not study.sensitization.null_screens:
        return {"null_calls": SCREEN_TABLES["null_calls"].create_empty()}
    expressed, targets = expressed_of(tables), targets_of(reagents)
    prior = study.sensitization.prior
    kept = read_prior(context.folder / prior) if prior else None
    families = reagent_families(reagents, kinds=study.sensitization.seed_kinds)

    def rule(scores: pl.DataFrame) -> pl.DataFrame:
        return call_hits(
            scores, settings=study.hits, treatments=study.treatments, expressed=expressed, targets=targets
        ).select(called="is_hit")

    def test(scores: pl.DataFrame) -> pl.DataFrame:
        return sensitize(
            scores,
            treatments=study.treatments,
            method=study.sensitization.method,
            settings=study.sensitization,
            expressed=expressed if study.hits.expression != "off" else None,
            targets=targets,
            families=families,
            expression_kinds=study.hits.expression_kinds,
            prior=kept,
        ).sensitizers.select(called="is_sensitizer")

    ways: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {"rule": rule, study.sensitization.method: test}
    table = null_table(
        tables["scores"],
        ways,
        treatments=study.treatments,
        rounds=study.sensitization.null_screens,
        seed=study.seed,
        advance=lambda done, total: context.progress("null", done, total),
    )
    return {"null_calls": table}


def _support(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    """What supports the calls: controls that agree, drugs together, further lines, the opposite reagent of a miRNA."""
    study = context.study
    empty = {name: SCREEN_TABLES[name].create_empty() for name in _SUPPORT}
    made = {}
    for name, make in (("drug_effects", drug_effects), ("control_agreement", control_agreement)):
        try:
            made[name] = make(tables["wells"], treatments=study.treatments)
        except ControlError as error:
            _leave_out("what the drugs do alone", error)
            break
    sensitizers = tables["sensitizers"]
    made["line_evidence"] = line_evidence(
        sensitizers, tables["scores"], treatments=study.treatments, settings=study.sensitization
    )
    if study.treatments.combinations:
        made["three_way"] = three_way_effects(
            tables["scores"], treatments=study.treatments, settings=study.sensitization
        )
    if {"mimic", "inhibitor"} <= set(sensitizers["kind"]) and sensitizers["ci_low"].is_not_null().any():
        targets = targets_of(tables["reagents"])
        own = sensitizers.select("reagent", "kind", pl.col("reagent").alias("target")).unique()
        level = interval_level(study.sensitization.method, level=study.sensitization.level)
        made["antisymmetry"] = antisymmetry(sensitizers, targets=own if targets is None else targets, level=level)
    return empty | made


def _one_arm(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    """Effects of a screen without a drug; nothing where arms are compared, or scores are not log2 effects."""
    study = context.study
    on_log2 = study.normalize.scale == "log2" and study.score.standardize == "none" and study.score.sign == "+"
    if study.treatments.vehicle is not None or not on_log2 or study.score.unit != "reagent":
        return {"one_arm": SCREEN_TABLES["one_arm"].create_empty()}
    settings = study.sensitization
    table = one_arm_effects(tables["scores"], wells=tables["wells"], least=settings.quiet, sure=settings.sure)
    return {"one_arm": table}


_SUPPORT = ("drug_effects", "control_agreement", "three_way", "line_evidence", "antisymmetry")


def _leave_out(what: str, error: ControlError | MethodError) -> None:
    """Say why a table is empty."""
    reason = Caution(f"{what} is not known", found=str(error).rstrip("."), next_step="The rest of the run stands.")
    warnings.warn(reason, stacklevel=3)


#: Behind the calls of the screen.
STAGES: tuple[Stage, ...] = (
    Stage(
        "probability",
        ("scores", "reagents"),
        ("call_probability",),
        ("hits", "treatments", "seed"),
        (),
        _probability,
        uses=("expressed",),
    ),
    Stage(
        "one arm",
        ("wells", "scores"),
        ("one_arm",),
        ("normalize", "score", "sensitization", "treatments"),
        (),
        _one_arm,
    ),
    Stage(
        "null",
        ("scores", "reagents"),
        ("null_calls",),
        ("sensitization", "hits", "treatments", "seed"),
        ("prior",),
        _null,
        uses=("expressed",),
        applies=can_test,
    ),
    Stage(
        "support",
        ("wells", "scores", "reagents", "sensitizers"),
        _SUPPORT,
        ("sensitization", "treatments"),
        (),
        _support,
        applies=can_test,
        version=2,
    ),
)
