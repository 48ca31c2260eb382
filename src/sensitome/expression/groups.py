"""Groups of lines, arms and designs: what every test of response starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sensitome.errors import LayoutError, listed, suggestion
from sensitome.expression_matrix import Expression

__all__ = ["Groups", "arm_names", "group_samples", "indicators", "line_arm_design"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

#: Name of a group → its cell lines.
Groups = Mapping[str, Sequence[str]]


def group_samples(
    expression: Expression, *, name: str, lines: Sequence[str], vehicle: str
) -> tuple[Expression, IntArray, IntArray]:
    """Detected features in the samples of a group, with the arm (0 = vehicle) and the line of each sample.

    Raises
    ------
    LayoutError
        A line is not there, or the vehicle or any drug arm is missing.
    """
    known = expression.samples["cell_line"].unique(maintain_order=True).to_list()
    absent = [line for line in lines if line not in known]
    if absent:
        raise LayoutError(
            "cell lines without arrays",
            where=f"group {name!r}",
            found=listed(absent, last="and"),
            expected=listed(known),
            next_step=suggestion(absent[0], known),
        )
    rows = np.flatnonzero(expression.samples["cell_line"].is_in(list(lines)).to_numpy())
    part = expression.take(samples=rows)
    if part.detected is not None:
        part = part.take(features=np.flatnonzero(part.detected.any(axis=0)))
    arms = arm_names(part, vehicle)
    if len(arms) < 2 or not (part.samples["treatment"] == vehicle).any():
        raise LayoutError(
            "group has nothing to compare",
            where=f"group {name!r}",
            found=f"treatments {listed(part.samples['treatment'].unique(maintain_order=True), last='and')}",
            expected=f"{vehicle!r} and at least one drug arm",
        )
    number = {arm: i for i, arm in enumerate(arms)}
    line = {name: i for i, name in enumerate(lines)}
    treatment = [number[arm] for arm in part.samples["treatment"]]
    return part, np.array(treatment), np.array([line[name] for name in part.samples["cell_line"]])


def arm_names(expression: Expression, vehicle: str) -> list[str]:
    """The vehicle, then the drug arms in the order of the samples."""
    arms = expression.samples["treatment"].unique(maintain_order=True).to_list()
    return [vehicle, *(arm for arm in arms if arm != vehicle)]


def line_arm_design(arms: IntArray, line: IntArray) -> FloatArray:
    """(samples, coefficients): the drug arms first, then a level for each line."""
    return np.hstack([indicators(arms)[:, 1:], indicators(line)])


def indicators(codes: IntArray) -> FloatArray:
    """One column of 0 and 1 for each code that occurs."""
    return np.asarray(codes[:, None] == np.unique(codes)[None, :], dtype=np.float64)
