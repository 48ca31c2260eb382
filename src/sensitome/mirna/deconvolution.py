"""From miRNAs to genes: which targets, when repressed, make cells sensitive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.mean_rank import group_means, mean_rank_test
from sensitome.core.multiple import adjust_p
from sensitome.core.stability_selection import (
    Stability,
    null_q_values,
    shuffled_by_group,
    stability_selection,
    variables_per_half,
)
from sensitome.errors import Fault, MethodError
from sensitome.io.columns import raise_faults
from sensitome.mirna.target_matrix import TargetMatrix, target_matrix

__all__ = ["DeconvolutionRules", "deconvolve"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CARRIERS = 8


@dataclass(frozen=True)
class DeconvolutionRules:
    """How genes are found.

    Parameters
    ----------
    least_families : seed families that must target a gene; with fewer, gene and family cannot be told apart
    threshold : selection probability from which a gene is called, above 0.5
    false_calls : bound on the expected number of false genes among those called
    ridge : quadratic penalty per mimic
    weakness : lowest chance factor of a gene's column, 0 … 1
    pairs : complementary pairs of halves
    shuffles : shuffled screens for q; 0 gives none
    load : whether the number of targets of a mimic is taken out first: mimics with many targets act on everything
    """

    least_families: int = 4
    threshold: float = 0.75
    false_calls: float = 1.0
    ridge: float = 0.5
    weakness: float = 0.8
    pairs: int = 50
    shuffles: int = 5
    load: bool = True


def deconvolve(
    effects: pl.DataFrame,
    targets: pl.DataFrame,
    *,
    families: pl.DataFrame | None = None,
    rules: DeconvolutionRules | None = None,
    rng: np.random.Generator,
    jobs: int = 1,
) -> pl.DataFrame:
    """Regress the effects of mimics on what they repress.

    Parameters
    ----------
    effects : one row per mimic: ``mirna`` (best the accession), ``effect`` (log2 interaction with the drug, negative =
        sensitizing), and ``sd`` of it where it is known; mimics without effect (null) are left out
    targets : ``mirna, gene`` and ``weight`` (0 … 1, how strongly the gene is repressed; 1 where the column is missing)
    families : ``mirna, seed``; mimics without a seed stand alone; None: every mimic stands alone
    rules : `DeconvolutionRules`
    rng : chance
    jobs : threads

    Returns
    -------
    One row per gene that enough families target, the most often selected first: ``gene``; ``same_targets`` (genes that
    the very same mimics repress equally, and that no screen can tell from it; joined by ";"); ``n_mirnas``,
    ``n_families``; ``selection`` (share of halves, 0 … 1), ``sign`` (−1 = repressing it sensitizes, 1 = protects, 0 =
    never selected), ``agreement`` (share of the halves that select it with this sign), ``effect`` (log2 per full
    repression, by least squares beside all called genes; those of called genes are exaggerated, as winners are),
    ``q_value`` (by shuffled screens; null without), ``is_selected``; ``mean_rank`` (0 … 1), ``rank_z``, ``rank_p``,
    ``rank_q`` of the weighted mean-rank test; ``mirnas`` (the mimics that carry it, the strongest first)

    Raises
    ------
    MethodError
        Fewer than 20 families of mimics have targets, or no gene has enough of them.
    TableError
        A mimic stands twice in the effects or has a negative or missing weight; all faults at once.

    Notes
    -----
    Elastic net on complementary halves, each taking the first q = √((2π − 1) E p) genes of its path (stability
    selection; gespeR 1.x does so for siRNAs). Halves never cut a seed family, because its members share their targets
    and would confirm each other; shuffles move whole families. Rows are weighted by 1/(sd² + var(effect)). The
    mean-rank test takes one value per family, and so needs no such care.

    References
    ----------
    Schmich et al. 2015, doi:10.1186/s13059-015-0783-1; Meinshausen & Bühlmann 2010,
    doi:10.1111/j.1467-9868.2010.00740.x; Shah & Samworth 2013, doi:10.1111/j.1467-9868.2011.01034.x
    """
    rules = rules or DeconvolutionRules()
    _check(effects, targets)
    matrix = target_matrix(effects, targets, families=families, least_families=rules.least_families)
    _check_matrix(matrix, rules)
    weight = _precision(matrix)
    x, y, spread = _standardized(matrix, weight, load=rules.load)
    most = variables_per_half(x.shape[1], false_calls=rules.false_calls, threshold=rules.threshold)
    most = min(most, max(1, len(y) // 4))

    def select(values: FloatArray) -> Stability:
        return stability_selection(
            x, values, group=matrix.family, most=most, ridge=rules.ridge, weakness=rules.weakness, pairs=rules.pairs,
            rng=rng, jobs=jobs,
        )  # fmt: skip

    found = select(y)
    null = [select(shuffled_by_group(y, group=matrix.family, rng=rng)).probability for _ in range(rules.shuffles)]
    q = null_q_values(found.probability, np.array(null)) if null else np.full(x.shape[1], np.nan)
    rank = mean_rank_test(
        group_means(matrix.weight, group=matrix.family, weight=weight),
        group_means(matrix.effect, group=matrix.family, weight=weight),
    )
    sign = np.sign(found.coefficient).astype(np.int8)
    table = pl.DataFrame(
        {
            "gene": matrix.genes,
            "same_targets": matrix.same,
            "n_mirnas": (matrix.weight > 0).sum(axis=0).astype(np.int32),
            "n_families": matrix.n_families.astype(np.int32),
            "selection": found.probability,
            "sign": sign,
            "agreement": found.agreement,
            "effect": _refitted(x, y, called=found.probability >= rules.threshold) / spread,
            "q_value": q,
            "is_selected": found.probability >= rules.threshold,
            "mean_rank": rank.mean_rank,
            "rank_z": rank.z,
            "rank_p": rank.p,
            "rank_q": adjust_p(rank.p),
            "mirnas": _carriers(matrix, np.where(sign == 0, np.sign(rank.z), sign)),
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    return table.sort("selection", "rank_p", "gene", descending=[True, False, False], nulls_last=True)


def _check(effects: pl.DataFrame, targets: pl.DataFrame) -> None:
    twice = effects.filter(pl.col("mirna").is_duplicated())["mirna"].unique(maintain_order=True)
    faults = [Fault("one effect for each mimic", "", None, "mirna", name) for name in twice]
    if "weight" in targets.columns:
        bad = targets.filter(pl.col("weight").is_null() | pl.col("weight").is_nan() | (pl.col("weight") < 0))
        faults += [
            Fault(f"a weight of at least 0 for {mirna!r} and {gene!r}", "", None, "weight", weight)
            for mirna, gene, weight in bad.select("mirna", "gene", "weight").iter_rows()
        ]
    raise_faults("effects and targets of mimics", faults)


def _check_matrix(matrix: TargetMatrix, rules: DeconvolutionRules) -> None:
    families = len(np.unique(matrix.family))
    if families < 20:
        raise MethodError(
            "too few mimics for a deconvolution",
            found=f"{families} seed families with targets and an effect",
            expected="at least 20",
            next_step="Compare the names of the targets with those of the screen: both should be accessions.",
        )
    if not len(matrix.genes):
        raise MethodError(
            "no gene is targeted by enough mimics",
            found=f"at most {matrix.greatest} seed families for a gene",
            expected=f"at least {rules.least_families}",
            next_step="Add evidence of targets, or lower least_families.",
        )


def _precision(matrix: TargetMatrix) -> FloatArray:
    """Weight of each mimic, mean 1."""
    if np.isnan(matrix.sd).all():
        return np.ones(len(matrix.effect))
    sd = np.where(np.isnan(matrix.sd), np.nanmedian(matrix.sd), matrix.sd)
    weight = 1 / (sd**2 + max(float(matrix.effect.var()), 1e-12))
    return np.asarray(weight / weight.mean())


def _standardized(matrix: TargetMatrix, weight: FloatArray, *, load: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Columns and effects, weighted and freed of level and load; columns scaled; and the spread of each column."""
    root = np.sqrt(weight)
    known = [np.ones(len(weight))]
    if load:
        known.append(matrix.weight.sum(axis=1))
    basis, _ = np.linalg.qr(np.stack(known, axis=1) * root[:, None])
    x = matrix.weight * root[:, None]
    x = x - basis @ (basis.T @ x)
    y = matrix.effect * root
    y = y - basis @ (basis.T @ y)
    spread = np.sqrt((x**2).mean(axis=0))
    # A column that the load explains wholly has nothing of its own to say.
    spread = np.where(spread > 1e-9, spread, np.inf)
    return x / spread, y, spread


def _refitted(x: FloatArray, y: FloatArray, *, called: npt.NDArray[np.bool_]) -> FloatArray:
    """Coefficient of each gene without penalty: called genes together, each other one beside them."""
    basis, _ = np.linalg.qr(x[:, called])
    rest = y - basis @ (basis.T @ y)
    own = x - basis @ (basis.T @ x)
    size = (own**2).sum(axis=0)
    answer = np.divide(own.T @ rest, size, out=np.zeros(x.shape[1]), where=size > 1e-9 * len(y))
    answer[called] = np.linalg.lstsq(x[:, called], y, rcond=None)[0]
    return np.asarray(answer)


def _carriers(matrix: TargetMatrix, sign: FloatArray) -> list[str]:
    """Mimics that repress a gene and act in its direction, the strongest first."""
    push = matrix.weight * matrix.effect[:, None] * sign
    answers = []
    for column in range(len(matrix.genes)):
        order = np.argsort(-push[:, column], kind="stable")[:_CARRIERS]
        answers.append(";".join(matrix.mirnas[i] for i in order if push[i, column] > 0))
    return answers
