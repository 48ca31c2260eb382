"""Sums over plates of one group, fast for many plates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["sum_by_group"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def sum_by_group(values: FloatArray, group: IntArray, *, groups: int) -> FloatArray:
    """Sum of the entries of each group along the first axis.

    Parameters
    ----------
    values : (n, ...), without NaN
    group : (n,), numbers of the groups, from 0
    groups : how many groups there are; one without entries sums to 0

    Returns
    -------
    (groups, ...)

    >>> sum_by_group(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1]), groups=3)
    array([[2.],
           [5.],
           [0.]])
    """
    total = np.zeros((groups, *values.shape[1:]))
    if len(values) == 0:
        return total
    by_group = np.argsort(group, kind="stable")
    present, start = np.unique(group[by_group], return_index=True)
    arranged = values if np.array_equal(by_group, np.arange(len(group))) else values[by_group]
    total[present] = np.add.reduceat(arranged, start, axis=0)
    return total
