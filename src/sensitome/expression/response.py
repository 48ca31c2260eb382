"""Which features answer to a treatment, in all lines and in groups of them.

The paper's test pools the lines of a group, so that the difference between lines is noise to it. The blocked tests and
the linear model compare treatments within lines; they are the ones to trust where lines differ in level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.group_ranks import (
    GroupTest,
    aligned_ranks,
    block_ranks,
    blocked_test,
    kruskal_wallis,
    permutation_p,
)
from sensitome.core.moderated import fit_linear, squeeze_variance, variance_prior
from sensitome.core.multiple import adjust_p
from sensitome.core.robust import nan_mean, nan_median
from sensitome.errors import MethodError, listed, suggestion
from sensitome.expression.detection import refuse_without
from sensitome.expression.groups import Groups, arm_names, group_samples, indicators, line_arm_design
from sensitome.expression.trials import Comparison, Trial, trials_of
from sensitome.expression_matrix import Expression

__all__ = ["TESTS", "ResponseTest", "measure_response", "moderated_f"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class ResponseTest:
    """One test of response.

    Parameters
    ----------
    name : by which it is chosen
    within_lines : whether treatments are compared within lines
    statistic : what ``statistic`` is
    reference : where it comes from
    """

    name: str
    within_lines: bool
    statistic: str
    reference: str


#: The tests of response, by name.
TESTS: Mapping[str, ResponseTest] = {
    test.name: test
    for test in (
        ResponseTest("kruskal", False, "Kruskal-Wallis H", "doi:10.1080/01621459.1952.10483441"),
        ResponseTest("blocked", True, "χ² of ranks within lines", "doi:10.1016/S1385-7258(53)50043-5"),
        ResponseTest("aligned", True, "χ² of aligned ranks", "doi:10.1214/aoms/1177704575"),
        ResponseTest("permutation", True, "χ² of aligned ranks, shuffled within lines", "doi:10.1214/aoms/1177704575"),
        ResponseTest("moderated", True, "moderated F of ~ line + arm", "doi:10.2202/1544-6115.1027"),
    )
}  # fmt: skip


def measure_response(
    expression: Expression,
    *,
    groups: Groups,
    vehicle: str,
    test: str = "kruskal",
    comparison: Comparison = "arms",
    draws: int = 9999,
    rng: np.random.Generator | None = None,
) -> pl.DataFrame:
    """Test which features change under treatment, in each group of lines.

    Parameters
    ----------
    expression : log2 values; samples with ``cell_line`` and ``treatment``
    groups : name → cell lines, e.g. all, responding, poorly responding
    vehicle : the treatment that is none
    test : key of `TESTS`; ``kruskal`` is the paper's
    comparison : ``arms`` (vehicle and every drug arm are groups), ``treated`` (vehicle against all drug arms) or
        ``each`` (vehicle against each drug arm by itself: as many tests a feature as there are drug arms)
    draws, rng : of ``permutation``

    Returns
    -------
    One row per group × feature that some array of the group detects, in this order: ``group``, ``cell_lines`` (joined
    by ", "), ``feature``, ``test``, ``comparison``, ``statistic``, ``df``, ``p_value`` (nominal), ``q_value``
    (Benjamini–Hochberg within the group), ``arm`` (drug arm that changes most, signed ``change`` = its median − that
    of the vehicle, over the lines' values centered per line, log2), ``n``, ``n_detected``

    Raises
    ------
    MethodError
        The test is unknown, or needs a generator of random numbers.
    LayoutError
        Samples lack cell line or treatment, a group names a line that is not there, or has one arm only.

    Notes
    -----
    ``kruskal`` equals R ``kruskal.test`` (tests/oracle/kruskal, rtol 1e-12), ``moderated`` limma ``topTable`` over the
    arms (tests/oracle/response, rtol 1e-10). For ``permutation`` a value that was not measured has the mean rank.

    References
    ----------
    Normann et al. 2021, doi:10.1038/s41598-021-90385-2
    """
    _refuse_unknown(test, comparison, rng)
    refuse_without(expression, ("cell_line", "treatment"))
    tables = []
    for name, lines in groups.items():
        part, arms, line = group_samples(expression, name=name, lines=lines, vehicle=vehicle)
        for trial in trials_of(part, arms, line, names=arm_names(part, vehicle), comparison=comparison):
            result = _tested(trial.part.values.T, trial.labels, trial.line, test=test, draws=draws, rng=rng)
            labels = {"group": name, "cell_lines": ", ".join(lines), "test": test, "comparison": trial.comparison}
            tables.append(_rows(trial, result, labels=labels))
    return pl.concat(tables)


def moderated_f(values: FloatArray, arms: IntArray, line: IntArray) -> GroupTest:
    """F test of all drug arms in a linear model with lines as blocks, with a variance borrowed from all features.

    Parameters
    ----------
    values : (features, samples), log2; NaN = not measured
    arms : (samples,), 0 = vehicle
    line : (samples,), blocks

    Returns
    -------
    GroupTest; `df` is that of the arms

    Notes
    -----
    F = (RSS without arms − RSS with arms) / (df s̃²), as limma (tests/oracle/response, rtol 1e-10).
    """
    from scipy.special import fdtrc

    full = fit_linear(values, line_arm_design(arms, line))
    plain = fit_linear(values, indicators(line))
    prior = variance_prior(full.variance, full.df)
    variance = squeeze_variance(full.variance, full.df, prior=prior)
    between = plain.df - full.df
    explained = np.nan_to_num(plain.variance) * plain.df - np.nan_to_num(full.variance) * full.df
    total = np.minimum(full.df + prior.df, full.df.sum())
    testable = (between > 0) & (total > 0) & (full.df > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(testable, np.maximum(explained, 0) / between / variance, np.nan)
    p = np.where(testable, fdtrc(np.maximum(between, 1), np.maximum(total, 1e-300), statistic), np.nan)
    return GroupTest(statistic, between.astype(np.intp), p, np.isfinite(values).sum(axis=1))


def _tested(
    values: FloatArray, labels: IntArray, line: IntArray, *, test: str, draws: int, rng: np.random.Generator | None
) -> GroupTest:
    if test == "kruskal":
        return kruskal_wallis(values, labels)
    if test == "moderated":
        return moderated_f(values, labels, line)
    scores = block_ranks(values, line) if test == "blocked" else aligned_ranks(values, line)
    result = blocked_test(scores, labels, block=line)
    if test == "permutation" and rng is not None:
        complete = np.nan_to_num(scores - nan_mean(scores, axis=1)[:, None])
        return result._replace(p=permutation_p(complete, labels, block=line, draws=draws, rng=rng))
    return result


def _rows(trial: Trial, result: GroupTest, *, labels: Mapping[str, str]) -> pl.DataFrame:
    """Table of one group and comparison."""
    part = trial.part
    change = _changes(part.values.T, trial.arms, trial.line)
    size = np.nan_to_num(np.abs(change), nan=-1.0)
    which = size.argmax(axis=1) if size.size else np.zeros(len(size), dtype=np.intp)
    largest = change[np.arange(len(change)), which]
    n_detected = part.values.shape[0] if part.detected is None else part.detected.sum(axis=0)
    frame = pl.DataFrame(
        {
            "feature": part.features["feature"],
            "statistic": result.statistic,
            "df": result.df.astype(np.int32),
            "p_value": result.p,
            "q_value": adjust_p(result.p),
            "arm": np.array(trial.names[1:])[which],
            "change": largest,
            "n": result.n.astype(np.int32),
            "n_detected": np.broadcast_to(np.asarray(n_detected, dtype=np.int32), len(result.p)),
        }
    )
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    told = {name: pl.lit(text).alias(name) for name, text in labels.items()}
    return frame.with_columns(pl.col(floats).fill_nan(None)).select(
        told["group"], told["cell_lines"], "feature", told["test"], told["comparison"], pl.exclude("feature")
    )


def _changes(values: FloatArray, arms: IntArray, line: IntArray) -> FloatArray:
    """Median of each drug arm less that of the vehicle, of values centered per line: (features, drug arms)."""
    centered = values.copy()
    for number in np.unique(line):
        own = line == number
        centered[:, own] -= nan_median(values[:, own], axis=1)[:, None]
    middle = np.stack([nan_median(centered[:, arms == arm], axis=1) for arm in range(arms.max() + 1)], axis=1)
    return np.asarray(middle[:, 1:] - middle[:, :1], dtype=np.float64)


def _refuse_unknown(test: str, comparison: str, rng: np.random.Generator | None) -> None:
    if test not in TESTS:
        raise MethodError(
            "unknown test of response", found=repr(test), expected=listed(TESTS), next_step=suggestion(test, TESTS)
        )
    if comparison not in get_args(Comparison):
        raise MethodError("unknown comparison", found=repr(comparison), expected=listed(get_args(Comparison)))
    if test == "permutation" and rng is None:
        raise MethodError(
            "test 'permutation' needs a source of chance", expected="rng, a NumPy generator with a seed that is kept"
        )
