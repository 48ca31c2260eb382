"""Which gene sets a list of genes over-represents, under a named convention."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.hypergeometric import log_two_sided, log_upper_tail
from sensitome.core.multiple import adjust_p
from sensitome.enrichment.conventions import EnrichmentConvention, convention_named
from sensitome.errors import Caution, MethodError, TableError, listed
from sensitome.frames import to_polars
from sensitome.io.gene_sets import dated_symbols

__all__ = ["Overlaps", "count_overlaps", "enrich"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Counts of lists against sets.

    Parameters
    ----------
    lists : names of the lists that have a gene to count
    sets : ``gene_set``, ``description``, ``size`` (K), one row per set of allowed size
    overlap : (lists, sets), x
    list_size : (lists,), n
    universe_size : N
    pairs : ``list``, ``gene_set``, ``gene``: the genes behind each overlap
    """

    lists: list[str]
    sets: pl.DataFrame
    overlap: IntArray
    list_size: IntArray
    universe_size: int
    pairs: pl.DataFrame


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
    return _with_genes(table, counts) if name_genes else table


def count_overlaps(
    lists: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    convention: EnrichmentConvention,
    universe: Iterable[str] | None = None,
) -> Overlaps:
    """Count what the test needs, as the convention counts.

    Raises
    ------
    MethodError, TableError
        As `enrich`.
    """
    queries = _columns(lists, ("list", "gene"), "lists of genes")
    library = _columns(gene_sets, ("gene_set", "gene"), "gene sets")
    described = "description" in library.columns
    labels = library.select("gene_set", "description" if described else pl.lit(None, pl.String).alias("description"))
    queries, library = (_matched(table, convention) for table in (queries, library))
    known = _universe(library, convention, universe)
    if known is not None and convention.intersect_sets:
        library = library.join(known, on="gene", how="semi", maintain_order="left")
    sizes = library.group_by("gene_set", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("size"))
    largest = convention.largest if convention.largest is not None else library.height + 1
    sizes = sizes.filter(pl.col("size").is_between(convention.smallest, largest))
    sets = sizes.join(labels.unique("gene_set", keep="first"), on="gene_set", how="left", maintain_order="left")
    names = queries["list"].unique(maintain_order=True).to_list()
    if known is not None and convention.drop_unannotated:
        queries = queries.join(known, on="gene", how="semi", maintain_order="left")
    _tell_unannotated(queries, library, names)
    sized = queries.group_by("list", maintain_order=True).agg(pl.len().cast(pl.Int64).alias("n"))
    total = convention.universe_size if known is None else known.height
    _refuse_small(sized, sets, total)
    pairs = queries.join(library.join(sets, on="gene_set", how="semi"), on="gene", how="inner")
    return Overlaps(
        sized["list"].to_list(),
        sets,
        _crossed(pairs, sized["list"], sets["gene_set"]),
        sized["n"].to_numpy(),
        total,
        pairs,
    )


def _columns(table: pl.DataFrame, names: tuple[str, str], what: str) -> pl.DataFrame:
    frame = to_polars(table)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise TableError(
            f"{what} lack columns",
            found=f"columns {listed(frame.columns, last='and')}",
            expected=listed(missing, last="and"),
        )
    return frame


def _matched(table: pl.DataFrame, convention: EnrichmentConvention) -> pl.DataFrame:
    """Keys and genes, each gene once, in the form in which they are compared."""
    key = "list" if "list" in table.columns else "gene_set"
    gene = pl.col("gene").str.strip_chars()
    frame = table.select(key, gene.str.to_uppercase() if convention.fold_case else gene)
    return frame.filter(pl.col("gene").is_not_null() & (pl.col("gene") != "")).unique(maintain_order=True)


def _universe(
    library: pl.DataFrame, convention: EnrichmentConvention, universe: Iterable[str] | None
) -> pl.DataFrame | None:
    """Genes that count; None where the convention has a number instead."""
    if convention.universe == "fixed":
        return None
    annotated = library.select("gene").unique()
    if universe is None:
        if convention.universe == "given":
            raise MethodError(
                f"convention {convention.name!r} needs a universe",
                expected="the genes that could have been in the list",
                next_step="Give the genes that were measured.",
            )
        return annotated
    given = pl.DataFrame({"gene": pl.Series(list(universe), dtype=pl.String)})
    known = given.select(pl.col("gene").str.strip_chars())
    if convention.fold_case:
        known = known.select(pl.col("gene").str.to_uppercase())
    known = known.filter(pl.col("gene") != "").unique()
    return known.join(annotated, on="gene", how="semi") if convention.universe == "annotated" else known


def _tell_unannotated(queries: pl.DataFrame, library: pl.DataFrame, names: list[str]) -> None:
    """Tell lists without a gene in any set; raise when that is all of them."""
    found = set(queries.join(library, on="gene", how="semi")["list"])
    lost = [name for name in names if name not in found]
    if lost and not found:
        dates = dated_symbols(queries["gene"].to_list())
        raise TableError(
            "no gene of the lists is in any gene set",
            found=listed(queries["gene"].head(3).to_list(), last="and") if queries.height else "no gene that counts",
            expected=f"symbols as the gene sets have them, like {listed(library['gene'].head(3).to_list())}",
            next_step="Excel turned symbols into dates." if dates else "Use the same kind of names in both.",
        )
    if lost:
        warnings.warn(
            Caution(
                "lists without a gene in any gene set",
                found=listed(lost, last="and", most=5),
                next_step="They have no enrichment; check how their genes are named.",
            ),
            stacklevel=4,
        )


def _refuse_small(sized: pl.DataFrame, sets: pl.DataFrame, total: int) -> None:
    """Raise when the universe cannot hold a list or a set."""
    for what, name, size in [
        *(("list", *row) for row in sized.rows()),
        *(("set", *row) for row in sets.select("gene_set", "size").rows()),
    ]:
        if size > total:
            raise MethodError(
                f"universe is smaller than the {what} {name!r}",
                found=f"{total} genes in the universe, {size} in the {what}",
                expected="a universe that holds every list and set",
                next_step="Give all genes that were measured, or a convention that leaves others out.",
            )


def _crossed(pairs: pl.DataFrame, lists: pl.Series, sets: pl.Series) -> IntArray:
    """(lists, sets), number of shared genes."""
    row = pl.DataFrame({"list": lists}).with_row_index("_row")
    column = pl.DataFrame({"gene_set": sets}).with_row_index("_column")
    cells = pairs.select("list", "gene_set").join(row, on="list").join(column, on="gene_set")
    flat = cells["_row"].to_numpy().astype(np.int64) * len(sets) + cells["_column"].to_numpy()
    return np.bincount(flat, minlength=len(lists) * len(sets)).astype(np.int64).reshape(len(lists), len(sets))


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
    joined = counts.pairs.group_by("list", "gene_set").agg(pl.col("gene").sort().str.join(";").alias("genes"))
    return table.join(joined, on=["list", "gene_set"], how="left", maintain_order="left").select(
        pl.exclude("genes", "convention"), pl.col("genes").fill_null(""), "convention"
    )
