"""Plates that may not be what the plate list says: turned, mirrored or swapped.

Two looks at each plate. Controls: do positives and negatives part where the layout has them, or where a turned layout
would have them? Pattern: do the readings follow the reagents of the plate's own library plate, or those of another one,
or its own turned? (Plates that were measured twice: `sensitome.core.twins`.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.agreement import pearson
from sensitome.core.grouped import sum_by_group
from sensitome.core.patterns import clipped_rows, fisher_z, unit_rows
from sensitome.core.robust import mad, median, nan_median

__all__ = ["LAYOUTS", "TURNS", "LayoutFit", "PatternFit", "fit_of_layout", "fit_of_pattern", "turned"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: How a plate can be turned or read, beside as laid out.
TURNS = ("turned by 180°", "mirrored left to right", "mirrored top to bottom")

#: What may have happened to controls that do not part as laid out.
LAYOUTS = (*TURNS, "positives and negatives are exchanged")

#: A pattern is compared where at least so many wells have a reading on both sides.
FEWEST_COMMON = 20
#: Plates a block, so that the work stays small.
BLOCK = 500


def turned(cube: npt.NDArray[np.generic], turn: int) -> npt.NDArray[np.generic]:
    """Turn every plate of a (plates, rows, columns) cube in one of the ways of `TURNS`; a view."""
    return (cube[:, ::-1, ::-1], cube[:, :, ::-1], cube[:, ::-1, :])[turn]


@dataclass(frozen=True)
class LayoutFit:
    """How well the controls of each plate part as laid out, and as turned; every field is (plates,).

    Parameters
    ----------
    as_laid_out : median of negatives − median of positives, in scaled MADs of the samples, in the screen's direction
    best_other : the largest of the same under the other `LAYOUTS`
    layout : which of `LAYOUTS` that is; −1 without both controls
    margin : (as_laid_out − best_other) in standard errors of medians of so few wells
    """

    as_laid_out: FloatArray
    best_other: FloatArray
    layout: IntArray
    margin: FloatArray


def fit_of_layout(log2_values: FloatArray, *, positive: BoolArray, negative: BoolArray, sample: BoolArray) -> LayoutFit:
    """Hold the controls against where the layout says they are.

    Parameters
    ----------
    log2_values : (plates, rows, columns), log2 units; NaN = no reading
    positive, negative, sample : (plates, rows, columns); roles as laid out

    Returns
    -------
    The fit; NaN for plates without both controls. A turn that leaves the layout as it is cannot be told: left out.

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
    fits = np.full((len(LAYOUTS), len(log2_values)), -np.inf)
    fits[-1] = np.where(np.isnan(laid), -np.inf, -laid)
    for turn in range(len(TURNS)):
        read = np.asarray(turned(log2_values, turn), dtype=np.float64)
        moves = (positive != turned(positive, turn)) | (negative != turned(negative, turn))
        fit = direction * _separation(read, positive, negative) / scale
        fits[turn] = np.where(moves.any(axis=(1, 2)) & ~np.isnan(fit), fit, -np.inf)
    layout, best = fits.argmax(axis=0), fits.max(axis=0)
    there = ~np.isnan(log2_values)
    n_pos, n_neg = (positive & there).sum(axis=(1, 2)), (negative & there).sum(axis=(1, 2))
    known = np.isfinite(best) & ~np.isnan(laid)
    error = 1.2533 * np.sqrt(2 * (1 / np.maximum(n_pos, 1) + 1 / np.maximum(n_neg, 1)))
    margin = np.where(known, (laid - np.where(known, best, 0.0)) / error, np.nan)
    return LayoutFit(laid, np.where(known, best, np.nan), np.where(known, layout, -1), margin)


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

    size = np.bincount(library, minlength=int(library.max(initial=-1)) + 1)
    pattern = _patterns(values, mask, library)
    total = sum_by_group(np.where(np.isnan(pattern), 0.0, pattern), library, groups=len(size))
    other = _closest_other(pattern, total, library)
    fits, common = np.empty((2 + len(TURNS), len(values))), np.empty((2 + len(TURNS), len(values)))
    for at in range(0, len(values), BLOCK):
        part = slice(at, at + BLOCK)
        own_total = np.where((size[library[part]] > 1)[:, None], total[library[part]], np.nan)
        other_total = np.where((other[part] >= 0)[:, None], total[np.maximum(other[part], 0)], np.nan)
        cube = pattern[part].reshape(values[part].shape)
        fits[:, part], common[:, part] = _fits_of_block(cube, mask[part], totals=(own_total, other_total))
    own, rest = fits[0], np.where(np.isnan(fits[1:]) | (common[1:] < FEWEST_COMMON), -np.inf, fits[1:])
    choice, best = rest.argmax(axis=0), rest.max(axis=0)
    known = np.isfinite(best) & ~np.isnan(own)
    n = common[1:][choice, np.arange(len(values))]
    z_best, z_own = fisher_z(np.where(known, best, 0.0)), fisher_z(np.where(known, own, 0.0))
    evidence = np.minimum((z_best - z_own) / np.sqrt(2), z_best) * np.sqrt(np.maximum(n - 3, 0))
    p_value = np.minimum(1.0, (len(size) - 1 + len(TURNS)) * ndtr(-evidence))
    return PatternFit(
        own=own,
        best_other=np.where(known, best, np.nan),
        other=np.where(known, np.where(choice == 0, other, library), -1),
        turn=np.where(known, choice - 1, -1),
        p_value=np.where(known, p_value, np.nan),
    )


def _fits_of_block(
    cube: FloatArray, mask: BoolArray, *, totals: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Correlations, and how many wells they rest on, each (own, closest other, turns…; plates).

    The totals are the sums (plates, wells) of the patterns of the own library plate, this plate included, and of the
    closest other one; a correlation does not mind that they are not means.
    """
    pattern = cube.reshape(len(cube), -1)
    own = totals[0] - np.where(np.isnan(pattern), 0.0, pattern)
    own[~mask.reshape(own.shape)] = np.nan
    turns = [np.asarray(turned(cube, turn), dtype=np.float64).reshape(own.shape) for turn in range(len(TURNS))]
    pairs = [(pattern, own), (pattern, totals[1]), *((read, own) for read in turns)]
    common = [np.sum(~np.isnan(a) & ~np.isnan(b), axis=1) for a, b in pairs]
    return np.stack([pearson(*pair) for pair in pairs]), np.stack(common).astype(np.float64)


def _patterns(values: FloatArray, mask: BoolArray, library: IntArray) -> FloatArray:
    """Clipped, scaled readings (plates, wells) without what all library plates share at a position."""
    scaled = clipped_rows(values, mask)
    libraries = int(library.max(initial=-1)) + 1
    if libraries < 3:
        return scaled
    present = ~np.isnan(scaled)
    total = sum_by_group(np.where(present, scaled, 0.0), library, groups=libraries)
    n = sum_by_group(present.astype(np.float64), library, groups=libraries)
    of_library = np.where(n > 0, total / np.maximum(n, 1), 0.0)
    shared = of_library.sum(axis=0) / np.maximum((n > 0).sum(axis=0), 1)
    return np.asarray(scaled - shared)


def _closest_other(pattern: FloatArray, consensus: FloatArray, library: IntArray) -> IntArray:
    """Number of the other library plate whose mean each plate follows best; −1 where there is none."""
    if len(consensus) < 2:
        return np.full(len(pattern), -1, dtype=np.intp)
    means = unit_rows(consensus)
    closest = np.empty(len(pattern), dtype=np.intp)
    for start in range(0, len(pattern), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(pattern)))
        fit = unit_rows(pattern[rows]) @ means.T
        fit[np.arange(len(rows)), library[rows]] = -np.inf
        closest[rows] = fit.argmax(axis=1)
    return closest
