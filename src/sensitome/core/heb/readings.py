"""Ways to read an item: all its wells sound, or one or two of them gone wrong.

A well that went wrong has κ + 1 times the variance of a sound one, so that its arm says what the other wells say. Each
reading of an item is a row with its own arm means and noise; the model weighs them by the odds of wells to go wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import general_covariances
from sensitome.core.heb.likelihood import normal_log_likelihood

__all__ = ["NOISE_GRID", "Readings", "all_readings"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Excess variance of a well that went wrong, in variances of a sound one.
WRONG_EXCESS = 30.0
#: Two wells of an item go wrong together so many times as often as chance alone would have it: plates, reagents and
#: transfections differ in how often things go wrong.
TOGETHER = 3.0
#: Sound wells of an item that are doubted on average; the more wells it has, the odder one must be.
SOUND_DOUBTED = 0.4
#: At most so many wells of an item are doubted, the worst first.
MOST_DOUBTED = 6
#: Variance of the wells of an item, as a multiple of the typical one.
NOISE_GRID = (0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Readings:
    """Rows sorted by item; the first of each item takes all wells as sound.

    Parameters
    ----------
    item : (rows,)
    values : (rows, arms) weighted mean of each arm, log2; NaN = missing
    noise : (rows, arms) its variance in variances of a sound well; inf = missing
    squares : (rows,) weighted residual sum of squares within arms
    df : (rows,) its degrees of freedom
    offset : (rows,) log of the normalizing constants that differ between the readings of an item
    wells : (rows, 2) wells that are taken as gone wrong, numbered arm · replicates + replicate; −1 = none
    witness : (rows,) how many of these tell, wherever they lie, a bad well from an effect
    residual : (rows,) how far the first of these lies from what the others say, log2; 0 = none
    """

    item: IntArray
    values: FloatArray
    noise: FloatArray
    squares: FloatArray
    df: IntArray
    offset: FloatArray
    wells: IntArray
    witness: IntArray
    residual: FloatArray

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.item)

    @property
    def wrong(self) -> IntArray:
        """(rows,) number of wells that are taken as gone wrong."""
        return np.asarray((self.wells >= 0).sum(axis=1), dtype=np.intp)

    @property
    def start(self) -> IntArray:
        """(items,) first row of each item."""
        return np.flatnonzero(np.diff(self.item, prepend=-1))

    def log_odds(self, rate: float) -> FloatArray:
        """(rows,) log prior odds of each reading against the one where all wells are sound."""
        together = np.where(self.wrong > 1, np.log(TOGETHER), 0.0)
        return np.asarray(self.wrong * np.log(rate / (1 - rate)) + together, dtype=np.float64)

    def where(self, keep: BoolArray | IntArray) -> Self:
        """Keep some rows."""
        return type(self)(*(getattr(self, field.name)[keep] for field in fields(self)))


def all_readings(
    values: FloatArray, *, variance: float, slopes: FloatArray, shift: float = 0.0
) -> tuple[Readings, float]:
    """Every reading of every item that deserves a look.

    Parameters
    ----------
    values : (items, lines, arms, replicates), log2; NaN = no reading
    variance : of a single well
    slopes : (lines, arms) of general effects
    shift : where wells that went wrong lie on average, log2

    Returns
    -------
    Readings, and the number of witness wells, each counted as far as a wrong one would be doubted: those of arms with
    two or more wells, and of vehicle arms, where no interaction can imitate a well that went wrong
    """
    from scipy import special

    items, _, arms, replicates = values.shape
    wells = values.reshape(items, -1, replicates)
    there = np.isfinite(wells)
    count = there.sum(axis=-1)
    of_vehicle = np.arange(wells.shape[1]) % arms == 0
    witness = (there & ((count > 1) | of_vehicle)[:, :, None]).reshape(items, -1)
    nowhere = np.zeros((items, 0), dtype=np.intp)
    sound = _read(wells, np.arange(items), nowhere, witness=witness, residual=np.zeros((items, 1)), shift=0.0)
    misfit = _misfit(wells, sound, variance=variance, slopes=slopes)
    z, residual, sd = (part.reshape(items, -1) for part in (misfit.z, misfit.residual, misfit.sd))
    typical = float(np.median(there.sum(axis=(1, 2)))) if items else 0.0
    limit = -special.ndtri(SOUND_DOUBTED / 2 / max(typical, 1.0))
    item, well = _doubted(z, limit=limit)
    pair_item, pair = _pairs(item, well, replicates, count=count)
    arm_item, arm_pair = _whole_arms(there, misfit.between > limit)
    # Where both wells of an arm went wrong, only that of a vehicle arm is told from an effect.
    of_vehicle_well = witness & np.repeat(of_vehicle, replicates)
    parts = [sound] + [
        _read(wells, owner, wrong, witness=tells, residual=residual, shift=shift)
        for owner, wrong, tells in (
            (item, well[:, None], witness),
            (pair_item, pair, witness),
            (arm_item, arm_pair, of_vehicle_well),
        )
    ]
    together = Readings(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Readings)))
    reach = np.sqrt(WRONG_EXCESS * variance + sd[witness] ** 2)
    seen = special.ndtr((-limit * sd[witness] - shift) / reach) + special.ndtr((shift - limit * sd[witness]) / reach)
    return together.where(np.lexsort((together.wrong, together.item))), float(seen.sum())


def _read(
    wells: FloatArray,
    item: IntArray,
    wrong: IntArray,
    *,
    witness: BoolArray,
    residual: FloatArray,
    shift: float,
) -> Readings:
    """Rows of these items with these wells gone wrong; exact for normal wells of unequal variance."""
    _, arms, replicates = wells.shape
    rows = np.arange(len(item))[:, None]
    moved = wells[item].reshape(len(item), arms * replicates)
    moved[rows, wrong] -= shift
    own = moved.reshape(len(item), arms, replicates)
    there = np.isfinite(own)
    variance = np.ones((len(item), arms * replicates))
    variance[rows, wrong] = 1 + WRONG_EXCESS
    variance = variance.reshape(own.shape)
    precision = np.where(there, 1 / variance, 0.0)
    total = precision.sum(axis=-1)
    safe = np.where(total > 0, total, 1.0)
    values = np.where(total > 0, np.where(there, own * precision, 0.0).sum(axis=-1) / safe, np.nan)
    squares = np.where(there, (own - values[:, :, None]) ** 2 * precision, 0.0).sum(axis=(1, 2))
    count = there.sum(axis=-1)
    # The likelihood of the mean carries −½ log of its noise; what is left of the wells' constants goes here.
    left = -np.log(safe) + np.log(np.maximum(count, 1)) - np.where(there, np.log(variance), 0.0).sum(axis=-1)
    named = np.full((len(item), 2), -1, dtype=np.intp)
    named[:, : wrong.shape[1]] = wrong
    telling = np.take_along_axis(witness[item], wrong, axis=1).sum(axis=1)
    return Readings(
        item,
        values,
        np.where(total > 0, np.round(1 / safe, 9), np.inf),
        squares,
        np.maximum(count - 1, 0).sum(axis=1),
        0.5 * left.sum(axis=1),
        named,
        telling,
        residual[item, wrong[:, 0]] if wrong.shape[1] else np.zeros(len(item)),
    )


class _Misfit(NamedTuple):
    """How odd wells (items, arms, replicates) and arms (items, arms) are.

    ``z`` from the others of the arm or, alone there, from other arms, in SDs; ``residual`` the same in log2; ``sd``;
    ``between`` of the arm from other arms, in SDs.
    """

    z: FloatArray
    residual: FloatArray
    sd: FloatArray
    between: FloatArray


def _misfit(wells: FloatArray, sound: Readings, *, variance: float, slopes: FloatArray) -> _Misfit:
    """Hold every well against the others of its arm, and every arm against the others of its item."""
    covariance = np.repeat(general_covariances(slopes), len(NOISE_GRID), axis=0)
    scale = variance * np.tile(NOISE_GRID, len(covariance) // len(NOISE_GRID))
    mean = np.zeros((len(covariance), sound.values.shape[1]))
    fit = normal_log_likelihood(sound.values, sound.noise, mean=mean, covariance=covariance, scale=scale)
    best = fit.argmax(axis=1)
    total = covariance[best]
    arms = np.arange(total.shape[1])
    total[:, arms, arms] += scale[best][:, None] * np.where(np.isfinite(sound.noise), sound.noise, 1e6)
    precision = np.linalg.inv(total)
    pull = np.einsum("nij,nj->ni", precision, np.nan_to_num(sound.values))
    own = np.einsum("nii->ni", precision)
    between = np.where(np.isfinite(sound.noise), np.abs(pull) / np.sqrt(own), 0.0)
    there = np.isfinite(wells)
    filled = np.where(there, wells, 0.0)
    count = there.sum(axis=-1)[:, :, None]
    others = np.maximum(count - 1, 1)
    apart = filled - (filled.sum(axis=-1, keepdims=True) - filled) / others
    within = np.sqrt(variance * (1 + 1 / others))
    z = np.where(there, np.where(count > 1, np.abs(apart) / within, between[:, :, None]), 0.0)
    residual = np.where(there, np.where(count > 1, apart, (pull / own)[:, :, None]), 0.0)
    sd = np.where(count > 1, within, 1 / np.sqrt(own)[:, :, None])
    return _Misfit(z, residual, np.broadcast_to(sd, z.shape), between)


def _doubted(z: FloatArray, *, limit: float) -> tuple[IntArray, IntArray]:
    """Items and wells that do not fit, sorted by item, the worst first and not too many of each."""
    item, well = np.nonzero(z > limit)
    order = np.lexsort((-z[item, well], item))
    item, well = item[order], well[order]
    rank = np.arange(len(item)) - np.searchsorted(item, item)
    keep = rank < MOST_DOUBTED
    return item[keep], well[keep]


def _pairs(item: IntArray, well: IntArray, replicates: int, *, count: IntArray) -> tuple[IntArray, IntArray]:
    """Pairs of doubted wells of one item, in different arms or in an arm with more wells (items, arms) than these."""
    items, wells = [item[:0]], [np.zeros((0, 2), dtype=np.intp)]
    for apart in range(1, MOST_DOUBTED):
        first, second = np.arange(len(item) - apart), np.arange(apart, len(item))
        if len(first) <= 0:
            break
        arm = well[first] // replicates
        apart_or_more = (arm != well[second] // replicates) | (count[item[first], arm] > 2)
        same = (item[first] == item[second]) & apart_or_more
        items.append(item[first[same]])
        wells.append(np.stack([well[first[same]], well[second[same]]], axis=1))
    return np.concatenate(items), np.concatenate(wells)


def _whole_arms(there: BoolArray, odd: BoolArray) -> tuple[IntArray, IntArray]:
    """Both wells of odd arms (items, arms) that have two: they may agree, and both be wrong."""
    item, arm = np.nonzero(odd & (there.sum(axis=-1) == 2))
    well = np.nonzero(there[item, arm])[1].reshape(-1, 2)
    return item, arm[:, None] * there.shape[-1] + well
