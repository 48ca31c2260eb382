"""The text files of a cellHTS2 screen, one function each: description, plate list, screen log, annotation.

They are tab-separated with a header; rows may be shorter than it. What is wrong in them comes back as faults, so that
the faults of all files can be reported together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.frames import largest
from sensitome.io.columns import Column, doubled, empty_cells, locate_wells, name_columns, whole_numbers
from sensitome.io.text import Row, read_rows, read_text

__all__ = [
    "LEFT_OUT",
    "ScreenFiles",
    "filled_rows",
    "find_files",
    "headed_table",
    "read_annotation",
    "read_description",
    "read_plates",
    "read_screen_log",
]

#: Says that a file is not to be used although the folder has it.
LEFT_OUT = "none"

_USUAL = {
    "plate_list": r"plate_?list",
    "plateconf": r"plate_?conf",
    "screenlog": r"screen_?log",
    "gene_ids": r"gene_?ids|annotation|library",
}
_IN_DESCRIPTION = {
    "platelist": "plate_list",
    "plateconf": "plateconf",
    "screenlog": "screenlog",
    "annotation": "gene_ids",
}


@dataclass(frozen=True)
class ScreenFiles:
    """Where the files of a screen are; None = the screen does without."""

    plate_list: Path
    plateconf: Path | None
    screenlog: Path | None
    gene_ids: Path | None
    description: Mapping[str, str]


def find_files(source: str | Path, *, named: Mapping[str, str | Path | None]) -> ScreenFiles:
    """Find the files of a screen.

    Parameters
    ----------
    source : the folder, or its plate list
    named : plateconf, screenlog, gene_ids and description as the user named them: a path, None to look for the file, or
        "none" to do without

    Raises
    ------
    SourceError
        A named file does not exist; there is no plate list or configuration, or there are several and the description
        file names none of them.
    """
    source = Path(source)
    folder = source if source.is_dir() else source.parent
    names = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    text = _chosen(folder, named.get("description")) or _first_match(folder, names, r"description\.txt")
    description = read_description(text) if text and str(named.get("description")) != LEFT_OUT else {}
    found: dict[str, Path | None] = {}
    for role, pattern in _USUAL.items():
        choice = named.get(role) if role != "plate_list" or source.is_dir() else source
        if choice is not None:
            found[role] = None if str(choice) == LEFT_OUT else _chosen(folder, choice)
        else:
            told = next(
                (description[key] for key, meant in _IN_DESCRIPTION.items() if meant == role and key in description), ""
            )
            found[role] = _first_match(folder, names, re.escape(told)) or _only_match(folder, names, pattern, role=role)
    plate_list = found["plate_list"]
    if plate_list is None:
        raise SourceError(
            "folder has no cellHTS2 plate list",
            where=folder,
            found=listed(names, last="and"),
            expected="a file such as Platelist.txt",
            next_step="Name the plate list itself.",
        )
    if found["plateconf"] is None and str(named.get("plateconf")) != LEFT_OUT:
        raise SourceError(
            "folder has no cellHTS2 plate configuration",
            where=folder,
            expected="a file such as Plateconf.txt",
            next_step=f"Name it as plateconf, or say {LEFT_OUT!r} when every well is a sample.",
        )
    return ScreenFiles(plate_list, found["plateconf"], found["screenlog"], found["gene_ids"], description)


def read_description(path: str | Path) -> dict[str, str]:
    """Lines "Key: value" of a description file, keys in lower case; keys without a value are left out."""
    pairs = (line.partition(":") for line in read_text(path).split("\n"))
    return {key.strip().casefold(): value.strip() for key, sign, value in pairs if sign and value.strip()}


def read_plates(path: Path) -> tuple[pl.DataFrame, list[Fault]]:
    """Read the plate list: file, plate, replicate, channel (1 without), batch, path (null when it is missing), line."""
    columns = (
        Column("file", ("filename",), required=True),
        Column("plate", required=True),
        Column("replicate", required=True),
        Column("channel"),
        Column("batch"),
    )
    frame, faults = headed_table(path, filled_rows(path), columns)
    if faults:
        return frame, faults
    absent = {"channel": "1", "batch": None}
    frame = frame.with_columns(
        pl.lit(value, pl.String).alias(name) for name, value in absent.items() if name not in frame.columns
    )
    faults = empty_cells(frame, ("file", "plate", "replicate", "channel"), file=path)
    for name in ("plate", "replicate", "channel"):
        frame, wrong = whole_numbers(frame, name, file=path)
        faults += wrong
    for keys, rule in (
        (["plate", "replicate", "channel"], "one row for each plate, replicate and channel"),
        (["file"], "one plate for each file"),
    ):
        faults += [
            Fault(f"{rule} (lines {row['lines']})", path, row["line"], value=" ".join(str(row[key]) for key in keys))
            for row in doubled(frame.drop_nulls(keys), keys).iter_rows(named=True)
        ]
    here = {entry.name.casefold(): str(entry) for entry in path.parent.iterdir() if entry.is_file()}
    paths = {name: here.get(name.casefold()) for name in frame["file"].drop_nulls().unique().to_list()}
    found = pl.col("file").replace_strict(paths, return_dtype=pl.String, default=None)
    return frame.with_columns(found.alias("path")), _by_line(faults)


def read_screen_log(path: Path, *, plates: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """Read the wells that the screen log takes out: plate, replicate, channel (null = every channel) and well."""
    rows = filled_rows(path)
    header = {cell.casefold() for cell in rows[0][1]} if rows else set()
    by_file = "filename" in header and "plate" not in header
    keys = ["file"] if by_file else ["plate", "replicate"]
    columns = (
        *((Column("file", ("filename",), required=True),) if by_file else ()),
        *(() if by_file else (Column("plate", required=True), Column("replicate", ("sample",)))),
        Column("well", required=True),
        Column("channel"),
    )
    log, faults = headed_table(path, rows, columns)
    if faults:
        return log, faults
    if not by_file and "replicate" not in log.columns:
        if int(largest(plates["replicate"])) > 1:
            step = f"Add it, or leave the screen log out with {LEFT_OUT!r}."
            faults.append(Fault("column 'Sample' (the replicate) is missing", path, next_step=step))
        log = log.with_columns(pl.lit("1").alias("replicate"))
    faults += empty_cells(log, [*keys, "well"], file=path)
    for name in keys if not by_file else ():
        log, wrong = whole_numbers(log, name, file=path)
        faults += wrong
    log, wrong = locate_wells(log, file=path)
    faults += [*wrong, *_strangers(log, plates, keys=keys, path=path)]
    log = log if "channel" in log.columns else log.with_columns(pl.lit(None, pl.String).alias("channel"))
    log, wrong = whole_numbers(log, "channel", file=path)
    if by_file:
        log = log.with_columns(pl.col("file").str.to_lowercase()).join(
            plates.select(pl.col("file").str.to_lowercase(), "plate", "replicate"), on="file", how="inner"
        )
    return log.select("plate", "replicate", "channel", "well"), _by_line([*faults, *wrong])


def read_annotation(path: Path) -> tuple[pl.DataFrame, list[Fault]]:
    """Read the annotation: library_plate, well, and its id columns as they are called; "NA" is null."""
    rows = filled_rows(path)
    columns = (Column("plate", required=True), Column("well", required=True))
    table, faults = headed_table(path, rows, columns)
    if faults:
        return table, faults
    faults = empty_cells(table, ("plate", "well"), file=path)
    table, wrong = whole_numbers(table, "plate", file=path)
    table, lost = locate_wells(table, file=path)
    for row in doubled(table.drop_nulls(["plate", "well"]), ["plate", "well"]).iter_rows(named=True):
        wrong.append(Fault(f"one row for each well (lines {row['lines']})", path, row["line"], "Well", row["well"]))
    ids = [name for name in table.columns if name not in ("plate", "well", "row", "column", "line")]
    if not ids:
        wrong.append(Fault("a column that names the reagents beside Plate and Well", path))
    return (
        table.select(
            pl.col("plate").cast(pl.String).alias("library_plate"),
            "well",
            *(pl.col(name).replace("NA", None) for name in ids),
        ),
        _by_line([*faults, *wrong, *lost]),
    )


def _chosen(folder: Path, choice: str | Path | None) -> Path | None:
    """Return the file that the user named: from here, or from the folder of the screen."""
    if choice is None or str(choice) == LEFT_OUT:
        return None
    path = Path(choice)
    if not path.exists() and (folder / path).exists():
        return folder / path
    return path


def _first_match(folder: Path, names: Sequence[str], pattern: str) -> Path | None:
    return next((folder / name for name in names if re.fullmatch(pattern, name, re.IGNORECASE)), None)


def _only_match(folder: Path, names: Sequence[str], pattern: str, *, role: str) -> Path | None:
    """Return the file with the usual name, or else the only one whose name contains it."""
    exact = [name for name in names if re.fullmatch(rf"({pattern})\.(txt|tsv|csv)(\.gz)?", name, re.IGNORECASE)]
    near = [name for name in names if re.search(rf"({pattern}).*\.(txt|tsv|csv)(\.gz)?$", name, re.IGNORECASE)]
    candidates = exact or near
    if len(candidates) > 1:
        raise SourceError(
            f"folder has several files that may be the {role.replace('_', ' ')}",
            where=folder,
            found=listed(candidates, last="and"),
            expected="one",
            next_step="Name the plate list itself." if role == "plate_list" else f"Name the one to take as {role}.",
        )
    return folder / candidates[0] if candidates else None


def filled_rows(path: Path) -> list[Row]:
    """Rows of a tab-separated file that are not empty."""
    return [row for row in read_rows(path, delimiter="\t") if any(row[1])]


def headed_table(path: Path, rows: Sequence[Row], columns: Sequence[Column]) -> tuple[pl.DataFrame, list[Fault]]:
    """Table of rows of which the first is the header; short rows are filled up."""
    if not rows:
        return pl.DataFrame(), [Fault("a header line", path, value="nothing")]
    header = list(rows[0][1])
    while header and not header[-1]:
        header.pop()
    if len(set(header)) < len(header) or not all(header):
        return pl.DataFrame(), [Fault("a name of its own for each column", path, rows[0][0], value="\t".join(header))]
    cells = [[*row, *[""] * (len(header) - len(row))][: len(header)] for _, row in rows[1:]]
    text = pl.DataFrame(cells, schema=dict.fromkeys(header, pl.String), orient="row")
    frame = text.select(pl.all().replace("", None))
    lines = pl.Series("line", [line for line, _ in rows[1:]], dtype=pl.Int32)
    return name_columns(frame.with_columns(lines), columns, file=path)


def _by_line(faults: Sequence[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.line or 0)


def _strangers(log: pl.DataFrame, plates: pl.DataFrame, *, keys: Sequence[str], path: Path) -> list[Fault]:
    """Lines of the screen log about plates, replicates or files that the plate list does not have."""
    faults = []
    for name in keys:
        known = plates[name].drop_nulls().unique(maintain_order=True).to_list()
        same = {str(value).casefold() for value in known}
        lost = log.drop_nulls(name).unique(name, keep="first", maintain_order=True)
        column = {"plate": "Plate", "replicate": "Sample", "file": "Filename"}[name]
        for line, value in lost.select("line", name).iter_rows():
            if str(value).casefold() not in same:
                rule = f"a {'file' if name == 'file' else name} of the plate list ({listed(known, last='and')})"
                step = f"Mend it, or leave the screen log out with {LEFT_OUT!r}."
                faults.append(Fault(rule, path, line, column, value, step))
    return faults
