"""What can be wrong between plate list, library and readings."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from sensitome.errors import Caution, Fault, listed, suggestion
from sensitome.io.library import ANY_PLATE
from sensitome.plates import PlateFormat, format_that_holds, row_letters

__all__ = ["caution_gaps", "caution_unused", "layout_faults"]

_NAMED = 6


def layout_faults(
    plate_list: pl.DataFrame,
    library: pl.DataFrame,
    *,
    layout: pl.DataFrame,
    readings: pl.DataFrame,
    file: str | Path = "plate list",
) -> list[Fault]:
    """Everything that keeps readings from being laid out.

    Parameters
    ----------
    plate_list, library, readings : as `layout.lay_out` takes them
    layout : the library's rows for each plate, by `order`
    file : the plate list, for messages

    Returns
    -------
    The faults, in the order of the plate list within each kind
    """
    return [
        *_doubled_plates(plate_list, file),
        *_unknown_library_plates(plate_list, library, file),
        *_doubled_readings(plate_list, readings),
        *_other_formats(plate_list, layout, readings, file=file),
        *_constant_plates(plate_list, readings, file=file),
    ]


def _line_of(plate_list: pl.DataFrame) -> dict[int, int | None]:
    lines = plate_list["line"].to_list() if "line" in plate_list.columns else [None] * plate_list.height
    return dict(zip(plate_list["order"].to_list(), lines, strict=True))


def _doubled_plates(plate_list: pl.DataFrame, file: str | Path) -> list[Fault]:
    counts = plate_list.group_by("plate", maintain_order=True).len().filter(pl.col("len") > 1)
    step = "Two files for one plate? Number the replicates, or give each plate a name."
    return [Fault("one row for each plate", file, None, "plate", plate, step) for plate in counts["plate"]]


def _unknown_library_plates(plate_list: pl.DataFrame, library: pl.DataFrame, file: str | Path) -> list[Fault]:
    known = library["library_plate"].unique(maintain_order=True).to_list()
    if ANY_PLATE in known:
        return []
    lost = plate_list.filter(~pl.col("library_plate").is_in(known))
    rule = f"a plate of the library ({listed(known, last='and')})"
    lines = _line_of(plate_list)
    return [
        Fault(rule, file, lines[order], "library_plate", plate, suggestion(plate, known))
        for order, plate in lost.unique("library_plate", maintain_order=True)
        .select("order", "library_plate")
        .iter_rows()
    ]


def _doubled_readings(plate_list: pl.DataFrame, readings: pl.DataFrame) -> list[Fault]:
    # Counting keys as one number is several times faster than as tuples.
    keys = readings.select(pl.col("order").cast(pl.Int64) * 4096 + pl.col("row") * 64 + pl.col("column"))
    if keys.to_series().n_unique() == readings.height:
        return []
    names = dict(plate_list.select("order", "plate").iter_rows())
    twice = readings.group_by("order", "well", maintain_order=True).len().filter(pl.col("len") > 1)
    worst = twice.group_by("order", maintain_order=True).agg(pl.col("well"))
    step = "Choose the block, barcode or channel of this plate."
    return [
        Fault(f"one reading for each well of plate {names[order]!r}", value=f"two for {_some(wells)}", next_step=step)
        for order, wells in worst.iter_rows()
    ]


def _extents(frame: pl.DataFrame) -> dict[int, tuple[int, int]]:
    extents = frame.group_by("order").agg(pl.col("row").max(), pl.col("column").max())
    return {order: (row, column) for order, row, column in extents.iter_rows() if row is not None}


def _other_formats(
    plate_list: pl.DataFrame, layout: pl.DataFrame, readings: pl.DataFrame, *, file: str | Path
) -> list[Fault]:
    """Plates whose file is of another format than their library plate."""
    needed = _extents(layout.filter(pl.col("role") != "empty"))
    read = _extents(readings)
    lines = _line_of(plate_list)
    faults = []
    for order, plate, library_plate in plate_list.select("order", "plate", "library_plate").iter_rows():
        if order not in needed or order not in read:
            continue
        library_format, file_format = format_that_holds(*needed[order]), format_that_holds(*read[order])
        if file_format.wells < library_format.wells or _is_full(needed[order], library_format, file_format):
            rule = f"{library_format}, as library plate {library_plate!r} has"
            step = f"Is it the right file, and the right library, for plate {plate!r}?"
            faults.append(Fault(rule, file, lines[order], "file", str(file_format), step))
    return faults


def _is_full(used: tuple[int, int], library_format: PlateFormat, file_format: PlateFormat) -> bool:
    """Whether a library that fills a smaller format to its last well meets a file of a larger one.

    A library that names only a few wells of a larger plate says nothing about the format.
    """
    filled = used == (library_format.rows, library_format.columns) and library_format.wells >= 96
    return filled and file_format.wells > library_format.wells


def _constant_plates(plate_list: pl.DataFrame, readings: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    spread = readings.group_by("order").agg(
        pl.col("signal").min().alias("low"), pl.col("signal").max().alias("high"), pl.col("signal").count().alias("n")
    )
    constant = spread.filter((pl.col("low") == pl.col("high")) & (pl.col("n") > 2)).sort("order")
    names, lines = dict(plate_list.select("order", "plate").iter_rows()), _line_of(plate_list)
    step = "Export the plate again; is it the right block?"
    return [
        Fault(f"readings that differ from well to well on plate {names[order]!r}", file, lines[order], "file",
              f"{low:g} in all {n} wells", step)
        for order, low, n in constant.select("order", "low", "n").iter_rows()
    ]  # fmt: skip


def caution_unused(plate_list: pl.DataFrame, library: pl.DataFrame) -> None:
    """Warn of library plates that no measured plate names."""
    used = {*plate_list["library_plate"], ANY_PLATE}
    unused = [plate for plate in library["library_plate"].unique(maintain_order=True) if plate not in used]
    if unused:
        _warn(
            "library plates without a measured plate",
            found=listed(unused, last="and"),
            next_step="Their reagents are not in the results; is a file missing in the plate list?",
        )


def caution_gaps(wells: pl.DataFrame, readings: pl.DataFrame) -> None:
    """Warn of plates, rows and columns of the library that have no reading at all."""
    wanted = wells.filter((pl.col("role") != "empty") & ~pl.col("flags").str.contains("excluded", literal=True))
    opened = readings.group_by("order").agg(pl.col("signal").count().alias("n"))
    unread = opened.filter(pl.col("n") == 0)["order"].to_list()
    if unread:
        names = wells.filter(pl.col("order").is_in(unread))["plate"].unique(maintain_order=True)
        _warn("plates without any reading", found=_some(names, quoted=True), next_step="Check their files.")
    rest = wanted.filter(pl.col("order").is_in(opened.filter(pl.col("n") > 0)["order"].to_list()))
    if not rest["signal"].null_count():
        return
    gaps = []
    for axis in ("row", "column"):
        lines = rest.group_by("order", "plate", axis, maintain_order=True).agg(
            pl.col("signal").count().alias("n"), pl.len().alias("wells")
        )
        empty = lines.filter((pl.col("n") == 0) & (pl.col("wells") > 1)).sort("order", axis)
        for plate, position in empty.select("plate", axis).iter_rows():
            gaps.append(f"{axis} {row_letters(position) if axis == 'row' else position} of {plate!r}")
    if gaps:
        _warn("whole rows or columns without a reading", found=_some(gaps), next_step="Was the export cut off?")


def _some(names: Iterable[str], *, quoted: bool = False) -> str:
    """The first few names, and how many more there are."""
    shown = [repr(name) if quoted else name for name in names]
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return f"{', '.join(shown[:_NAMED])}{more}"


def _warn(what: str, *, found: str, next_step: str) -> None:
    warnings.warn(Caution(what, found=found, next_step=next_step), stacklevel=4)
