"""Per-plate normalization by location, by controls, or to scores.

All kernels have one signature, ``(signal, is_sample, *, is_negative, is_positive, …) -> normalized cube``, so that a
step can call any of them; masks that a method does not use are ignored. Statistics come from some wells of a plate and
are applied to **all** its wells.

A plate without the wells that a method needs, or whose divisor is 0, comes back all NaN: kernels know no plate names,
so it is the step that raises `ControlError` with them. `METHODS` says which wells each method needs.

With ``all_wells=True`` the statistics come from every well with a reading, controls included, as HiTSeekR does it:
strong killers among the controls then shift the scores of the samples. The default is the sample wells, as in cellHTS2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sensitome.core import robust

__all__ = [
    "METHODS",
    "Centering",
    "inhibition",
    "mean",
    "median",
    "negatives",
    "npi",
    "poc",
    "poc_negative",
    "robust_z",
    "shorth",
    "z",
]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Statistic = Callable[[FloatArray, BoolArray], FloatArray]


def median(
    signal: FloatArray,
    is_sample: BoolArray,
    *,
    is_negative: BoolArray,
    is_positive: BoolArray,
    additive: bool = True,
    all_wells: bool = False,
) -> FloatArray:
    """Reading relative to the median of its plate.

    Parameters
    ----------
    signal : (plates, rows, columns), log2 units when additive, else raw units; NaN = no reading
    is_sample : (plates, rows, columns); wells that define the median
    is_negative, is_positive : (plates, rows, columns); not used
    additive : x − S when True, x / S when False
    all_wells : take S from every well with a reading, not from the samples alone

    Returns
    -------
    (plates, rows, columns); log2 units around 0, or a ratio around 1; NaN plates as the module says

    Notes
    -----
    cellHTS2 ``normalizePlates(method="median")`` (tests/oracle/plate384, rtol 1e-12; its KcViab screen, exact);
    HiTSeekR's ``rcentered`` is the ratio with `all_wells` (its MCF7 screen, 5e-14).

    References
    ----------
    Boutros, Brás & Huber 2006, doi:10.1186/gb-2006-7-7-r66
    """
    return _relative(signal, robust.median(signal, is_sample | all_wells), additive=additive)


def mean(
    signal: FloatArray,
    is_sample: BoolArray,
    *,
    is_negative: BoolArray,
    is_positive: BoolArray,
    additive: bool = True,
    all_wells: bool = False,
) -> FloatArray:
    """Reading relative to the mean of its plate; otherwise as `median`.

    Notes
    -----
    cellHTS2 ``normalizePlates(method="mean")`` (tests/oracle/plate384, rtol 1e-12); HiTSeekR's ``centered`` is the
    ratio with `all_wells` (its MCF7 screen, 5e-14).
    """
    return _relative(signal, robust.mean(signal, is_sample | all_wells), additive=additive)


def shorth(
    signal: FloatArray,
    is_sample: BoolArray,
    *,
    is_negative: BoolArray,
    is_positive: BoolArray,
    additive: bool = True,
    all_wells: bool = False,
) -> FloatArray:
    """Reading relative to the mean of the shortest half of its plate (`robust.shorth`); otherwise as `median`.

    Notes
    -----
    cellHTS2 ``normalizePlates(method="shorth")`` (tests/oracle/plate384, rtol 1e-12).
    """
    return _relative(signal, robust.shorth(signal, is_sample | all_wells), additive=additive)


def negatives(
    signal: FloatArray, is_sample: BoolArray, *, is_negative: BoolArray, is_positive: BoolArray, additive: bool = True
) -> FloatArray:
    """Reading relative to the median of the negative controls of its plate.

    Parameters
    ----------
    signal : (plates, rows, columns), log2 units when additive, else raw units; NaN = no reading
    is_sample, is_positive : (plates, rows, columns); not used
    is_negative : (plates, rows, columns); wells that define the median
    additive : x − S when True, x / S when False

    Returns
    -------
    (plates, rows, columns); log2 units or a ratio to the negative controls; NaN plates as the module says

    Notes
    -----
    cellHTS2 ``normalizePlates(method="negatives")``, which takes the median although its percent of control takes the
    mean (tests/oracle/plate384, rtol 1e-12).
    """
    return _relative(signal, robust.median(signal, is_negative), additive=additive)


def poc(signal: FloatArray, is_sample: BoolArray, *, is_negative: BoolArray, is_positive: BoolArray) -> FloatArray:
    """Percent of the positive controls: 100 x / mean(positives), as cellHTS2 ``method="POC"``.

    Parameters
    ----------
    signal : (plates, rows, columns), raw units; NaN = no reading
    is_sample, is_negative : (plates, rows, columns); not used
    is_positive : (plates, rows, columns); wells that define the mean

    Returns
    -------
    (plates, rows, columns), percent; NaN plates as the module says

    Notes
    -----
    In an inhibitor screen the positives are the dead wells, and the number is then large for living cells;
    `poc_negative` is usually what is meant there. (tests/oracle/plate384, rtol 1e-12)
    """
    return 100.0 * _relative(signal, robust.mean(signal, is_positive), additive=False)


def poc_negative(
    signal: FloatArray, is_sample: BoolArray, *, is_negative: BoolArray, is_positive: BoolArray
) -> FloatArray:
    """Share of the negative controls: x / mean(negatives), as HiTSeekR's ``poc`` (a ratio, not percent).

    Parameters
    ----------
    signal : (plates, rows, columns), raw units; NaN = no reading
    is_sample, is_positive : (plates, rows, columns); not used
    is_negative : (plates, rows, columns); wells that define the mean

    Returns
    -------
    (plates, rows, columns), ratio around 1 for wells without effect; NaN plates as the module says

    Notes
    -----
    HiTSeekR's MCF7 screen, 5e-14 (where a plate has negative controls of its own).
    """
    return _relative(signal, robust.mean(signal, is_negative), additive=False)


def npi(signal: FloatArray, is_sample: BoolArray, *, is_negative: BoolArray, is_positive: BoolArray) -> FloatArray:
    """Place of a well between the controls: 0 at the positives, 1 at the negatives (cellHTS2 ``method="NPI"``).

    Parameters
    ----------
    signal : (plates, rows, columns), raw units; NaN = no reading
    is_sample : (plates, rows, columns); not used
    is_negative, is_positive : (plates, rows, columns); wells that define the two means

    Returns
    -------
    (plates, rows, columns), ratio; NaN plates as the module says

    Notes
    -----
    (mean(pos) − x) / (mean(pos) − mean(neg)) (tests/oracle/plate384, rtol 1e-12). Despite its name it is survival;
    HiTSeekR's number of the same name is `inhibition`, and the two add up to 1.
    """
    positive, negative = robust.mean(signal, is_positive), robust.mean(signal, is_negative)
    span = positive - negative
    return (positive[:, None, None] - _readings(signal)) / _divisor(span)


def inhibition(
    signal: FloatArray, is_sample: BoolArray, *, is_negative: BoolArray, is_positive: BoolArray
) -> FloatArray:
    """Normalized inhibition: 0 at the negative controls, 1 at the positive controls (HiTSeekR's ``npi``).

    Parameters
    ----------
    signal : (plates, rows, columns), raw units; NaN = no reading
    is_sample : (plates, rows, columns); not used
    is_negative, is_positive : (plates, rows, columns); wells that define the two means

    Returns
    -------
    (plates, rows, columns), ratio; NaN plates as the module says

    Notes
    -----
    (mean(neg) − x) / (mean(neg) − mean(pos)), which is 1 − `npi` (HiTSeekR's MCF7 screen, 5e-14, where a plate has
    controls of its own).
    """
    return npi(signal, is_sample, is_negative=is_positive, is_positive=is_negative)


def z(
    signal: FloatArray,
    is_sample: BoolArray,
    *,
    is_negative: BoolArray,
    is_positive: BoolArray,
    all_wells: bool = False,
) -> FloatArray:
    """Distance of each well from its plate's mean, in SDs (n − 1).

    Parameters
    ----------
    signal : (plates, rows, columns), log2 or raw units; NaN = no reading
    is_sample : (plates, rows, columns); wells that define mean and SD, at least 2 of them and not all equal
    is_negative, is_positive : (plates, rows, columns); not used
    all_wells : take mean and SD from every well with a reading, not from the samples alone

    Returns
    -------
    (plates, rows, columns), in SDs; negative = fewer living cells; NaN plates as the module says

    Notes
    -----
    With `all_wells`, HiTSeekR's ``zscore`` (its MCF7 screen, 5e-14).
    """
    return _score(signal, is_sample | all_wells, robust.mean, robust.sd)


def robust_z(
    signal: FloatArray,
    is_sample: BoolArray,
    *,
    is_negative: BoolArray,
    is_positive: BoolArray,
    all_wells: bool = False,
) -> FloatArray:
    """Distance of each well from its plate's median, in scaled MADs.

    Parameters
    ----------
    signal : (plates, rows, columns), log2 or raw units; NaN = no reading
    is_sample : (plates, rows, columns); wells that define median and MAD, at least 2 of them, more than half not equal
    is_negative, is_positive : (plates, rows, columns); not used
    all_wells : take median and MAD from every well with a reading, not from the samples alone

    Returns
    -------
    (plates, rows, columns), in scaled MADs; negative = fewer living cells; NaN plates as the module says

    Notes
    -----
    (x − median) / (1.4826 median|x − median|) (tests/oracle/plate384, rtol 1e-12): cellHTS2's median, additive, with
    varianceAdjust="byPlate"; with `all_wells`, HiTSeekR's ``rzscore`` (its MCF7 screen, 5e-14).

    References
    ----------
    Birmingham et al. 2009, doi:10.1038/nmeth.1351
    """
    return _score(signal, is_sample | all_wells, robust.median, robust.mad)


@dataclass(frozen=True)
class Centering:
    """What a per-plate method is and needs.

    Parameters
    ----------
    kernel : the function
    needs : roles of which every plate must have wells
    fewest : how many wells of each needed role a plate must have
    additive : whether the method exists as difference and as ratio
    unit : of the answer, where it does not follow from `additive`
    peer : whose numbers it gives
    """

    kernel: Callable[..., FloatArray]
    needs: tuple[Literal["sample", "negative", "positive"], ...]
    fewest: int
    additive: bool
    unit: str
    peer: str


#: The per-plate methods by name.
METHODS: dict[str, Centering] = {
    "median": Centering(median, ("sample",), 1, True, "", "cellHTS2 normalizePlates(method='median')"),
    "mean": Centering(mean, ("sample",), 1, True, "", "cellHTS2 normalizePlates(method='mean')"),
    "shorth": Centering(shorth, ("sample",), 1, True, "", "cellHTS2 normalizePlates(method='shorth')"),
    "negatives": Centering(negatives, ("negative",), 1, True, "", "cellHTS2 normalizePlates(method='negatives')"),
    "poc": Centering(poc, ("positive",), 1, False, "percent of positives", "cellHTS2 normalizePlates(method='POC')"),
    "poc-negative": Centering(poc_negative, ("negative",), 1, False, "ratio to negatives", "HiTSeekR poc"),
    "npi": Centering(
        npi,
        ("positive", "negative"),
        1,
        False,
        "0 at positives, 1 at negatives",
        "cellHTS2 normalizePlates(method='NPI')",
    ),
    "inhibition": Centering(
        inhibition, ("positive", "negative"), 1, False, "0 at negatives, 1 at positives", "HiTSeekR npi"
    ),
    "z": Centering(z, ("sample",), 2, False, "SDs", "HiTSeekR zscore (all wells)"),
    "robust-z": Centering(robust_z, ("sample",), 2, False, "scaled MADs", "cellHTS2 median, varianceAdjust='byPlate'"),
}


def _relative(signal: FloatArray, level: FloatArray, *, additive: bool) -> FloatArray:
    """Readings less the level of their plate, or divided by it."""
    return _readings(signal) - level[:, None, None] if additive else _readings(signal) / _divisor(level)


def _score(signal: FloatArray, mask: BoolArray, center: Statistic, spread: Statistic) -> FloatArray:
    """Distance from the plate's center in units of its spread."""
    return (_readings(signal) - center(signal, mask)[:, None, None]) / _divisor(spread(signal, mask))


def _readings(signal: FloatArray) -> FloatArray:
    """Finite readings; NaN elsewhere, as in the statistics."""
    return np.where(np.isfinite(signal), signal, np.nan)


def _divisor(value: FloatArray) -> FloatArray:
    """(plates, 1, 1) of a (plates,) divisor; NaN where it is 0, since no reading can be put in units of it."""
    return np.where(value != 0, value, np.nan)[:, None, None]
