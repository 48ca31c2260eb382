"""Targets of a library's own sequences: sites in 3′ UTRs become evidence, also of mimics that no database holds."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import TableError
from sensitome.io.evidence import EVIDENCE
from sensitome.io.mirbase import DEAD, PRECURSORS, Mirbase
from sensitome.mirna.joining import accessions_of, index_of
from sensitome.mirna.scanned import ordered_sequences, scanned_evidence
from sensitome.mirna.settings import TargetSettings
from sensitome.mirna.study import study_targets

MIMIC = "UGGAAUGUAAAGAAGUAUGUAU"
#: Seed GGAAUGU pairs with ACAUUCC; an A behind it makes the site one of eight.
SITE = "ACAUUCCA"
FILLER = "GCGCGAUAGCGAUCGUUAUAUUAAUAUAUUUUAUAUA" * 3


def fasta(folder: Path) -> Path:
    path = folder / "utrs.fa"
    path.write_text(
        f">ERBB2|T1\n{FILLER}{SITE}{FILLER}\n>ERBB2|T2\n{FILLER}{SITE}{FILLER}{SITE}{FILLER}\n>EGFR\n{FILLER}\n"
    )
    return path


def library(**columns: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"reagent": ["m", "i", "n"], "kind": ["mimic", "inhibitor", "mimic"], "role": ["sample", "sample", "negative"]}
        | {"sequence": [MIMIC, MIMIC, MIMIC]}
        | columns
    )


def test_only_mimics_with_a_sequence_are_sought() -> None:
    assert ordered_sequences(library(), kind="mimic").rows() == [("m", MIMIC)]
    aimed = library(target=["design-7", "x", None])
    assert ordered_sequences(aimed, kind="mimic").rows() == [("design-7", MIMIC)]
    assert ordered_sequences(library().drop("sequence"), kind="mimic").is_empty()
    with pytest.raises(TableError, match="at least 8 letters of A, C, G, U or T for 'm'"):
        ordered_sequences(library(sequence=["ACGN", None, None]), kind="mimic")


def test_the_strongest_utr_of_a_gene_counts(tmp_path: Path) -> None:
    table = scanned_evidence(ordered_sequences(library(), kind="mimic"), fasta(tmp_path))
    assert table.schema == EVIDENCE
    assert table.select("mirna", "gene", "source", "evidence", "lower_is_better").rows() == [
        ("m", "ERBB2", "sites", "predicted", True)
    ]
    one = tmp_path / "one.fa"
    one.write_text(f">ERBB2|T1\n{FILLER}{SITE}{FILLER}\n")
    single = scanned_evidence(ordered_sequences(library(), kind="mimic"), one)
    assert table["score"][0] < single["score"][0] < 0


def test_a_mimic_that_mirbase_does_not_know_keeps_its_targets(tmp_path: Path) -> None:
    matures = pl.DataFrame(
        {"version": ["22"], "name": ["hsa-miR-21-5p"], "accession": ["MIMAT0000076"], "sequence": [None]},
        schema_overrides={"sequence": pl.String},
    )
    base = Mirbase(matures, pl.DataFrame(schema=PRECURSORS), pl.DataFrame(schema=DEAD))
    mimics = pl.DataFrame({"name": ["design-7", "hsa-miR-21-5p"], "sequence": [MIMIC, MIMIC]})
    evidence = scanned_evidence(mimics, fasta(tmp_path))
    index = index_of(base, evidence["mirna"], own=mimics["name"])
    targets, sources = study_targets(
        evidence, index=index, settings=TargetSettings(thresholds={"sites": (-0.1, -0.01)})
    )
    key = accessions_of(pl.Series(["design-7"]), index=index)[0]
    assert dict(targets.select("accession", "gene").rows()) == {key: "ERBB2", "MIMAT0000076": "ERBB2"}
    assert sources.select("source", "outcome", "rows").rows() == [("sites", "counts", 2)]


def test_a_library_without_sequences_is_told(tmp_path: Path) -> None:
    path = fasta(tmp_path)
    with pytest.raises(TableError) as caught:
        scanned_evidence(ordered_sequences(library().drop("sequence"), kind="mimic"), path)
    assert str(caught.value) == (
        f"no sequences to look for in 3′ UTRs in {path}: found a library without sequences of mimics, expected a "
        "column sequence in the library, 5′→3′. Add it, or leave inputs.utrs out."
    )
