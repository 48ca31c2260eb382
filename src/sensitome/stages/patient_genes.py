"""Which mRNAs go with the miRNAs in patients, whether their targets fall with them, and which gene sets they fill."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from sensitome.cohort.association import Association, associate, correlate_lists
from sensitome.cohort.reading import columns_of
from sensitome.cohort.strongest import Strongest
from sensitome.cohort.tables import COHORT_TABLES
from sensitome.core.multiple import adjust_p
from sensitome.device import open_device
from sensitome.enrichment.conventions import CONVENTIONS, EnrichmentConvention
from sensitome.enrichment.over_representation import enrich
from sensitome.errors import Caution, TableError
from sensitome.expression_matrix import Expression
from sensitome.io.gene_sets import read_gene_sets
from sensitome.io.mirbase import Mirbase, read_mirbase
from sensitome.io.parquet_sink import ParquetSink
from sensitome.mirna.study import strong_targets
from sensitome.settings import Study
from sensitome.stages.patient_cohorts import Asked, asked_cohorts, stack
from sensitome.stages.patient_names import accessions
from sensitome.stages.record import Context, Tables

__all__ = ["GENES", "associate_patients"]

GENES = ("association", "association_summary", "association_sets")

# Lists of more miRNAs than this are not tested for gene sets: the table would be longer than anybody reads.
_MOST_LISTED = 50


def associate_patients(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    """Correlate miRNAs and mRNAs of every cohort that has both.

    Parameters
    ----------
    tables : `cohort_mirnas` and, where the study has targets, `targets`
    context : of the run; pairs that the table does not hold go to the folder ``association`` of its results

    Returns
    -------
    ``association``, ``association_summary`` and, where the study has gene sets, ``association_sets``
    """
    inputs = context.study.inputs
    base = read_mirbase(context.folder / inputs.mirbase) if inputs.mirbase and "targets" in tables else None
    gene_sets = _gene_sets(context) if inputs.gene_sets else None
    strong = _strong(tables["targets"], context.study) if "targets" in tables else None
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in GENES}
    _clear(context)
    for each in asked_cohorts(tables["cohort_mirnas"], context, matrices=("mirna", "mrna")):
        if each.mirna is None or "mrna" not in each.cohort.matrices:
            continue
        targets = _targets_of(each.mirna, strong, base) if strong is not None else None
        found, pairs = _associate_one(each, targets, context)
        made = {"association": pairs, "association_summary": _with_q(found.summary)}
        if gene_sets is not None:
            made["association_sets"] = _sets_of(pairs, each, gene_sets, context)
        for name, table in made.items():
            parts[name].append(table.with_columns(cohort=pl.lit(each.name)))
    return stack(parts)


def _associate_one(each: Asked, targets: pl.DataFrame | None, context: Context) -> tuple[Association, pl.DataFrame]:
    """Association of one cohort, and the strongest of its pairs."""
    assert each.mirna is not None  # noqa: S101 - the caller has asked
    settings = each.settings
    path = _path(each, context)
    sink = ParquetSink(path) if path else None
    strong = Strongest(settings.most_pairs, sink=sink)
    adjusting = columns_of(
        each.cohort, settings.correlation_covariates, setting=f"{each.section}.correlation_covariates"
    )

    with sink or contextlib.nullcontext():
        found = associate(
            each.mirna,
            each.cohort.matrix("mrna"),
            method=settings.correlation,
            p_method=settings.correlation_p,
            family=settings.family,
            alpha=settings.alpha,
            covariates=adjusting if settings.correlation_covariates else None,
            targets=targets,
            device=open_device(settings.device),
            sink=strong,
            jobs=context.jobs,
        )
    if path is not None and strong.rows <= settings.most_pairs:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another cohort has its pairs there
            path.parent.rmdir()
    pairs = strong.table()
    _tell_more(each, strong.rows, path)
    return found, COHORT_TABLES["association"].create_empty().drop("cohort") if pairs is None else pairs


def _with_q(summary: pl.DataFrame) -> pl.DataFrame:
    """The summary with the false-discovery rate of the shift of targets over miRNAs."""
    if "target_p_value" not in summary.columns:
        return summary
    p = summary["target_p_value"].fill_null(float("nan")).to_numpy()
    return summary.with_columns(pl.Series("target_q_value", adjust_p(p)).fill_nan(None))


def _strong(targets: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Targets whose evidence is as strong as the study's enrichment asks for; all where it has none."""
    return targets if study.enrichment is None else strong_targets(targets, study.enrichment.evidence)


def _targets_of(mirna: Expression, targets: pl.DataFrame, base: Mirbase | None) -> pl.DataFrame:
    """Targets of the miRNAs of a matrix, under the names that the matrix has: ``mirna``, ``gene``."""
    names = mirna.features["feature"].cast(pl.String)
    keys = accessions(names, base)
    own = pl.DataFrame({"mirna": names, "accession": keys})
    return own.join(targets.select("accession", "gene"), on="accession", how="inner").select("mirna", "gene")


def _gene_sets(context: Context) -> pl.DataFrame:
    """Gene sets of the study; what is odd about them is told where the targets are tested, if they are."""
    with warnings.catch_warnings():
        if context.study.inputs.targets:
            warnings.simplefilter("ignore", Caution)
        return read_gene_sets(context.folder / str(context.study.inputs.gene_sets))


def _sets_of(pairs: pl.DataFrame, each: Asked, gene_sets: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Gene sets among the mRNAs that go with each miRNA; the mRNAs that were tested are the universe."""
    record = _convention(context)
    counts = pairs["mirna"].value_counts().sort("count", "mirna", descending=[True, False])
    chosen = counts.head(_MOST_LISTED)["mirna"]
    lists = correlate_lists(pairs.filter(pl.col("mirna").is_in(chosen.implode())), alpha=each.settings.alpha)
    own = lists.select("list", "mirna", "sign").unique(maintain_order=True)
    if counts.height > _MOST_LISTED:
        warnings.warn(
            Caution(
                f"gene sets are tested for some miRNAs of cohort {each.name!r} only",
                found=f"{counts.height} miRNAs with correlates",
                expected=f"at most {_MOST_LISTED}, those with the most",
            ),
            stacklevel=2,
        )
    measured = each.cohort.matrix("mrna").features["feature"].cast(pl.String).to_list()
    if lists.is_empty():
        return COHORT_TABLES["association_sets"].create_empty().drop("cohort")
    try:
        found = enrich(lists.select("list", "gene"), gene_sets, convention=record, universe=measured)
    except TableError as error:
        warnings.warn(Caution(f"gene sets cannot be tested in cohort {each.name!r}", found=error.what), stacklevel=2)
        return COHORT_TABLES["association_sets"].create_empty().drop("cohort")
    return found.filter(pl.col("overlap") > 0).join(own, on="list", how="left", maintain_order="left")


def _convention(context: Context) -> EnrichmentConvention:
    """How the study counts, if it holds lists against what was measured: a universe of all genes would flatter them."""
    settings = context.study.enrichment
    own = CONVENTIONS["recommended" if settings is None else settings.convention]
    return own if own.universe == "given" else CONVENTIONS["recommended"]


def _tell_more(each: Asked, rows: int, path: Path | None) -> None:
    """Caution where the table does not hold every pair."""
    if rows > each.settings.most_pairs:
        where = "" if path is None else f" All are in {path.parent.name}/{path.name}."
        warnings.warn(
            Caution(
                f"more mRNAs go with miRNAs in cohort {each.name!r} than the table association holds",
                found=f"{rows:,} pairs",
                expected=f"at most {each.settings.most_pairs:,}, the strongest",
                next_step=f"Gene sets are tested among those.{where}",
            ),
            stacklevel=2,
        )


def _clear(context: Context) -> None:
    """Take away the pairs of an earlier run."""
    if context.out is not None:
        for path in (context.out / "association").glob("*.parquet"):
            path.unlink()


def _path(each: Asked, context: Context) -> Path | None:
    """File of all pairs of a cohort; None without a folder of results."""
    if context.out is None:
        return None
    folder = context.out / "association"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', each.name).strip('-.') or 'cohort'}.parquet"
