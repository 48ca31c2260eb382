"""What every reader of a plate file gives back: one row per well of each plate in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Caution, Fault, SourceError, listed, suggestion
from sensitome.plates import FORMATS, parse_well, well_name

__all__ = ["COLUMNS", "PlateMatrix", "Readings", "locate_wells", "readings_from", "refuse_beyond", "take_channel"]

FloatArray = npt.NDArray[np.float64]

#: Columns of the readings of a file and their types.
COLUMNS: dict[str, type[pl.DataType]] = {
    "block": pl.String,
    "barcode": pl.String,
    "channel": pl.String,
    "well": pl.String,
    "row": pl.Int16,
    "column": pl.Int16,
    "signal": pl.Float64,
}


# Below this many wells a join costs more than a look-up of each.
_JOIN_FROM = 10_000


@dataclass(frozen=True)
class PlateMatrix:
    """One plate in one channel as a matrix.

    Parameters
    ----------
    values : (rows, columns) float64, instrument units; NaN = no reading
    block : name of the plate within its file
    barcode : as the instrument read it; None when it did not
    channel : name of the channel
    rows, columns : 1-based rows and columns of the matrix; empty means 1, 2, 3 …
    """

    values: FloatArray
    block: str = "1"
    barcode: str | None = None
    channel: str = "1"
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Readings:
    """Readings of one file.

    Parameters
    ----------
    frame : one row per well that the file lists, with the columns of `COLUMNS`: `block` (plate within the file: its
        barcode or running number, "1" when there is only one), `barcode` (null without), `channel` ("1" when there is
        only one), `well` ("A01"), `row` and `column` (1-based), `signal` (instrument units, null = no reading)
    taken : title of the block, column or sheet that was taken as the raw readings
    others : titles of those that were left
    overflowed : wells, as "B07 of plate 1", whose signal was beyond the detector's range; their signal is null
    """

    frame: pl.DataFrame
    taken: str
    others: tuple[str, ...] = ()
    overflowed: tuple[str, ...] = ()

    def cautions(self, path: str | Path) -> list[Caution]:
        """What a user should know about these readings, for the caller to warn of."""
        if not self.overflowed:
            return []
        return [
            Caution(
                "signal beyond the detector's range counts as missing",
                where=path,
                found=f"{len(self.overflowed)} wells ({', '.join(self.overflowed[:5])})",
                next_step="Measure these plates with less gain if the wells matter.",
            )
        ]


def readings_from(
    plates: Sequence[PlateMatrix], *, taken: str, others: Sequence[str] = (), overflowed: Sequence[str] = ()
) -> Readings:
    """Readings of plates given as matrices.

    Parameters
    ----------
    plates : in the order of the file
    taken, others, overflowed : as in `Readings`

    Returns
    -------
    One row per well, plate by plate and row by row
    """
    frames = [_frame(plate) for plate in plates]
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=COLUMNS)
    return Readings(frame, taken, tuple(others), tuple(overflowed))


def locate_wells(wells: pl.Series) -> pl.DataFrame:
    """Places of wells written in any usual way.

    Parameters
    ----------
    wells : (n,) String, such as "A1", "a01" or "A001"

    Returns
    -------
    (n, 3) `well` ("A01"), `row` and `column` (Int16, 1-based); null where the text is not a well

    >>> locate_wells(pl.Series(["a1", "AF048", "?"])).rows()
    [('A01', 1, 1), ('AF48', 32, 48), (None, None, None)]
    """
    texts = wells.cast(pl.String).fill_null("")
    if len(texts) > _JOIN_FROM:
        unique = texts.unique()
        places = _places_of(unique.to_list()).with_columns(unique.alias("text"))
        return pl.DataFrame({"text": texts}).join(places, on="text", how="left", maintain_order="left").drop("text")
    return _places_of(texts.to_list())


def _places_of(texts: Sequence[str]) -> pl.DataFrame:
    places = [parse_well(text) for text in texts]
    return pl.DataFrame(
        {
            "well": [well_name(*place) if place else None for place in places],
            "row": [place[0] if place else None for place in places],
            "column": [place[1] if place else None for place in places],
        },
        schema={"well": pl.String, "row": pl.Int16, "column": pl.Int16},
    )


def take_channel(readings: Readings, channel: str | None, *, path: str | Path) -> Readings:
    """Only one channel, by its name, a part of its name that no other has, or its number from 1; None keeps all.

    Raises
    ------
    SourceError
        The file has no such channel, or several; those that it has are named.
    """
    if channel is None:
        return readings
    names = readings.frame["channel"].unique(maintain_order=True).to_list()
    chosen = [name for name in names if name.casefold() == channel.casefold()]
    if not chosen and channel.isdigit() and 1 <= int(channel) <= len(names):
        chosen = [names[int(channel) - 1]]
    if not chosen:
        chosen = [name for name in names if channel.casefold() in name.casefold()]
    if len(chosen) != 1:
        raise SourceError(
            "file has no such channel" if not chosen else "several channels fit",
            where=path,
            found=repr(channel),
            expected=listed(names),
            next_step=suggestion(channel, names) or "Name one of them, or its number.",
        )
    frame = readings.frame.filter(pl.col("channel") == chosen[0]).with_columns(channel=pl.lit("1"))
    left = tuple(name for name in names if name != chosen[0])
    return replace(readings, frame=frame, taken=chosen[0] if left else readings.taken, others=readings.others + left)


def refuse_beyond(readings: Readings, wells: int | None, *, path: str | Path) -> Readings:
    """Return the same readings if every well lies on a plate of so many wells; None asks nothing.

    Raises
    ------
    SourceError
        The format is not sold, or wells lie beyond it; each plate with such wells is a fault.
    """
    if wells is None:
        return readings
    if wells not in FORMATS:
        raise SourceError("unknown plate format", where=path, found=f"{wells} wells", expected=listed(sorted(FORMATS)))
    plate = FORMATS[wells]
    beyond = readings.frame.filter((pl.col("row") > plate.rows) | (pl.col("column") > plate.columns))
    if beyond.is_empty():
        return readings
    faults = [
        Fault(
            f"at most {plate}", path, value=f"{names[-1]} and {len(names) - 1} other wells beyond it in plate {block}"
        )
        for block, names in beyond.group_by("block", maintain_order=True).agg("well").iter_rows()
    ]
    raise SourceError(
        "more wells than the plate format", where=path, faults=faults, next_step="Correct the format or the file:"
    )


def _frame(plate: PlateMatrix) -> pl.DataFrame:
    height, width = plate.values.shape
    rows = plate.rows or tuple(range(1, height + 1))
    columns = plate.columns or tuple(range(1, width + 1))
    places = _places(rows, columns)
    keys = [("block", plate.block), ("barcode", plate.barcode), ("channel", plate.channel)]
    named = [pl.Series(name, [value], dtype=pl.String).new_from_index(0, places.height) for name, value in keys]
    signal = pl.Series("signal", np.ascontiguousarray(plate.values, dtype=np.float64).ravel())
    return pl.DataFrame([*named, *places.get_columns(), signal.fill_nan(None)])


@lru_cache(maxsize=64)
def _places(rows: tuple[int, ...], columns: tuple[int, ...]) -> pl.DataFrame:
    """Well, row and column of every crossing, row by row; the frame is never changed, so it may be shared."""
    crossings = [(row, column) for row in rows for column in columns]
    return pl.DataFrame(
        {
            "well": [well_name(row, column) for row, column in crossings],
            "row": [row for row, _ in crossings],
            "column": [column for _, column in crossings],
        },
        schema={"well": pl.String, "row": pl.Int16, "column": pl.Int16},
    )
