"""Survival of HER2-positive patients of METABRIC, from the raw files of cBioPortal."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from sensitome.cohort.subset import subset
from sensitome.core.survival.log_rank import log_rank
from sensitome.io.cbioportal import read_cbioportal
from sensitome.patients import Cohort


def run(folder: Path) -> pl.DataFrame:
    """One row per comparison and endpoint: χ², df, p, patients and events."""
    cohort = read_cbioportal(folder)
    positive = subset(cohort, 'her2_status == "+"')
    comparisons = {
        "HER2 status": (cohort, pl.col("her2_status")),
        "stage, HER2+": (subset(positive, "tumor_stage in [1, 2, 3]"), pl.col("tumor_stage")),
        "NPI > median, HER2+": (positive, pl.col("npi") > pl.col("npi").median()),
    }
    rows = [
        (name, endpoint, *compare(part, endpoint, group))
        for name, (part, group) in comparisons.items()
        for endpoint in cohort.endpoints
    ]
    schema = ["comparison", "endpoint", "chi_square", "df", "p_value", "n", "n_event"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def compare(cohort: Cohort, endpoint: str, group: pl.Expr) -> tuple[float, int, float, int, int]:
    """Log-rank test over the groups of the patients who have the endpoint."""
    table = cohort.clinical.with_columns(group.cast(pl.String).alias("group")).drop_nulls([f"{endpoint}_time", "group"])
    code = np.unique(table["group"].to_numpy(), return_inverse=True)[1]
    event = table[f"{endpoint}_event"].to_numpy()
    test = log_rank(table[f"{endpoint}_time"].to_numpy(), event, code)
    return test.statistic, test.df, test.p, len(table), int(event.sum())


if __name__ == "__main__":
    print(run(Path(sys.argv[1])))
