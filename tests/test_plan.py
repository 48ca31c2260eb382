"""A plan of a screen: power, plates, layouts and picklists that go together, and what cannot be planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from sensitome.cli import app
from sensitome.errors import SettingsError, SourceError, TableError
from sensitome.io.run_folder import RunFolder
from sensitome.plan import Plan, PlanRequest, make_plan, plan_in_words, write_plan
from sensitome.screen.simulation.scenarios import scenario
from sensitome.screen.simulation.simulate import simulate_screen

#: Fast: few reagents, a plain test.
SMALL = PlanRequest(
    lines=("A", "B"), arms=("vehicle", "T", "L", "T+L"), replicates=(2,), sizes=(1.0,), method="moderated-t", screens=2
)


def table(folder: Path, name: str, rows: list[tuple[object, ...]], columns: list[str]) -> Path:
    path = folder / name
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(path)
    return path


def reagents(folder: Path, count: int = 60) -> Path:
    rows = [(f"m{i}", "mimic") for i in range(count)] + [(f"i{i}", "inhibitor") for i in range(count)]
    return table(folder, "reagents.csv", rows, ["Name", "Type"])


def sources(folder: Path, count: int = 60) -> Path:
    names = [name for name, _ in [(f"{k}{i}", k) for k in "mi" for i in range(count)]]
    names += ["negative control, mimic", "negative control, inhibitor", "cell death control"]
    rows = [
        (name, f"S{1 + place // 96}", f"{'ABCDEFGH'[place % 96 // 12]}{place % 12 + 1:02d}")
        for place, name in enumerate(names)
    ]
    return table(folder, "sources.csv", rows, ["reagent", "source_plate", "source_well"])


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("plan")
    request = replace(SMALL, plate_wells=96, reagents=reagents(folder), sources=sources(folder), replicates=(2, 3))
    return make_plan(request)


def test_every_reagent_has_its_well_and_every_plate_its_controls(plan: Plan) -> None:
    assert plan.library is not None
    samples = plan.library.filter(role="sample")
    assert samples["reagent"].n_unique() == samples.height == 120
    controls = plan.library.filter(pl.col("role") == "negative").group_by("library_plate").len()
    assert controls["len"].to_list() == [8, 8]


def test_plates_are_counted_as_they_are_listed(plan: Plan) -> None:
    assert plan.plates is not None
    assert plan.power["plates"].to_list() == [2 * 2 * 4 * 2, 2 * 2 * 4 * 3]
    assert plan.plates.height == 48, "the list is that of the largest number of replicates"
    assert plan.plates["plate"].is_unique().all()
    assert plan.plates["file"][0] == "raw/A_vehicle_L1_r1.csv"


def test_every_reagent_is_moved_to_its_well(plan: Plan) -> None:
    assert plan.moves is not None
    assert plan.library is not None
    wanted = plan.library.filter(pl.col("role").is_in(["sample", "negative", "positive"]))
    assert plan.moves.height == wanted.height
    assert set(plan.moves["volume_nl"]) == {50.0}


def test_a_plan_is_written_as_tables(plan: Plan, tmp_path: Path) -> None:
    names = [path.name for path in write_plan(plan, tmp_path)]
    assert names == ["power.csv", "library.csv", "plates.csv", "picklist_echo.csv", "picklist_janus.csv"]
    assert pl.read_csv(tmp_path / "library.csv").height == 192


def test_more_vehicle_plates_are_counted_and_said(tmp_path: Path) -> None:
    plan = make_plan(replace(SMALL, screens=1, vehicle_replicates=3, reagents=reagents(tmp_path)))
    assert plan.power["plates"].to_list() == [2 * (3 + 3 * 2)]
    assert plan_in_words(plan)[0].startswith("2 replicates (3 of the vehicle), interactions of 1 log2: 18 plates, ")


def test_a_design_that_a_test_refuses_is_told(tmp_path: Path) -> None:
    plan = make_plan(replace(SMALL, screens=1, replicates=(1,), reagents=reagents(tmp_path)))
    assert "this design does not support 'moderated-t'" in plan_in_words(plan)[0]


def test_the_noise_of_a_pilot_is_taken(tmp_path: Path) -> None:
    noisy = scenario("small", replicates=2).changed({"noise.well_sd": 0.6, "surface.scale": 0.0})
    RunFolder(tmp_path / "run").write_table("wells", simulate_screen(noisy, seed=1).wells)
    request = replace(SMALL, screens=3, reagents=reagents(tmp_path), sizes=(0.75,))
    quiet, loud = (make_plan(replace(request, pilot=pilot)).power["recall"][0] for pilot in (None, tmp_path / "run"))
    assert loud < 0.5 * quiet


def test_the_reagents_of_a_run_can_be_planned_again(tmp_path: Path) -> None:
    rows = [
        ("a", "mimic", "sample", "L1:A01"),
        ("b", "mimic", "sample", "L1:A02"),
        ("nc", "mimic", "negative", "L1:A03"),
    ]
    path = table(tmp_path, "reagents.csv", rows * 1, ["reagent", "kind", "role", "position"])
    many = pl.concat(
        [
            pl.read_csv(path),
            pl.DataFrame({"reagent": [f"r{i}" for i in range(60)]}).with_columns(
                kind=pl.lit("mimic"), role=pl.lit("sample"), position=pl.lit("L1:B01")
            ),
        ]
    )
    many.write_csv(path)
    plan = make_plan(replace(SMALL, screens=1, reagents=path))
    assert plan.library is not None
    assert "nc" not in plan.library["reagent"].to_list()
    assert "position" not in plan.library.columns


def test_one_arm_is_no_comparison() -> None:
    with pytest.raises(SettingsError) as error:
        make_plan(replace(SMALL, arms=("vehicle",)))
    assert str(error.value) == (
        "no arms to compare: found vehicle, expected the vehicle and at least one drug, each named once."
    )


def test_a_line_named_twice_and_a_seed_below_zero(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        make_plan(replace(SMALL, lines=("A", "A")))
    assert str(error.value) == "no cell lines to screen: found A, A, expected one or more, each named once."
    answer = CliRunner().invoke(app, ["design", str(tmp_path), "--seed", "-1"])
    assert answer.exit_code == 2


def test_a_plate_that_nobody_sells() -> None:
    with pytest.raises(SettingsError) as error:
        make_plan(replace(SMALL, plate_wells=100))
    assert str(error.value) == "unknown plate format: found 100, expected 96, 384 or 1536."


def test_a_list_without_kinds(tmp_path: Path) -> None:
    path = table(tmp_path, "reagents.csv", [("a", "1"), ("b", "2")], ["reagent", "well"])
    with pytest.raises(SourceError, match="a table of the plan cannot be used"):
        make_plan(replace(SMALL, reagents=path))


def test_controls_without_a_number(tmp_path: Path) -> None:
    rows = [("nc", "mimic", "negative", "some"), ("kill", "siRNA", "positive", "4")]
    path = table(tmp_path, "controls.csv", rows, ["reagent", "kind", "role", "wells"])
    with pytest.raises(TableError) as error:
        make_plan(replace(SMALL, reagents=reagents(tmp_path), controls=path))
    assert str(error.value) == (
        f"the controls cannot be used in {path}.\n"
        "  controls.csv, column wells: found 'some', expected a whole number of wells, at least 1."
    )


def test_an_echo_is_asked_before_anything_is_simulated(tmp_path: Path) -> None:
    request = replace(
        SMALL, reagents=reagents(tmp_path), sources=sources(tmp_path), volume_nl=3.0, method="none of them"
    )
    with pytest.raises(SettingsError, match="an Echo moves whole drops"):
        make_plan(request)


def test_the_command_prints_designs_and_files(tmp_path: Path) -> None:
    arguments = ["design", str(tmp_path / "plan"), "--reagents", str(reagents(tmp_path)), "--screens", "1"]
    arguments += ["--replicates", "2", "--sizes", "1", "--method", "moderated-t"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    first = done.output.splitlines()[0]
    assert first.startswith("2 replicates, interactions of 1 log2: 8 plates, ")
    assert "library.csv" in done.output
    wrong = CliRunner().invoke(app, ["design", str(tmp_path), "--replicates", "0.5"])
    assert wrong.exit_code == 2
