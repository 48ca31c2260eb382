"""How much each arm changes a feature, and whether groups of lines differ in that: moderated linear models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.moderated import ModeratedTest, fit_linear, moderated_t
from sensitome.core.multiple import adjust_p
from sensitome.errors import LayoutError, listed
from sensitome.expression.detection import refuse_without
from sensitome.expression.groups import Groups, arm_names, group_samples, indicators, line_arm_design
from sensitome.expression_matrix import Expression

__all__ = ["compare_groups", "estimate_effects"]

FloatArray = npt.NDArray[np.float64]


class _Key(NamedTuple):
    group: str
    cell_lines: str
    arm: str


def estimate_effects(
    expression: Expression, *, groups: Groups, vehicle: str, trend: bool = False, level: float = 0.95
) -> pl.DataFrame:
    """Estimate the change in each drug arm, with lines as blocks.

    Parameters
    ----------
    expression : log2 values; samples with ``cell_line`` and ``treatment``
    groups : name → cell lines
    vehicle : the treatment that is none
    trend : let the prior variance follow the level of the feature
    level : coverage of the intervals

    Returns
    -------
    One row per group × drug arm × detected feature: ``group``, ``cell_lines``, ``arm``, ``feature``, ``effect`` (log2,
    drug − vehicle), ``ci_low``, ``ci_high``, ``t``, ``df``, ``p_value``, ``q_value`` (within group and arm), ``n``

    Raises
    ------
    LayoutError
        As `sensitome.expression.response.measure_response`.

    Notes
    -----
    limma ``eBayes(lmFit(y, ~ line + arm))`` (tests/oracle/response, rtol 1e-10).

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027
    """
    refuse_without(expression, ("cell_line", "treatment"))
    tables = []
    for name, lines in groups.items():
        part, arms, line = group_samples(expression, name=name, lines=lines, vehicle=vehicle)
        test = moderated_t(fit_linear(part.values.T, line_arm_design(arms, line)), trend=trend, level=level)
        for column, arm in enumerate(arm_names(part, vehicle)[1:]):
            tables.append(_rows(part, test, column, key=_Key(name, ", ".join(lines), arm)))
    return pl.concat(tables)


def compare_groups(
    expression: Expression, *, groups: Groups, vehicle: str, trend: bool = False, level: float = 0.95
) -> pl.DataFrame:
    """Test whether two groups of lines answer differently: the interaction of group and arm.

    That one group has more significant features than the other does not show it; this does.

    Parameters
    ----------
    expression : log2 values; samples with ``cell_line`` and ``treatment``
    groups : two disjoint groups of lines; the effect is that of the first minus that of the second
    vehicle, trend, level : as of `estimate_effects`

    Returns
    -------
    As `estimate_effects`, with ``group`` = "first − second"; ``effect`` is the difference of the two changes, log2

    Raises
    ------
    LayoutError
        There are not two disjoint groups, or they have not the same arms.

    References
    ----------
    Gelman & Stern 2006, doi:10.1198/000313006X152649
    """
    refuse_without(expression, ("cell_line", "treatment"))
    if len(groups) != 2 or set.intersection(*(set(lines) for lines in groups.values())):
        raise LayoutError(
            "groups of lines cannot be compared",
            found=listed(f"{name}: {', '.join(lines)}" for name, lines in groups.items()),
            expected="two groups that share no line",
        )
    (first, first_lines), (second, second_lines) = groups.items()
    lines = [*first_lines, *second_lines]
    part, arms, line = group_samples(expression, name=f"{first} and {second}", lines=lines, vehicle=vehicle)
    in_first = line < len(first_lines)
    if set(arms[in_first]) != set(arms[~in_first]):
        raise LayoutError(
            "groups of lines have different arms", found=f"{first} and {second}", expected="the same arms"
        )
    drug = indicators(arms)[:, 1:]
    # The arms of the second group, what the first has beyond them, and a level for each line.
    design = np.hstack([drug * in_first[:, None], drug, indicators(line)])
    test = moderated_t(fit_linear(part.values.T, design), trend=trend, level=level)
    key = f"{first} − {second}"
    words = f"{', '.join(first_lines)} − {', '.join(second_lines)}"
    names = arm_names(part, vehicle)[1:]
    return pl.concat(_rows(part, test, column, key=_Key(key, words, arm)) for column, arm in enumerate(names))


def _rows(part: Expression, test: ModeratedTest, column: int, *, key: _Key) -> pl.DataFrame:
    """Table of one coefficient."""
    frame = pl.DataFrame(
        {
            "feature": part.features["feature"],
            "effect": test.effect[:, column],
            "ci_low": test.ci_low[:, column],
            "ci_high": test.ci_high[:, column],
            "t": test.t[:, column],
            "df": test.df,
            "p_value": test.p_value[:, column],
            "q_value": adjust_p(test.p_value[:, column]),
            "n": np.isfinite(part.values).sum(axis=0).astype(np.int32),
        }
    )
    labels = [pl.lit(value).alias(name) for name, value in key._asdict().items()]
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    return frame.with_columns(pl.col(floats).fill_nan(None)).select(*labels, pl.all())
