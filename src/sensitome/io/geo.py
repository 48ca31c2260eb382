"""Series of the Gene Expression Omnibus: series matrix files and SOFT, as they are downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.errors import Fault, SourceError, listed
from sensitome.expression_matrix import Expression
from sensitome.io.geo_soft import read_soft_text
from sensitome.io.geo_tables import GeoSeries, frame_of, numbers_of, samples_table
from sensitome.io.sources import decode, read_bytes

__all__ = ["GeoSeries", "read_geo"]

_ENDINGS = ("_series_matrix.txt", "_series_matrix.txt.gz")
_BEGIN, _END = "!series_matrix_table_begin", "!series_matrix_table_end"


def read_geo(paths: str | Path | Sequence[str | Path]) -> GeoSeries:
    """Read a series of GEO.

    Parameters
    ----------
    paths : a series matrix, or all of a series (one a platform, as GEO splits them), or a SOFT file of a family, a
        dataset or samples; plain or gzipped. A folder stands for all series matrices in it.

    Returns
    -------
    GeoSeries; values as the submitters gave them (mostly log2), ``detected`` where the file has detection calls

    Raises
    ------
    SourceError
        A file is a web page, a Git LFS pointer, no GEO file or cut short, or has cells that are not numbers; two files
        are of different series or hold one platform twice.

    Notes
    -----
    Text is not split at quotes: GEO breaks lines inside them. Tables may be empty (sequencing series have none); that
    is an error only where values are asked for.
    """
    series = [_read(path) for path in _files(paths)]
    accessions = list(dict.fromkeys(one.accession for one in series))
    if len(accessions) > 1:
        raise SourceError("files are of different series", found=listed(accessions, last="and"), expected="one series")
    platforms: dict[str, Expression] = {}
    for one in series:
        for name, expression in one.platforms.items():
            if name in platforms:
                raise SourceError("two files hold the same platform", where=one.accession, found=name)
            platforms[name] = expression
    return GeoSeries(series[0].accession, series[0].title, platforms, series[0].metadata)


def _files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(paths, str | Path):
        return [Path(path) for path in paths]
    path = Path(paths)
    if not path.is_dir():
        return [path]
    found = sorted(entry for entry in path.iterdir() if entry.name.endswith(_ENDINGS))
    if not found:
        raise SourceError(
            "folder holds no series matrix", where=path, expected="files called GSE…_series_matrix.txt or .txt.gz"
        )
    return found


def _read(path: Path) -> GeoSeries:
    """One file, told by its content."""
    text = decode(read_bytes(path), path=path)
    start = text[:2000].lstrip()
    if start.startswith("^"):
        return read_soft_text(text, path=path)
    if start.startswith("!"):
        return _series_matrix(text.split("\n"), path)
    raise SourceError(
        "file is no series of GEO",
        where=path,
        found=repr(start.split("\n")[0][:60]),
        expected="lines that begin with ! (series matrix) or ^ (SOFT)",
        next_step="Download the series matrix or the SOFT family file.",
    )


def _series_matrix(lines: list[str], path: Path) -> GeoSeries:
    begins = [i for i, line in enumerate(lines) if line.startswith(_BEGIN)]
    ends = [i for i, line in enumerate(lines) if line.startswith(_END)]
    if not begins or len(ends) < len(begins):
        raise SourceError(
            "series matrix ends early",
            where=path,
            found=f"{len(lines)} lines" + ("" if begins else " without a table"),
            expected=_END,
            next_step="Download it again.",
        )
    series, samples = _attributes(lines[: begins[0]])
    names = [cells[0] for cells in (own.get("geo_accession", ("",)) for own in samples)]
    described = samples_table(samples, names)
    parts = [_table(lines, begin, end, described, path) for begin, end in zip(begins, ends, strict=False)]
    platform = next((value for own in samples for value in own.get("platform_id", ())), "")
    platform = platform or "".join(series.get("platform_id", ())[:1])
    return GeoSeries(
        "".join(series.get("geo_accession", ())[:1]),
        "".join(series.get("title", ())[:1]),
        {platform: _stacked(parts, path)},
        series,
    )


def _attributes(lines: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], list[dict[str, list[str]]]]:
    """Attributes of the series, and of each sample. A line that does not begin with ! goes on with the one before."""
    logical: list[str] = []
    for line in lines:
        if line.startswith("!"):
            logical.append(line)
        elif logical and line.strip():
            logical[-1] += f" {line.strip()}"
    series: dict[str, list[str]] = {}
    samples: list[dict[str, list[str]]] = []
    for line in logical:
        name, *cells = line.split("\t")
        values = [cell.strip().strip('"').strip() for cell in cells]
        if name.startswith("!Series_"):
            series.setdefault(name[8:], []).extend(value for value in values if value)
        elif name.startswith("!Sample_"):
            samples += [{} for _ in range(len(values) - len(samples))]
            for own, value in zip(samples, values, strict=False):
                own.setdefault(name[8:], []).append(value)
    return {name: tuple(values) for name, values in series.items()}, samples


def _table(lines: Sequence[str], begin: int, end: int, described: pl.DataFrame, path: Path) -> Expression:
    """Values between two markers, in the order of the described samples."""
    rows = list(lines[begin + 1 : end])
    if not rows:
        return Expression(np.zeros((described.height, 0)), described, pl.DataFrame(schema={"feature": pl.String}))
    first = begin + 2
    key = rows[0].split("\t", 1)[0].strip('"')
    if key != "ID_REF":
        fault = Fault("the header of the table, which begins with ID_REF", path, first, "1", key)
        raise SourceError("series matrix cannot be read", where=path, faults=[fault], next_step="Download it again:")
    frame = frame_of(rows, path=path, first_line=first)
    names = described["sample"].to_list()
    faults = []
    missing = [name for name in names if name not in frame.columns]
    others = [name for name in frame.columns[1:] if name not in names]
    if missing or others:
        found = ", ".join(others[:4]) if others else f"no column {', '.join(missing[:4])}"
        faults.append(Fault(f"a column for each of the {len(names)} samples", path, first, value=found))
    if faults:
        raise SourceError("series matrix cannot be read", where=path, faults=faults, next_step="Download it again:")
    columns = []
    for name in names:
        values, bad = numbers_of(frame[name], path=path, first_line=first + 1, column=name)
        columns.append(values)
        faults += bad
    twice = frame["ID_REF"].filter(frame["ID_REF"].is_duplicated()).unique(maintain_order=True)
    faults += [Fault("each feature once", path, column="ID_REF", value=name) for name in twice]
    if faults:
        raise SourceError("series matrix cannot be read", where=path, faults=faults, next_step="Correct these places:")
    return Expression(np.stack(columns), described, frame.select(pl.col("ID_REF").alias("feature")))


def _stacked(parts: Sequence[Expression], path: Path) -> Expression:
    """Several tables of one file as one matrix."""
    if len(parts) == 1:
        return parts[0]
    features = pl.concat([part.features for part in parts])
    if features["feature"].is_duplicated().any():
        raise SourceError("tables of the series matrix overlap", where=path, expected="each feature once")
    return Expression(np.concatenate([part.values for part in parts], axis=1), parts[0].samples, features)
