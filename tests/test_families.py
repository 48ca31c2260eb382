"""Seed families from the sequences that were ordered, with gaps and mistakes in them."""

from __future__ import annotations

import polars as pl
import pytest

from sensitome.errors import Caution
from sensitome.families import reagent_families


def reagents(sequences: list[str | None], *, kind: str = "mimic") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reagent": [f"m{i}" for i in range(len(sequences))],
            "kind": kind,
            "role": "sample",
            "sequence": pl.Series(sequences, dtype=pl.String),
        }
    )


def test_mimics_with_one_seed_are_a_family() -> None:
    table = reagent_families(
        reagents(["UAGCACCAUUUGAAAUCGGUUA", "tagcaccatctgaaatcggtt", "UAAAGUGCUUAUAGUGCAGGUAG"]), kinds=["mimic"]
    )
    assert table is not None
    assert table["seed_family"].to_list() == ["AGCACCA", "AGCACCA", "AAAGUGC"]


def test_missing_sequences_have_no_family() -> None:
    table = reagent_families(reagents(["UAGCACCAUUUGAAAUCGGUUA", None]), kinds=["mimic"])
    assert table is not None
    assert table["seed_family"].to_list() == ["AGCACCA", None]


def test_sequences_that_are_no_rna_are_named_and_left_out() -> None:
    with pytest.warns(Caution) as caught:
        table = reagent_families(reagents(["UAGCACCAUUUGAAAUCGGUUA", "MKVLAA", "UAGC", "N.A."]), kinds=["mimic"])
    assert str(caught[0].message) == (
        "sequences that cannot be read in reagents 'm1', 'm2' and 'm3': found 3 of 4, expected at least 8 letters of "
        "A, C, G, U or T. These reagents are judged without their seed mates."
    )
    assert table is not None
    assert table["seed_family"].to_list() == ["AGCACCA", None, None, None]


def test_without_sequences_or_kinds_there_are_no_families() -> None:
    assert reagent_families(reagents([]).drop("sequence"), kinds=["mimic"]) is None
    assert reagent_families(reagents(["UAGCACCAUUUGAAAUCGGUUA"], kind="inhibitor"), kinds=["mimic"]) is None
    assert reagent_families(reagents([None, None]), kinds=["mimic"]) is None
