"""The threshold rule: how far a score lies from its group, and which contexts that makes hits and candidates.

Shapes: items = reagents (or wells) of the library; contexts = cell line × treatment arm. NaN = no score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["GroupStatistics", "candidates", "group_statistics", "quiet", "significant"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

MAD_SCALE = 1.4826


@dataclass(frozen=True)
class GroupStatistics:
    """Center, spread and distance of every score from its group; each (items, contexts)."""

    center: FloatArray
    spread: FloatArray
    z: FloatArray


def group_statistics(
    scores: FloatArray,
    members: BoolArray,
    *,
    pools: IntArray,
    context_groups: IntArray,
    center: Literal["median", "mean"],
    spread: Literal["sd", "mad"],
) -> GroupStatistics:
    """Center and spread of each treatment group, and how many spreads each score lies from the center.

    Parameters
    ----------
    scores : (items, contexts); NaN = no score
    members : (items,) items that define center and spread: the library's reagents, with or without controls
    pools : (items,) group number of each item: all 0 when all reagents are pooled, else by kind or library plate
    context_groups : (contexts,) group number of each context: its own, or shared by the lines that are pooled
    center : median, or mean
    spread : standard deviation (n − 1), or 1.4826 × median absolute deviation from the median, as R's ``mad``

    Returns
    -------
    center, spread and z = (score − center) / spread, each (items, contexts); NaN where a group has fewer than 2 scores
    or does not vary

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2; Chung et al. 2008, doi:10.1177/1087057107312035 (MAD)
    """
    is_apart = len(np.unique(context_groups)) == len(context_groups)
    centers = np.full(scores.shape, np.nan)
    spreads = np.full(scores.shape, np.nan)
    for pool in np.unique(pools):
        items = pools == pool
        whole = scores[items & members]
        if is_apart and len(whole) > 1 and np.isfinite(whole).all():
            rows = np.ascontiguousarray(whole.T)
            middle = np.median(rows, axis=1) if center == "median" else rows.mean(axis=1)
            centers[items], spreads[items] = middle, _spreads(rows, spread)
            continue
        for group in np.unique(context_groups):
            contexts = context_groups == group
            values = scores[np.ix_(items & members, contexts)]
            values = values[np.isfinite(values)]
            if values.size < 2:
                continue
            block = np.ix_(items, contexts)
            centers[block] = np.median(values) if center == "median" else np.mean(values)
            spreads[block] = _spreads(values[np.newaxis], spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(spreads > 0, (scores - centers) / spreads, np.nan)
    return GroupStatistics(centers, spreads, z)


def significant(z: FloatArray, *, k: float, tail: Literal["low", "high"]) -> BoolArray:
    """Which scores lie more than k spreads beyond the center, on the side of lost viability; NaN counts as not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(z < -k if tail == "low" else z > k)


def quiet(
    z: FloatArray,
    vehicle_of: IntArray,
    *,
    k: float,
    tail: Literal["low", "high"],
    sides: Literal["two-sided", "one-sided", "off"],
    lines: Literal["same", "any"],
) -> BoolArray:
    """Exclusion 1: which contexts have no significant effect without drug.

    Parameters
    ----------
    z : (items, contexts)
    vehicle_of : (contexts,) index of the vehicle context of the same line; −1 when the design has none
    k : spreads that are significant
    tail : side of lost viability
    sides : whether gains without drug exclude as well, or nothing does
    lines : whether only the vehicle of the same line counts, or that of any line

    Returns
    -------
    (items, contexts) True = quiet. A context without a vehicle score is not quiet: what was not measured is not known.
    Without any vehicle in the design, or with ``sides="off"``, all are.
    """
    if sides == "off" or not (vehicle_of >= 0).any():
        return np.ones(z.shape, dtype=np.bool_)
    inside = _inside(z, k=k, tail=tail, sides=sides)
    if lines == "any":
        vehicles = np.unique(vehicle_of[vehicle_of >= 0])
        everywhere = np.asarray(inside[:, vehicles].all(axis=1))
        return np.repeat(everywhere[:, None], z.shape[1], axis=1)
    return inside[:, np.maximum(vehicle_of, 0)] & (vehicle_of >= 0)


def candidates(hits: BoolArray, *, line_of: IntArray, arm_of: IntArray, same_arm: bool) -> BoolArray:
    """Which items have more than one sensitization effect: in two cell lines, or in two arms of one line.

    Parameters
    ----------
    hits : (items, contexts)
    line_of, arm_of : (contexts,) number of the cell line and of the treatment arm
    same_arm : whether an effect in two lines must be in the same arm

    Returns
    -------
    (items,)
    """
    lines, arms = int(line_of.max(initial=-1)) + 1, int(arm_of.max(initial=-1)) + 1
    grid = np.zeros((hits.shape[0], lines, arms), dtype=np.bool_)
    grid[:, line_of, arm_of] = hits
    two_arms = (grid.sum(axis=2) > 1).any(axis=1)
    two_lines = (grid.sum(axis=1) > 1).any(axis=1) if same_arm else grid.any(axis=2).sum(axis=1) > 1
    return np.asarray(two_arms | two_lines)


def _spreads(rows: FloatArray, spread: Literal["sd", "mad"]) -> FloatArray:
    """Spread of each row of an array without NaN."""
    if spread == "sd":
        return np.asarray(np.std(rows, axis=1, ddof=1))
    distances = np.abs(rows - np.median(rows, axis=1, keepdims=True))
    return np.asarray(MAD_SCALE * np.median(distances, axis=1))


def _inside(
    z: FloatArray, *, k: float, tail: Literal["low", "high"], sides: Literal["two-sided", "one-sided"]
) -> BoolArray:
    """Which z lie within k spreads; NaN does not."""
    with np.errstate(invalid="ignore"):
        if sides == "two-sided":
            return np.asarray(np.abs(z) < k)
        return np.asarray(z > -k if tail == "low" else z < k)
