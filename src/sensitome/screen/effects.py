"""Scores as a cube of reagents × lines × arms × replicates, the form in which sensitization is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.errors import ControlError, TableError, listed, suggestion
from sensitome.frames import to_polars
from sensitome.screen.effect_checks import (
    check_arms,
    check_common,
    refuse_doubled,
    warn_when_all_act,
    warn_when_all_change,
)
from sensitome.settings import Treatments

__all__ = ["REFERENCES", "EffectCube", "Reference", "arm_cube", "control_cube", "effect_cube"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

Reference = Literal["library", "negatives"]

#: What an effect is measured against, by name.
REFERENCES: tuple[Reference, ...] = get_args(Reference)

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
    check_arms(scores, treatments)
    samples = scores.filter(pl.col("role").cast(pl.String) == "sample")
    if samples.is_empty():
        raise TableError("no library reagents in the scores", expected="rows with role 'sample'")
    refuse_doubled(samples)
    cube = _cube(samples, columns=columns, vehicle=str(treatments.vehicle))
    check_common(cube)
    controls = control_cube(scores, treatments=treatments)
    if reference == "negatives":
        return _against(cube, controls)
    warn_when_all_change(cube)
    if controls is not None:
        warn_when_all_act(cube, controls)
    return cube


def arm_cube(scores: pl.DataFrame, *, arm: str) -> EffectCube:
    """Library reagents in one treatment arm alone, all lines of it.

    Parameters
    ----------
    scores : as in `effect_cube`
    arm : a treatment

    Returns
    -------
    EffectCube whose only arm is this one

    Raises
    ------
    TableError
        A column is missing, there is no library reagent in the arm, or a reagent stands twice.
    """
    scores = to_polars(scores)
    columns = _replicate_columns(scores)
    samples = scores.filter((pl.col("role").cast(pl.String) == "sample") & (pl.col("treatment") == arm))
    if samples.is_empty():
        raise TableError(
            "no library reagents in the scores", where=f"treatment {arm!r}", expected="rows with role 'sample'"
        )
    refuse_doubled(samples)
    return _cube(samples, columns=columns, vehicle=arm)


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
