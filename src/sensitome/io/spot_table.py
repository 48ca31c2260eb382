"""Plain tables of spots, the list of slides and the map of spots: what lysate arrays need beside GenePix results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, listed
from sensitome.io.columns import (
    Column,
    doubled,
    empty_cells,
    fold,
    name_columns,
    raise_faults,
    text_table,
    whole_numbers,
    words_to,
)
from sensitome.io.gpr import SPOT_COLUMNS, Slide
from sensitome.io.library import ROLE_WORDS
from sensitome.io.numbers import parse_numbers
from sensitome.io.text import read_table
from sensitome.plates import parse_well, well_name

__all__ = ["SLIDE_ROLES", "read_slides", "read_spot_map", "read_spot_table"]

#: Columns of a table of spots, as Array-Pro, Odyssey and spreadsheets call them.
_SPOTS: tuple[Column, ...] = (
    Column("block", ("grid", "array", "subgrid", "metagrid")),
    Column("row", ("array row", "spot row", "main row", "sub row")),
    Column("column", ("array column", "spot column", "main col", "sub column", "col")),
    Column("id", ("spot", "spot id", "spot label", "label", "sample id")),
    Column("name", ("spot name",)),
    Column(
        "foreground",
        (
            "median",
            "raw intensity",
            "signal",
            "intensity",
            "median intensity",
            "net intensity",
            "integ intensity",
            "average",
            "mean",
            "k counts",
            "total",
        ),
        required=True,
    ),
    Column("background", ("local background", "bkgnd", "bkgd", "median background", "background intensity")),
    Column("flag", ("flags", "ignored")),
    Column("saturated", ("% sat", "saturation")),
)
_SLIDES: tuple[Column, ...] = (
    Column("file", ("gpr", "slide file", "filename"), required=True),
    Column("pad", ("subarray", "chamber")),
    Column("slide", ("slide name", "slide number")),
    Column("antibody", ("target", "protein", "marker"), required=True),
    Column("role", ("incubation type", "incubation", "type")),
    Column("set", ("print run", "spotting run", "batch")),
    Column("foreground", ("signal column",)),
    Column("background", ("background column",)),
)
_MAP: tuple[Column, ...] = (
    Column("id", ("spot id", "spot")),
    Column("block"),
    Column("row", ("spot row", "array row")),
    Column("column", ("spot column", "array column", "col")),
    Column("source_plate", ("plate", "library plate")),
    Column("well", ("source well", "well position")),
    Column("reagent", ("name", "mirna", "sample", "compound"), required=True),
    Column("kind", ("type", "modality", "sample type")),
    Column("role", ("content", "control status")),
    Column("control_class", ("control class", "control of")),
    Column("treatment", ("arm", "drug", "condition")),
    Column("cell_line", ("cell line", "line", "cells")),
    Column("replicate", ("rep", "biological replicate")),
    Column("dilution", ("dilution factor",)),
)
#: What a slide was stained for.
SLIDE_ROLES = ("detection", "total_protein", "blank")
_ROLE_WORDS = {
    **dict.fromkeys(("detection", "antibody", "target", "measurement", "sample"), "detection"),
    **dict.fromkeys(("totalprotein", "total", "normalizer", "proteindye", "protein", "sypro", "fcf"), "total_protein"),
    **dict.fromkeys(("blank", "secondaryonly", "secondary", "background", "noprimary"), "blank"),
}


def read_spot_table(path: str | Path, *, columns: Mapping[str, str] | None = None) -> Slide:
    """Read one slide from a plain table of spots, such as an Array-Pro or Odyssey export.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with a header line, one row per spot
    columns : our column → theirs, where the usual names are not understood: block, row, column, id, foreground,
        background, flag, saturated

    Returns
    -------
    Slide; a table without background has none (null), one without blocks is a single block

    Raises
    ------
    SourceError, TableError
        The table cannot be read, lacks columns or has cells that are no numbers; all faults at once.
    """
    frame = read_table(path)
    columns = columns or {}
    missing = [theirs for theirs in columns.values() if theirs not in frame.columns]
    raise_faults("map of columns", [Fault(f"the column {name!r} is in the table", path) for name in missing])
    frame = frame.rename({theirs: ours for ours, theirs in columns.items() if ours != theirs}, strict=False)
    named, faults = name_columns(frame, _SPOTS, file=path)
    raise_faults("table of spots", faults)
    if "id" not in named.columns and not {"row", "column"} <= set(named.columns):
        rule = f"row and column of the spots, or their id (there is {listed(frame.columns, last='and')})"
        raise_faults("table of spots", [Fault(rule, path, next_step="Map the columns of the file.")])
    typed = named
    for name, kind in SPOT_COLUMNS.items():
        if name not in named.columns:
            default = 1 if name == "block" else 0 if name == "flag" else None
            typed = typed.with_columns(pl.lit(default, kind).alias(name))
        elif kind != pl.String:
            values, bad, _ = parse_numbers(named[name].fill_null("").to_list())
            faults += [Fault("a number", path, named["line"][i], name, named[name][i]) for i in bad]
            typed = typed.with_columns(pl.Series(name, values).fill_nan(None).cast(kind, strict=False))
    raise_faults("table of spots", faults)
    spots = typed.select(SPOT_COLUMNS.keys())
    return Slide({}, spots, columns.get("foreground", "foreground"), columns.get("background", "background"))


def read_slides(path: str | Path, *, total_protein: bool = True) -> pl.DataFrame:
    """Read the list of slides: which antibody each of them (or each of its pads) shows.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with ``file`` (relative to the list) and ``antibody``; optional ``pad`` (part of
        the slide, from 1, equal shares of its blocks), ``slide``, ``role`` (detection, total_protein or blank, and
        their usual words), ``set`` (slides printed together; a total-protein slide is the partner of its set) and the
        columns to take, ``foreground`` and ``background``
    total_protein : whether every set needs a total-protein slide

    Returns
    -------
    file, path, slide, pad (Int32), pads (Int32, of the slide), antibody, role, set, foreground, background

    Raises
    ------
    TableError
        A column or a file is missing, a role is unknown, an antibody is named twice in one set and pad, a set has no
        total-protein slide; all faults at once.
    """
    named, faults = name_columns(text_table(read_table(path)), _SLIDES, file=path)
    raise_faults("list of slides", faults)
    absent = [pl.lit(None, pl.String).alias(c.name) for c in _SLIDES if c.name not in named.columns]
    named = named.with_columns(absent)
    faults += empty_cells(named, ["file", "antibody"], file=path)
    named = named.with_columns(pl.col("pad").fill_null("1"), pl.col("set").fill_null("1"))
    named, wrong = whole_numbers(named, "pad", file=path)
    faults += wrong
    words = named["role"].fill_null("detection").to_list()
    roles = [_ROLE_WORDS.get(fold(word)) for word in words]
    faults += [
        Fault(listed(SLIDE_ROLES), path, line, "role", word)
        for role, word, line in zip(roles, words, named["line"], strict=True)
        if role is None
    ]
    folder = Path(path).parent
    known = named.with_columns(
        pl.Series("role", roles, dtype=pl.String),
        pl.Series("path", [str(folder / name) if name else None for name in named["file"]], dtype=pl.String),
        pl.coalesce("slide", "file").alias("slide"),
        pl.col("pad").max().over("file").alias("pads"),
    )
    faults += _missing_slides(known, path)
    faults += _named_twice(known, path)
    faults += _without_total(known, path) if total_protein else []
    raise_faults("list of slides", sorted(faults, key=lambda fault: fault.line or 0))
    first = ["file", "path", "slide", "pad", "pads", "antibody", "role", "set", "foreground", "background"]
    return known.select(first)


def read_spot_map(path: str | Path) -> pl.DataFrame:
    """Read the map of spots: which lysate each spot holds.

    Parameters
    ----------
    path : table with ``reagent`` and, to find the spots, ``id``, or ``block``, ``row`` and ``column``, or
        ``source_plate`` and ``well`` of the printed 384-well plates; and ``treatment``, ``cell_line``, ``kind``,
        ``role`` (sample, negative …, and the usual words of `library.ROLE_WORDS`), ``control_class`` (the kind of
        reagents that a control belongs to), ``replicate`` (biological), ``dilution`` (1 = undiluted, 0.5 = half)

    Returns
    -------
    The same columns, typed; those that are absent filled: one line, one treatment, replicate 1, dilution 1

    Raises
    ------
    TableError
        A column is missing, a cell is no number or no well, or two rows describe one spot; all faults at once.
    """
    frame = text_table(read_table(path))
    named, faults = name_columns(frame, _MAP, file=path)
    raise_faults("map of spots", faults)
    keys = next((key for key in _KEYS if set(key) <= set(named.columns)), None)
    if keys is None:
        rule = (
            f"id; block, row and column; or source_plate and well (there is {listed(frame.columns[:-1], last='and')})"
        )
        raise_faults("map of spots", [Fault(rule, path, next_step="Say where each spot is.")])
        raise AssertionError
    faults += empty_cells(named, ["reagent", *keys], file=path)
    absent = {"kind": "reagent", "treatment": "none", "cell_line": "cells", "replicate": "1", "dilution": "1"}
    named = named.with_columns(
        (pl.col(name).fill_null(value) if name in named.columns else pl.lit(value)).alias(name)
        for name, value in absent.items()
    )
    roles = pl.col("role").fill_null("sample") if "role" in named.columns else pl.lit("sample").alias("role")
    named = named.with_columns(roles)
    meant, unknown = words_to(named, "role", ROLE_WORDS, file=path)
    named, faults = named.with_columns(meant.cast(pl.String).alias("role")), faults + unknown
    if "control_class" not in named.columns:
        named = named.with_columns(pl.lit(None, pl.String).alias("control_class"))
    numbers = [name for name in ("block", "row", "column", "replicate") if name in named.columns]
    for name in numbers:
        named, wrong = whole_numbers(named, name, file=path)
        faults += wrong
    values, bad, _ = parse_numbers(named["dilution"].to_list())
    faults += [Fault("a number", path, named["line"][i], "dilution", named["dilution"][i]) for i in bad]
    named = named.with_columns(pl.Series("dilution", values).fill_nan(None))
    if "well" in keys:
        spots = {word: parse_well(word) for word in named["well"].drop_nulls().unique()}
        faults += [
            Fault("a well from A01 to AF48", path, line, "well", word)
            for line, word in named.select("line", "well").iter_rows()
            if word is not None and spots[word] is None
        ]
        names = {word: well_name(*spot) for word, spot in spots.items() if spot is not None}
        named = named.with_columns(pl.col("well").replace(names))
    faults += [
        Fault(f"one row for each spot (lines {lines})", path, line, keys[0], next_step="Remove one of them.")
        for lines, line in doubled(named.drop_nulls(keys), list(keys)).select("lines", "line").iter_rows()
    ]
    raise_faults("map of spots", sorted(faults, key=lambda fault: fault.line or 0))
    return named.drop("line")


_KEYS = (("id",), ("block", "row", "column"), ("source_plate", "well"))


def _missing_slides(slides: pl.DataFrame, path: str | Path) -> list[Fault]:
    return [
        Fault("a file that exists", path, line, "file", name)
        for line, name, file in slides.select("line", "file", "path").iter_rows()
        if file is not None and not Path(file).is_file()
    ]


def _named_twice(slides: pl.DataFrame, path: str | Path) -> list[Fault]:
    """Antibodies that two slides (or pads) of one set show."""
    same = doubled(slides.filter(pl.col("role") == "detection"), ["set", "antibody"])
    step = "Give repeats names of their own, or a set of their own."
    return [
        Fault(f"each antibody once in set {group!r} (lines {lines})", path, line, "antibody", antibody, step)
        for group, antibody, lines, line in same.select("set", "antibody", "lines", "line").iter_rows()
    ]


def _without_total(slides: pl.DataFrame, path: str | Path) -> list[Fault]:
    """Sets without a total-protein slide."""
    partners = slides.filter(pl.col("role") == "total_protein")["set"].unique().to_list()
    lone = slides.filter((pl.col("role") == "detection") & ~pl.col("set").is_in(partners))
    step = 'Name the Sypro (or FCF) slide with role "total_protein" and the same set.'
    return [
        Fault(f"a total-protein slide for set {group!r}", path, line, "antibody", antibody, step)
        for line, group, antibody in lone.select("line", "set", "antibody").iter_rows()
    ]
