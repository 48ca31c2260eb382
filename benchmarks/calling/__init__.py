"""Who is called on simulated screens with known truth: the paper's rule and every test of sensitization.

`python -m benchmarks calling` runs two screens of every size and number of replicates, `python -m benchmarks calling
100` a hundred and the further studies (`studies.STUDIES`). SENSITOME_STUDIES=sizes,stress runs these studies alone,
SENSITOME_METHODS=heb these methods, SENSITOME_METHODS=-heb all but this one. What is there in
``benchmarks/results/calling.jsonl`` (or the file that SENSITOME_CALLING names) is not measured again: a run that was
stopped goes on, and `python -m benchmarks.calling.forget heb` has one method measured again. Screens that the benchmark
`gates` has judged with the present code are taken over from it, and the other way round. `python -m
benchmarks.calling.pages --write docs/benchmarks-calling.md` writes the tables of the documentation.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.calling.cells import Cell
from benchmarks.calling.records import Records, read
from benchmarks.calling.studies import STUDIES, asked, cells_of
from benchmarks.calling.summary import reliability, summarize
from benchmarks.calling.work import complete, results

__all__ = ["run"]

SHORT_SCREENS = 2


def run(screens: int | None = None) -> list[dict[str, object]]:
    """Simulate and judge what is not there yet, then sum up the cells asked for.

    Parameters
    ----------
    screens : seeds of each design, or fewer where a study has fewer; default: SENSITOME_SCREENS, else two
    """
    number = screens or int(os.environ.get("SENSITOME_SCREENS", SHORT_SCREENS))
    path, words = results("calling"), os.environ.get("SENSITOME_METHODS", "")
    told: list[dict[str, object]] = []
    every: list[Cell] = []
    for name, cells in cells_of(number, asked(tuple(STUDIES), os.environ.get("SENSITOME_STUDIES", ""))).items():
        methods = asked(STUDIES[name].methods, words)
        spent = complete(dict.fromkeys(cells, methods), path=path, other=results("gates"))
        told += [{"name": f"{name}: measured now", **spent}] if spent["simulations"] else []
        every += cells
    finished = read(path)
    found = {cell: finished[cell] for cell in every if cell in finished}
    return [*told, *_cautions(found), *summarize(found), *reliability(found)]


def _cautions(records: Records) -> Sequence[dict[str, object]]:
    """Methods that were measured with several states of the code."""
    states = defaultdict(set)
    for record in records.values():
        for entry in record["methods"]:
            states[entry["method"]].add(entry["code"])
    return [
        {"name": f"caution: {method} by several states of the code", "states": len(found)}
        for method, found in states.items()
        if len(found) > 1
    ]
