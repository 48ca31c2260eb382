"""Survival curves of the high and the low patients of a feature, as tables that a figure can be drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.cohort.cuts import Cut, split
from sensitome.cohort.endpoint_data import endpoint_data
from sensitome.core.survival.competing import cumulative_incidence
from sensitome.core.survival.kaplan_meier import Interval, at_risk, interval, kaplan_meier, quantile
from sensitome.errors import TableError, listed, suggestion
from sensitome.expression_matrix import Expression

__all__ = ["Curves", "curve_tables", "feature_row", "survival_curves"]

FloatArray = npt.NDArray[np.float64]

_ARMS = ("low", "high")


@dataclass(frozen=True)
class Curves:
    """Curves of the two arms of a split.

    Parameters
    ----------
    steps : ``arm, time, survival, ci_low, ci_high, n_risk, n_event, n_censored``; begins at time 0
    risk : ``arm, time, n_risk``: subjects at risk at the breaks of the time axis
    arms : ``arm, n, n_event, median, median_low, median_high``
    incidence : ``arm, cause, time, incidence, ci_low, ci_high``; empty where causes are not known
    """

    steps: pl.DataFrame
    risk: pl.DataFrame
    arms: pl.DataFrame
    incidence: pl.DataFrame


def feature_row(expression: Expression, feature: str) -> int:
    """Position of a feature.

    Raises
    ------
    TableError
        It is not in the matrix; the closest name is suggested.
    """
    names = expression.features["feature"].cast(pl.String).to_list()
    if feature in names:
        return names.index(feature)
    raise TableError(
        "matrix has no such feature",
        found=repr(feature),
        expected=listed(names, most=3),
        next_step=suggestion(feature, names) or "Check the name and its miRBase version.",
    )


def survival_curves(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    feature: str,
    endpoint: str,
    cut: Cut = "median",
    level: float = 0.95,
    kind: Interval = "log-log",
    breaks: int = 6,
) -> Curves:
    """Curves of the patients with high and low expression of a feature.

    Parameters
    ----------
    expression : samples × features
    clinical : ``sample`` and the columns of the endpoint
    feature, endpoint : names
    cut : how patients are parted, as in `compare_survival`
    level, kind : of the intervals
    breaks : how many times the table of those at risk has, at most

    Raises
    ------
    TableError
        The matrix has no such feature, or the endpoint cannot be used.
    """
    data = endpoint_data(expression.take(features=[feature_row(expression, feature)]), clinical, endpoint)
    member = split(data.values, cut).member[0]
    times = _breaks(float(data.time[~np.isnan(member)].max(initial=0.0)), breaks)
    steps, risk, arms, incidence = [], [], [], []
    for code, arm in enumerate(_ARMS):
        own = member == code
        if not own.any():
            continue
        curve = kaplan_meier(data.time[own], data.event[own])
        low, high = interval(curve, level=level, kind=kind)
        first = {"survival": 1.0, "ci_low": 1.0, "ci_high": 1.0, "n_risk": float(own.sum()), "n_event": 0.0}
        columns = {"time": curve.time, "survival": curve.survival, "ci_low": low, "ci_high": high}
        counts = {"n_risk": curve.n_risk, "n_event": curve.n_event, "n_censored": curve.n_censored}
        steps.append(_with_arm(arm, {n: np.append(first.get(n, 0.0), v) for n, v in {**columns, **counts}.items()}))
        risk.append(_with_arm(arm, {"time": times, "n_risk": at_risk(curve, times)}))
        median = quantile(curve, level=level, kind=kind)
        arms.append((arm, int(own.sum()), int(data.event[own].sum()), *median))
        if data.cause is not None:
            incidence += _incidence(arm, data.time[own], data.cause[own], int(data.cause.max()))
    if not steps:
        raise TableError(
            f"nobody can be parted by {feature!r}",
            where=f"endpoint {endpoint!r}",
            found="no value",
            expected="values of patients who have the endpoint",
        )
    return Curves(
        _tidy(pl.concat(steps)).with_columns(pl.col("n_risk", "n_event", "n_censored").cast(pl.Int32)),
        _tidy(pl.concat(risk)).with_columns(pl.col("n_risk").cast(pl.Int32)),
        _tidy(pl.DataFrame(arms, schema=_ARM_COLUMNS, orient="row")),
        _tidy(pl.concat(incidence)) if incidence else pl.DataFrame(schema=_INCIDENCE),
    )


def curve_tables(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    features: Sequence[str],
    endpoints: Sequence[str],
    cut: Cut = "median",
    kind: Interval = "log-log",
) -> dict[str, pl.DataFrame]:
    """Curves of several features and endpoints, as the tables of a run.

    Returns
    -------
    ``survival_curves``, ``survival_risk``, ``survival_arms`` and ``incidence``: the parts of `Curves`, with ``mirna``
    and ``endpoint`` in front

    Raises
    ------
    TableError
        As `survival_curves`.
    """
    parts: dict[str, list[pl.DataFrame]] = {
        "survival_curves": [],
        "survival_risk": [],
        "survival_arms": [],
        "incidence": [],
    }
    for feature in features:
        for endpoint in endpoints:
            found = survival_curves(expression, clinical, feature=feature, endpoint=endpoint, cut=cut, kind=kind)
            for name, table in zip(parts, (found.steps, found.risk, found.arms, found.incidence), strict=True):
                keys = pl.lit(feature).alias("mirna"), pl.lit(endpoint).alias("endpoint")
                parts[name].append(table.select(*keys, pl.all()))
    return {name: pl.concat(tables) for name, tables in parts.items() if tables}


_ARM_COLUMNS = {
    "arm": pl.String,
    "n": pl.Int32,
    "n_event": pl.Int32,
    "median": pl.Float64,
    "median_low": pl.Float64,
    "median_high": pl.Float64,
}
_INCIDENCE = {
    "arm": pl.String,
    "cause": pl.Int8,
    "time": pl.Float64,
    "incidence": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
}


def _incidence(arm: str, time: FloatArray, cause: npt.NDArray[np.intp], causes: int) -> list[pl.DataFrame]:
    """Cumulative incidence with log-log intervals, which stay between 0 and 1."""
    found = cumulative_incidence(time, cause, causes=causes)
    tables = []
    for code in range(causes):
        value, se = found.incidence[code], found.se[code]
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = 1.959963984540054 * se / ((1 - value) * np.log1p(-value))
            low, high = 1 - (1 - value) ** np.exp(reach), 1 - (1 - value) ** np.exp(-reach)
        columns = {"time": found.time, "incidence": value, "ci_low": low, "ci_high": high}
        table = _with_arm(arm, {name: np.append(0.0, values) for name, values in columns.items()})
        tables.append(table.insert_column(1, pl.Series("cause", [code + 1] * table.height, dtype=pl.Int8)))
    return tables


def _breaks(last: float, most: int) -> FloatArray:
    """Round times from 0 to the last one."""
    if last <= 0:
        return np.zeros(1)
    rough = last / max(most - 1, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(nice * power for nice in (1.0, 2.0, 2.5, 5.0, 10.0) if nice * power >= rough)
    return np.arange(0.0, last + step * 1e-9, step)


def _with_arm(arm: str, columns: dict[str, FloatArray]) -> pl.DataFrame:
    table = pl.DataFrame(columns)
    return table.insert_column(0, pl.Series("arm", [arm] * table.height))


def _tidy(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(pl.Float64).fill_nan(None))
