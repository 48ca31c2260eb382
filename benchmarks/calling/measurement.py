"""One simulation, normalized once, and judged by every method for each number of replicates."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from benchmarks.calling.cells import Cell
from benchmarks.calling.figures import Calls, quality, rates_held, sizes_held
from benchmarks.calling.methods import RULES, with_rates
from benchmarks.calling.readiness import Ready, answers, made_ready, normalized

from sensitome.errors import Caution, MethodError
from sensitome.screen.hits import call_matrix
from sensitome.screen.sensitization_calls import judge_cube
from sensitome.screen.sensitization_methods import sensitization_method
from sensitome.screen.sensitization_runs import run_heb
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen

__all__ = ["REPEATED", "VARIANTS", "Measured", "Task", "calls_of", "measure", "varied"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Two screens of one replicate each, of one truth.
REPEATED = "repeated"
#: What is varied beside the design: word → meaning.
VARIANTS = {
    "": "nothing",
    REPEATED: "two screens of one truth, one replicate each, are judged apart",
    "no families": "the model does not know seed families",
    "shuffled families": "the model is given the seed families of other reagents",
    "product patterns": "the model knows patterns that are sets of drugs in sets of lines alone",
}

#: Cells of one simulation, each with the methods that are asked of it.
Task = tuple[tuple[Cell, tuple[str, ...]], ...]


class Measured(NamedTuple):
    """A cell, one record a method, and CPU seconds that it took to make it ready (its share of the simulation)."""

    cell: Cell
    methods: list[dict[str, object]]
    seconds: float


def measure(task: Task) -> list[Measured]:
    """Simulate the screen with most replicates, and judge its first replicates for each cell.

    Returns
    -------
    Records have method, seconds (CPU) and the figures of `figures.quality`; with rates, also those of `rates_held` and
    `sizes_held`. ``unsupported`` says why a method has no answer. Of the variant `REPEATED`: called, again (called in
    the second screen) and jaccard.
    """
    cells = [cell for cell, _ in task]
    start = time.process_time()
    most = max(2 if cell.variant == REPEATED else cell.replicates for cell in cells)
    settings = scenario(cells[0].scenario, replicates=most, size=cells[0].size)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        wells = normalized(simulate_screen(settings, seed=cells[0].seed), normalization=cells[0].normalization)
        shared = (time.process_time() - start) / len(cells)
        for cell, methods in task:
            begun = time.process_time()
            parts = [[1], [2]] if cell.variant == REPEATED else [range(1, cell.replicates + 1)]
            screens = [made_ready(wells, replicates=part) for part in parts]
            seconds = shared + time.process_time() - begun
            found.append(Measured(cell, [_record(screens, cell, method) for method in methods], round(seconds, 4)))
    return found


def _record(screens: Sequence[Ready], cell: Cell, method: str) -> dict[str, object]:
    start = time.process_time()
    try:
        calls = [calls_of(varied(screen, cell), method, variant=cell.variant) for screen in screens]
    except MethodError as fault:
        return {"method": method, "unsupported": str(fault.found)}
    told: dict[str, object] = {"method": method, "seconds": round(time.process_time() - start, 4)}
    if cell.variant == REPEATED:
        return told | _overlap(*calls)
    (own,), truth = calls, screens[0].truth
    extra = {} if own.loyalty is None else {"loyalty": round(own.loyalty, 4)}
    return told | quality(own, truth) | rates_held(own, truth) | sizes_held(own, truth) | extra


def _overlap(first: Calls, second: Calls) -> dict[str, object]:
    """Calls of two screens, and the share of all their calls that both make."""
    either, both = int((first.called | second.called).sum()), int((first.called & second.called).sum())
    numbers = {"called": int(first.called.sum()), "again": int(second.called.sum())}
    return numbers | {"jaccard": round(both / either, 6) if either else None}


def varied(ready: Ready, cell: Cell) -> Ready:
    """Leave out or shuffle the seed families where a cell asks for it."""
    if cell.variant == "no families":
        return ready._replace(family=None)
    if cell.variant == "shuffled families" and ready.family is not None:
        # Among the reagents that have one, so that sizes of families stay.
        family, members = ready.family.copy(), np.flatnonzero(ready.family >= 0)
        family[members] = np.random.default_rng(cell.seed).permutation(family[members])
        return ready._replace(family=family)
    return ready


def calls_of(ready: Ready, method: str, *, variant: str = "") -> Calls:
    """What the rule or a test says, in the order of the truth.

    Raises
    ------
    MethodError
        The design does not support the method.
    """
    return _by_rule(ready, method) if method in RULES else _by_test(ready, method, variant=variant)


def _by_rule(ready: Ready, method: str) -> Calls:
    changes = RULES[method]
    if "replicates" in changes and len(ready.matrix.replicates) < 2:
        raise MethodError(f"this design does not support {method!r}", found="1 replicate")
    found = call_matrix(ready.matrix, settings=answers().hits.model_copy(update=dict(changes)))
    return Calls(_in_order(found.hit, ready.in_matrix) == 1, _in_order(found.statistics.z, ready.in_matrix))


def _by_test(ready: Ready, method: str, *, variant: str) -> Calls:
    record = sensitization_method(method)
    if variant == "product patterns":
        record = replace(record, run=partial(run_heb, patterns="product"))
    judged = judge_cube(
        ready.cube,
        record=record,
        settings=answers().sensitization,
        tested=ready.asked != 0,
        family=ready.family,
        screen=ready.screen,
    )
    test, place = judged.test, ready.in_cube
    calls = Calls(_in_order(judged.sensitizes, place) == 1, _in_order(test.statistic, place))
    if not with_rates(method):
        return calls
    learned = test.learned
    asked = ready.asked != 0

    def of_tested(values: FloatArray) -> FloatArray:
        return _in_order(np.where(asked, values, np.nan), place)

    return calls._replace(
        rate=of_tested(test.rate),
        low=of_tested(test.ci_low),
        high=of_tested(test.ci_high),
        effect=_in_order(test.effect, place),
        raw=_in_order(ready.screen.effect, place),
        loyalty=None if learned is None else learned.sharing,
    )


def _in_order(values: npt.NDArray[np.generic], place: IntArray) -> FloatArray:
    """Values in the order of the truth; NaN where there are none."""
    flat = np.append(values.ravel().astype(np.float64), np.nan)
    return np.asarray(flat[place])
