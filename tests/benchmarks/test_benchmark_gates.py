"""Gates of the recommended model: which screens are simulated, and when a gate is kept."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def benchmark(name: str) -> ModuleType:
    """A module of the benchmarks, which are not installed."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"benchmarks.{name}")


def record(cell: object, **figures: float) -> dict[str, object]:
    told = {"true": 100, "called": 90, "recall": 0.8, "false_share": 0.02, "average_precision": 0.95, "seconds": 1.0}
    told |= {"reagents_recall": 0.8, "reagents_false_share": 0.02, **figures}
    bins = [[90.0, 1.0, 2.0], *[[0.0, 0.0, 0.0]] * 8, [9000.0, 8990.0, 9000.0]]
    covered = [[9090, 8700], [90, 85], [9000, 8615], [100, 90]]
    model = {"method": "heb", **told, "reliability": bins, "coverage": covered}
    return {"cell": cell, "code": "c", "methods": [{"method": "rule", **told}, model]}


def test_replicates_of_a_gate_are_one_simulation() -> None:
    groups = benchmark("calling.gate_screens").gate_cells(3)
    cells = [cell for group in groups for cell in group]
    assert len(cells) == len(set(cells)) == 3 * 16
    assert all(len({(cell.scenario, cell.size, cell.seed) for cell in group}) == 1 for group in groups)
    assert min(cell.seed for cell in cells) == 101


def test_a_gate_is_kept_by_the_mean() -> None:
    screens, report = benchmark("calling.gate_screens"), benchmark("calling.gate_report")
    cells = [cell for group in screens.gate_cells(2) for cell in group if cell.scenario == "main" and cell.size == 0.75]
    records = {cell: record(cell, recall=0.7 if cell.seed == 101 else 0.8) for cell in cells}
    rows = {row["name"]: row for row in report.gate_rows(records)}
    first = rows["gate main R=1 0.75 recall"]
    assert first["mean"] == pytest.approx(0.75)
    assert first["se"] == pytest.approx(0.05)
    assert not first["kept"]
    assert rows["gate main R=1 0.75 false_share"]["kept"]
    inside = {row["name"]: row["inside"] for row in report.coverage(records)}
    assert inside["coverage, active"] == pytest.approx(0.9)


def test_gates_that_are_measured_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gates, screens, records = benchmark("gates"), benchmark("calling.gate_screens"), benchmark("calling.records")
    path = tmp_path / "gates.jsonl"
    monkeypatch.setenv("SENSITOME_GATES", str(path))
    monkeypatch.setenv("SENSITOME_CALLING", str(tmp_path / "calling.jsonl"))
    for group in screens.gate_cells(1):
        for cell in group:
            records.append(path, cell, record(cell)["methods"])
    rows = gates.run(1)
    assert sum(str(row["name"]).startswith("gate ") for row in rows) == 30
    tables = benchmark("calling.gate_tables")
    parts = tables.tables(records.read(path))
    assert "| main | 1 | 0.75 | recall | 1 | ≥ 0.76 | 0.800 | yes |" in parts["gates"]
    assert "| null | 1 | 0.75 | called | 1 | ≤ 1 | 90.000 | **no** |" in parts["gates"]
    page = "A <!-- gates -->old<!-- end of gates --> B"
    new = tables.between_marks(page, {"gates": "new"})
    assert new == "A <!-- gates -->\n\nnew\n\n<!-- end of gates --> B"
    assert tables.between_marks(new, {"gates": "new"}) == new


def test_the_reliability_figure_has_a_bin_where_there_are_contexts() -> None:
    figure, screens = benchmark("calling.reliability_figure"), benchmark("calling.gate_screens")
    cells = [cell for group in screens.gate_cells(2) for cell in group]
    table = figure.bins({cell: record(cell) for cell in cells})
    assert table["design"].unique(maintain_order=True).to_list()[:2] == [
        "main, 0.75 log2, 1 replicate",
        "main, 0.75 log2, 2 replicates",
    ]
    first = table.row(0, named=True)
    assert (first["rate"], first["false"], first["n"]) == pytest.approx((1 / 90, 2 / 90, 180))
    assert first["low"] == first["high"] == first["false"]
    assert first["most"] - first["rate"] == pytest.approx(1.96 * (first["rate"] * (1 - first["rate"]) / 180) ** 0.5)
    assert first["least"] == 0
    drawn = figure.reliability_chart(table).to_dict()
    assert drawn["facet"]["sort"][0] == "main, 0.75 log2, 1 replicate"
