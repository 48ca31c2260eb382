"""Scores as a cube of reagents × lines × arms × replicates, the form in which sensitization is tested."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.errors import Caution, ControlError, Fault, LayoutError, MethodError, TableError, listed, suggestion
from sensitome.frames import to_polars
from sensitome.screen.arms import check_treatments
from sensitome.settings import Treatments

__all__ = ["REFERENCES", "EffectCube", "Reference", "control_cube", "effect_cube"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

Reference = Literal["library", "negatives"]

#: What an effect is measured against, by name.
REFERENCES: tuple[Reference, ...] = get_args(Reference)

#: Negative controls farther than this (log2) from the typical reagent of a line say that most of the library acts.
FAR_FROM_CONTROLS = 0.5

_ITEM = ("reagent", "kind")
_NEEDED = ("reagent", "kind", "position", "cell_line", "treatment", "role")


@dataclass(frozen=True)
class EffectCube:
    """Log2 effects with the keys that lead back to rows.

    Parameters
    ----------
    items : one row per reagent: reagent, kind, position, control_class; sorted by reagent and kind
    lines : cell lines, sorted
    arms : treatments, the vehicle first, the rest sorted
    replicates : their numbers
    values : (items, lines, arms, replicates), log2; NaN = missing
    """

    items: pl.DataFrame
    lines: tuple[str, ...]
    arms: tuple[str, ...]
    replicates: tuple[int, ...]
    values: FloatArray

    @property
    def drugs(self) -> tuple[str, ...]:
        """Arms other than the vehicle."""
        return self.arms[1:]

    def rows(self, columns: Mapping[str, npt.NDArray[np.generic]]) -> pl.DataFrame:
        """One row per item × line × drug arm, with the key and these columns.

        Parameters
        ----------
        columns : name → (items, lines, drugs), or (items, lines) for what all drug arms of a line share

        Returns
        -------
        reagent, kind, position, cell_line, treatment and the columns; NaN becomes null
        """
        shape = (self.items.height, len(self.lines), len(self.drugs))
        contexts = pl.DataFrame({"cell_line": list(self.lines)}).join(
            pl.DataFrame({"treatment": list(self.drugs)}), how="cross", maintain_order="left_right"
        )
        keys = self.items.select("reagent", "kind", "position").join(contexts, how="cross", maintain_order="left_right")
        flat = {
            name: np.broadcast_to(part[..., None] if part.ndim == 2 else part, shape).ravel()
            for name, part in columns.items()
        }
        series = [pl.Series(name, part) for name, part in flat.items()]
        return keys.with_columns(item.fill_nan(None) if item.dtype.is_float() else item for item in series)

    def restricted(self, keep: npt.NDArray[np.bool_]) -> EffectCube:
        """Return the cube of some items."""
        return replace(self, items=self.items.filter(pl.Series(keep)), values=self.values[keep])


def effect_cube(scores: pl.DataFrame, *, treatments: Treatments, reference: Reference = "library") -> EffectCube:
    """Library reagents of a screen as a cube of log2 effects.

    Parameters
    ----------
    scores : table `scores` in log2 units, one row per reagent × kind × cell line × treatment (``unit = "reagent"``,
        ``standardize = "none"``), with columns score_r1, score_r2 …
    treatments : which arm is the vehicle
    reference : ``library``, effects as the normalization gives them, 0 = typical reagent of the plate; ``negatives``,
        from the mean of the negative controls of the same class, line, arm and replicate

    Returns
    -------
    EffectCube of the rows with role sample

    Raises
    ------
    LayoutError
        No vehicle is named, an arm is not there, a line has no vehicle or no drug arm, or vehicle and drug arms of a
        line have no reagent in common.
    TableError
        A column is missing, or a reagent stands twice in one arm.
    ControlError
        ``reference = "negatives"`` and a kind of reagents has no negative controls of its class.
    """
    scores = to_polars(scores)
    columns = _replicate_columns(scores)
    _check_arms(scores, treatments)
    samples = scores.filter(pl.col("role").cast(pl.String) == "sample")
    if samples.is_empty():
        raise TableError("no library reagents in the scores", expected="rows with role 'sample'")
    _refuse_doubled(samples)
    cube = _cube(samples, columns=columns, vehicle=str(treatments.vehicle))
    _check_common(cube)
    controls = control_cube(scores, treatments=treatments)
    if reference == "negatives":
        return _against(cube, controls)
    if controls is not None:
        _warn_when_all_act(cube, controls)
    return cube


def control_cube(scores: pl.DataFrame, *, treatments: Treatments) -> EffectCube | None:
    """Negative controls of a screen, one item a class: the mean over the controls of the class.

    Parameters
    ----------
    scores : table `scores`
    treatments : which arm is the vehicle

    Returns
    -------
    EffectCube whose items are classes (``reagent`` = ``kind`` = the class); None without negative controls
    """
    columns = _replicate_columns(scores)
    negative = scores.filter(pl.col("role").cast(pl.String) == "negative")
    if negative.is_empty():
        return None
    name = pl.coalesce("control_class", "kind") if "control_class" in scores.columns else pl.col("kind")
    classes = (
        negative.with_columns(name.alias("class"))
        .group_by("class", "cell_line", "treatment")
        .agg(pl.col(column).sort().mean() for column in columns)
        .with_columns(
            pl.col("class").alias("reagent"),
            pl.col("class").alias("kind"),
            pl.col("class").alias("control_class"),
            pl.lit("negative controls").alias("position"),
        )
    )
    return _cube(classes, columns=columns, vehicle=str(treatments.vehicle), like=scores)


def class_of(kinds: Sequence[str], controls: Sequence[str]) -> IntArray:
    """Index of the control class of each kind of reagent; −1 where there is none; the only class serves all kinds."""
    folded = {name.casefold(): i for i, name in enumerate(controls)}
    only = 0 if len(controls) == 1 else -1
    return np.array([folded.get(kind.casefold(), only) for kind in kinds], dtype=np.intp)


def _replicate_columns(scores: pl.DataFrame) -> list[str]:
    """Columns score_r<n> in the order of n; refuse a table that lacks what is needed."""
    missing = [column for column in _NEEDED if column not in scores.columns]
    found = [name for name in scores.columns if name.startswith("score_r") and name[7:].isdigit()]
    if missing or not found:
        missing += [] if found else ["score_r1"]
        raise TableError(
            "table 'scores' lacks columns",
            found=f"columns {listed(scores.columns, last='and')}",
            expected=listed(missing, last="and"),
            next_step=" ".join(filter(None, (suggestion(column, scores.columns) for column in missing))),
        )
    return sorted(found, key=lambda name: int(name[7:]))


def _check_arms(scores: pl.DataFrame, treatments: Treatments) -> None:
    """There is a vehicle, and every line has it and a drug arm."""
    arms = scores["treatment"].unique().sort().to_list()
    if treatments.vehicle is None:
        raise LayoutError(
            "sensitization cannot be tested without a vehicle arm",
            found=f"treatments {listed(arms, last='and')}",
            expected="the arm without drug",
            next_step='Write treatments.vehicle = "..." in study.toml.',
        )
    check_treatments(treatments, arms=arms)
    if len(arms) < 2:
        raise MethodError(
            "sensitization cannot be tested without a drug arm",
            found=f"only the vehicle {treatments.vehicle!r}",
            expected="at least one further treatment",
        )
    lines = scores.group_by("cell_line").agg(pl.col("treatment").unique().sort()).sort("cell_line")
    faults = []
    for line, own in lines.iter_rows():
        step = "Measure it, or leave the line out."
        if treatments.vehicle not in own:
            faults.append(Fault(f"the vehicle {treatments.vehicle!r} in cell line {line!r}", next_step=step))
        elif len(own) < 2:
            faults.append(Fault(f"a drug arm in cell line {line!r}", next_step=step))
    if faults:
        raise LayoutError("cell lines without vehicle or drug", faults=faults)


def _refuse_doubled(samples: pl.DataFrame) -> None:
    """One row a reagent and arm: wells of one reagent are technical replicates."""
    doubled = (
        samples.group_by(*_ITEM, "cell_line", "treatment")
        .agg(pl.col("position").sort())
        .filter(pl.col("position").list.len() > 1)
        .sort(*_ITEM, "cell_line", "treatment")
    )
    if doubled.height:
        raise TableError(
            "reagents stand at several places of the library",
            faults=[
                Fault(
                    f"one row for reagent {reagent!r} ({kind}) in {line}, {arm}", value=", ".join(map(str, positions))
                )
                for reagent, kind, line, arm, positions in doubled.iter_rows()
            ],
            next_step='Set score.unit = "reagent": wells of one reagent are averaged, and are no replicates.',
        )


def _cube(rows: pl.DataFrame, *, columns: list[str], vehicle: str, like: pl.DataFrame | None = None) -> EffectCube:
    """Lay rows out by key; lines and arms are those of `like`, or of the rows."""
    frame = rows if like is None else like
    lines = sorted(frame["cell_line"].unique().to_list())
    arms = [vehicle, *sorted(set(frame["treatment"].unique().to_list()) - {vehicle})]
    own_class = pl.col("control_class") if "control_class" in rows.columns else pl.lit(None, pl.String)
    items = (
        rows.with_columns(own_class.alias("control_class"))
        .group_by(_ITEM)
        .agg(pl.col("position").min(), pl.col("control_class").min())
        .sort(_ITEM)
    )
    located = rows.join(items.select(*_ITEM).with_row_index("item"), on=_ITEM, how="left", maintain_order="left")
    place = (
        located["item"].to_numpy(),
        located["cell_line"].cast(pl.String).replace_strict({n: i for i, n in enumerate(lines)}).to_numpy(),
        located["treatment"].cast(pl.String).replace_strict({n: i for i, n in enumerate(arms)}).to_numpy(),
    )
    values = np.full((items.height, len(lines), len(arms), len(columns)), np.nan)
    values[place] = located.select(pl.col(columns).cast(pl.Float64)).to_numpy()
    values[~np.isfinite(values)] = np.nan
    return EffectCube(items, tuple(lines), tuple(arms), tuple(int(name[7:]) for name in columns), values)


def _check_common(cube: EffectCube) -> None:
    """Vehicle and drug arms have reagents in common; say where they have not all, and where a replicate is missing."""
    there = np.asarray(np.isfinite(cube.values).any(axis=-1))
    both = there[:, :, 1:] & there[:, :, :1]
    measured = np.asarray(there.any(axis=0))
    faults, apart = [], []
    for (i, line), (j, arm) in ((a, b) for a in enumerate(cube.lines) for b in enumerate(cube.drugs)):
        if not measured[i, j + 1]:
            continue
        common, either = int(both[:, i, j].sum()), int((there[:, i, j + 1] | there[:, i, 0]).sum())
        if common == 0:
            faults.append(Fault(f"reagents measured both with {arm!r} and with {cube.arms[0]!r} in cell line {line!r}"))
        elif common < 0.9 * either:
            apart.append(f"{either - common} of {either} with {arm} in {line}")
    if faults:
        step = "Check that the same library plates were stamped in all arms, and that reagents have one name."
        raise LayoutError("vehicle and drug arms have different reagents", faults=faults, next_step=step)
    if apart:
        _caution(
            "reagents that only one of vehicle and drug arm has",
            found="; ".join(apart),
            expected="the same reagents in all arms of a line",
            next_step="Those contexts are not tested; check the library plates of these arms.",
        )
    _warn_of_missing_replicates(cube)


def _warn_of_missing_replicates(cube: EffectCube) -> None:
    """Name the arms that lack a replicate which the vehicle of their line has."""
    there = np.asarray(np.isfinite(cube.values).any(axis=0))
    lacking = [
        f"{arm} in {line} has replicates {_numbers(cube, there[i, j + 1])}, the vehicle {_numbers(cube, there[i, 0])}"
        for i, line in enumerate(cube.lines)
        for j, arm in enumerate(cube.drugs)
        if there[i, j + 1].any() and (there[i, j + 1] != there[i, 0]).any()
    ]
    if lacking:
        _caution(
            "arms with other replicates than their vehicle",
            found="; ".join(lacking),
            next_step="Paired contrasts use the replicates that both have.",
        )


def _numbers(cube: EffectCube, there: npt.NDArray[np.bool_]) -> str:
    """Replicates that are there, in words."""
    return ", ".join(str(number) for number, here in zip(cube.replicates, there, strict=True) if here) or "none"


def _warn_when_all_act(cube: EffectCube, controls: EffectCube) -> None:
    """Say it when the typical reagent lies far from the negative controls: the library is no reference then."""
    typical = robust.nan_median(cube.values[:, :, 0].reshape(len(cube.values), -1, cube.values.shape[-1]), axis=0)
    level = robust.nan_median(controls.values[:, :, 0], axis=0)
    gap = robust.nan_mean(typical - level, axis=-1)
    far = [(line, shift) for line, shift in zip(cube.lines, gap, strict=True) if abs(shift) > FAR_FROM_CONTROLS]
    if far:
        _caution(
            "the typical reagent acts without drug",
            found=", ".join(f"{shift:+.2f} log2 from the negative controls in {line}" for line, shift in far),
            expected=f"within {FAR_FROM_CONTROLS:g} log2",
            next_step='Most of the library is no reference here: use reference = "negatives".',
        )


def _against(cube: EffectCube, controls: EffectCube | None) -> EffectCube:
    """Take the negative controls of the same class from every reading."""
    classes = [] if controls is None else controls.items["kind"].to_list()
    kinds = cube.items["kind"].to_list()
    which = class_of(kinds, classes)
    orphans = sorted({kind for kind, index in zip(kinds, which, strict=True) if index < 0})
    if orphans or controls is None:
        raise ControlError(
            "kinds of reagents without negative controls of their class",
            found=f"control classes {listed(classes, last='and')}",
            expected=listed(orphans, last="and"),
            next_step='Give the controls a control_class in the library, or use reference = "library".',
        )
    return replace(cube, values=cube.values - controls.values[which])


def _caution(what: str, *, found: str, expected: str = "", next_step: str) -> None:
    """Warn at the line that asked for the cube."""
    warnings.warn(Caution(what, found=found, expected=expected, next_step=next_step), stacklevel=4)
