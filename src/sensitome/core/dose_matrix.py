"""Combination effects of two drugs over a matrix of doses: Bliss, HSA, Loewe and ZIP.

Responses are percent inhibition (0 = control, 100 = all cells gone), of shape (doses of the first drug, doses of the
second), both with dose 0 first. Scores are observed (ZIP: fitted) minus reference: positive = more than expected.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Curves",
    "bliss_matrix",
    "curve_values",
    "fit_curves",
    "hsa_matrix",
    "loewe_matrix",
    "zip_matrix",
]

FloatArray = npt.NDArray[np.float64]

#: Slopes and half-effect doses that are tried as starts, and the bounds of both.
START_SLOPES = (0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0)
START_DOSES = 15
SLOPES = (0.1, 25.0)
BEYOND = np.log(100.0)
STEPS = 100


class Curves(NamedTuple):
    """Fitted dose-response curves, each (curves,).

    y = low + (high − low) / (1 + (half / x)^slope); ``low``, ``high`` in percent, ``half`` in the unit of the dose.
    """

    low: FloatArray
    high: FloatArray
    half: FloatArray
    slope: FloatArray


def fit_curves(dose: FloatArray, response: FloatArray, *, low: FloatArray | None = None) -> Curves:
    """Fit four-parameter log-logistic curves by least squares.

    Parameters
    ----------
    dose : (doses,), ≥ 0, at least one above 0
    response : (curves, doses), percent inhibition, without NaN
    low : (curves,), response at dose 0, when it is known; None fits it

    Returns
    -------
    Curves

    Notes
    -----
    The curve of R drc ``LL.4``. For given slope and half-effect dose the limits are linear, so these two are searched
    on a grid and all are then improved together by Levenberg-Marquardt. The half-effect dose stays within a factor of
    100 of the doses tried, the slope within 0.1 … 25. R ``nlminb`` within the same bounds gives the same curves
    (tests/oracle/dose_matrix).
    """
    with np.errstate(divide="ignore"):
        log_dose = np.log(dose)
    parameters = _grid_start(log_dose, response, low)
    parameters = _improve(log_dose, response, parameters, low is None)
    return Curves(parameters[:, 0], parameters[:, 1], np.exp(parameters[:, 2]), np.exp(parameters[:, 3]))


def curve_values(curves: Curves, dose: FloatArray) -> FloatArray:
    """Responses (curves, doses) of fitted curves."""
    with np.errstate(divide="ignore"):
        share = _share(np.log(dose), np.log(curves.half), np.log(curves.slope))
    return np.asarray(curves.low[:, None] + (curves.high - curves.low)[:, None] * share, dtype=np.float64)


def bliss_matrix(response: FloatArray) -> FloatArray:
    """Score over Bliss independence: y − (a + b − a b/100).

    Parameters
    ----------
    response : (..., first, second), percent inhibition

    Returns
    -------
    shape of response, percent; 0 where only one drug is given

    References
    ----------
    Bliss 1939, doi:10.1111/j.1744-7348.1939.tb06990.x
    """
    one, two = response[..., :, :1], response[..., :1, :]
    return _combined(response - (one + two - one * two / 100))


def hsa_matrix(response: FloatArray) -> FloatArray:
    """Score over the highest single agent: y − max(a, b); shapes as in `bliss_matrix`."""
    return _combined(response - np.maximum(response[..., :, :1], response[..., :1, :]))


def zip_matrix(dose_one: FloatArray, dose_two: FloatArray, response: FloatArray) -> FloatArray:
    """Score of zero interaction potency: how far a drug shifts the curve of the other.

    Parameters
    ----------
    dose_one, dose_two : (first,), (second,), from 0
    response : (first, second), percent inhibition

    Returns
    -------
    (first, second), percent: mean of the curves fitted along each drug, started at the response of the other alone,
    minus Bliss independence of the two curves fitted to the single drugs; 0 where only one drug is given

    References
    ----------
    Yadav et al. 2015, doi:10.1016/j.csbj.2015.09.001
    """
    one = curve_values(fit_curves(dose_one, response[:, 0][None]), dose_one)[0]
    two = curve_values(fit_curves(dose_two, response[0][None]), dose_two)[0]
    along_one = curve_values(fit_curves(dose_one, response.T.copy(), low=response[0]), dose_one).T
    along_two = curve_values(fit_curves(dose_two, response, low=response[:, 0]), dose_two)
    reference = one[:, None] + two[None, :] - one[:, None] * two[None, :] / 100
    return _combined((along_one + along_two) / 2 - reference)


def loewe_matrix(dose_one: FloatArray, dose_two: FloatArray, response: FloatArray) -> FloatArray:
    """Score over Loewe additivity: as if one drug were a dilution of the other.

    Parameters
    ----------
    dose_one, dose_two : (first,), (second,), from 0
    response : (first, second), percent inhibition

    Returns
    -------
    (first, second), percent: y − y₀ with x₁/D₁(y₀) + x₂/D₂(y₀) = 1, where Dᵢ(y) is the dose of drug i alone that
    gives y on its fitted curve; 0 where only one drug is given

    Notes
    -----
    Above the highest effect of a drug no dose of it gives y, and it counts nothing; so y₀ never exceeds the higher of
    the two maxima.

    References
    ----------
    Loewe 1953, Arzneimittelforschung 3:285
    """
    single = [fit_curves(dose_one, response[:, 0][None]), fit_curves(dose_two, response[0][None])]
    x = np.broadcast_to(dose_one[:, None], response.shape), np.broadcast_to(dose_two[None, :], response.shape)
    bottom = min(float(min(c.low[0], c.high[0])) for c in single)
    top = max(float(max(c.low[0], c.high[0])) for c in single)
    low, high = np.full(response.shape, bottom), np.full(response.shape, top)
    for _ in range(60):
        middle = (low + high) / 2
        load = sum(_part(c, amount, middle) for c, amount in zip(single, x, strict=True))
        low, high = np.where(load > 1, middle, low), np.where(load > 1, high, middle)
    return _combined(response - (low + high) / 2)


def _combined(score: FloatArray) -> FloatArray:
    """Scores with zeros where only one drug is given."""
    score = np.array(score, dtype=np.float64)
    score[..., 0, :] = 0.0
    score[..., :, 0] = 0.0
    return score


def _part(curves: Curves, amount: FloatArray, y: FloatArray) -> FloatArray:
    """The share that a dose is of the one that would give y alone: large below the curve, 0 above it."""
    low, high = float(curves.low[0]), float(curves.high[0])
    if high < low:
        low, high = high, low
    with np.errstate(divide="ignore", invalid="ignore"):
        equal = curves.half[0] * ((y - low) / (high - y)) ** (1 / curves.slope[0])
        share = np.where(y >= high, 0.0, np.where(y <= low, np.inf, amount / equal))
    return np.where(amount > 0, share, 0.0)


def _share(log_dose: FloatArray, log_half: FloatArray, log_slope: FloatArray) -> FloatArray:
    """Share of the full effect (curves, doses)."""
    from scipy import special

    return np.asarray(special.expit(np.exp(log_slope)[:, None] * (log_dose[None, :] - log_half[:, None])))


def _bounds(log_dose: FloatArray) -> tuple[float, float]:
    known = log_dose[np.isfinite(log_dose)]
    return float(known.min() - BEYOND), float(known.max() + BEYOND)


def _grid_start(log_dose: FloatArray, response: FloatArray, low: FloatArray | None) -> FloatArray:
    """(curves, 4) limits, log half and log slope of the best point of the grid."""
    first, last = _bounds(log_dose)
    halves = np.linspace(first + BEYOND - 1, last - BEYOND + 1, START_DOSES)
    half, slope = (grid.ravel() for grid in np.meshgrid(halves, np.log(START_SLOPES), indexing="ij"))
    share = _share(log_dose, half, slope)
    n = share.shape[1]
    if low is None:
        mean_share, mean = share.mean(axis=1), response.mean(axis=1)
        varied = (share**2).sum(axis=1) - n * mean_share**2
        cross = response @ share.T - n * mean[:, None] * mean_share[None, :]
        rise = cross / np.maximum(varied, 1e-12)
        floor = mean[:, None] - rise * mean_share[None, :]
    else:
        rise = ((response - low[:, None]) @ share.T) / np.maximum((share**2).sum(axis=1), 1e-12)
        floor = np.broadcast_to(low[:, None], rise.shape)
    fitted = floor[:, :, None] + rise[:, :, None] * share[None, :, :]
    best = ((response[:, None, :] - fitted) ** 2).sum(axis=2).argmin(axis=1)
    row = np.arange(len(response))
    return np.stack([floor[row, best], floor[row, best] + rise[row, best], half[best], slope[best]], axis=1)


def _improve(log_dose: FloatArray, response: FloatArray, parameters: FloatArray, free_low: bool) -> FloatArray:
    """Levenberg-Marquardt for all curves at once, within the bounds."""
    first, last = _bounds(log_dose)
    lowest = np.array([-np.inf, -np.inf, first, np.log(SLOPES[0])])
    highest = np.array([np.inf, np.inf, last, np.log(SLOPES[1])])
    free = np.array([free_low, True, True, True])
    damping = np.full(len(response), 1e-3)
    residual, jacobian = _linearized(log_dose, response, parameters)
    loss = (residual**2).sum(axis=1)
    for _ in range(STEPS):
        jacobian = jacobian * free
        normal = np.einsum("cdi,cdj->cij", jacobian, jacobian)
        scale = np.maximum(np.einsum("cii->ci", normal), 1e-12)
        damped = normal + np.einsum("c,ci,ij->cij", damping, scale, np.eye(4)) + np.diag(np.where(free, 0.0, 1.0))
        gradient = np.einsum("cdi,cd->ci", jacobian, residual)
        moved = np.clip(parameters + np.linalg.solve(damped, gradient[:, :, None])[:, :, 0] * free, lowest, highest)
        tried, slopes = _linearized(log_dose, response, moved)
        new_loss = (tried**2).sum(axis=1)
        better = new_loss <= loss
        settled = bool(np.all(~better | (loss - new_loss <= 1e-15 * loss)))
        parameters = np.where(better[:, None], moved, parameters)
        residual, jacobian = (
            np.where(better[:, None], tried, residual),
            np.where(better[:, None, None], slopes, jacobian),
        )
        loss = np.where(better, new_loss, loss)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e8)
        if settled and np.all(damping > 1e-2):
            break
    return parameters


def _linearized(log_dose: FloatArray, response: FloatArray, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Residuals (curves, doses) and the derivative of the fit by each parameter (curves, doses, 4)."""
    low, high, log_half, log_slope = parameters.T
    share = _share(log_dose, log_half, log_slope)
    rise = (high - low)[:, None]
    bend = rise * share * (1 - share)
    slope = np.exp(log_slope)[:, None]
    distance = np.where(np.isfinite(log_dose), log_dose, 0.0)[None, :] - log_half[:, None]
    jacobian = np.stack([1 - share, share, -bend * slope, bend * slope * distance], axis=2)
    return response - (low[:, None] + rise * share), jacobian
