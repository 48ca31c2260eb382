"""Targets of miRNAs from all evidence together: by accession, in tiers, with a reason for all that is left out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import polars as pl

from sensitome.errors import Caution, listed
from sensitome.io.gene_symbols import mend_symbols
from sensitome.io.mirbase import Mirbase
from sensitome.mirna.name_index import NameIndex, index_names
from sensitome.mirna.names import resolve_names

__all__ = ["TIERS", "TargetRules", "Targets", "Tier", "merge_targets"]

Tier = Literal["experimentally observed", "high (predicted)", "moderate (predicted)"]

#: Tiers, the strongest first.
TIERS: tuple[Tier, ...] = ("experimentally observed", "high (predicted)", "moderate (predicted)")

# Support words from strong to weak; words of other sources come between the two kinds of miRTarBase.
_SUPPORT = ("Functional MTI", "", "Functional MTI (Weak)", "Non-Functional MTI", "Non-Functional MTI (Weak)")


@dataclass(frozen=True)
class TargetRules:
    """What counts as a target.

    Parameters
    ----------
    sources : names of the sources to use; empty = all
    thresholds : source → (high, moderate): scores at least as good as the first are high, as the second moderate,
        others are left out. Context++ scores: −0.4 and −0.2; miRDB: 80 and 60
    listed : tier of plain lists, which do not say what their evidence is
    functional_only : leave out what a source reports to have no effect
    weak : whether miRTarBase's weak support (high throughput alone) counts as observed
    """

    sources: tuple[str, ...] = ()
    thresholds: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: {"TargetScan": (-0.4, -0.2), "miRDB": (80.0, 60.0)}
    )
    listed: Tier = "moderate (predicted)"
    functional_only: bool = True
    weak: bool = True


class Targets(NamedTuple):
    """The targets, and the rows of evidence that are none, each with its reason."""

    targets: pl.DataFrame
    left_out: pl.DataFrame


def merge_targets(
    evidence: pl.DataFrame | Sequence[pl.DataFrame],
    *,
    base: Mirbase | NameIndex,
    rules: TargetRules | None = None,
    families: pl.DataFrame | None = None,
    species: str = "hsa",
) -> Targets:
    """Put all evidence together, one row per miRNA × gene.

    Parameters
    ----------
    evidence : one or several tables of `read_evidence`
    base : names of miRBase: miRNAs are compared by accession, and each source may write another release's names
    rules : `TargetRules`
    families : ``family, mirna`` (`read_family_info`): summary counts of TargetScan and rows of IPA then hold for all
        members of a family, else for its representative alone
    species : prefix of names without one

    Returns
    -------
    targets : ``accession``, ``mirna`` (its name now; the name that was read where it is dead), ``gene``, ``tier``
        (Enum), ``sources`` and ``versions`` (joined by ";"), ``n_sources``, ``n_observed`` (sources that observed it),
        ``support`` (the strongest word), ``scores`` ("source: score", best one each), ``references`` (distinct);
        ordered by miRNA and gene
    left_out : the rows of evidence that do not count, with ``reason``

    Warns
    -----
    Caution
        Symbols had become dates; how many were mended and how many not.

    Notes
    -----
    Tiers are those of IPA's microRNA Target Filter; its confidence words are taken as they are, the strongest of a
    comma-separated cell. Scores per site (TargetScan) are added up over the sites of a transcript, and the best
    transcript counts.
    """
    rules = rules or TargetRules()
    index = index_names(base) if isinstance(base, Mirbase) else base
    rows = evidence if isinstance(evidence, pl.DataFrame) else pl.concat(list(evidence))
    rows = rows.with_columns(pl.lit(None, pl.String).alias("reason"))
    rows = _chosen(rows, rules)
    rows = _mended(rows)
    rows = _named(_expanded(rows, families), index, species)
    rows = _tiered(_summed(rows), rules)
    counted = rows.filter(pl.col("reason").is_null())
    left_out = rows.filter(pl.col("reason").is_not_null())
    shown = [
        "mirna",
        "gene",
        "source",
        "version",
        "evidence",
        "support",
        "score",
        "reference",
        "file",
        "line",
        "reason",
    ]
    return Targets(_merged(counted), left_out.select(shown))


def _reasoned(rows: pl.DataFrame, wrong: pl.Expr, reason: str | pl.Expr) -> pl.DataFrame:
    """Give rows a reason to be left out, unless they have one."""
    words = pl.lit(reason) if isinstance(reason, str) else reason
    return rows.with_columns(
        pl.when(pl.col("reason").is_null() & wrong).then(words).otherwise("reason").alias("reason")
    )


def _chosen(rows: pl.DataFrame, rules: TargetRules) -> pl.DataFrame:
    if rules.sources:
        rows = _reasoned(rows, ~pl.col("source").is_in(rules.sources), "the source was not asked for")
    if rules.functional_only:
        rows = _reasoned(rows, ~pl.col("functional"), pl.format("the source reports no effect: {}", "support"))
    if not rules.weak:
        rows = _reasoned(rows, pl.col("support").eq_missing("Functional MTI (Weak)"), "weak support")
    return rows


def _mended(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with present gene symbols; dates that cannot be mended have a reason."""
    given = pl.coalesce("gene", "transcript", "gene_id")
    symbols = mend_symbols(rows.select(given.alias("gene"))["gene"])
    dates = int(symbols["is_date"].sum())
    lost = int((symbols["is_date"] & symbols["symbol"].is_null()).sum())
    files = rows.filter(symbols["is_date"])["file"].unique(maintain_order=True)
    if dates:
        warnings.warn(
            Caution(
                "gene symbols had become dates",
                where=listed(files, last="and", most=3),
                found=f"{dates} rows ({dates - lost} mended, {lost} left out)",
                next_step="Take the file from its source again, and do not save it from a spreadsheet.",
            ),
            stacklevel=3,
        )
    rows = rows.with_columns(pl.coalesce(symbols["symbol"], "gene").alias("gene"), symbols["problem"].alias("_problem"))
    return _reasoned(rows, pl.col("_problem").is_not_null(), pl.col("_problem")).drop("_problem")


def _expanded(rows: pl.DataFrame, families: pl.DataFrame | None) -> pl.DataFrame:
    """Rows of families, one for each member."""
    if families is None:
        return rows
    members = families.select("family", pl.col("mirna").alias("_member")).unique(maintain_order=True)
    joined = rows.join(members, on="family", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("_member", "mirna").alias("mirna")).drop("_member")


def _named(rows: pl.DataFrame, index: NameIndex, species: str) -> pl.DataFrame:
    """Rows with accessions; each source and release is one list, written in one release of miRBase."""
    parts = []
    for _, part in rows.group_by(["source", "version"], maintain_order=True):
        names = part["mirna"].unique(maintain_order=True)
        found = resolve_names(names, base=index, species=species).with_columns(
            pl.col("status").cast(pl.String), pl.coalesce("name", "read_as").alias("_name")
        )
        known = found.select(
            pl.col("input").alias("mirna"), "accession", "_name", "status", pl.col("reason").alias("_why")
        )
        parts.append(part.join(known, on="mirna", how="left", maintain_order="left", nulls_equal=True))
    named = pl.concat(parts) if parts else rows.with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("accession", "_name", "status", "_why")
    )  # fmt: skip
    lost = pl.col("accession").is_null() | (pl.col("status") == "precursor")
    return _reasoned(named, lost, pl.format("miRNA {}: {}", "status", "_why"))


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Scores of single sites added up over each transcript."""
    by = ["source", "version", "accession", "gene", "transcript"]
    counts = pl.col("lower_is_better") & pl.col("reason").is_null()
    total = pl.when(counts).then(pl.col("score").filter(counts).sum().over(by)).otherwise("score")
    return rows.with_columns(total.alias("_total"))


def _tiered(rows: pl.DataFrame, rules: TargetRules) -> pl.DataFrame:
    strongest = pl.lit(None, pl.Int8)
    told = pl.col("confidence").str.to_lowercase()
    for number, word in reversed(list(enumerate(("observed", "high", "moderate")))):
        strongest = pl.when(told.str.contains(word)).then(pl.lit(number, pl.Int8)).otherwise(strongest)
    tier = (
        pl.when(pl.col("source") == "IPA").then(strongest)
        .when(pl.col("evidence").cast(pl.String) == "observed").then(pl.lit(0, pl.Int8))
        .when(pl.col("evidence").cast(pl.String) == "listed").then(pl.lit(TIERS.index(rules.listed), pl.Int8))
        .otherwise(_by_score(rules))
    )  # fmt: skip
    rows = rows.with_columns(tier.alias("_tier"))
    weak = pl.when(pl.col("source") == "IPA").then(
        pl.format("confidence {}", pl.col("confidence").fill_null("not told"))
    ).otherwise(pl.format("score {} is weaker than moderate", pl.col("_total").round(3)))  # fmt: skip
    return _reasoned(rows, pl.col("_tier").is_null(), pl.coalesce(weak, pl.lit("the row has no score")))


def _by_score(rules: TargetRules) -> pl.Expr:
    tier = pl.lit(None, pl.Int8)
    for source, (high, moderate) in rules.thresholds.items():
        sign = pl.when("lower_is_better").then(-1.0).otherwise(1.0)
        down = -1.0 if high < moderate else 1.0
        score = pl.col("_total") * sign
        here = pl.col("source") == source
        tier = (
            pl.when(here & (score >= down * high)).then(pl.lit(1, pl.Int8))
            .when(here & (score >= down * moderate)).then(pl.lit(2, pl.Int8))
            .otherwise(tier)
        )  # fmt: skip
    return tier


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per miRNA × gene."""
    strength = pl.col("support").replace_strict(
        {word: number for number, word in enumerate(_SUPPORT) if word}, default=1, return_dtype=pl.Int8
    )
    shown = pl.format("{} {}", "source", "version").str.strip_chars()
    rows = rows.with_columns(strength.alias("_support"), shown.alias("_shown")).sort(
        "accession", "gene", "source", "_shown", "_support", "file", "line"
    )
    # Numbers are compared more quickly than names.
    rows = rows.with_columns(pl.struct("accession", "gene").rle_id().alias("_pair"))
    better = pl.when("lower_is_better").then("_total").otherwise(-pl.col("_total"))
    scored = rows.drop_nulls("_total").with_columns(better.alias("_better")).sort("_pair", "_shown", "_better")
    scores = scored.unique(["_pair", "_shown"], keep="first", maintain_order=True).select(
        "_pair", pl.format("{}: {}", "_shown", pl.col("_total").round(3)).alias("scores")
    )
    worded = rows.filter(pl.col("support").fill_null("") != "")
    supported = worded.sort("_pair", "_support", maintain_order=True).group_by("_pair").agg(pl.col("support").first())
    pairs = rows.group_by("_pair").agg(
        pl.col("accession", "gene").first(), pl.col("_name").first().alias("mirna"), pl.col("_tier").min()
    )
    parts = (
        supported,
        _together(rows.select("_pair", pl.col("source").alias("sources"))),
        _together(rows.select("_pair", pl.col("_shown").alias("versions"))),
        _together(scores),
        _count(rows, "source", "n_sources"),
        _count(rows.filter(pl.col("_tier") == 0), "source", "n_observed"),
        _count(rows.drop_nulls("reference"), "reference", "references"),
    )
    for part in parts:
        pairs = pairs.join(part, on="_pair", how="left")
    pairs = pairs.sort("mirna", "accession", "gene")
    tier = pl.Series(TIERS, dtype=pl.Enum(TIERS)).gather(pairs["_tier"].cast(pl.UInt32)).alias("tier")
    return pairs.with_columns(
        tier, pl.col("scores").fill_null(""), pl.col("n_sources", "n_observed", "references").fill_null(0)
    ).select(
        "accession", "mirna", "gene", "tier", "sources", "versions", "n_sources", "n_observed", "support", "scores",
        "references",
    )  # fmt: skip


def _together(rows: pl.DataFrame) -> pl.DataFrame:
    """Distinct words for each pair, joined by ";"; rows are ordered by both."""
    word = rows.columns[-1]
    distinct = rows.filter(pl.struct(pl.all()).rle_id().diff().fill_null(1) != 0)
    return distinct.group_by("_pair").agg(pl.col(word)).with_columns(pl.col(word).list.join(";"))


def _count(rows: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """Distinct values of a column for each pair."""
    return rows.select("_pair", column).unique().group_by("_pair").agg(pl.len().cast(pl.Int32).alias(name))
