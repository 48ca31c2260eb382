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
#: An interval has this probability on either side.
TAIL = 0.025
#: Steps of halving to its ends: to a millionth of the range.
HALVINGS = 24
#: Numbers that are worked on together.
NUMBERS_AT_ONCE = 1 << 24


class Effects(NamedTuple):
    """Posterior of interactions and general effects, over the arms of each item (items, arms).

    ``mean, sd`` of the interaction, small ones of the background included, and ``low, high`` the ends of its 95 %
    interval; ``beyond`` = P(interaction < −margin | the arm is in a sensitizer's pattern); ``general_mean, general_sd``
    of the general effect in each arm.
    """

    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray
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
    sums = np.full((len(readings.start), 8, readings.values.shape[1]), np.nan)
    width = max(sums.shape[1:]) * sums.shape[2]
    for part in _whole_items(item, NUMBERS_AT_ONCE // width):
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
    """(pairs, 8, arms) moments of each pair; `common` is the noise where all rows have the same."""
    classes, (row, g, b, _) = grid.classes, pairs
    group = grid.group[readings.item[row]]
    if common is None:
        which = np.arange(len(row))
        of_group, of_general, of_class = group, g, b
        variance = grid.scale[g, None] * readings.noise[row]
    else:
        # Pairs with the same classes share their regression.
        shape = (len(grid.rest), len(grid.scale), len(classes))
        code, which = np.unique(np.ravel_multi_index((group, g, b), shape), return_inverse=True)
        of_group, of_general, of_class = np.unravel_index(code, shape)
        variance = grid.scale[of_general, None] * common
    gains = _gains(classes.covariance[of_class] + grid.rest[of_group], grid.general[of_general], noise=variance)
    there = np.isfinite(readings.noise[row])
    residual = np.where(there, np.nan_to_num(readings.values[row]) - classes.mean[b], 0.0)
    sensitive = classes.active[b] & (classes.kind[b] == Kind.SENSITIZER)[:, None]
    return _moments(gains, which, residual=residual, own=classes.mean[b], sensitive=sensitive, margin=margin)


def _gains(interaction: FloatArray, general: FloatArray, *, noise: FloatArray) -> _Gains:
    """Regression of both parts on the data; missing arms (infinite noise) have no say."""
    there = np.isfinite(noise)
    total = np.where(there[:, :, None] & there[:, None, :], interaction + general, 0.0)
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
    """(pairs, 8, arms): interaction and its square, these where sensitive, sensitive, P(beyond), general effect."""
    from scipy import special

    delta = own + np.einsum("qij,qj->qi", gains.interaction[which], residual)
    variance = gains.interaction_variance[which]
    sd = np.sqrt(np.where(variance > 0, variance, 1.0))
    beyond = np.where(sensitive, special.ndtr((-margin - delta) / sd), 0.0)
    whole = np.einsum("qij,qj->qi", gains.general[which], residual)
    whole_square = gains.general_variance[which] + whole**2
    square = variance + delta**2
    parts = [delta, square, sensitive * delta, sensitive * square, sensitive, beyond, whole, whole_square]
    return np.stack(parts, axis=1)


def _from_sums(sums: FloatArray) -> Effects:
    """Turn mixed moments (items, 8, arms) into means, SDs and intervals."""
    mean, square, own, own_square, share, beyond, whole, whole_square = np.moveaxis(sums, 1, 0)
    sd, whole_sd = (np.sqrt(np.maximum(s - m**2, 0.0)) for m, s in ((mean, square), (whole, whole_square)))
    parts = [_part(own, own_square, share), _part(mean - own, square - own_square, 1 - share)]
    low, high = (_quantile(mean, sd, parts=parts, share=share, p=p) for p in (TAIL, 1 - TAIL))
    return Effects(mean, sd, low, high, beyond / np.where(share > 0, share, 1.0), whole, whole_sd)


def _part(first: FloatArray, second: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and SD of a part of the posterior, from its share in both moments."""
    size = np.where(share > 1e-9, share, 1.0)
    return first / size, np.sqrt(np.maximum(second / size - (first / size) ** 2, 0.0))


def _quantile(
    mean: FloatArray, sd: FloatArray, *, parts: list[tuple[FloatArray, FloatArray]], share: FloatArray, p: float
) -> FloatArray:
    """Quantile of two normal parts, in a sensitizer's pattern or not; of one normal where only one part matters."""
    from scipy import special

    answer = np.asarray(mean + special.ndtri(p) * sd, dtype=np.float64)
    two = (share > TAIL / 50) & (share < 1 - TAIL / 50) & (sd > 0)
    (a, sa), (b, sb) = ((m[two], np.maximum(s[two], 1e-9)) for m, s in parts)
    weight = share[two]
    low, high = np.minimum(a - 8 * sa, b - 8 * sb), np.maximum(a + 8 * sa, b + 8 * sb)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = weight * special.ndtr((middle - a) / sa) + (1 - weight) * special.ndtr((middle - b) / sb) < p
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    answer[two] = (low + high) / 2
    return answer
