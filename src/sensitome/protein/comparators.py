"""What a reagent's protein is compared with: its negative controls, those of its class, or the typical reagent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.moderated import fit_linear, moderated_t
from sensitome.core.multiple import adjust_p
from sensitome.core.robust import nan_mean, nan_median
from sensitome.protein.settings import ProteinSettings

__all__ = ["relative_to_comparator", "replicate_matrix", "tested_effects"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def replicate_matrix(values: pl.DataFrame, items: pl.DataFrame, *, replicates: Sequence[int]) -> FloatArray:
    """Arrange values by item and replicate.

    Parameters
    ----------
    values : reagent, kind, replicate and `log2` of one protein, arm and line
    items : reagent and kind, in the order that is wanted
    replicates : in the order that is wanted

    Returns
    -------
    (items, replicates), log2; NaN = no value
    """
    names = {key: i for i, key in enumerate(items.select("reagent", "kind").iter_rows())}
    column = {replicate: i for i, replicate in enumerate(replicates)}
    log2 = np.full((len(names), len(replicates)), np.nan)
    for reagent, kind, replicate, value in values.select("reagent", "kind", "replicate", "log2").iter_rows():
        if (reagent, kind) in names and replicate in column:
            log2[names[reagent, kind], column[replicate]] = value
    return log2


def relative_to_comparator(log2: FloatArray, items: pl.DataFrame, *, settings: ProteinSettings) -> FloatArray:
    """Take the comparator's level from every replicate.

    Parameters
    ----------
    log2 : (items, replicates), as `replicate_matrix`
    items : kind, role and, where controls belong to classes, control_class
    settings : comparator

    Returns
    -------
    (items, replicates), log2: reagent − comparator. With ``comparator="controls"`` a reagent is compared with the
    negative controls of its own class (`control_class`, or the control's kind, is the reagent's kind), and with all of
    them where its class has none; without any control with the median of the reagents.
    """
    control = items["role"].to_numpy() == "negative"
    if settings.comparator != "controls" or not control.any():
        return np.asarray(log2 - nan_median(log2[~control], axis=0)[None, :])
    kinds = items["kind"].to_numpy()
    belongs = _classes(items)
    level = np.repeat(nan_mean(log2[control], axis=0)[None, :], len(log2), axis=0)
    for kind in np.unique(kinds[~control].astype(str)):
        own = control & (belongs == kind)
        if own.any():
            level[(kinds == kind) & ~control] = nan_mean(log2[own], axis=0)
    return np.asarray(log2 - level)


def tested_effects(effect: FloatArray, *, control: BoolArray, level: float) -> list[pl.Series]:
    """Mean effect of every item with a moderated test over replicates.

    Parameters
    ----------
    effect : (items, replicates), log2
    control : (items,), negative controls: their effect is shown and not tested
    level : coverage of the intervals

    Returns
    -------
    effect, ci_low, ci_high, p_value, q_value (BH over the items); null where one replicate has no test

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    test = moderated_t(fit_linear(effect, np.ones((effect.shape[1], 1))), level=level)
    p = test.p_value[:, 0].copy()
    p[control] = np.nan
    fields = {"effect": test.effect, "ci_low": test.ci_low, "ci_high": test.ci_high}
    series = [pl.Series(name, values[:, 0]).fill_nan(None) for name, values in fields.items()]
    return [*series, pl.Series("p_value", p).fill_nan(None), pl.Series("q_value", adjust_p(p)).fill_nan(None)]


def _classes(items: pl.DataFrame) -> npt.NDArray[np.str_]:
    """Which kind of reagents each control belongs to."""
    named = pl.col("control_class").cast(pl.String) if "control_class" in items.columns else pl.lit(None, pl.String)
    return items.select(pl.coalesce(named, "kind").fill_null("").alias("class"))["class"].to_numpy().astype(str)
