"""Which gene sets a list of genes over-represents, under a named convention."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.hypergeometric import log_two_sided, log_upper_tail
from sensitome.core.multiple import adjust_p
from sensitome.enrichment.conventions import EnrichmentConvention, convention_named
from sensitome.enrichment.counting import Overlaps, count_overlaps

__all__ = ["enrich"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def enrich(
    lists: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    convention: str | EnrichmentConvention,
    universe: Iterable[str] | None = None,
    name_genes: bool = True,
) -> pl.DataFrame:
    """Test every list against every gene set.

    Parameters
    ----------
    lists : columns ``list`` and ``gene``; a gene counts once a list
    gene_sets : columns ``gene_set``, ``gene`` and, if there is one, ``description`` (`read_gene_sets`)
    convention : name in `CONVENTIONS`, or a record of one's own
    universe : genes that could have been found, where the convention asks for them
    name_genes : whether to name the genes of each overlap

    Returns
    -------
    One row per list × set that the convention lists, by list and p: ``list, gene_set, description, overlap, set_size,
    list_size, universe_size, expected`` (n K / N), ``odds_ratio, combined_score`` (null where the convention has none,
    or where it is infinite), ``p_value``, ``log10_p`` (finite below 1e-308 too), ``q_value``, ``n_tested`` (tests
    that q corrects for), ``genes`` (joined by ";"), ``convention``

    Raises
    ------
    MethodError
        The convention is unknown, needs a universe, or the universe is smaller than a list.
    TableError
        A table lacks its columns, or no list has a gene that is in any set.

    Notes
    -----
    p = P(X ≥ x), X hypergeometric (tests/oracle/hypergeometric, rtol 1e-12). The tables of the Enrichr server are
    reproduced in P, odds ratio, adjusted P, combined score and set of terms (tests/enrichment/test_enrichr.py).
    """
    record = convention_named(convention)
    counts = count_overlaps(lists, gene_sets, convention=record, universe=universe)
    x, k, n = counts.overlap, counts.sets["size"].to_numpy()[None, :], counts.list_size[:, None]
    log_p = _log_p(x, k, n, counts.universe_size, record)
    tested = x >= 1 if record.adjust_over == "overlapping" else np.ones(x.shape, dtype=np.bool_)
    q = _adjusted(np.where(tested, np.exp(log_p), np.nan), log_p, record)
    table = _table(counts, log_p, q, tested, record)
    return _with_genes(table, counts) if name_genes else table.drop("cell")


def _log_p(x: IntArray, k: IntArray, n: IntArray, total: int, record: EnrichmentConvention) -> FloatArray:
    if record.tail == "two-sided":
        return log_two_sided(x, k, n, np.array(total))
    return log_upper_tail(x, k, n, np.array(total), arithmetic=record.arithmetic)


def _adjusted(p: FloatArray, log_p: FloatArray, record: EnrichmentConvention) -> FloatArray:
    """Adjusted p of each list; NaN = not tested."""
    if record.monotone:
        return np.stack([adjust_p(row) for row in p])
    q = np.full(p.shape, np.nan)
    for row, (own, logs) in enumerate(zip(p, log_p, strict=True)):
        order = np.argsort(np.where(np.isnan(own), np.inf, logs), kind="stable")
        rank = np.empty(len(order))
        rank[order] = np.arange(1, len(order) + 1)
        q[row] = np.minimum(1.0, own * np.isfinite(own).sum() / rank)
    return q


def _odds_ratio(x: FloatArray, k: FloatArray, n: FloatArray, total: int, record: EnrichmentConvention) -> FloatArray:
    b, c = k - x, n - x
    d = total - k - c
    if record.odds_ratio == "fold":
        return x * total / (n * k)
    if record.odds_ratio == "haldane":
        return (x + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))
    if record.odds_ratio == "odds":
        return x * d / np.maximum(b * c, 1)
    if record.odds_ratio == "odds-open":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(x * d / (b * c), dtype=np.float64)
    return np.full(x.shape, np.nan)


def _table(
    counts: Overlaps, log_p: FloatArray, q: FloatArray, tested: npt.NDArray[np.bool_], record: EnrichmentConvention
) -> pl.DataFrame:
    """Rows that the convention lists, by list and p."""
    row, column = np.nonzero(tested)
    x, k = counts.overlap[row, column], counts.sets["size"].to_numpy()[column]
    n, total = counts.list_size[row], counts.universe_size
    odds = _odds_ratio(x.astype(np.float64), k.astype(np.float64), n.astype(np.float64), total, record)
    log = log_p[row, column]
    frame = pl.DataFrame(
        {
            "_row": row,
            "cell": row * counts.sets.height + column,
            "list": pl.Series(counts.lists, dtype=pl.String)[row],
            "gene_set": counts.sets["gene_set"][column],
            "description": counts.sets["description"][column],
            "overlap": x.astype(np.int32),
            "set_size": k.astype(np.int32),
            "list_size": n.astype(np.int32),
            "universe_size": np.full(len(x), total, dtype=np.int32),
            "expected": n * k / total,
            "odds_ratio": odds,
            "combined_score": -log * odds if record.combined else np.full(len(x), np.nan),
            "p_value": np.exp(log),
            "log10_p": log / np.log(10),
            "q_value": q[row, column],
            "n_tested": tested.sum(axis=1)[row].astype(np.int32),
        }
    )
    floats = [name for name, kind in frame.schema.items() if kind.is_float()]
    frame = frame.with_columns(pl.when(pl.col(floats).is_finite()).then(pl.col(floats)))
    # A stable sort keeps the order of the library among equal p-values.
    frame = frame.sort("_row", "log10_p", maintain_order=True).drop("_row")
    return frame.with_columns(pl.lit(record.name).alias("convention"))


def _with_genes(table: pl.DataFrame, counts: Overlaps) -> pl.DataFrame:
    """Add the genes of each overlap, in alphabetical order."""
    return table.join(_joined_genes(counts.pairs), on="cell", how="left", maintain_order="left").select(
        pl.exclude("cell", "genes", "convention"), pl.col("genes").fill_null(""), "convention"
    )


def _joined_genes(pairs: pl.DataFrame) -> pl.DataFrame:
    """Genes of each cell as one text; sorted as numbers, which is faster than groups of texts."""
    names = pairs["gene"].unique().sort()
    codes = pairs.join(pl.DataFrame({"gene": names}).with_row_index("code"), on="gene").select("cell", "code")
    keys = np.sort(codes["cell"].to_numpy().astype(np.int64) * max(len(names), 1) + codes["code"].to_numpy())
    cell, code = np.divmod(keys, max(len(names), 1))
    words = names.gather(code).to_list()
    start = np.flatnonzero(np.diff(cell, prepend=-1))
    ends = [*start[1:].tolist(), len(words)]
    texts = [";".join(words[first:last]) for first, last in zip(start.tolist(), ends, strict=False)]
    return pl.DataFrame({"cell": cell[start], "genes": pl.Series(texts, dtype=pl.String)})
