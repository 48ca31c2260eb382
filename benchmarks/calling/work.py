"""Measure what is not there yet, one process a core and one thread each."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from benchmarks.calling.cells import Cell, simulations
from benchmarks.calling.measurement import Measured, Task, measure
from benchmarks.calling.records import append, code_states, read, remaining

from sensitome.parallel import usable_cores

__all__ = ["complete", "results", "take_over"]

#: Read by the linear algebra when a process starts.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def results(name: str) -> Path:
    """File of the records: `benchmarks/results/<name>.jsonl`, or what SENSITOME_<NAME> says."""
    return Path(os.environ.get(f"SENSITOME_{name.upper()}", Path(__file__).parents[1] / "results" / f"{name}.jsonl"))


def complete(cells: Mapping[Cell, Sequence[str]], *, path: Path, other: Path | None = None) -> dict[str, float]:
    """Measure the methods of cells that the file lacks, and write each simulation down when it is done.

    Records do not depend on the number of processes, and neither on what is measured together.

    Parameters
    ----------
    cells : cell → methods
    path : file of the records
    other : file whose records of these cells are taken over, where the present code made them

    Returns
    -------
    simulations, jobs, wall and CPU seconds of what was measured now
    """
    if other is not None:
        take_over(cells, path=path, other=other)
    done = read(path)
    missing = {cell: left for cell, methods in cells.items() if (left := remaining(cell, methods, done))}
    tasks: list[Task] = [tuple((cell, missing[cell]) for cell in group) for group in simulations(missing)]
    jobs = min(usable_cores(), len(tasks))
    start, cpu = time.monotonic(), 0.0
    if tasks:
        for name in _THREADS:
            os.environ[name] = "1"
        states = code_states()
        # A new interpreter each: a forked one would keep the threads of its parent.
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
        try:
            running = [pool.submit(measure, task) for task in tasks]
            for number, finished in enumerate(as_completed(running), start=1):
                cpu += sum(_write(found, path=path, states=states) for found in finished.result())
                print(f"  {number} of {len(tasks)} simulations", end="\r", flush=True)
        finally:
            # What was not begun is left for the next run.
            pool.shutdown(cancel_futures=True)
    return {"simulations": len(tasks), "jobs": jobs, "wall_s": time.monotonic() - start, "cpu_s": cpu}


def take_over(cells: Mapping[Cell, Sequence[str]], *, path: Path, other: Path) -> int:
    """Copy what a file lacks and another one has, if the present code made it; the number of records."""
    done, elsewhere, states, taken = read(path), read(other), code_states(), 0
    for cell in set(cells) & set(elsewhere):
        lacking = remaining(cell, cells[cell], done)
        fresh = [
            entry
            for entry in elsewhere[cell]["methods"]
            if entry["method"] in lacking and entry["code"] == states.get(entry["method"], states["other"])
        ]
        if fresh:
            append(path, cell, fresh, seconds=elsewhere[cell]["seconds"])
        taken += len(fresh)
    return taken


def _write(found: Measured, *, path: Path, states: Mapping[str, str]) -> float:
    """Write the records of a cell down; its CPU seconds."""
    told = [{**entry, "code": states.get(str(entry["method"]), states["other"])} for entry in found.methods]
    append(path, found.cell, told, seconds=found.seconds)
    return found.seconds + sum(float(str(entry.get("seconds", 0.0))) for entry in found.methods)
