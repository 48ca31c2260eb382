"""What is compared with what within a group of lines, and what such a comparison could find at best."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.group_ranks import smallest_p
from sensitome.errors import Caution
from sensitome.expression.groups import Groups, arm_names, group_samples
from sensitome.expression_matrix import Expression

__all__ = ["Comparison", "Trial", "response_design", "trials_of"]

IntArray = npt.NDArray[np.intp]

Comparison = Literal["arms", "treated", "each"]


@dataclass(frozen=True)
class Trial:
    """One comparison within a group of lines.

    Parameters
    ----------
    comparison : in words
    part : its samples
    labels : (samples,), the groups that are compared, from 0
    arms : (samples,), the arm of each sample, 0 = vehicle
    line : (samples,), the cell line of each sample
    names : of the arms
    """

    comparison: str
    part: Expression
    labels: IntArray
    arms: IntArray
    line: IntArray
    names: Sequence[str]


def trials_of(
    part: Expression, arms: IntArray, line: IntArray, *, names: Sequence[str], comparison: Comparison
) -> list[Trial]:
    """Comparisons to be made within a group of lines."""
    if comparison == "arms":
        return [Trial("arms", part, arms, arms, line, names)]
    if comparison == "treated":
        return [Trial("treated", part, np.minimum(arms, 1), arms, line, names)]
    trials = []
    for arm in range(1, len(names)):
        own = np.flatnonzero((arms == 0) | (arms == arm))
        labels = np.minimum(arms[own], 1)
        words = f"{names[arm]} against {names[0]}"
        trials.append(Trial(words, part.take(samples=own), labels, labels, line[own], (names[0], names[arm])))
    return trials


def response_design(
    expression: Expression, *, groups: Groups, vehicle: str, comparison: Comparison = "arms", alpha: float = 0.05
) -> pl.DataFrame:
    """Say what the rank test of each group could find at best.

    Parameters
    ----------
    expression, groups, vehicle, comparison : as of `measure_response`
    alpha : the limit that p-values are held against

    Returns
    -------
    ``group``, ``cell_lines``, ``comparison``, ``arrays`` (in words, per arm), ``n``, ``largest_statistic``,
    ``smallest_p`` (Kruskal–Wallis, χ²). Groups that cannot get below alpha are told in a Caution.
    """
    rows = []
    for name, lines in groups.items():
        part, arms, line = group_samples(expression, name=name, lines=lines, vehicle=vehicle)
        for trial in trials_of(part, arms, line, names=arm_names(part, vehicle), comparison=comparison):
            rows.append(_design_row(trial, group=name, lines=lines))
            p = rows[-1]["smallest_p"]
            if not (isinstance(p, float) and p < alpha):
                _tell_small_design(name, p, alpha)
    return pl.DataFrame(rows).with_columns(pl.col("n").cast(pl.Int32))


def _design_row(trial: Trial, *, group: str, lines: Sequence[str]) -> dict[str, object]:
    """What the rank test of one comparison could find at best."""
    sizes = np.bincount(trial.labels)
    names = [trial.names[0], "treated"] if trial.comparison == "treated" else trial.names
    largest, p = smallest_p(sizes.tolist())
    return {
        "group": group,
        "cell_lines": ", ".join(lines),
        "comparison": trial.comparison,
        "arrays": ", ".join(f"{arm} {size}" for arm, size in zip(names, sizes, strict=True)),
        "n": int(sizes.sum()),
        "largest_statistic": largest,
        "smallest_p": p,
    }


def _tell_small_design(group: str, p: object, alpha: float) -> None:
    warnings.warn(
        Caution(
            "design cannot reach significance by the rank test",
            where=f"group {group!r}",
            found=f"smallest possible p {p:.3g}",
            expected=f"below {alpha:g}",
            next_step="Add replicates, or use the moderated model.",
        ),
        stacklevel=3,
    )
