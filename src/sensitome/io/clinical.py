"""From a clinical table of text cells to a cohort with typed columns and endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sensitome.errors import Fault, TableError, listed, suggestion
from sensitome.expression_matrix import Expression
from sensitome.io.columns import Column, doubled, empty_cells, name_columns, raise_faults, text_table
from sensitome.io.endpoints import EndpointColumns, read_endpoint
from sensitome.io.numbers import parse_numbers
from sensitome.io.text import read_table
from sensitome.patients import Cohort, flow_row

__all__ = ["build_cohort", "cohort_from_mudata", "missing_to_null", "read_clinical", "typed"]

_MISSING = ("", "na", "n/a", "nan", "null", "none", "[not available]", "[not applicable]", "[unknown]", "[discrepancy]")
_COLUMNS = (
    Column(
        "patient",
        ("patient id", "patient_id", "bcr patient barcode", "case", "case id", "subject", "id", "sample"),
        required=True,
    ),
    Column("sample", ("sample id", "sample_id", "sample name", "array", "tumor", "tumour")),
)


def read_clinical(
    path: str | Path, *, endpoints: Sequence[EndpointColumns], name: str = "", time_unit: str = "months"
) -> Cohort:
    """Read a cohort from one plain table.

    Parameters
    ----------
    path : CSV, TSV, XLSX or Parquet: one row per patient; columns ``patient`` (or ``sample``) and, where the matrices
        know patients by other names, ``sample``
    endpoints : where each endpoint stands
    name : of the cohort; the file's name without
    time_unit : of the endpoints

    Raises
    ------
    SourceError
        The file cannot be read.
    TableError
        A column is missing, a patient occurs twice, a time is no number or a word of a status is unknown; all at once.
    """
    frame, faults = name_columns(read_table(path), _COLUMNS, file=path)
    raise_faults("clinical table", faults)
    faults = empty_cells(frame, ["patient"], file=path)
    faults += [
        Fault(f"each patient once (lines {lines})", path, line, "patient", patient, "Keep one row of the patient.")
        for patient, line, lines in doubled(frame.drop_nulls("patient"), ["patient"])
        .select("patient", "line", "lines")
        .iter_rows()
    ]
    raise_faults("clinical table", faults)
    if "sample" not in frame.columns:
        frame = frame.with_columns(pl.col("patient").alias("sample"))
    return build_cohort(
        missing_to_null(frame),
        endpoints=endpoints,
        file=path,
        name=name or Path(path).name.split(".")[0],
        time_unit=time_unit,
    )


def cohort_from_mudata(
    data: Any, *, endpoints: Sequence[EndpointColumns], name: str, time_unit: str = "months"
) -> Cohort:
    """Cohort of a MuData object (or of anything with ``obs`` and ``mod``), or of one AnnData as the matrix ``mirna``.

    Parameters
    ----------
    data : patients in ``obs``, one AnnData a matrix in ``mod`` (``mirna``, ``mrna``, ``protein``)
    endpoints : where each endpoint stands in ``obs``
    name, time_unit : of the cohort

    Raises
    ------
    TableError
        As `build_cohort`.
    """
    # The index is the key; a column of that name would be a second one.
    own = data.obs.drop(columns="sample", errors="ignore")
    table = pl.from_pandas(own.rename_axis("sample").reset_index())
    frame = missing_to_null(text_table(table))
    if "patient" not in frame.columns:
        frame = frame.with_columns(pl.col("sample").alias("patient"))
    cohort = build_cohort(frame, endpoints=endpoints, file=f"{name}.obs", name=name, time_unit=time_unit)
    for role, part in (data.mod if hasattr(data, "mod") else {"mirna": data}).items():
        cohort = cohort.with_matrix(str(role), Expression.from_anndata(part))
    return cohort


def build_cohort(
    frame: pl.DataFrame,
    *,
    endpoints: Sequence[EndpointColumns],
    file: str | Path,
    name: str,
    time_unit: str = "months",
    flow: Sequence[pl.DataFrame] = (),
    text: Sequence[str] = (),
) -> Cohort:
    """Type the columns and endpoints of a clinical table.

    Parameters
    ----------
    frame : text cells; ``patient``, ``sample`` and ``line``, one row per patient
    endpoints : where each endpoint stands
    file : what messages call the table
    name, time_unit : of the cohort
    flow : rows of the flow count so far
    text : columns that stay text even if all their cells are numbers

    Raises
    ------
    TableError
        A column of an endpoint is missing, a time is no number, a word of a status is unknown; all faults at once.
    """
    there = listed((name for name in frame.columns if name != "line"), last="and", most=6)
    lacking = [
        Fault(
            f"column {column!r} of the endpoint {endpoint.name!r} is missing (there is {there})",
            file,
            next_step=suggestion(column, frame.columns),
        )
        for endpoint in endpoints
        for column in (endpoint.time, endpoint.status)
        if column not in frame.columns
    ]
    raise_faults(f"endpoints of cohort {name!r}", lacking)
    made, rows, faults = [], list(flow), []
    for endpoint in endpoints:
        columns, left_out, wrong = read_endpoint(frame, endpoint, file=file)
        made.append(columns)
        faults += wrong
        rows += _flow_of(endpoint.name, left_out, frame.height)
    raise_faults(f"endpoints of cohort {name!r}", faults, kind=TableError)
    own = {column for columns in made for column in columns.columns}
    clinical = typed(frame.drop("line"), text=("patient", "sample", *text)).drop(*own, strict=False)
    whole = pl.concat([clinical, *made], how="horizontal")
    cohort = Cohort(name, whole, tuple(endpoint.name for endpoint in endpoints), time_unit=time_unit)
    return Cohort(name, whole, cohort.endpoints, flow=pl.concat([cohort.flow, *rows]), time_unit=time_unit)


def missing_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells that say in words that nothing is known, as null."""
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.col(text).str.strip_chars().str.to_lowercase().is_in(_MISSING))
        .then(None)
        .otherwise(pl.col(text))
        .name.keep()
    )


def typed(frame: pl.DataFrame, *, text: Sequence[str] = ()) -> pl.DataFrame:
    """Columns of which every cell is a number as Float64, the others as they are."""
    columns = []
    for series in frame:
        if series.name in text or series.dtype != pl.String or series.null_count() == len(series):
            columns.append(series)
            continue
        values, bad, overflowed = parse_numbers(series.fill_null("").to_list())
        number = pl.Series(series.name, values, dtype=pl.Float64).fill_nan(None)
        # A sign such as "-" may be a word (receptor negative): then it is no missing number.
        whole = not bad and not overflowed and number.null_count() == series.null_count()
        columns.append(number if whole else series)
    return pl.DataFrame(columns)


def _flow_of(endpoint: str, left_out: pl.DataFrame, total: int) -> list[pl.DataFrame]:
    """Rows of the flow count: why patients have no such endpoint."""
    rows, left = [], total
    for (reason,), part in left_out.group_by("reason", maintain_order=True):
        left -= part.height
        rows.append(flow_row(f"endpoint {endpoint}", str(reason), part["patient"].to_list(), kept=left))
    return rows
