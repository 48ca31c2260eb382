"""What over-representation counts: which genes of a list and of a set count, and how many they share."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.enrichment.conventions import EnrichmentConvention
from sensitome.errors import Caution, MethodError, TableError, listed
from sensitome.frames import to_polars
from sensitome.io.gene_sets import dated_symbols

__all__ = ["Overlaps", "count_overlaps"]

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
    pairs : ``cell`` (list × sets + set, by position) and ``gene``: the genes behind each overlap
    """

    lists: list[str]
    sets: pl.DataFrame
    overlap: IntArray
    list_size: IntArray
    universe_size: int
    pairs: pl.DataFrame


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
    pairs = _shared(queries, library, sized["list"], sets["gene_set"])
    overlap = np.bincount(pairs["cell"].to_numpy(), minlength=sized.height * sets.height).astype(np.int64)
    overlap = overlap.reshape(sized.height, sets.height)
    return Overlaps(sized["list"].to_list(), sets, overlap, sized["n"].to_numpy(), total, pairs)


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


def _shared(queries: pl.DataFrame, library: pl.DataFrame, lists: pl.Series, sets: pl.Series) -> pl.DataFrame:
    """Genes that a list and a set share, with the number of their cell."""
    row = pl.DataFrame({"list": lists}).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    column = pl.DataFrame({"gene_set": sets}).with_row_index("column")
    left, right = (
        queries.join(row, on="list").select("row", "gene"),
        library.join(column, on="gene_set").select("column", "gene"),
    )
    return left.join(right, on="gene").select((pl.col("row") * len(sets) + pl.col("column")).alias("cell"), "gene")
