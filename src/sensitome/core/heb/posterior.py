"""What the model says of each context, given the classes that an item may belong to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sensitome.core.heb.classes import Kind
from sensitome.core.heb.joint import Grid, row_blocks
from sensitome.core.heb.likelihood import common_noise
from sensitome.core.heb.mixture import Likelihood
from sensitome.core.heb.readings import Readings

__all__ = ["Effects", "Pairs", "Posterior", "effects", "posterior"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Pairs of item and class below this probability do not enter means and SDs.
NEGLIGIBLE = 1e-4
#: Numbers that are worked on together.
NUMBERS_AT_ONCE = 1 << 24


class Effects(NamedTuple):
    """Posterior of interactions and general effects, over the arms of each item (items, arms).

    ``mean, sd`` of the interaction; ``beyond`` = P(interaction < −margin | the arm is in a sensitizer's pattern);
    ``general_mean, general_sd`` of the general effect in each arm. NaN for items without a reading.
    """

    mean: FloatArray
    sd: FloatArray
    beyond: FloatArray
    general_mean: FloatArray
    general_sd: FloatArray


class _Gains(NamedTuple):
    """How interaction and general effect follow from y − m: (n, arms, arms) each, and the variances left (n, arms)."""

    interaction: FloatArray
    interaction_variance: FloatArray
    general: FloatArray
    general_variance: FloatArray


class Pairs(NamedTuple):
    """Rows and classes that matter together: ``row, general, interaction`` (pairs,), ``weight`` (pairs,) > 0."""

    row: IntArray
    general: IntArray
    interaction: IntArray
    weight: FloatArray


class Posterior(NamedTuple):
    """``classes`` (items, interaction classes) and ``rows`` (rows,) probabilities within each item; ``pairs``."""

    classes: FloatArray
    rows: FloatArray
    pairs: Pairs


def posterior(likelihood: Likelihood, readings: Readings, *, general: FloatArray, prior: FloatArray) -> Posterior:
    """Probabilities of classes and readings given the data.

    Parameters
    ----------
    likelihood : of the rows
    readings : the rows
    general : (general classes,) weights
    prior : (items, interaction classes) weights
    """
    shape = likelihood.share.shape
    classes, rows, pairs = np.zeros(prior.shape), np.zeros(shape[0]), []
    number = np.cumsum(np.diff(readings.item, prepend=-1) > 0) - 1
    for block in row_blocks(readings, shape[1] * shape[2]):
        joint = likelihood.share[block] * general.astype(np.float32)[None, :, None]
        joint *= prior.astype(np.float32)[number[block], None, :]
        start = np.flatnonzero(np.diff(number[block], prepend=-1))
        total = np.add.reduceat(joint.sum(axis=(1, 2)), start)
        sizes = np.diff(np.append(start, len(joint)))
        joint /= np.repeat(np.maximum(total, np.finfo(np.float32).tiny), sizes)[:, None, None]
        classes[number[block][start]] = np.add.reduceat(joint.sum(axis=1), start, axis=0)
        rows[block] = joint.sum(axis=(1, 2))
        flat = np.flatnonzero(joint > NEGLIGIBLE)
        row, g, b = np.unravel_index(flat, joint.shape)
        pairs.append((row + block.start, g, b, joint.reshape(-1)[flat].astype(np.float64)))
    return Posterior(classes, rows, Pairs(*(np.concatenate(part) for part in zip(*pairs, strict=True))))


def effects(readings: Readings, grid: Grid, *, pairs: Pairs, margin: float) -> Effects:
    """Posterior moments, mixed over the readings and classes that matter for each item.

    Parameters
    ----------
    readings : the rows
    grid : the classes
    pairs : from `posterior`
    margin : least interaction that counts (log2, positive)

    Returns
    -------
    Effects, for the items in the order of their rows
    """
    item = (np.cumsum(np.diff(readings.item, prepend=-1) > 0) - 1)[pairs.row]
    common = common_noise(readings.noise)
    ordinary = (readings.noise == common).all(axis=1)
    sums = np.full((len(readings.start), 6, readings.values.shape[1]), np.nan)
    for part in _whole_items(item, NUMBERS_AT_ONCE // sums[0].size):
        few = _some(pairs, part)
        terms = np.zeros((len(few.row), *sums.shape[1:]))
        for special in (False, True):
            chosen = np.flatnonzero(ordinary[few.row] != special)
            own = _some(few, chosen)
            terms[chosen] = _terms(readings, grid, pairs=own, common=None if special else common, margin=margin)
        first = np.flatnonzero(np.diff(item[part], prepend=-1))
        weight = few.weight[:, None, None]
        sums[item[part][first]] = np.add.reduceat(terms * weight, first) / np.add.reduceat(weight, first)
    return _from_sums(sums)


def _some(pairs: Pairs, which: slice | IntArray) -> Pairs:
    """Keep some of the pairs."""
    return Pairs(pairs.row[which], pairs.general[which], pairs.interaction[which], pairs.weight[which])


def _whole_items(item: IntArray, most: int) -> list[slice]:
    """Split pairs, sorted by item, into pieces of about this many that hold whole items."""
    first = np.flatnonzero(np.diff(item, prepend=-1))
    cut = [0]
    for begin, end in zip(first, np.append(first[1:], len(item)), strict=True):
        if end - cut[-1] > most and begin > cut[-1]:
            cut.append(int(begin))
    return [slice(a, b) for a, b in zip(cut, [*cut[1:], len(item)], strict=True)]


def _terms(readings: Readings, grid: Grid, *, pairs: Pairs, common: FloatArray | None, margin: float) -> FloatArray:
    """(pairs, 6, arms) moments of each pair; `common` is the noise where all rows have the same."""
    classes, (row, g, b, _) = grid.classes, pairs
    if common is None:
        which = np.arange(len(row))
        of_general, of_class = g, b
        variance = grid.scale[g, None] * readings.noise[row]
    else:
        # Pairs with the same classes share their regression.
        code, which = np.unique(g * len(classes) + b, return_inverse=True)
        of_general, of_class = np.divmod(code, len(classes))
        variance = grid.scale[of_general, None] * common
    gains = _gains(classes.covariance[of_class], grid.general[of_general], beside=grid.rest, noise=variance)
    there = np.isfinite(readings.noise[row])
    residual = np.where(there, np.nan_to_num(readings.values[row]) - classes.mean[b], 0.0)
    sensitive = classes.active[b] & (classes.kind[b] == Kind.SENSITIZER)[:, None]
    return _moments(gains, which, residual=residual, own=classes.mean[b], sensitive=sensitive, margin=margin)


def _gains(interaction: FloatArray, general: FloatArray, *, beside: FloatArray, noise: FloatArray) -> _Gains:
    """Regression of both parts on the data; missing arms (infinite noise) have no say."""
    there = np.isfinite(noise)
    total = np.where(there[:, :, None] & there[:, None, :], interaction + general + beside, 0.0)
    arms = np.arange(noise.shape[1])
    total[:, arms, arms] += np.where(there, np.where(there, noise, 0.0), 1.0)
    inverse = np.linalg.inv(total)
    inverse[:, arms, arms] -= ~there
    parts = []
    for part in (interaction, general):
        gain = part @ inverse
        left = np.einsum("qii->qi", part) - np.einsum("qij,qij->qi", gain, part)
        parts += [gain, np.maximum(left, 0.0)]
    return _Gains(*parts)


def _moments(
    gains: _Gains,
    which: IntArray,
    *,
    residual: FloatArray,
    own: FloatArray,
    sensitive: BoolArray,
    margin: float,
) -> FloatArray:
    """(pairs, 6, arms): interaction, its square, P(beyond), sensitive, general effect, its square."""
    from scipy import special

    delta = own + np.einsum("qij,qj->qi", gains.interaction[which], residual)
    variance = gains.interaction_variance[which]
    sd = np.sqrt(np.where(variance > 0, variance, 1.0))
    beyond = np.where(sensitive, special.ndtr((-margin - delta) / sd), 0.0)
    whole = np.einsum("qij,qj->qi", gains.general[which], residual)
    whole_square = gains.general_variance[which] + whole**2
    return np.stack([delta, variance + delta**2, beyond, sensitive, whole, whole_square], axis=1)


def _from_sums(sums: FloatArray) -> Effects:
    """Turn mixed moments (items, 6, arms) into means and SDs."""
    mean, square, beyond, sensitive, whole, whole_square = np.moveaxis(sums, 1, 0)
    sd, whole_sd = (np.sqrt(np.maximum(s - m**2, 0.0)) for m, s in ((mean, square), (whole, whole_square)))
    return Effects(mean, sd, beyond / np.where(sensitive > 0, sensitive, 1.0), whole, whole_sd)
