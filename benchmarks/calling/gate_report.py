"""Gates and what was measured, and how many true interactions lie in their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from benchmarks.calling.cells import Cell
from benchmarks.calling.summary import mean_and_error

__all__ = ["GATES", "Gate", "coverage", "gate_rows"]

Records = Mapping[Cell, Mapping[str, Any]]


class Gate(NamedTuple):
    """A bound on the mean of a figure over screens."""

    scenario: str
    replicates: int
    size: float
    figure: str
    least: float | None = None
    most: float | None = None


def _main(size: float, replicates: int, recall: float, false_share: float, precision: float) -> list[Gate]:
    return [
        Gate("main", replicates, size, "recall", least=recall),
        Gate("main", replicates, size, "false_share", most=false_share),
        Gate("main", replicates, size, "average_precision", least=precision),
    ]


GATES: tuple[Gate, ...] = (
    *_main(0.5, 1, 0.48, 0.11, 0.73),
    *_main(0.5, 2, 0.73, 0.05, 0.92),
    *_main(0.5, 3, 0.86, 0.05, 0.95),
    *_main(0.75, 1, 0.76, 0.08, 0.89),
    *_main(0.75, 2, 0.90, 0.04, 0.96),
    *_main(0.75, 3, 0.94, 0.05, 0.97),
    *_main(1.0, 1, 0.83, 0.06, 0.91),
    *_main(1.5, 1, 0.85, 0.07, 0.91),
    *(Gate("null", replicates, 0.75, "called", most=1.0) for replicates in (1, 2, 3)),
    *(Gate("randpat", replicates, 0.75, "false_share", most=0.05) for replicates in (1, 2, 3)),
)


def gate_rows(records: Records) -> list[dict[str, object]]:
    """One row a gate: screens, the model's mean and its Monte-Carlo error, the bound, and whether it is kept."""
    rows = []
    for gate in GATES:
        found = [
            method[gate.figure]
            for cell, record in records.items()
            if (cell.scenario, cell.replicates, cell.size) == (gate.scenario, gate.replicates, gate.size)
            for method in record["methods"]
            if method["method"] == "heb"
        ]
        mean, error = mean_and_error(found)
        if mean is None:
            continue
        bound = gate.least if gate.least is not None else gate.most
        kept = mean >= bound if gate.least is not None else mean <= bound  # type: ignore[operator]
        words = f"{gate.scenario} R={gate.replicates} {gate.size:g} {gate.figure}"
        sign = ">=" if gate.least is not None else "<="
        rows.append(
            {"name": f"gate {words}", "screens": len(found), "mean": mean, "se": error, sign: bound, "kept": kept}
        )
    return rows


def coverage(records: Records) -> list[dict[str, object]]:
    """One row a design and kind of context: share of true interactions inside the 95 % interval."""
    rows = []
    designs = dict.fromkeys(cell.design for cell in records)
    for design in designs:
        parts = [
            np.array(method["coverage"])
            for cell, record in records.items()
            if cell.design == design
            for method in record["methods"]
            if "coverage" in method
        ]
        sums = np.sum(parts, axis=0)
        for kind, (number, inside) in zip(("all", "called", "not called", "active"), sums, strict=True):
            if number:
                name = f"coverage, {kind}"
                size = f"{design[0]} R={design[1]} {design[2]:g}"
                rows.append({"name": name, "size": size, "contexts": int(number), "inside": float(inside / number)})
    return rows
