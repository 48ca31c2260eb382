"""Masked location and scale of plates: median, mean, sd, MAD and shorth, equal to R to the last digits.

Every statistic of a plate is ``(cube, mask) -> (plates,)``: the cube holds the readings, the mask says which wells
count. A well counts when the mask holds there and its reading is finite; NaN and infinite readings are no readings.
A plate with too few wells gives NaN, never a warning, so that all plates go through in one pass.

The ``nan_`` functions are the same statistics along one axis of any array; there only NaN is a missing value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "MAD_SCALE",
    "grouped_mad",
    "grouped_median",
    "mad",
    "mean",
    "median",
    "middle",
    "nan_mad",
    "nan_mean",
    "nan_median",
    "nan_sd",
    "sd",
    "shorth",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: Scales the median absolute deviation to the SD of a normal distribution; the constant of R ``mad``, in its four
#: decimals.
MAD_SCALE = 1.4826


def median(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """Median of the wells of each plate.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit
    mask : (plates, rows, columns); wells that count

    Returns
    -------
    (plates,), in the unit of the cube; NaN where a plate has no well that counts

    Notes
    -----
    The mean of the two middle values where their number is even, as R ``median`` (tests/oracle/plate384, rtol 1e-12).

    Examples
    --------
    >>> plate = np.array([[[1.0, 2.0], [4.0, 100.0]]])
    >>> median(plate, np.ones_like(plate, dtype=bool))
    array([3.])
    """
    return nan_median(_counting(cube, mask), axis=1)


def mean(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """Mean of the wells of each plate.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit
    mask : (plates, rows, columns); wells that count

    Returns
    -------
    (plates,), in the unit of the cube; NaN where a plate has no well that counts

    Notes
    -----
    As R ``mean`` (tests/oracle/plate384, rtol 1e-12).
    """
    return nan_mean(_counting(cube, mask), axis=1)


def sd(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """Standard deviation, with n − 1, of the wells of each plate.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit
    mask : (plates, rows, columns); wells that count

    Returns
    -------
    (plates,), in the unit of the cube; NaN where a plate has fewer than 2 wells that count; 0 where they do not vary
    """
    return nan_sd(_counting(cube, mask), axis=1)


def mad(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """Scaled median absolute deviation of the wells of each plate.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit
    mask : (plates, rows, columns); wells that count

    Returns
    -------
    (plates,), in the unit of the cube; NaN where a plate has fewer than 2 wells that count (R ``mad`` of one value is
    0); 0 where more than half of the wells have one value

    Notes
    -----
    1.4826 · median|x − median(x)|, the constant of R ``mad`` and not its longer form 1.482602… (tests/oracle/plate384,
    rtol 1e-12).
    """
    return nan_mad(_counting(cube, mask), axis=1)


def shorth(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """Mean of the shortest half of the wells of each plate: a center that a tail of hits does not move.

    Parameters
    ----------
    cube : (plates, rows, columns), any unit
    mask : (plates, rows, columns); wells that count

    Returns
    -------
    (plates,), in the unit of the cube; NaN where a plate has no well that counts

    Notes
    -----
    As ``genefilter::shorth(x, tie.action = "min")``, which cellHTS2 uses: width w = n/2 rounded half to even; the first
    of the shortest intervals [x(i), x(i+w)]; the mean of its first w points, although the interval spans w + 1
    (tests/oracle/plate384, rtol 1e-12).
    """
    ordered = np.sort(_counting(cube, mask), axis=1)
    wells = ordered.shape[1]
    count = np.isfinite(ordered).sum(axis=1)
    if wells == 0:
        return np.full(len(ordered), np.nan)
    width = np.maximum(np.rint(0.5 * count).astype(np.intp), 1)[:, None]
    place = np.arange(wells)[None, :]
    end = np.take_along_axis(ordered, np.minimum(place + width, wells - 1), axis=1)
    length = np.where(place + width < count[:, None], end - ordered, np.inf)
    first = np.argmin(length, axis=1)[:, None]
    inside = (place >= first) & (place < first + width)
    total = np.where(inside, ordered, 0.0).sum(axis=1)
    return np.where(count > 0, total / width[:, 0], np.nan)


def nan_median(values: FloatArray, *, axis: int) -> FloatArray:
    """Median along an axis; NaN values are left out, and a line without values gives NaN without a warning.

    >>> nan_median(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), axis=1)
    array([ 2., nan])
    """
    return middle(np.sort(np.moveaxis(values, axis, -1), axis=-1))


def middle(ordered: FloatArray) -> FloatArray:
    """Median along the last axis of values that are sorted already, NaN last."""
    if ordered.shape[-1] == 0:
        return np.full(ordered.shape[:-1], np.nan)
    # Sorting puts NaN last, so the values of a line are its first `count` entries, and entry 0 is NaN where there are
    # none.
    count = ordered.shape[-1] - np.isnan(ordered).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[-1] - 1), axis=-1)[..., 0]
    # Equal infinite middles would meet as inf − inf in any other form.
    return np.where(low == high, low, 0.5 * (low + high))


def nan_mean(values: FloatArray, *, axis: int) -> FloatArray:
    """Mean along an axis; NaN values are left out, and a line without values gives NaN without a warning.

    >>> nan_mean(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), axis=1)
    array([ 2., nan])
    """
    there = ~np.isnan(values)
    count = there.sum(axis=axis)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return _share(total, count)


def nan_sd(values: FloatArray, *, axis: int) -> FloatArray:
    """Standard deviation (n − 1) along an axis; NaN values are left out; NaN where fewer than 2 are left.

    >>> nan_sd(np.array([[1.0, np.nan, 3.0], [1.0, np.nan, np.nan]]), axis=1)
    array([1.41421356,        nan])
    """
    center = np.expand_dims(nan_mean(values, axis=axis), axis)
    deviation = values - center
    there = ~np.isnan(deviation)
    squares = np.where(there, deviation * deviation, 0.0).sum(axis=axis)
    return np.sqrt(_share(squares, there.sum(axis=axis) - 1))


def nan_mad(values: FloatArray, *, axis: int) -> FloatArray:
    """Scaled median absolute deviation along an axis; NaN values are left out; NaN where fewer than 2 are left.

    >>> nan_mad(np.array([[1.0, 2.0, 4.0, np.nan], [1.0, np.nan, np.nan, np.nan]]), axis=1)
    array([1.4826,    nan])
    """
    center = np.expand_dims(nan_median(values, axis=axis), axis)
    spread = MAD_SCALE * nan_median(np.abs(values - center), axis=axis)
    return np.where((~np.isnan(values)).sum(axis=axis) >= 2, spread, np.nan)


def grouped_median(values: FloatArray, group: IntArray) -> FloatArray:
    """Median of the values of each group.

    Parameters
    ----------
    values : (n,); NaN values are left out
    group : (n,), codes 0 … groups − 1

    Returns
    -------
    (groups,); NaN where a group has no value

    >>> grouped_median(np.array([1.0, 5.0, 3.0, np.nan]), np.array([0, 1, 0, 2]))
    array([ 2.,  5., nan])
    """
    groups = int(group.max()) + 1 if group.size else 0
    there = ~np.isnan(values)
    if not there.any():
        return np.full(groups, np.nan)
    order = np.lexsort((values[there], group[there]))
    ordered = values[there][order]
    count = np.bincount(group[there], minlength=groups)
    start = np.cumsum(count) - count
    last = len(ordered) - 1
    low = ordered[np.minimum(start + np.maximum(count - 1, 0) // 2, last)]
    high = ordered[np.minimum(start + count // 2, last)]
    return np.where(count > 0, 0.5 * (low + high), np.nan)


def grouped_mad(values: FloatArray, group: IntArray) -> FloatArray:
    """Scaled median absolute deviation of the values of each group, as `grouped_median`; NaN below 2 values.

    >>> grouped_mad(np.array([1.0, 2.0, 4.0, 7.0]), np.array([0, 0, 0, 1]))
    array([1.4826,    nan])
    """
    center = grouped_median(values, group)
    spread = MAD_SCALE * grouped_median(np.abs(values - center[group]), group)
    count = np.bincount(group[~np.isnan(values)], minlength=len(center))
    return np.where(count >= 2, spread, np.nan)


def _counting(cube: FloatArray, mask: BoolArray) -> FloatArray:
    """(plates, wells) readings that count; NaN elsewhere."""
    wells = int(np.prod(cube.shape[1:]))
    return np.where(mask & np.isfinite(cube), cube, np.nan).reshape(len(cube), wells)


def _share(total: FloatArray, count: npt.NDArray[np.int_]) -> FloatArray:
    """Total by count; NaN where the count is not positive."""
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
