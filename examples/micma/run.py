"""Every miRNA against every mRNA in MicMa, from the tables of the package anamiR."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import polars as pl

from sensitome.cohort.association import associate
from sensitome.errors import Caution
from sensitome.io.wide_matrix import read_wide_matrix


def run(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Summary of each miRNA, and the significant pairs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)  # eight miRNAs stand twice; their first rows are taken
        mirna = read_wide_matrix(folder / "GSE19536_mirna.csv.gz")
        gene = read_wide_matrix(folder / "GSE19536_mrna_subset_98.tsv.gz")
    found = associate(mirna, gene, p_method="t")
    pairs = pl.DataFrame() if found.pairs is None else found.pairs
    return found.summary, pairs


if __name__ == "__main__":
    summary, significant = run(Path(sys.argv[1]))
    print(summary.sort("n_significant", descending=True))
    print(significant)
