"""Evidence over several lines: in how many of them an effect is real, at least."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["one_sided", "partial_conjunction"]

FloatArray = npt.NDArray[np.float64]


def one_sided(p_value: FloatArray, effect: FloatArray) -> FloatArray:
    """P-values against no sensitization, from two-sided ones and the sign of the effect.

    >>> one_sided(np.array([0.02, 0.02]), np.array([-1.0, 1.0]))
    array([0.01, 0.99])
    """
    return np.where(effect < 0, p_value / 2, 1 - p_value / 2)


def partial_conjunction(p_value: FloatArray) -> FloatArray:
    """P-values against "fewer than u of the tests are real", for every u.

    Parameters
    ----------
    p_value : (items, tests), one-sided; NaN = not tested

    Returns
    -------
    (items, tests); column u − 1 is the p for at least u; NaN where fewer than u were tested

    Notes
    -----
    (n − u + 1) p_(u), with p_(u) the u-th smallest of n, made to rise with u; valid whatever the dependence.

    References
    ----------
    Benjamini & Heller 2008, doi:10.1111/j.1541-0420.2007.00984.x

    Examples
    --------
    >>> partial_conjunction(np.array([[0.01, 0.04], [0.01, np.nan]]))
    array([[0.02, 0.04],
           [0.01,  nan]])
    """
    ordered = np.sort(p_value, axis=1)
    tested = np.isfinite(p_value).sum(axis=1, keepdims=True)
    place = np.arange(1, p_value.shape[1] + 1)
    with np.errstate(invalid="ignore"):
        each = np.minimum((tested - place + 1) * ordered, 1.0)
    return np.asarray(np.where(place <= tested, np.fmax.accumulate(each, axis=1), np.nan))
