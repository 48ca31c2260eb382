"""Quality figures of groups of plates and of the whole screen: replicates, arms, library plates, drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.agreement import concordance, drift, pearson, repeatability_sd, spearman
from sensitome.core.multiple import adjust_p
from sensitome.core.robust import median
from sensitome.core.separation import z_prime
from sensitome.core.spatial import correction_needed, library_means, spatial_tests
from sensitome.screen.quality_plates import PlateData
from sensitome.tables import ROLES

__all__ = ["GroupFigure", "measure_classes", "measure_groups", "measure_screen"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Library plates needed before a position effect that they share is told from their reagents.
FEWEST_LIBRARIES = 3


@dataclass(frozen=True)
class GroupFigure:
    """One value of one figure of one group (or of the screen), with what is behind it; NaN = not applicable."""

    subject: str
    figure: str
    value: float
    detail: str | None = None


def measure_groups(data: PlateData, *, vehicle: str | None) -> list[GroupFigure]:
    """Agreement of replicates, drift of arms and position tests of library plates, for plates of one format."""
    return [
        *_replicates(data),
        *_interactions(data, vehicle=vehicle),
        *_drifts(data),
        *_library_plates(data, library_means(data.log2_signal, data.sample, library=data.library)),
    ]


def _subject(parts: Iterable[object]) -> str:
    return " · ".join(str(part) for part in parts)


def _codes(data: PlateData, keys: tuple[str, ...]) -> tuple[IntArray, list[str]]:
    """Number the groups of plates with equal keys, in the order of their names: (plates,) and a name a group."""
    groups = data.identity.select(keys).unique().sort(keys).with_row_index("group")
    joined = data.identity.select(keys).join(groups, on=list(keys), how="left", maintain_order="left")
    return joined["group"].to_numpy().astype(np.intp), [_subject(row) for row in groups.select(keys).iter_rows()]


def _pairs(group: IntArray, order: IntArray) -> tuple[IntArray, IntArray]:
    """All pairs of plates of one group, from `order`, an arrangement of plates with groups together."""
    firsts, seconds = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for lag in range(1, int(np.bincount(group, minlength=1).max())):
        same = group[order[:-lag]] == group[order[lag:]]
        firsts.append(order[:-lag][same])
        seconds.append(order[lag:][same])
    return np.concatenate(firsts), np.concatenate(seconds)


def _replicates(data: PlateData) -> list[GroupFigure]:
    group, subjects = _codes(data, ("library_plate", "cell_line", "treatment"))
    values = np.where(data.sample, data.normalized, np.nan).reshape(len(group), -1)
    order = np.lexsort((data.identity["replicate"].to_numpy(), group))
    first, second = _pairs(group, order)
    figures = []
    for name, correlate in (
        ("replicate_pearson", pearson),
        ("replicate_spearman", spearman),
        ("replicate_ccc", concordance),
    ):
        figures += _lowest(
            name, correlate(values[first], values[second]), (first, second), group, (subjects, data.names)
        )
    return figures + _repeatability(values, group, order, subjects)


def _lowest(
    name: str,
    fits: FloatArray,
    pairs: tuple[IntArray, IntArray],
    group: IntArray,
    names: tuple[list[str], list[str]],
) -> list[GroupFigure]:
    """Lowest correlation of each group, with the pair of plates that has it where there are several."""
    subjects, plates = names
    of_pair = group[pairs[0]]
    known = np.flatnonzero(~np.isnan(fits))
    by_fit = known[np.lexsort((fits[known], of_pair[known]))]
    present, start, number = np.unique(of_pair[by_fit], return_index=True, return_counts=True)
    lowest = dict(zip(present.tolist(), zip(by_fit[start].tolist(), number.tolist(), strict=True), strict=True))
    figures = []
    for code, subject in enumerate(subjects):
        pair, n = lowest.get(code, (None, 0))
        if pair is None:
            figures.append(GroupFigure(subject, name, np.nan, "no two replicates"))
            continue
        detail = f'"{plates[pairs[0][pair]]}" and "{plates[pairs[1][pair]]}"' + (f", of {n} pairs" if n > 1 else "")
        figures.append(GroupFigure(subject, name, float(fits[pair]), detail))
    return figures


def _repeatability(values: FloatArray, group: IntArray, order: IntArray, subjects: list[str]) -> list[GroupFigure]:
    size = np.bincount(group, minlength=len(subjects))
    start = np.cumsum(size) - size
    spread = np.full(len(subjects), np.nan)
    for replicates in np.unique(size[size > 1]):
        groups = np.flatnonzero(size == replicates)
        plates = order[start[groups][:, None] + np.arange(replicates)]
        spread[groups] = repeatability_sd(values[plates])
    return [GroupFigure(subject, "repeatability_sd", float(x)) for subject, x in zip(subjects, spread, strict=True)]


def _interactions(data: PlateData, *, vehicle: str | None) -> list[GroupFigure]:
    """Correlation between replicates of drug minus vehicle, all library plates of an arm of a cell line together."""
    if vehicle is None:
        return []
    identity = data.identity.with_row_index("at")
    key = ["library_plate", "cell_line", "replicate"]
    once = identity.sort("at").unique(["treatment", *key], keep="first", maintain_order=True)
    without = once.filter(pl.col("treatment") == vehicle).select(*key, pl.col("at").alias("at_vehicle"))
    both = once.filter(pl.col("treatment") != vehicle).join(without, on=key, how="inner")
    values = np.where(data.sample, data.normalized, np.nan).reshape(len(data.library), -1)
    figures = []
    for arm, plates in sorted(both.group_by("cell_line", "treatment"), key=lambda item: str(item[0])):
        fits = []
        replicates = sorted(plates["replicate"].unique().to_list())
        for i, one in enumerate(replicates):
            for two in replicates[i + 1 :]:
                shared = plates.filter(replicate=one).join(
                    plates.filter(replicate=two), on="library_plate", suffix="_2", maintain_order="left"
                )
                gain, gain_2 = (
                    (values[shared[f"at{end}"].to_numpy()] - values[shared[f"at_vehicle{end}"].to_numpy()]).ravel()
                    for end in ("", "_2")
                )
                fits.append(float(pearson(gain[None, :], gain_2[None, :])[0]))
        known = [fit for fit in fits if not np.isnan(fit)]
        detail = None if known else "no two replicates with drug and vehicle"
        figures.append(GroupFigure(_subject(arm), "interaction_pearson", min(known, default=np.nan), detail))
    return figures


def _drifts(data: PlateData) -> list[GroupFigure]:
    group, subjects = _codes(data, ("cell_line", "treatment"))
    levels, order = median(data.log2_signal, data.sample), data.identity["order"].to_numpy().astype(np.float64)
    trends = [drift(levels[group == code], order[group == code]) for code in range(len(subjects))]
    q_values = adjust_p(np.array([trend.p_value for trend in trends]))
    figures = []
    for subject, trend, q_value in zip(subjects, trends, q_values, strict=True):
        detail = f"{trend.n} plates, rank correlation with order {trend.rho:.2f}" if trend.n else None
        detail = detail if not np.isnan(trend.rho) else f"too few plates: {trend.n}"
        figures += [
            GroupFigure(subject, "drift", trend.change, detail),
            GroupFigure(subject, "drift_q", float(q_value), detail),
        ]
    return figures


def _library_plates(data: PlateData, means: FloatArray) -> list[GroupFigure]:
    """Position tests of the mean over the plates of each library plate, where reagent and position are aliased."""
    test = correction_needed(means, ~np.isnan(means))
    plates = np.bincount(data.library)
    names = dict(zip(data.library.tolist(), data.identity["library_plate"], strict=True))
    return [
        _shared_position(means),
        *(
            GroupFigure(
                f"library plate {names[code]}",
                "library_correction_q",
                float(q_value),
                f"mean of {plates[code]} plates; reagents lie at the same positions on all of them",
            )
            for code, q_value in enumerate(test.q_value)
        ),
    ]


def _shared_position(means: FloatArray) -> GroupFigure:
    """Position test of the mean over different library plates, where no reagent can be behind it."""
    p_value = np.nan
    if len(means) >= FEWEST_LIBRARIES:
        there = ~np.isnan(means)
        number = there.sum(axis=0)
        shared = np.where(there, means, 0.0).sum(axis=0) / np.maximum(number, 1)
        p_value = float(spatial_tests(shared[None], (number == number.max())[None]).p_value[0])
    wells = f"{means.shape[1] * means.shape[2]}-well plates"
    return GroupFigure(wells, "shared_position_p", p_value, f"mean of {len(means)} library plates")


def measure_classes(wells: pl.DataFrame) -> list[GroupFigure]:
    """Variation of each class of controls: its CV on each plate with two readings or more, then the median."""
    controls = wells.filter(
        pl.col("role").cast(pl.Enum(ROLES)).is_in(["negative", "positive"]), pl.col("signal").is_not_null()
    )
    by_plate = (
        controls.with_columns(pl.col("control_class").fill_null(pl.col("reagent")))
        .filter(pl.col("control_class").is_not_null())
        .sort("signal")
        .group_by("control_class", "plate")
        .agg(
            (100 * pl.col("signal").cast(pl.Float64).std() / pl.col("signal").cast(pl.Float64).mean().abs()).alias(
                "cv"
            ),
            pl.len().alias("n"),
        )
    )
    by_class = (
        by_plate.group_by("control_class")
        .agg(
            pl.col("cv").filter((pl.col("n") > 1) & pl.col("cv").is_finite()).median(),
            (pl.col("n") > 1).sum().alias("plates"),
        )
        .sort("control_class")
    )
    return [
        GroupFigure(
            f"control class {name}",
            "cv_of_class",
            np.nan if cv is None else float(cv),
            f"{n} plates with two wells or more",
        )
        for name, cv, n in by_class.iter_rows()
    ]


def measure_screen(data: PlateData) -> list[GroupFigure]:
    """Separation of the normalized controls over all plates of a replicate of an arm."""
    figures = []
    group, subjects = _codes(data, ("cell_line", "treatment", "replicate"))
    subjects = [f"{subject.rpartition(' · ')[0]} · replicate {subject.rpartition(' · ')[2]}" for subject in subjects]
    for code, subject in enumerate(subjects):
        values, positive, negative = (
            cube[group == code].reshape(1, 1, -1) for cube in (data.normalized, data.positive, data.negative)
        )
        classic = z_prime(values, positive=positive, negative=negative)
        robust = z_prime(values, positive=positive, negative=negative, spread="mad")
        figures += [
            GroupFigure(subject, "screen_z_prime", float(classic[0])),
            GroupFigure(subject, "screen_z_prime_robust", float(robust[0])),
        ]
    return figures
