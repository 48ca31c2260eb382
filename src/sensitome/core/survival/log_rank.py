"""Log-rank tests: several groups, strata, weights; and one split of each of thousands of features at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sensitome.core.survival.times import Deaths, deaths_of, merge_times, stratum_rows
from sensitome.parallel import blocks, map_blocks

__all__ = ["LogRank", "LogRankEach", "log_rank", "log_rank_each"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

# Features of a block share the risk sets in cache; about a megabyte an array.
_BLOCK = 128


@dataclass(frozen=True)
class LogRank:
    """Log-rank test of several groups.

    Parameters
    ----------
    statistic : χ²; NaN where nothing can be compared
    df : degrees of freedom: groups that could have had an event, less one
    p : upper tail of χ²
    observed, expected : (groups,), events seen, and expected were all groups alike
    """

    statistic: float
    df: int
    p: float
    observed: FloatArray
    expected: FloatArray


@dataclass(frozen=True)
class LogRankEach:
    """Log-rank test of two groups for each of many features.

    Parameters
    ----------
    statistic, p : (features,), χ² with 1 df and its upper tail; NaN where a group is empty or never at risk
    observed, expected : (features, 2), events of the group False and of the group True
    n : (features, 2), subjects
    log_hazard_ratio, se : (features,), (O − E) / V and 1 / √V of the group True: Peto's one-step estimate
    """

    statistic: FloatArray
    p: FloatArray
    observed: FloatArray
    expected: FloatArray
    n: IntArray
    log_hazard_ratio: FloatArray
    se: FloatArray


def log_rank(
    time: FloatArray, event: BoolArray, group: IntArray, *, strata: IntArray | None = None, rho: float = 0.0
) -> LogRank:
    """Test whether groups differ in their time to the event.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    event : (n,), whether the event was seen
    group : (n,), codes from 0
    strata : (n,), codes; subjects are compared within strata only
    rho : weight S(t−)^rho; 0 = log-rank, 1 = Peto & Peto's

    Notes
    -----
    Hypergeometric variance; a group that is never at risk when an event happens takes no degree of freedom. R
    ``survival::survdiff`` 3.5-3 (tests/oracle/survival, rtol 1e-10).

    References
    ----------
    Mantel 1966, Cancer Chemother Rep 50:163; Harrington & Fleming 1982, doi:10.1093/biomet/69.3.553
    """
    from scipy.special import chdtrc

    groups = int(group.max(initial=0)) + 1
    observed, expected, variance = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    time = merge_times(time)
    for rows in stratum_rows(strata, len(time)):
        deaths = deaths_of(time[rows], event[rows])
        member = np.eye(groups)[group[rows][deaths.order]]
        at_risk = np.cumsum(member, axis=0)[deaths.risk_end - 1]
        seen = np.add.reduceat(member[deaths.dead], deaths.first, axis=0) if len(deaths.dead) else np.zeros((0, groups))
        weight = _survival_before(deaths) ** rho
        share = at_risk / deaths.n_risk[:, None]
        observed += weight @ seen
        expected += (weight * deaths.n_event) @ share
        spread = weight**2 * _spread(deaths)
        variance += np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    used = np.flatnonzero(expected > 0)
    df = len(used) - 1
    if df < 1:
        return LogRank(float("nan"), max(df, 0), float("nan"), observed, expected)
    rest = used[1:]
    distance = (observed - expected)[rest]
    statistic = float(distance @ np.linalg.lstsq(variance[np.ix_(rest, rest)], distance, rcond=None)[0])
    return LogRank(statistic, df, float(chdtrc(df, statistic)), observed, expected)


def log_rank_each(
    time: FloatArray,
    event: BoolArray,
    member: FloatArray,
    *,
    strata: IntArray | None = None,
    rho: float = 0.0,
    jobs: int = 1,
) -> LogRankEach:
    """Log-rank test of each feature's split of the same subjects.

    Parameters
    ----------
    time : (n,), any unit, no NaN; nearly equal times are merged
    event : (n,), whether the event was seen
    member : (features, n), 1 = in the group, 0 = not, NaN = left out for this feature
    strata : (n,), codes; subjects are compared within strata only
    rho : weight S(t−)^rho of all subjects of the feature
    jobs : threads; the answer does not depend on it

    Notes
    -----
    The same numbers as `log_rank`, feature by feature (tests, rtol 1e-10).
    """
    from scipy.special import chdtrc

    time = merge_times(time)
    parts = [(rows, deaths_of(time[rows], event[rows])) for rows in stratum_rows(strata, len(time))]

    def block(where: slice) -> FloatArray:
        return sum((_sums(member[where][:, rows], deaths, rho) for rows, deaths in parts), np.zeros((1, 1)))

    sums = np.concatenate([np.zeros((0, 5)), *map_blocks(block, blocks(len(member), size=_BLOCK), jobs=jobs)])
    seen, expected, variance, all_seen, all_expected = sums.T
    usable = variance > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(usable, (seen - expected) ** 2 / variance, np.nan)
        ratio = np.where(usable, (seen - expected) / variance, np.nan)
        se = np.where(usable, 1.0 / np.sqrt(variance), np.nan)
    there = ~np.isnan(member)
    n_in = np.where(there, member, 0.0).sum(axis=1).astype(np.intp)
    return LogRankEach(
        statistic=statistic,
        p=np.where(usable, chdtrc(1, np.nan_to_num(statistic)), np.nan),
        observed=np.stack([all_seen - seen, seen], axis=1),
        expected=np.stack([all_expected - expected, expected], axis=1),
        n=np.stack([there.sum(axis=1) - n_in, n_in], axis=1),
        log_hazard_ratio=ratio,
        se=se,
    )


def _survival_before(deaths: Deaths) -> FloatArray:
    """Kaplan-Meier of everyone just before each time of an event, in the (falling) order of the times."""
    step = (1.0 - deaths.n_event / deaths.n_risk)[::-1]
    return np.append(1.0, np.cumprod(step)[:-1])[::-1] if len(step) else step


def _spread(deaths: Deaths) -> FloatArray:
    """Hypergeometric d (n − d) / (n − 1) at each time; 0 where one subject is left."""
    n, d = deaths.n_risk, deaths.n_event
    return np.asarray(np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0), dtype=np.float64)


def _sums(member: FloatArray, deaths: Deaths, rho: float) -> FloatArray:
    """(features, 5): O and E of the group, its variance, O and E of all, summed over the times of events."""
    member = member[:, deaths.order]
    gaps = np.isnan(member)
    if gaps.any():
        return _sums_with_gaps(member, gaps, deaths, rho)
    weight = _survival_before(deaths) ** rho
    at_risk = np.cumsum(member, axis=1)[:, deaths.risk_end - 1]
    seen = member[:, deaths.dead] @ np.repeat(weight, deaths.n_event.astype(np.intp))
    per_head = weight * deaths.n_event / deaths.n_risk
    spread = weight**2 * _spread(deaths) / deaths.n_risk**2
    total = float(weight @ deaths.n_event)
    variance = at_risk @ (spread * deaths.n_risk) - (at_risk * at_risk) @ spread
    # A group that holds everyone, or no one, at every event has no variance but for rounding.
    variance = np.where((at_risk == deaths.n_risk).all(axis=1) | (at_risk == 0).all(axis=1), 0.0, variance)
    answer = np.empty((len(member), 5))
    answer[:, 0], answer[:, 1], answer[:, 2] = seen, at_risk @ per_head, variance
    answer[:, 3:] = total
    return answer


def _sums_with_gaps(member: FloatArray, gaps: BoolArray, deaths: Deaths, rho: float) -> FloatArray:
    """`_sums` where each feature has its own subjects."""
    there = (~gaps).astype(np.float64)
    group = np.where(gaps, 0.0, member)
    n = np.cumsum(there, axis=1)[:, deaths.risk_end - 1]
    n_group = np.cumsum(group, axis=1)[:, deaths.risk_end - 1]
    if len(deaths.dead):
        d = np.add.reduceat(there[:, deaths.dead], deaths.first, axis=1)
        d_group = np.add.reduceat(group[:, deaths.dead], deaths.first, axis=1)
    else:
        d = d_group = np.zeros(n.shape)
    safe = np.maximum(n, 1.0)
    step = (1.0 - d / safe)[:, ::-1]
    before = np.cumprod(np.concatenate([np.ones((len(member), 1)), step[:, :-1]], axis=1), axis=1)[:, : step.shape[1]]
    weight = before[:, ::-1] ** rho
    share = n_group / safe
    spread = np.where(n > 1, d * (n - d) / np.maximum(n - 1.0, 1.0), 0.0)
    total = (weight * d).sum(axis=1)
    parts = [(weight * d_group).sum(axis=1), (weight * d * share).sum(axis=1)]
    return np.stack([*parts, (weight**2 * spread * share * (1 - share)).sum(axis=1), total, total], axis=1)
