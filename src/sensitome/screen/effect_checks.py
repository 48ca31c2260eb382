"""What a cube of effects must be made of: checks of its arms and reagents, with the words for what is missing."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core import robust
from sensitome.errors import Caution, Fault, LayoutError, MethodError, TableError, listed
from sensitome.screen.arms import check_treatments
from sensitome.settings import Treatments

if TYPE_CHECKING:
    from sensitome.screen.effects import EffectCube

__all__ = ["check_arms", "check_common", "refuse_doubled", "warn_when_all_act", "warn_when_all_change"]

#: Negative controls farther than this (log2) from the typical reagent of a line say that most of the library acts.
FAR_FROM_CONTROLS = 0.5

#: A typical interaction larger than this (log2) says that plates were not normalized.
FAR_FROM_NOTHING = 0.25
#: Fewest reagents of a context whose typical interaction says something.
LEAST_REAGENTS = 20

_ITEM = ("reagent", "kind")


def check_arms(scores: pl.DataFrame, treatments: Treatments) -> None:
    """Make sure that there is a vehicle, and that every line has it and a drug arm.

    Raises
    ------
    LayoutError
        No vehicle is named, an arm is not there, or a line has no vehicle or no drug arm; all lines at once.
    MethodError
        There is no drug arm at all.
    """
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
        missing = ""
        if treatments.vehicle not in own:
            missing = f"the vehicle {treatments.vehicle!r}"
        elif len(own) < 2:
            missing = "a drug arm"
        if missing:
            faults.append(
                Fault(
                    f"{missing} in cell line {line!r} too",
                    column="treatment",
                    value=", ".join(own),
                    next_step="Measure it, or leave the line out.",
                )
            )
    if faults:
        raise LayoutError("cell lines without vehicle or drug", faults=faults)


def refuse_doubled(samples: pl.DataFrame) -> None:
    """Make sure that a reagent has one row in each arm: its wells are technical replicates.

    Raises
    ------
    TableError
        Some stand at several places of the library; all are named.
    """
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


def check_common(cube: EffectCube) -> None:
    """Make sure that vehicle and drug arms have reagents in common; say where reagents or replicates are missing.

    Raises
    ------
    LayoutError
        A line has no reagent with both vehicle and drug.
    """
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


def warn_when_all_act(cube: EffectCube, controls: EffectCube) -> None:
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


def warn_when_all_change(cube: EffectCube) -> None:
    """Say it when the drug changes the typical reagent: effects are not measured from it then."""
    change = robust.nan_mean(cube.values[:, :, 1:], axis=-1) - robust.nan_mean(cube.values[:, :, :1], axis=-1)
    typical, enough = robust.nan_median(change, axis=0), np.isfinite(change).sum(axis=0) >= LEAST_REAGENTS
    with np.errstate(invalid="ignore"):
        far = enough & (np.abs(typical) > FAR_FROM_NOTHING)
    if far.any():
        places = zip(*np.nonzero(far), strict=True)
        _caution(
            "the drug changes the typical reagent",
            found=", ".join(f"{typical[i, j]:+.2f} log2 with {cube.drugs[j]} in {cube.lines[i]}" for i, j in places),
            expected=f"within {FAR_FROM_NOTHING:g} log2",
            next_step="Effects are measured from the typical reagent of each plate: check that all were normalized.",
        )


def _caution(what: str, *, found: str, expected: str = "", next_step: str) -> None:
    """Warn at the line that asked for the cube."""
    warnings.warn(Caution(what, found=found, expected=expected, next_step=next_step), stacklevel=4)
