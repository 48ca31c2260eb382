from __future__ import annotations

import gzip
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest

from sensitome.errors import SourceError
from sensitome.io.fast_table import read_fast_table
from sensitome.io.fasta import read_fasta
from sensitome.io.targetscan import read_abundance, read_family_info, read_isoforms, read_utr_alignment


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_alignments_are_read_with_and_without_a_heading(tmp_path: Path) -> None:
    plain = write(tmp_path, "G1\t9606\tAC--GU\nG1\t10090\tACC\n")
    assert read_utr_alignment(plain).rows() == [("G1", 9606, "AC--GU")]
    assert read_utr_alignment(plain, species=None).height == 2
    headed = write(
        tmp_path, "Refseq ID\tGene ID\tGene Symbol\tSpecies ID\tUTR sequence\nNM_1\t1\tG1\t9606\tACGU\n", "headed.txt"
    )
    assert read_utr_alignment(headed).row(0, named=True) == {
        "name": "NM_1", "gene_id": "1", "gene": "G1", "species": 9606, "sequence": "ACGU",
    }  # fmt: skip


def test_family_info_and_abundance_are_read_by_their_headings(tmp_path: Path) -> None:
    families = write(
        tmp_path,
        "miR family\tSeed+m8\tSpecies ID\tMiRBase ID\tMature sequence\tFamily Conservation?\tMiRBase Accession\n"
        "let-7\tGAGGUAG\t9606\thsa-let-7a-5p\tUGAGGUAGUAGGUUGUAUAGUU\t2\tMIMAT0000062\n",
    )
    assert read_family_info(families).select("seed", "conservation", "accession").rows() == [
        ("GAGGUAG", 2, "MIMAT0000062")
    ]
    table = write(
        tmp_path, "Seed region\tSPS (8mer and 7mer-m8)\tSPS (7mer-1a and 6mer)\tTA\nAAAAAAA\t-0.59\t0.34\t4.371\n"
    )
    assert read_abundance(table).rows() == [("AAAAAAA", 4.371)]


def test_a_newer_layout_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    path = write(tmp_path, "UTR\tseq\nG1\tACGU\n")
    with pytest.raises(SourceError) as caught:
        read_isoforms(path)
    assert str(caught.value) == (
        f"3′ UTR profiles have a layout that is not known in {path}: found 2 columns ('UTR' and 'seq'), expected "
        "'utr', 'start', 'end' and 'share'. Is it a newer release? Bring its columns into one of these orders."
    )


def test_all_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "G1\t1\t100\thigh\nG1\tone\t200\t50\n")
    with pytest.raises(SourceError) as caught:
        read_isoforms(path)
    assert str(caught.value) == (
        "3′ UTR profiles: 2 faults.\n"
        f"  {path}, line 2, column start: found 'one', expected a whole number.\n"
        f"  {path}, line 1, column share: found 'high', expected a number."
    )
    path = write(tmp_path, "G1\t1\t100\t100\nG1\t101\t200\n")
    with pytest.raises(SourceError) as error:
        read_isoforms(path)
    assert str(error.value) == (
        f"3′ UTR profiles: 1 fault.\n  {path}, line 2: found '3 columns', expected 4 columns between tabs."
    )


def test_fasta_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "utr.fa.gz"
    with gzip.open(path, "wt") as file:
        file.write(">NM_1 gene one\nACGU\nacgu\n\n>NM_2\nTTTT\n")
    assert read_fasta(path).rows() == [("NM_1", "gene one", "ACGUacgu"), ("NM_2", None, "TTTT")]


def test_all_faults_of_a_fasta_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, ">a\nACGU\n>a\nACXZ\n>\nACG\n>b\n")
    with pytest.raises(SourceError) as caught:
        read_fasta(path)
    assert str(caught.value) == (
        "sequences: 5 faults.\n"
        f"  {path}, line 1: found 'a', expected each name once (2 have it).\n"
        f"  {path}, line 3: found 'a', expected each name once (2 have it).\n"
        f"  {path}, line 3: found 'XZ', expected letters of nucleotides in 'a'.\n"
        f"  {path}, line 5: found '', expected a name behind \">\".\n"
        f"  {path}, line 7: found 'b', expected a sequence below the name."
    )
    path = write(tmp_path, "ACGU\n")
    with pytest.raises(SourceError) as error:
        read_fasta(path)
    assert str(error.value) == (
        f"file is not FASTA in {path}: found 'ACGU', expected a line that begins with \">\". "
        "Export the sequences as FASTA."
    )


def test_large_tables_are_read_as_small_ones_are(tmp_path: Path) -> None:
    rows = "".join(f"hsa-miR-{i % 99} \tGENE{i}\t-0.{i % 10}\n" for i in range(60_000))
    path = write(tmp_path, "miRNA\tgene\tscore\n" + rows)
    assert path.stat().st_size > 1 << 20
    frame = read_fast_table(path)
    assert frame.row(59_999) == ("hsa-miR-5", "GENE59999", "-0.9", 60_001)
    assert frame.schema == {"miRNA": pl.String, "gene": pl.String, "score": pl.String, "line": pl.Int32}


def test_a_large_table_with_a_ragged_row_is_told_like_a_small_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a\tb\n" + "x\ty\n" * 300_000 + "x\ty\tz\n")
    with pytest.raises(SourceError) as caught:
        read_fast_table(path)
    assert str(caught.value) == (
        f"table cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 300002: found '3 cells', expected 2 cells, as in the header. "
        "Quote cells that hold the delimiter."
    )


def test_a_zip_archive_is_told_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "Predicted_Targets.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("Predicted_Targets.txt", "a\tb\n")
    with pytest.raises(SourceError) as caught:
        read_fast_table(path)
    assert str(caught.value) == (
        f"file is a zip archive in {path}: found 'Predicted_Targets.txt', expected a table. "
        "Unpack it, and name the file inside."
    )


def test_a_large_alignment_is_filtered_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path,
        "Transcript ID\tGene ID\tGene Symbol\tSpecies ID\tUTR sequence\n"
        "T1\t1\tG1\t9606\tA-CGU\nT1\t1\tG1\t10090\tACC\n",
    )
    small = read_utr_alignment(path)
    monkeypatch.setattr("sensitome.io.targetscan._LARGE", 0)
    assert read_utr_alignment(path).equals(small)
    plain = write(tmp_path, "G1\t9606\tAC--GU\nG1\t10090\tACC\n", "plain.txt")
    assert read_utr_alignment(plain).rows() == [("G1", 9606, "AC--GU")]
