"""The files of a plate list, read side by side, and out of each the plates that the list names."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.errors import Fault, SensitomeError, SourceError, listed, suggestion
from sensitome.io.columns import raise_together
from sensitome.io.readers import ReaderOptions, find_reader, guess_reader, read_file
from sensitome.io.readings import Readings, take_channel

__all__ = ["AUTO", "PlateFile", "read_plate_files"]

AUTO = "auto"
_SCHEMA = {"order": pl.Int32, "well": pl.String, "row": pl.Int16, "column": pl.Int16, "signal": pl.Float64}


@dataclass(frozen=True)
class PlateFile:
    """What was taken of a plate file.

    Parameters
    ----------
    path : of the file, as the plate list leads to it
    taken : title of the block, column or sheet that was taken as the raw readings
    others : titles of those that were left
    plates : rows of the plate list that it serves
    """

    path: str
    taken: str
    others: tuple[str, ...]
    plates: int


def read_plate_files(
    plate_list: pl.DataFrame,
    *,
    file: str | Path = "plate list",
    reader: str = AUTO,
    options: ReaderOptions | None = None,
    jobs: int = 1,
    told: Callable[[PlateFile], None] | None = None,
) -> pl.DataFrame:
    """Read every file of a plate list once, and take the plates that the list names.

    Parameters
    ----------
    plate_list : columns `order`, `path`, `block`, `barcode`, `channel`, `line` of `plate_list.read_plate_list`
    file : the plate list, for messages
    reader : a name of `readers.READERS`, or "auto" to tell the format of each file by its content
    options : as `readers.read_file`
    jobs : threads; the result does not depend on them
    told : called with each file, in the order of the list, when all could be read

    Returns
    -------
    ``order`` (Int32), ``well``, ``row``, ``column`` (from 1), ``signal``; plate by plate in the order of the list

    Raises
    ------
    SourceError
        Files that cannot be read, blocks, barcodes or channels that a file does not have or that are not named although
        it has several; all faults of all files at once.

    Warns
    -----
    Caution
        What a reader says of a file, such as signals beyond the detector's range.
    """
    if reader != AUTO:
        find_reader(reader)
    paths = plate_list["path"].unique(maintain_order=True).to_list()
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        results = list(pool.map(lambda path: _read(path, reader, options or ReaderOptions()), paths))
    failed = [result for result in results if isinstance(result, SensitomeError)]
    read = {path: result for path, result in zip(paths, results, strict=True) if isinstance(result, Readings)}
    faults = []
    plates = []
    for row in plate_list.select("order", "path", "block", "barcode", "channel", "line").iter_rows(named=True):
        if row["path"] in read:
            frame, fault = _take_plate(read[row["path"]], row, file=file)
            faults += [fault] if fault else []
            plates.append(frame.select(pl.lit(row["order"], pl.Int32).alias("order"), *list(_SCHEMA)[1:]))
    if faults:
        failed.append(SourceError("plate list and plate files do not fit together", faults=faults))
    raise_together("plate files", failed)
    for path, readings in read.items():
        for caution in readings.cautions(path):
            warnings.warn(caution, stacklevel=4)
        if told is not None:
            named = plate_list.filter(pl.col("path") == path).height
            told(PlateFile(path, readings.taken, readings.others, named))
    return pl.concat(plates) if plates else pl.DataFrame(schema=_SCHEMA)


def _read(path: str, reader: str, options: ReaderOptions) -> Readings | SensitomeError:
    try:
        return read_file(path, reader=guess_reader(path) if reader == AUTO else reader, options=options)
    except SensitomeError as error:
        return error


def _take_plate(readings: Readings, row: dict[str, Any], *, file: str | Path) -> tuple[pl.DataFrame, Fault | None]:
    """The wells of the plate that a row of the plate list means, or what keeps them from being found."""
    frame = readings.frame
    line = row["line"]
    for name in ("block", "barcode"):
        present = frame[name].drop_nulls().unique(maintain_order=True).to_list()
        wanted = row[name]
        if wanted is None:
            continue
        if wanted not in present:
            rule = f"a {name} of {Path(row['path']).name} ({listed(present, last='and')})"
            return frame.clear(), Fault(rule, file, line, name, wanted, suggestion(wanted, present))
        frame = frame.filter(pl.col(name) == wanted)
    if row["channel"] is not None:
        try:
            frame = take_channel(Readings(frame, readings.taken), row["channel"], path=row["path"]).frame
        except SourceError as error:
            rule = f"a channel of {Path(row['path']).name} ({error.expected})"
            return frame.clear(), Fault(rule, file, line, "channel", row["channel"], error.next_step)
    for name in ("block", "channel"):
        present = frame[name].unique(maintain_order=True).to_list()
        if len(present) > 1:
            rule = f"column {name!r} to say which plate of {Path(row['path']).name} it is"
            step = f"The file has {listed(present, last='and')}; fill in the column {name!r}."
            return frame.clear(), Fault(rule, file, line, name, f"{len(present)} {name}s", step)
    return frame, None
