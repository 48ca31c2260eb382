"""Names of several tables brought to one key."""

from __future__ import annotations

import polars as pl

from sensitome.io.mirbase import DEAD, PRECURSORS, Mirbase
from sensitome.mirna.joining import accessions_of, as_prefixed, index_of, resolved


def test_names_without_a_species_are_human() -> None:
    names = pl.Series("n", ["let-7b", "miR-21", "mir-21", "hsa-let-7b", "ebv-miR-BART1", "hsv2-miR-H6", None])
    assert as_prefixed(names).to_list() == [
        "hsa-let-7b", "hsa-miR-21", "hsa-mir-21", "hsa-let-7b", "ebv-miR-BART1", "hsv2-miR-H6", None,
    ]  # fmt: skip


def test_without_a_history_a_name_is_its_own_key_whatever_its_case_and_species() -> None:
    index = index_of(None, ["miR-21", "hsa-let-7b"])
    names = pl.Series("n", ["hsa-miR-21", "hsa-mir-21", "let-7b", "miR-999"])
    assert accessions_of(names, index=index).to_list() == ["hsa-miR-21", "hsa-miR-21", "hsa-let-7b", "hsa-miR-999"]


def test_with_a_history_two_names_of_one_molecule_meet() -> None:
    matures = pl.DataFrame(
        {
            "version": ["16", "22"],
            "name": ["hsa-miR-21", "hsa-miR-21-5p"],
            "accession": ["MIMAT0000076"] * 2,
            "sequence": ["UAGCUUAUCAGACUGAUGUUGA"] * 2,
        }
    )
    index = index_of(Mirbase(matures, pl.DataFrame(schema=PRECURSORS), pl.DataFrame(schema=DEAD)), [])
    assert accessions_of(pl.Series("n", ["miR-21"]), index=index).to_list() == ["MIMAT0000076"]
    assert resolved(pl.Series("n", ["miR-21"]), index=index).select("input", "name").rows() == [
        ("miR-21", "hsa-miR-21-5p")
    ]
