"""Who is called on simulated screens with known truth: the paper's rule and every test of sensitization.

`python -m benchmarks calling` runs two screens of four designs; `python -m benchmarks calling 10` ten of each;
`python -m benchmarks calling 100`, or SENSITOME_SCREENS=100, all designs. Screens are kept in
``benchmarks/results/calling.jsonl`` and not run again: delete the file, or name another in SENSITOME_CALLING, when the
code has changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from benchmarks.calling.cells import SHORT_SCREENS, Cell, cells_of
from benchmarks.calling.records import append, code_state, read, remaining
from benchmarks.calling.screens import measure
from benchmarks.calling.summary import reliability, summarize

from sensitome.parallel import usable_cores

__all__ = ["run", "work"]

Part = TypeVar("Part")

#: Read by the linear algebra when a process starts.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def run(screens: int | None = None) -> list[dict[str, object]]:
    """Simulate and judge what is not there yet, then sum up the cells asked for.

    Parameters
    ----------
    screens : seeds of each design; default: SENSITOME_SCREENS, else two
    """
    number = screens or int(os.environ.get("SENSITOME_SCREENS", SHORT_SCREENS))
    path = Path(os.environ.get("SENSITOME_CALLING", Path(__file__).parents[1] / "results" / "calling.jsonl"))
    asked = cells_of(number)
    work(remaining(asked, read(path)), path=path, measure=_measure_one)
    finished = read(path)
    found = {cell: finished[cell] for cell in asked}
    states = len({record["code"] for record in found.values()})
    told = [] if states == 1 else [{"name": "caution: screens by several states of the code", "states": states}]
    return [*told, *summarize(found), *reliability(found)]


def _measure_one(cell: Cell) -> list[tuple[Cell, list[dict[str, object]]]]:
    return [(cell, measure(cell))]


def work(
    cells: Sequence[Part], *, path: Path, measure: Callable[[Part], list[tuple[Cell, list[dict[str, object]]]]]
) -> None:
    """Measure cells, or groups of them, one process a core and one thread each; write each down when it is done."""
    if not cells:
        return
    for name in _THREADS:
        os.environ[name] = "1"
    code = code_state()
    # A new interpreter each: a forked one would keep the threads of its parent.
    with ProcessPoolExecutor(min(usable_cores(), len(cells)), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(measure, cell) for cell in cells]
        for number, done in enumerate(as_completed(running), start=1):
            for cell, methods in done.result():
                append(path, cell, methods, code=code)
            print(f"  {number} of {len(cells)} screens", end="\r", flush=True)
