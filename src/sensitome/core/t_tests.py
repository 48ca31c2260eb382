"""Two groups of readings compared: Student's t, Welch's t, paired t, and the test that two groups are equivalent.

Each function compares the same two groups for many items at once; rows are items, NaN is no reading.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Equivalence", "TTest", "equivalence", "paired_t", "student_t", "t_of", "two_sided", "welch_t"]

FloatArray = npt.NDArray[np.float64]

#: With more degrees of freedom Student's T is the normal, to the last digits.
MANY_DF = 1e7


class TTest(NamedTuple):
    """t tests, one per item; NaN where there are too few readings or they do not vary.

    ``effect`` = first − second, ``standard_error``, ``ci_low``, ``ci_high`` in the unit of the values; ``p_value``
    two-sided.
    """

    effect: FloatArray
    standard_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    t: FloatArray
    df: FloatArray
    p_value: FloatArray


class Equivalence(NamedTuple):
    """Two one-sided tests: ``p_value`` of the larger of the two, and the interval that they invert."""

    ci_low: FloatArray
    ci_high: FloatArray
    p_value: FloatArray


def student_t(first: FloatArray, second: FloatArray, *, level: float = 0.95) -> TTest:
    """Student's t with one variance for both groups.

    Parameters
    ----------
    first, second : (items, readings), any unit; NaN = no reading
    level : coverage of the interval

    Returns
    -------
    TTest, each (items,)

    Notes
    -----
    t = (x̄ − ȳ) / (s √(1/n + 1/m)) with n + m − 2 degrees of freedom, as R ``t.test(var.equal = TRUE)``
    (tests/oracle/t_test, rtol 1e-10).

    References
    ----------
    Student 1908, doi:10.1093/biomet/6.1.1

    Examples
    --------
    >>> test = student_t(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 3.0, 4.0]]))
    >>> round(float(test.t[0]), 4), float(test.df[0])
    (-1.2247, 4.0)
    """
    one, two = _moments(first), _moments(second)
    df = one.n + two.n - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        # A group of one reading has no variance of its own and adds nothing to the common one.
        pooled = (one.squares + two.squares) / np.where(df > 0, df, np.nan)
        error = np.sqrt(pooled * (1 / one.n + 1 / two.n))
    return t_of(one.mean - two.mean, error, df, level=level)


def welch_t(first: FloatArray, second: FloatArray, *, level: float = 0.95) -> TTest:
    """Welch's t: each group has a variance of its own.

    Parameters
    ----------
    first, second : (items, readings), any unit; NaN = no reading
    level : coverage of the interval

    Returns
    -------
    TTest, each (items,); degrees of freedom by Satterthwaite

    Notes
    -----
    As R ``t.test`` (tests/oracle/t_test, rtol 1e-10).

    References
    ----------
    Welch 1947, doi:10.1093/biomet/34.1-2.28
    """
    one, two = _moments(first), _moments(second)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = np.where(one.n > 1, one.squares / (one.n - 1) / one.n, np.nan)
        b = np.where(two.n > 1, two.squares / (two.n - 1) / two.n, np.nan)
        df = (a + b) ** 2 / (a**2 / (one.n - 1) + b**2 / (two.n - 1))
    return t_of(one.mean - two.mean, np.sqrt(a + b), df, level=level)


def paired_t(first: FloatArray, second: FloatArray, *, level: float = 0.95) -> TTest:
    """Paired t: reading by reading, so that what a pair shares drops out.

    Parameters
    ----------
    first, second : (items, pairs), any unit; a pair counts where both are readings
    level : coverage of the interval

    Returns
    -------
    TTest, each (items,)

    Notes
    -----
    As R ``t.test(paired = TRUE)`` (tests/oracle/blocked, rtol 1e-10).
    """
    moments = _moments(first - second)
    df = moments.n - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.where(df > 0, moments.squares / df, np.nan) / moments.n)
    return t_of(moments.mean, error, df, level=level)


def t_of(effect: FloatArray, standard_error: FloatArray, df: FloatArray, *, level: float = 0.95) -> TTest:
    """Turn estimates with standard errors into t tests.

    Parameters
    ----------
    effect, standard_error : any shape, same unit
    df : broadcastable; inf = normal
    level : coverage of the interval

    Returns
    -------
    TTest, each of the shape of `effect`; t, p and interval are NaN where the standard error is zero or NaN
    """
    from scipy import special

    effect = np.asarray(effect, dtype=np.float64)
    df = np.broadcast_to(np.asarray(df, dtype=np.float64), effect.shape)
    usable = (standard_error > 0) & (df > 0)
    error = np.where(usable, standard_error, np.nan)
    t = effect / error
    reach = special.stdtrit(np.where(usable, np.minimum(df, MANY_DF), np.nan), 0.5 + level / 2) * error
    return TTest(effect, error, effect - reach, effect + reach, t, np.where(usable, df, np.nan), two_sided(t, df))


def two_sided(t: FloatArray, df: FloatArray) -> FloatArray:
    """P(|T| ≥ |t|) for Student's T, exact in the far tail; NaN where t is NaN or there is no degree of freedom."""
    from scipy import special

    df = np.broadcast_to(np.asarray(df, dtype=np.float64), np.shape(t))
    t = np.asarray(t, dtype=np.float64)
    squares = t**2
    finite = np.minimum(df, MANY_DF)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(np.isinf(squares), 0.0, finite / (finite + squares))
        p = np.where(df > MANY_DF, 2 * special.ndtr(-np.abs(t)), special.betainc(finite / 2, 0.5, share))
    return np.where(np.isnan(squares) | ~(df > 0), np.nan, p)


def equivalence(
    effect: FloatArray, standard_error: FloatArray, df: FloatArray, *, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Test that an effect lies within ±margin: absence of an effect shown, not assumed.

    Parameters
    ----------
    effect, standard_error : (items,), same unit
    df : (items,), degrees of freedom of the standard error
    margin : the largest effect that still counts as none, > 0, unit of the effect
    alpha : level of each of the two tests

    Returns
    -------
    Equivalence, each (items,): small p = within the margin; the interval has coverage 1 − 2 alpha and lies within the
    margin exactly when p < alpha

    Notes
    -----
    p = max(P(T > (effect + margin)/se), P(T < (effect − margin)/se)).

    References
    ----------
    Schuirmann 1987, doi:10.1007/BF01068419
    """
    from scipy import special

    test = t_of(effect, standard_error, df, level=1 - 2 * alpha)
    above = special.stdtr(test.df, -(effect + margin) / test.standard_error)
    below = special.stdtr(test.df, (effect - margin) / test.standard_error)
    return Equivalence(test.ci_low, test.ci_high, np.maximum(above, below))


class _Moments(NamedTuple):
    """Count, mean and sum of squares about the mean."""

    n: FloatArray
    mean: FloatArray
    squares: FloatArray


def _moments(values: FloatArray) -> _Moments:
    """Moments along the last axis, NaN left out."""
    there = np.isfinite(values)
    n = there.sum(axis=-1).astype(np.float64)
    known = np.where(there, values, 0.0)
    with np.errstate(invalid="ignore"):
        mean = known.sum(axis=-1) / np.where(n > 0, n, np.nan)
    centered = np.where(there, values - mean[..., None], 0.0)
    squares = np.einsum("...i,...i->...", centered, centered)
    # Readings that are all equal leave a sum of squares of rounding errors.
    scale = np.abs(known).max(axis=-1, initial=0.0)
    return _Moments(n, mean, np.where(squares <= n * (4e-16 * scale) ** 2, 0.0, squares))
