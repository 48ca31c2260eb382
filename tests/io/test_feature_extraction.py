from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sensitome.errors import SensitomeError, SourceError
from sensitome.io.feature_extraction import read_feature_extraction

HEADER = "FEATURES\tFeatureNum\tControlType\tProbeName\tGeneName\tSystematicName\tgTotalGeneSignal\tgIsGeneDetected"
ROWS = (
    "DATA\t1\t1\tDarkCorner\tDarkCorner\tDarkCorner\t2.5\t0",
    "DATA\t2\t0\tA_25_1\thsa-miR-21\thsa-miR-21\t1234.5\t1",
    "DATA\t3\t0\tA_25_2\thsa-miR-21\thsa-miR-21\t1234.5\t1",
    "DATA\t4\t-1\tNegative\tNegativeControl\tNC\t-0.5\t0",
)


def full_text(rows: tuple[str, ...] = ROWS, *, header: str = HEADER, features: int | None = None) -> str:
    return "\n".join(
        [
            "TYPE\ttext\ttext\ttext",
            "FEPARAMS\tProtocol_Name\tScan_Date\tGrid_Name",
            "DATA\tmiRNA_107_Sep09\t05-26-2011 10:00:00\t031181_D_F_20110315",
            "*",
            "TYPE\tfloat\tinteger",
            "STATS\tgNegCtrlAveNetSig\tTotalNumFeatures",
            f"DATA\t12.5\t{len(rows) if features is None else features}",
            "*",
            "TYPE\tinteger\tinteger\ttext\ttext\ttext\tfloat\tboolean",
            header,
            *rows,
        ]
    ) + "\n"  # fmt: skip


def write(folder: Path, text: str, name: str = "array.txt") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def message(path: Path) -> str:
    with pytest.raises(SensitomeError) as caught:
        read_feature_extraction(path)
    assert isinstance(caught.value, SourceError)
    return str(caught.value).replace(str(path), "FILE")


def test_the_three_tables_are_found_by_their_words(tmp_path: Path) -> None:
    array = read_feature_extraction(write(tmp_path, full_text()))
    assert array.design == "031181"
    assert array.parameters["Protocol_Name"] == "miRNA_107_Sep09"
    assert array.statistics == {"gNegCtrlAveNetSig": "12.5", "TotalNumFeatures": "4"}
    assert array.features.rows()[1] == (12, "hsa-miR-21", "A_25_1", 0, 1234.5, True)
    assert array.features["control"].to_list() == [1, 0, 0, -1]


@pytest.mark.parametrize("change", ["crlf", "gzip", "more lines before", "quotes", "decimal comma"])
def test_the_same_array_in_other_wrappings_reads_the_same(tmp_path: Path, change: str) -> None:
    text = full_text()
    expected = read_feature_extraction(write(tmp_path, text)).features.drop("line")
    if change == "crlf":
        path = write(tmp_path, text.replace("\n", "\r\n"), "other.txt")
    elif change == "gzip":
        path = tmp_path / "other.txt.gz"
        path.write_bytes(gzip.compress(text.encode()))
    elif change == "more lines before":
        path = write(tmp_path, f"a note\n\n{text}", "other.txt")
    elif change == "quotes":
        path = write(tmp_path, text.replace("hsa-miR-21", '"hsa-miR-21"'), "other.txt")
    else:
        path = write(tmp_path, text.replace("1234.5", "1234,5").replace("\t2.5\t", "\t2,5\t"), "other.txt")
    assert read_feature_extraction(path).features.drop("line").equals(expected)


def test_gene_view_and_bare_tables_need_no_markers(tmp_path: Path) -> None:
    header = "SystematicName\tControlType\tgTotalGeneSignal\tgTotalGeneError\tgIsGeneDetected"
    gene_view = f"GeneView\n{header}\nhsa-miR-21\t0\t9.5\t1\t1\n"
    array = read_feature_extraction(write(tmp_path, gene_view))
    assert array.features.rows() == [(3, "hsa-miR-21", None, 0, 9.5, True)]
    assert array.design == ""
    bare = "GeneName;gTotalGeneSignal\nhsa-miR-21;9,5\n"
    assert read_feature_extraction(write(tmp_path, bare, "bare.csv")).features.rows() == [
        (2, "hsa-miR-21", None, 0, 9.5)
    ]


def test_a_file_cut_within_a_line_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, full_text()[:-12])
    assert message(path) == (
        "array file ends early in FILE: found 5 cells in its last line 14, expected 8 cells, as in the header. "
        "Copy or extract it again."
    )


def test_a_file_cut_before_its_features_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "\n".join(full_text().split("\n")[:8]))
    assert message(path) == (
        "array file ends early in FILE: found 8 lines with 'FEPARAMS' and 'STATS', expected a FEATURES table behind "
        "them. Copy or extract it again."
    )
    path = write(tmp_path, full_text(()))
    assert message(path) == (
        "array file ends early in FILE: found no feature, expected features below the header. Copy or extract it again."
    )


def test_a_file_with_fewer_features_than_it_counts_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, full_text(features=62976))
    assert message(path) == (
        "array file ends early in FILE: found 4 features, expected 62976, as its STATS table says (TotalNumFeatures). "
        "Copy or extract it again."
    )


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_file_without_the_signal_says_what_it_has(tmp_path: Path, is_bare: bool) -> None:
    header = HEADER.replace("gTotalGeneSignal", "gTotalGeneError")
    text = f"{header}\n" if is_bare else full_text(header=header)
    if is_bare:
        text = "GeneName\tLogRatio\nhsa-miR-21\t2\n"
    found = message(write(tmp_path, text))
    assert found == (
        "array lacks its signal in FILE, line 1: found columns 'GeneName' and 'LogRatio', expected 'gTotalGeneSignal'. "
        "Extract it again with the miRNA protocol, with full text output."
        if is_bare
        else "array lacks its signal in FILE, line 10: found columns 'FEATURES', 'FeatureNum', 'ControlType', "
        "'ProbeName', 'GeneName', 'SystematicName', 'gTotalGeneError' and 'gIsGeneDetected', expected "
        "'gTotalGeneSignal'. Did you mean 'gTotalGeneError'?"
    )


def test_all_bad_cells_are_told_with_line_and_column(tmp_path: Path) -> None:
    rows = (
        "DATA\t1\t7\tDarkCorner\tDarkCorner\tDarkCorner\tbright\t0",
        "DATA\t2\t0\tA_25_1\t\thsa-miR-21\t1234.5\t1",
    )
    assert message(write(tmp_path, full_text(rows))) == (
        "array cannot be read in FILE. Correct these places:\n"
        "  FILE, line 11, column ControlType: found '7', expected 0, 1 or -1.\n"
        "  FILE, line 11, column gTotalGeneSignal: found 'bright', expected a number.\n"
        "  FILE, line 12, column GeneName: a name for each feature."
    )


def test_lines_short_of_cells_are_told(tmp_path: Path) -> None:
    rows = (ROWS[0], "DATA\t2\t0", *ROWS[2:])
    assert message(write(tmp_path, full_text(rows))) == (
        "array cannot be read in FILE. Copy or extract it again.\n"
        "  FILE, line 12: found '3 cells', expected 8 cells, as in the header."
    )


def test_other_files_are_no_arrays(tmp_path: Path) -> None:
    assert message(write(tmp_path, "plate,well,signal\nP1,A01,5\n")) == (
        "file is no array of Feature Extraction in FILE: found 'plate,well,signal', expected a FEATURES table, or a "
        "header with GeneName or SystematicName and gTotalGeneSignal. Export the array as text from Feature Extraction."
    )
    assert message(write(tmp_path, "<!DOCTYPE html><html></html>\n")) == (
        "file is a web page, not data in FILE: found <!DOCTYPE html><html></html>. Download the file itself: the page "
        "may ask for a login or have a download button."
    )
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"
    assert message(write(tmp_path, pointer)) == (
        "file is a Git LFS pointer, not the data in FILE. Run: git lfs pull, then run again."
    )
