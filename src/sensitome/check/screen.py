"""The screen: plates, library, arms, arrays and expressed targets, up to the calls."""

from __future__ import annotations

from functools import partial

import polars as pl

from sensitome.check.findings import Findings
from sensitome.inputs import read_expression
from sensitome.io.mirbase import read_mirbase
from sensitome.io.prior_file import PriorFile, read_prior
from sensitome.io.truth import read_true_genes, read_truth
from sensitome.screen.prior import use_prior
from sensitome.screen.quality_figures import figures_with
from sensitome.screen.sensitization_design import check_sensitization
from sensitome.screen.stability import settings_grid
from sensitome.settings import Study
from sensitome.stages.record import Context
from sensitome.stages.screen import can_test, targets_of

__all__ = ["check_screen"]


def check_screen(context: Context, found: Findings) -> None:
    """Judge each input of the screen by itself, then run the stages up to the calls."""
    study = context.study
    found.attempt(lambda: list(settings_grid(study)))
    thresholds = found.attempt(lambda: figures_with(study.quality.thresholds))
    found.attempt(lambda: read_expression(study.inputs, folder=context.folder), of="expressed")
    if study.inputs.mirbase:
        # Names of arrays and library are joined by it, so that it is read before the calls.
        base = found.attempt(lambda: read_mirbase(context.folder / str(study.inputs.mirbase)), of="mirbase")
        if base is not None:
            found.sound["miRBase"] = f"{base.matures['version'].n_unique()} releases"
    for name, read in (("truth", read_truth), ("true_genes", read_true_genes)):
        if named := getattr(study.inputs, name):
            found.attempt(partial(read, context.folder / named), of=name)
    prior = study.sensitization.prior
    kept = found.attempt(lambda: read_prior(context.folder / prior)) if prior else None
    for name in ("read", "normalize", *(("quality",) if thresholds is not None else ()), "score"):
        found.rehearse(name, context)
    _check_arrays(context, found)
    if study.inputs.expressed and (study.expression is None or study.expression.expressed_by != "arrays"):
        # The table says what is expressed, whatever is wrong with the arrays.
        found.refused -= {"detection"}
    found.rehearse("expressed", context)
    if found.rehearse("hits", context) and found.attempt(lambda: _can_be_tested(study, found.tables)):
        wells = found.tables["readings"]
        arms = wells["treatment"].n_unique()
        size = f"{wells['plate'].n_unique()} plates, {wells.height:,} wells, {arms} treatment{'s' * (arms > 1)}"
        found.sound["screen"] = size
        if kept is not None and can_test(study):
            found.attempt(lambda: _check_prior(kept, context, found.tables["scores"]))


def _check_arrays(context: Context, found: Findings) -> None:
    """Run the test of the arrays; shuffled ranks need as much as ranks that are not shuffled."""
    study = context.study
    if study.expression is not None and study.expression.test == "permutation":
        study = study.model_copy(update={"expression": study.expression.model_copy(update={"test": "aligned"})})
    if found.rehearse("expression", Context(study, context.folder, context.jobs)):
        arrays = found.tables["expression"]
        found.sound["arrays"] = f"{arrays['sample'].n_unique()} arrays, {arrays['feature'].n_unique():,} miRNAs"


def _can_be_tested(study: Study, tables: dict[str, pl.DataFrame]) -> bool:
    """True; refuses a design that the test of sensitization does not allow, where a run makes it."""
    if can_test(study):
        check_sensitization(
            tables["scores"],
            treatments=study.treatments,
            method=study.sensitization.method,
            settings=study.sensitization,
            targets=targets_of(tables["reagents"]),
        )
    return True


def _check_prior(kept: PriorFile, context: Context, scores: pl.DataFrame) -> bool:
    """True; refuses a prior of other lines or arms than those of the screen."""
    study = context.study
    vehicle = str(study.treatments.vehicle)
    use_prior(
        kept,
        lines=sorted(scores["cell_line"].unique()),
        arms=[vehicle, *sorted(set(scores["treatment"].unique()) - {vehicle})],
        weight=study.sensitization.prior_weight,
        where=f"sensitization.prior = {study.sensitization.prior!r}",
    )
    return True
