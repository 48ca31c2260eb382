"""The recommended model against its gates: error rates, calibration and intervals on simulated screens.

`python -m benchmarks gates` runs two screens of each design, `python -m benchmarks gates 100` a hundred. Only the model
and the paper's rule are run, and the screens of one, two and three replicates are one simulation. What is there in
``benchmarks/results/gates.jsonl`` (or the file that SENSITOME_GATES names) is not run again: delete it when the code
has changed.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.calling import work
from benchmarks.calling.gate_report import coverage, gate_rows
from benchmarks.calling.gate_screens import gate_cells, measure_together
from benchmarks.calling.records import read
from benchmarks.calling.summary import reliability, summarize

__all__ = ["run"]


def run(screens: int | None = None) -> list[dict[str, object]]:
    """Simulate and judge what is not there yet; then gates, figures, calibration and coverage.

    Parameters
    ----------
    screens : seeds of each design; default two
    """
    path = Path(os.environ.get("SENSITOME_GATES", Path(__file__).parent / "results" / "gates.jsonl"))
    groups = gate_cells(screens or 2)
    done = read(path)
    work([group for group in groups if any(cell not in done for cell in group)], path=path, measure=measure_together)
    finished = read(path)
    found = {cell: finished[cell] for group in groups for cell in group}
    return [*gate_rows(found), *summarize(found), *reliability(found), *coverage(found)]
