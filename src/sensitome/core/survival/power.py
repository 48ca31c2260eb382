"""What a cohort can see: power at the events it has, and the events that an effect needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["detectable_hazard_ratio", "events_needed", "power"]

FloatArray = npt.NDArray[np.float64]


def power(
    events: npt.ArrayLike, hazard_ratio: npt.ArrayLike, *, share: float | None = 0.5, alpha: float = 0.05
) -> FloatArray:
    """Chance that a two-sided test sees a hazard ratio.

    Parameters
    ----------
    events : number of events
    hazard_ratio : of the groups, or per standard deviation
    share : of the subjects in one group (log-rank test); None = Cox's regression on a covariate per standard deviation
    alpha : level of the test

    Notes
    -----
    Φ(|log HR| √(d v) − z) + Φ(−|log HR| √(d v) − z), v = share (1 − share), or 1 per standard deviation.

    References
    ----------
    Schoenfeld 1983, doi:10.2307/2531021; Hsieh & Lavori 2000, doi:10.1016/S0197-2456(00)00104-5

    >>> round(float(power(66, 2.0)), 2)
    0.8
    """
    from scipy.special import ndtr, ndtri

    z = ndtri(1 - alpha / 2)
    shift = np.abs(np.log(hazard_ratio)) * np.sqrt(np.asarray(events, dtype=np.float64) * _variance(share))
    return np.asarray(ndtr(shift - z) + ndtr(-shift - z), dtype=np.float64)


def events_needed(
    hazard_ratio: npt.ArrayLike, *, share: float | None = 0.5, alpha: float = 0.05, power: float = 0.8
) -> FloatArray:
    """Events at which a hazard ratio is seen with the given power, as `power`; a real number, to be rounded up."""
    from scipy.special import ndtri

    reach = (ndtri(1 - alpha / 2) + ndtri(power)) / np.log(hazard_ratio)
    return np.asarray(reach**2 / _variance(share), dtype=np.float64)


def detectable_hazard_ratio(
    events: npt.ArrayLike, *, share: float | None = 0.5, alpha: float = 0.05, power: float = 0.8
) -> FloatArray:
    """Smallest hazard ratio above 1 that is seen with the given power, as `power`.

    >>> round(float(detectable_hazard_ratio(66)), 1)
    2.0
    """
    from scipy.special import ndtri

    reach = ndtri(1 - alpha / 2) + ndtri(power)
    return np.asarray(
        np.exp(reach / np.sqrt(np.asarray(events, dtype=np.float64) * _variance(share))), dtype=np.float64
    )


def _variance(share: float | None) -> float:
    return 1.0 if share is None else share * (1 - share)
