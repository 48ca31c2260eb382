"""Plates that may not be what the plate list says: turned, swapped, or measured twice.

Three looks at each plate. Controls: do positives and negatives part where the layout has them, or where a turned layout
would have them? Pattern: do the readings follow the reagents of the plate's own library plate, or those of another one,
or its own turned? Twins: do two plates agree more than replicates do?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.agreement import pearson
from sensitome.core.grouped import sum_by_group
from sensitome.core.robust import MAD_SCALE, mad, median, nan_median

__all__ = ["TURNS", "LayoutFit", "PatternFit", "Twins", "fit_of_layout", "fit_of_pattern", "turned", "twins"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: How a plate can be turned or read, beside as laid out.
TURNS = ("turned by 180°", "mirrored left to right", "mirrored top to bottom")

#: Readings further from the plate's median than this, in scaled MADs, count as this far: one killer makes no pattern.
CLIP = 5.0
#: A pattern is compared where at least so many wells have a reading on both sides.
FEWEST_COMMON = 20
#: Replicate pairs needed to say how alike replicates usually are.
FEWEST_REPLICATES = 8
#: Two plates this alike are twins, however alike replicates are.
CERTAIN = 0.9999
#: Error of a correlation in single precision.
SINGLE_PRECISION = 1e-4
#: Plates a block when all are held against all: keeps the block of correlations below 64 MB.
BLOCK = 2000


def turned(cube: npt.NDArray[np.generic], turn: int) -> npt.NDArray[np.generic]:
    """Turn every plate of a (plates, rows, columns) cube in one of the ways of `TURNS`; a view."""
    return (cube[:, ::-1, ::-1], cube[:, :, ::-1], cube[:, ::-1, :])[turn]


@dataclass(frozen=True)
class LayoutFit:
    """How well the controls of each plate part as laid out, and as turned; every field is (plates,).

    Parameters
    ----------
    as_laid_out : median of negatives − median of positives, in scaled MADs of the samples, in the screen's direction
    best_turned : the largest of the same under the layouts of `TURNS`
    turn : which of `TURNS` that is; −1 where none can be told from the layout
    margin : (as_laid_out − best_turned) in standard errors of medians of so few wells; NaN where no turn can be told
    """

    as_laid_out: FloatArray
    best_turned: FloatArray
    turn: IntArray
    margin: FloatArray


def fit_of_layout(log2_values: FloatArray, *, positive: BoolArray, negative: BoolArray, sample: BoolArray) -> LayoutFit:
    """Hold the controls against where the layout says they are.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    positive, negative, sample : (plates, rows, columns); roles as laid out

    Returns
    -------
    The fit; NaN for plates without both controls, or whose layout a turn leaves as it is

    Notes
    -----
    d = (median(neg) − median(pos)) / (1.4826 MAD of samples), with the sign of its median over plates, so that
    activating positives are served as well. Standard error of a difference of two such d:
    1.2533 √(2 (1/n_pos + 1/n_neg)), the efficiency of the median for normal readings.
    """
    scale = mad(log2_values, sample)
    scale = np.where(scale > 0, scale, np.nan)
    laid = _separation(log2_values, positive, negative) / scale
    direction = -1.0 if np.nan_to_num(nan_median(laid, axis=0)) < 0 else 1.0
    laid = laid * direction
    fits = np.full((len(TURNS), len(log2_values)), -np.inf)
    for turn in range(len(TURNS)):
        read = np.asarray(turned(log2_values, turn), dtype=np.float64)
        moves = (positive != turned(positive, turn)) | (negative != turned(negative, turn))
        fit = direction * _separation(read, positive, negative) / scale
        fits[turn] = np.where(moves.any(axis=(1, 2)) & ~np.isnan(fit), fit, -np.inf)
    turn_index = fits.argmax(axis=0)
    best = fits.max(axis=0)
    there = ~np.isnan(log2_values)
    n_pos, n_neg = (positive & there).sum(axis=(1, 2)), (negative & there).sum(axis=(1, 2))
    known = np.isfinite(best) & ~np.isnan(laid)
    error = 1.2533 * np.sqrt(2 * (1 / np.maximum(n_pos, 1) + 1 / np.maximum(n_neg, 1)))
    margin = np.where(known, (laid - np.where(known, best, 0.0)) / error, np.nan)
    return LayoutFit(laid, np.where(known, best, np.nan), np.where(known, turn_index, -1), margin)


def _separation(values: FloatArray, positive: BoolArray, negative: BoolArray) -> FloatArray:
    """Median of the negatives minus median of the positives; only the few places that hold any are sorted."""
    centers = []
    for mask in (negative, positive):
        used = mask.any(axis=0)
        centers.append(median(values[:, None, used], mask[:, None, used]))
    return np.asarray(centers[0] - centers[1])


@dataclass(frozen=True)
class PatternFit:
    """Which library plate each plate looks like; every field is (plates,).

    Parameters
    ----------
    own : correlation with the mean of the other plates of its own library plate
    best_other : the largest correlation with another library plate, or with its own when turned
    other : number of that library plate; its own number when the best is a turn; −1 where there is nothing to compare
    turn : which of `TURNS`; −1 as laid out
    p_value : chance that something else fits so much better by luck; NaN where there is nothing to compare
    """

    own: FloatArray
    best_other: FloatArray
    other: IntArray
    turn: IntArray
    p_value: FloatArray


def fit_of_pattern(values: FloatArray, mask: BoolArray, *, library: IntArray) -> PatternFit:
    """Hold each plate's pattern of readings against its own library plate, the other ones, and its own turned.

    Parameters
    ----------
    values : (plates, rows, columns), log2 units, best after spatial normalization; NaN = no reading
    mask : (plates, rows, columns); the wells that count (samples)
    library : (plates,), number of the library plate of each, from 0 without gaps

    Returns
    -------
    The fit; NaN for the only plate of its library plate

    Notes
    -----
    Patterns are clipped at 5 scaled MADs. From three library plates on, what all of them share at a position is taken
    away first: that is position, not reagent. The own consensus leaves the plate itself out. With k alternatives,
    p = min(1, k max(Φ(−z₁), Φ(−z₂))), z₁ = (atanh r_other − atanh r_own) √((n − 3)/2) and
    z₂ = atanh r_other √(n − 3): the other fits better than its own, and it fits at all.
    """
    from scipy.special import ndtr

    plates = len(values)
    size = np.bincount(library, minlength=int(library.max(initial=-1)) + 1)
    pattern = _patterns(values, mask, library)
    filled = np.where(np.isnan(pattern), 0.0, pattern)
    total = sum_by_group(filled, library, groups=len(size))
    consensus = total / np.maximum(size, 1)[:, None]
    own_mean = (total[library] - filled) / np.maximum(size[library] - 1, 1)[:, None]
    own_mean[~mask.reshape(plates, -1) | (size[library] < 2)[:, None]] = np.nan
    other = _closest_other(pattern, consensus, library)
    other_mean = np.where((other >= 0)[:, None], consensus[np.maximum(other, 0)], np.nan)
    own = pearson(pattern, own_mean)
    cube = pattern.reshape(values.shape)
    turns = [np.asarray(turned(cube, turn), dtype=np.float64).reshape(plates, -1) for turn in range(len(TURNS))]
    pairs = [(pattern, other_mean), *((read, own_mean) for read in turns)]
    fits = np.stack([pearson(*pair) for pair in pairs])
    common = np.stack([np.sum(~np.isnan(a) & ~np.isnan(b), axis=1) for a, b in pairs])
    fits = np.where(np.isnan(fits) | (common < FEWEST_COMMON), -np.inf, fits)
    choice = fits.argmax(axis=0)
    best, n = fits.max(axis=0), common[choice, np.arange(plates)]
    known = np.isfinite(best) & ~np.isnan(own)
    z_best, z_own = _fisher(np.where(known, best, 0.0)), _fisher(np.where(known, own, 0.0))
    evidence = np.minimum((z_best - z_own) / np.sqrt(2), z_best) * np.sqrt(np.maximum(n - 3, 0))
    p_value = np.minimum(1.0, (len(size) - 1 + len(TURNS)) * ndtr(-evidence))
    return PatternFit(
        own=own,
        best_other=np.where(known, best, np.nan),
        other=np.where(known, np.where(choice == 0, other, library), -1),
        turn=np.where(known, choice - 1, -1),
        p_value=np.where(known, p_value, np.nan),
    )


def _patterns(values: FloatArray, mask: BoolArray, library: IntArray) -> FloatArray:
    """Clipped, scaled readings (plates, wells) without what all library plates share at a position."""
    scaled = _scaled(values, mask)
    libraries = int(library.max(initial=-1)) + 1
    if libraries < 3:
        return scaled
    present = ~np.isnan(scaled)
    total = sum_by_group(np.where(present, scaled, 0.0), library, groups=libraries)
    n = sum_by_group(present.astype(np.float64), library, groups=libraries)
    of_library = np.where(n > 0, total / np.maximum(n, 1), 0.0)
    shared = of_library.sum(axis=0) / np.maximum((n > 0).sum(axis=0), 1)
    return np.asarray(scaled - shared)


def _scaled(values: FloatArray, mask: BoolArray) -> FloatArray:
    """Readings of each plate in scaled MADs from its median, clipped; NaN outside the mask or without variation."""
    center, scale = median(values, mask)[:, None, None], mad(values, mask)[:, None, None]
    scaled = np.clip((values - center) / np.where(scale > 0, scale, np.nan), -CLIP, CLIP)
    return np.asarray(np.where(mask, scaled, np.nan)).reshape(len(values), -1)


def _closest_other(pattern: FloatArray, consensus: FloatArray, library: IntArray) -> IntArray:
    """Number of the other library plate whose mean each plate follows best; −1 where there is none."""
    if len(consensus) < 2:
        return np.full(len(pattern), -1, dtype=np.intp)
    means = _unit(consensus)
    closest = np.empty(len(pattern), dtype=np.intp)
    for start in range(0, len(pattern), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(pattern)))
        fit = _unit(pattern[rows]) @ means.T
        fit[np.arange(len(rows)), library[rows]] = -np.inf
        closest[rows] = fit.argmax(axis=1)
    return closest


def _unit(rows: FloatArray) -> npt.NDArray[np.float32]:
    """Rows without their mean, of length 1, gaps as 0: their product is (nearly) the correlation."""
    present = ~np.isnan(rows)
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    filled = np.where(present, rows, 0.0)
    filled = np.where(present, filled - filled.sum(axis=1, keepdims=True) / n, 0.0)
    length = np.sqrt((filled**2).sum(axis=1, keepdims=True))
    return (filled / np.where(length > 0, length, 1.0)).astype(np.float32)


def _fisher(correlation: FloatArray) -> FloatArray:
    """Fisher's z; 1 − 1e-12 stands for perfect agreement."""
    return np.asarray(np.arctanh(np.clip(correlation, -1 + 1e-12, 1 - 1e-12)))


@dataclass(frozen=True)
class Twins:
    """Pairs of plates that are too alike.

    Parameters
    ----------
    first, second : (pairs,), numbers of the plates, first < second
    correlation : (pairs,), of log2 readings, clipped at 5 scaled MADs
    is_exact : (pairs,), all readings are equal
    limit : correlation above which two plates are too alike
    """

    first: IntArray
    second: IntArray
    correlation: FloatArray
    is_exact: BoolArray
    limit: float


def twins(log2_values: FloatArray, *, library: IntArray, least: float = 0.99) -> Twins:
    """Find plates that are equal, or more alike than replicates are.

    Parameters
    ----------
    log2_values : (plates, rows, columns), before normalization, all wells that were read; NaN = no reading
    library : (plates,), number of the library plate of each, from 0 without gaps: plates of one library plate are the
        replicates that show what is usual
    least : no correlation up to this is too much

    Returns
    -------
    The pairs, in order; plates whose readings do not vary are left out

    Notes
    -----
    Limit on Fisher's z: the larger of atanh(least) and median + 5 scaled MADs of the correlations of plates that follow
    each other within a library plate (used from eight such pairs on), at most atanh(0.9999). All pairs are held against
    each other in blocks of 2,000 plates, single precision; those found are recomputed in double precision.
    """
    scaled = _scaled(log2_values, ~np.isnan(log2_values))
    limit = _usual_limit(scaled, library, least)
    unit = _unit(scaled)
    found = [_equal_pairs(log2_values)]
    for start in range(0, len(unit), BLOCK):
        for other in range(start, len(unit), BLOCK):
            alike = unit[start : start + BLOCK] @ unit[other : other + BLOCK].T
            pairs = np.argwhere(alike > limit - SINGLE_PRECISION) + np.array([start, other])
            found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    first, second = np.unique(np.concatenate(found), axis=0).T
    correlation = pearson(scaled[first], scaled[second])
    flat = log2_values.reshape(len(log2_values), -1)
    is_exact = np.all((flat[first] == flat[second]) | (np.isnan(flat[first]) & np.isnan(flat[second])), axis=1)
    keep = (np.nan_to_num(correlation) > limit) | is_exact
    return Twins(first[keep], second[keep], correlation[keep], is_exact[keep], limit)


def _usual_limit(scaled: FloatArray, library: IntArray, least: float) -> float:
    """Correlation that plates of one library plate do not reach, judged by those that follow each other."""
    by_library = np.argsort(library, kind="stable")
    follows = library[by_library][1:] == library[by_library][:-1]
    fits = pearson(scaled[by_library[:-1][follows]], scaled[by_library[1:][follows]])
    usual = _fisher(fits[~np.isnan(fits)])
    if len(usual) < FEWEST_REPLICATES:
        return least
    center = float(np.median(usual))
    reach = center + 5 * MAD_SCALE * float(np.median(np.abs(usual - center)))
    return float(np.clip(np.tanh(reach), least, CERTAIN))


def _equal_pairs(log2_values: FloatArray) -> IntArray:
    """Pairs (pairs, 2) of plates whose readings are all equal and do vary: each with the first of its kind."""
    seen: dict[bytes, int] = {}
    pairs = []
    lowest, highest = (
        np.nanmin(log2_values, axis=(1, 2), initial=np.inf),
        np.nanmax(log2_values, axis=(1, 2), initial=-np.inf),
    )
    for plate in np.flatnonzero(highest > lowest):
        first = seen.setdefault(log2_values[plate].tobytes(), int(plate))
        if first != plate:
            pairs.append((first, int(plate)))
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
