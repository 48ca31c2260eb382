"""Dose matrices of two drugs: Bliss, HSA, Loewe and ZIP with intervals over replicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.combination import Resamples, percentiles, resamples
from sensitome.core.dose_matrix import bliss_matrix, hsa_matrix, loewe_matrix, zip_matrix
from sensitome.errors import Fault, LayoutError
from sensitome.validation.settings import CombinationSettings
from sensitome.validation.tables import DoseScores

__all__ = ["dose_scores"]

FloatArray = npt.NDArray[np.float64]


def dose_scores(matrix: pl.DataFrame, *, settings: CombinationSettings, name: str = "dose matrix") -> pl.DataFrame:
    """Score dose matrices by Bliss, HSA, Loewe and ZIP, with intervals over replicates.

    Parameters
    ----------
    matrix : columns `block` (String), `dose_one`, `dose_two`, `response` (percent inhibition) and, where the matrix was
        measured more than once, `replicate`
    settings : level, resamples, seed
    name : what messages call the table

    Returns
    -------
    Table `dose_scores`; intervals and p are null with a single replicate

    Raises
    ------
    LayoutError
        A matrix without dose 0, with a dose pair missing or twice, or with fewer than three doses of a drug: all
        faults at once.

    Notes
    -----
    Up to six replicates all resamples are gone through, else 200 are drawn: each needs a fit of every row and column.
    """
    table = matrix if "replicate" in matrix.columns else matrix.with_columns(pl.lit(1).alias("replicate"))
    _raise_unfit(table, name)
    parts = []
    for block in table.partition_by("block", maintain_order=True):
        one, two = (
            np.sort(block[column].unique().to_numpy()).astype(np.float64) for column in ("dose_one", "dose_two")
        )
        cube = np.stack(
            [
                own.sort("dose_one", "dose_two")["response"].to_numpy().reshape(len(one), len(two))
                for own in block.partition_by("replicate", maintain_order=True)
            ]
        )
        parts.append(_scored_matrix(str(block["block"][0]), one, two, cube, settings))
    columns = DoseScores.column_names()
    return pl.concat(parts).select(columns).sort("block", "reference", "dose_one", "dose_two")


def _raise_unfit(table: pl.DataFrame, name: str) -> None:
    """Raise for matrices that are not complete."""
    faults = []
    for (block, replicate), own in table.sort("block", "replicate").group_by("block", "replicate", maintain_order=True):
        where = f"block {block!r}, replicate {replicate}"
        for column in ("dose_one", "dose_two"):
            doses = own[column].unique()
            if doses.min() != 0:
                faults.append(Fault(f"dose 0 of {column} in {where}", name, column=column, value=doses.min()))
            if len(doses) < 3:
                faults.append(Fault(f"at least 3 doses of {column} in {where}", name, column=column, value=len(doses)))
        pairs = own.select("dose_one", "dose_two").n_unique()
        whole = own["dose_one"].n_unique() * own["dose_two"].n_unique()
        if own.height != whole or pairs != whole or own["response"].null_count():
            faults.append(Fault(f"one response for each of {whole} dose pairs in {where}", name, value=own.height))
    if faults:
        raise LayoutError("dose matrices cannot be scored", faults=faults)


def _scored_matrix(
    block: str, one: FloatArray, two: FloatArray, cube: FloatArray, settings: CombinationSettings
) -> pl.DataFrame:
    """Scores of one matrix, from the mean over replicates and from resampled means."""
    n = len(cube)
    over = resamples(n, rng=np.random.default_rng(settings.seed), draws=min(settings.draws, 200))
    mean = cube.mean(axis=0)
    resampled = np.einsum("br,rij->bij", over.share, cube) if n > 1 else np.empty((0, *mean.shape))
    grid_one, grid_two = (axis.ravel() for axis in np.meshgrid(one, two, indexing="ij"))
    frames = []
    for reference in ("Bliss", "HSA", "Loewe", "ZIP"):
        score = _score(reference, one, two, mean)
        draws = np.stack([_score(reference, one, two, r) for r in resampled]) if n > 1 else None
        low, high, p = _intervals(draws, over, settings.level, score.shape)
        frames.append(
            pl.DataFrame({"dose_one": grid_one, "dose_two": grid_two, "effect": score.ravel()}).with_columns(
                pl.lit(block).alias("block"),
                pl.lit(reference).alias("reference"),
                pl.Series("ci_low", low).fill_nan(None),
                pl.Series("ci_high", high).fill_nan(None),
                pl.Series("p_value", p).fill_nan(None),
                pl.lit(n, pl.Int32).alias("n"),
                pl.Series("response", mean.ravel()),
            )
        )
    return pl.concat(frames)


def _score(reference: str, one: FloatArray, two: FloatArray, response: FloatArray) -> FloatArray:
    if reference == "Bliss":
        return bliss_matrix(response)
    if reference == "HSA":
        return hsa_matrix(response)
    return loewe_matrix(one, two, response) if reference == "Loewe" else zip_matrix(one, two, response)


def _intervals(
    draws: FloatArray | None, over: Resamples, level: float, shape: tuple[int, ...]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Percentile intervals and p of every cell, flat; NaN without replicates."""
    if draws is None:
        nothing = np.full(int(np.prod(shape)), np.nan)
        return nothing, nothing, nothing
    boot = percentiles(draws.reshape(len(draws), -1).T, over, level)
    return boot.ci_low, boot.ci_high, boot.p_value
