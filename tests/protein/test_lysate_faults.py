"""What is wrong with a lysate array is told at once, and what can be answered all the same is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import LayoutError, SensitomeError, TableError
from sensitome.io.spot_table import read_slides, read_spot_map
from sensitome.protein.assess import assess_proteins
from sensitome.protein.quality import judge_slides
from sensitome.protein.reading import protein_files, read_protein_inputs
from sensitome.protein.settings import NORMANN2021, RECOMMENDED
from sensitome.protein.simulate import ArrayDesign, array_files, simulate_array
from sensitome.protein.spots import normalize_spots, read_array
from sensitome.settings import Inputs

DESIGN = ArrayDesign((*((f"miR-{i}", "mimic") for i in range(8)), ("scrambled", "control")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = simulate_array(DESIGN, effects=np.zeros((9, 4, 9)), rng=np.random.default_rng(1))
    for name, text in array_files(made).items():
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def inputs(**names: str) -> Inputs:
    return Inputs(wells="wells.csv", **names)


def test_both_lists_are_judged_at_once(folder: Path) -> None:
    (folder / "slides.csv").write_text("file,antibody\nslide_01.gpr,AKT\nslide_02.gpr,AKT\n")
    (folder / "spots.csv").write_text("id,reagent,role,dilution\nS00001,miR-1,nobody,half\nS00001,miR-2,neg,1\n")
    with pytest.raises(SensitomeError) as caught:
        read_protein_inputs(inputs(slides="slides.csv", spots="spots.csv"), folder=folder, settings=NORMANN2021)
    slides, spots = folder / "slides.csv", folder / "spots.csv"
    step = 'Name the Sypro (or FCF) slide with role "total_protein" and the same set.'
    words = "'sample', 'negative', 'positive', 'untreated', 'empty' or 'excluded'"
    assert str(caught.value) == "\n".join(
        [
            "list of slides and map of spots: 6 faults.",
            f"  {slides}, line 2, column antibody: found 'AKT', expected each antibody once in set '1' (lines 2, 3). "
            "Give repeats names of their own, or a set of their own.",
            f"  {slides}, line 2, column antibody: found 'AKT', expected a total-protein slide for set '1'. {step}",
            f"  {slides}, line 3, column antibody: found 'AKT', expected a total-protein slide for set '1'. {step}",
            f"  {spots}, line 2, column role: found 'nobody', expected {words}.",
            f"  {spots}, line 2, column dilution: found 'half', expected a number.",
            "  … and 1 more (6 in all).",
        ]
    )


def test_a_study_without_slides_is_told_what_to_name() -> None:
    with pytest.raises(LayoutError) as caught:
        read_protein_inputs(inputs(), folder=Path(), settings=NORMANN2021)
    assert str(caught.value) == (
        "the study has no lysate array in inputs: expected slides and spots. Name the list of slides and the map of "
        "spots in study.toml."
    )
    assert protein_files(inputs(), folder=Path()) == []


def test_no_total_protein_is_needed_where_none_is_divided_by(folder: Path) -> None:
    slides = pl.read_csv(folder / "slides.csv").filter(pl.col("role") == "detection")
    slides.write_csv(folder / "slides.csv")
    settings = NORMANN2021.model_copy(update={"total_protein": "none"})
    named = inputs(slides="slides.csv", spots="spots.csv")
    assert read_protein_inputs(named, folder=folder, settings=settings)["log2"].is_not_null().all()
    assert len(protein_files(named, folder=folder, settings=settings)) == 2 + slides.height
    with pytest.raises(TableError, match="a total-protein slide for set"):
        protein_files(named, folder=folder)


def test_empty_spots_and_killed_cells_are_no_reagents(folder: Path) -> None:
    spots = pl.read_csv(folder / "spots.csv")
    place = pl.int_range(pl.len())
    spots.with_columns(
        pl.when(place == 0).then(pl.lit("empty")).otherwise("reagent").alias("reagent"),
        pl.when(place == 1).then(pl.lit("kill")).otherwise("role").alias("role"),
    ).write_csv(folder / "spots.csv")
    read = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    assert "empty" not in read["reagent"].to_list()
    assert set(read["role"]) == {"sample", "negative"}
    assert read.filter(pl.col("antibody") == "AKT").height == spots.height - 2


def test_saturated_and_flagged_spots_show_in_the_verdict_on_the_slide(folder: Path) -> None:
    read = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    own = (pl.col("antibody") == "AKT") & (pl.col("row") <= 4)
    marked = read.with_columns(
        pl.when(own).then(50.0).otherwise(0.0).alias("saturated"),
        pl.when((pl.col("antibody") == "ERK") & (pl.col("row") == 1)).then(-100).otherwise("flag").alias("flag"),
        pl.when(pl.col("antibody") == "HER2")
        .then(pl.col("background") * 1.1)
        .otherwise("foreground")
        .alias("foreground"),
    )
    judged = judge_slides(marked, normalize_spots(marked, settings=NORMANN2021))
    verdicts = {row["antibody"]: (row["verdict"], row["detail"]) for row in judged.iter_rows(named=True)}
    assert verdicts["AKT"] == ("fail", "48 of 144 spots saturated")
    assert verdicts["ERK"] == ("warn", "12 of 144 spots without a value")
    assert verdicts["HER2"] == ("fail", "signal 1.1 times the background")
    assert verdicts["KI67"] == ("pass", "")
    assert verdicts["Sypro"] == ("pass", "")


def test_an_array_without_vehicle_or_controls_has_proteins_and_no_interactions(folder: Path) -> None:
    spots = pl.read_csv(folder / "spots.csv").filter(pl.col("role") == "sample")
    lost = pl.read_csv(folder / "spots.csv").filter(pl.col("role") != "sample")
    pl.concat([spots, lost.with_columns(pl.lit("excluded").alias("role"))]).write_csv(folder / "spots.csv")
    tables = assess_proteins(folder / "slides.csv", folder / "spots.csv", settings=RECOMMENDED, vehicle="DMSO")
    assert tables["protein_interactions"].is_empty()
    assert tables["proteins"]["effect"].is_not_null().all()
