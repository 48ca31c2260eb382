from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution
from sensitome.io.evidence import EVIDENCE
from sensitome.io.mirbase import Mirbase
from sensitome.mirna.deconvolution import DeconvolutionRules
from sensitome.mirna.name_index import index_names
from sensitome.mirna.planted import simulate_targets
from sensitome.mirna.screen_genes import screen_genes
from sensitome.mirna.study import name_lists
from sensitome.mirna.tables import Genes, Names, TargetsLeftOut, TargetsMerged
from sensitome.mirna.targets import merge_targets
from sensitome.tables import check_table


def made_base() -> Mirbase:
    matures = pl.DataFrame(
        {
            "version": ["22"],
            "name": ["hsa-miR-1-3p"],
            "accession": ["MIMAT0000416"],
            "sequence": ["UGGAAUGUAAAGAAGUAUGUAU"],
        }
    )
    text = dict.fromkeys(("version", "name", "accession", "mature"), pl.String)
    dead = dict.fromkeys(("accession", "name", "forward", "comment"), pl.String)
    return Mirbase(matures, pl.DataFrame(schema=text), pl.DataFrame(schema=dead))


def test_names_keep_their_schema() -> None:
    table = name_lists({"library": ["hsa-miR-1-3p", "x"], "arrays": ["x"]}, index=index_names(made_base()))
    assert check_table(table, Names, name="names").columns == list(Names.column_names())
    assert table.select("list", "input", "status").rows() == [
        ("library", "hsa-miR-1-3p", "exact"),
        ("library", "x", "unknown"),
        ("arrays", "x", "unknown"),
    ]


def test_targets_and_what_is_left_out_keep_their_schemas() -> None:
    cells = dict.fromkeys(EVIDENCE) | {
        "mirna": "hsa-miR-1-3p", "gene": "ERBB2", "source": "miRTarBase", "version": "9", "evidence": "observed",
        "functional": True, "lower_is_better": False, "file": "f", "line": 2,
    }  # fmt: skip
    evidence = pl.DataFrame([cells, cells | {"gene": "1-Mar"}], schema=EVIDENCE)
    with pytest.warns(Caution):
        merged = merge_targets(evidence, base=made_base())
    assert check_table(merged.targets, TargetsMerged, name="targets").height == 1
    assert check_table(merged.left_out, TargetsLeftOut, name="targets_left_out").height == 1


def test_genes_behind_a_screen_keep_their_schema() -> None:
    data = simulate_targets(np.random.default_rng(1), mimics=120, families=100, genes=40, planted=2, per_mimic=0.1)
    arm = data.effects.with_columns(pl.lit("X").alias("cell_line"), pl.lit("T").alias("treatment"))
    genes = screen_genes(arm, data.targets, families=data.families, rules=DeconvolutionRules(pairs=5, shuffles=1))
    assert check_table(genes, Genes, name="genes").columns == list(Genes.column_names())
