"""Paths of the elastic net on many halves of the data at once: which variables come first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Paths", "elastic_paths"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_TINY = 1e-12


class Paths(NamedTuple):
    """Where each path stands when its last variable comes in.

    Parameters
    ----------
    selected : (paths, variables), which are in; the last one in has a coefficient of 0 still
    coefficient : (paths, variables); 0 = not selected
    penalty : (paths,) lasso penalty there
    """

    selected: BoolArray
    coefficient: FloatArray
    penalty: FloatArray


def elastic_paths(
    x: FloatArray, y: FloatArray, *, rows: BoolArray, most: int, ridge: float, scale: FloatArray | None = None
) -> Paths:
    """Follow the path of the elastic net from its start until so many variables are in.

    Parameters
    ----------
    x : (observations, variables), centered
    y : (observations,), centered
    rows : (paths, observations), which observations each path sees
    most : variables at which a path ends, at least 1; a path ends earlier when nothing is left to explain
    ridge : quadratic penalty λ₂ > 0: minimized is ½‖y − xb‖² + λ₁‖b‖₁ + ½λ₂‖b‖²
    scale : (paths, variables), factors of the columns: small ones make a variable come later (randomized lasso)

    Returns
    -------
    Paths; coefficients belong to the unscaled columns

    Notes
    -----
    Least angle regression with the lasso's leaving rule on the elastic net; all paths take each step together, so that
    one matrix product serves them all. The conditions of the optimum (Karush, Kuhn, Tucker) hold at the end of each
    path (tests, 1e-8).

    References
    ----------
    Efron et al. 2004, doi:10.1214/009053604000000067; Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x
    """
    paths = [_Path(x, row, ridge, None if scale is None else scale[k], most=most) for k, row in enumerate(rows)]
    weight = np.ones((len(rows), x.shape[1])) if scale is None else scale
    slope = weight * (np.where(rows, y, 0.0) @ x)
    penalty = np.abs(slope).max(axis=1)
    running = np.flatnonzero(penalty > _TINY)
    for k in running.tolist():
        paths[k].enter(int(np.abs(slope[k]).argmax()), slope[k])
    # Variables that leave come back: twice as many steps are plenty, and an end is certain.
    for _ in range(2 * most):
        running = np.array([k for k in running.tolist() if paths[k].size < most and penalty[k] > _TINY], dtype=np.int64)
        if not len(running):
            break
        moves = np.stack([paths[k].move() for k in running.tolist()])
        change = weight[running] * (moves @ x)
        step, newcomer = _steps(slope[running], change, penalty[running], [paths[k].active for k in running.tolist()])
        for i, k in enumerate(running.tolist()):
            leaver, until = paths[k].first_zero()
            length = min(step[i], until, penalty[k])
            slope[k] -= length * change[i]
            penalty[k] -= length
            paths[k].advance(length, slope[k], penalty[k])
            if until < min(step[i], penalty[k] + length):
                paths[k].leave(leaver)
            elif step[i] < penalty[k] + length:
                paths[k].enter(int(newcomer[i]), slope[k])
    coefficient = np.zeros((len(rows), x.shape[1]))
    selected = np.zeros((len(rows), x.shape[1]), dtype=bool)
    for k, path in enumerate(paths):
        selected[k, path.active] = True
        coefficient[k, path.active] = path.values * weight[k, path.active]
    return Paths(selected, coefficient, penalty)


class _Path:
    """State of one path: its active variables, their coefficients and signs, with room for as many as it may have."""

    def __init__(self, x: FloatArray, rows: BoolArray, ridge: float, scale: FloatArray | None, *, most: int) -> None:
        self.x, self.rows, self.ridge, self.scale = x, np.flatnonzero(rows), ridge, scale
        self.active: list[int] = []
        self._values = np.zeros(most)
        self._signs = np.zeros(most)
        self._columns = np.zeros((len(self.rows), most), order="F")
        self._gram = np.zeros((most, most))
        self.direction: FloatArray = np.empty(0)

    @property
    def size(self) -> int:
        return len(self.active)

    @property
    def values(self) -> FloatArray:
        return self._values[: self.size]

    def enter(self, variable: int, slope: FloatArray) -> None:
        """Take a variable in, with the sign of its slope."""
        column = self.x[self.rows, variable] * (1.0 if self.scale is None else self.scale[variable])
        last = self.size
        self._columns[:, last] = column
        cross = self._columns[:, : last + 1].T @ column
        self._gram[last, : last + 1] = cross
        self._gram[: last + 1, last] = cross
        self._gram[last, last] += self.ridge
        self._values[last], self._signs[last] = 0.0, np.sign(slope[variable])
        self.active.append(variable)

    def leave(self, position: int) -> None:
        """Give up the variable at a position; those behind it move up."""
        kept = [i for i in range(self.size) if i != position]
        self.active.pop(position)
        size = len(kept)
        for vector in (self._values, self._signs):
            vector[:size] = vector[kept]
        self._columns[:, :size] = self._columns[:, kept]
        self._gram[:size, :size] = self._gram[np.ix_(kept, kept)]

    def move(self) -> FloatArray:
        """Change of the fit (observations) when all active slopes fall alike; sets the direction."""
        size = self.size
        self.direction = np.asarray(np.linalg.solve(self._gram[:size, :size], self._signs[:size]), dtype=np.float64)
        fit = np.zeros(len(self.x))
        fit[self.rows] = self._columns[:, :size] @ self.direction
        return fit

    def first_zero(self) -> tuple[int, float]:
        """Position and step at which a coefficient reaches zero; infinity when none does."""
        values = self.values
        with np.errstate(divide="ignore", invalid="ignore"):
            until = -values / self.direction
        ahead = np.where((until > _TINY) & (values != 0), until, np.inf)
        position = int(ahead.argmin())
        return position, float(ahead[position])

    def advance(self, length: float, slope: FloatArray, penalty: float) -> None:
        """Go on by a step; slopes of active variables are set to what they are by design."""
        self._values[: self.size] += length * self.direction
        slope[self.active] = penalty * self._signs[: self.size]


def _steps(
    slope: FloatArray, change: FloatArray, penalty: FloatArray, active: list[list[int]]
) -> tuple[FloatArray, IntArray]:
    """Step at which the next variable's slope reaches the penalty, and which it is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (penalty[:, None] - slope) / (1 - change)
        below = (penalty[:, None] + slope) / (1 + change)
    above[~(above > _TINY)] = np.inf
    below[~(below > _TINY)] = np.inf
    step = np.minimum(above, below)
    for i, variables in enumerate(active):
        step[i, variables] = np.inf
    first = step.argmin(axis=1)
    return step[np.arange(len(step)), first], first
