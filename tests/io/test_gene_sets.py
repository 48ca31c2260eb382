from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sensitome.errors import Caution, SourceError
from sensitome.io.gene_sets import dated_symbols, read_gene_list, read_gene_sets


def write(folder: Path, text: str, name: str = "sets.gmt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_gmt_files_give_a_row_per_gene(tmp_path: Path) -> None:
    path = write(tmp_path, "# remark\nhsa04010\tMAPK signaling\tKRAS\tBRAF\n\nhsa04110\t\tCDK1\n")
    assert read_gene_sets(path).rows() == [
        ("hsa04010", "MAPK signaling", "KRAS"),
        ("hsa04010", "MAPK signaling", "BRAF"),
        ("hsa04110", None, "CDK1"),
    ]


def test_enrichr_libraries_may_carry_weights_and_gzip(tmp_path: Path) -> None:
    path = tmp_path / "library.txt.gz"
    path.write_bytes(gzip.compress(b"Cell cycle\t\tCDK1,1.0\tCDC20,0.5\t\t\n"))
    assert read_gene_sets(path)["gene"].to_list() == ["CDK1", "CDC20"]


def test_blanks_and_repeats_count_once_and_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "a\td\tX\t\tY\tX\t \na\td\tY\tX\n")
    with pytest.warns(Caution) as caught:
        table = read_gene_sets(path)
    assert table["gene"].to_list() == ["X", "Y"]
    assert str(caught[0].message) == (
        f"genes or sets given twice count once in {path}: found 2, the first 'X in a' and 'a'."
    )


def test_symbols_that_excel_turned_into_dates_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, "a\td\tTP53\t10-Sep\n")
    with pytest.warns(Caution) as caught:
        read_gene_sets(path)
    assert str(caught[0].message) == (
        f"gene symbols that Excel turned into dates match nothing in {path}: found 1, the first '10-Sep'. Correct them "
        "from the source: 10-Sep was SEPT10, which is SEPTIN10 today."
    )
    assert dated_symbols(["MARCH1", "1-Mar", "Sep-02", "2024-09-02 00:00:00", "DEC1"]) == [
        "1-Mar", "Sep-02", "2024-09-02 00:00:00",
    ]  # fmt: skip


def test_all_faults_of_a_library_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a\td\tX\nb\td\n\td\tX\na\td\tY\n")
    with pytest.raises(SourceError) as caught:
        read_gene_sets(path)
    assert str(caught.value) == (
        f"gene sets cannot be read in {path}. Correct these places:\n"
        f"  {path}, line 2: found 'b without genes', expected name, description and at least one gene. Separate name, "
        "description and genes by tabs.\n"
        f"  {path}, line 3, column 1: found '', expected a name for the set. Name the set or remove the line.\n"
        f"  {path}, line 4, column 1: found 'a', expected one set for each name (it has other genes in line 1). "
        "Rename one of them."
    )


def test_other_files_hold_no_gene_sets(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_gene_sets(write(tmp_path, "a,b,c\nd,e,f\n"))
    assert str(caught.value) == (
        f"file holds no gene sets in {tmp_path / 'sets.gmt'}: found 'a,b,c', expected per line a name, a description "
        "and genes, separated by tabs (GMT)."
    )
    with pytest.raises(SourceError) as caught:
        read_gene_sets(write(tmp_path, "# nothing\n"))
    assert (
        str(caught.value)
        == f"file holds no gene sets in {tmp_path / 'sets.gmt'}: expected at least one line with a set."
    )


def test_lists_of_genes_may_be_separated_in_any_way(tmp_path: Path) -> None:
    assert read_gene_list(write(tmp_path, "TP53, KRAS;BRAF\n# x\nMYC TP53\n")).to_list() == [
        "TP53",
        "KRAS",
        "BRAF",
        "MYC",
    ]
    with pytest.raises(SourceError) as caught:
        read_gene_list(write(tmp_path, "#\n"))
    assert str(caught.value) == f"list of genes is empty in {tmp_path / 'sets.gmt'}. Write one gene symbol a line."


def test_real_libraries_are_read(shared: Path) -> None:
    folder = shared / "data" / "gene_sets"
    sizes = {name: read_gene_sets(folder / name)["gene_set"].n_unique() for name in (
        "enrichr.KEGG_2016.gmt", "h.all.v7.0.symbols.gmt", "c2.cp.kegg.v7.5.1.symbols.gmt", "pathfindR_KEGG_hsa.gmt",
    )}  # fmt: skip
    assert list(sizes.values()) == [293, 50, 186, 358]
