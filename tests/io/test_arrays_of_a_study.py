from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.arrays import half_floor, quantile_normalize
from sensitome.errors import SourceError, TableError
from sensitome.io.arrays import read_array_list, read_arrays

GENES = ("DarkCorner", "hsa-miR-21", "hsa-miR-29a", "hsa-miR-101*")


def array(
    folder: Path,
    name: str,
    *,
    genes: tuple[str, ...] = GENES,
    design: str = "031181",
    level: float = 1.0,
    bright: int = 0,
) -> str:
    spots = [(gene, i, copy) for i, gene in enumerate(genes) for copy in range(2)]
    rows = [
        f"DATA\t{int(i == 0)}\tp{i}\t{gene}\t{level * i}\t{int(i > 1)}\t{10 * i + copy + bright}"
        for gene, i, copy in spots
    ]
    header = "FEATURES\tControlType\tProbeName\tGeneName\tgTotalGeneSignal\tgIsGeneDetected\tgMeanSignal"
    parameters = ["FEPARAMS\tGrid_Name", f"DATA\t{design}_D_F_20110315", "*"]
    (folder / name).write_text("\n".join([*parameters, header, *rows]) + "\n", encoding="utf-8")
    return name


def test_arrays_become_one_matrix_with_flags_and_labels(tmp_path: Path) -> None:
    array(tmp_path, "a.txt")
    array(tmp_path, "b.txt", genes=GENES[::-1], level=2.0)
    listed = pl.DataFrame({"file": ["a.txt", "b.txt"], "sample": ["s1", "s2"], "cell_line": ["KPL4", "SKBR3"]})
    e = read_arrays(listed, folder=tmp_path)
    np.testing.assert_array_equal(e.values, [[0.0, 1.0, 2.0, 3.0], [6.0, 4.0, 2.0, 0.0]])
    assert e.detected is not None
    np.testing.assert_array_equal(e.detected[1], [True, True, False, False])
    assert e.features.rows() == [("DarkCorner", 1), ("hsa-miR-21", 0), ("hsa-miR-29a", 0), ("hsa-miR-101*", 0)]
    assert e.samples.columns == ["sample", "cell_line"]


def test_files_alone_name_their_samples_and_spots_keep_their_probes(tmp_path: Path) -> None:
    files = [tmp_path / array(tmp_path, name, bright=i) for i, name in enumerate(("a.txt", "b.TXT"))]
    e = read_arrays(files, signal="mean", spots=True)
    assert e.samples["sample"].to_list() == ["a", "b"]
    assert e.features.row(3) == ("4", "hsa-miR-21", "p1", 0)
    np.testing.assert_array_equal(e.values[1], [1, 2, 11, 12, 21, 22, 31, 32])


def test_an_array_listed_under_two_names_is_refused(tmp_path: Path) -> None:
    files = [array(tmp_path, "a.txt"), array(tmp_path, "b.txt", level=2.0), array(tmp_path, "copy of a.txt")]
    with pytest.raises(SourceError) as caught:
        read_arrays(files, folder=tmp_path)
    assert str(caught.value) == (
        "arrays are in the study twice.\n"
        f"  {tmp_path}/copy of a.txt: found 'the same array', expected signals of its own, not those of "
        f"{tmp_path}/a.txt. List the array once."
    )


def test_an_array_of_another_design_is_refused(tmp_path: Path) -> None:
    files = [array(tmp_path, "a.txt"), array(tmp_path, "b.txt", design="021827"), array(tmp_path, "c.txt")]
    with pytest.raises(SourceError) as caught:
        read_arrays(files, folder=tmp_path)
    assert str(caught.value) == (
        "arrays are not of one design. Analyze arrays of different designs separately:\n"
        f"  {tmp_path}/b.txt: found '021827', expected design 031181, as 2 of 3 arrays."
    )


def test_an_array_with_other_genes_is_refused(tmp_path: Path) -> None:
    files = [array(tmp_path, "a.txt"), array(tmp_path, "b.txt", genes=("hsa-miR-21", "hsa-miR-x"))]
    files.append(array(tmp_path, "c.txt", genes=(*GENES, "hsa-miR-21")))
    with pytest.raises(SourceError) as caught:
        read_arrays(files, folder=tmp_path)
    assert str(caught.value) == (
        "arrays are not of one design. Analyze arrays of different designs separately:\n"
        f"  {tmp_path}/b.txt: found '2 genes, 3 missing and 1 others', expected the 4 genes of {tmp_path}/a.txt.\n"
        f"  {tmp_path}/c.txt: found '10 features', expected 8 features, as in {tmp_path}/a.txt."
    )


def test_every_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("well,signal\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_arrays([array(tmp_path, "a.txt"), "b.txt", "c.txt"], folder=tmp_path)
    assert str(caught.value) == (
        "arrays of the study: 2 faults.\n"
        f"  {tmp_path}/b.txt: file is no array of Feature Extraction (found 'well,signal'), expected a FEATURES "
        "table, or a header with GeneName or SystematicName and gTotalGeneSignal. Export the array as text from "
        "Feature Extraction.\n"
        f"  {tmp_path}/c.txt: file not found. Did you mean 'b.txt'?"
    )


def test_an_unknown_signal_or_a_sample_twice_is_refused(tmp_path: Path) -> None:
    name = array(tmp_path, "a.txt")
    with pytest.raises(SourceError) as caught:
        read_arrays([name], folder=tmp_path, signal="red")
    assert str(caught.value) == (
        "unknown signal of arrays: found 'red', expected 'total_gene', 'total_probe', 'mean', 'median', 'processed', "
        "'background_median' or 'background_used'."
    )
    with pytest.raises(TableError) as caught_:
        read_arrays([name, name], folder=tmp_path)
    assert str(caught_.value) == (
        "table of arrays: 1 fault.\n  column sample: found 'a', expected each sample once. Remove or rename one."
    )
    with pytest.raises(TableError) as caught_:
        read_arrays(pl.DataFrame({"path": ["a.txt"]}), folder=tmp_path)
    assert str(caught_.value) == (
        "table of arrays cannot be used: found 1 rows with 'path', expected columns 'sample' and 'file', and a row for "
        "each array."
    )


def test_the_list_of_arrays_names_samples_by_their_files(tmp_path: Path) -> None:
    path = tmp_path / "arrays.csv"
    path.write_text("FileName,Cell line,Arm,Subject\nraw/mscA1.txt.gz,KPL4,none,1\n", encoding="utf-8")
    table = read_array_list(path)
    assert table.columns == ["sample", "file", "cell_line", "treatment", "replicate"]
    assert table.row(0) == ("mscA1", "raw/mscA1.txt.gz", "KPL4", "none", "1")


def test_faults_of_the_list_of_arrays_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "arrays.csv"
    path.write_text("file,sample\na.txt,s1\n,s2\nb.txt,s1\nb.txt,s3\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_array_list(path)
    assert str(caught.value) == (
        "list of arrays: 3 faults.\n"
        f"  {path}, line 3, column file: the cell is empty. Fill it in.\n"
        f"  {path}, line 2, column sample: found 's1', expected each sample once (lines 2, 4). Remove or rename one.\n"
        f"  {path}, line 4, column file: found 'b.txt', expected each file once (lines 4, 5). Remove or rename one."
    )


def test_real_arrays_give_what_agimicrorna_makes_of_them(shared: Path) -> None:
    folder = shared / "data" / "mirna_arrays"
    e = read_arrays([f"AgiMicroRna_msc{x}.tsv.gz" for x in ("A1", "A2", "B1", "B2", "C1", "C2")], folder=folder)
    assert e.detected is not None
    expected = pl.read_csv(folder / "AgiMicroRna_ddPROC_log2_quantile_filtered.tsv.gz", separator="\t")
    in_any_pair = e.detected.reshape(3, 2, -1).any(axis=(0, 1))
    kept = e.features.filter(pl.Series(in_any_pair & (e.features["control"] == 0).to_numpy()))
    assert kept.height == 320
    assert set(kept["feature"]) == set(expected["GeneName"])
    log2 = np.log2(quantile_normalize(half_floor(e.values)))
    column = {name: i for i, name in enumerate(e.features["feature"])}
    ours = log2[:, [column[name] for name in expected["GeneName"]]].T
    assert np.abs(ours - expected[:, 3:].to_numpy()).max() < 6e-14
