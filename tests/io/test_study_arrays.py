"""Expression of a study from a series of GEO, a matrix or a list of files, with its samples described."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from sensitome.errors import Caution, MethodError, SensitomeError
from sensitome.io.study_arrays import ArraySource, array_source_files, read_study_arrays

SERIES = """!Series_title	"made up"
!Series_geo_accession	"GSE1"
!Sample_title	"KPL4 rep 1"	"KPL4 lap"
!Sample_geo_accession	"GSM1"	"GSM2"
!Sample_characteristics_ch1	"cell line: KPL4"	"cell line: KPL4"
!Sample_characteristics_ch1	"agent: none"	"agent: lapatinib"
!Sample_characteristics_ch1	"growth: serum"	"growth: serum"
!Sample_platform_id	"GPL1"	"GPL1"
!series_matrix_table_begin
"ID_REF"	"GSM1"	"GSM2"
"hsa-miR-1"	1.5	2.5
"hsa-miR-2"	0.5	-1
!series_matrix_table_end
"""
MATRIX = "feature,s1,s2,s3\nhsa-miR-1,1.5,2.5,9\nhsa-miR-2,0.5,-1,9\n"


def series(folder: Path, text: str = SERIES) -> Path:
    path = folder / "GSE1_series_matrix.txt.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return path


def matrix(folder: Path, samples: str) -> ArraySource:
    (folder / "matrix.csv").write_text(MATRIX)
    (folder / "samples.csv").write_text(samples)
    return ArraySource(folder / "matrix.csv", samples=folder / "samples.csv")


def test_a_series_describes_its_samples_by_its_characteristics(tmp_path: Path) -> None:
    source = ArraySource(series(tmp_path), words={"none": "vehicle"})
    expression = read_study_arrays(source)
    assert expression.samples.select("sample", "cell_line", "treatment").rows() == [
        ("GSM1", "KPL4", "vehicle"),
        ("GSM2", "KPL4", "lapatinib"),
    ]
    assert expression.values.tolist() == [[1.5, 0.5], [2.5, -1.0]]
    assert array_source_files(source) == [source.arrays]


def test_columns_of_a_series_may_have_any_name(tmp_path: Path) -> None:
    text = SERIES.replace("cell line:", "model:").replace("agent:", "exposure:")
    source = ArraySource(series(tmp_path, text), columns={"cell_line": "model", "treatment": "exposure"})
    assert read_study_arrays(source).samples["treatment"].to_list() == ["none", "lapatinib"]
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(ArraySource(source.arrays))
    assert str(caught.value) == (
        f"samples of the series do not say 'cell_line' and 'treatment' in {source.arrays}: found characteristics "
        "'title', 'platform', 'model', 'exposure' and 'growth', expected 'cell_line' and 'treatment'. Say which "
        "column it is under [expression.columns], or name a table as inputs.array_samples."
    )


def test_a_column_that_the_series_lacks_is_told(tmp_path: Path) -> None:
    source = ArraySource(series(tmp_path), columns={"treatment": "agents"})
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(source)
    assert "expression.columns.treatment" in str(caught.value)
    assert "Did you mean 'agent'?" in str(caught.value)


def test_a_table_of_samples_stands_instead_and_leaves_others_out(tmp_path: Path) -> None:
    (tmp_path / "samples.csv").write_text("sample,line,arm,replicate\nKPL4 lap,K,lap,1\n")
    source = ArraySource(series(tmp_path), samples=tmp_path / "samples.csv")
    with pytest.warns(Caution) as caught:
        expression = read_study_arrays(source)
    assert expression.samples.select("sample", "cell_line", "treatment").rows() == [("GSM2", "K", "lap")]
    assert expression.values.tolist() == [[2.5, -1.0]]
    assert str(caught[0].message) == (
        f"samples without a description are left out in {tmp_path / 'samples.csv'}: found 1 of 2: 'GSM1'. Add them to "
        "the table of samples if they belong to the study."
    )


def test_a_matrix_takes_its_samples_and_flags_from_tables(tmp_path: Path) -> None:
    source = matrix(tmp_path, "sample,cell_line,treatment\ns2,A,drug\ns1,A,none\ns3,B,none\n")
    (tmp_path / "flags.csv").write_text("feature,s1,s2,s3\nhsa-miR-1,1,0,1\nhsa-miR-2,0,1,1\n")
    flagged = ArraySource(source.arrays, samples=source.samples, flags=tmp_path / "flags.csv")
    expression = read_study_arrays(flagged)
    assert expression.samples["sample"].to_list() == ["s1", "s2", "s3"]
    assert expression.samples["treatment"].to_list() == ["none", "drug", "none"]
    assert expression.detected is not None
    assert expression.detected.tolist() == [[True, False], [False, True], [True, True]]
    assert [path.name for path in array_source_files(flagged)] == ["matrix.csv", "samples.csv", "flags.csv"]


def test_samples_listed_twice_or_unknown_are_told_together(tmp_path: Path) -> None:
    source = matrix(tmp_path, "sample,cell_line,treatment\ns1,A,none\ns1,A,drug\ns9,B,none\ns3,,none\n")
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(source)
    text = str(caught.value)
    assert text.startswith("table of samples: 3 faults")
    assert "each sample once (lines 2, 3)" in text
    assert "'s9'" in text
    assert "cell_line" in text


def test_words_that_no_sample_has_are_told(tmp_path: Path) -> None:
    source = ArraySource(series(tmp_path), words={"non": "vehicle"})
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(source)
    assert str(caught.value) == (
        f"words of the arrays that are not there in {source.arrays}: found expression.words for 'non', expected "
        "'KPL4', 'lapatinib' or 'none'. Did you mean 'none'?"
    )


def test_rma_asks_for_raw_files(tmp_path: Path) -> None:
    with pytest.raises(MethodError) as caught:
        read_study_arrays(ArraySource(series(tmp_path)), spots=True)
    assert str(caught.value) == (
        f"processing 'rma' needs the single spots of arrays in {tmp_path / 'GSE1_series_matrix.txt.gz'}: found one "
        "value a miRNA, expected a list of Feature Extraction files. Take another processing, or list the raw files."
    )


def test_a_list_without_the_column_of_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "arrays.csv").write_text("sample,cell_line\na,b\n")
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(ArraySource(tmp_path / "arrays.csv"))
    assert "column 'file' is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html><html><body>moved</body></html>", "HTML"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n", "Git LFS"),
        (SERIES.replace("!series_matrix_table_end\n", ""), "ends early"),
    ],
)
def test_what_is_no_series_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SensitomeError) as caught:
        read_study_arrays(ArraySource(series(tmp_path, text)))
    assert words.lower() in str(caught.value).lower()


def test_a_real_family_of_geo_takes_a_table_of_samples(shared: Path, tmp_path: Path) -> None:
    family = shared / "data" / "geo" / "soft_ex_family.txt"
    from sensitome.io.geo import read_geo

    names = read_geo(family).expression().samples["sample"].to_list()
    rows = [f"{name},A,{'none' if i % 2 else 'drug'}" for i, name in enumerate(names)]
    (tmp_path / "samples.csv").write_text("\n".join(["sample,cell_line,treatment", *rows]) + "\n")
    expression = read_study_arrays(ArraySource(family, samples=tmp_path / "samples.csv"))
    assert expression.samples["sample"].to_list() == names
