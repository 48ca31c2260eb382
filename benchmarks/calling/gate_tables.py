"""Tables of the gates as the documentation has them: `python -m benchmarks.calling.gate_tables [FILE]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.calling.cells import Cell
from benchmarks.calling.gate_report import coverage, gate_rows
from benchmarks.calling.records import read
from benchmarks.calling.summary import reliability, summarize

__all__ = ["tables"]

Records = Mapping[Cell, Mapping[str, Any]]
RESULTS = Path(__file__).parents[1] / "results" / "gates.jsonl"


def tables(records: Records) -> str:
    """Gates, figures beside the paper's rule, calibration and coverage, in Markdown."""
    return "\n\n".join([_gates(records), _figures(records), _calibration(records), _covered(records)]) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _with_error(mean: Any, error: Any, digits: int) -> str:
    if mean is None:
        return "–"
    return f"{mean:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _gates(records: Records) -> str:
    """One row a gate."""
    rows = []
    for row in gate_rows(records):
        _, scenario, replicates, size, figure = str(row["name"]).split(" ")
        sign = "≥" if ">=" in row else "≤"
        bound = row.get(">=", row.get("<="))
        words = [scenario, replicates[2:], size, figure.replace("_", " "), f"{sign} {bound:g}"]
        rows.append([*words, _with_error(row["mean"], row["se"], 3), "yes" if row["kept"] else "**no**"])
    return _table(["scenario", "replicates", "size", "figure", "gate", "measured", "kept"], rows)


def _figures(records: Records) -> str:
    """One row a design and method."""
    rows = []
    for row in summarize(records):
        values = [
            _with_error(row[name], row[f"{name}_se"], 1 if name == "called" else 3)
            for name in ("called", "recall", "false_share", "average_precision")
        ]
        rows.append([str(row["size"]).removesuffix(" study"), str(row["name"]), str(row["screens"]), *values])
    return _table(["design", "by", "screens", "called", "recall", "false share", "average precision"], rows)


def _calibration(records: Records) -> str:
    """One row a bin, all designs of one, two and three replicates side by side."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in reliability(records):
        rate = str(row["name"]).removeprefix("heb: rate ")
        design = str(row["size"]).removesuffix(" study")
        cell = f"{row['contexts']:,}", f"{row['mean_rate']:.3f}", _with_error(row["false"], row["false_se"], 3)
        found.setdefault(design, {})[rate] = list(cell)
    parts = []
    for design, bins in found.items():
        rows = [[rate.replace(" to ", "–"), *cells] for rate, cells in bins.items()]
        parts.append(f"**{design}**\n\n" + _table(["local rate", "contexts", "mean rate", "false"], rows))
    return "\n\n".join(parts)


def _covered(records: Records) -> str:
    """One row a design."""
    found: dict[str, dict[str, str]] = {}
    for row in coverage(records):
        kind = str(row["name"]).removeprefix("coverage, ")
        found.setdefault(str(row["size"]), {})[kind] = f"{row['inside']:.3f} ({row['contexts']:,})"
    kinds = ["all", "called", "not called", "active"]
    rows = [[design, *(cells.get(kind, "–") for kind in kinds)] for design, cells in found.items()]
    return _table(["design", *kinds], rows)


if __name__ == "__main__":
    print(tables(read(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)))
