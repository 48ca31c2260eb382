"""Numbers for the items of a library."""

from __future__ import annotations

import polars as pl

from sensitome.screen.items import number_items, once_a_place

WELLS = pl.DataFrame(
    {
        "library_plate": ["L1", "L1", "L1", "L1", "L2", "L2", "L1"],
        "well": ["A02", "A01", "A02", "A01", "A01", "B07", "A01"],
        "reagent": ["b", "a", "b", "a", "a", "b", "other"],
        "kind": ["mimic", None, "mimic", None, "reagent", "inhibitor", None],
    }
)


def test_every_reagent_of_a_place_is_shown_once() -> None:
    is_shown, which = once_a_place(WELLS)
    assert is_shown.tolist() == [True, True, False, False, True, True, True]
    assert which.tolist() == [0, 1, 0, 1, 2, 3, 4]


def test_all_wells_of_a_reagent_are_one_item_with_all_its_places() -> None:
    items, number = number_items(WELLS, by_well=False)
    assert items.rows() == [
        ("a", "reagent", "L1:A01;L2:A01"),
        ("b", "inhibitor", "L2:B07"),
        ("b", "mimic", "L1:A02"),
        ("other", "reagent", "L1:A01"),
    ]
    assert number.tolist() == [2, 0, 2, 0, 0, 1, 3]


def test_each_well_of_the_library_can_be_an_item() -> None:
    items, number = number_items(WELLS, by_well=True)
    assert items["position"].to_list() == ["L1:A01", "L2:A01", "L2:B07", "L1:A02", "L1:A01"]
    assert number.tolist() == [3, 0, 3, 0, 1, 2, 4]


def test_many_places_are_counted_instead_of_listed() -> None:
    many = pl.DataFrame({"library_plate": "L1", "well": [f"A{n:02d}" for n in range(1, 6)]}).with_columns(
        reagent=pl.lit("NC"), kind=pl.lit("siRNA")
    )
    assert number_items(many, by_well=False)[0].rows() == [("NC", "siRNA", "5 wells")]


def test_no_wells_are_no_items() -> None:
    items, number = number_items(WELLS.clear(), by_well=False)
    assert (items.height, number.size) == (0, 0)
