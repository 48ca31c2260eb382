"""3′ UTR isoforms: which share of a gene's transcripts holds each stretch of its 3′ UTR."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.context import Sites
from sensitome.frames import largest

__all__ = ["Isoforms", "isoforms_of", "scale_isoforms", "share_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# A share of 0 has no logarithm downstream.
_LEAST = 1e-4


class Isoforms(NamedTuple):
    """Stretches of each UTR (UTRs, stretches), padded with a share of 0.

    Parameters
    ----------
    start, end : first and last letter, from 1
    share : percent of the transcripts that reach the stretch
    """

    start: IntArray
    end: IntArray
    share: FloatArray


def isoforms_of(names: pl.Series, length: IntArray, isoforms: pl.DataFrame | None) -> Isoforms:
    """Isoforms of each UTR in order; a UTR without any is one stretch that all transcripts hold.

    Parameters
    ----------
    names : (UTRs,)
    length : (UTRs,) letters
    isoforms : ``utr, start, end, share`` in percent, or None
    """
    whole = pl.DataFrame({"utr": names, "end": length}).with_columns(
        pl.lit(1, pl.Int64).alias("start"), pl.lit(100.0).alias("share")
    )
    if isoforms is not None:
        told = isoforms.select(
            pl.col("utr").cast(pl.String), pl.col("start", "end").cast(pl.Int64), pl.col("share").cast(pl.Float64)
        )
        whole = pl.concat([told, whole.join(told, on="utr", how="anti").select(told.columns)])
    else:
        whole = whole.select("utr", "start", "end", "share")
    groups = pl.DataFrame({"utr": names}).join(
        whole.group_by("utr").agg("start", "end", "share"), on="utr", how="left", maintain_order="left"
    )
    width = int(largest(groups["end"].list.len()) or 1)
    start, end, share = (_matrix(groups[column], width=width) for column in ("start", "end", "share"))
    return Isoforms(start.astype(np.int64), end.astype(np.int64), share)


def share_of(isoforms: Isoforms, sites: Sites) -> FloatArray:
    """Share of the transcripts that hold each site, 0 … 1; that of the nearest stretch where none holds it."""
    start, end = isoforms.start[sites.sequence], isoforms.end[sites.sequence]
    share = isoforms.share[sites.sequence]
    last = sites.end[:, None]
    real = end > 0
    holds = real & (start <= last) & (last <= end)
    distance = np.where(real, np.minimum(np.abs(end - last), np.abs(start - last)), np.iinfo(np.int64).max)
    distance = np.where(holds, -1, distance)
    best = distance.argmin(axis=1)[:, None]
    found = np.take_along_axis(share, best, axis=1)[:, 0] / 100
    inside = np.take_along_axis(holds, best, axis=1)[:, 0]
    return np.where(inside, found, np.maximum(found, _LEAST))


def scale_isoforms(isoforms: pl.DataFrame, lengths: pl.DataFrame) -> pl.DataFrame:
    """Isoforms of a reference species, moved to the UTRs of another by the ratio of their lengths.

    Parameters
    ----------
    isoforms : ``utr, start, end, share``
    lengths : ``utr`` (of the reference), ``name`` (of the other UTR), ``reference`` and ``length`` (letters)

    Returns
    -------
    ``utr`` (the other name), ``start, end, share``; of stretches that end at the same letter the last one stays
    """
    factor = pl.col("reference") / pl.col("length")
    scaled = isoforms.join(lengths, on="utr", how="inner", maintain_order="left").select(
        pl.col("name").alias("utr"),
        pl.when(pl.col("start") > 1).then((pl.col("start") / factor).round(mode="half_to_even")).otherwise(1)
        .cast(pl.Int64).alias("start"),
        (pl.col("end") / factor).round(mode="half_to_even").cast(pl.Int64).alias("end"),
        "share",
    )  # fmt: skip
    return scaled.unique(subset=["utr", "end"], keep="last", maintain_order=True)


def _matrix(lists: pl.Series, *, width: int) -> FloatArray:
    """Lists as the rows of a matrix, filled up with 0."""
    size = lists.list.len().to_numpy()
    matrix = np.zeros((len(lists), width))
    matrix[np.arange(width) < size[:, None]] = lists.explode().to_numpy() if len(lists) else []
    return matrix
