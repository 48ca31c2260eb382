"""From a list of mimics in old names, through sites of our own, to the gene behind the effects."""

from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.io.mirbase import Mirbase
from sensitome.mirna.context_scores import score_sites
from sensitome.mirna.deconvolution import DeconvolutionRules
from sensitome.mirna.names import resolve_names
from sensitome.mirna.screen_genes import mimic_effects, screen_genes
from sensitome.mirna.seeds import seed_families
from sensitome.mirna.sites import scan_sites
from sensitome.mirna.target_matrix import score_weights


def test_a_screen_in_old_names_leads_to_its_gene() -> None:
    rng = np.random.default_rng(11)
    letters = np.array(list("ACGU"))
    sequences = ["".join(row) for row in letters[rng.integers(4, size=(150, 22))]]
    rows = [
        (release, f"hsa-miR-{i}{tail}", f"MIMAT{i:07d}", sequence)
        for i, sequence in enumerate(sequences)
        for release, tail in (("10.1", "*"), ("22", "-3p"))
    ]
    matures = pl.DataFrame(rows, schema=["version", "name", "accession", "sequence"], orient="row")
    text = dict.fromkeys(("version", "name", "accession", "mature"), pl.String)
    dead = dict.fromkeys(("accession", "name", "forward", "comment"), pl.String)
    base = Mirbase(matures, pl.DataFrame(schema=text), pl.DataFrame(schema=dead))

    names = resolve_names([f"miR-{i}-star" for i in range(150)], base=base)
    assert names["status"].cast(pl.String).unique().to_list() == ["renamed"]
    mirnas = names.select(pl.col("accession").alias("name"), "sequence")
    utrs = pl.DataFrame(
        {
            "name": [f"G{i}" for i in range(60)],
            "sequence": ["".join(row) for row in letters[rng.integers(4, size=(60, 1500))]],
        }
    )
    sites = scan_sites(mirnas, utrs, site_types=["8mer", "7mer-m8", "7mer-A1"])
    targets = score_weights(score_sites(sites, mirnas=mirnas, utrs=utrs))
    families = seed_families(mirnas).select(pl.col("name").alias("mirna"), "seed")

    behind = dict(targets.filter(pl.col("gene") == "G7").select("mirna", "weight").rows())
    effect = [-3 * behind.get(name, 0.0) + rng.normal(0, 0.05) for name in mirnas["name"]]
    screened = pl.DataFrame({"reagent": names["input"], "score": effect}).with_columns(
        pl.lit("mimic").alias("kind"), pl.lit("KPL4").alias("cell_line"), pl.lit("lapatinib").alias("treatment")
    )
    effects = mimic_effects(screened, names)
    genes = screen_genes(effects, targets, families=families, rules=DeconvolutionRules(pairs=10, shuffles=0))
    top = genes.row(0, named=True)
    assert (top["gene"], top["sign"], top["is_selected"]) == ("G7", -1, True)
    assert top["mirnas"].split(";")[0] in behind
