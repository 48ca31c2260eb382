"""One simulated screen, normalized, scored, called by the rule and by every test, and held against its truth."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl
from benchmarks.calling.cells import Cell

from sensitome.errors import Caution, MethodError
from sensitome.families import reagent_families
from sensitome.inputs import split_reagents
from sensitome.io.study_file import preset
from sensitome.screen.hits import call_hits
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.screen.sensitization import test_sensitization
from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.scoring import CONTEXT, score_against_truth
from sensitome.screen.simulation.simulate import Simulation, simulate_screen
from sensitome.settings import Preset, Treatments

__all__ = ["BINS", "METHODS", "PRESET", "RULE", "Prepared", "judged", "measure", "prepared"]

PRESET = "normann2021"
RULE = "rule"
#: The rule of the paper, and every test that needs no groups of reagents.
METHODS = (RULE, *(name for name, record in SENSITIZATION_METHODS.items() if not record.needs_groups))
#: Ends of the bins of local rates.
BINS = np.linspace(0.0, 1.0, 11)


def measure(cell: Cell) -> list[dict[str, object]]:
    """What every method finds in a screen.

    Parameters
    ----------
    cell : which screen

    Returns
    -------
    One record a method: method, seconds, and of contexts true, called, right, recall, false_share, average_precision;
    of reagents reagents_called, reagents_recall, reagents_false_share; `reliability`, for methods with local rates, the
    number of contexts, the sum of their rates and the number without a true interaction in each of ten bins.
    ``unsupported`` says why a method has no answer.
    """
    simulation = simulate_screen(scenario(cell.scenario, replicates=cell.replicates, size=cell.size), seed=cell.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        ready = prepared(simulation, normalization=cell.normalization)
        scores = ready.scored(ready.normalized)
        return list(judged(simulation, scores, reagents=ready.reagents, methods=METHODS))


@cache
def _answers() -> Preset:
    """Read the preset once a process, so that a file that changes meanwhile does not."""
    return preset(PRESET)


class Prepared(NamedTuple):
    """Normalized wells, and the reagents of the library."""

    normalized: pl.DataFrame
    reagents: pl.DataFrame

    def scored(self, wells: pl.DataFrame) -> pl.DataFrame:
        """Scores of these normalized wells."""
        return score(wells, settings=_answers().score)


def prepared(simulation: Simulation, *, normalization: str) -> Prepared:
    """Normalize the wells, plate by plate, so that replicates can be taken away afterwards."""
    how = _answers().normalize
    if normalization == "median":
        how = type(how)(method="median", scale="log2")
    readings, reagents = split_reagents(simulation.wells)
    return Prepared(normalize(readings, settings=how), reagents)


def judged(
    simulation: Simulation, scores: pl.DataFrame, *, reagents: pl.DataFrame, methods: Sequence[str]
) -> Iterator[dict[str, object]]:
    """One record a method."""
    arms = [arm.name for arm in simulation.settings.design.arms]
    facts = {
        "treatments": Treatments(vehicle=arms[0]),
        "expressed": simulation.expressed,
        "targets": reagents.select("reagent", "kind", "target").drop_nulls("target"),
    }
    for method in methods:
        start = time.perf_counter()
        try:
            calls = _calls(scores, reagents, facts=facts, method=method)
        except MethodError as fault:
            yield {"method": method, "unsupported": str(fault.found)}
            continue
        seconds = time.perf_counter() - start
        yield {"method": method, "seconds": round(seconds, 3), **_quality(calls, simulation.truth, method=method)}


def _calls(scores: pl.DataFrame, reagents: pl.DataFrame, *, facts: Mapping[str, object], method: str) -> pl.DataFrame:
    """Columns `CONTEXT`, called, ranking, local_rate of the rule or of a test."""
    answers = _answers()
    if method == RULE:
        hits = call_hits(scores, settings=answers.hits, **facts)  # type: ignore[arg-type]
        return hits.select(*CONTEXT, called="is_hit", ranking="z", local_rate=pl.lit(None, pl.Float64))
    table = test_sensitization(
        scores,
        method=method,
        settings=answers.sensitization,
        families=reagent_families(reagents, kinds=answers.sensitization.seed_kinds),
        expression_kinds=answers.hits.expression_kinds,
        **facts,  # type: ignore[arg-type]
    )
    return table.select(
        *CONTEXT, "local_rate", "ci_low", "ci_high", "is_expressed", called="is_sensitizer", ranking="statistic"
    )


def _quality(calls: pl.DataFrame, truth: pl.DataFrame, *, method: str) -> dict[str, object]:
    levels = score_against_truth(calls, truth, called="called", ranking="ranking").rows_by_key("level", named=True)
    context, reagent = levels["context"][0], levels["reagent"][0]
    told = ("true", "called", "right", "recall", "false_share", "average_precision")
    answer: dict[str, object] = {name: context[name] for name in told}
    answer |= {f"reagents_{name}": reagent[name] for name in ("called", "recall", "false_share")}
    if method in SENSITIZATION_METHODS and SENSITIZATION_METHODS[method].decision in ("mean_rate", "local_rate"):
        tested = calls.filter(pl.col("is_expressed").fill_null(True))
        answer["reliability"] = _reliability(tested, truth)
        answer["coverage"] = _coverage(tested, truth)
    return answer


def _coverage(calls: pl.DataFrame, truth: pl.DataFrame) -> list[list[int]]:
    """Contexts, and those whose true interaction lies in the interval: all, called, not called, active."""
    both = calls.drop_nulls("ci_low").join(truth.select(*CONTEXT, "is_active", "delta"), on=CONTEXT, how="inner")
    inside = (both["delta"] >= both["ci_low"]) & (both["delta"] <= both["ci_high"])
    kinds = [inside.is_not_null(), both["called"], ~both["called"], both["is_active"]]
    return [[int(kind.sum()), int((inside & kind).sum())] for kind in kinds]


def _reliability(calls: pl.DataFrame, truth: pl.DataFrame) -> list[list[float]]:
    """Contexts, sum of rates and contexts without a true interaction, by bin of the rate."""
    both = calls.drop_nulls("local_rate").join(truth.select(*CONTEXT, "is_active"), on=CONTEXT, how="inner")
    rate, false = both["local_rate"].to_numpy(), ~both["is_active"].to_numpy()
    place = np.clip(np.searchsorted(BINS, rate, side="left") - 1, 0, len(BINS) - 2)
    sums = [np.bincount(place, weights=w, minlength=len(BINS) - 1) for w in (np.ones(len(rate)), rate, false)]
    return [[float(round(v, 6)) for v in row] for row in np.stack(sums, axis=1)]
