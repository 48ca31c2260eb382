"""Overall survival of HER2-positive TCGA patients by the miRNAs of Normann et al. 2021, from raw counts and forms."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import polars as pl

from sensitome.cohort.subset import subset
from sensitome.cohort.survival import compare_survival
from sensitome.core.counts import log2_cpm
from sensitome.errors import Caution
from sensitome.io.tcga import first_primary, read_tcga_clinical
from sensitome.io.wide_matrix import read_wide_matrix

MIRNAS = ("101-5p", "29a-3p", "29c-3p", "744-3p", "106a-5p", "1237-3p", "518a-5p", "19b-2-5p")
HER2 = "patient.lab_proc_her2_neu_immunohistochemistry_receptor_status"


def run(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Table of tests, and the count of who was left out and why."""
    counts = read_wide_matrix(folder / "MNMO_tumor_mature_mirna_counts.tsv.gz")
    tumors, _ = first_primary(counts.with_values(log2_cpm(counts.values)))
    cohort = read_tcga_clinical(folder / "RTCGA_BRCA_clinical_selected.tsv.gz", columns={"her2_status": HER2})
    positive = subset(cohort.with_matrix("mirna", tumors).complete("mirna"), 'her2_status == "positive"')
    matrix = positive.matrix("mirna")
    names = matrix.features["feature"].to_list()
    chosen = matrix.take(features=[names.index(f"hsa-miR-{name}") for name in MIRNAS])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # the notes of the table say the same
        tests = compare_survival(chosen, positive.clinical, endpoints=["os"])
    return tests, positive.flow


if __name__ == "__main__":
    table, flow = run(Path(sys.argv[1]))
    with pl.Config(tbl_rows=-1, tbl_cols=-1, fmt_str_lengths=60, tbl_width_chars=200):
        print(flow)
        print(
            table.select(
                "mirna", "model", "effect", "statistic", "p_value", "q_value", "n_high", "n_low", "n_event", "note"
            )
        )
