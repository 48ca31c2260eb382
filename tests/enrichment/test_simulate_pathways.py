from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from sensitome.enrichment.empirical import enrich_targets
from sensitome.enrichment.simulate import gmt_text, simulate_pathways
from sensitome.io.gene_sets import read_gene_sets

MIRNAS = [f"sim-miR-{i:04d}" for i in range(200)]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = simulate_pathways(MIRNAS, planted=MIRNAS[:20], rng=np.random.default_rng(1), genes=800, pathways=12)
    path = tmp_path / "sets.gmt"
    path.write_text(gmt_text(made.gene_sets), encoding="utf-8")
    assert read_gene_sets(path).equals(made.gene_sets)


def test_the_planted_pathway_stands_out_only_against_random_mirnas() -> None:
    made = simulate_pathways(MIRNAS, planted=MIRNAS[:20], rng=np.random.default_rng(3))
    lists = pl.DataFrame({"list": ["answering"] * 20 + ["others"] * 20, "mirna": [*MIRNAS[:20], *MIRNAS[60:80]]})
    table = enrich_targets(
        lists,
        made.targets,
        made.gene_sets,
        expressed=MIRNAS,
        convention="enrichr",
        draws=4999,
        rng=np.random.default_rng(4),
    )
    nominal = table.filter(pl.col("q_value") < 0.05)
    assert nominal.filter(pl.col("list") == "others").height > 10
    called = table.filter(pl.col("empirical_q") < 0.05).select("list", "gene_set").rows()
    assert ("answering", "MAPK signaling (simulated)") in called
    assert len(called) <= 2
    # What looks enriched for any miRNAs is what most of them target.
    biased = made.truth.sort("mean_targeting", descending=True)["gene_set"][:10]
    assert nominal.filter(pl.col("list") == "others")["gene_set"].is_in(biased.to_list()).sum() >= 8
