"""Which targets a cell line expresses when it is not treated."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.errors import LayoutError, MethodError, listed
from sensitome.expression_matrix import Expression

__all__ = ["call_expressed", "refuse_without"]


def call_expressed(expression: Expression, *, vehicle: str, share: float = 0.5) -> pl.DataFrame:
    """Call each target expressed or not in the untreated cells of each line.

    Parameters
    ----------
    expression : with detection flags, and samples with ``cell_line`` and ``treatment``
    vehicle : the treatment that is none
    share : part of a line's untreated arrays that must detect the target, above 0

    Returns
    -------
    ``target``, ``cell_line``, ``expressed`` (Boolean), ``n_detected``, ``n`` (untreated arrays of the line); lines in
    the order of the samples, targets within. The first three are what the screen's exclusion of inhibitors reads.

    Raises
    ------
    LayoutError
        Samples lack cell line or treatment, or no array is untreated.
    MethodError
        There are no detection flags.
    """
    refuse_without(expression, ("cell_line", "treatment"))
    if expression.detected is None:
        raise MethodError(
            "expressed targets cannot be told without detection flags",
            expected="gIsGeneDetected or another flag in the source",
            next_step="Process the arrays with detected_by='minimum', or give a table of expressed targets.",
        )
    untreated = (expression.samples["treatment"] == vehicle).fill_null(False)
    if not untreated.any():
        raise LayoutError(
            "no untreated array",
            found=f"treatments {listed(expression.samples['treatment'].unique(maintain_order=True), last='and')}",
            expected=repr(vehicle),
            next_step="Name the vehicle as the list of arrays does.",
        )
    tables = []
    for line in expression.samples["cell_line"].unique(maintain_order=True).drop_nulls():
        own = (untreated & (expression.samples["cell_line"] == line).fill_null(False)).to_numpy()
        if not own.any():
            continue
        count = expression.detected[own].sum(axis=0)
        tables.append(
            pl.DataFrame(
                {
                    "target": expression.features["feature"],
                    "cell_line": pl.repeat(line, len(count), eager=True),
                    "expressed": (count > 0) & (count >= share * own.sum() - 1e-9),
                    "n_detected": count.astype(np.int32),
                    "n": np.full(len(count), own.sum(), dtype=np.int32),
                }
            )
        )
    return pl.concat(tables)


def refuse_without(expression: Expression, columns: tuple[str, ...]) -> None:
    """Raise when the samples are not described by these columns, or one of their cells is empty."""
    missing = [name for name in columns if name not in expression.samples.columns]
    if missing:
        raise LayoutError(
            f"samples lack {listed(missing, last='and')}",
            found=f"columns {listed(expression.samples.columns, last='and')}",
            next_step="Add the columns to the list of arrays.",
        )
    for name in columns:
        empty = expression.samples.filter(pl.col(name).is_null())["sample"].to_list()
        if empty:
            raise LayoutError(
                f"samples without {name}",
                found=listed(empty, last="and"),
                next_step="Fill the cells in the list of arrays.",
            )
