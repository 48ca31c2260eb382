"""How far calls can be trusted: their chance under new noise, and effects without the winner's curse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.core.heb.noise import contrast_variance
from sensitome.core.interaction import replicate_variance
from sensitome.core.sensitization.contrasts import normal_reach
from sensitome.core.sensitization.shrinkage import ash
from sensitome.errors import MethodError
from sensitome.frames import to_polars
from sensitome.screen.hits import call_matrix
from sensitome.screen.score_matrix import ITEM, ScoreMatrix, score_matrix
from sensitome.settings import HitSettings, Treatments

__all__ = ["call_probability", "shrink_effects"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_KEY = (*ITEM, "cell_line", "treatment")


def call_probability(
    scores: pl.DataFrame,
    *,
    settings: HitSettings,
    treatments: Treatments,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    rounds: int = 200,
    seed: int = 20210526,
) -> pl.DataFrame:
    """Chance that the threshold rule would call each context again, had the noise of the wells fallen otherwise.

    Parameters
    ----------
    scores, settings, treatments, expressed, targets : as `hits.call_hits`
    rounds : parametric bootstrap samples
    seed : chance

    Returns
    -------
    One row per library reagent × cell line × drug arm, sorted by its key: is_hit, p_call (share of the samples that
    call it), rounds

    Raises
    ------
    MethodError
        The noise of a well cannot be told: one replicate and no vehicle, or readings that do not vary.

    Notes
    -----
    Adds normal noise to every reading and applies the whole rule again, exclusions included. Its variance is that of a
    well from the replicates; with one replicate half the robust variance of all interactions, which holds background
    interactions as well. The readings hold their own noise already, so that a context that just passes has p_call near
    one half: what p_call shows is how close to the edge a call lies.

    References
    ----------
    Efron & Tibshirani 1993, doi:10.1201/9780429246593
    """
    matrix = score_matrix(
        to_polars(scores), settings=settings, treatments=treatments, expressed=expressed, targets=targets
    )
    sd = float(np.sqrt(_well_variance(matrix)))
    rng = np.random.default_rng(seed)
    count = np.zeros(matrix.scores.shape)
    for _ in range(rounds):
        noise = sd * rng.standard_normal(matrix.replicates.shape)
        moved = np.where(np.isfinite(matrix.replicates), noise, np.nan)
        again = replace(
            matrix, replicates=matrix.replicates + noise, scores=matrix.scores + robust.nan_mean(moved, axis=0)
        )
        count += call_matrix(again, settings=settings).hit
    return _rows(matrix, call_matrix(matrix, settings=settings).hit, count / rounds, rounds=rounds)


def shrink_effects(sensitizers: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """Draw interactions to the size that interactions usually have, against the winner's curse.

    Parameters
    ----------
    sensitizers : table `sensitizers` of a method with intervals
    level : coverage of the intervals, of the table as of the answer

    Returns
    -------
    The table with shrunk_effect, shrunk_ci_low and shrunk_ci_high, log2: effects that stand out because noise helped
    them are smaller than they look

    Raises
    ------
    MethodError
        The method gives no intervals.

    References
    ----------
    Stephens 2017, doi:10.1093/biostatistics/kxw041
    """
    table, reach = to_polars(sensitizers), normal_reach(level)
    columns = table.select(pl.col("effect", "ci_low", "ci_high").cast(pl.Float64).fill_null(np.nan)).to_numpy()
    error = (columns[:, 2] - columns[:, 1]) / 2 / reach
    if not (error > 0).any():
        raise MethodError(
            "effects without intervals cannot be shrunk",
            found=f"no interval from {table['method'][0]!r}" if table.height else "an empty table",
            expected="a method that gives intervals, such as 'moderated-t' or 'heb'",
        )
    found = ash(columns[:, 0], error)
    return table.with_columns(
        pl.Series("shrunk_effect", found.mean).fill_nan(None),
        pl.Series("shrunk_ci_low", found.mean - reach * found.sd).fill_nan(None),
        pl.Series("shrunk_ci_high", found.mean + reach * found.sd).fill_nan(None),
    )


def _well_variance(matrix: ScoreMatrix) -> float:
    """Variance of one reading, log2²."""
    readings = np.moveaxis(matrix.replicates, 0, -1)[:, :, None, :]
    variance = replicate_variance(readings)
    vehicle = matrix.contexts["vehicle"].to_numpy()
    drugs = np.flatnonzero(matrix.contexts["is_drug"].to_numpy() & (vehicle >= 0))
    if not np.isfinite(variance) and drugs.size:
        pairs = np.stack([matrix.scores[:, vehicle[drugs]], matrix.scores[:, drugs]], axis=-1)
        variance = contrast_variance(pairs)
    if not variance > 0:
        raise MethodError(
            "the noise of a well cannot be told from these scores",
            found="one replicate and no vehicle" if not drugs.size else "readings that do not vary",
            expected="two replicates, or a vehicle and a drug arm",
        )
    return float(variance)


def _rows(matrix: ScoreMatrix, hit: BoolArray, share: FloatArray, *, rounds: int) -> pl.DataFrame:
    """Unfold library reagents × drug contexts."""
    samples = np.flatnonzero((matrix.items["role"].cast(pl.String) == "sample").to_numpy())
    drugs = np.flatnonzero(matrix.contexts["is_drug"].to_numpy())
    block = np.ix_(samples, drugs)
    labels = matrix.contexts[drugs.tolist()].select("cell_line", "treatment")
    return (
        matrix.items[samples.tolist()]
        .select(*ITEM)
        .join(labels, how="cross", maintain_order="left_right")
        .with_columns(
            pl.Series("is_hit", hit[block].ravel()),
            pl.Series("p_call", share[block].ravel()),
            pl.lit(rounds, pl.Int32).alias("rounds"),
        )
        .sort(*_KEY)
    )
