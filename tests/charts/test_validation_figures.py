"""Figures of the validation assay and of lysate arrays, from simulated ones."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.charts.export import render
from sensitome.charts.protein_heatmap import protein_heatmap
from sensitome.charts.validation_agreement import validation_agreement
from sensitome.charts.validation_panels import validation_panels
from sensitome.errors import Caution
from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.scores import score_proteins, summarize_spots
from sensitome.protein.settings import NORMANN2021 as PROTEINS
from sensitome.protein.simulate import ArrayDesign, array_files, simulate_array
from sensitome.protein.spots import normalize_spots, read_array
from sensitome.validation.contrasts import test_validation
from sensitome.validation.normalize import normalize_validation
from sensitome.validation.settings import NORMANN2021, RECOMMENDED, ValidationSettings
from sensitome.validation.simulate import AssayDesign, simulate_assay
from sensitome.validation.wells import average_wells, validation_wells

NAMES = [f"miR-{i}" for i in range(9)] + ["miR <&> 9"]


def assay(settings: ValidationSettings) -> dict[str, pl.DataFrame]:
    design = AssayDesign(tuple((name, "mimic") for name in NAMES))
    interaction = np.zeros((10, 4))
    interaction[9, 2:] = -0.8
    made = simulate_assay(design, alone=np.zeros(10), interaction=interaction, rng=np.random.default_rng(1))
    wells = normalize_validation(validation_wells(made.wells, vehicle="vehicle"), settings=settings, vehicle="vehicle")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        table = test_validation(wells, settings=settings, vehicle="vehicle")
    return {"validation": table, "validation_replicates": average_wells(wells)}


def test_the_validation_has_a_panel_for_each_of_the_eight_strongest() -> None:
    made = validation_panels(assay(RECOMMENDED), {})
    assert made is not None
    assert len(made["concat"]) == 8
    assert made["title"]["subtitle"] == [
        "gray: scrambled control · colored: reagent · bar: mean, line: 95 % interval · point: biological replicate "
        "(n = 3 biological replicates)",
        "red tick: what Bliss expects of reagent and drug · * < .05, ** < .01, *** < .001, blocked, moderated test of "
        "biological replicates, FDR-adjusted · 2 further reagents are in the table",
    ]
    assert "miR <&> 9" in json.dumps(made, ensure_ascii=False)
    assert made["datasets"]["0-points"].count("\n") == 1 + 2 * 4 * 3
    points = pl.read_csv(made["datasets"]["0-points"].encode())
    bars = pl.read_csv(made["datasets"]["0-bars"].encode())
    means = points.group_by("treatment", "group").agg(pl.col("viability").mean())
    both = bars.join(means, on=["treatment", "group"])
    assert both.height == 8
    assert both["viability"].to_list() == pytest.approx(both["mean"].to_list(), rel=1e-3)
    assert render(made) == render(made)


def test_a_reagent_of_a_class_stands_beside_the_controls_of_that_class() -> None:
    kinds = [("miR-1", "mimic"), ("miR-2", "inhibitor")]
    design = AssayDesign(
        tuple(kinds),
        controls=(("a", "mimic"), ("b", "mimic"), ("c", "inhibitor")),
        class_effects=(("inhibitor", (-0.6, -0.6, -0.6, -0.6)),),
    )
    none = np.zeros((2, 4))
    made = simulate_assay(design, alone=none[:, 0], interaction=none, rng=np.random.default_rng(1))
    wells = normalize_validation(
        validation_wells(made.wells, vehicle="vehicle"), settings=RECOMMENDED, vehicle="vehicle"
    )
    table = test_validation(wells, settings=RECOMMENDED, vehicle="vehicle")
    drawn = validation_panels({"validation": table, "validation_replicates": average_wells(wells)}, {})
    assert drawn is not None
    assert drawn["title"]["subtitle"][0].startswith("gray: negative controls of the reagent's class · colored: reagent")
    for number, title in enumerate(panel["title"]["text"] for panel in drawn["concat"]):
        points, bars = (pl.read_csv(drawn["datasets"][f"{number}-{name}"].encode()) for name in ("points", "bars"))
        assert points.height == 2 * 4 * 3
        means = points.group_by("treatment", "group").agg(pl.col("viability").mean())
        both = bars.join(means, on=["treatment", "group"])
        assert both["viability"].to_list() == pytest.approx(both["mean"].to_list(), rel=1e-3)
        gray = bars.filter((pl.col("group") == "control") & (pl.col("treatment") == "vehicle"))["mean"].item()
        assert (gray < 90) == (title == "miR-2")


def test_the_papers_figure_says_that_wells_are_counted() -> None:
    made = validation_panels(assay(NORMANN2021), {})
    assert made is not None
    assert made["title"]["subtitle"][0].endswith(
        "line: SEM · point: biological replicate (n = 9 wells, technical replicates counted as n)"
    )
    assert "Student's t on wells" in made["title"]["subtitle"][1]


@pytest.fixture(scope="module")
def proteins(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder: Path = tmp_path_factory.mktemp("array")
    design = ArrayDesign((*((f"miR-{i}", "mimic") for i in range(30)), ("scrambled", "control")))
    array = simulate_array(design, effects=np.zeros((31, 4, 9)), rng=np.random.default_rng(2))
    for name, text in array_files(array).items():
        (folder / name).write_bytes(text.encode())
    spots = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    return score_proteins(
        summarize_spots(normalize_spots(spots, settings=PROTEINS), settings=PROTEINS), settings=PROTEINS
    )


def test_the_heat_map_has_a_panel_for_each_arm_and_names_what_it_leaves_out(proteins: pl.DataFrame) -> None:
    made = protein_heatmap({"proteins": proteins}, {})
    assert made is not None
    assert made["concat"][0]["title"]["text"] == "vehicle"
    assert made["title"]["subtitle"].endswith("6 further reagents are in the table")
    assert made["datasets"]["0-cells"].count("\n") == 1 + 24 * 13
    assert render(made).startswith(b"<svg")
    own = protein_heatmap({"proteins": proteins, **assay(RECOMMENDED)}, {})
    assert own is not None
    assert own["datasets"]["0-cells"].count("\n") == 1 + 9 * 13


def test_nothing_to_draw_is_no_figure(proteins: pl.DataFrame) -> None:
    tables = assay(RECOMMENDED)
    empty = {**tables, "validation": tables["validation"].clear()}
    assert validation_panels(empty, {}) is None
    assert protein_heatmap({"proteins": proteins.clear()}, {}) is None


def test_screen_and_validation_are_drawn_against_each_other() -> None:
    found = assay(RECOMMENDED)["validation"].filter(pl.col("contrast").cast(pl.String) == "interaction")
    rng = np.random.default_rng(3)
    expected = pl.Series("expected", rng.normal(0, 0.3, found.height))
    table = found.with_columns(expected, (2 * expected).alias("screen_effect")).with_columns(
        (pl.col("expected") - 0.2).alias("expected_low"),
        (pl.col("expected") + 0.2).alias("expected_high"),
        (pl.col("expected") < 0).alias("agrees"),
    )
    made = validation_agreement({"validation_agreement": table}, {})
    assert made is not None
    meet = int(table["agrees"].sum())
    assert made["title"]["subtitle"] == [
        "gray bar: what the screen lets expect after regression to the mean · line: 95 % interval of the validation "
        "(n = 3 biological replicates)",
        f"filled: q < .05 · dashed: identity · {meet} of 30 validated intervals meet what was to be expected · named: "
        "those that do not",
    ]
    assert [panel["title"]["text"] for panel in made["concat"]] == ["lapatinib", "trastuzumab", "trastuzumab+lapatinib"]
    for number, panel in enumerate(made["concat"]):
        own = table.filter(pl.col("treatment") == panel["title"]["text"])
        assert panel["title"]["subtitle"] == f"{int(own['agrees'].sum())} of 10 meet what was expected"
        rows = [made["datasets"][f"{number}-{name}"].count("\n") - 1 for name in ("points", "left", "right")]
        assert rows[0] == 10
        assert rows[1] + rows[2] == min(3, own.height - int(own["agrees"].sum()))
    one = validation_agreement({"validation_agreement": table.filter(pl.col("treatment") == "lapatinib")}, {})
    assert one is not None
    assert max(len(line) for line in one["title"]["subtitle"]) < 70
    assert render(one) == render(one)
    assert render(made).startswith(b"<svg")
    assert validation_agreement({"validation_agreement": table.clear()}, {}) is None


def test_the_figure_shows_the_test_that_the_study_names() -> None:
    tables = {**assay(RECOMMENDED), "validation_paper": assay(NORMANN2021)["validation"]}
    paper = validation_panels(tables, {"study": {"validation": {"test": "student-wells"}}})
    own = validation_panels(tables, {"study": {"validation": {"test": "blocks"}}})
    assert paper is not None
    assert own is not None
    assert "n = 9 wells" in paper["title"]["subtitle"][0]
    assert "n = 3 biological replicates" in own["title"]["subtitle"][0]


def test_a_mimic_and_an_inhibitor_of_one_name_have_panels_of_their_own() -> None:
    tables = assay(RECOMMENDED)
    other = pl.when(pl.col("reagent") == "miR-1").then(pl.lit("miR-2")).otherwise("reagent").alias("reagent")
    kind = pl.when(pl.col("reagent") == "miR-1").then(pl.lit("inhibitor")).otherwise("kind").alias("kind")
    made = validation_panels({name: table.with_columns(other, kind) for name, table in tables.items()}, {})
    assert made is not None
    titles = [panel["title"]["text"] for panel in made["concat"]]
    assert len(set(titles)) == len(titles) == 8
    shown = [place for place, title in enumerate(titles) if title.startswith("miR-2 (")]
    assert shown
    assert {made["datasets"][f"{place}-points"].count("\n") for place in shown} == {1 + 2 * 4 * 3}


def test_the_heat_map_tells_kinds_of_one_name_apart(proteins: pl.DataFrame) -> None:
    other = pl.when(pl.col("reagent") == "miR-1").then(pl.lit("miR-2")).otherwise("reagent").alias("reagent")
    kind = pl.when(pl.col("reagent") == "miR-1").then(pl.lit("inhibitor")).otherwise("kind").alias("kind")
    twins = proteins.filter(pl.col("reagent").is_in(["miR-1", "miR-2", "miR-3"])).with_columns(other, kind)
    made = protein_heatmap({"proteins": twins}, {})
    assert made is not None
    assert made["datasets"]["0-cells"].count("\n") == 1 + 3 * 13
    assert "miR-2 (inhibitor)" in made["datasets"]["0-cells"]
    validated = pl.DataFrame({"reagent": ["miR-2"], "kind": ["inhibitor"]})
    own = protein_heatmap({"proteins": twins, "validation": validated}, {})
    assert own is not None
    assert own["datasets"]["0-cells"].count("\n") == 1 + 13
