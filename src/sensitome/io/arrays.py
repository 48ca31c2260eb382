"""Arrays of a study: the list that says which file is which sample, and the arrays together as one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Fault, SensitomeError, SourceError, TableError, listed
from sensitome.expression_matrix import Expression
from sensitome.frames import to_polars
from sensitome.io.columns import Column, doubled, empty_cells, name_columns, raise_faults, raise_together
from sensitome.io.feature_extraction import SIGNALS, ArrayFile, read_feature_extraction
from sensitome.io.text import read_table

__all__ = ["gene_signals", "read_array_list", "read_arrays", "spot_signals"]

_COLUMNS = (
    Column("file", ("filename", "file name", "array file", "path"), required=True),
    Column("sample", ("sample name", "array", "array name", "name")),
    Column("cell_line", ("cell line", "line", "cells", "cell type")),
    Column("treatment", ("arm", "drug", "treatment arm", "condition")),
    Column("replicate", ("rep", "subject", "biological replicate")),
    Column("batch", ("slide", "day", "run")),
)


def read_array_list(path: str | Path) -> pl.DataFrame:
    """Read the list of arrays of a study.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet with the column ``file``; ``sample`` (else the file's name without its ending),
        ``cell_line``, ``treatment``, ``replicate``, ``batch`` and any others are kept

    Returns
    -------
    One row per array, text columns: ``sample`` and ``file`` (relative to the list) first

    Raises
    ------
    TableError
        There is no column ``file``, a cell of it is empty, or a sample or a file is listed twice; all faults at once.
    """
    frame, faults = name_columns(read_table(path), _COLUMNS, file=path)
    raise_faults("list of arrays", faults)
    if "sample" not in frame.columns:
        frame = frame.with_columns(_stem(pl.col("file")).alias("sample"))
    faults = empty_cells(frame, ["file", "sample"], file=path)
    for key in ("sample", "file"):
        for name, lines, line in doubled(frame.drop_nulls(key), [key]).select(key, "lines", "line").iter_rows():
            faults.append(Fault(f"each {key} once (lines {lines})", path, line, key, name, "Remove or rename one."))
    raise_faults("list of arrays", faults)
    return frame.select("sample", "file", pl.exclude("sample", "file", "line"))


def read_arrays(
    arrays: pl.DataFrame | Sequence[str | Path],
    *,
    folder: str | Path = ".",
    signal: str = "total_gene",
    spots: bool = False,
) -> Expression:
    """Read the arrays of a study into one matrix.

    Parameters
    ----------
    arrays : columns ``sample`` and ``file`` (`read_array_list`) and what else describes them, or just the files
    folder : what the files are relative to
    signal : key of `sensitome.io.feature_extraction.SIGNALS`
    spots : one column per spot, as RMA needs them; False takes one value a gene, which is what total_gene is

    Returns
    -------
    Expression of the signal as it is, in counts, not logged. `features` has ``feature`` (the gene; with `spots` a
    number), ``control`` (0, 1, −1) and, with `spots`, ``gene`` and ``probe``; ``detected`` is gIsGeneDetected

    Raises
    ------
    SourceError
        A file cannot be read, is of another design than the others, has other genes, or holds the same signals as
        another one; all faults of all files.
    TableError
        A sample is listed twice, or `arrays` lacks a column.
    """
    table = _array_table(arrays)
    if signal not in SIGNALS:
        raise SourceError("unknown signal of arrays", found=repr(signal), expected=listed(SIGNALS))
    files, errors = [], []
    for name in table["file"]:
        try:
            files.append(_needed(read_feature_extraction(Path(folder) / name, needs=[signal]), signal))
        except SensitomeError as error:
            errors.append(error)
    if errors:
        raise_together("arrays of the study", errors)
    _refuse_mixed(files)
    _refuse_copies(files, signal)
    return (spot_signals if spots else gene_signals)(files, table.drop("file"), signal=signal)


def gene_signals(files: Sequence[ArrayFile], samples: pl.DataFrame, *, signal: str = "total_gene") -> Expression:
    """One value per gene and array: the first of its spots, since Feature Extraction repeats it on each.

    Parameters
    ----------
    files : arrays of one design
    samples : one row per array, with ``sample``
    signal : key of `SIGNALS`

    Returns
    -------
    Expression; genes in the order of the first array
    """
    first = files[0].features.unique("gene", keep="first", maintain_order=True)
    genes = first.select("gene", pl.int_range(pl.len()).alias("_column"))
    values = np.full((len(files), first.height), np.nan)
    detected = np.zeros(values.shape, dtype=np.bool_) if all("detected" in f.features.columns for f in files) else None
    for row, file in enumerate(files):
        own = file.features.unique("gene", keep="first", maintain_order=True).join(genes, on="gene", how="inner")
        columns = own["_column"].to_numpy()
        values[row, columns] = own[signal].fill_null(np.nan).to_numpy()
        if detected is not None:
            detected[row, columns] = own["detected"].fill_null(False).to_numpy()
    return Expression(values, samples, first.select(pl.col("gene").alias("feature"), "control"), detected)


def spot_signals(files: Sequence[ArrayFile], samples: pl.DataFrame, *, signal: str = "mean") -> Expression:
    """One value per spot and array; arrays of one design have their spots in one order.

    Parameters
    ----------
    files, samples, signal : as of `gene_signals`

    Returns
    -------
    Expression; ``feature`` numbers the spots from 1, ``gene``, ``probe`` and ``control`` describe them
    """
    labels = files[0].features.select(
        pl.int_range(1, pl.len() + 1).cast(pl.String).alias("feature"), "gene", "probe", "control"
    )
    values = np.stack([_numbers(file.features[signal]) for file in files])
    flags = [file.features["detected"] for file in files if "detected" in file.features.columns]
    detected = np.stack([flag.fill_null(False).to_numpy() for flag in flags]) if len(flags) == len(files) else None
    return Expression(values, samples, labels, detected)


def _needed(file: ArrayFile, signal: str) -> ArrayFile:
    """The array without the columns that nobody asked for: a study may have a hundred of them."""
    kept = [name for name in ("line", "gene", "probe", "control", signal, "detected") if name in file.features.columns]
    return replace(file, features=file.features.select(kept))


def _numbers(series: pl.Series) -> npt.NDArray[np.float64]:
    return np.asarray(series.fill_null(np.nan).to_numpy(), dtype=np.float64)


def _stem(file: pl.Expr) -> pl.Expr:
    """Name of a file without folders and without the endings of text and gzip."""
    name = file.str.replace(r"^.*[\\/]", "")
    return name.str.replace(r"(?i)\.gz$", "").str.replace(r"(?i)\.(txt|tsv|csv|tab)$", "")


def _array_table(arrays: pl.DataFrame | Sequence[str | Path]) -> pl.DataFrame:
    """Samples and files, each sample once."""
    if isinstance(arrays, Sequence):
        table = pl.DataFrame({"file": [str(file) for file in arrays]}).with_columns(
            _stem(pl.col("file")).alias("sample")
        )
    else:
        table = to_polars(arrays)
    missing = [name for name in ("sample", "file") if name not in table.columns]
    if missing or not table.height:
        raise TableError(
            "table of arrays cannot be used",
            found=f"{table.height} rows with {listed(table.columns, last='and')}",
            expected="columns 'sample' and 'file', and a row for each array",
        )
    twice = table.filter(pl.col("sample").is_duplicated())["sample"].unique(maintain_order=True)
    faults = [
        Fault("each sample once", column="sample", value=name, next_step="Remove or rename one.") for name in twice
    ]
    raise_faults("table of arrays", faults)
    return table.select("sample", pl.exclude("sample"))


def _refuse_mixed(files: Sequence[ArrayFile]) -> None:
    """Raise when an array is of another design, or has other genes, than most."""
    designs = [file.design for file in files]
    common = max(dict.fromkeys(designs), key=designs.count)
    faults = [
        Fault(f"design {common}, as {designs.count(common)} of {len(files)} arrays", file.file, value=file.design)
        for file in files
        if file.design != common and file.design and common
    ]
    if not faults:
        faults = _other_genes(files)
    if faults:
        raise SourceError(
            "arrays are not of one design", faults=faults, next_step="Analyze arrays of different designs separately:"
        )


def _refuse_copies(files: Sequence[ArrayFile], signal: str) -> None:
    """Raise when two files hold the same array under two names: no two hybridizations agree in every spot."""
    seen: dict[bytes, str] = {}
    faults = []
    for file in files:
        content = _numbers(file.features[signal]).tobytes()
        if content in seen:
            rule = f"signals of its own, not those of {seen[content]}"
            faults.append(Fault(rule, file.file, value="the same array", next_step="List the array once."))
        seen.setdefault(content, file.file)
    if faults:
        raise SourceError("arrays are in the study twice", faults=faults)


def _other_genes(files: Sequence[ArrayFile]) -> list[Fault]:
    """Arrays whose spots or genes differ from those of the first."""
    first = files[0].features
    known = set(first["gene"])
    faults = []
    for file in files[1:]:
        genes = set(file.features["gene"])
        if genes != known:
            rule = f"the {len(known)} genes of {files[0].file}"
            found = f"{len(genes)} genes, {len(known - genes)} missing and {len(genes - known)} others"
            faults.append(Fault(rule, file.file, value=found))
        elif file.features.height != first.height:
            rule = f"{first.height} features, as in {files[0].file}"
            faults.append(Fault(rule, file.file, value=f"{file.features.height} features"))
    return faults
