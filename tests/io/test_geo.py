from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import SensitomeError, SourceError
from sensitome.io.geo import read_geo

MATRIX = '''!Series_title\t"Drugs, "quoted" and more"
!Series_geo_accession\t"GSE163490"
!Series_summary\t"First line
second line with a tab\tand an odd " quote
third line"
!Series_supplementary_file\t"ftp://x/GSE163490_RAW.tar"
!Series_platform_id\t"GPL21439"

!Sample_title\t"KPL4 untreated"\t"SKBR3 lapatinib"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!Sample_source_name_ch1\t"cells"\t"cells"
!Sample_characteristics_ch1\t"cell line: KPL4"\t"cell line: SKBR3"
!Sample_characteristics_ch1\t"treatment: none"\t"dose: 100 nM"
!Sample_characteristics_ch1\t"passage 5"\t""
!Sample_platform_id\t"GPL21439"\t"GPL21439"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
"hsa-miR-21"\t10.5\t
"hsa-let-7b*"\tnull\t-2
!series_matrix_table_end
'''  # fmt: skip

SOFT = """^DATABASE = GeoMiame
!Database_name = GEO
^SERIES = GSE1
!Series_title = Two samples
!Series_geo_accession = GSE1
^PLATFORM = GPL1
!Platform_geo_accession = GPL1
#ID =
!platform_table_begin
ID\tmiRNA_ID\tMI ACC
1\thsa-miR-21\tMIMAT0000076
2\thsa-miR-1\tMIMAT0000416
!platform_table_end
^SAMPLE = GSM1
!Sample_title = a
!Sample_geo_accession = GSM1
!Sample_characteristics_ch1 = Cell line: KPL4
!Sample_platform_id = GPL1
#VALUE = signal
!sample_table_begin
ID_REF\tVALUE\tABS_CALL
1\t5.5\tP
2\t1.5\tA
!sample_table_end
^SAMPLE = GSM2
!Sample_geo_accession = GSM2
!Sample_platform_id = GPL1
!sample_table_begin
ID_REF\tVALUE\tABS_CALL
2\t2.5\tP
!sample_table_end
"""


def write(folder: Path, text: str, name: str = "GSE163490_series_matrix.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def message(path: Path) -> str:
    with pytest.raises(SensitomeError) as caught:
        read_geo(path)
    return str(caught.value).replace(str(path), "FILE")


def test_a_series_matrix_gives_values_and_described_samples(tmp_path: Path) -> None:
    series = read_geo(write(tmp_path, MATRIX))
    assert series.accession == "GSE163490"
    assert series.metadata["summary"] == (
        "First line second line with a tab", 'and an odd " quote third line',
    )  # fmt: skip
    e = series.expression()
    np.testing.assert_array_equal(e.values, [[10.5, np.nan], [np.nan, -2.0]])
    assert e.features["feature"].to_list() == ["hsa-miR-21", "hsa-let-7b*"]
    assert e.samples.select("sample", "title", "cell_line", "treatment", "dose", "characteristics").rows() == [
        ("GSM1", "KPL4 untreated", "KPL4", "none", None, "passage 5"),
        ("GSM2", "SKBR3 lapatinib", "SKBR3", None, "100 nM", None),
    ]
    assert e.detected is None


def test_a_gzipped_folder_of_several_platforms_is_one_series(tmp_path: Path) -> None:
    for platform in ("GPL1", "GPL2"):
        text = MATRIX.replace("GPL21439", platform)
        (tmp_path / f"GSE163490-{platform}_series_matrix.txt.gz").write_bytes(gzip.compress(text.encode()))
    series = read_geo(tmp_path)
    assert list(series.platforms) == ["GPL1", "GPL2"]
    assert series.expression("GPL2").values.shape == (2, 2)
    with pytest.raises(SourceError) as caught:
        series.expression()
    assert str(caught.value) == "series has several platforms in GSE163490: found 'GPL1' and 'GPL2'. Name one of them."
    with pytest.raises(SourceError) as caught:
        series.expression("GPL3")
    assert str(caught.value) == "no such platform in GSE163490: found 'GPL3', expected 'GPL1' or 'GPL2'."


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    first, second = write(tmp_path, MATRIX, "a.txt"), write(tmp_path, MATRIX.replace("GSE163490", "GSE2"), "b.txt")
    with pytest.raises(SourceError) as caught:
        read_geo([first, second])
    assert str(caught.value) == "files are of different series: found 'GSE163490' and 'GSE2', expected one series."
    with pytest.raises(SourceError) as caught:
        read_geo([first, first])
    assert str(caught.value) == "two files hold the same platform in GSE163490: found GPL21439."


def test_an_empty_table_says_where_the_values_are(tmp_path: Path) -> None:
    lines = [line for line in MATRIX.split("\n") if not line.startswith(('"hsa', '"ID'))]
    series = read_geo(write(tmp_path, "\n".join(lines)))
    with pytest.raises(SourceError) as caught:
        series.expression()
    assert str(caught.value) == (
        "series holds no values in GSE163490: found 2 samples with empty tables. The values lie in its supplementary "
        "files: 'ftp://x/GSE163490_RAW.tar'."
    )


def test_a_header_without_rows_is_an_empty_table_too(tmp_path: Path) -> None:
    text = "\n".join(line for line in MATRIX.split("\n") if not line.startswith('"hsa'))
    assert read_geo(write(tmp_path, text)).platforms["GPL21439"].values.shape == (2, 0)


def test_several_tables_are_stacked(tmp_path: Path) -> None:
    more = '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"x"\t1\t2\n!series_matrix_table_end\n'
    e = read_geo(write(tmp_path, MATRIX + more)).expression()
    assert e.features["feature"].to_list() == ["hsa-miR-21", "hsa-let-7b*", "x"]
    assert message(write(tmp_path, MATRIX + more.replace('"x"', '"hsa-miR-21"'))) == (
        "tables of the series matrix overlap in FILE: expected each feature once."
    )


def test_a_series_matrix_cut_short_is_refused(tmp_path: Path) -> None:
    assert message(write(tmp_path, MATRIX[:-30])) == (
        "series matrix ends early in FILE: found 19 lines, expected !series_matrix_table_end. Download it again."
    )
    assert message(write(tmp_path, MATRIX[:60])) == (
        "series matrix ends early in FILE: found 2 lines without a table, expected !series_matrix_table_end. "
        "Download it again."
    )
    path = tmp_path / "cut.txt.gz"
    path.write_bytes(gzip.compress(MATRIX.encode())[:-20])
    assert message(path).startswith("gzip file is broken in FILE: found ")


def test_all_faults_of_a_table_are_told(tmp_path: Path) -> None:
    text = MATRIX.replace("\t-2\n", "\thigh\n").replace('"hsa-let-7b*"', '"hsa-miR-21"')
    assert message(write(tmp_path, text)) == (
        "series matrix cannot be read in FILE. Correct these places:\n"
        "  FILE, line 19, column GSM2: found 'high', expected a number.\n"
        "  FILE, column ID_REF: found 'hsa-miR-21', expected each feature once."
    )


def test_a_header_that_does_not_fit_the_samples_is_told(tmp_path: Path) -> None:
    text = MATRIX.replace('"ID_REF"\t"GSM1"\t"GSM2"', '"ID_REF"\t"GSM1"\t"GSM3"')
    assert message(write(tmp_path, text)) == (
        "series matrix cannot be read in FILE. Download it again:\n"
        "  FILE, line 17: found 'GSM3', expected a column for each of the 2 samples."
    )
    text = MATRIX.replace('"ID_REF"\t"GSM1"\t"GSM2"\n', "")
    assert message(write(tmp_path, text)) == (
        "series matrix cannot be read in FILE. Download it again:\n"
        "  FILE, line 17, column 1: found 'hsa-miR-21', expected the header of the table, which begins with ID_REF."
    )


def test_web_pages_pointers_and_other_files_are_no_series(tmp_path: Path) -> None:
    assert message(write(tmp_path, "<html><head>GEO</head></html>")) == (
        "file is a web page, not data in FILE: found <html><head>GEO</head></html>. Download the file itself: the page "
        "may ask for a login or have a download button."
    )
    assert message(write(tmp_path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")) == (
        "file is a Git LFS pointer, not the data in FILE. Run: git lfs pull, then run again."
    )
    assert message(write(tmp_path, "gene,a\nx,1\n")) == (
        "file is no series of GEO in FILE: found 'gene,a', expected lines that begin with ! (series matrix) or ^ "
        "(SOFT). Download the series matrix or the SOFT family file."
    )
    folder = tmp_path / "empty"
    folder.mkdir()
    assert message(folder) == (
        "folder holds no series matrix in FILE: expected files called GSE…_series_matrix.txt or .txt.gz."
    )


def test_a_soft_family_gives_values_calls_and_annotation(tmp_path: Path) -> None:
    series = read_geo(write(tmp_path, SOFT, "GSE1_family.soft"))
    e = series.expression()
    assert (series.accession, series.title) == ("GSE1", "Two samples")
    np.testing.assert_array_equal(e.values, [[5.5, 1.5], [np.nan, 2.5]])
    np.testing.assert_array_equal(e.detected, [[True, False], [False, True]])
    assert e.features.rows() == [("1", "hsa-miR-21", "MIMAT0000076"), ("2", "hsa-miR-1", "MIMAT0000416")]
    assert e.features.columns == ["feature", "mirna_id", "mi_acc"]
    assert e.samples["cell_line"].to_list() == ["KPL4", None]


def test_a_soft_file_cut_within_a_table_is_refused(tmp_path: Path) -> None:
    assert message(write(tmp_path, SOFT[: SOFT.index("2\t1.5")], "x.soft")) == (
        "SOFT file ends early in FILE: found the table of GSM1, from line 21, without an end, expected "
        "!sample_table_end. Download it again."
    )


def test_samples_without_values_or_with_bad_ones_are_told(tmp_path: Path) -> None:
    assert message(write(tmp_path, SOFT.replace("ID_REF\tVALUE", "ID_REF\tSIGNAL"), "x.soft")) == (
        "table of a sample lacks its columns in FILE, line 21: found ID_REF, SIGNAL, ABS_CALL, expected ID_REF and "
        "VALUE."
    )
    assert message(write(tmp_path, SOFT.replace("2\t1.5", "1\tbright"), "x.soft")) == (
        "sample GSM1 cannot be read in FILE.\n"
        "  FILE, line 23, column VALUE: found 'bright', expected a number.\n"
        "  FILE, column ID_REF: found '1', expected each feature once in a sample."
    )


def test_detection_p_values_become_calls(tmp_path: Path) -> None:
    text = SOFT.replace("ABS_CALL", "Detection Pval").replace("\tP\n", "\t0.001\n").replace("\tA\n", "\t0.4\n")
    np.testing.assert_array_equal(
        read_geo(write(tmp_path, text, "x.soft")).expression().detected, [[True, False], [False, True]]
    )


def test_real_families_and_datasets_are_read(shared: Path) -> None:
    folder = shared / "data" / "geo"
    e = read_geo(folder / "soft_ex_family.txt").expression()
    expected = pl.read_csv(folder / "test_sample_pivoted_by_value.tab", separator="\t")
    assert e.samples["sample"].to_list() == expected.columns[1:]
    np.testing.assert_allclose(e.values.T, expected[:, 1:].to_numpy())
    kidney = read_geo(folder / "GDS507.soft.gz").expression("GPL97")
    assert kidney.values.shape == (17, 22645)
    assert kidney.samples["disease_state"].value_counts().sort("count").rows() == [("normal", 8), ("RCC", 9)]
    assert kidney.features.row(0)[1] is not None
    array = read_geo(folder / "GSM11805.txt.gz").expression()
    assert array.detected is not None
    assert array.detected.mean() == pytest.approx(0.487, abs=1e-3)
    with pytest.raises(SourceError, match="series holds no values in GSE105845"):
        read_geo(folder / "GSE105845_family.soft").expression()
