"""Enrichment among the targets of miRNAs, against random sets of as many miRNAs.

The hypergeometric test draws genes. Targets are not drawn gene by gene: genes with long 3′ UTRs are targets of many
miRNAs, and some pathways are full of them, so that any set of miRNAs "enriches" them. Here miRNAs are drawn instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sensitome.core.multiple import adjust_p
from sensitome.core.random_sets import draw_members, drawn_overlaps
from sensitome.enrichment.conventions import EnrichmentConvention, convention_named
from sensitome.enrichment.over_representation import enrich
from sensitome.errors import Caution, MethodError, TableError, listed
from sensitome.frames import to_polars

__all__ = ["enrich_targets", "target_lists"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]
CountArray = npt.NDArray[np.int32]

Statistic = Literal["overlap", "jaccard"]


def enrich_targets(
    lists: pl.DataFrame,
    targets: pl.DataFrame,
    gene_sets: pl.DataFrame,
    *,
    expressed: Iterable[str],
    convention: str | EnrichmentConvention,
    universe: Iterable[str] | None = None,
    draws: int = 10_000,
    statistic: Statistic = "overlap",
    rng: np.random.Generator,
    jobs: int = 1,
) -> pl.DataFrame:
    """Test gene sets among the targets of lists of miRNAs, by genes and by miRNAs.

    Parameters
    ----------
    lists : columns ``list`` and ``mirna``
    targets : columns ``mirna`` and ``gene``, one row per target
    gene_sets : columns ``gene_set``, ``gene`` and, if there is one, ``description``
    expressed : miRNAs that could have been in a list: those that the assay found expressed; lists are drawn from them
    convention : of the hypergeometric test beside it, and of how sets and genes are counted
    universe : genes that count, where the convention asks for them
    draws : number of random lists of each size
    statistic : ``overlap`` (targets in the set) or ``jaccard`` (as a share of targets and set together)
    rng : source of chance
    jobs : threads; the answer does not depend on them

    Returns
    -------
    The rows and columns of `enrich`, for every gene set of allowed size, and: ``n_mirnas`` (of the list),
    ``expected_random`` (mean overlap of the random lists), ``fold_random`` (overlap over that), ``empirical_p``
    = (1 + draws at least as large) / (1 + draws), ``empirical_q`` (Benjamini–Hochberg over all sets of the list),
    ``draws``

    Raises
    ------
    MethodError
        A list has more miRNAs than are expressed, or the convention lacks what it needs.
    TableError
        A table lacks its columns, or no miRNA of the lists has a target in any set.

    References
    ----------
    Bleazard et al. 2015, doi:10.1093/bioinformatics/btv023; Godard & van Eyll 2015, doi:10.1093/nar/gkv249;
    Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (why 1 is added)
    """
    record = convention_named(convention)
    members = _checked(lists, ("list", "mirna"), "lists of miRNAs")
    known = _checked(targets, ("mirna", "gene"), "targets")
    pool = _pool(members, expressed)
    genes = target_lists(members, known)
    table = enrich(genes, gene_sets, convention=_every_set(record), universe=universe)
    table = _with_listed_only(table, record)
    labels = _counted(gene_sets, universe, record, known)
    matrix = _target_matrix(known, pool, labels["gene"].unique(maintain_order=True), record)
    results = []
    for name in table["list"].unique(maintain_order=True):
        own = table.filter(pl.col("list") == name)
        sets = _positions(own["gene_set"], labels)
        is_member = np.isin(pool, members.filter(pl.col("list") == name)["mirna"].to_numpy())
        drawn = draw_members(len(pool), size=int(is_member.sum()), draws=draws, rng=rng)
        # The list itself goes through the same counts as the draws, in the first row.
        hit, overlap = drawn_overlaps(np.vstack([is_member, drawn]), targets=matrix, sets=sets, jobs=jobs)
        measured = overlap if statistic == "overlap" else _jaccard(overlap, hit, sets)
        results.append(_with_chance(own, overlap, measured, size=int(is_member.sum())))
    return pl.concat(results)


def target_lists(lists: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Targets of all miRNAs of each list: columns ``list`` and ``gene``, each gene once a list.

    >>> lists = pl.DataFrame({"list": ["a"], "mirna": ["m"]})
    >>> target_lists(lists, pl.DataFrame({"mirna": ["m"], "gene": ["g"]})).rows()
    [('a', 'g')]
    """
    joined = lists.select("list", "mirna").join(
        targets.select("mirna", "gene"), on="mirna", maintain_order="left_right"
    )
    return joined.select("list", "gene").unique(maintain_order=True)


def _checked(table: pl.DataFrame, names: tuple[str, str], what: str) -> pl.DataFrame:
    frame = to_polars(table)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise TableError(
            f"{what} lack columns",
            found=f"columns {listed(frame.columns, last='and')}",
            expected=listed(missing, last="and"),
        )
    return frame.select(names).drop_nulls().unique(maintain_order=True)


def _pool(members: pl.DataFrame, expressed: Iterable[str]) -> list[str]:
    """MiRNAs to draw from: the expressed ones; those of the lists belong to them."""
    pool = list(dict.fromkeys(expressed))
    sizes = members.group_by("list", maintain_order=True).len()
    foreign = members.filter(~pl.col("mirna").is_in(pool))["mirna"].unique(maintain_order=True).to_list()
    if foreign:
        warnings.warn(
            Caution(
                "miRNAs of the lists are not among the expressed ones",
                found=f"{len(foreign)}: {listed(foreign, last='and', most=5)}",
                next_step="They are drawn from as well; check that lists and expression use the same names.",
            ),
            stacklevel=3,
        )
        pool += foreign
    for name, size in sizes.rows():
        if 2 * size > len(pool):
            raise MethodError(
                f"list {name!r} cannot be compared with random lists",
                found=f"{size} of {len(pool)} expressed miRNAs",
                expected="at most half of them",
                next_step="Give all miRNAs that the untreated or treated cells express.",
            )
    return pool


def _every_set(record: EnrichmentConvention) -> EnrichmentConvention:
    """The convention with every set listed, since chance may hit those that the list does not."""
    return replace(record, adjust_over="library") if record.adjust_over == "overlapping" else record


def _with_listed_only(table: pl.DataFrame, record: EnrichmentConvention) -> pl.DataFrame:
    """q-values as the convention has them: over overlapping sets only, where it says so."""
    if record.adjust_over == "library":
        return table
    parts = []
    for name in table["list"].unique(maintain_order=True):
        own = table.filter(pl.col("list") == name)
        hit = (own["overlap"] > 0).to_numpy()
        q = adjust_p(np.where(hit, own["p_value"].to_numpy(), np.nan))
        parts.append(
            own.with_columns(
                pl.Series("q_value", q).fill_nan(None), pl.lit(int(hit.sum()), dtype=pl.Int32).alias("n_tested")
            )
        )
    return pl.concat(parts)


def _counted(
    gene_sets: pl.DataFrame, universe: Iterable[str] | None, record: EnrichmentConvention, targets: pl.DataFrame
) -> pl.DataFrame:
    """Genes of each set as the convention counts them, and targets outside every set as the set null."""
    fold = pl.col("gene").str.strip_chars()
    fold = fold.str.to_uppercase() if record.fold_case else fold
    sets = to_polars(gene_sets).select("gene_set", fold).unique(maintain_order=True)
    if universe is not None and record.universe != "fixed":
        known = pl.DataFrame({"gene": pl.Series(list(universe), dtype=pl.String)}).select(fold).unique()
        sets = sets.join(known, on="gene", how="semi", maintain_order="left") if record.intersect_sets else sets
    others = targets.select(pl.lit(None, pl.String).alias("gene_set"), fold).unique(maintain_order=True)
    return pl.concat([sets, others.join(sets, on="gene", how="anti", maintain_order="left")])


def _target_matrix(
    targets: pl.DataFrame, pool: Sequence[str], genes: pl.Series, record: EnrichmentConvention
) -> BoolArray:
    """(miRNAs of the pool, genes)."""
    fold = pl.col("gene").str.strip_chars()
    own = targets.with_columns(fold.str.to_uppercase() if record.fold_case else fold)
    rows = pl.DataFrame({"mirna": list(pool)}).with_row_index("_row")
    columns = pl.DataFrame({"gene": genes}).with_row_index("_column")
    cells = own.join(rows, on="mirna").join(columns, on="gene")
    matrix = np.zeros((len(pool), len(genes)), dtype=np.bool_)
    matrix[cells["_row"].to_numpy(), cells["_column"].to_numpy()] = True
    return matrix


def _positions(names: pl.Series, labels: pl.DataFrame) -> list[IntArray]:
    """Positions of the genes of each set among all genes."""
    place = {gene: i for i, gene in enumerate(labels["gene"].unique(maintain_order=True))}
    grouped = labels.filter(pl.col("gene_set").is_not_null()).group_by("gene_set", maintain_order=True).agg("gene")
    genes = dict(grouped.iter_rows())
    return [np.array([place[gene] for gene in genes.get(name, ())], dtype=np.intp) for name in names]


def _jaccard(overlap: CountArray, hit: CountArray, sets: Sequence[IntArray]) -> FloatArray:
    """Shared genes as a part of targets and set together: (draws, sets)."""
    sizes = np.array([len(members) for members in sets])
    return np.asarray(overlap / np.maximum(hit[:, None] + sizes - overlap, 1), dtype=np.float64)


def _with_chance(
    own: pl.DataFrame, overlap: CountArray, measured: FloatArray | CountArray, *, size: int
) -> pl.DataFrame:
    """Rows of one list with what random lists give; the first row of the counts is the list itself."""
    draws = len(overlap) - 1
    expected = overlap[1:].mean(axis=0)
    p = (1 + (measured[1:] >= measured[0]).sum(axis=0)) / (1 + draws)
    fold = np.where(expected > 0, overlap[0] / np.maximum(expected, 1e-300), np.nan)
    return own.with_columns(
        pl.lit(size, dtype=pl.Int32).alias("n_mirnas"),
        pl.Series("expected_random", expected),
        pl.Series("fold_random", fold).fill_nan(None),
        pl.Series("empirical_p", p),
        pl.Series("empirical_q", adjust_p(p)),
        pl.lit(draws, dtype=pl.Int32).alias("draws"),
    )
