"""wellmap layouts (TOML) as libraries.

The format is that of the Python package wellmap 3.5 (Kundert 2021, doi:10.1186/s13104-021-05573-0): sections
``[expt]``, ``[plate.NAME]``, ``[row.A]``, ``[col.1]``, ``[irow.A]``, ``[icol.1]``, ``[block.WxH.A1]`` and ``[well.A1]``
say what is in their wells, and the narrower section wins: well, small block, large block, row, column, interleaved row,
interleaved column, experiment. Rows reach over the columns that other sections use, and columns over the rows. What a
plate says in a section wins over what the whole layout says in sections of that kind, and a file over the files that it
includes, also where their patterns differ (there, wellmap 3.5 lets the other win).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from sensitome.errors import Fault, SourceError
from sensitome.io.columns import raise_faults
from sensitome.io.library import ANY_PLATE, library_from
from sensitome.io.text import read_text
from sensitome.plates import parse_well, well_name

__all__ = ["read_wellmap"]

Spot = tuple[int, int]
Place = TypeVar("Place", int, Spot)
Section = dict[str, Any]

_SECTIONS = ("meta", "plate", "row", "irow", "col", "icol", "block", "well", "expt")
_NEXT_STEP = "See https://wellmap.readthedocs.io for the format."


def read_wellmap(
    path: str | Path, *, roles: Mapping[str, str] | None = None, plate_format: int | None = None
) -> pl.DataFrame:
    """Read a wellmap layout as a library.

    Parameters
    ----------
    path : the TOML file; ``meta.include`` is followed, the data paths of ``meta`` are not used
    roles, plate_format : as in `library.read_library`

    Returns
    -------
    As `library.read_library`: the keys of the sections are its columns (``reagent``, ``role`` … under any of their
    usual names, the others are carried along); ``library_plate`` is the NAME of ``[plate.NAME]``, or "*" without them.

    Raises
    ------
    SourceError
        The file is no TOML, or not a layout.
    TableError
        As `library.read_library`.
    """
    config = _load(Path(path), seen=())
    plates = config.get("plate", {})
    rows: list[dict[str, object]] = []
    try:
        for name, plate in plates.items() if plates else [(ANY_PLATE, {})]:
            if not isinstance(plate, dict) or "expt" in plate:
                raise ValueError(f"section [plate.NAME] (found {name!r} in [plate])")
            merged = _merge(_plate_config(plate), config)
            for (row, column), values in sorted(_wells_of(merged).items()):
                rows.append({"library_plate": str(name), "well": well_name(row + 1, column + 1), **values})
    except ValueError as error:
        raise SourceError("layout cannot be used", where=path, expected=str(error), next_step=_NEXT_STEP) from error
    if not rows:
        raise SourceError("layout names no wells", where=path, next_step=_NEXT_STEP)
    _refuse_nested(rows, path)
    text = [{key: None if value is None else _text(value) for key, value in row.items()} for row in rows]
    frame = pl.DataFrame(text, infer_schema_length=None)
    return library_from(frame, file=path, roles=roles, plate_format=plate_format)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_nested(rows: list[dict[str, object]], path: str | Path) -> None:
    nested = {key: value for row in rows for key, value in row.items() if isinstance(value, (dict, list))}
    faults = [Fault("one plain value", path, column=key, value=value) for key, value in nested.items()]
    raise_faults("layout", faults, kind=SourceError)


def _load(path: Path, *, seen: tuple[Path, ...]) -> Section:
    """Parse a layout, with the layouts that it includes as defaults; of several, the later ones win."""
    try:
        config = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise SourceError("file is not TOML", where=path, found=str(error), next_step="Correct this place.") from error
    meta = config.pop("meta", {})
    include = meta.get("include", [])
    if "concat" in meta or isinstance(include, dict) or not _are_paths(include):
        raise SourceError(
            "layout uses meta.concat or a shifted meta.include",
            where=path,
            expected="meta.include as a path or a list of paths",
            next_step="Write the combined layout with the package wellmap as CSV, and read that.",
        )
    for name in [include] if isinstance(include, str) else reversed(include):
        other = path.parent / name
        if other in (*seen, path):
            raise SourceError("layout includes itself", where=path, next_step="Remove one meta.include.")
        config = _merge(config, _load(other, seen=(*seen, path)))
    unknown = [key for key, value in config.items() if key not in _SECTIONS or not isinstance(value, dict)]
    faults = [Fault("a section such as [row.A] or [expt]", path, column=key, next_step=_NEXT_STEP) for key in unknown]
    raise_faults("layout", faults, kind=SourceError)
    return config


def _are_paths(include: object) -> bool:
    return isinstance(include, str) or (isinstance(include, list) and all(isinstance(name, str) for name in include))


def _merge(config: Section, defaults: Section) -> Section:
    """Both configurations; where they differ, the first."""
    merged = {**defaults, **config}
    for key, value in defaults.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            merged[key] = _merge(config[key], value)
    return merged


def _plate_config(plate: Section) -> Section:
    """A plate's section in the form of a whole layout: its own values hold for all its wells."""
    sections = {key: value for key, value in plate.items() if key in _SECTIONS}
    return {**sections, "expt": {key: value for key, value in plate.items() if key not in _SECTIONS}}


def _wells_of(config: Section) -> dict[Spot, Section]:
    """Every well of one plate (0-based) and what the sections say of it."""
    wells = _by_place(config.get("well", {}), _wells)
    blocks = _blocks(config.get("block", {}))
    rows, irows = (_by_place(config.get(name, {}), _rows) for name in ("row", "irow"))
    columns, icolumns = (_by_place(config.get(name, {}), _columns) for name in ("col", "icol"))
    spots = set(wells) | set(blocks)
    used_rows = _span([row for row, _ in spots] + list(rows))
    used_columns = _span([column for _, column in spots] + list(columns))
    all_rows = _span([*used_rows, *(_woven(row, column) for row, column in product(irows, used_columns))])
    all_columns = _span([*used_columns, *(_woven(column, row) for row, column in product(used_rows, icolumns))])
    spots |= {*product(rows, all_columns), *product(all_rows, columns)}
    spots |= {(_woven(row, column), column) for row, column in product(irows, all_columns)}
    spots |= {(row, _woven(column, row)) for row, column in product(all_rows, icolumns)}
    filled = {}
    for row, column in spots:
        parts = (
            wells.get((row, column), {}),
            blocks.get((row, column), {}),
            rows.get(row, {}),
            columns.get(column, {}),
            irows.get(_woven(row, column), {}),
            icolumns.get(_woven(column, row), {}),
            config.get("expt", {}),
        )
        values: Section = {}
        for part in parts:
            values = {**part, **values}
        filled[row, column] = values
    return filled


def _span(used: list[int]) -> range:
    return range(min(used), max(used) + 1) if used else range(0)


def _woven(position: int, across: int) -> int:
    """Real place of an interleaved row (or column), and the other way round: pairs swap at every second step."""
    return position + across % 2 if position % 2 == 0 else position - across % 2


def _by_place(section: Section, places: Callable[[str], Iterator[Place]]) -> dict[Place, Section]:
    """What a section says of each of its places; a later key wins."""
    told: dict[Place, Section] = {}
    for pattern, values in section.items():
        if not isinstance(values, dict):
            raise ValueError(f"key = value lines below {pattern!r}")
        for place in places(pattern):
            told[place] = {**told.get(place, {}), **values}
    return told


def _blocks(section: Section) -> dict[Spot, Section]:
    """What the blocks say of each well; the smaller block wins, and of equal ones the later."""
    found: list[tuple[int, int, Spot, Section]] = []
    for size, corners in section.items():
        match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size)
        if match is None or not isinstance(corners, dict):
            raise ValueError(f"[block.WxH.A1] with W and H from 1 (found {size!r})")
        width, height = int(match[1]), int(match[2])
        for corner, values in _corners(corners):
            for row, column in product(range(height), range(width)):
                found.append((width * height, len(found), (corner[0] + row, corner[1] + column), values))
    told: dict[Spot, Section] = {}
    for _, _, spot, values in sorted(found, key=lambda part: (-part[0], part[1])):
        told[spot] = {**told.get(spot, {}), **values}
    return told


def _corners(section: Section) -> Iterator[tuple[Spot, Section]]:
    for pattern, values in section.items():
        if not isinstance(values, dict):
            raise ValueError(f"key = value lines below {pattern!r}")
        for corner in _wells(pattern):
            yield corner, values


def _rows(pattern: str) -> Iterator[int]:
    return _indices(pattern, lambda text: _spot(f"{text}1", text)[0])


def _columns(pattern: str) -> Iterator[int]:
    return _indices(pattern, lambda text: _spot(f"A{text}", text)[1])


def _spot(well: str, text: str) -> Spot:
    place = parse_well(well)
    if place is None:
        raise ValueError(f"rows from A to AF, columns from 1 to 48 (found {text!r})")
    return place[0] - 1, place[1] - 1


def _indices(pattern: str, index: Callable[[str], int]) -> Iterator[int]:
    """Rows or columns of a pattern: "A", "A,C", "A-C" or "A,C,...,G"."""
    for first, second, last in _steps(pattern):
        yield from _range(index(first), index(second) if second else None, index(last), pattern)


def _wells(pattern: str) -> Iterator[Spot]:
    """Wells of a pattern: as of rows and columns, but steps go in both directions."""
    for first, second, last in _steps(pattern):
        (row, column), (last_row, last_column) = _spot(first, first), _spot(last, last)
        next_row, next_column = _spot(second, second) if second else (None, None)
        same_row = row == last_row and next_row in (None, row)
        same_column = column == last_column and next_column in (None, column)
        rows = [row] if same_row else _range(row, next_row, last_row, pattern)
        columns = [column] if same_column else _range(column, next_column, last_column, pattern)
        yield from product(rows, columns)


def _steps(pattern: str) -> Iterator[tuple[str, str | None, str]]:
    """(first, second, last) of every part of a pattern; a single place is its own last."""
    tokens = [token.strip() for token in pattern.split(",")]
    if "..." in tokens:
        if len(tokens) != 4 or tokens[2] != "...":
            raise ValueError(f"'first,second,...,last' (found {pattern!r})")
        yield tokens[0], tokens[1], tokens[3]
        return
    for token in tokens:
        first, dash, last = token.partition("-")
        yield first, None, last if dash else first


def _range(first: int, second: int | None, last: int, pattern: str) -> range:
    step = 1 if second is None else second - first
    if step < 1 or last < first or (last - first) % step:
        raise ValueError(f"a pattern that leads from its first place to its last (found {pattern!r})")
    return range(first, last + 1, step)
