"""Plates that agree more than replicates do: measured, exported or copied twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.agreement import pearson
from sensitome.core.patterns import clipped_rows, fisher_z, unit_rows
from sensitome.core.robust import MAD_SCALE

__all__ = ["Twins", "twins"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Replicate pairs needed to say how alike replicates usually are.
FEWEST_REPLICATES = 8
#: Two plates this alike are twins, however alike replicates are.
CERTAIN = 0.9999
#: Error of a correlation in single precision.
SINGLE_PRECISION = 1e-4
#: Plates a block: keeps the block of correlations at 16 MB.
BLOCK = 2000


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
    scaled = clipped_rows(log2_values, ~np.isnan(log2_values))
    limit = _usual_limit(scaled, library, least)
    unit = unit_rows(scaled)
    found = [_equal_pairs(log2_values)]
    for start in range(0, len(unit), BLOCK):
        for other in range(start, len(unit), BLOCK):
            alike = unit[start : start + BLOCK] @ unit[other : other + BLOCK].T
            if other == start:
                np.fill_diagonal(alike, -1.0)
            if alike.max(initial=-1.0) <= limit - SINGLE_PRECISION:
                continue
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
    usual = fisher_z(fits[~np.isnan(fits)])
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
