"""Whether the mRNAs that a miRNA is said to repress go down with it: their correlations against those of the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.rank_sum import rank_sum

__all__ = ["target_shift"]

FloatArray = npt.NDArray[np.float64]

_SHIFT = {"n_targets": pl.Int32, "target_delta": pl.Float64, "target_median": pl.Float64, "target_p_value": pl.Float64}


def target_shift(estimate: FloatArray, targets: pl.DataFrame, *, mirna: pl.Series, gene: pl.Series) -> pl.DataFrame:
    """Compare the correlations of the targets of each miRNA with those of the other mRNAs.

    Parameters
    ----------
    estimate : (miRNAs, mRNAs), correlations; NaN = not tested
    targets : ``mirna`` and ``gene``
    mirna, gene : names of the rows and of the columns

    Returns
    -------
    One row per miRNA: ``n_targets`` (tested), ``target_delta`` (Cliff's delta; negative = targets lie lower),
    ``target_median`` (of their correlations), ``target_p_value`` (Wilcoxon's rank-sum test); null without targets, or
    without other mRNAs

    Notes
    -----
    The test takes mRNAs as independent, which they are not: its p is a guide. Their order among miRNAs is not touched.
    """
    wanted = targets.select(pl.col("mirna", "gene").cast(pl.String)).unique()
    by_mirna = {name: part["gene"] for (name,), part in wanted.group_by("mirna")}
    rows = []
    for line, name in enumerate(mirna):
        is_target = gene.is_in(by_mirna.get(name, pl.Series([], dtype=pl.String)).implode()).to_numpy()
        known = ~np.isnan(estimate[line])
        rows.append(_shift(estimate[line][is_target & known], estimate[line][~is_target & known]))
    return pl.DataFrame(rows, schema=_SHIFT, orient="row")


def _shift(own: FloatArray, rest: FloatArray) -> tuple[int, float | None, float | None, float | None]:
    """Targets, Cliff's delta of their correlations (negative = lower), their median, and p by the rank sum."""
    if not len(own) or not len(rest):
        return len(own), None, None, None
    test = rank_sum(own[None], rest[None])
    p = float(test.p[0])
    delta = 2 * float(test.statistic[0]) / (len(own) * len(rest)) - 1
    return len(own), delta, float(np.median(own)), None if np.isnan(p) else p
