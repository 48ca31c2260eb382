from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import SourceError, TableError
from sensitome.io.evidence import EVIDENCE, read_evidence
from sensitome.io.gene_symbols import mend_symbols

TARGETSCAN = (
    "Gene ID\tGene Symbol\tTranscript ID\tGene Tax ID\tmiRNA\tSite Type\tUTR_start\tUTR end\tcontext++ score\t"
    "context++ score percentile\tweighted context++ score\tweighted context++ score percentile{more}\n"
    "ENSG1\tERBB2\tENST1\t9606\thsa-miR-1-3p\t3\t10\t17\t-0.5\t98\t-0.45\t97{kd}\n"
    "ENSG1\tErbb2\tENST2\t10090\tmmu-miR-1-3p\t3\t10\t17\t-0.5\t98\tNULL\tNULL{kd}\n"
)
SUMMARY = (
    "Transcript ID\tGene Symbol\tmiRNA family\tSpecies ID\tTotal num conserved sites\tRepresentative miRNA\t"
    "Total context++ score\tCumulative weighted context++ score\tAggregate PCT\n"
    "ENST1\tERBB2\tGGAAUGU\t9606\t1\thsa-miR-1-3p\t-0.5\t-0.41\tNULL\n"
)
MIRTARBASE = (
    "miRTarBase ID,miRNA,Species (miRNA),Target Gene,{entrez},Species (Target Gene),Experiments,Support Type,"
    "References (PMID)\n"
    "MIRT1,hsa-miR-1-3p,Homo sapiens,ERBB2,2064,Homo sapiens,Luciferase reporter assay//qRT-PCR,Functional MTI,111\n"
    "MIRT2,hsa-miR-1-3p,Homo sapiens,EGFR,1956,Homo sapiens,HITS-CLIP,Non-Functional MTI (Weak),222\n"
    "MIRT3,mmu-miR-1-3p,Mus musculus,Egfr,13649,Mus musculus,HITS-CLIP,Functional MTI (Weak),222\n"
    "MIRT4,kshv-miR-K12-3,Kaposi sarcoma-associated herpesvirus,EGFR,1956,Homo sapiens,CLASH,Functional MTI,333\n"
)
TARBASE8 = (
    "geneId\tgeneName\tmirna\tspecies\tcell_line\ttissue\tcategory\tmethod\tpositive_negative\tdirect_indirect\tup_down\t"
    "condition\n"
    "ENSG1\tERBB2\thsa-miR-1-3p\tHomo sapiens\tHeLa\tCervix\tCancer\tHITS-CLIP\tPOSITIVE\tDIRECT\tDOWN\tx\n"
    "ENSG2\tEGFR\thsa-miR-1-3p\tHomo sapiens\tHeLa\tCervix\tCancer\tqPCR\tNEGATIVE\tINDIRECT\tUNKNOWN\tx\n"
)
TARBASE9 = (
    "species\tmirna_name\tmirna_id\tgene_name\tgene_id\ttranscript_name\texperimental_method\tregulation\tarticle_pubmed_id\t"
    "confidence\tmicrot_score\n"
    "Homo sapiens\thsa-miR-1-3p\tMIMAT0000416\tERBB2\tENSG1\tERBB2-201\tHITS-CLIP\tPositive\t111\t1\t0.9\n"
)
MIRECORDS = (
    "Pubmed_id\tTarget gene_species_scientific\tTarget gene_name\tTarget gene_Refseq_acc\tTarget site_number\t"
    "miRNA_species\tmiRNA_mature_ID\tmiRNA_regulation\n"
    "111\tHomo sapiens\tERBB2\tNM_004448\t1\tHomo sapiens\thsa-miR-1*\trepression\n"
)
IPA = (
    '"© 2000-2020 QIAGEN. All rights reserved.","","","","",""\n'
    "ID,Symbol,Source,Confidence,Symbol,Pathway\n"
    'hsa-miR-1-3p,miR-1-3p (and other miRNAs w/seed GGAAUGU),"TarBase,TargetScan Human",'
    '"Experimentally Observed,High (predicted)",ERBB2,ErbB Signaling\n'
)


def write(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path, *columns: str) -> list[tuple[object, ...]]:
    return read_evidence(path).select(columns).rows()


def test_site_scores_of_targetscan_7_and_8_are_told_apart(tmp_path: Path) -> None:
    seven = write(tmp_path, TARGETSCAN.format(more="", kd=""))
    eight = write(tmp_path, TARGETSCAN.format(more="\tPredicted relative KD", kd="\t-4.1"), "eight.txt")
    columns = ("mirna", "gene", "gene_id", "transcript", "source", "version", "score", "lower_is_better", "line")
    assert only(seven, *columns) == [("hsa-miR-1-3p", "ERBB2", "ENSG1", "ENST1", "TargetScan", "7", -0.45, True, 2)]
    assert only(eight, "version") == [("8",)]
    everything = read_evidence(seven, species=None)
    assert everything["score"].to_list() == [-0.45, None]
    assert everything.schema == EVIDENCE


def test_summary_counts_keep_their_family(tmp_path: Path) -> None:
    path = write(tmp_path, SUMMARY)
    assert only(path, "mirna", "family", "score", "source") == [("hsa-miR-1-3p", "GGAAUGU", -0.41, "TargetScan")]


@pytest.mark.parametrize("entrez", ["Target Gene (Entrez ID)", "Target Gene (Entrez Gene ID)"])
def test_mirtarbase_is_read_under_both_headings_and_viruses_stay(tmp_path: Path, entrez: str) -> None:
    path = write(tmp_path, MIRTARBASE.format(entrez=entrez), "miRTarBase_v9.0.csv")
    assert only(path, "mirna", "gene", "gene_id", "functional", "reference", "version") == [
        ("hsa-miR-1-3p", "ERBB2", "2064", True, "111", "9.0"),
        ("hsa-miR-1-3p", "EGFR", "1956", False, "222", "9.0"),
        ("kshv-miR-K12-3", "EGFR", "1956", True, "333", "9.0"),
    ]


def test_both_layouts_of_tarbase_are_read(tmp_path: Path) -> None:
    eight = only(write(tmp_path, TARBASE8), "gene", "version", "functional", "evidence")
    assert eight == [("ERBB2", "8", True, "observed"), ("EGFR", "8", False, "observed")]
    nine = only(write(tmp_path, TARBASE9), "mirna", "gene", "version", "functional", "reference")
    assert nine == [("hsa-miR-1-3p", "ERBB2", "9", True, "111")]


def test_mirecords_keeps_its_old_names(tmp_path: Path) -> None:
    assert only(write(tmp_path, MIRECORDS), "mirna", "gene", "source") == [("hsa-miR-1*", "ERBB2", "miRecords")]


def test_exports_of_ipa_are_read_below_their_banner(tmp_path: Path) -> None:
    path = write(tmp_path, IPA)
    assert only(path, "mirna", "gene", "source", "confidence", "family", "line") == [
        (
            "miR-1-3p (and other miRNAs w/seed GGAAUGU)", "ERBB2", "IPA", "Experimentally Observed,High (predicted)",
            "GGAAUGU", 3,
        )
    ]  # fmt: skip


def test_mirdb_is_read_with_and_without_headings(tmp_path: Path) -> None:
    web = write(
        tmp_path,
        "Target Rank\tTarget Score\tmiRNA Name\tGene Symbol\tGene Description\n1\t99\thsa-miR-1-3p\tERBB2\tx\n",
    )
    assert only(web, "mirna", "gene", "score", "source", "evidence") == [
        ("hsa-miR-1-3p", "ERBB2", 99.0, "miRDB", "predicted")
    ]
    bulk = write(
        tmp_path, "hsa-miR-1-3p\tNM_004448\t99.5\nhsa-miR-1-3p\tNM_5\t51\n", "miRDB_v6.0_prediction_result.txt"
    )
    assert only(bulk, "mirna", "gene", "transcript", "score", "source", "version", "line") == [
        ("hsa-miR-1-3p", None, "NM_004448", 99.5, "miRDB", "6.0", 1),
        ("hsa-miR-1-3p", None, "NM_5", 51.0, "miRDB", "6.0", 2),
    ]


@pytest.mark.parametrize(
    "text", ["hsa-miR-1-3p,ERBB2\nhsa-let-7a,EGFR\n", "gene;mirna\nERBB2;hsa-miR-1-3p\nEGFR;hsa-let-7a\n"]
)
def test_any_list_of_two_columns_is_read(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text, "mine.csv")
    assert only(path, "mirna", "gene", "source", "evidence") == [
        ("hsa-miR-1-3p", "ERBB2", "mine", "listed"),
        ("hsa-let-7a", "EGFR", "mine", "listed"),
    ]
    assert read_evidence(path, source="lab", version="2")["source"].unique().to_list() == ["lab"]


def test_a_list_may_name_mirnas_by_accession(tmp_path: Path) -> None:
    path = write(tmp_path, "gene\tmimat\tn_sites\nERBB2\tMIMAT0000416\t2\n", "mine.tsv")
    assert only(path, "mirna", "gene", "score") == [("MIMAT0000416", "ERBB2", None)]


def test_a_newer_layout_is_told_with_what_there_is(tmp_path: Path) -> None:
    path = write(tmp_path, "regulator\tregulated\nx\ty\n")
    with pytest.raises(SourceError) as caught:
        read_evidence(path)
    assert str(caught.value) == (
        f"file of targets has a layout that is not known in {path}: found columns 'regulator' and 'regulated', "
        "expected TargetScan, miRTarBase, TarBase, miRecords, miRDB, IPA, or columns for miRNA and gene. "
        "Is it a newer release? Rename the columns to mirna and gene."
    )


def test_a_known_source_without_a_column_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "miRTarBase ID,miRNA,Support Type\nMIRT1,hsa-miR-1-3p,Functional MTI\n")
    with pytest.raises(TableError) as caught:
        read_evidence(path)
    assert str(caught.value) == (
        f"target evidence: 1 fault.\n  {path}: column 'gene' is missing (there is 'miRTarBase ID', 'miRNA' and "
        "'Support Type'). Add or rename the column."
    )


def test_scores_that_are_no_numbers_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "mirna,gene,score\nmiR-1,ERBB2,high\nmiR-1,EGFR,0.5\nmiR-1,AKT1,low\n")
    with pytest.raises(TableError) as caught:
        read_evidence(path)
    assert str(caught.value) == (
        "target evidence: 2 faults.\n"
        f"  {path}, line 2, column score: found 'high', expected a number.\n"
        f"  {path}, line 4, column score: found 'low', expected a number."
    )


def test_an_unknown_species_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        read_evidence(write(tmp_path, "mirna,gene\nmiR-1,ERBB2\n"), species="fly")
    assert str(caught.value) == "unknown species: found 'fly', expected 'hsa', 'mmu' or 'rno'."


def test_a_list_without_genes_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "hsa-miR-1-3p,0.5\nhsa-let-7a,0.6\n")
    with pytest.raises(SourceError) as caught:
        read_evidence(path)
    assert str(caught.value) == (
        f"list of targets has no column of genes in {path}: found 2 columns, expected miRNA and gene. "
        "Add the genes' symbols."
    )


@pytest.mark.parametrize(
    ("cell", "symbol", "is_date", "problem"),
    [
        ("10-Sep", "SEPTIN10", True, None),
        ("Sep-07", "SEPTIN7", True, None),
        ("2024-09-07 00:00:00", "SEPTIN7", True, None),
        ("8-Mar", "MARCHF8", True, None),
        ("1-Dec", "DELEC1", True, None),
        ("1-Mar", None, True, "'1-Mar' is a date that stands for both 'MARCHF1' and 'MTARC1'"),
        ("31-Sep", None, True, "'31-Sep' is a date that stands for no known symbol"),
        ("5-Jun", None, True, "'5-Jun' is a date that stands for no known symbol"),
        ("44084", None, False, "'44084' is a number, not a symbol"),
        (None, None, False, "the cell is empty"),
        ("SEPT7", "SEPTIN7", False, None),
        ("MARCH1", "MARCHF1", False, None),
        ("MARC1", "MTARC1", False, None),
        ("DEC1", "DELEC1", False, None),
        ("MARCKS", "MARCKS", False, None),
        ("Bcl-2", "Bcl-2", False, None),
        ("SEPTIN7", "SEPTIN7", False, None),
        ("HLA-A", "HLA-A", False, None),
    ],
)
def test_dates_become_symbols_again_where_they_can(
    cell: str | None, symbol: str | None, is_date: bool, problem: str | None
) -> None:
    assert mend_symbols(pl.Series([cell], dtype=pl.String)).row(0) == (symbol, is_date, problem)


def test_symbols_of_a_public_list_are_mended(shared: Path) -> None:
    path = shared / "data/mirna_resources/LncmiRSRN_miRTarBase_v7+TarBase_v7_High.csv"
    evidence = read_evidence(path)
    assert evidence.height == 9318
    mended = mend_symbols(evidence["gene"])
    assert mended.filter("is_date")["symbol"].to_list().count("SEPTIN7") == 5
    assert mended.filter("is_date").height == 6
    assert mended["problem"].null_count() == evidence.height
