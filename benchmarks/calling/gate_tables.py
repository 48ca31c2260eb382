"""Tables of the gates as the documentation has them.

`python -m benchmarks.calling.gate_tables` prints them; with `--write docs/model.md` it puts them between the marks of
that page.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.calling.cells import Cell
from benchmarks.calling.gate_report import coverage, gate_rows
from benchmarks.calling.records import read
from benchmarks.calling.summary import reliability, summarize

__all__ = ["RESULTS", "SHOWN", "between_marks", "table", "tables", "with_error"]

Records = Mapping[Cell, Mapping[str, Any]]
RESULTS = Path(__file__).parents[1] / "results" / "gates.jsonl"


def tables(records: Records) -> dict[str, str]:
    """Gates, figures beside the paper's rule, calibration and coverage, in Markdown."""
    return {
        "gates": _gates(records),
        "figures": _figures(records),
        "calibration": _calibration(records),
        "coverage": _covered(records),
    }


def between_marks(page: str, parts: Mapping[str, str]) -> str:
    """Put each part between `<!-- name -->` and `<!-- end of name -->`."""
    for name, part in parts.items():
        first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = page.partition(first)
        page = before + f"{first}\n\n{part}\n\n{last}" + rest.partition(last)[2]
    return page


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def with_error(mean: Any, error: Any, digits: int) -> str:
    """Mean ± error; a dash where nothing is known."""
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
        words = [scenario, replicates[2:], size, figure.replace("_", " "), str(row["screens"]), f"{sign} {bound:g}"]
        rows.append([*words, with_error(row["mean"], row["se"], 3), "yes" if row["kept"] else "**no**"])
    return table(["scenario", "replicates", "size", "figure", "screens", "gate", "measured", "kept"], rows)


def _figures(records: Records) -> str:
    """One row a design and method, designs in their order."""
    rows = []
    for row in sorted(summarize(records), key=lambda row: str(row["size"])):
        values = [
            with_error(row[name], row[f"{name}_se"], 1 if name == "called" else 3)
            for name in ("called", "recall", "false_share", "average_precision")
        ]
        rows.append([str(row["size"]).removesuffix(" study"), str(row["name"]), str(row["screens"]), *values])
    return table(["design", "by", "screens", "called", "recall", "false share", "average precision"], rows)


#: Scenario, replicates and size of the designs whose bins are shown.
SHOWN = (
    ("main", 1, 0.75),
    ("main", 2, 0.75),
    ("main", 3, 0.75),
    ("main", 1, 0.5),
    ("main", 2, 0.5),
    ("randpat", 1, 0.75),
)


def _calibration(records: Records) -> str:
    """One row a bin, some designs side by side: mean rate, share of false contexts with its error, contexts."""
    columns = []
    for design in SHOWN:
        own = {c: r for c, r in records.items() if (c.scenario, c.replicates, c.size) == design}
        columns.append({str(row["name"]).removeprefix("heb: rate "): row for row in reliability(own)})
    bins = sorted({name for column in columns for name in column})
    rows = [[name.replace(" to ", "–"), *(_bin(column.get(name)) for column in columns)] for name in bins]
    return table(["local rate", *(f"{name} R={wells} {size:g}" for name, wells, size in SHOWN)], rows)


def _bin(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    return f"{row['mean_rate']:.3f}: {with_error(row['false'], row['false_se'], 3)} ({row['contexts']:,})"


def _covered(records: Records) -> str:
    """One row a design."""
    found: dict[str, dict[str, str]] = {}
    for row in coverage(records):
        kind = str(row["name"]).removeprefix("coverage, ")
        found.setdefault(str(row["size"]), {})[kind] = f"{row['inside']:.3f} ({row['contexts']:,})"
    kinds = ["all", "called", "not called", "active"]
    rows = [[design, *(cells.get(kind, "–") for kind in kinds)] for design, cells in found.items()]
    return table(["design", *kinds], rows)


if __name__ == "__main__":
    made = tables(read(RESULTS))
    if sys.argv[1:2] == ["--write"]:
        target = Path(sys.argv[2])
        target.write_text(between_marks(target.read_text(encoding="utf-8"), made), encoding="utf-8")
    else:
        print("\n\n".join(made.values()))
