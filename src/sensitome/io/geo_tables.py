"""Tables inside files of GEO: sample descriptions, values, detection calls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.columns import fold

__all__ = ["GeoSeries", "detection_column", "frame_of", "numbers_of", "samples_table"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Attributes of a sample that every GEO file has, by our name.
_ATTRIBUTES = {
    "title": "title",
    "source_name_ch1": "source",
    "organism_ch1": "organism",
    "platform_id": "platform",
    "description": "description",
    "supplementary_file": "supplementary_file",
}
_CALLS = {
    "p": True,
    "present": True,
    "1": True,
    "true": True,
    "yes": True,
    "detected": True,
    "m": False,
    "marginal": False,
}
_CALLS |= {"a": False, "absent": False, "0": False, "false": False, "no": False, "not detected": False}
_MISSING = ("", "null", "na", "nan", "n/a", "none")


@dataclass(frozen=True, eq=False)
class GeoSeries:
    """What a series, a dataset or some samples of GEO hold.

    Parameters
    ----------
    accession : e.g. "GSE163490"; "" where the file has none
    title : of the series
    platforms : accession of the platform → its samples and values
    metadata : attributes of the series, name → all values
    """

    accession: str
    title: str
    platforms: Mapping[str, Expression]
    metadata: Mapping[str, tuple[str, ...]]

    def expression(self, platform: str | None = None) -> Expression:
        """Values of one platform; of the only one with values when none is named.

        Raises
        ------
        SourceError
            There is no such platform, several have values, or none has.
        """
        name = self.accession or "the series"
        if platform is not None:
            if platform not in self.platforms:
                raise SourceError("no such platform", where=name, found=repr(platform), expected=listed(self.platforms))
            return self.platforms[platform]
        full = [key for key, one in self.platforms.items() if one.features.height]
        if len(full) == 1:
            return self.platforms[full[0]]
        if full:
            raise SourceError(
                "series has several platforms",
                where=name,
                found=listed(full, last="and"),
                next_step="Name one of them.",
            )
        files = self.metadata.get("supplementary_file", ())
        named = f": {listed(files, last='and', most=3)}" if files else ""
        raise SourceError(
            "series holds no values",
            where=name,
            found=f"{sum(one.samples.height for one in self.platforms.values())} samples with empty tables",
            next_step=f"The values lie in its supplementary files{named}.",
        )


def samples_table(attributes: Sequence[Mapping[str, Sequence[str]]], names: Sequence[str]) -> pl.DataFrame:
    """Describe samples: one row each, from their attributes.

    Parameters
    ----------
    attributes : for each sample, name of the attribute → its values ("characteristics_ch1" has one "key: value" each)
    names : keys of the samples

    Returns
    -------
    ``sample``, then title, source, organism, platform and so on where any sample has them, then the characteristics by
    their own names, in lower case with underscores
    """
    rows = [_described(own) for own in attributes]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = {column: [row.get(column) for row in rows] for column in columns}
    schema = {"sample": pl.String, **dict.fromkeys(columns, pl.String)}
    return pl.DataFrame({"sample": list(names), **cells}, schema=schema)


def frame_of(lines: Sequence[str], *, path: str | Path, first_line: int) -> pl.DataFrame:
    """Cells of tab-separated lines, the first of which is the header; quotes around cells are left out.

    Raises
    ------
    SourceError
        The header names a column twice, or a line has another number of cells; all faults at once.
    """
    header = [cell.strip().strip('"') for cell in lines[0].split("\t")]
    while header and not header[-1]:
        header.pop()
    faults = [
        Fault("each column once", path, first_line, value=name)
        for name in dict.fromkeys(name for name in header if header.count(name) > 1)
    ]
    body = [line for line in lines[1:] if line.strip()]
    for number, line in enumerate(lines[1:], first_line + 1):
        found = len(line.rstrip("\t").split("\t"))
        # Trailing empty cells may be left out.
        if line.strip() and found > len(header):
            faults.append(Fault(f"{len(header)} cells, as in the header", path, number, value=f"{found} cells"))
    if faults:
        raise SourceError("table cannot be read", where=path, faults=faults, next_step="Download the file again:")
    if not body:
        return pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    width = len(header)
    padded = "\n".join(line + "\t" * max(0, width - 1 - line.count("\t")) for line in body)
    frame = pl.read_csv(
        padded.encode(),
        has_header=False,
        separator="\t",
        quote_char=None,
        infer_schema=False,
        truncate_ragged_lines=True,
    )
    frame = frame[:, :width]
    frame.columns = header
    return frame.select(pl.all().str.strip_chars(' "'))


def numbers_of(
    cells: pl.Series, *, path: str | Path, first_line: int, column: str
) -> tuple[npt.NDArray[np.float64], list[Fault]]:
    """Cells as numbers, NaN where there is none; other text is a fault with its line."""
    values = cells.cast(pl.Float64, strict=False)
    text = cells.str.to_lowercase()
    bad = (values.is_null() & cells.is_not_null() & ~text.is_in(_MISSING)).fill_null(False)
    places = np.flatnonzero(bad.to_numpy())
    faults = [Fault("a number", path, first_line + int(i), column, cells[int(i)]) for i in places]
    return np.asarray(values.fill_null(np.nan).to_numpy(), dtype=np.float64), faults


def detection_column(frame: pl.DataFrame, *, limit: float = 0.05) -> BoolArray | None:
    """Detection calls of a sample's table, whatever the column is called; None where there is none.

    Parameters
    ----------
    frame : cells of the sample
    limit : detection p-values below it are detected

    Returns
    -------
    (features,); calls of marginal are not detected
    """
    by_fold = {fold(name): name for name in frame.columns}
    for word in ("abscall", "detectioncall", "gisgenedetected", "isgenedetected", "detected", "detection"):
        if word in by_fold:
            words = frame[by_fold[word]].str.to_lowercase()
            if words.is_in(list(_CALLS)).any():
                return np.array([_CALLS.get(cell or "", False) for cell in words], dtype=np.bool_)
    for word in ("detectionpval", "detectionpvalue", "detection", "pvalue"):
        if word in by_fold:
            p = frame[by_fold[word]].cast(pl.Float64, strict=False)
            if p.is_not_null().any():
                return np.asarray((p < limit).fill_null(False).to_numpy(), dtype=np.bool_)
    return None


def _described(attributes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Row of one sample."""
    row = {
        ours: "; ".join(value for value in attributes[theirs] if value)
        for theirs, ours in _ATTRIBUTES.items()
        if any(attributes.get(theirs, ()))
    }
    loose = []
    for name in ("characteristics_ch1", "characteristics_ch2"):
        for cell in attributes.get(name, ()):
            key, colon, value = cell.partition(":")
            column = re.sub(r"\W+", "_", key.strip().lower()).strip("_")
            if colon and column and len(key) < 60:
                column = column if name.endswith("ch1") else f"{column}_ch2"
                # A second value of one key must not hide the first, nor a key one of GEO's own words.
                column = f"{column}_" if column in (*_ATTRIBUTES.values(), "sample") else column
                row[column] = f"{row[column]}; {value.strip()}" if column in row else value.strip()
            elif cell:
                loose.append(cell.strip())
    return row | ({"characteristics": "; ".join(loose)} if loose else {})
