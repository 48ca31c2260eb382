from __future__ import annotations

import numpy as np
import polars as pl

from sensitome.enrichment.eras import compare_conventions


def test_sets_that_pass_in_one_era_only_are_shown() -> None:
    rng = np.random.default_rng(4)
    genes = [f"G{i}" for i in range(4000)]
    members = {f"set {i}": rng.choice(4000, 40, replace=False) for i in range(200)}
    # A short list touches few of the sets, so that correcting for those alone is kinder.
    query = [genes[i] for i in members["set 0"][:2]] + ["OTHER"] * 3
    library = pl.DataFrame(
        [(name, genes[i]) for name, own in members.items() for i in own], schema=["gene_set", "gene"], orient="row"
    )
    table = compare_conventions(pl.DataFrame({"list": "short", "gene": query}), library, alpha=0.001)
    row = table.filter(pl.col("gene_set") == "set 0")
    assert row["convention"].to_list() == ["enrichr-2020", "enrichr"]
    assert row["n_tested"].to_list()[0] == 200
    assert row["n_tested"].to_list()[1] < 20
    assert row["passes"].to_list() == [False, True]
    assert row["is_disputed"].all()


def test_agreement_is_not_disputed() -> None:
    library = pl.DataFrame({"gene_set": "one", "gene": list("ABCDEFGH")})
    table = compare_conventions(pl.DataFrame({"list": "a", "gene": list("ABCDE")}), library)
    assert table["passes"].all()
    assert not table["is_disputed"].any()
