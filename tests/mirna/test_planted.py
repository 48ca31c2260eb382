"""What a simulated study plants among targets and names: genes behind the screen, observations, a history of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from sensitome.io.evidence import read_evidence
from sensitome.io.mirbase import read_mirbase
from sensitome.mirna.name_index import index_names
from sensitome.mirna.names import resolve_names
from sensitome.mirna.planted import name_history, observed_evidence, plant_genes

NAMES = [f"sim-miR-{i:04d}-{'5p' if i % 2 else '3p'}" for i in range(1, 401)]


def test_planted_genes_are_targets_of_mimics_that_sensitize() -> None:
    push = np.where(np.arange(400) < 30, 0.8, -0.01)
    pushes = pl.DataFrame({"mirna": NAMES, "push": push})
    genes = plant_genes(pushes, rng=np.random.default_rng(1))
    assert genes["gene"].n_unique() == 6
    strong = genes.filter(pl.col("mirna").is_in(NAMES[:30])).height / (30 * 6)
    weak = genes.filter(~pl.col("mirna").is_in(NAMES[:30])).height / (370 * 6)
    # Four standard errors of 180 and 2,220 draws around 0.45 and 0.01.
    assert 0.30 < strong < 0.60
    assert 0.001 < weak < 0.019
    assert genes.equals(plant_genes(pushes, rng=np.random.default_rng(1)))


def test_a_screen_without_sensitizers_has_genes_of_chance_alone() -> None:
    pushes = pl.DataFrame({"mirna": NAMES, "push": [-0.1] * 400})
    assert plant_genes(pushes, rng=np.random.default_rng(1)).height < 60


def test_observations_are_read_as_mirtarbase(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    genes = pl.DataFrame({"mirna": NAMES[:40], "gene": ["SIMGENE1"] * 40})
    others = pl.DataFrame({"mirna": NAMES * 10, "gene": [f"G{i}" for i in range(4000)]})
    path = tmp_path / "observed.csv"
    observed_evidence(genes, others, rng=rng).write_csv(path)
    table = read_evidence(path)
    assert table["source"].unique().to_list() == ["miRTarBase"]
    assert 5 < table.filter(pl.col("gene") == "SIMGENE1").height < 35
    assert 30 < table.height < 200
    assert not table["functional"].all()


def test_the_history_renames_every_third_mirna_and_is_read_as_mirbase(tmp_path: Path) -> None:
    table = name_history(pl.DataFrame({"target": NAMES[:9], "sequence": ["ACGUACGUACGUACGUACGUAC"] * 9}))
    path = tmp_path / "mirbase.tsv"
    table.drop("now").write_csv(path, separator="\t")
    old = table.filter(pl.col("version") == "16")["name"].to_list()
    answers = resolve_names(old, base=index_names(read_mirbase(path)))
    assert answers["name"].to_list() == NAMES[:9]
    assert answers["status"].cast(pl.String).to_list() == ["exact", "exact", "renamed"] * 3
