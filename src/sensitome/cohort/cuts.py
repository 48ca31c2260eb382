"""Patients parted by the expression of a feature, by rules that can be named and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

__all__ = ["CUTS", "Cut", "Split", "split"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: ``median``: high = above the median, so that patients at the median are low (Normann et al. 2021); ``median-up``:
#: they are high; ``mean``; ``lower-quartile`` and ``upper-quartile``: high = above it; ``tertiles`` and ``quartiles``:
#: the highest against the lowest part, those between left out.
Cut = Literal["median", "median-up", "mean", "lower-quartile", "upper-quartile", "tertiles", "quartiles"]
CUTS: tuple[Cut, ...] = get_args(Cut)

_QUANTILE = {"median": 0.5, "median-up": 0.5, "lower-quartile": 0.25, "upper-quartile": 0.75}
_OUTER = {"tertiles": 1 / 3, "quartiles": 0.25}


@dataclass(frozen=True)
class Split:
    """How each feature parts the patients.

    Parameters
    ----------
    member : (features, patients), 1 = high, 0 = low, NaN = left out
    cut : (features,), value above which (from which, for ``median-up``) a patient is high
    n_tied : (features,), patients whose value is the cut
    """

    member: FloatArray
    cut: FloatArray
    n_tied: IntArray


def split(values: FloatArray, rule: Cut = "median") -> Split:
    """Part patients in two by each feature.

    Parameters
    ----------
    values : (features, patients); NaN = left out
    rule : see `Cut`

    Notes
    -----
    Quantiles are R's type 7 (NumPy's ``linear``).

    >>> split(np.array([[0.0, 0.0, 0.0, 1.0]])).member
    array([[0., 0., 0., 1.]])
    """
    gaps = np.isnan(values)
    empty = np.asarray(gaps.all(axis=1))
    safe = np.where(empty[:, None], 0.0, values)
    if rule in _OUTER:
        low = np.nanquantile(safe, _OUTER[rule], axis=1)[:, None]
        cut = np.nanquantile(safe, 1 - _OUTER[rule], axis=1)[:, None]
        member = np.where(values > cut, 1.0, np.where(values <= low, 0.0, np.nan))
    else:
        cut = (np.nanmean(safe, axis=1) if rule == "mean" else np.nanquantile(safe, _QUANTILE[rule], axis=1))[:, None]
        member = (values >= cut if rule == "median-up" else values > cut).astype(np.float64)
    return Split(np.where(gaps, np.nan, member), np.where(empty, np.nan, cut[:, 0]), (values == cut).sum(axis=1))
