"""Patients with a usable endpoint, lined up with their expression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Fault, TableError, listed, suggestion
from sensitome.expression_matrix import Expression
from sensitome.io.columns import raise_faults
from sensitome.patients import endpoint_columns

__all__ = ["EndpointData", "endpoint_data"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class EndpointData:
    """Patients with a usable endpoint, lined up with their expression.

    Parameters
    ----------
    values : (features, patients)
    time, event : (patients,)
    cause : (patients,), 0 censored, 1 the endpoint's cause, 2 another; None where only the event is known
    clinical : their rows
    """

    values: FloatArray
    time: FloatArray
    event: BoolArray
    cause: IntArray | None
    clinical: pl.DataFrame


def endpoint_data(expression: Expression, clinical: pl.DataFrame, endpoint: str) -> EndpointData:
    """Line up expression and endpoint by sample.

    Parameters
    ----------
    expression : samples × features
    clinical : ``sample`` and the columns of the endpoint, as in `sensitome.patients.Cohort`
    endpoint : name

    Raises
    ------
    TableError
        The endpoint has no columns, its events are no booleans, a patient occurs twice, or no sample is in both.
    """
    time, event, cause = endpoint_columns(endpoint)
    lacking = [name for name in ("sample", time, event) if name not in clinical.columns]
    if lacking:
        raise TableError(
            f"clinical table lacks columns of the endpoint {endpoint!r}",
            found=listed(clinical.columns, last="and"),
            expected=listed(lacking, last="and"),
            next_step=suggestion(lacking[0], clinical.columns),
        )
    if clinical[event].dtype != pl.Boolean:
        raise TableError(
            f"column {event!r} does not say yes or no",
            found=f"{clinical[event].dtype} with {listed(clinical[event].unique().sort().head(4), last='and')}",
            expected="Boolean: True = event, False = censored",
            next_step="Read it through an endpoint, which knows 0/1, 1/2 and words.",
        )
    twice = clinical["sample"].filter(clinical["sample"].is_duplicated()).drop_nulls().unique(maintain_order=True)
    raise_faults("clinical table", [Fault("each patient once", column="sample", value=name) for name in twice])
    place = expression.samples.select(pl.col("sample").cast(pl.String)).with_row_index("_row")
    both = place.join(
        clinical.with_columns(pl.col("sample").cast(pl.String)).drop_nulls([time, event]),
        on="sample",
        how="inner",
        maintain_order="left",
    )
    if not both.height:
        raise TableError(
            f"no sample of the matrix has the endpoint {endpoint!r}",
            found=" against ".join(listed(side["sample"], last="and", most=3) for side in (place, clinical)),
            expected="the same names of samples",
        )
    rows = both["_row"].to_numpy().astype(np.intp)
    return EndpointData(
        np.ascontiguousarray(expression.values[rows].T),
        both[time].cast(pl.Float64).to_numpy(),
        both[event].to_numpy(),
        both[cause].to_numpy().astype(np.intp) if cause in both.columns else None,
        both.drop("_row"),
    )
