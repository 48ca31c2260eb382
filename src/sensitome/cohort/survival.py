"""Does the expression of a miRNA go with survival: the split of the paper, and the continuous model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.cohort.cuts import Cut, Split, split
from sensitome.cohort.endpoint_data import EndpointData, endpoint_data
from sensitome.cohort.matching import adjusting_values
from sensitome.core.multiple import adjust_p
from sensitome.core.survival.cox import CoxEach, Ties, cox_each
from sensitome.core.survival.log_rank import log_rank_each
from sensitome.core.survival.power import power
from sensitome.errors import Caution, TableError, listed, suggestion
from sensitome.expression_matrix import Expression

__all__ = ["compare_survival"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

# Fewer events than this for each coefficient make a model that is not to be leaned on.
_EVENTS_A_VARIABLE = 5
_Z = 1.959963984540054


def compare_survival(
    expression: Expression,
    clinical: pl.DataFrame,
    *,
    endpoints: Sequence[str],
    cut: Cut = "median",
    covariates: Sequence[str] = (),
    strata: str | None = None,
    ties: Ties = "efron",
    hazard_ratio: float = 1.5,
    name: str = "",
    jobs: int = 1,
) -> pl.DataFrame:
    """Test every feature against every endpoint.

    Parameters
    ----------
    expression : samples × features; NaN = not measured
    clinical : ``sample`` and the columns of the endpoints, as in `sensitome.patients.Cohort`
    endpoints : names
    cut : how the log-rank test parts the patients who have the endpoint
    covariates : columns of `clinical` for the adjusted model; patients that lack one are left out of it
    strata : column of `clinical`: patients are compared within its values
    ties : of Cox's regression
    hazard_ratio : for which `power` is told
    name : of the cohort, for cautions
    jobs : threads; the answer does not depend on it

    Returns
    -------
    One row per ``mirna, endpoint, model``: ``log-rank`` (the split; effect by Cox's regression on it), ``cox`` (per
    standard deviation) and, with covariates, ``cox-adjusted``; ``effect, ci_low, ci_high`` (log hazard ratio, natural;
    positive = earlier events with high expression), ``se``, ``statistic`` (χ² of the log-rank or score test),
    ``p_value, q_value`` (Benjamini and Hochberg over miRNAs and endpoints of the model), ``n, n_event, n_high, n_low,
    events_high, events_low, cut, n_tied, power`` (at these events, for `hazard_ratio`), ``note`` (what needs care)

    Raises
    ------
    TableError
        A column is missing, or no sample is in both.

    Warns
    -----
    Caution
        Rows with a note, counted by what it says.
    """
    parts = []
    for endpoint in endpoints:
        data = endpoint_data(expression, clinical, endpoint)
        groups = None if strata is None else _codes(data.clinical, strata)
        names = expression.features["feature"].cast(pl.String)
        parts.append(_split_rows(data, cut, groups, ties, jobs).with_columns(mirna=names, endpoint=pl.lit(endpoint)))
        continuous = cox_each(data.time, data.event, _scaled(data.values), ties=ties, strata=groups, jobs=jobs)
        parts.append(_cox_rows(continuous, "cox", 1).with_columns(mirna=names, endpoint=pl.lit(endpoint)))
        if covariates:
            adjusted, width = _adjusted(data, covariates, strata, ties, jobs)
            parts.append(
                _cox_rows(adjusted, "cox-adjusted", width).with_columns(mirna=names, endpoint=pl.lit(endpoint))
            )
    table = pl.concat(parts, how="diagonal")
    share = pl.col("n_high") / (pl.col("n_high") + pl.col("n_low"))
    table = table.with_columns(share.alias("_share"))
    strength = [
        None if not events else float(power(events, hazard_ratio, share=part))
        for events, part in table.select("n_event", "_share").iter_rows()
    ]
    table = table.with_columns(pl.Series("power", strength, dtype=pl.Float64)).drop("_share")
    table = table.with_columns(pl.col(pl.Float64).fill_nan(None))
    adjusted_p = table.select(pl.col("p_value").map_batches(_bh, return_dtype=pl.Float64).over("model").alias("q"))["q"]
    table = table.with_columns(adjusted_p.fill_nan(None).alias("q_value")).select(_COLUMNS)
    _caution(table, name)
    return table


_COLUMNS = [
    *(
        "mirna",
        "endpoint",
        "model",
        "effect",
        "ci_low",
        "ci_high",
        "se",
        "statistic",
        "p_value",
        "q_value",
        "n",
        "n_event",
    ),
    *("n_high", "n_low", "events_high", "events_low", "cut", "n_tied", "power", "note"),
]


def _split_rows(data: EndpointData, cut: Cut, strata: IntArray | None, ties: Ties, jobs: int) -> pl.DataFrame:
    """Log-rank test of the split, its effect by Cox's regression."""
    parted = split(data.values, cut)
    test = log_rank_each(data.time, data.event, parted.member, strata=strata, jobs=jobs)
    fit = cox_each(data.time, data.event, parted.member, ties=ties, strata=strata, jobs=jobs)
    effect = np.where(fit.converged, fit.coefficient, np.nan)
    se = np.where(fit.converged, fit.se, np.nan)
    events = _events(parted, data.event)
    return pl.DataFrame(
        {
            "model": ["log-rank"] * len(effect),
            "effect": effect,
            "ci_low": effect - _Z * se,
            "ci_high": effect + _Z * se,
            "se": se,
            "statistic": test.statistic,
            "p_value": test.p,
            "n": test.n.sum(axis=1).astype(np.int32),
            "n_event": events.sum(axis=1).astype(np.int32),
            "n_high": test.n[:, 1].astype(np.int32),
            "n_low": test.n[:, 0].astype(np.int32),
            "events_high": events[:, 1].astype(np.int32),
            "events_low": events[:, 0].astype(np.int32),
            "cut": parted.cut,
            "n_tied": parted.n_tied.astype(np.int32),
            "note": [
                _split_note(n, d, int(tied), cut) for n, d, tied in zip(test.n, events, parted.n_tied, strict=True)
            ],
        }
    )


def _cox_rows(fit: CoxEach, model: str, width: int) -> pl.DataFrame:
    effect, se = (np.where(fit.converged, side, np.nan) for side in (fit.coefficient, fit.se))
    notes = [_model_note(bool(ok), int(events), width) for ok, events in zip(fit.converged, fit.n_event, strict=True)]
    return pl.DataFrame(
        {
            "model": [model] * len(effect),
            "effect": effect,
            "ci_low": effect - _Z * se,
            "ci_high": effect + _Z * se,
            "se": se,
            "statistic": fit.score,
            "p_value": np.where(fit.converged, fit.p, np.nan),
            "n": fit.n.astype(np.int32),
            "n_event": fit.n_event.astype(np.int32),
            "note": notes,
        },
        schema_overrides={"note": pl.String},
    )


def _adjusted(
    data: EndpointData, covariates: Sequence[str], strata: str | None, ties: Ties, jobs: int
) -> tuple[CoxEach, int]:
    """Models with covariates, and how many coefficients each has."""
    lacking = [name for name in covariates if name not in data.clinical.columns]
    if lacking:
        raise TableError(
            "clinical table lacks covariates",
            found=listed(data.clinical.columns, last="and"),
            expected=listed(lacking, last="and"),
            next_step=suggestion(lacking[0], data.clinical.columns),
        )
    complete = data.clinical.select(pl.all_horizontal(pl.col(covariates).is_not_null()).alias("there"))[
        "there"
    ].to_numpy()
    own = data.clinical.filter(complete)
    adjusting = adjusting_values(own.select(covariates))
    groups = None if strata is None else _codes(own, strata)
    values = _scaled(data.values)[:, complete]
    fit = cox_each(
        data.time[complete], data.event[complete], values, covariates=adjusting, ties=ties, strata=groups, jobs=jobs
    )
    return fit, 1 if adjusting is None else 1 + len(adjusting)


def _codes(clinical: pl.DataFrame, column: str) -> IntArray:
    """Codes of a text or number column; an empty cell is a stratum of its own."""
    if column not in clinical.columns:
        raise TableError(
            "clinical table lacks the column of strata",
            found=listed(clinical.columns, last="and"),
            expected=repr(column),
            next_step=suggestion(column, clinical.columns),
        )
    return clinical[column].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.intp)


def _scaled(values: FloatArray) -> FloatArray:
    """Features in standard deviations over the patients; a constant one stays constant."""
    there = ~np.isnan(values)
    n = np.maximum(there.sum(axis=1, keepdims=True), 1)
    middle = np.where(there, values, 0.0).sum(axis=1, keepdims=True) / n
    spread = np.sqrt(np.where(there, (values - middle) ** 2, 0.0).sum(axis=1, keepdims=True) / np.maximum(n - 1, 1))
    return np.asarray((values - middle) / np.where(spread > 0, spread, 1.0))


def _events(parted: Split, event: BoolArray) -> IntArray:
    """(features, 2): events among the low and the high."""
    return np.stack([(parted.member[:, event] == side).sum(axis=1) for side in (0, 1)], axis=1)


def _split_note(n: IntArray, events: IntArray, tied: int, cut: Cut) -> str:
    low, high = int(n[0]), int(n[1])
    if low + high == 0:
        return "not measured"
    if low == 0 or high == 0:
        return "one value: no split"
    notes = []
    if cut in ("median", "median-up") and abs(high - low) > 1:
        notes.append(f"unequal halves: {low} low, {high} high, {tied} at the median")
    if events.min() == 0:
        notes.append("a group without events")
    elif events.sum() < 2 * _EVENTS_A_VARIABLE:
        notes.append(f"{int(events.sum())} events")
    return "; ".join(notes)


def _model_note(converged: bool, events: int, width: int) -> str:
    if not converged:
        return "no estimate: constant, separated or without events"
    few = events < _EVENTS_A_VARIABLE * width
    return f"{events} events for {width} coefficient{'s' if width > 1 else ''}" if few else ""


def _bh(p: pl.Series) -> pl.Series:
    return pl.Series(adjust_p(p.fill_null(float("nan")).to_numpy()))


def _caution(table: pl.DataFrame, name: str) -> None:
    """One caution a kind of note, however many rows have it."""
    kinds = {
        "unequal halves": "the median split gives unequal halves",
        "a group without events": "a group has no events",
        "no split": "a split leaves one group empty",
        "no estimate": "a model has no estimate",
        "events for": f"a model has fewer than {_EVENTS_A_VARIABLE} events for each coefficient",
    }
    total = table.select("mirna", "endpoint").n_unique()
    for word, what in kinds.items():
        rows = table.filter(pl.col("note").str.contains(word, literal=True))
        if rows.height:
            subjects = (
                rows.select(pl.concat_str("mirna", "endpoint", separator=" × ")).to_series().unique(maintain_order=True)
            )
            warnings.warn(
                Caution(
                    what,
                    where=f"cohort {name!r}" if name else None,
                    found=f"{len(subjects)} of {total}: {listed(subjects, last='and', most=3)}",
                    next_step="See the column 'note' of the table.",
                ),
                stacklevel=3,
            )
