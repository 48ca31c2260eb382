"""The paper's rule: significant with the drug, quiet without it, target expressed; and who is a candidate.

Normann et al. 2021, doi:10.1038/s41598-021-90385-2. The rule asks for an effect *with* the drug. It does not test
whether the drug *changes* the effect, and it has no error rate; the stability table shows what it depends on.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.rule import GroupStatistics, candidates, group_statistics, quiet, significant
from sensitome.errors import Caution
from sensitome.frames import to_polars
from sensitome.screen.score_matrix import ITEM, ScoreMatrix, score_matrix
from sensitome.settings import HitSettings, Treatments

__all__ = ["Calls", "Significance", "call_hits", "call_matrix", "judge_groups"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Calls:
    """What the rule says of every item in every context; each (items, contexts), `candidate` (items,)."""

    statistics: GroupStatistics
    significant: BoolArray
    quiet: BoolArray
    hit: BoolArray
    candidate: BoolArray


def call_hits(
    scores: pl.DataFrame,
    *,
    settings: HitSettings,
    treatments: Treatments,
    expressed: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Call sensitizers by the threshold rule.

    Parameters
    ----------
    scores : table `scores`
    settings : the rule and what the paper leaves open
    treatments : which arm is the vehicle
    expressed : columns target, cell_line, expressed: which targets the untreated cells express
    targets : columns reagent, kind, target: which miRNA a reagent inhibits; a reagent without a row is its own target

    Returns
    -------
    Table `hits`: one row per library reagent (role sample) × cell line × drug arm, sorted by its key

    Raises
    ------
    LayoutError
        The vehicle is not among the treatments, or there are several treatments and no vehicle is named.
    MethodError
        Exclusion 2 is on and there is no table of expressed targets.

    Notes
    -----
    Hit ⇔ z < −k with the drug, |z| < k without it in the same line, and, for inhibitors, target expressed, where
    z = (score − median) / SD over all reagents of the treatment group. Checked against a hand-computed two-plate screen
    (tests/screen/test_hits.py).
    """
    if treatments.vehicle is None:
        warnings.warn(
            Caution(
                "a screen without a vehicle arm",
                expected="an arm without drug, to speak of sensitization",
                next_step="Its calls are losses of viability, whatever their cause.",
            ),
            stacklevel=2,
        )
    scores = to_polars(scores)
    matrix = score_matrix(scores, settings=settings, treatments=treatments, expressed=expressed, targets=targets)
    calls = call_matrix(matrix, settings=settings)
    return _hits_table(matrix, calls, settings=settings)


@dataclass(frozen=True)
class Significance:
    """What the groups say of every score, whatever is excluded later; each (items, contexts)."""

    statistics: GroupStatistics
    passes: BoolArray


def judge_groups(matrix: ScoreMatrix, *, settings: HitSettings) -> Significance:
    """Hold every score of a matrix against its treatment group; the exclusions do not matter yet."""
    statistics = _statistics(matrix, matrix.scores, settings=settings)
    if settings.replicates != "summary":
        return Significance(statistics, _by_replicates(matrix, settings=settings))
    return Significance(statistics, significant(statistics.z, k=settings.k, tail=settings.tail))


def call_matrix(matrix: ScoreMatrix, *, settings: HitSettings, judged: Significance | None = None) -> Calls:
    """Apply the rule to every item and context of a score matrix; `judged` when its groups are known already."""
    samples = (matrix.items["role"].cast(pl.String) == "sample").to_numpy()
    known = judged or judge_groups(matrix, settings=settings)
    passes = known.passes & matrix.contexts["is_drug"].to_numpy() & samples[:, None]
    calm = quiet(
        known.statistics.z,
        matrix.contexts["vehicle"].to_numpy().astype(np.intp),
        k=settings.exclusion_k,
        tail=settings.tail,
        sides=settings.exclusion,
        lines=settings.exclusion_lines,
    )
    hit = passes & calm & matrix.expressed
    candidate = candidates(
        hit,
        line_of=matrix.contexts["line"].to_numpy().astype(np.intp),
        arm_of=matrix.contexts["arm"].to_numpy().astype(np.intp),
        same_arm=settings.candidates == "same-arm",
    )
    return Calls(known.statistics, passes, calm, hit, candidate)


def _statistics(matrix: ScoreMatrix, scores: FloatArray, *, settings: HitSettings) -> GroupStatistics:
    """Center, spread and z of every treatment group as the settings define it."""
    group = "arm" if settings.lines == "pooled" else "context"
    pools = np.zeros(matrix.items.height, dtype=np.intp)
    if settings.pool == "by-kind":
        pools = (matrix.items["kind"].rank("dense") - 1).to_numpy().astype(np.intp)
    elif settings.pool == "by-library-plate":
        plate = matrix.items["position"].str.split(":").list.first()
        pools = (plate.rank("dense") - 1).to_numpy().astype(np.intp)
    return group_statistics(
        scores,
        np.ones(matrix.items.height, dtype=np.bool_),
        pools=pools,
        context_groups=matrix.contexts[group].to_numpy().astype(np.intp),
        center=settings.center,
        spread=settings.spread,
    )


def _by_replicates(matrix: ScoreMatrix, *, settings: HitSettings) -> BoolArray:
    """Which items pass in all, most or any of the replicates that they have."""
    passes = np.stack(
        [
            significant(_statistics(matrix, replicate, settings=settings).z, k=settings.k, tail=settings.tail)
            for replicate in matrix.replicates
        ]
    ).sum(axis=0)
    measured = np.isfinite(matrix.replicates).sum(axis=0)
    if settings.replicates == "all":
        return np.asarray((passes == measured) & (measured > 0))
    if settings.replicates == "majority":
        return np.asarray(2 * passes > measured)
    return np.asarray(passes > 0)


def _hits_table(matrix: ScoreMatrix, calls: Calls, *, settings: HitSettings) -> pl.DataFrame:
    """Unfold the calls into one row per library reagent × drug context."""
    samples = np.flatnonzero((matrix.items["role"].cast(pl.String) == "sample").to_numpy())
    drugs = np.flatnonzero(matrix.contexts["is_drug"].to_numpy())
    block = np.ix_(samples, drugs)
    vehicle = matrix.contexts["vehicle"].to_numpy()[drugs]
    has_vehicle = vehicle >= 0

    def flat(values: npt.NDArray[np.generic]) -> pl.Series:
        return pl.Series(values[block].ravel())

    def of_vehicle(values: npt.NDArray[np.generic]) -> pl.Series:
        picked = pl.Series(values[np.ix_(samples, np.maximum(vehicle, 0))].ravel())
        return pl.select(pl.when(pl.Series(np.tile(has_vehicle, samples.size))).then(picked)).to_series()

    sign = -1.0 if settings.tail == "low" else 1.0
    statistics = calls.statistics
    labels = (
        matrix.items[samples.tolist()]
        .select(*ITEM)
        .with_columns(pl.Series("asked", matrix.asked[samples]))
        .join(
            matrix.contexts[drugs.tolist()].select("cell_line", "treatment"), how="cross", maintain_order="left_right"
        )
    )
    table = labels.with_columns(
        flat(matrix.scores).alias("score").fill_nan(None),
        flat(statistics.center).alias("center").fill_nan(None),
        flat(statistics.spread).alias("spread").fill_nan(None),
        flat(statistics.center + sign * settings.k * statistics.spread).alias("threshold").fill_nan(None),
        flat(statistics.z).alias("z").fill_nan(None),
        of_vehicle(matrix.scores).alias("vehicle_score").fill_nan(None),
        of_vehicle(statistics.z).alias("vehicle_z").fill_nan(None),
        flat(matrix.n).alias("n"),
        of_vehicle(matrix.n).fill_null(0).cast(pl.Int32).alias("vehicle_n"),
        flat(calls.significant).alias("is_significant"),
        flat(calls.quiet).alias("is_quiet"),
        flat(matrix.expressed).alias("is_expressed"),
        flat(calls.hit).alias("is_hit"),
        pl.Series("is_candidate", np.repeat(calls.candidate[samples], drugs.size)),
    ).with_columns(
        pl.when(pl.col("score").is_not_null()).then("is_significant").alias("is_significant"),
        pl.when(pl.col("vehicle_score").is_not_null()).then("is_quiet").alias("is_quiet"),
        pl.when("asked").then("is_expressed").alias("is_expressed"),
    )
    # Items and contexts are sorted, so their product is as well.
    return table.with_columns(_reason(settings, has_vehicle=bool(has_vehicle.any()))).drop("asked")


def _reason(settings: HitSettings, *, has_vehicle: bool) -> pl.Expr:
    """In words, why a row is a hit or which step leaves it out; the first step that applies names it."""
    side = "below" if settings.tail == "low" else "above"
    beyond = f"more than {settings.k:g} {settings.spread.upper()} {side} the {settings.center}"
    steps = [
        (pl.col("score").is_null(), pl.lit("no reading with the drug")),
        (~pl.col("is_significant"), pl.lit(f"not {beyond}")),
    ]
    if has_vehicle and settings.exclusion != "off":
        alone = pl.format("has an effect without drug (z = {})", pl.col("vehicle_z").round(2))
        unknown = pl.lit("no reading without drug, so an effect of its own cannot be excluded")
        steps += [(pl.col("vehicle_score").is_null(), unknown), (~pl.col("is_quiet"), alone)]
    steps += [
        (~pl.col("is_expressed").fill_null(value=True), pl.lit("its target is not expressed in untreated cells")),
        (pl.col("is_hit"), pl.lit(f"hit: {beyond}")),
    ]
    return pl.coalesce(*(pl.when(applies).then(words) for applies, words in steps)).alias("reason")
