"""What figures of patients share: which cohort a panel is about, and the unit of its times."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import Manifest, Tables, setting

__all__ = ["of_cohorts", "panel_title", "strongest_first", "time_unit"]


def of_cohorts(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its column ``cohort``; a table that has none is of one cohort without a name."""
    return table if "cohort" in table.columns else table.with_columns(pl.lit("").alias("cohort"))


def panel_title(*words: str, cohort: str, several: bool) -> str:
    """Title of a panel; the cohort is named where there are several.

    >>> panel_title("miR-1", "OS", cohort="Oslo2", several=True)
    'miR-1, OS, Oslo2'
    """
    return ", ".join([*words, cohort] if several and cohort else words)


def time_unit(tables: Tables, manifest: Manifest, cohort: str) -> str:
    """Unit of the times of a cohort."""
    known = tables.get("cohorts")
    if known is not None and "cohort" in known.columns:
        own = known.filter(pl.col("cohort") == cohort)["time_unit"]
        if len(own) and own[0]:
            return str(own[0])
    return str(setting(manifest, "cohort", "time_unit", default="months"))


def strongest_first(keys: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    """Panels in the order of the smallest p of their miRNA, those of one miRNA beside each other.

    Parameters
    ----------
    keys : ``mirna`` and what else names a panel
    tests : ``mirna`` and ``p_value``
    """
    smallest = tests.group_by("mirna").agg(pl.col("p_value").min().alias("_p"))
    others = [name for name in ("endpoint", "cohort") if name in keys.columns]
    ranked = keys.join(smallest, on="mirna", how="left").sort("_p", "mirna", *others, nulls_last=True)
    return ranked.select(keys.columns)
