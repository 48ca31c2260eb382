"""Randomized layouts: everything has its place once, controls are scattered, kinds are spread evenly."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.errors import LayoutError, SettingsError, TableError
from sensitome.io.library import library_from
from sensitome.plates import parse_well
from sensitome.screen.plate_layouts import randomized_layout

REAGENTS = pl.DataFrame(
    {
        "reagent": [f"m{i:03d}" for i in range(300)] + [f"i{i:03d}" for i in range(200)],
        "kind": ["mimic"] * 300 + ["inhibitor"] * 200,
        "mimat": [f"MIMAT{i}" for i in range(500)],
    }
)
CONTROLS = pl.DataFrame(
    {
        "reagent": ["NC mimic", "NC inhibitor", "kill"],
        "kind": ["mimic", "inhibitor", "siRNA"],
        "role": ["negative", "negative", "positive"],
        "wells": [16, 16, 8],
    }
)


def test_every_reagent_has_one_well_and_every_plate_its_controls() -> None:
    layout = randomized_layout(REAGENTS, controls=CONTROLS)
    assert (
        layout.filter(role="sample")
        .select("reagent", "kind")
        .sort("kind", "reagent")
        .equals(REAGENTS.select("reagent", "kind").sort("kind", "reagent"))
    )
    assert layout["library_plate"].n_unique() == 2
    counts = layout.filter(pl.col("role").is_in(["negative", "positive"])).group_by("library_plate", "reagent").len()
    assert sorted(counts["len"].to_list()) == [8, 8, 16, 16, 16, 16]
    assert layout.select("library_plate", "well").is_unique().all()
    assert layout.height == 2 * 384
    assert layout.filter(reagent="m007")["mimat"][0] == "MIMAT7"


def test_kinds_are_spread_evenly_over_plates() -> None:
    layout = randomized_layout(REAGENTS, controls=CONTROLS).filter(role="sample")
    for kind in ("mimic", "inhibitor"):
        sizes = layout.filter(kind=kind).group_by("library_plate").len()["len"]
        assert sizes.max() - sizes.min() <= 1


def test_controls_lie_in_all_parts_of_the_plate() -> None:
    layout = randomized_layout(REAGENTS, controls=CONTROLS, seed=3)
    for _, plate in layout.filter(role="negative").group_by("library_plate"):
        wells = [parse_well(well) or (0, 0) for well in plate["well"]]
        quarters = {(row > 8, column > 12) for row, column in wells}
        assert len(quarters) == 4
        assert len({row for row, _ in wells}) >= 11
        distance = [min(abs(a - c) + abs(b - d) for c, d in wells if (a, b) != (c, d)) for a, b in wells]
        assert np.mean(distance) >= 2


def test_the_same_seed_gives_the_same_layout() -> None:
    tables = [randomized_layout(REAGENTS, controls=CONTROLS, seed=seed) for seed in (1, 1, 2)]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])


def test_the_edge_can_be_left_empty() -> None:
    layout = randomized_layout(REAGENTS, controls=CONTROLS, edge="leave empty")
    edge = layout.filter(pl.col("well").str.contains(r"^[AP]|01$|24$"))
    assert edge["role"].unique().to_list() == ["empty"]
    assert layout.filter(role="sample").height == 500


def test_copies_lie_on_different_plates() -> None:
    layout = randomized_layout(REAGENTS, controls=CONTROLS, copies=2).filter(role="sample")
    plates = layout.group_by("reagent", "kind").agg(pl.col("library_plate").n_unique(), pl.len())
    assert plates["len"].unique().to_list() == [2]
    assert plates["library_plate"].min() == 2


@pytest.mark.parametrize("copies", [2, 3, 7, 50])
@pytest.mark.parametrize("count", [17, 60, 220])
def test_copies_fill_no_plate_beyond_its_wells_and_part_as_far_as_there_are_plates(count: int, copies: int) -> None:
    some = pl.DataFrame({"reagent": [f"r{i}" for i in range(count)], "kind": "mimic"})
    layout = randomized_layout(some, controls=CONTROLS, plate_wells=96, copies=copies)
    wells = layout.filter(role="sample")
    assert wells.height == count * copies
    plates = layout["library_plate"].n_unique()
    sizes = wells.group_by("library_plate").len()["len"]
    assert sizes.max() - sizes.min() <= 1
    apart = wells.group_by("reagent").agg(pl.col("library_plate").n_unique())["library_plate"]
    assert apart.min() == min(copies, plates)


def test_a_layout_is_a_library() -> None:
    library = library_from(randomized_layout(REAGENTS, controls=CONTROLS))
    assert library.filter(pl.col("role").cast(pl.String) == "sample").height == 500
    assert library.filter(pl.col("role").cast(pl.String) == "negative").height == 64


def test_controls_that_fill_the_plate() -> None:
    with pytest.raises(LayoutError) as error:
        randomized_layout(REAGENTS, controls=CONTROLS, plate_wells=24)
    assert str(error.value) == (
        "the controls leave no well for reagents: found 40 control wells on 24 usable ones, expected fewer controls."
    )


def test_an_unknown_format_and_no_copies() -> None:
    with pytest.raises(SettingsError, match="unknown plate format: found 100, expected 6, 12, 24, 48, 96, 384 or 1536"):
        randomized_layout(REAGENTS, controls=CONTROLS, plate_wells=100)
    with pytest.raises(SettingsError, match="too few copies of each reagent: found 0, expected at least 1"):
        randomized_layout(REAGENTS, controls=CONTROLS, copies=0)


def test_a_reagent_twice_and_a_missing_column() -> None:
    with pytest.raises(TableError) as error:
        randomized_layout(pl.concat([REAGENTS, REAGENTS.head(1)]), controls=CONTROLS)
    assert str(error.value) == (
        "reagents stand twice: found 'm000', expected one row a reagent. Ask for copies to have several wells of each."
    )
    with pytest.raises(TableError) as error:
        randomized_layout(REAGENTS, controls=CONTROLS.drop("wells"))
    assert str(error.value) == (
        "table 'controls' lacks columns: found columns 'reagent', 'kind' and 'role', expected 'wells'."
    )
