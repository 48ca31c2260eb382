"""Chance of an overlap between a list and a set: hypergeometric tails in logarithms, however small.

x of the n genes of a list lie in a set of K genes; both are drawn from N. All functions take whole arrays that
broadcast against each other, and give natural logarithms.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Arithmetic", "log_mass", "log_two_sided", "log_upper_tail"]

FloatArray = npt.NDArray[np.float64]
#: Whole numbers, of either kind.
Counts = npt.NDArray[np.integer] | npt.NDArray[np.float64]

#: ``exact``, or ``exp20``: every exp(y) is replaced by (1 + y / 2²⁰)^(2²⁰), as the Enrichr server does since 2019.
Arithmetic = Literal["exact", "exp20"]

_HALF_LOG_TWO_PI = 0.9189385332046727
#: Numbers up to this have their Stirling error from a table.
_TABLE = 15
_STEPS = 2.0**20


def log_mass(x: Counts, set_size: Counts, list_size: Counts, universe: Counts) -> FloatArray:
    """Log of the probability of exactly this overlap.

    Parameters
    ----------
    x, set_size, list_size, universe : whole numbers that broadcast: overlap, K, n, N

    Returns
    -------
    Natural logarithm; −inf where the overlap cannot be

    Notes
    -----
    Loader's saddle-point form of three binomials, as R ``dhyper`` (rtol 1e-13 of the probability).

    References
    ----------
    Loader 2000, Fast and accurate computation of binomial probabilities
    """
    x, k, n, total = (
        np.asarray(part, dtype=np.float64) for part in np.broadcast_arrays(x, set_size, list_size, universe)
    )
    possible = (x >= np.maximum(0, n + k - total)) & (x <= np.minimum(n, k))
    # A list of nothing, or of everything, has one overlap only.
    safe = possible & (n > 0) & (n < total)
    a, b, c, d = (np.where(safe, part, fill) for part, fill in ((x, 1.0), (k, 2.0), (n, 2.0), (total, 4.0)))
    p, q = c / d, (d - c) / d
    answer = _log_binomial(a, b, p, q) + _log_binomial(c - a, d - b, p, q) - _log_binomial(c, d, p, q)
    return np.asarray(np.where(safe, answer, np.where(possible, 0.0, -np.inf)), dtype=np.float64)


def log_upper_tail(
    x: Counts, set_size: Counts, list_size: Counts, universe: Counts, *, arithmetic: Arithmetic = "exact"
) -> FloatArray:
    """Log of the probability of an overlap at least this large.

    Parameters
    ----------
    x, set_size, list_size, universe : whole numbers that broadcast: overlap, K, n, N
    arithmetic : ``exact`` or ``exp20``

    Returns
    -------
    Natural logarithm, at most 0; finite also where the probability itself is 0 in floating point

    Notes
    -----
    ``exact`` equals R ``phyper(x - 1, K, N - K, n, lower.tail = FALSE, log.p = TRUE)`` (tests/oracle/hypergeometric,
    rtol 1e-12). ``exp20`` makes every term smaller by about the factor exp(−y² / 2²¹), y its logarithm: p = 1e-32 is
    printed 0.26 % too small (tests/enrichment/test_enrichr.py).

    >>> log_upper_tail(np.array([3]), np.array([5]), np.array([10]), np.array([20000])).round(6)
    array([-20.829001])
    """
    parts = np.broadcast_arrays(x, set_size, list_size, universe)
    shape = parts[0].shape
    cases = np.stack([np.asarray(part, dtype=np.int64).ravel() for part in parts], axis=1)
    keys, back = _distinct(cases)
    solve = _tails if arithmetic == "exact" else _rounded_tails
    return solve(*(column.astype(np.float64) for column in keys.T))[back].reshape(shape)


def log_two_sided(x: Counts, set_size: Counts, list_size: Counts, universe: Counts) -> FloatArray:
    """Log of Fisher's two-sided p: the mass of all overlaps that are no more probable than this one.

    Parameters
    ----------
    x, set_size, list_size, universe : whole numbers that broadcast: overlap, K, n, N

    Returns
    -------
    Natural logarithm; overlaps count as equally probable within 1e-7, as in R ``fisher.test``
    """
    parts = np.broadcast_arrays(x, set_size, list_size, universe)
    cases = np.stack([np.asarray(part, dtype=np.int64).ravel() for part in parts], axis=1)
    keys, back = _distinct(cases)
    answer = np.empty(len(keys))
    for i, (own, k, n, total) in enumerate(keys):
        span = np.arange(max(0, n + k - total), min(n, k) + 1)
        mass = log_mass(span, np.array(k), np.array(n), np.array(total))
        limit = mass[own - span[0]] + np.log1p(1e-7)
        chosen = mass[mass <= limit]
        answer[i] = min(0.0, chosen.max() + np.log(np.exp(chosen - chosen.max()).sum()))
    return answer[back].reshape(parts[0].shape)


def _distinct(cases: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Distinct rows, and which of them each row is; rows of four whole numbers are packed into one to sort fast."""
    span = cases.max(axis=0, initial=0) + 1
    if float(np.prod(span.astype(np.float64))) >= 2**62:
        keys, back = np.unique(cases, axis=0, return_inverse=True)
        return keys, back.reshape(-1)
    packed = ((cases[:, 0] * span[1] + cases[:, 1]) * span[2] + cases[:, 2]) * span[3] + cases[:, 3]
    _, first, back = np.unique(packed, return_index=True, return_inverse=True)
    return cases[first], back.reshape(-1)


def _tails(x: FloatArray, k: FloatArray, n: FloatArray, total: FloatArray) -> FloatArray:
    """Upper tails: summed upwards beyond the mode, else one minus the lower tail."""
    answer = np.zeros(len(x))
    answer[x > np.minimum(k, n)] = -np.inf
    inner = (x > np.maximum(0, n + k - total)) & (x <= np.minimum(k, n))
    upward = inner & (x > np.floor((n + 1) * (k + 1) / (total + 2)))
    case = (x[upward], k[upward], n[upward], total[upward])
    answer[upward] = log_mass(*case) + np.log(_series(*case, step=1))
    downward = inner & ~upward
    case = (x[downward] - 1, k[downward], n[downward], total[downward])
    answer[downward] = np.log1p(-np.minimum(np.exp(log_mass(*case)) * _series(*case, step=-1), 1.0))
    return np.minimum(answer, 0.0)


def _series(x: FloatArray, k: FloatArray, n: FloatArray, total: FloatArray, *, step: Literal[1, -1]) -> FloatArray:
    """Sum of the masses from x on (upwards or downwards), in units of that at x."""
    result = np.ones(len(x))
    active = np.arange(len(x))
    term = np.ones(len(x))
    j = x.copy()
    while len(active):
        if step == 1:
            ratio = (k - j) * (n - j) / ((j + 1) * (total - k - n + j + 1))
        else:
            ratio = j * (total - k - n + j) / ((k - j + 1) * (n - j + 1))
        term = term * ratio
        result[active] += term
        j = j + step
        going = term > 1e-17 * result[active]
        active, term, j = active[going], term[going], j[going]
        k, n, total = k[going], n[going], total[going]
    return result


def _rounded_tails(x: FloatArray, k: FloatArray, n: FloatArray, total: FloatArray) -> FloatArray:
    """Upper tails of `exp20`: all terms from x to the largest overlap, each through the coarse exponential."""
    possible = x <= np.minimum(k, n)
    # The server leaves terms below the smallest possible overlap out, as they are none.
    start = np.maximum(x, np.maximum(0, n + k - total))
    first = log_mass(np.where(possible, start, 0), k, n, total)
    answer = np.where(possible, _coarse(first), -np.inf)
    active = np.flatnonzero(possible)
    log_term, j = first[active], start[active]
    k, n, total = k[active], n[active], total[active]
    sums, scale = np.ones(len(active)), answer[active]
    kept = np.arange(len(active))
    while len(kept):
        with np.errstate(divide="ignore"):
            log_term = log_term + np.log((k - j) * (n - j) / ((j + 1) * (total - k - n + j + 1)))
        part = np.exp(_coarse(log_term) - scale[kept])
        sums[kept] += part
        j = j + 1
        falling = (k - j) * (n - j) < (j + 1) * (total - k - n + j + 1)
        going = (j < np.minimum(k, n)) & ~(falling & (part < 1e-17 * sums[kept]))
        kept, log_term, j = kept[going], log_term[going], j[going]
        k, n, total = k[going], n[going], total[going]
    answer[active] = scale + np.log(sums)
    return np.minimum(answer, 0.0)


def _coarse(y: FloatArray) -> FloatArray:
    """Log of (1 + y / 2²⁰)^(2²⁰)."""
    with np.errstate(divide="ignore"):
        return np.asarray(_STEPS * np.log1p(np.maximum(y, -_STEPS) / _STEPS), dtype=np.float64)


def _log_binomial(x: FloatArray, n: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    """Log mass of the binomial distribution at 0 ≤ x ≤ n, for 0 < p < 1."""
    inner = (x > 0) & (x < n)
    y, m = np.where(inner, x, 1.0), np.where(inner, n, 2.0)
    core = _stirling_error(m) - _stirling_error(y) - _stirling_error(m - y)
    core -= _deviance(y, m * p) + _deviance(m - y, m * q)
    core -= _HALF_LOG_TWO_PI + 0.5 * (np.log(y) + np.log1p(-y / m))
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.where(n == 0, 0.0, np.where(x == 0, n * _log(q, p), n * _log(p, q)))
    return np.asarray(np.where(inner, core, ends), dtype=np.float64)


def _log(p: FloatArray, complement: FloatArray) -> FloatArray:
    """Log of p = 1 − complement, from the smaller of the two."""
    return np.asarray(np.where(p < 0.5, np.log(p), np.log1p(-complement)), dtype=np.float64)


def _stirling_error(n: FloatArray) -> FloatArray:
    """Log n! less Stirling's formula, n ≥ 1."""
    from scipy.special import gammaln

    small = np.arange(1, _TABLE + 1, dtype=np.float64)
    table = gammaln(small + 1) - (small + 0.5) * np.log(small) + small - _HALF_LOG_TWO_PI
    square = n * n
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) / square) / square) / square) / square) / n
    position = np.clip(n, 1, _TABLE).astype(np.intp) - 1
    return np.asarray(np.where(n <= _TABLE, table[position], series), dtype=np.float64)


def _deviance(x: FloatArray, mean: FloatArray) -> FloatArray:
    """The term x log(x / mean) + mean − x, without loss of digits where the two are close."""
    gap = x - mean
    v = gap / (x + mean)
    close = np.abs(v) < 0.1
    total = gap * v
    power = 2 * x * v
    for j in range(1, 10):
        power = power * v * v
        total = total + power / (2 * j + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        direct = x * np.log(x / mean) + mean - x
    return np.asarray(np.where(close, total, direct), dtype=np.float64)
