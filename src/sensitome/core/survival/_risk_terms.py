"""The terms of a partial likelihood: one a death, with the risk set from which it was drawn.

Efron's terms take from the sums over the risk set a share of those who die at the same time; Breslow's do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sensitome.core.survival._newton import Slope
from sensitome.core.survival.times import Deaths, deaths_of, merge_times, stratum_rows

__all__ = ["TIES", "Moments", "Stratum", "Ties", "moments", "slope_of", "strata_of"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

#: How deaths at one time share the risk set.
Ties = Literal["efron", "breslow"]
TIES: tuple[Ties, ...] = get_args(Ties)


@dataclass(frozen=True)
class Stratum:
    """One stratum: its subjects, its deaths, and for each death its time (position) and Efron's share."""

    rows: IntArray
    deaths: Deaths
    of_time: IntArray
    share: FloatArray

    @property
    def is_shared(self) -> bool:
        """Whether any term takes a share away."""
        return bool(self.share.any())


@dataclass(frozen=True)
class Moments:
    """Terms of some fits: log of the risk sum, mean and second central moment of the covariates in it.

    Parameters
    ----------
    log_risk : (fits, terms)
    mean : p of (fits, terms)
    spread : (a, b) → (fits, terms), for a ≤ b
    third : (a, b, c) → (fits, terms) third central moments, for a ≤ b ≤ c; empty unless asked for
    """

    log_risk: FloatArray
    mean: list[FloatArray]
    spread: dict[tuple[int, int], FloatArray]
    third: dict[tuple[int, ...], FloatArray]


def strata_of(time: FloatArray, event: BoolArray, *, strata: IntArray | None, ties: Ties) -> list[Stratum]:
    """Every stratum with at least one death."""
    time = merge_times(time)
    found = []
    for rows in stratum_rows(strata, len(time)):
        deaths = deaths_of(time[rows], event[rows])
        if not len(deaths.dead):
            continue
        count = deaths.n_event.astype(np.intp)
        of_time = np.repeat(np.arange(len(count)), count)
        turn = np.arange(len(of_time)) - deaths.first[of_time]
        share = turn / deaths.n_event[of_time] if ties == "efron" else np.zeros(len(of_time))
        found.append(Stratum(rows[deaths.order], deaths, of_time, share))
    return found


def moments(x: list[FloatArray], eta: FloatArray, stratum: Stratum, *, third: bool = False) -> Moments:
    """Moments of the covariates over the risk set of each death.

    Parameters
    ----------
    x : p of (fits or 1, n of the stratum), in the order of `stratum.rows`
    eta : (fits, n), linear predictor
    stratum : of `strata_of`
    third : also third central moments
    """
    top = eta.max(axis=1, keepdims=True)
    weight = np.exp(eta - top)
    p = len(x)
    risk = _terms(weight, stratum)
    mean = [_terms(weight * a, stratum) / risk for a in x]
    raw = {(a, b): _terms(weight * x[a] * x[b], stratum) / risk for a, b in combinations_with_replacement(range(p), 2)}
    spread = {(a, b): raw[a, b] - mean[a] * mean[b] for a, b in raw}
    cubes: dict[tuple[int, ...], FloatArray] = {}
    for a, b, c in combinations_with_replacement(range(p), 3) if third else ():
        plain = _terms(weight * x[a] * x[b] * x[c], stratum) / risk
        pairs = mean[a] * raw[b, c] + mean[b] * raw[a, c] + mean[c] * raw[a, b]
        cubes[a, b, c] = plain - pairs + 2 * mean[a] * mean[b] * mean[c]
    return Moments(np.log(risk) + top, mean, spread, cubes)


def slope_of(x: list[FloatArray], beta: FloatArray, strata: list[Stratum], *, firth: bool = False) -> Slope:
    """Log partial likelihood of some fits with its gradient and information; with `firth` penalized by ½ log |I|.

    Parameters
    ----------
    x : p of (fits or 1, n)
    beta : (fits, p)
    strata : of `strata_of`
    firth : with Firth's penalty
    """
    fits, p = beta.shape
    height, gradient, information = np.zeros(fits), np.zeros((fits, p)), np.zeros((fits, p, p))
    cubes = np.zeros((fits, p, p, p)) if firth else None
    for stratum in strata:
        own = [a[:, stratum.rows] for a in x]
        eta = np.zeros((fits, len(stratum.rows)))
        for a, side in enumerate(own):
            eta += beta[:, a, None] * side
        found = moments(own, eta, stratum, third=firth)
        dead = stratum.deaths.dead
        height += eta[:, dead].sum(axis=1) - found.log_risk.sum(axis=1)
        for a, side in enumerate(own):
            gradient[:, a] += side[:, dead].sum(axis=1) - found.mean[a].sum(axis=1)
        for (a, b), values in found.spread.items():
            information[:, a, b] += values.sum(axis=1)
            information[:, b, a] = information[:, a, b]
        if cubes is not None:
            _add_cubes(cubes, found)
    if cubes is not None:
        height = height + 0.5 * np.linalg.slogdet(information)[1]
        gradient = gradient + 0.5 * np.einsum("fij,fijc->fc", np.linalg.pinv(information), cubes)
    return Slope(height, gradient, information)


def _terms(values: FloatArray, stratum: Stratum) -> FloatArray:
    """Sum over the risk set of each death, less Efron's share of the deaths of its time."""
    deaths = stratum.deaths
    total = np.cumsum(values, axis=1)[:, (deaths.risk_end - 1)[stratum.of_time]]
    if not stratum.is_shared:
        return total
    dying = np.add.reduceat(values[:, deaths.dead], deaths.first, axis=1)
    return np.asarray(total - stratum.share * dying[:, stratum.of_time])


def _add_cubes(cubes: FloatArray, found: Moments) -> None:
    """Add third moments to every order of their three indices."""
    for (a, b, c), values in found.third.items():
        total = values.sum(axis=1)
        for i, j, k in {(a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)}:
            cubes[:, i, j, k] += total
