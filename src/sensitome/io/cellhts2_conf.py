"""The plate configuration of a cellHTS2 screen: what the wells hold, by regular expressions.

In its present form the file begins with the lines ``Wells:`` and ``Plates:``, and its rules (Plate, Well, Content) are
searched for in the numbers of the plates and in "A01" …; a later rule wins. In the form of the first cellHTS there
is one row for each well of each batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault, listed
from sensitome.frames import largest
from sensitome.io.cellhts2_files import filled_rows, headed_table
from sensitome.io.columns import Column, empty_cells
from sensitome.plates import FORMATS, PlateFormat, format_that_holds, well_name

__all__ = ["Configuration", "read_configuration"]

_ALL = "*"
_CLASSES = {"digit": "0-9", "alpha": "A-Za-z", "upper": "A-Z", "lower": "a-z", "alnum": "A-Za-z0-9"}


@dataclass(frozen=True)
class Configuration:
    """What the wells hold: `frame` has library_plate, well, row, column, content (lower case) and word (as written)."""

    frame: pl.DataFrame
    format: PlateFormat


def read_configuration(
    path: Path | None, *, plates: pl.DataFrame, extent: tuple[int, int]
) -> tuple[Configuration, list[Fault]]:
    """Read the plate configuration, its rules applied in order, the later over the earlier.

    Parameters
    ----------
    path : the file; None = every well is a sample
    plates : table of `read_plates`
    extent : last row and column that the plate files have
    """
    n_plates = int(largest(plates["plate"]))
    if path is None:
        rules = pl.DataFrame({"plate": [_ALL], "well": [_ALL], "content": ["sample"], "line": [0]})
        return _apply(rules, {}, n_plates, format_that_holds(*extent), Path("plate configuration"))
    rows = filled_rows(path)
    said = {}
    while rows and (match := re.match(r"(wells|plates)\s*:\s*(\d+)", rows[0][1][0], re.IGNORECASE)):
        said[match[1].casefold()] = (int(match[2]), rows.pop(0)[0])
    columns = (
        Column("plate", ("batch",), required=True),
        Column("well", required=True),
        Column("content", required=True),
    )
    by_batch = bool(rows) and "batch" in {cell.casefold() for cell in rows[0][1]} - {"plate"}
    rules, faults = headed_table(path, rows, columns)
    plate_format = format_that_holds(*extent)
    if "wells" in said:
        wells, line = said["wells"]
        if wells not in FORMATS:
            faults.append(Fault(f"{listed(sorted(FORMATS))} wells", path, line, "Wells", wells))
        plate_format = FORMATS.get(wells, plate_format)
    if "plates" in said and said["plates"][0] < n_plates:
        rule = f"{n_plates} plates or more, as the plate list names"
        faults.append(Fault(rule, path, said["plates"][1], "Plates", said["plates"][0]))
    if faults:
        return Configuration(pl.DataFrame(), plate_format), faults
    faults = empty_cells(rules, ("plate", "well", "content"), file=path)
    members = _batches(plates) if by_batch else {}
    configuration, wrong = _apply(rules.drop_nulls(["plate", "well", "content"]), members, n_plates, plate_format, path)
    return configuration, [*faults, *wrong]


def _batches(plates: pl.DataFrame) -> dict[str, list[int]]:
    """Plates of each batch; without batches all are in the first."""
    grouped = plates.select(pl.col("batch").fill_null("1"), "plate").unique().group_by("batch").agg("plate")
    return {batch: sorted(members) for batch, members in grouped.iter_rows()}


def _apply(
    rules: pl.DataFrame,
    batches: Mapping[str, Sequence[int]],
    n_plates: int,
    plate_format: PlateFormat,
    path: Path,
) -> tuple[Configuration, list[Fault]]:
    """Give every well of every plate its content."""
    spots = [(row, column) for row in range(1, plate_format.rows + 1) for column in range(1, plate_format.columns + 1)]
    wells = [well_name(*spot) for spot in spots]
    numbers = [str(plate) for plate in range(1, n_plates + 1)]
    rule_of = np.full((n_plates, len(wells)), -1)
    faults = []
    seen: dict[tuple[str, str], list[int]] = {}
    for index, (plate, well, line) in enumerate(rules.select("plate", "well", "line").iter_rows()):
        matches = []
        for axis, pattern, names in (("Plate", plate, numbers), ("Well", well, wells)):
            if axis == "Plate" and pattern in batches:
                matches.append([member - 1 for member in batches[pattern]])
                continue
            try:
                if (axis, pattern) not in seen:
                    seen[axis, pattern] = _matching(pattern, names, by_number=axis == "Plate")
                found = seen[axis, pattern]
            except re.error as error:
                faults.append(Fault("a regular expression", path, line, axis, pattern, f"It is not one: {error}."))
                continue
            matches.append(found)
            if not found:
                faults.append(
                    Fault(
                        f"a pattern that fits a {axis.lower()} ({names[0]} to {names[-1]})", path, line, axis, pattern
                    )
                )
        if len(matches) == 2:
            rule_of[np.ix_(*matches)] = index
    faults += _uncovered(rule_of, wells, path)
    contents = rules["content"].to_list()
    frame = pl.DataFrame(
        {
            "library_plate": np.repeat(np.array(numbers), len(wells)),
            "well": np.tile(np.array(wells), n_plates),
            "row": np.tile(np.array([row for row, _ in spots], dtype=np.int16), n_plates),
            "column": np.tile(np.array([column for _, column in spots], dtype=np.int16), n_plates),
            "word": pl.Series(contents, dtype=pl.String).gather(np.maximum(rule_of, 0).ravel()),
        }
    )
    return Configuration(frame.with_columns(pl.col("word").str.to_lowercase().alias("content")), plate_format), faults


def _matching(pattern: str, names: Sequence[str], *, by_number: bool) -> list[int]:
    """Positions of the names that a pattern of the configuration means; a plate's number is no pattern."""
    if pattern == _ALL:
        return list(range(len(names)))
    if by_number and pattern.isdigit():
        return [position for position, name in enumerate(names) if name == str(int(pattern))]
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(f"[:{name}:]", characters)
    compiled = re.compile(pattern)
    return [position for position, name in enumerate(names) if compiled.search(name)]


def _uncovered(
    rule_of: np.ndarray[tuple[int, int], np.dtype[np.int_]], wells: Sequence[str], path: Path
) -> list[Fault]:
    bare = np.argwhere(rule_of < 0)
    if not len(bare):
        return []
    shown = ", ".join(f"{wells[well]} of plate {plate + 1}" for plate, well in bare[:3])
    rule = f"a content for every well ({len(bare)} wells have none: {shown}{' …' if len(bare) > 3 else ''})"
    return [Fault(rule, path, next_step="Begin with a rule for Plate * and Well *.")]
