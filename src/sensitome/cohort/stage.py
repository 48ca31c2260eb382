"""Does the expression of a miRNA change with tumor stage: pairs of stages, any difference, and a trend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.group_ranks import kruskal_wallis
from sensitome.core.jonckheere import jonckheere
from sensitome.core.multiple import adjust_p
from sensitome.core.rank_sum import cliffs_delta, hodges_lehmann, rank_sum
from sensitome.errors import MethodError, TableError, listed
from sensitome.expression_matrix import Expression

__all__ = ["Stages", "compare_stages", "stage_numbers", "stage_values"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_STAGE = re.compile(r"(?:stage)?\s*(0|[1-4]|iv|iii|ii|i)(?:\.0+)?\s*[a-d]?[1-3]?", re.IGNORECASE)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


@dataclass(frozen=True)
class Stages:
    """What `compare_stages` found.

    Parameters
    ----------
    contrasts : one row per miRNA and pair of stages
    trend : one row per miRNA: any difference between stages, and a trend over them
    patients : one row per stage: ``stage, n, is_used, reason``
    """

    contrasts: pl.DataFrame
    trend: pl.DataFrame
    patients: pl.DataFrame


def stage_numbers(stages: pl.Series) -> pl.Series:
    """Stages 0 … 4 of any spelling; null where none is told.

    Parameters
    ----------
    stages : such as "Stage IIA", "iii", "2", 2.0; "stage x" and whatever else is no stage becomes null

    >>> stage_numbers(pl.Series(["stage iia", "IIIC", "2.0", "stage x", None])).to_list()
    [2, 3, 2, None, None]
    """
    numbers: dict[str, int | None] = {}
    for word in stages.cast(pl.String).drop_nulls().unique():
        match = _STAGE.fullmatch(word.strip())
        numbers[word] = None if match is None else _ROMAN.get(match[1].lower()) or int(match[1])
    return stages.cast(pl.String).replace_strict(numbers, default=None, return_dtype=pl.Int8)


def compare_stages(
    expression: Expression,
    stages: pl.DataFrame,
    *,
    fewest: int = 5,
    order: Sequence[str | int] | None = None,
    level: float = 0.95,
    permutations: int = 0,
    seed: int = 0,
) -> Stages:
    """Compare every feature between stages.

    Parameters
    ----------
    expression : samples × features; NaN = not measured
    stages : ``sample`` and ``stage`` (numbers or text); null = unknown
    fewest : a stage with fewer patients is left out, and named in `patients`
    order : stages from first to last; None sorts them
    level : of the intervals
    permutations : for the trend of features with ties; 0 = normal law only. The random orders start from `seed`
    seed : of the permutations

    Returns
    -------
    contrasts : ``mirna, stage_a, stage_b, n_a, n_b, statistic`` (R's W of stage a), ``p_value``, ``p_holm`` (over the
        pairs of the miRNA), ``q_value`` (Benjamini and Hochberg over all miRNAs and pairs), ``effect, ci_low, ci_high``
        (Hodges and Lehmann's shift, b − a), ``delta, delta_low, delta_high`` (Cliff's, positive = higher in b),
        ``is_exact``
    trend : ``mirna, n, kruskal_h, kruskal_df, kruskal_p, kruskal_q, trend_z, effect`` (Kendall's tau-b), ``p_value``
        (the exact one where there is one), ``q_value, is_exact``

    Raises
    ------
    TableError
        `stages` lacks a column, or names no sample of the matrix.
    MethodError
        Fewer than two stages have enough patients.

    Notes
    -----
    Wilcoxon's test as R ``wilcox.test``: exact below 50 patients a stage without ties, else normal with continuity.
    """
    lacking = [name for name in ("sample", "stage") if name not in stages.columns]
    if lacking:
        raise TableError(
            "table of stages lacks columns", found=listed(stages.columns, last="and"), expected=listed(lacking)
        )
    rows, label = _stages_of(expression, stages)
    used, patients = _enough(label, fewest, order)
    group = np.array([used.index(value) if value in used else -1 for value in label], dtype=np.intp)
    values = expression.values[rows].T
    names = expression.features["feature"].cast(pl.String)
    contrasts = [
        _contrast(values[:, group == a], values[:, group == b], level).with_columns(
            names.alias("mirna"), pl.lit(str(used[a])).alias("stage_a"), pl.lit(str(used[b])).alias("stage_b")
        )
        for a, b in combinations(range(len(used)), 2)
    ]
    holm = adjust_p(np.array([part["p_value"].to_numpy() for part in contrasts]), method="holm", axis=0)
    pairs = pl.concat(
        [part.with_columns(pl.Series("p_holm", line)) for part, line in zip(contrasts, holm, strict=True)]
    )
    pairs = pairs.with_columns(pl.Series("q_value", adjust_p(pairs["p_value"].to_numpy()))).select(_CONTRAST)
    trend = _trend(values, group, names, permutations=permutations, seed=seed)
    return Stages(_tidy(_by_mirna(pairs, names)), _tidy(trend), patients)


def stage_values(
    expression: Expression, stages: pl.DataFrame, *, features: Sequence[str], fewest: int = 5
) -> pl.DataFrame:
    """Every value behind `compare_stages`, for a figure.

    Returns
    -------
    ``mirna, stage, sample, value`` of the stages that are compared; features as asked for, stages in order
    """
    rows, label = _stages_of(expression, stages)
    used, _ = _enough(label, fewest, None)
    place = {name: number for number, name in enumerate(expression.features["feature"].cast(pl.String))}
    samples = expression.samples["sample"].cast(pl.String).gather(rows)
    parts = []
    for feature in features:
        values = pl.Series("value", expression.values[rows, place[feature]]).fill_nan(None)
        table = pl.DataFrame({"stage": [None if value is None else str(value) for value in label], "sample": samples})
        table = table.with_columns(values, pl.lit(feature).alias("mirna")).drop_nulls()
        order = {str(value): number for number, value in enumerate(used)}
        kept = table.filter(pl.col("stage").is_in(list(order)))
        parts.append(kept.sort(pl.col("stage").replace_strict(order, return_dtype=pl.Int32), "sample"))
    return pl.concat(parts).select("mirna", "stage", "sample", "value")


_CONTRAST = [
    *("mirna", "stage_a", "stage_b", "n_a", "n_b", "statistic", "effect", "ci_low", "ci_high"),
    *("delta", "delta_low", "delta_high", "p_value", "p_holm", "q_value", "is_exact"),
]


def _stages_of(expression: Expression, stages: pl.DataFrame) -> tuple[IntArray, list[str | int | None]]:
    """Rows of the matrix whose sample has a row in `stages`, and their stages; a float such as 2.0 becomes 2."""
    column = stages["stage"]
    if column.dtype.is_float() and (column.drop_nulls() == column.drop_nulls().floor()).all():
        stages = stages.with_columns(column.cast(pl.Int64))
    own = expression.samples.select(pl.col("sample").cast(pl.String)).with_row_index("row")
    both = own.join(
        stages.select(pl.col("sample").cast(pl.String), "stage"), on="sample", how="inner", maintain_order="left"
    )
    if not both.height:
        raise TableError(
            "no sample of the matrix has a stage",
            found=" against ".join(listed(side, last="and", most=3) for side in (own["sample"], stages["sample"])),
            expected="the same names of samples",
        )
    return both["row"].to_numpy().astype(np.intp), both["stage"].to_list()


def _enough(
    label: list[str | int | None], fewest: int, order: Sequence[str | int] | None
) -> tuple[list[str | int], pl.DataFrame]:
    """Stages with enough patients in their order, and the count of all."""
    present = {value for value in label if value is not None}
    known = sorted(present, key=lambda value: (isinstance(value, str), value)) if order is None else list(order)
    rows: list[tuple[str | None, int, bool, str]] = []
    used = []
    for value in [*known, *sorted(present - set(known), key=str)]:
        n = label.count(value)
        reason = "" if n >= fewest else f"fewer than {fewest} patients"
        reason = reason if value in known else "not in the order of stages"
        rows.append((str(value), n, not reason, reason))
        if not reason:
            used.append(value)
    if None in label:
        rows.append((None, label.count(None), False, "stage unknown"))
    schema = {"stage": pl.String, "n": pl.Int32, "is_used": pl.Boolean, "reason": pl.String}
    patients = pl.DataFrame(rows, schema=schema, orient="row")
    if len(used) < 2:
        raise MethodError(
            "too few stages to compare",
            found=", ".join(f"stage {value}: {n}" for value, n, *_ in rows if value is not None) or "no stage",
            expected=f"two stages with at least {fewest} patients",
            next_step="Lower the number of patients that a stage needs, or join stages.",
        )
    return used, patients


def _contrast(a: FloatArray, b: FloatArray, level: float) -> pl.DataFrame:
    """Tests and estimates of one pair of stages."""
    test = rank_sum(a, b)
    shift, delta = hodges_lehmann(b, a, level=level), cliffs_delta(b, a, level=level)
    return pl.DataFrame(
        {
            "n_a": test.n_x.astype(np.int32),
            "n_b": test.n_y.astype(np.int32),
            "statistic": test.statistic,
            "effect": shift.value,
            "ci_low": shift.low,
            "ci_high": shift.high,
            "delta": delta.value,
            "delta_low": delta.low,
            "delta_high": delta.high,
            "p_value": test.p,
            "is_exact": test.is_exact,
        }
    )


def _trend(values: FloatArray, group: IntArray, names: pl.Series, *, permutations: int, seed: int) -> pl.DataFrame:
    inside = group >= 0
    any_difference = kruskal_wallis(values[:, inside], group[inside])
    trend = jonckheere(values, group, permutations=permutations, rng=np.random.default_rng(seed))
    exact = ~np.isnan(trend.p_exact)
    p = np.where(exact, trend.p_exact, trend.p)
    return pl.DataFrame(
        {
            "mirna": names,
            "n": any_difference.n.astype(np.int32),
            "kruskal_h": any_difference.statistic,
            "kruskal_df": any_difference.df.astype(np.int32),
            "kruskal_p": any_difference.p,
            "kruskal_q": adjust_p(any_difference.p),
            "trend_z": trend.z,
            "effect": trend.tau,
            "p_value": p,
            "q_value": adjust_p(p),
            "is_exact": exact,
        }
    )


def _by_mirna(pairs: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Contrasts of a miRNA together, miRNAs in the order of the matrix."""
    order = pl.DataFrame({"mirna": names}).with_row_index("_order")
    return pairs.join(order, on="mirna", maintain_order="left").sort("_order", maintain_order=True).drop("_order")


def _tidy(table: pl.DataFrame) -> pl.DataFrame:
    """Tables hold null, never NaN."""
    return table.with_columns(pl.col(pl.Float64).fill_nan(None))
