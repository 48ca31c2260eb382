"""Names, targets and genes of a study: what its files say, brought to accessions and counted."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from sensitome.errors import Caution, MethodError
from sensitome.mirna.deconvolution import DeconvolutionRules
from sensitome.mirna.joining import as_prefixed, resolved
from sensitome.mirna.name_index import NameIndex
from sensitome.mirna.screen_genes import mimic_effects, screen_genes
from sensitome.mirna.seeds import seeds_of
from sensitome.mirna.settings import GeneSettings, TargetSettings
from sensitome.mirna.tables import Genes, Names
from sensitome.mirna.target_matrix import tier_weights
from sensitome.mirna.targets import TIERS, TargetRules, merge_targets

__all__ = ["name_lists", "strong_targets", "study_genes", "study_targets"]

_NUMBER = r"-?\d+(?:\.\d+)?"


def name_lists(lists: Mapping[str, Sequence[str]], *, index: NameIndex) -> pl.DataFrame:
    """Resolve every name of several lists, each list by itself.

    Parameters
    ----------
    lists : what the list is → its names; a list has a release of its own
    index : miRBase

    Returns
    -------
    Table `names`: each name once a list, in order
    """
    parts = []
    for name, names in lists.items():
        given = pl.Series("input", list(dict.fromkeys(names)), dtype=pl.String)
        parts.append(resolved(given, index=index).select(pl.lit(name).alias("list"), pl.all()))
    return pl.concat(parts).select(Names.column_names()) if parts else Names.create_empty()


def study_targets(
    evidence: pl.DataFrame, *, index: NameIndex, settings: TargetSettings, families: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Merge the evidence for targets, and count what became of its rows.

    Parameters
    ----------
    evidence : all tables of `sensitome.io.evidence.read_evidence`
    index : by which miRNAs are compared
    settings : what counts
    families : ``family, mirna`` of TargetScan

    Returns
    -------
    targets : one row per miRNA × gene, with its tier
    sources : table `target_sources`: per source and release, how many rows count and why others do not
    """
    named = evidence.with_columns(as_prefixed(evidence["mirna"]).alias("mirna"))
    rules = TargetRules(
        sources=settings.sources,
        thresholds=settings.thresholds,
        listed=settings.listed,
        functional_only=settings.functional_only,
        weak=settings.weak_support,
    )
    merged = merge_targets(named, base=index, rules=rules, families=families)
    return merged.targets, _sources(evidence, merged.left_out)


def _sources(evidence: pl.DataFrame, left_out: pl.DataFrame) -> pl.DataFrame:
    """Rows of each source by what became of them."""
    keys = ["source", "version", "evidence"]
    # A number in a reason would make every row a reason of its own.
    reasons = left_out.select(*keys, pl.col("reason").str.replace_all(_NUMBER, "…"), "mirna", "gene")
    lost = _counted(reasons, [*keys, "reason"])
    total = _counted(evidence.select(*keys, "mirna", "gene"), keys)
    kept = total.join(
        lost.group_by(keys).agg(pl.col("rows").sum().alias("lost")), on=keys, how="left", nulls_equal=True
    ).with_columns((pl.col("rows") - pl.col("lost").fill_null(0)).clip(0).cast(pl.Int32).alias("rows"))
    told = kept.select(*keys, pl.lit("counts").alias("outcome"), "rows", "mirnas", "genes")
    parts = [told, lost.select(*keys, pl.col("reason").alias("outcome"), "rows", "mirnas", "genes")]
    order = (pl.col("outcome") != "counts").alias("_order")
    return pl.concat(parts).with_columns(pl.col("version").fill_null("")).sort("source", "version", order, "outcome")


def _counted(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return rows.group_by(keys).agg(
        pl.len().cast(pl.Int32).alias("rows"),
        pl.col("mirna").n_unique().cast(pl.Int32).alias("mirnas"),
        pl.col("gene").n_unique().cast(pl.Int32).alias("genes"),
    )


def strong_targets(targets: pl.DataFrame, evidence: str) -> pl.DataFrame:
    """Targets of a tier and of the stronger ones."""
    words = [str(tier) for tier in TIERS]
    strong = words[: words.index(evidence) + 1]
    return targets.filter(pl.col("tier").cast(pl.String).is_in(strong))


def study_genes(
    screened: pl.DataFrame,
    reagents: pl.DataFrame,
    targets: pl.DataFrame,
    *,
    index: NameIndex,
    settings: GeneSettings,
    seed: int,
    jobs: int = 1,
    advance: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Seek the genes behind the effects of mimics, arm by arm.

    Parameters
    ----------
    screened : table `sensitizers`, or `hits` where there was no test
    reagents : table `reagents`; its column ``sequence`` gives seed families, where it has one
    targets : table `targets`
    index : by which targets of reagents and of the evidence are compared
    settings : how genes are sought
    seed : of chance
    jobs : threads; the answer does not depend on them
    advance : told how many arms are done, and how many there are

    Returns
    -------
    Table `genes`; no rows where genes cannot be sought, which is told

    Warns
    -----
    Caution
        There are no mimics, too few families, or no gene that enough of them target.
    """
    named = _named(reagents, index=index, kind=settings.kind)
    rules = DeconvolutionRules(
        least_families=settings.least_families,
        threshold=settings.threshold,
        false_calls=settings.false_calls,
        pairs=settings.pairs,
        shuffles=settings.shuffles,
    )
    known = tier_weights(strong_targets(targets, settings.evidence))
    own = screened.filter(pl.col("kind") == settings.kind)
    if own.is_empty():
        return _not_sought(f"no reagents of kind {settings.kind!r}", "Name the kind under [genes], or set method.")
    effects = mimic_effects(own, named, kind=settings.kind)
    families = named.select(pl.col("accession").alias("mirna"), "seed").drop_nulls().unique("mirna", keep="first")
    try:
        genes = screen_genes(effects, known, families=families, rules=rules, seed=seed, jobs=jobs, advance=advance)
    except MethodError as error:
        return _not_sought(str(error), "")
    return genes.select(Genes.column_names()) if genes.height else Genes.create_empty()


def _named(reagents: pl.DataFrame, *, index: NameIndex, kind: str) -> pl.DataFrame:
    """Reagents of a kind with the accession of what they imitate, and its seed."""
    own = reagents.filter((pl.col("role").cast(pl.String) == "sample") & (pl.col("kind") == kind))
    target = pl.coalesce("target", "reagent") if "target" in own.columns else pl.col("reagent")
    names = own.select(target.alias("name"))["name"]
    found = resolved(names, index=index)
    ordered = own["sequence"] if "sequence" in own.columns else pl.Series([None] * own.height, dtype=pl.String)
    readable = ordered.str.contains(r"^\s*[ACGUTacgut]{8,}\s*$").fill_null(value=False)
    sequence = pl.DataFrame({"own": ordered.set(~readable, None), "base": found["sequence"]}).select(
        pl.coalesce("own", "base").alias("sequence")
    )["sequence"]
    return found.with_columns(own["reagent"].alias("input"), seeds_of(sequence).alias("seed"))


def _not_sought(found: str, step: str) -> pl.DataFrame:
    warnings.warn(Caution("genes behind the screen cannot be sought", found=found, next_step=step), stacklevel=4)
    return Genes.create_empty()
