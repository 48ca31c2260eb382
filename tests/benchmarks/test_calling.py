"""Simulated screens are judged once each, kept, and summed up with their Monte-Carlo error."""

from __future__ import annotations

import importlib
import json
import math
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


def test_packages_and_modules_are_both_found() -> None:
    names = benchmark("__main__").known_names()
    assert {"calling", "survival"} <= set(names)
    assert not {name for name in names if name.startswith("_") or name == "results"}


def test_only_benchmarks_that_simulate_are_told_how_many_screens() -> None:
    rows = benchmark("__main__")._rows
    assert rows(lambda screens=None: [{"name": screens}], 3) == [{"name": 3}]
    assert rows(lambda: [{"name": "own"}], 3) == [{"name": "own"}]


def test_a_short_run_has_four_designs_and_a_full_one_every_scenario() -> None:
    cells = benchmark("calling.cells")
    short, full = cells.cells_of(2), cells.cells_of(100)
    assert len(short) == len(set(short)) == 8
    assert {cell.scenario for cell in full} == set(cells.SCENARIOS) - {"small"}
    assert {cell.normalization for cell in full} == {"study", "median"}
    assert len(full) == len(set(full)) == 100 * 2 * (9 + 17 * 3)
    assert cells.cells_of(3)[: len(short)] == short


def test_a_finished_screen_is_not_run_again(tmp_path: Path) -> None:
    cells, records = benchmark("calling.cells"), benchmark("calling.records")
    path, asked = tmp_path / "calling.jsonl", cells.cells_of(1)
    records.append(path, asked[0], [{"method": "rule"}], code="c")
    path.write_text(path.read_text(encoding="utf-8") + '{"cell": {"scen', encoding="utf-8")
    assert records.remaining(asked, records.read(path)) == asked[1:]
    records.append(path, asked[1], [{"method": "rule"}], code="c")
    assert list(records.read(path)) == asked[:2]
    assert records.read(path)[asked[1]]["methods"] == [{"method": "rule"}]


def test_nothing_is_simulated_when_every_screen_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calling, cells, records = benchmark("calling"), benchmark("calling.cells"), benchmark("calling.records")
    path = tmp_path / "calling.jsonl"
    monkeypatch.setenv("SENSITOME_CALLING", str(path))
    monkeypatch.setattr(calling, "ProcessPoolExecutor", None)
    for cell in cells.cells_of(1):
        method = {"method": "rule", "unsupported": "no vehicle"}
        records.append(path, cell, [method], code=f"c{cell.replicates}")
    rows = calling.run(screens=1)
    assert rows[0] == {"name": "caution: screens by several states of the code", "states": 2}
    assert [row["unsupported"] for row in rows[1:]] == ["no vehicle"] * 4


def record(called: int, right: int, true: int, bins: list[list[float]]) -> dict[str, object]:
    """What one method found."""
    share = (called - right) / called if called else 0.0
    quality = {"recall": right / true if true else None, "false_share": share, "average_precision": None}
    reagents = {"reagents_recall": None, "reagents_false_share": share}
    return {"method": "heb", "seconds": 1.0, "true": true, "called": called, **quality, **reagents, "reliability": bins}


def test_means_have_their_monte_carlo_error_and_rates_their_bins() -> None:
    cells, summary = benchmark("calling.cells"), benchmark("calling.summary")
    empty = [[0.0, 0.0, 0.0]] * 9
    found = [record(4, 4, 8, [[10.0, 0.5, 1.0], *empty]), record(8, 6, 8, [[30.0, 1.5, 1.0], *empty])]
    records = {
        cells.Cell("main", 1, 0.75, "study", seed): {"code": "c", "methods": [one]}
        for seed, one in enumerate(found, start=1)
    }
    (row,) = summary.summarize(records)
    assert (row["screens"], row["called"], row["called_se"]) == (2, 6.0, 2.0)
    assert (row["recall"], row["recall_se"]) == (0.625, 0.125)
    assert row["false_share"] == 0.125
    assert row["average_precision"] is None
    assert "any_call" not in row
    (line,) = summary.reliability(records)
    assert (line["contexts"], line["mean_rate"], line["false"]) == (40, 0.05, 0.05)
    # Left-overs 1 − 0.5 and 1 − 1.5: SD √0.5, so √(2 · 0.5) / 40.
    assert line["false_se"] == pytest.approx(1 / 40)


def test_every_call_is_false_where_nothing_is_true() -> None:
    cells, summary = benchmark("calling.cells"), benchmark("calling.summary")
    records = {
        cells.Cell("null", 2, 0.75, "study", seed): {
            "code": "c",
            "methods": [record(called, 0, 0, [[1.0, 0, 1.0]] * 10)],
        }
        for seed, called in ((1, 0), (2, 3))
    }
    (row,) = summary.summarize(records)
    assert (row["called"], row["any_call"]) == (1.5, 0.5)
    assert row["false_share"] is None
    assert math.isclose(float(row["any_call_se"]), 0.5)


def test_a_small_screen_is_judged_by_the_rule_and_by_every_test() -> None:
    cells, screens = benchmark("calling.cells"), benchmark("calling.screens")
    found = {row["method"]: row for row in screens.measure(cells.Cell("small", 2, 1.5, "median", 1))}
    assert tuple(found) == screens.METHODS
    heb = found["heb"]
    assert 0.7 < heb["recall"] <= 1
    assert heb["false_share"] < 0.3
    assert len(heb["reliability"]) == 10
    assert 0.9 < heb["reliability"][9][2] / heb["reliability"][9][0] <= 1
    assert "reliability" not in found["rule"]
    assert json.loads(json.dumps(found)) == found


def test_a_design_that_a_method_cannot_take_is_told() -> None:
    cells, screens = benchmark("calling.cells"), benchmark("calling.screens")
    found = {row["method"]: row for row in screens.measure(cells.Cell("small", 1, 0.75, "study", 1))}
    assert found["moderated-t"] == {"method": "moderated-t", "unsupported": "1 replicate of vehicle and drug"}
