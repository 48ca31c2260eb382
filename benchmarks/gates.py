"""The recommended model against its gates: error rates, calibration and intervals on simulated screens.

`python -m benchmarks gates` runs two screens of each design, `python -m benchmarks gates 100` a hundred. Only the model
and the paper's rule are run, and the screens of one, two and three replicates are one simulation. What is there in
``benchmarks/results/gates.jsonl`` (or the file that SENSITOME_GATES names) is not run again: delete it when the code
has changed.
"""

from __future__ import annotations

from benchmarks.calling.gate_report import coverage, gate_rows
from benchmarks.calling.gate_screens import METHODS, gate_cells
from benchmarks.calling.records import read
from benchmarks.calling.summary import reliability, summarize
from benchmarks.calling.work import complete, results

__all__ = ["run"]


def run(screens: int | None = None) -> list[dict[str, object]]:
    """Simulate and judge what is not there yet; then gates, figures, calibration and coverage.

    Parameters
    ----------
    screens : seeds of each design; default two
    """
    path = results("gates")
    cells = [cell for group in gate_cells(screens or 2) for cell in group]
    complete(dict.fromkeys(cells, METHODS), path=path, other=results("calling"))
    finished = read(path)
    found = {cell: finished[cell] for cell in cells}
    return [*gate_rows(found), *summarize(found), *reliability(found), *coverage(found)]
