"""Simulated screens are judged once each, kept, and summed up with their Monte-Carlo error."""

from __future__ import annotations

import importlib
import json
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from sensitome.screen.hits import call_hits
from sensitome.screen.score import score
from sensitome.screen.sensitization import test_sensitization
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.scoring import score_against_truth
from sensitome.screen.simulation.simulate import simulate_screen
from sensitome.settings import Treatments

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


def test_a_short_run_has_two_studies_and_a_full_one_all_of_them() -> None:
    studies = benchmark("calling.studies")
    short, full = studies.cells_of(2), studies.cells_of(100)
    assert {name: len(cells) for name, cells in short.items()} == {"sizes": 30, "nothing": 6}
    assert list(full) == list(studies.STUDIES)
    assert len(full["sizes"]) == 100 * 15
    assert {cell.replicates for cell in full["sizes"]} == {1, 2, 3}
    assert {cell.size for cell in full["sizes"]} == {0.25, 0.5, 0.75, 1.0, 1.5}
    assert {cell.scenario for cell in full["stress"]} | {"main", "null", "small"} == set(studies.SCENARIOS)
    assert len(full["stress"]) == 20 * 3 * (len(studies.SCENARIOS) - 3)
    every = [cell for cells in full.values() for cell in cells]
    assert len(every) == len(set(every))
    assert min(cell.seed for cell in every) == 101
    assert list(studies.cells_of(100, ["families"])) == ["families"]


def test_replicates_of_a_screen_are_one_simulation() -> None:
    cells, studies = benchmark("calling.cells"), benchmark("calling.studies")
    groups = cells.simulations(studies.cells_of(2)["sizes"])
    assert len(groups) == 10
    assert all([cell.replicates for cell in group] == [1, 2, 3] for group in groups)


def cells_of_two(number: int = 2) -> list[object]:
    """Cells of a small screen with one and two replicates."""
    cells = benchmark("calling.cells")
    return [cells.Cell("small", replicates, 1.0, "median", 1) for replicates in range(1, number + 1)]


def test_a_finished_screen_is_not_run_again(tmp_path: Path) -> None:
    records, path, (first, second) = benchmark("calling.records"), tmp_path / "calling.jsonl", cells_of_two()
    records.append(path, first, [{"method": "rule", "code": "c"}], seconds=1.0)
    path.write_text(path.read_text(encoding="utf-8") + '{"cell": {"scen', encoding="utf-8")
    done = records.read(path)
    assert records.remaining(first, ["rule", "heb"], done) == ("heb",)
    assert records.remaining(second, ["rule", "heb"], done) == ("rule", "heb")
    records.append(path, second, [{"method": "rule", "code": "c"}])
    assert list(records.read(path)) == [first, second]
    assert records.read(path)[second]["methods"] == [{"code": "c", "method": "rule"}]


def test_one_method_is_measured_again_and_put_beside_the_others(tmp_path: Path) -> None:
    records, path, (cell, other) = benchmark("calling.records"), tmp_path / "calling.jsonl", cells_of_two()
    records.append(path, cell, [{"method": "rule", "called": 1}, {"method": "heb", "called": 2}], seconds=1.0)
    records.append(path, other, [{"method": "heb", "called": 3}], seconds=1.0)
    assert records.forget(path, ["heb"]) == 2
    assert list(records.read(path)) == [cell]
    records.append(path, cell, [{"method": "heb", "called": 4}], seconds=2.0)
    found = {entry["method"]: entry["called"] for entry in records.read(path)[cell]["methods"]}
    assert found == {"rule": 1, "heb": 4}


def test_a_line_of_an_earlier_form_has_its_code(tmp_path: Path) -> None:
    records, path, (cell, _) = benchmark("calling.records"), tmp_path / "gates.jsonl", cells_of_two()
    earlier = {"scenario": "small", "replicates": 1, "size": 1.0, "normalization": "median", "seed": 1}
    path.write_text(json.dumps({"cell": earlier, "code": "c", "methods": [{"method": "rule"}]}), encoding="utf-8")
    assert records.read(path)[cell]["methods"] == [{"code": "c", "method": "rule"}]


def test_the_state_of_the_model_is_apart_from_that_of_other_methods() -> None:
    states = benchmark("calling.records").code_states()
    assert set(states) == {"heb", "other"}
    assert states["heb"] != states["other"]


def test_nothing_is_simulated_when_every_screen_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calling, studies, records = benchmark("calling"), benchmark("calling.studies"), benchmark("calling.records")
    path = tmp_path / "calling.jsonl"
    monkeypatch.setenv("SENSITOME_CALLING", str(path))
    monkeypatch.setenv("SENSITOME_GATES", str(tmp_path / "gates.jsonl"))
    monkeypatch.setenv("SENSITOME_METHODS", "rule")
    monkeypatch.setenv("SENSITOME_STUDIES", "nothing")
    monkeypatch.setattr(benchmark("calling.work"), "ProcessPoolExecutor", None)
    for cell in studies.cells_of(1)["nothing"]:
        records.append(path, cell, [{"method": "rule", "unsupported": "no vehicle", "code": f"c{cell.replicates}"}])
    rows = calling.run(screens=1)
    assert rows[0] == {"name": "caution: rule by several states of the code", "states": 3}
    assert [row["unsupported"] for row in rows[1:]] == ["no vehicle"] * 3


def test_only_records_of_the_present_code_are_taken_over(tmp_path: Path) -> None:
    records, work = benchmark("calling.records"), benchmark("calling.work")
    path, other, (first, second) = tmp_path / "calling.jsonl", tmp_path / "gates.jsonl", cells_of_two()
    states = records.code_states()
    now = [{"method": "rule", "code": states["other"]}, {"method": "heb", "code": states["heb"]}]
    records.append(other, first, now, seconds=1.0)
    records.append(other, second, [{"method": "heb", "code": "earlier"}], seconds=1.0)
    records.append(path, first, [{"method": "rule", "code": "own"}], seconds=2.0)
    asked = dict.fromkeys([first, second], ("rule", "heb"))
    assert work.take_over(asked, path=path, other=other) == 1
    assert {entry["method"]: entry["code"] for entry in records.read(path)[first]["methods"]} == {
        "rule": "own",
        "heb": states["heb"],
    }
    assert second not in records.read(path)
    assert work.take_over(asked, path=path, other=tmp_path / "none.jsonl") == 0


def test_methods_are_chosen_by_words() -> None:
    asked = benchmark("calling.studies").asked
    assert asked(("rule", "mash", "heb"), "") == ("rule", "mash", "heb")
    assert asked(("rule", "mash", "heb"), "heb") == ("heb",)
    assert asked(("rule", "mash", "heb"), "-heb,-mash") == ("rule",)


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
        cells.Cell("main", 1, 0.75, "study", seed): {"methods": [one]} for seed, one in enumerate(found, start=1)
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
            "methods": [record(called, 0, 0, [[1.0, 0, 1.0]] * 10)],
        }
        for seed, called in ((1, 0), (2, 3))
    }
    (row,) = summary.summarize(records)
    assert (row["called"], row["any_call"]) == (1.5, 0.5)
    assert row["false_share"] is None
    assert math.isclose(float(row["any_call_se"]), 0.5)


def test_a_small_screen_is_judged_by_the_rule_and_by_every_test() -> None:
    measurement, methods = benchmark("calling.measurement"), benchmark("calling.methods")
    every = (*methods.RULES, *methods.METHODS)
    one, two = measurement.measure(tuple((cell, every) for cell in cells_of_two()))
    assert (one.cell.replicates, two.cell.replicates) == (1, 2)
    found = {row["method"]: row for row in two.methods}
    assert tuple(found) == every
    heb = found["heb"]
    assert 0.7 < heb["recall"] <= 1
    assert heb["false_share"] < 0.3
    assert len(heb["reliability"]) == 10
    assert 0.9 < heb["reliability"][9][2] / heb["reliability"][9][0] <= 1
    number, true, raw, drawn, *_ = heb["sizes"]
    assert number == heb["right"]
    assert true < 0
    assert raw / true == pytest.approx(1, abs=0.3)
    assert drawn / true == pytest.approx(1, abs=0.3)
    assert "reliability" not in found["rule"]
    assert json.loads(json.dumps(found)) == found
    alone = {row["method"]: row for row in one.methods}
    assert alone["moderated-t"] == {"method": "moderated-t", "unsupported": "1 replicate of vehicle and drug"}
    assert alone["rule, every replicate"]["unsupported"] == "1 replicate"


def without_time(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_screen_has_the_same_record_alone_and_with_more_replicates() -> None:
    measure, (one, two) = benchmark("calling.measurement").measure, cells_of_two()
    together = measure(((one, ("rule", "mash")), (two, ("rule", "mash", "ssmd"))))
    for found in together:
        (alone,) = measure(((found.cell, tuple(str(row["method"]) for row in found.methods)),))
        assert without_time(alone.methods) == without_time(found.methods)


def test_figures_are_those_of_the_public_functions() -> None:
    readiness, measurement = benchmark("calling.readiness"), benchmark("calling.measurement")
    figures = benchmark("calling.figures")
    simulation = simulate_screen(scenario("small", replicates=2, size=1.0), seed=3)
    wells = readiness.normalized(simulation, normalization="study")
    ready, answers = readiness.made_ready(wells, replicates=[1, 2]), readiness.answers()
    scores = score(wells.normalized, settings=answers.score)
    facts = {
        "treatments": Treatments(vehicle=simulation.settings.design.arms[0].name),
        "expressed": simulation.expressed,
        "targets": wells.reagents.select("reagent", "kind", "target").drop_nulls("target"),
    }
    table = test_sensitization(scores, method="robust-z", settings=answers.sensitization, **facts)
    hits = call_hits(scores, settings=answers.hits, **facts)
    told = {"robust-z": (table, "is_sensitizer", "statistic"), "rule": (hits, "is_hit", "z")}
    for method, (calls, called, ranking) in told.items():
        own = figures.quality(measurement.calls_of(ready, method), ready.truth)
        levels = score_against_truth(calls, simulation.truth, called=called, ranking=ranking)
        context, reagent, candidate = levels.rows(named=True)
        for name in ("true", "called", "right", "recall", "false_share", "average_precision"):
            assert own[name] == pytest.approx(context[name], abs=1e-6)
        for level, row in (("reagents", reagent), ("candidates", candidate)):
            assert own[f"{level}_recall"] == pytest.approx(row["recall"], abs=1e-6)
            assert own[f"{level}_false_share"] == pytest.approx(row["false_share"], abs=1e-6)


def test_variants_change_what_the_model_is_told() -> None:
    cells, readiness = benchmark("calling.cells"), benchmark("calling.readiness")
    varied = benchmark("calling.measurement").varied
    simulation = simulate_screen(scenario("small", replicates=1, size=1.0), seed=3)
    ready = readiness.made_ready(readiness.normalized(simulation, normalization="median"), replicates=[1])

    def told(variant: str) -> npt.NDArray[np.intp] | None:
        return varied(ready, cells.Cell("small", 1, 1.0, "median", 3, variant)).family

    assert told("no families") is None
    np.testing.assert_array_equal(told(""), ready.family)
    shuffled = told("shuffled families")
    assert (shuffled != ready.family).any()
    np.testing.assert_array_equal(np.bincount(shuffled + 1), np.bincount(ready.family + 1))


def test_calls_of_two_screens_of_one_truth_are_compared() -> None:
    cells, measurement = benchmark("calling.cells"), benchmark("calling.measurement")
    cell = cells.Cell("small", 1, 1.5, "median", 1, measurement.REPEATED)
    (found,) = measurement.measure(((cell, ("rule", "heb")),))
    rule, heb = found.methods
    assert 0 <= rule["jaccard"] < heb["jaccard"] <= 1
    assert heb["called"] > 0
    assert heb["again"] > 0


def test_every_table_of_the_page_is_made_of_the_records() -> None:
    cells, pages, methods = benchmark("calling.cells"), benchmark("calling.pages"), benchmark("calling.methods")
    studies = benchmark("calling.studies").cells_of(20)
    bins = {"reliability": [[1.0, 0.0, 0.0]] * 10, "sizes": [4, -3.0, -3.3, -2.7, 0.16, 0.04], "loyalty": 0.5}
    levels = {f"{level}_{name}": 0.5 for level in ("reagents", "candidates") for name in ("called", "recall")}
    levels |= {"reagents_false_share": 0.1, "candidates_false_share": 0.1, "jaccard": 0.25, "again": 3}
    entry = record(4, 3, 8, bins["reliability"]) | bins | levels | {"quiet": [4, 2], "toxic": [2, 1], "code": "c"}
    every = [{**entry, "method": name} for name in (methods.RULE, "mash", "heb")]
    records = {cell: {"methods": every} for cells_ in studies.values() for cell in cells_}
    made = pages.tables(records)
    assert not [name for name, part in made.items() if "*Not measured yet.*" in part]
    assert "| [the paper's rule](rule.md) | 0.38 / 0.25 / – |" in made["sizes 1"]
    assert "| `all_toxic` | 3 | 0.38 / 0.25 / – | – | 0.38 / 0.25 / – |" in made["stress"]
    assert "| [`heb`](sensitization/heb.md) | 0.25 ± 0.00 |" in made["repeated"]
    assert "| 0.5 | 1 | [`mash`](sensitization/mash.md) | 80 | 1.10 | 0.90 | 0.200 | 0.100 |" in made["curse"]
    assert "| `randpat`, R = 2 | products | 4.00 | 0.38 | 0.25 | – | 0.50 |" in made["patterns"]
    page = (ROOT / "docs" / "benchmarks-calling.md").read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in page and f"<!-- end of {name} -->" in page for name in made)
    nothing = pages.tables({cells.Cell("main", 1, 0.75, "study", 101): {"methods": []}})
    assert nothing["families"] == "*Not measured yet.*"
