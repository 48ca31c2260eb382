"""Which well is which item of the library: numbers instead of names, so that millions of wells are grouped quickly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["number_items", "once_a_place"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: So many wells of one reagent are listed; of more, only their number is given.
LISTED = 4


def number_items(wells: pl.DataFrame, *, by_well: bool) -> tuple[pl.DataFrame, IntArray]:
    """Items of the library, and which of them each well is.

    Parameters
    ----------
    wells : reagent, kind (null counts as "reagent"), library_plate, well; every well has a reagent
    by_well : whether each well of the library is an item of its own, or all wells of one reagent are

    Returns
    -------
    items : reagent, kind, position, sorted; position is "L1:A03", several joined by ";", more than four as "9 wells"
    number : (wells,) row in `items`
    """
    # A place of the library nearly always holds one reagent: names are compared once a place, not once a well.
    is_shown, which = once_a_place(wells)
    shown = wells.select("reagent", "kind", "library_plate", "well").filter(pl.Series(is_shown))
    named = shown.with_columns(pl.col("kind").fill_null("reagent"))
    here = pl.concat_str("library_plate", "well", separator=":").alias("position")
    names = ["reagent", "kind", "position"]
    if by_well:
        labels = named.select("reagent", "kind", here)
    else:
        places = _positions(named.select("reagent", "kind", "library_plate", "well", here).unique())
        labels = named.select("reagent", "kind").join(places, on=["reagent", "kind"], how="left", maintain_order="left")
    items = labels.unique().sort(names)
    numbered = labels.join(items.with_row_index("_number"), on=names, how="left", maintain_order="left")
    return items, numbered["_number"].to_numpy().astype(np.intp)[which]


def once_a_place(wells: pl.DataFrame) -> tuple[BoolArray, IntArray]:
    """Mark rows that together show every place with every reagent that it holds.

    Parameters
    ----------
    wells : reagent, kind, library_plate, well

    Returns
    -------
    is_shown : (wells,) the first row of each place, and rows with another reagent or kind than that one
    which : (wells,) for each row, which of the marked rows says the same
    """
    library, well = (wells[name].cast(pl.Categorical).to_physical().to_numpy() for name in ("library_plate", "well"))
    place = library.astype(np.intp) * (int(well.max(initial=0)) + 1) + well
    own = np.arange(wells.height)
    first = np.zeros(int(place.max(initial=-1)) + 1, dtype=np.intp)
    first[place[::-1]] = own[::-1]
    stands = first[place]
    there = wells.select("reagent", "kind")
    other = there[stands]
    same = there["reagent"].eq_missing(other["reagent"]) & there["kind"].eq_missing(other["kind"])
    stands = np.where(same.to_numpy(), stands, own)
    is_shown = np.zeros(wells.height, dtype=bool)
    is_shown[stands] = True
    return is_shown, (np.cumsum(is_shown) - 1)[stands]


def _positions(places: pl.DataFrame) -> pl.DataFrame:
    """Position of each reagent and kind from its different places."""
    names = ["reagent", "kind"]
    counted = places.with_columns(pl.len().over(names).alias("n"))
    several = (
        counted.filter(pl.col("n") > 1)
        .sort("library_plate", "well")
        .group_by(names, maintain_order=True)
        .agg(
            pl.when(pl.len() <= LISTED)
            .then(pl.col("position").str.join(";"))
            .otherwise(pl.format("{} wells", pl.len()))
            .alias("position")
        )
    )
    return pl.concat([counted.filter(pl.col("n") == 1).select(*names, "position"), several])
