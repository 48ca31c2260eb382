from __future__ import annotations

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.mirna.seeds import seed_families, seeds_of


def test_families_go_by_sequence_not_by_number() -> None:
    mirnas = pl.DataFrame(
        {
            "name": ["miR-29a-3p", "miR-29c-3p", "miR-106a-5p", "miR-93-3p", "miR-93-5p", "miR-x"],
            "sequence": [
                "UAGCACCAUCUGAAAUCGGUUA", "uagcaccatttgaaatcggtta", "AAAAGUGCUUACAGUGCAGGUAG", "ACUGCUGAGCUAGCACUUCCCG",
                "CAAAGUGCUGUUCGUGCAGGUAG", None,
            ],
        }
    )  # fmt: skip
    families = seed_families(mirnas)
    assert families["seed"].to_list() == ["AGCACCA", "AGCACCA", "AAAGUGC", "CUGCUGA", "AAAGUGC", None]
    assert families["family"].to_list() == [1, 1, 0, 2, 0, None]
    assert families["family_size"].to_list() == [2, 2, 2, 1, 2, None]
    assert families["family_members"].to_list()[0] == "miR-29a-3p;miR-29c-3p"


def test_the_short_seed_has_six_letters_and_short_sequences_have_none() -> None:
    assert seeds_of(pl.Series(["UAGCACCA", "UAGCACC", None]), length=6).to_list() == ["AGCACC", "AGCACC", None]
    assert seeds_of(pl.Series(["UAGCACCA", "UAGCACC", None])).to_list() == ["AGCACCA", None, None]


def test_all_bad_sequences_are_told_at_once() -> None:
    mirnas = pl.DataFrame({"name": ["a", "b", "c"], "sequence": ["UAGCACCAUC", "UAGNACCAUC", "UAG"]})
    with pytest.raises(TableError) as caught:
        seed_families(mirnas)
    assert str(caught.value) == (
        "sequences of miRNAs: 2 faults.\n"
        "  line 2, column sequence: found 'UAGNACCAUC', expected at least 8 letters of A, C, G, U or T for 'b'.\n"
        "  line 3, column sequence: found 'UAG', expected at least 8 letters of A, C, G, U or T for 'c'."
    )
