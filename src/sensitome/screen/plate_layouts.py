"""Where everything goes on the plates of the next screen: reagents at random, controls scattered over every plate."""

from __future__ import annotations

from math import gcd
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import LayoutError, SettingsError, TableError, listed
from sensitome.frames import to_polars
from sensitome.plates import FORMATS, PlateFormat, well_name

__all__ = ["randomized_layout"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Free wells that are looked at before a control is placed.
TRIES = 24
_FIRST = ["library_plate", "well", "reagent", "kind", "role", "control_class"]


def randomized_layout(
    reagents: pl.DataFrame,
    *,
    controls: pl.DataFrame,
    plate_wells: int = 384,
    edge: Literal["use", "leave empty"] = "use",
    copies: int = 1,
    seed: int = 20210526,
) -> pl.DataFrame:
    """Randomized library plates with scattered controls.

    Parameters
    ----------
    reagents : columns reagent and kind, one row a reagent; further columns are carried along
    controls : columns reagent, kind, role, wells (how many on every plate) and, where wanted, control_class
    plate_wells : a sold format
    edge : fill the outer rows and columns, or leave them empty
    copies : wells of each reagent, on different plates as far as there are several
    seed : chance

    Returns
    -------
    Library table: library_plate ("L1", "L2", …), well, reagent, kind, role, control_class and the further columns; one
    row a well, sorted; wells left over are empty

    Raises
    ------
    SettingsError
        The format is not sold, or `copies` is less than one.
    LayoutError
        The controls leave no well for reagents.
    TableError
        A column is missing, or a reagent stands twice.

    Notes
    -----
    Every plate holds the same share of each kind, so that plates have the same expected level. Each plate has its own
    places; a control goes to that of 24 random free wells which lies farthest from the controls there are, so that
    edge, middle and all sides have controls and a place effect can be told from a reagent's.
    Controls in outer columns alone, as on most bought libraries, sit where the plate is least like its middle.

    References
    ----------
    Mitchell 1991, doi:10.1145/122718.122736 (best candidate); Malo et al. 2006, doi:10.1038/nbt1186 (on positions)
    """
    library, fixed = to_polars(reagents), to_polars(controls)
    _check(library, fixed, plate_wells=plate_wells, copies=copies)
    plate_format = FORMATS[plate_wells]
    usable = _usable(plate_format, edge=edge)
    per_plate = int(fixed["wells"].sum())
    room = len(usable) - per_plate
    if room < 1:
        raise LayoutError(
            "the controls leave no well for reagents",
            found=f"{per_plate} control wells on {len(usable)} usable ones",
            expected="fewer controls",
        )
    plates = -(-library.height * copies // room)
    rng = np.random.default_rng(seed)
    dealt = _deal(library, plates, copies=copies, rng=rng)
    frames = []
    for plate, members in enumerate(dealt):
        places = _scatter(per_plate, usable, rng=rng)
        free = rng.permutation(np.setdiff1d(np.arange(len(usable)), places))[: len(members)]
        own = _controls(fixed).with_columns(_wells(usable[places], plate_format))
        samples = library[members.tolist()].with_columns(
            _wells(usable[free], plate_format), role=pl.lit("sample"), control_class=pl.lit(None, pl.String)
        )
        frame = pl.concat([samples, own], how="diagonal_relaxed")
        frames.append(_filled(frame, plate_format).with_columns(library_plate=pl.lit(f"L{plate + 1}")))
    further = [name for name in library.columns if name not in _FIRST]
    return pl.concat(frames, how="diagonal_relaxed").select(*_FIRST, *further)


def _check(library: pl.DataFrame, controls: pl.DataFrame, *, plate_wells: int, copies: int) -> None:
    """Refuse tables and numbers that make no plate."""
    for name, frame, needed in (
        ("reagents", library, ["reagent", "kind"]),
        ("controls", controls, ["reagent", "kind", "role", "wells"]),
    ):
        missing = [column for column in needed if column not in frame.columns]
        if missing:
            raise TableError(
                f"table {name!r} lacks columns",
                found=f"columns {listed(frame.columns, last='and')}",
                expected=listed(missing, last="and"),
            )
    doubled = library.filter(library.select("reagent", "kind").is_duplicated()).unique(["reagent", "kind"])
    if doubled.height:
        raise TableError(
            "reagents stand twice",
            found=listed(doubled["reagent"].unique().sort(), last="and"),
            expected="one row a reagent",
            next_step="Ask for copies to have several wells of each.",
        )
    if plate_wells not in FORMATS:
        raise SettingsError("unknown plate format", found=plate_wells, expected=listed(FORMATS))
    if copies < 1:
        raise SettingsError("too few copies of each reagent", found=copies, expected="at least 1")


def _usable(plate_format: PlateFormat, *, edge: str) -> IntArray:
    """Places (n, 2), 0-based row and column, that may be filled."""
    rows, columns = np.arange(plate_format.rows), np.arange(plate_format.columns)
    if edge == "leave empty":
        rows, columns = rows[1:-1], columns[1:-1]
    down, across = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([down.ravel(), across.ravel()], axis=1).astype(np.intp)


def _deal(library: pl.DataFrame, plates: int, *, copies: int, rng: np.random.Generator) -> list[IntArray]:
    """Rows of the library on each plate: every kind spread evenly, copies of a reagent on different plates."""
    order = rng.permutation(library.height)
    kinds = library["kind"].fill_null("").rank("dense").to_numpy()[order]
    order = order[np.argsort(kinds, kind="stable")]
    turn = np.concatenate([order] * copies)
    # One card after the other around the table: neighbors in `turn`, so each kind, part. Every copy begins where the
    # last one ended, so that plates fill evenly, and one further when that has come round to the first plate.
    over = len(order) % plates
    copy = np.arange(copies)
    start = copy * over + copy // (plates // gcd(over, plates))
    plate = (np.tile(np.arange(len(order)), copies) + np.repeat(start, len(order))) % plates
    return [turn[plate == number].astype(np.intp) for number in range(plates)]


def _scatter(count: int, usable: IntArray, *, rng: np.random.Generator) -> IntArray:
    """Indices of `count` places, each far from those before it, in random order."""
    chosen: list[int] = []
    free = np.ones(len(usable), dtype=np.bool_)
    nearest = np.full(len(usable), np.inf)
    for _ in range(count):
        candidates = rng.choice(np.flatnonzero(free), size=min(TRIES, int(free.sum())), replace=False)
        best = int(candidates[np.argmax(nearest[candidates])])
        chosen.append(best)
        free[best] = False
        distance = ((usable - usable[best]) ** 2).sum(axis=1).astype(np.float64)
        nearest = np.minimum(nearest, distance)
    return rng.permutation(np.array(chosen, dtype=np.intp))


def _controls(controls: pl.DataFrame) -> pl.DataFrame:
    """One row a control well of a plate."""
    own = pl.col("control_class") if "control_class" in controls.columns else pl.col("kind").alias("control_class")
    repeated = controls.with_columns(own).select(
        pl.col("reagent", "kind", "role", "control_class").repeat_by(pl.col("wells").cast(pl.UInt32))
    )
    return repeated.explode(repeated.columns)


def _wells(places: IntArray, plate_format: PlateFormat) -> list[pl.Series]:
    """Names and order of places."""
    names = [well_name(int(row) + 1, int(column) + 1) for row, column in places]
    return [pl.Series("well", names, dtype=pl.String), pl.Series("at", places @ [plate_format.columns, 1])]


def _filled(frame: pl.DataFrame, plate_format: PlateFormat) -> pl.DataFrame:
    """All wells of the plate in order, those without anything marked empty."""
    every = pl.DataFrame(
        {
            "at": np.arange(plate_format.wells),
            "well": [
                well_name(row + 1, column + 1)
                for row in range(plate_format.rows)
                for column in range(plate_format.columns)
            ],
        }
    )
    return (
        every.join(frame.drop("at"), on="well", how="left", maintain_order="left")
        .with_columns(pl.col("role").fill_null("empty"))
        .drop("at")
    )
