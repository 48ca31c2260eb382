"""The library: which reagent lies in which well of which library plate, and what the well is for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SettingsError, listed
from sensitome.io.columns import (
    Column,
    doubled,
    fold,
    locate_wells,
    name_columns,
    place_by_row_and_column,
    raise_faults,
    text_table,
    words_to,
)
from sensitome.io.text import read_table
from sensitome.plates import FORMATS, well_name
from sensitome.tables import ROLES, Wells

__all__ = ["ANY_PLATE", "LIBRARY_COLUMNS", "ROLE_WORDS", "free_names", "library_from", "read_library", "role_meanings"]

#: Stands for every library plate.
ANY_PLATE = "*"

#: What a library may say of a well, and the names under which labs and vendors say it.
LIBRARY_COLUMNS: tuple[Column, ...] = (
    Column("library_plate", ("plate", "lib plate", "source plate", "stock plate", "plate name", "plate number")),
    Column("well", ("well id", "well position", "position", "pos", "well name", "coordinate"), required=True),
    Column("reagent", ("reagent name", "name", "product", "mirna", "oligo", "sirna", "compound", "drug", "gene")),
    Column("kind", ("type", "reagent type", "reagent class", "modality")),
    Column("role", ("content", "control status", "well role", "well type", "control type", "control")),
    Column("control_class", ("control group",)),
)

#: The usual words for what a well is for, folded as by `columns.fold`.
ROLE_WORDS: Mapping[str, str] = {
    fold(word): role
    for role, words in {
        "sample": "sample,samples,library,test,query",
        "negative": "negative,neg,negative control,negative ctrl,neg control,neg ctrl,nc,ntc,scrambled,scramble,scr,"
        "non-targeting,non-targeting control,non-silencing",
        "positive": "positive,pos,positive control,positive ctrl,pos control,pos ctrl,pc,kill,killer,kill control,"
        "cell death,death,toxic",
        "untreated": "untreated,mock,mock transfected,mock transfection,cells only,untransfected",
        "empty": "empty,blank,background,no cells,medium,media",
        "excluded": "excluded,exclude,other,flagged,flag,ignore,omit",
    }.items()
    for word in words.split(",")
}

_FIRST = ["library_plate", "well", "row", "column", "reagent", "kind", "role", "control_class"]
#: Columns of the well table; a further column of the library that goes by such a name is renamed "<name>_in_library".
_RESERVED = {*Wells.column_names(), "position", "score", "n"} - {*_FIRST}
#: How programs write an empty cell.
_NOTHING = ("NA", "N/A", "#N/A")


def read_library(
    path: str | Path, *, roles: Mapping[str, str] | None = None, plate_format: int | None = None
) -> pl.DataFrame:
    """Read a library: one row per well of a library plate.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with the columns ``well``, and any of ``library_plate``, ``reagent``, ``kind``
        (mimic, inhibitor, siRNA …), ``role``, ``control_class``; further columns (MIMAT, sequence, gene …) are carried
        along. Usual other names are understood, whatever their case: `LIBRARY_COLUMNS`. Or a wellmap layout (.toml).
    roles : the lab's own words for roles → one of `tables.ROLES`, beside the usual words of `ROLE_WORDS`
    plate_format : how many wells the plates have; wells beyond are faults

    Returns
    -------
    ``library_plate`` ("*" = every plate, also when the column is missing or the cell empty), ``well`` ("A01"), ``row``
    and ``column`` (Int16, from 1), ``reagent``, ``kind`` ("reagent" where the library does not say, null without a
    reagent), ``role`` (Enum; without a role a well with a reagent is a sample, one without is empty),
    ``control_class``, the further columns as text, and ``line``. The same reagent may lie in several wells.

    Raises
    ------
    SourceError
        The library cannot be read.
    TableError
        The column ``well`` is missing, a well is none or beyond the format, a role is unknown, a sample has no name, or
        two rows describe one well; all faults at once.
    SettingsError
        `roles` or `plate_format` are not what they should be.
    """
    if Path(path).suffix.casefold() == ".toml":
        from sensitome.io.wellmap_toml import read_wellmap

        return read_wellmap(path, roles=roles, plate_format=plate_format)
    return library_from(read_table(path), file=path, roles=roles, plate_format=plate_format)


def library_from(
    frame: pl.DataFrame,
    *,
    file: str | Path = "library",
    roles: Mapping[str, str] | None = None,
    plate_format: int | None = None,
) -> pl.DataFrame:
    """Check a library that is already a table; arguments, result and faults as in `read_library`.

    Parameters
    ----------
    frame : the columns of `read_library`, of any type
    file : what messages call it
    """
    meanings = role_meanings(roles)
    text = place_by_row_and_column(text_table(frame), LIBRARY_COLUMNS)
    named, faults = name_columns(text, LIBRARY_COLUMNS, file=file)
    if faults:
        raise_faults("library", faults)
    if not named.height:
        raise_faults("library", [Fault("at least one well", file, value="none", next_step="List the wells.")])
    absent = [pl.lit(None, pl.String).alias(name) for name in _FIRST if name not in named.columns]
    wells = named.with_columns(absent).with_columns(
        pl.col("library_plate").fill_null(ANY_PLATE),
        pl.exclude("library_plate", "well", "line").replace(dict.fromkeys(_NOTHING)),
    )
    faults = [
        Fault("the cell is empty", file, line, "well", next_step="Name the well.")
        for line in wells.filter(pl.col("well").is_null())["line"]
    ]
    wells, wrong = locate_wells(wells, file=file)
    faults += [*wrong, *_beyond(wells, plate_format, file=file), *_doubled_wells(wells, file=file)]
    step = "Use one of these words, or map the lab's own word under roles."
    role, unknown = words_to(wells, "role", meanings, file=file, next_step=step)
    wells = _fill_in(wells.with_columns(role))
    faults += [*unknown, *_nameless(wells, file=file)]
    raise_faults("library", sorted(faults, key=lambda fault: fault.line or 0))
    wells = free_names(wells).cast({"role": pl.Enum(ROLES)})
    return wells.select(*_FIRST, pl.exclude(*_FIRST, "line"), "line")


def free_names(library: pl.DataFrame) -> pl.DataFrame:
    """Call further columns that go by a name of the well table "<name>_in_library"."""
    return library.rename({name: f"{name}_in_library" for name in library.columns if name in _RESERVED})


def role_meanings(roles: Mapping[str, str] | None) -> dict[str, str]:
    """Folded word → role: the usual words, and before them the lab's own.

    Raises
    ------
    SettingsError
        A word is mapped to something that is no role; all of them are named.

    >>> role_meanings({"siPLK1": "positive"})["siplk1"]
    'positive'
    """
    own = {fold(word): ROLE_WORDS.get(fold(role)) for word, role in (roles or {}).items()}
    faults = [
        Fault(listed(ROLES), column=f"roles.{word}", value=role)
        for word, role in (roles or {}).items()
        if own[fold(word)] is None
    ]
    raise_faults("map of roles", faults, kind=SettingsError)
    return {**ROLE_WORDS, **{word: role for word, role in own.items() if role is not None}}


def _beyond(wells: pl.DataFrame, plate_format: int | None, *, file: str | Path) -> list[Fault]:
    """Wells beyond the format that was said."""
    if plate_format is None:
        return []
    if plate_format not in FORMATS:
        raise SettingsError("unknown plate format", found=plate_format, expected=listed(FORMATS))
    plate = FORMATS[plate_format]
    beyond = wells.filter((pl.col("row") > plate.rows) | (pl.col("column") > plate.columns))
    last = well_name(plate.rows, plate.columns)
    rule = f"a well from A01 to {last} of a plate of {plate}"
    step = "Check the well, or the format of the plates."
    return [Fault(rule, file, line, "well", well, step) for line, well in beyond.select("line", "well").iter_rows()]


def _doubled_wells(wells: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    same = doubled(wells.drop_nulls("well"), ["library_plate", "well"])
    step = "Keep one of them."
    return [
        Fault(
            f"one row for well {well} of {'every plate' if plate == ANY_PLATE else f'library plate {plate!r}'} "
            f"(lines {lines})",
            file,
            line,
            next_step=step,
        )
        for plate, well, lines, line in same.select("library_plate", "well", "lines", "line").iter_rows()
    ]


def _fill_in(wells: pl.DataFrame) -> pl.DataFrame:
    """What a library leaves unsaid: roles and kinds."""
    named = pl.col("reagent").is_not_null()
    return wells.with_columns(
        pl.coalesce("role", pl.when(named).then(pl.lit("sample")).otherwise(pl.lit("empty"))).alias("role"),
        pl.when(named).then(pl.col("kind").fill_null("reagent")).alias("kind"),
    )


def _nameless(wells: pl.DataFrame, *, file: str | Path) -> list[Fault]:
    nameless = wells.filter((pl.col("role") == "sample") & pl.col("reagent").is_null())
    step = "Name it, or give the well another role."
    return [Fault("a sample well has no reagent", file, line, "reagent", next_step=step) for line in nameless["line"]]
