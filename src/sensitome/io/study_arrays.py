"""Expression of a study, whatever it lies in: Feature Extraction files, a series of GEO, or a plain matrix."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from sensitome.errors import Caution, Fault, MethodError, SettingsError, TableError, listed, suggestion
from sensitome.expression_matrix import Expression
from sensitome.io.arrays import read_array_list, read_arrays
from sensitome.io.columns import Column, doubled, empty_cells, fold, name_columns, raise_faults
from sensitome.io.detection_flags import read_detection_flags
from sensitome.io.geo import read_geo
from sensitome.io.sources import decode, read_bytes
from sensitome.io.text import read_table
from sensitome.io.wide_matrix import read_wide_matrix

__all__ = ["ArraySource", "array_source_files", "read_study_arrays"]

_SAMPLE = Column("sample", ("sample name", "array", "array name", "name", "geo accession", "gsm", "accession"))
_COLUMNS = (
    Column("cell_line", ("cell line", "line", "cells", "cell type"), required=True),
    Column("treatment", ("arm", "drug", "treatment arm", "condition", "agent"), required=True),
    Column("replicate", ("rep", "subject", "biological replicate")),
)


@dataclass(frozen=True)
class ArraySource:
    """Where the expression of a study lies, and how its samples are described.

    Parameters
    ----------
    arrays : list of Feature Extraction files; series matrix or SOFT file of GEO, or a folder of series matrices; or a
        matrix of features × samples
    samples : table that describes the samples of a series or matrix
    flags : table of detection flags of a matrix
    platform : platform of a series that has several
    columns : our column (cell_line, treatment, replicate, sample) → that of the sample table or of the series
    words : their words for cell lines and treatments → ours
    """

    arrays: Path
    samples: Path | None = None
    flags: Path | None = None
    platform: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


def array_source_files(source: ArraySource) -> list[Path]:
    """Every file from which the expression is read."""
    files = [path for path in (source.samples, source.flags) if path is not None]
    if source.arrays.is_dir():
        return [*sorted(entry for entry in source.arrays.iterdir() if entry.is_file()), *files]
    if _kind(source) == "list":
        own = [source.arrays.parent / name for name in read_array_list(source.arrays)["file"]]
        return [source.arrays, *own, *files]
    return [source.arrays, *files]


def read_study_arrays(source: ArraySource, *, spots: bool = False) -> Expression:
    """Read the expression of a study.

    Parameters
    ----------
    source : `ArraySource`
    spots : single spots, as RMA needs them; only Feature Extraction files have them

    Returns
    -------
    Expression, in the unit of the source; samples have ``sample``, ``cell_line``, ``treatment``, and ``replicate``
    where it is told

    Raises
    ------
    SourceError
        A file cannot be read, or holds no values.
    TableError
        Samples are not described, or described twice; all faults at once.
    MethodError
        Spots are asked for where there are none.

    Warns
    -----
    Caution
        Samples of a series or matrix are not in the sample table, and are left out.
    """
    kind = _kind(source)
    if kind == "list":
        signal = "mean" if spots else "total_gene"
        arrays = read_array_list(source.arrays)
        return _spoken(read_arrays(arrays, folder=source.arrays.parent, signal=signal, spots=spots), source)
    if spots:
        raise MethodError(
            "processing 'rma' needs the single spots of arrays",
            where=str(source.arrays),
            found="one value a miRNA",
            expected="a list of Feature Extraction files",
            next_step="Take another processing, or list the raw files.",
        )
    expression = read_geo(source.arrays).expression(source.platform) if kind == "geo" else _matrix(source)
    described = _described(expression, source)
    rows = {name: i for i, name in enumerate(expression.samples["sample"])}
    place = [rows[name] for name in described["sample"]]
    part = expression.take(samples=place)
    return _spoken(Expression(part.values, described, part.features, part.detected), source)


def _kind(source: ArraySource) -> Literal["list", "geo", "matrix"]:
    """What the arrays are, told by the content."""
    if source.arrays.is_dir():
        return "geo"
    data = read_bytes(source.arrays)
    if data.startswith(b"PAR1"):
        return "list" if source.samples is None else "matrix"
    if data.startswith(b"PK"):
        return "list"
    start = decode(data, path=source.arrays).lstrip()[:1]
    if start in ("!", "^"):
        return "geo"
    return "list" if source.samples is None else "matrix"


def _matrix(source: ArraySource) -> Expression:
    expression = read_wide_matrix(source.arrays, duplicates="refuse")
    return expression if source.flags is None else read_detection_flags(source.flags, expression)


def _described(expression: Expression, source: ArraySource) -> pl.DataFrame:
    """Samples with the columns that the study needs, in the order of the matrix."""
    if source.samples is None:
        return _renamed(expression.samples, source, where=source.arrays)
    table, faults = _sample_table(source.samples, source.columns)
    known = expression.samples["sample"].to_list()
    key = _key(table, expression.samples)
    lookup = dict(zip(expression.samples[key], known, strict=True))
    for name, line in table.select("sample", "line").drop_nulls("sample").iter_rows():
        if name not in lookup:
            rule = f"a sample of {source.arrays.name}"
            hint = suggestion(name, lookup) or f"There are {listed(lookup, last='and', most=4)}."
            faults.append(Fault(rule, source.samples, line, "sample", name, hint))
    raise_faults("table of samples", sorted(faults, key=lambda fault: fault.line or 0))
    own = table.drop("line").with_columns(pl.col("sample").replace_strict(lookup, return_dtype=pl.String))
    left = [name for name in known if name not in set(own["sample"])]
    if left:
        warnings.warn(
            Caution(
                "samples without a description are left out",
                where=str(source.samples),
                found=f"{len(left)} of {len(known)}: {listed(left, last='and', most=5)}",
                next_step="Add them to the table of samples if they belong to the study.",
            ),
            stacklevel=4,
        )
    order = pl.DataFrame({"sample": [name for name in known if name not in set(left)]})
    return order.join(own, on="sample", how="left", maintain_order="left")


def _key(table: pl.DataFrame, samples: pl.DataFrame) -> str:
    """Column of the series by which the table names samples: the accession, or else the title."""
    if "title" in samples.columns and not samples["title"].is_duplicated().any():
        asked = set(table["sample"].drop_nulls())
        if len(asked & set(samples["title"])) > len(asked & set(samples["sample"])):
            return "title"
    return "sample"


def _sample_table(path: Path, columns: Mapping[str, str]) -> tuple[pl.DataFrame, list[Fault]]:
    """The lab's table of samples with our names of columns, and its faults."""
    frame = read_table(path)
    mapped = _mapped(frame, columns, where=path)
    sample = Column(_SAMPLE.name, _SAMPLE.also, required=True)
    table, faults = name_columns(mapped, (sample, *_COLUMNS), file=path)
    raise_faults("table of samples", faults)
    faults = empty_cells(table, ["sample", "cell_line", "treatment"], file=path)
    for name, lines, line in doubled(table.drop_nulls("sample"), ["sample"]).select("sample", "lines", "line").rows():
        faults.append(Fault(f"each sample once (lines {lines})", path, line, "sample", name, "Remove or rename one."))
    return table, faults


def _renamed(samples: pl.DataFrame, source: ArraySource, *, where: Path) -> pl.DataFrame:
    """GEO's own description, with our names of columns."""
    columns = {ours: theirs for ours, theirs in source.columns.items() if ours != "sample"}
    mapped = _mapped(samples, columns, where=where)
    taken = {fold(name): name for name in mapped.columns}
    names = {}
    for column in _COLUMNS:
        if column.name not in mapped.columns:
            found = next((taken[fold(word)] for word in column.also if fold(word) in taken), None)
            if found is not None:
                names[found] = column.name
    table = mapped.rename(names)
    missing = [column.name for column in _COLUMNS if column.required and column.name not in table.columns]
    if missing:
        raise TableError(
            f"samples of the series do not say {listed(missing, last='and')}",
            where=str(where),
            found=f"characteristics {listed(samples.columns[1:], last='and', most=20)}",
            expected=listed([column.name for column in _COLUMNS if column.required], last="and"),
            next_step="Say which column it is under [expression.columns], or name a table as inputs.array_samples.",
        )
    faults = [
        Fault(f"a {name} for sample {sample!r}", where, column=name)
        for name in ("cell_line", "treatment")
        for sample in table.filter(pl.col(name).is_null())["sample"]
    ]
    raise_faults("samples of the series", faults)
    return table


def _mapped(frame: pl.DataFrame, columns: Mapping[str, str], *, where: Path) -> pl.DataFrame:
    """Table with the columns that the study names under our names; one column may serve twice."""
    by_fold = {fold(name): name for name in frame.columns if name != "line"}
    faults = [
        Fault("a column of the samples", where, column=f"expression.columns.{ours}", value=theirs,
              next_step=suggestion(theirs, by_fold.values()) or f"There are {listed(by_fold.values(), last='and')}.")
        for ours, theirs in columns.items()
        if fold(theirs) not in by_fold
    ]  # fmt: skip
    raise_faults("table of samples", faults)
    return frame.with_columns(pl.col(by_fold[fold(theirs)]).alias(ours) for ours, theirs in columns.items())


def _spoken(expression: Expression, source: ArraySource) -> Expression:
    """Cell lines and treatments in the words of the study."""
    words = source.words
    if not words or not expression.samples.height:
        return expression
    spoken = [
        pl.col(name).str.strip_chars().replace(dict(words))
        for name in ("cell_line", "treatment")
        if name in expression.samples.columns
    ]
    there: Sequence[str] = [
        word for name in ("cell_line", "treatment") for word in expression.samples[name].drop_nulls().unique()
    ]
    unused = [word for word in words if word not in there]
    if unused:
        raise SettingsError(
            "words of the arrays that are not there",
            where=str(source.arrays),
            found=f"expression.words for {listed(unused, last='and')}",
            expected=listed(sorted(there), most=30),
            next_step=suggestion(unused[0], there),
        )
    return Expression(
        np.asarray(expression.values), expression.samples.with_columns(spoken), expression.features, expression.detected
    )
