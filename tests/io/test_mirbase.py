from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sensitome.errors import SourceError, TableError
from sensitome.io.mirbase import merge_mirbase, read_mirbase
from sensitome.mirna.names import resolve_names

DAT = """ID   hsa-mir-1         standard; RNA; HSA; 40 BP.
XX
AC   MI0000001;
XX
DE   Homo sapiens mir-1 stem-loop
XX
FH   Key             Location/Qualifiers
FH
FT   miRNA           3..12
FT                   /accession="MIMAT0000001"
FT                   /product="hsa-miR-1-5p"
FT                   /evidence=experimental
FT   miRNA           21..30
FT                   /accession="MIMAT0000002"
FT                   /product="hsa-miR-1-3p"
XX
SQ   Sequence 40 BP; 10 A; 10 C; 10 G; 0 T; 10 other;
     aacccccggg gguuuuuaaa acgucgucgu acgaugcaug        40
//
"""
ALIASES = "MI0000001\thsa-mir-1;\nMIMAT0000001\thsa-miR-1*;hsa-miR-1-5p;\nMIMAT0000002\thsa-miR-1;hsa-miR-1-3p;\n"
DIFF = "# changes\nMIMAT0000009\thsa-miR-9\tDELETE\nMIMAT0000001\thsa-miR-1-5p\tNAME SEQUENCE\n"
DEAD = """ID   hsa-mir-9
AC   MI0000009
FW   MI0000001
CC   A fragment
CC   of a tRNA.
//
"""


def folder(place: Path, **files: str) -> Path:
    names = {"dat": "miRNA.dat", "aliases": "aliases.txt", "diff": "miRNA.diff", "dead": "miRNA_dead.dat"}
    for kind, text in files.items():
        (place / names[kind]).write_text(text, encoding="utf-8")
    return place


def test_own_files_give_names_sequences_and_what_was_taken_out(tmp_path: Path) -> None:
    base = read_mirbase(folder(tmp_path, dat=DAT, aliases=ALIASES, diff=DIFF, dead=DEAD), version="22.1")
    assert base.matures.rows() == [
        ("22.1", "hsa-miR-1-5p", "MIMAT0000001", "CCCCCGGGGG"),
        ("22.1", "hsa-miR-1-3p", "MIMAT0000002", "ACGUCGUCGU"),
        (None, "hsa-miR-1*", "MIMAT0000001", None),
        (None, "hsa-miR-1-5p", "MIMAT0000001", None),
        (None, "hsa-miR-1", "MIMAT0000002", None),
        (None, "hsa-miR-1-3p", "MIMAT0000002", None),
        (None, "hsa-miR-9", "MIMAT0000009", None),
    ]
    assert base.precursors.rows() == [
        ("22.1", "hsa-mir-1", "MI0000001", "MIMAT0000001"),
        ("22.1", "hsa-mir-1", "MI0000001", "MIMAT0000002"),
        (None, "hsa-mir-1", "MI0000001", None),
    ]
    assert base.dead.rows() == [
        ("MIMAT0000009", "hsa-miR-9", None, None),
        ("MI0000009", "hsa-mir-9", "MI0000001", "A fragment of a tRNA."),
    ]


def test_names_are_resolved_through_aliases_without_dates(tmp_path: Path) -> None:
    base = read_mirbase(folder(tmp_path, dat=DAT, aliases=ALIASES, diff=DIFF, dead=DEAD))
    answer = resolve_names(["hsa-miR-1*", "hsa-miR-1-3p", "hsa-miR-9", "MI0000009"], base=base)
    assert answer.select("status", "accession", "name", "name_sequence", "reason").rows() == [
        ("renamed", "MIMAT0000001", "hsa-miR-1-5p", "CCCCCGGGGG",
         "so in miRBase before 22.1, hsa-miR-1-5p in 22.1"),
        ("exact", "MIMAT0000002", "hsa-miR-1-3p", "ACGUCGUCGU", "named so in miRBase 22.1"),
        ("dead", "MIMAT0000009", None, None, "MIMAT0000009 was in miRBase before 22.1 and is not in 22.1"),
        ("dead", "MI0000009", None, None,
         "read as hsa-mir-9: miRBase took it out; replaced by MI0000001 (A fragment of a tRNA.)"),
    ]  # fmt: skip


def test_gzipped_files_and_a_choice_of_species_are_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "miRNA.dat.gz", "wt") as file:
        file.write(DAT + DAT.replace("hsa", "mmu").replace("MI0", "MI1").replace("MIMAT0", "MIMAT1"))
    assert read_mirbase(tmp_path).matures.height == 4
    assert read_mirbase(tmp_path, species=["mmu"]).matures["name"].to_list() == ["mmu-miR-1-5p", "mmu-miR-1-3p"]


def test_releases_can_be_put_together(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    base = merge_mirbase(
        read_mirbase(folder(old, dat=DAT.replace("hsa-miR-1-5p", "hsa-miR-1*")), version="17"),
        read_mirbase(folder(tmp_path, dat=DAT), version="22"),
    )
    row = resolve_names(["hsa-miR-1*"], base=base).row(0, named=True)
    assert row["reason"] == "so in miRBase 17, hsa-miR-1-5p in 22"


def test_a_history_table_is_read_under_its_usual_names(tmp_path: Path) -> None:
    path = tmp_path / "history.tsv"
    path.write_text(
        "version\tmature\taccession\tseq\tprecursor\tprecursor_acc\n"
        "v10_1\thsa-miR-1\tMIMAT0000002\tACGU\thsa-mir-1-1\tMI0000651\n"
        "v10_1\thsa-miR-1\tMIMAT0000002\tACGU\thsa-mir-1-2\tMI0000437\n"
    )
    base = read_mirbase(path)
    assert base.matures.rows() == [("10.1", "hsa-miR-1", "MIMAT0000002", "ACGU")]
    assert base.precursors["name"].to_list() == ["hsa-mir-1-1", "hsa-mir-1-2"]


def test_all_faults_of_a_history_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("version,mature,accession\nv9,hsa-miR-1,MI0000002\n,hsa-miR-2,MIMAT0000003\n")
    with pytest.raises(TableError) as caught:
        read_mirbase(path)
    assert str(caught.value) == (
        "history of miRNA names: 2 faults.\n"
        f"  {path}, line 3, column version: the cell is empty. Fill it in.\n"
        f"  {path}, line 2, column accession: found 'MI0000002', expected a mature accession such as MIMAT0000086."
    )


def test_a_flat_file_that_is_cut_short_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_mirbase(folder(tmp_path, dat=DAT + DAT[:200]))
    assert str(caught.value) == (
        f"flat file is cut short in {tmp_path / 'miRNA.dat'}, line 20: found a record of 10 lines without its end, "
        'expected "//" behind each record. Download the file again.'
    )


def test_a_flat_file_that_is_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_mirbase(folder(tmp_path, dat="hello\n"))
    assert str(caught.value) == (
        f"flat file has no record here in {tmp_path / 'miRNA.dat'}, line 1: found 'hello', "
        'expected a line that begins with "ID". Download the file again.'
    )


def test_a_mature_mirna_outside_its_hairpin_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_mirbase(
            folder(
                tmp_path,
                dat=DAT.replace("21..30", "21..300").replace("MI0000001;", "X1;", 1) + DAT.replace("21..30", "21..300"),
            )
        )
    assert str(caught.value) == (
        "miRBase flat file: 2 faults.\n"
        f"  {tmp_path / 'miRNA.dat'}, line 1, column AC: found 'X1', expected a precursor accession such as "
        "MI0000087.\n"
        f"  {tmp_path / 'miRNA.dat'}, line 20, column FT: found '21..300 of MIMAT0000002', "
        "expected a mature miRNA inside its hairpin of 40 nt."
    )  # fmt: skip


def test_lines_that_are_no_aliases_or_changes_are_faults(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_mirbase(folder(tmp_path, aliases="MIMAT0000001 hsa-miR-1;\n"))
    assert str(caught.value) == (
        f"miRBase aliases: 1 fault.\n  {tmp_path / 'aliases.txt'}, line 1: found 'MIMAT0000001 hsa-miR-1;', "
        "expected an accession, a tab and its names, each followed by a semicolon."
    )
    with pytest.raises(SourceError) as caught:
        read_mirbase(folder(tmp_path, aliases=ALIASES, diff="MIMAT0000001\thsa-miR-1\tGONE\n"))
    assert str(caught.value) == (
        f"miRBase differences: 1 fault.\n  {tmp_path / 'miRNA.diff'}, line 1: found 'MIMAT0000001\\thsa-miR-1\\tGONE', "
        "expected an accession, a name and 'NEW', 'DELETE', 'NAME' or 'SEQUENCE'."
    )


def test_a_folder_without_names_is_told_with_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "hairpin.fa.gz").write_bytes(b"x")
    with pytest.raises(SourceError) as caught:
        read_mirbase(tmp_path)
    assert str(caught.value) == (
        f"folder holds no names of miRBase in {tmp_path}: found 'hairpin.fa', expected 'aliases.txt', 'miRNA.dat', "
        "'mature.fa', 'miRNA.diff', 'miRNA_dead.dat' or 'miRNA.dead'. "
        "Download them from mirbase.org, or name a history table."
    )


def test_aliases_alone_give_the_names_of_today(tmp_path: Path) -> None:
    base = read_mirbase(folder(tmp_path, aliases=ALIASES), version="22.1")
    answer = resolve_names(["hsa-miR-1*", "hsa-miR-1-3p"], base=base)
    assert answer["name"].to_list() == ["hsa-miR-1-5p", "hsa-miR-1-3p"]
    assert answer["status"].to_list() == ["renamed", "exact"]


def test_mature_sequences_alone_are_a_release(tmp_path: Path) -> None:
    (tmp_path / "mature.fa").write_text(">hsa-miR-1-5p MIMAT0000001 Homo sapiens miR-1-5p\nACGT\n")
    assert read_mirbase(tmp_path, version="18").matures.rows() == [("18", "hsa-miR-1-5p", "MIMAT0000001", "ACGU")]
    (tmp_path / "mature.fa").write_text(">hsa-miR-1-5p\nACGT\n>hsa-miR-2 x\nACGU\n")
    with pytest.raises(SourceError) as caught:
        read_mirbase(tmp_path)
    path = tmp_path / "mature.fa"
    assert str(caught.value) == (
        "mature miRNAs: 2 faults.\n"
        f"  {path}: found 'nothing', expected an accession such as MIMAT0000086 behind 'hsa-miR-1-5p'.\n"
        f"  {path}: found 'x', expected an accession such as MIMAT0000086 behind 'hsa-miR-2'."
    )


def test_the_release_and_its_history_agree(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/mirna_resources"
    (tmp_path / "mature.fa.gz").write_bytes((folder / "miRBase18_mature.fa.gz").read_bytes())
    species = ["hsa", "ebv", "kshv", "hcmv", "hsv1", "hsv2"]
    release = read_mirbase(tmp_path, version="18", species=species).matures
    history = read_mirbase(folder / "miRBase_v6-v22_human_viral_history.tsv.gz").matures
    then = history.filter(history["version"] == "18")
    assert release.height == 2056
    assert then.sort("accession").equals(release.sort("accession"))
