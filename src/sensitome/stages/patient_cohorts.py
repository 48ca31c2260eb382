"""What the stages of patients share: the cohorts of a study, read once with a voice and then silently."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sensitome.cohort.reading import read_cohort
from sensitome.cohort.settings import CohortSettings, named_cohorts
from sensitome.cohort.tables import COHORT_TABLES
from sensitome.errors import Caution
from sensitome.expression_matrix import Expression
from sensitome.patients import Cohort
from sensitome.settings import Study
from sensitome.stages.record import Context, Tables

__all__ = ["Asked", "asked_cohorts", "asked_matrix", "sections", "stack", "strongest"]


@dataclass(frozen=True)
class Asked:
    """One cohort of the study, and the miRNAs that are looked up in it.

    Parameters
    ----------
    name : in tables and report
    section : of ``study.toml``
    settings : what that says
    cohort : patients and matrices
    mirna : matrix of the miRNAs that are looked up; None when the cohort measures none of them
    """

    name: str
    section: str
    settings: CohortSettings
    cohort: Cohort
    mirna: Expression | None


def sections(study: Study) -> dict[str, tuple[str, CohortSettings]]:
    """Every cohort of a study by name: its section and what that says."""
    return named_cohorts(study.cohort, study.cohorts)


def asked_cohorts(mirnas: pl.DataFrame, context: Context, *, matrices: tuple[str, ...] = ("mirna",)) -> Iterator[Asked]:
    """Every cohort, one after another, without the cautions of its inputs, which were told when it was first read."""
    for name, (section, settings) in sections(context.study).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Caution)
            cohort = read_cohort(settings, folder=context.folder, matrices=matrices, name=name, section=section)
        wanted = mirnas.filter(pl.col("in_cohort") & (pl.col("cohort") == name))
        yield Asked(name, section, settings, cohort, asked_matrix(cohort, wanted))


def asked_matrix(cohort: Cohort, mirnas: pl.DataFrame) -> Expression | None:
    """Matrix of some miRNAs, under the names that the screen has for them; None when the cohort has none of them.

    Parameters
    ----------
    cohort : with a matrix ``mirna``
    mirnas : ``mirna`` (name in the screen) and ``measured_as`` (name in the cohort)
    """
    matrix = cohort.matrix("mirna")
    places = matrix.features.select(pl.col("feature").cast(pl.String).alias("measured_as")).with_row_index("_row")
    found = mirnas.join(places, on="measured_as", how="inner", maintain_order="right_left")
    if found.is_empty():
        return None
    part = matrix.take(features=found["_row"].to_numpy())
    return Expression(part.values, part.samples, part.features.with_columns(feature=found["mirna"]), part.detected)


def stack(parts: Mapping[str, Sequence[pl.DataFrame]]) -> Tables:
    """Tables of all cohorts, one below the other; those of which no cohort has rows are empty."""
    made = {}
    for name, tables in parts.items():
        columns = COHORT_TABLES[name].column_names()
        own = [_ordered(columns, table) for table in tables]
        made[name] = pl.concat(own, how="diagonal_relaxed") if own else COHORT_TABLES[name].create_empty()
    return made


def strongest(tests: pl.DataFrame, *, count: int) -> list[str]:
    """MiRNAs with the smallest p over all their rows."""
    known = tests.drop_nulls("p_value").group_by("mirna").agg(pl.col("p_value").min())
    return known.sort("p_value", "mirna").head(count)["mirna"].to_list()


def _ordered(columns: Sequence[str], table: pl.DataFrame) -> pl.DataFrame:
    """Columns of the schema first, those that are missing null."""
    lacking = [pl.lit(None).alias(name) for name in columns if name not in table.columns]
    return table.with_columns(lacking).select(*columns)
