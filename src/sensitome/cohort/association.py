"""Which mRNAs go with which miRNAs: every miRNA against every mRNA, at any size.

Correlations come from matrix products over blocks of miRNAs; only the pairs that are kept, and those that can have a
q-value up to alpha, are ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.cohort.matching import adjusting_values, shared_samples
from sensitome.cohort.target_shift import target_shift
from sensitome.core.correlation import SpearmanP, correlation_p
from sensitome.core.multiple import adjust_p
from sensitome.core.on_device import Device
from sensitome.core.pairwise import CorrelationMethod, PairBlock, Pairs, prepare_pairs
from sensitome.expression_matrix import Expression
from sensitome.parallel import blocks, map_blocks

__all__ = ["Association", "Family", "Keep", "Sink", "associate", "correlate_lists"]

FloatArray = npt.NDArray[np.float64]
Answer = TypeVar("Answer")

#: Which tests make one family: the mRNAs of each miRNA, as Normann et al. 2021, or every pair.
Family = Literal["mirna", "all"]
#: Which pairs are handed on.
Keep = Literal["significant", "all"]
#: Takes tables of pairs one after another, such as `sensitome.io.parquet_sink.ParquetSink`.
Sink = Callable[[pl.DataFrame], None]

# miRNAs of a block: enough for a fast product, few enough that a block against 20,000 mRNAs is some ten megabytes.
_BLOCK = 32


@dataclass(frozen=True)
class Association:
    """What `associate` found.

    Parameters
    ----------
    pairs : table of the pairs kept; None when they went to a sink
    summary : one row per miRNA: pairs tested, significant, positive and negative among these, the strongest, and, where
        targets were given, whether they lie lower than the other mRNAs
    n_pairs : pairs tested
    n_samples : samples that both matrices have
    left_out : samples that only one matrix has, or that lack a covariate: ``sample``, ``reason``
    """

    pairs: pl.DataFrame | None
    summary: pl.DataFrame
    n_pairs: int
    n_samples: int
    left_out: pl.DataFrame


def associate(
    mirna: Expression,
    gene: Expression,
    *,
    method: CorrelationMethod = "spearman",
    p_method: SpearmanP = "r",
    family: Family = "mirna",
    alpha: float = 0.05,
    keep: Keep = "significant",
    covariates: pl.DataFrame | None = None,
    targets: pl.DataFrame | None = None,
    device: Device | None = None,
    sink: Sink | None = None,
    jobs: int = 1,
) -> Association:
    """Correlate every miRNA with every mRNA over the samples that both have.

    Parameters
    ----------
    mirna, gene : the two matrices; samples are matched by name, in whatever order; NaN is left out pair by pair
    method : ``spearman`` or ``pearson``
    p_method : of Spearman: ``r`` as R ``cor.test``, ``t`` by Student's t; the table has t's p either way
    family : which tests are adjusted together by Benjamini and Hochberg
    alpha : largest q that is significant
    keep : ``significant`` keeps pairs with q ≤ alpha, ``all`` every pair that could be tested
    covariates : ``sample`` and numeric or text columns: correlate what they leave (ranks, for Spearman)
    targets : ``mirna`` and ``gene``: predicted or proven targets, whose correlations are held against the others'
    device : where correlations are computed, of `sensitome.device.open_device`; None = the processor
    sink : where pairs go, block by block; without one they are returned
    jobs : threads; the answer does not depend on it

    Returns
    -------
    Association; pairs with ``mirna, gene, effect, ci_low, ci_high, p_value, p_t, q_value, n``, miRNAs in order and
    mRNAs within. Over all pairs, q-values up to alpha are exact without holding every p; beyond alpha they are null

    Raises
    ------
    TableError
        No sample in common, or a covariate cannot be used.
    MethodError
        Fewer than 4 samples in common.

    Notes
    -----
    A p above alpha has a q above alpha whatever its rank, and moves the others only through the number of tests; so the
    exact q of all others needs p up to alpha alone. The interval is Fisher's, for Spearman with the variance of Bonett
    and Wright.

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Bonett & Wright 2000, doi:10.1007/BF02294183
    """
    chosen, adjusting, left_out = shared_samples(mirna, gene, covariates=covariates)
    values = [side.values[rows].T for side, rows in zip((mirna, gene), chosen, strict=True)]
    pairs = prepare_pairs(
        values[0],
        values[1],
        method=method,
        p_method=p_method,
        covariates=adjusting_values(adjusting),
        device=device,
    )
    names = (mirna.features["feature"].cast(pl.String), gene.features["feature"].cast(pl.String))
    engine = _Engine(pairs, names, alpha, keep, _all_q(pairs, alpha, jobs) if family == "all" else None, targets)
    kept, summaries, tested = [], [], 0
    for table, summary in _stream(engine.block, len(values[0]), jobs):
        tested += int(summary["n_tested"].sum())
        summaries.append(summary)
        if sink is None:
            kept.append(table)
        elif table.height:
            sink(table)
    found = pl.concat(kept) if sink is None else None
    return Association(found, pl.concat(summaries), tested, len(chosen[0]), left_out)


def correlate_lists(pairs: pl.DataFrame, *, alpha: float = 0.05, fewest: int = 1) -> pl.DataFrame:
    """Lists of the mRNAs that go with each miRNA, to be tested for gene sets.

    Parameters
    ----------
    pairs : of `associate`
    alpha : largest q of a member
    fewest : a shorter list is left out

    Returns
    -------
    ``list`` ("<miRNA>, all", "…, positive", "…, negative"), ``mirna``, ``sign``, ``gene``; miRNAs in the order of the
    pairs. The mRNAs that were tested are the universe
    """
    signs = {"all": pl.lit(True), "positive": pl.col("effect") > 0, "negative": pl.col("effect") < 0}
    chosen = pairs.filter(pl.col("q_value") <= alpha)
    parts = [
        chosen.filter(condition).select(
            pl.format("{}, {}", "mirna", pl.lit(sign)).alias("list"), "mirna", pl.lit(sign).alias("sign"), "gene"
        )
        for sign, condition in signs.items()
    ]
    order = chosen.select("mirna").unique(maintain_order=True).with_row_index("_order")
    lists = pl.concat(parts).join(order, on="mirna", maintain_order="left").sort("_order", maintain_order=True)
    return lists.filter(pl.len().over("list") >= fewest).drop("_order")


@dataclass(frozen=True)
class _AllPairs:
    """Sorted p up to alpha over all pairs, and their q."""

    p: FloatArray
    q: FloatArray

    def of(self, p: FloatArray) -> FloatArray:
        """The q-value of each p; NaN beyond the last."""
        place = np.searchsorted(self.p, p)
        known = (place < len(self.p)) & ~np.isnan(p)
        return np.where(known, np.append(self.q, np.nan)[np.where(known, place, len(self.p))], np.nan)


@dataclass(frozen=True)
class _Engine:
    """From a block of miRNAs to its table of pairs and its summary."""

    pairs: Pairs
    names: tuple[pl.Series, pl.Series]
    alpha: float
    keep: Keep
    all_pairs: _AllPairs | None
    targets: pl.DataFrame | None

    def block(self, rows: slice) -> tuple[pl.DataFrame, pl.DataFrame]:
        found = self.pairs.block(rows)
        q = adjust_p(found.p, axis=1) if self.all_pairs is None else self.all_pairs.of(found.p)
        significant = q <= self.alpha
        kept = significant if self.keep == "significant" else ~np.isnan(found.p)
        return self._table(found, q, kept, rows.start), self._summary(found, significant, rows)

    def _table(self, found: PairBlock, q: FloatArray, kept: npt.NDArray[np.bool_], first: int) -> pl.DataFrame:
        row, column = np.nonzero(kept)
        effect, n = found.estimate[kept], found.n[kept]
        low, high = self._interval(effect, n)
        by_t = self.pairs.method == "pearson" or self.pairs.p_method == "t" or len(self.pairs.covariates) > 0
        p_t = found.p[kept] if by_t else _p_by_t(effect, n)
        return pl.DataFrame(
            {
                "mirna": self.names[0].gather(row + first),
                "gene": self.names[1].gather(column),
                "effect": effect,
                "ci_low": low,
                "ci_high": high,
                "p_value": found.p[kept],
                "p_t": p_t,
                "q_value": pl.Series(q[kept], dtype=pl.Float64).fill_nan(None),
                "n": n.astype(np.int32),
            }
        )

    def _interval(self, effect: FloatArray, n: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        ranked = 1.0 + effect * effect / 2 if self.pairs.method == "spearman" else np.ones(len(effect))
        with np.errstate(divide="ignore", invalid="ignore"):
            half = 1.959963984540054 * np.sqrt(ranked / np.maximum(n - 3.0 - len(self.pairs.covariates), 0.0))
            middle = np.arctanh(effect)
            low, high = np.tanh(middle - half), np.tanh(middle + half)
        exact = np.abs(effect) == 1.0
        return np.where(exact, effect, low), np.where(exact, effect, high)

    def _summary(self, found: PairBlock, significant: npt.NDArray[np.bool_], rows: slice) -> pl.DataFrame:
        mirna = self.names[0][rows]
        tested = ~np.isnan(found.p)
        # Of equal p, such as the zeros of a series, the strongest correlation leads.
        strength = np.where(tested, np.abs(found.estimate), -1.0)
        top = np.argmax(strength, axis=1) if strength.shape[1] else np.zeros(len(mirna), dtype=np.intp)
        known = strength.max(axis=1, initial=-1.0) >= 0
        lines = np.arange(len(mirna))
        table = pl.DataFrame(
            {
                "mirna": mirna,
                "n_tested": tested.sum(axis=1).astype(np.int32),
                "n_significant": significant.sum(axis=1).astype(np.int32),
                "n_positive": (significant & (found.estimate > 0)).sum(axis=1).astype(np.int32),
                "n_negative": (significant & (found.estimate < 0)).sum(axis=1).astype(np.int32),
                "top_gene": pl.Series(
                    [self.names[1][int(i)] if k else None for i, k in zip(top, known, strict=True)], dtype=pl.String
                ),
                "top_effect": [
                    float(found.estimate[i, j]) if k else None for i, j, k in zip(lines, top, known, strict=True)
                ],
                "top_p_value": [float(found.p[i, j]) if k else None for i, j, k in zip(lines, top, known, strict=True)],
            },
            schema_overrides={"top_effect": pl.Float64, "top_p_value": pl.Float64},
        )
        if self.targets is None:
            return table
        return table.hstack(target_shift(found.estimate, self.targets, mirna=mirna, gene=self.names[1]))


def _p_by_t(effect: FloatArray, n: npt.NDArray[np.intp]) -> FloatArray:
    """P by t; pairs of one size together, which is faster."""
    sizes = np.unique(n)
    if len(sizes) == 1:
        return correlation_p(effect, df=int(sizes[0]) - 2)
    return correlation_p(effect, df=n - 2)


def _all_q(pairs: Pairs, alpha: float, jobs: int) -> _AllPairs:
    """First pass: every p up to alpha, and the number of tests."""

    def small(rows: slice) -> tuple[FloatArray, int]:
        p = pairs.block(rows).p
        return p[p <= alpha], int((~np.isnan(p)).sum())

    kept, tests = [np.zeros(0)], 0
    for p, count in _stream(small, len(pairs.x), jobs):
        kept.append(p)
        tests += count
    ordered = np.sort(np.concatenate(kept))
    ratio = ordered * (tests / np.arange(1, len(ordered) + 1))
    q = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    # What is left above alpha would shrink were the p above alpha known; it is no q, and no call depends on it.
    return _AllPairs(ordered, np.where(q <= alpha, q, np.nan))


def _stream(function: Callable[[slice], Answer], length: int, jobs: int) -> Iterator[Answer]:
    """Answers for blocks of rows in order, at most `jobs` of them in memory."""
    parts = blocks(length, size=_BLOCK)
    wave = max(jobs, 1)
    for start in range(0, len(parts), wave):
        yield from map_blocks(function, parts[start : start + wave], jobs=jobs)
