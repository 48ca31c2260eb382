"""Samples of matrices and tables brought together by name, and those left out named."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import Fault, MethodError, TableError, listed
from sensitome.expression_matrix import Expression

__all__ = ["adjusting_values", "shared_samples"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_FEWEST = 4


def shared_samples(
    first: Expression, second: Expression, *, covariates: pl.DataFrame | None = None
) -> tuple[tuple[IntArray, IntArray], pl.DataFrame | None, pl.DataFrame]:
    """Positions of the samples that both matrices, and the covariates, have.

    Parameters
    ----------
    first, second : the matrices
    covariates : ``sample`` and further columns; a sample with an empty cell is left out

    Returns
    -------
    positions : in `first` and in `second`, in the order of `first`
    covariates : those of the samples, in that order; None without
    left_out : ``sample``, ``reason``

    Raises
    ------
    TableError
        Nothing in common.
    MethodError
        Fewer than 4 samples in common.
    """
    left, right = (
        side.samples.select(pl.col("sample").cast(pl.String)).with_row_index("row") for side in (first, second)
    )
    both = left.join(right, on="sample", how="inner", maintain_order="left", suffix="_second")
    if not both.height:
        raise TableError(
            "the two matrices have no sample in common",
            found=" against ".join(listed(side["sample"], last="and", most=3) for side in (left, right)),
            expected="the same names of samples",
            next_step="Bring the names into one form: TCGA barcodes, say, to sample or patient.",
        )
    left_out = [
        left.join(right, on="sample", how="anti", maintain_order="left").select(
            "sample", reason=pl.lit("only in the first matrix")
        ),
        right.join(left, on="sample", how="anti", maintain_order="left").select(
            "sample", reason=pl.lit("only in the second matrix")
        ),
    ]
    adjusting = None
    if covariates is not None:
        complete = _complete(covariates)
        lacking = both.join(complete, on="sample", how="anti", maintain_order="left")
        left_out.append(lacking.select("sample", reason=pl.lit("lacks a covariate")))
        both = both.join(complete, on="sample", how="inner", maintain_order="left")
        adjusting = both.select(complete.columns)
    if both.height < _FEWEST:
        raise MethodError(
            "too few samples to correlate",
            found=both.height,
            expected=f"at least {_FEWEST} that both matrices have",
            next_step="Check the names of the samples.",
        )
    rows = both["row"].to_numpy().astype(np.intp), both["row_second"].to_numpy().astype(np.intp)
    return rows, adjusting, pl.concat(left_out)


def adjusting_values(covariates: pl.DataFrame | None) -> FloatArray | None:
    """Covariates as numbers: (covariates, samples); a text column becomes one 0/1 row a word, less the commonest."""
    if covariates is None:
        return None
    rows = []
    for name in covariates.columns:
        column = covariates[name]
        if name == "sample":
            continue
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            rows.append(column.cast(pl.Float64).to_numpy())
            continue
        words = column.cast(pl.String).value_counts().sort("count", name, descending=[True, False])[name].to_list()
        rows += [(column.cast(pl.String) == word).cast(pl.Float64).to_numpy() for word in words[1:]]
    return np.array(rows, dtype=np.float64).reshape(len(rows), covariates.height)


def _complete(covariates: pl.DataFrame) -> pl.DataFrame:
    """Covariates of the samples that have all of them."""
    faults = []
    if "sample" not in covariates.columns:
        rule = f"a column 'sample' (there is {listed(covariates.columns, last='and')})"
        faults.append(Fault(rule, column="sample"))
    else:
        twice = covariates["sample"].filter(covariates["sample"].is_duplicated()).unique(maintain_order=True)
        faults += [Fault("each sample once", column="sample", value=name) for name in twice]
    if faults:
        raise TableError("covariates cannot be used", faults=faults)
    numbers = [name for name, dtype in covariates.schema.items() if dtype.is_float()]
    complete = covariates.with_columns(pl.col(numbers).fill_nan(None)).drop_nulls()
    return complete.with_columns(pl.col("sample").cast(pl.String))
