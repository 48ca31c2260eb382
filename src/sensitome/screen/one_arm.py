"""Screens without a drug: what can be said of the effect of every reagent in one arm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.core.heb.model import fit_sensitization
from sensitome.core.sensitization.contrasts import NORMAL_REACH
from sensitome.core.sensitization.shrinkage import ash
from sensitome.errors import MethodError
from sensitome.frames import to_polars
from sensitome.screen.effects import EffectCube, arm_cube
from sensitome.screen.tables import OneArm

__all__ = ["one_arm_effects"]

FloatArray = npt.NDArray[np.float64]

#: Fewest readings of negative controls in a line that tell the noise of a well.
LEAST_CONTROLS = 8


class _Posterior(NamedTuple):
    """Posterior of the effects, (items, lines) each; ``noise`` (lines,) SD of a well and where it is from."""

    mean: FloatArray
    sd: FloatArray
    wrong: FloatArray
    noise: FloatArray
    source: str


def one_arm_effects(
    scores: pl.DataFrame, *, wells: pl.DataFrame | None = None, least: float = 0.32, sure: float = 0.9
) -> pl.DataFrame:
    """Effect of every reagent in every cell line of a screen whose arms are not compared.

    Parameters
    ----------
    scores : table `scores` in log2 units, one row per reagent × kind × cell line × treatment (``unit = "reagent"``,
        ``standardize = "none"``)
    wells : table `wells` behind them, whose negative controls tell the noise where there is one replicate
    least : smallest effect that counts, log2; 0.32 is 20 % of viability
    sure : probability at which a word is used

    Returns
    -------
    Table `one_arm`, sorted by its key

    Raises
    ------
    TableError
        A column is missing, or a reagent stands twice.
    MethodError
        Readings do not vary.

    Notes
    -----
    Two replicates or more: the arm of the hierarchical model without interactions, so that effects come from a grid of
    sizes, wells that went wrong are told by the others, and lines of a reagent inform each other. One replicate: ash
    with the noise of the negative controls (robust SD over the screen), or, without eight readings of them in a line,
    with the spread of the library, which holds true effects as well and leaves little to say. Effects are measured from
    the typical reagent of the line. What is named is an effect on viability, whatever made it.

    References
    ----------
    Stephens 2017, doi:10.1093/biostatistics/kxw041
    """
    scores = to_polars(scores)
    arms = sorted(scores["treatment"].unique())
    controls = None if wells is None else _control_readings(to_polars(wells))
    tables = [_one(scores, arm, controls=controls, least=least, sure=sure) for arm in arms]
    table = pl.concat(tables).sort("reagent", "kind", "cell_line", "treatment")
    return table.select(OneArm.column_names())


def _one(scores: pl.DataFrame, arm: str, *, controls: pl.DataFrame | None, least: float, sure: float) -> pl.DataFrame:
    """Rows of one arm."""
    cube = arm_cube(scores, arm=arm)
    values = cube.values[:, :, 0]
    values = values - robust.nan_median(values, axis=0)
    count = np.isfinite(values).sum(axis=-1)
    if count.max(initial=0) > 1:
        found = _replicated(values)
    else:
        found = _single(values, cube, None if controls is None else controls.filter(pl.col("treatment") == arm))
    measured = robust.nan_mean(values, axis=-1)
    shown = np.where(count > 0, 1.0, np.nan)
    below, above = (_beyond(found, sign * least, spread=found.sd) * shown for sign in (-1.0, 1.0))
    well = np.sqrt(found.sd**2 + found.noise**2)
    with np.errstate(invalid="ignore"):
        cases = [below >= sure, above >= sure, 1 - below - above >= sure]
    rows = {
        "effect": measured,
        "shrunk_effect": found.mean * shown,
        "ci_low": (found.mean - NORMAL_REACH * found.sd) * shown,
        "ci_high": (found.mean + NORMAL_REACH * found.sd) * shown,
        "p_loss": below,
        "p_gain": above,
        "p_again": _beyond(found, -least, spread=well) * shown,
        "p_wrong": found.wrong * shown,
        "word": np.select(cases, ["toxic", "protective", "quiet"], default="undetermined"),
        "n": count.astype(np.int32),
    }
    keys = cube.items.select("reagent", "kind", "position").join(
        pl.DataFrame({"cell_line": list(cube.lines)}), how="cross", maintain_order="left_right"
    )
    series = [pl.Series(name, part.ravel()) for name, part in rows.items()]
    filled = keys.with_columns(item.fill_nan(None) if item.dtype.is_float() else item for item in series)
    return filled.with_columns(treatment=pl.lit(arm), noise_from=pl.lit(found.source))


def _replicated(values: FloatArray) -> _Posterior:
    """The hierarchical model without interactions."""
    fit = fit_sensitization(values[:, :, None, :])
    lines = values.shape[1]
    noise = np.full(lines, float(np.sqrt(fit.variance)))
    return _Posterior(fit.main, fit.main_sd, fit.p_wrong[:, :, 0], noise, "replicates")


def _single(values: FloatArray, cube: EffectCube, controls: pl.DataFrame | None) -> _Posterior:
    """Adaptive shrinkage, line by line, with noise from the controls."""
    mean, sd = np.full(values.shape[:2], np.nan), np.full(values.shape[:2], np.nan)
    noise, sources = np.empty(len(cube.lines)), []
    for i, line in enumerate(cube.lines):
        # All readings of a reagent are one replicate here, whatever its number.
        own = robust.nan_mean(values[:, i], axis=-1)
        readings = None if controls is None else controls.filter(pl.col("cell_line") == line)["deviation"]
        noise[i], source = _noise_of(own, readings)
        if not noise[i] > 0:
            raise MethodError("effects cannot be judged: they do not vary", where=f"cell line {line!r}")
        sources.append(source)
        found = ash(own, np.where(np.isfinite(own), noise[i], np.nan))
        mean[:, i], sd[:, i] = found.mean, found.sd
    return _Posterior(mean, sd, np.full(mean.shape, np.nan), noise, "/".join(dict.fromkeys(sources)))


def _control_readings(wells: pl.DataFrame) -> pl.DataFrame:
    """Normalized negative controls as deviations from the median of their kind in the line, arm and replicate."""
    group = ["cell_line", "treatment", "replicate", "reagent", "kind"]
    negative = wells.filter((pl.col("role").cast(pl.String) == "negative") & pl.col("normalized").is_finite())
    deviation = pl.col("normalized") - pl.col("normalized").median().over(group)
    return negative.select("cell_line", "treatment", deviation.alias("deviation"))


def _noise_of(effect: FloatArray, controls: pl.Series | None) -> tuple[float, str]:
    """SD of a well and where it is from: negative controls, where there are enough, but no more than the library's."""
    library = float(robust.nan_mad(effect, axis=0))
    if controls is None or len(controls) < LEAST_CONTROLS:
        return library, "library"
    own = float(robust.nan_mad(controls.to_numpy(), axis=0))
    return (own, "controls") if 0 < own < library else (library, "library")


def _beyond(found: _Posterior, bound: float, *, spread: FloatArray) -> FloatArray:
    """Probability that an effect (or a new well) lies beyond a bound, on the side where the bound is."""
    from scipy import special

    with np.errstate(invalid="ignore", divide="ignore"):
        distance = (bound - found.mean) / np.maximum(spread, 1e-9)
    return np.asarray(special.ndtr(distance if bound < 0 else -distance))
