from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, LayoutError, SourceError
from sensitome.io.cellhts2 import cellhts2_files, read_cellhts2
from sensitome.plates import FORMATS, well_name

KINOME_ROLES = {"siPLK1": "positive", "siCON1": "negative", "siCON2": "negative", "allstar": "negative"}
CONFIGURATION = "Wells: 24\nPlates: 2\nPlate\tWell\tContent\n*\t*\tsample\n"


def write_screen(folder: Path, **files: str) -> Path:
    """A screen of two 24-well plates in two replicates; further files by their stem."""
    plate = FORMATS[24]
    spots = [(row, column) for row in range(1, plate.rows + 1) for column in range(1, plate.columns + 1)]
    lines = ["Filename\tPlate\tReplicate"]
    for number in (1, 2):
        for replicate in (1, 2):
            name = f"p{number}r{replicate}.txt"
            rows = [f"x\t{well_name(*spot)}\t{1000 * number + 100 * replicate + i}" for i, spot in enumerate(spots)]
            (folder / name).write_text("\n".join(rows), encoding="utf-8")
            lines.append(f"{name}\t{number}\t{replicate}")
    texts = {"Platelist": "\n".join(lines), "Plateconf": CONFIGURATION, **files}
    for stem, text in texts.items():
        (folder / f"{stem}.txt").write_text(text, encoding="utf-8", newline="")
    return folder


def at(wells: pl.DataFrame, well: str, *columns: str) -> list[tuple[object, ...]]:
    return wells.filter(pl.col("well") == well).sort("order").select(columns).rows()


def test_the_files_of_a_folder_become_a_well_table(tmp_path: Path) -> None:
    folder = write_screen(
        tmp_path,
        Plateconf=CONFIGURATION + "*\tA0[1-2]\tNeg\n2\tA02\tpos\n*\tD06\tempty\n*\tD05\tother\n",
        Screenlog="Plate\tSample\tWell\tFlag\tComment\n2\t1\tB02\tNA\tdirt\n",
        GeneIDs="Plate\tWell\tHFAID\tGeneID\n1\tB01\tH1\tCG1\n2\tB01\tH2\tNA\n1\tA01\tNA\tNA\n",
    )
    wells = read_cellhts2(folder, cell_line="Kc", treatment="vehicle", kind="siRNA")
    assert wells.height == 96
    assert wells["plate"].unique(maintain_order=True).to_list() == [
        *("Kc_vehicle_1_r1", "Kc_vehicle_1_r2", "Kc_vehicle_2_r1", "Kc_vehicle_2_r2"),
    ]
    assert at(wells, "B01", "library_plate", "reagent", "HFAID", "GeneID", "role", "kind")[0::2] == [
        ("1", "H1", "H1", "CG1", "sample", "siRNA"),
        ("2", "H2", "H2", None, "sample", "siRNA"),
    ]
    assert at(wells, "B03", "reagent")[2] == ("2:B03",)
    assert at(wells, "A01", "role", "control_class", "reagent") == [("negative", "neg", "Neg")] * 4
    assert [role for (role,) in at(wells, "A02", "role")] == ["negative", "negative", "positive", "positive"]
    assert at(wells, "D06", "role", "reagent", "kind", "control_class")[0] == ("empty", None, None, None)
    assert at(wells, "D05", "role", "control_class", "flags")[0] == ("excluded", "other", "excluded")
    assert at(wells, "B02", "signal", "flags") == [(1107.0, ""), (1207.0, ""), (None, "excluded"), (2207.0, "")]


def test_a_later_rule_wins_over_an_earlier_one(tmp_path: Path) -> None:
    rules = "*\tA01\tneg\n*\tA01|B0[2-3]\tpos\n1\tA01\tneg\n"
    wells = read_cellhts2(write_screen(tmp_path, Plateconf=CONFIGURATION + rules))
    assert [role for (role,) in at(wells, "A01", "role")] == ["negative", "negative", "positive", "positive"]
    assert wells.filter(pl.col("role") == "positive")["well"].unique().sort().to_list() == ["A01", "B02", "B03"]


def test_plates_too_are_chosen_by_expressions_but_a_number_means_that_plate(tmp_path: Path) -> None:
    wells = read_cellhts2(write_screen(tmp_path, Plateconf=CONFIGURATION + "[2-9]\tA01\tneg\n1\tA02\tneg\n"))
    controls = wells.filter(pl.col("role") == "negative").select("library_plate", "well").unique().sort("well")
    assert controls.rows() == [("2", "A01"), ("1", "A02")]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    text = (CONFIGURATION + "*\tA01\tneg\n").replace("\n", end)
    wells = read_cellhts2(write_screen(tmp_path, Plateconf=text))
    assert wells["role"].value_counts().sort("count").rows() == [("negative", 4), ("sample", 92)]


def test_the_forms_of_the_first_cellhts_are_read(tmp_path: Path) -> None:
    plate = FORMATS[24]
    spots = [(row, column) for row in range(1, plate.rows + 1) for column in range(1, plate.columns + 1)]
    rows = [f'1\t"{well_name(*spot)}"\t"{"neg" if spot == (1, 1) else "sample"}"' for spot in spots]
    log = "Filename\tWell\tFlag\tComment\nP1R2.txt\tB01\tNA\tdirt\n"
    folder = write_screen(tmp_path, Plateconf="\n".join(['"Batch"\t"Well"\t"Content"', *rows]), Screenlog=log)
    wells = read_cellhts2(folder)
    assert at(wells, "A01", "role") == [("negative",)] * 4
    assert [flags for (flags,) in at(wells, "B01", "flags")] == ["", "excluded", "", ""]


def test_words_without_a_role_are_excluded_with_a_caution_unless_they_are_mapped(tmp_path: Path) -> None:
    folder = write_screen(tmp_path, Plateconf=CONFIGURATION + "*\tA01\tsiPLK1\n*\tA02\tMock\n*\tA03\tact\n")
    with pytest.warns(Caution) as caught:
        wells = read_cellhts2(folder)
    assert [str(warning.message) for warning in caught] == [
        "wells whose content has no role are left out of every statistic in the plate configuration: found 'mock' and "
        "'siplk1', expected 'sample', 'neg', 'pos', 'act', 'inh', 'other' or 'empty'. "
        'Map them, such as roles = {"mock" = "negative"}.'
    ]
    assert at(wells, "A01", "role", "control_class", "reagent", "flags")[0] == (
        *("excluded", "siplk1", "siPLK1", "excluded"),
    )
    assert at(wells, "A03", "role", "control_class")[0] == ("positive", "act")
    mapped = read_cellhts2(folder, roles={"siPLK1": "pos", "mock": "untreated"})
    assert at(mapped, "A01", "role", "control_class")[0] == ("positive", "siplk1")
    assert at(mapped, "A02", "role", "control_class")[0] == ("untreated", "mock")


def test_a_missing_plate_file_is_a_caution_and_its_wells_have_no_reading(tmp_path: Path) -> None:
    folder = write_screen(tmp_path)
    (folder / "p2r1.txt").unlink()
    with pytest.warns(Caution) as caught:
        wells = read_cellhts2(folder)
    assert [str(warning.message) for warning in caught] == [
        f"plate files are missing, and their wells have no reading in {folder / 'Platelist.txt'}: found 'p2r1.txt'. "
        "Add them, or strike them from the plate list."
    ]
    gone = wells.filter(pl.col("plate") == "cells_none_2_r1")
    assert gone.height == 24
    assert gone["signal"].null_count() == 24
    assert set(gone["flags"]) == {"no_reading"}
    assert wells.height == 96


def test_plate_files_are_found_in_any_case_and_listed_with_the_tables(tmp_path: Path) -> None:
    folder = write_screen(tmp_path)
    (folder / "p1r1.txt").rename(folder / "P1R1.TXT")
    files = cellhts2_files(folder)
    assert [path.name for path in files] == [
        *("Platelist.txt", "Plateconf.txt", "P1R1.TXT", "p1r2.txt", "p2r1.txt", "p2r2.txt"),
    ]
    assert read_cellhts2(folder).height == 96


def test_a_screen_without_any_plate_file_is_an_error(tmp_path: Path) -> None:
    folder = write_screen(tmp_path)
    for path in folder.glob("p?r?.txt"):
        path.unlink()
    with pytest.raises(SourceError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        f"none of the plate files exists in {folder}: found no 'p1r1.txt', expected 4 files beside Platelist.txt. "
        "Are they packed, or in another folder?"
    )


def test_the_description_says_which_files_are_meant(tmp_path: Path) -> None:
    folder = write_screen(
        tmp_path,
        Description="[Files]\nplateConf: mine.txt\n",
        mine=CONFIGURATION + "*\tA01\tneg\n",
    )
    assert at(read_cellhts2(folder), "A01", "role")[0] == ("negative",)
    assert at(read_cellhts2(folder, plateconf="Plateconf.txt"), "A01", "role")[0] == ("sample",)
    assert at(read_cellhts2(folder, plateconf="none"), "A01", "role")[0] == ("sample",)


def test_a_folder_without_or_with_several_plate_lists_is_an_error(tmp_path: Path) -> None:
    folder = write_screen(tmp_path)
    (folder / "Platelist.txt").rename(folder / "list.txt")
    names = "'Plateconf.txt', 'list.txt', 'p1r1.txt', 'p1r2.txt', 'p2r1.txt' and 'p2r2.txt'"
    with pytest.raises(SourceError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        f"folder has no cellHTS2 plate list in {folder}: found {names}, expected a file such as Platelist.txt. "
        "Name the plate list itself."
    )
    assert read_cellhts2(folder / "list.txt").height == 96
    for name in ("platelist1.txt", "platelist2.txt"):
        (folder / name).write_text("x", encoding="utf-8")
    with pytest.raises(SourceError) as several:
        read_cellhts2(folder)
    assert str(several.value) == (
        f"folder has several files that may be the plate list in {folder}: found 'platelist1.txt' and "
        "'platelist2.txt', expected one. Name the plate list itself."
    )


def test_a_folder_without_a_configuration_is_an_error(tmp_path: Path) -> None:
    folder = write_screen(tmp_path)
    (folder / "Plateconf.txt").unlink()
    with pytest.raises(SourceError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        f"folder has no cellHTS2 plate configuration in {folder}: expected a file such as Plateconf.txt. "
        "Name it as plateconf, or say 'none' when every well is a sample."
    )


def test_all_faults_of_the_plate_list_are_reported_at_once(tmp_path: Path) -> None:
    folder = write_screen(
        tmp_path,
        Platelist="Filename\tPlate\tReplicate\np1r1.txt\t1\t1\np1r2.txt\tone\t2\np2r1.txt\t1\t1\np2r1.txt\t2\t\n",
    )
    path = folder / "Platelist.txt"
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        "cellHTS2 screen: 4 faults.\n"
        f"  {path}, line 2: found '1 1 1', expected one row for each plate, replicate and channel (lines 2, 4).\n"
        f"  {path}, line 3, column plate: found 'one', expected a whole number from 1.\n"
        f"  {path}, line 4: found 'p2r1.txt', expected one plate for each file (lines 4, 5).\n"
        f"  {path}, line 5, column replicate: the cell is empty. Fill it in."
    )


def test_missing_columns_of_the_plate_list_are_named(tmp_path: Path) -> None:
    folder = write_screen(tmp_path, Platelist="Filename\tPlate\tReplicat\np1r1.txt\t1\t1\n")
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        "cellHTS2 screen: 1 fault.\n"
        f"  {folder / 'Platelist.txt'}: column 'replicate' is missing (there is 'Filename', 'Plate' and 'Replicat'). "
        "Did you mean 'Replicat'? Add or rename the column."
    )


def test_all_faults_of_configuration_and_screen_log_are_reported_at_once(tmp_path: Path) -> None:
    rules = "Wells: 24\nPlates: 1\nPlate\tWell\tContent\n"
    folder = write_screen(tmp_path, Plateconf=rules, Screenlog="Plate\tWell\tFlag\n3\tA1\tNA\n1\tXX\tNA\n")
    log, conf = folder / "Screenlog.txt", folder / "Plateconf.txt"
    step = "Mend it, or leave the screen log out with 'none'."
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder)
    assert str(caught.value) == (
        "cellHTS2 screen: 4 faults.\n"
        f"  {conf}, line 2, column Plates: found 1, expected 2 plates or more, as the plate list names.\n"
        f"  {log}: column 'Sample' (the replicate) is missing. Add it, or leave the screen log out with 'none'.\n"
        f"  {log}, line 2, column Plate: found 3, expected a plate of the plate list (1 and 2). {step}\n"
        f"  {log}, line 3, column well: found 'XX', expected a well from A01 to AF48."
    )
    rules = "Wells: 24\nPlates: 2\nPlate\tWell\tContent\n1\t[A\tsample\n7\t*\tneg\n1\tZ01\tneg\n*\tA0[2-6]\tsample\n"
    (folder / "Plateconf.txt").write_text(rules, encoding="utf-8")
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder, screenlog="none")
    assert str(caught.value) == (
        "cellHTS2 screen: 4 faults.\n"
        f"  {conf}, line 4, column Well: found '[A', expected a regular expression. "
        "It is not one: unterminated character set at position 0.\n"
        f"  {conf}, line 5, column Plate: found '7', expected a pattern that fits a plate (1 to 2).\n"
        f"  {conf}, line 6, column Well: found 'Z01', expected a pattern that fits a well (A01 to D06).\n"
        f"  {conf}: a content for every well (38 wells have none: A01 of plate 1, B01 of plate 1, B02 of plate 1 …). "
        "Begin with a rule for Plate * and Well *."
    )


def test_a_configuration_for_another_format_is_a_fault(tmp_path: Path) -> None:
    folder = write_screen(tmp_path, Plateconf=CONFIGURATION.replace("24", "96"))
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder)
    assert str(caught.value).startswith(
        "plates, plate list and library do not fit together.\n"
        f"  {folder / 'Platelist.txt'}, line 2, column file: found '24 wells (4 × 6)', expected 96 wells (8 × 12), as "
        "library plate '1' has. Is it the right file, and the right library, for plate 'cells_none_1_r1'?\n"
    )


def test_an_annotation_without_ids_or_with_a_well_twice_is_a_fault(tmp_path: Path) -> None:
    folder = write_screen(tmp_path, GeneIDs="Plate\tWell\n1\tA01\n1\tA1\n")
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder)
    path = folder / "GeneIDs.txt"
    assert str(caught.value) == (
        "cellHTS2 screen: 2 faults.\n"
        f"  {path}: a column that names the reagents beside Plate and Well.\n"
        f"  {path}, line 2, column Well: found 'A01', expected one row for each well (lines 2, 3)."
    )


def test_the_drosophila_screen_gives_the_stored_normalization(shared: Path, kcviab_folder: Path) -> None:
    source = shared / "data" / "screens" / "cellHTS2"
    wells = read_cellhts2(kcviab_folder, jobs=2)
    assert wells.height == 57 * 384 * 2
    assert wells.filter((pl.col("flags") == "excluded") & (pl.col("role") != "excluded")).height == 44
    old = read_cellhts2(kcviab_folder, plateconf="old-Plateconf.txt", screenlog="old-Screenlog.txt")
    assert old.equals(wells)
    sample = pl.when(pl.col("role") == "sample").then("signal").median().over("plate")
    ratios = wells.with_columns((pl.col("signal") / sample).alias("ratio"), pl.col("library_plate").cast(pl.Int64))
    stored = pl.read_csv(source / "HTSanalyzeR_KcViab_Norm.tsv.gz", separator="\t", null_values="NA")
    for replicate in (1, 2):
        both = stored.join(
            ratios.filter(pl.col("replicate") == replicate),
            left_on=["plate", "well"],
            right_on=["library_plate", "well"],
            how="left",
            maintain_order="left",
        )
        expected, found = both[f"X{replicate}"].to_numpy(), both["ratio"].to_numpy()
        assert (np.isnan(expected) == np.isnan(found)).all()
        # The stored table has 13 decimals; beyond them nothing differs.
        assert np.nanmax(np.abs(found - expected)) <= 5.1e-14
        assert both["HFAID"].to_list() == both["HFAID_right"].to_list()
        words = both["control_class"].fill_null("sample").to_list()
        assert words == both["controlStatus"].to_list()


def test_the_kinome_screen_needs_its_screen_log_left_out(shared: Path) -> None:
    folder = shared / "data" / "screens" / "identifying-genetic-dependencies"
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(folder, roles=KINOME_ROLES)
    log = folder / "screenlog.txt"
    step = "leave the screen log out with 'none'."
    stranger = f"expected a plate of the plate list (1, 2 and 3). Mend it, or {step}"
    assert str(caught.value) == (
        "cellHTS2 screen: 3 faults.\n"
        f"  {log}: column 'Sample' (the replicate) is missing. Add it, or {step}\n"
        f"  {log}, line 386, column Plate: found 6, {stranger}\n"
        f"  {log}, line 770, column Plate: found 10, {stranger}"
    )
    wells = read_cellhts2(folder, roles=KINOME_ROLES, screenlog="none")
    counts = dict(wells.filter(pl.col("replicate") == 1)["role"].value_counts().iter_rows())
    assert counts == {"sample": 960, "empty": 96, "negative": 72, "positive": 24}
    first = wells.filter((pl.col("well") == "A03") & (pl.col("library_plate") == "1")).row(0, named=True)
    values = tuple(first[name] for name in ("reagent", "GeneID", "Entrez_gene_ID", "signal"))
    assert values == ("TTK", "TTK", "7272", 1219060)


def test_small_screens_of_one_and_two_channels_are_read(shared: Path) -> None:
    source = shared / "data" / "screens" / "cellHTS2"
    small = read_cellhts2(source / "KcViabSmall")
    assert small.height == 3 * 2 * 384
    assert small.filter(pl.col("flags") == "excluded").height == 144
    roles = {"geneA": "positive", "geneB": "positive", "geneC": "negative", "geneD": "negative"}
    with pytest.raises(SourceError) as caught:
        read_cellhts2(source / "DualChannelScreen", roles=roles)
    assert str(caught.value) == (
        f"screen has several channels in {source / 'DualChannelScreen' / 'Platelist.txt'}: found 1 and 2, expected one "
        "of them as channel. Name the channel to analyze."
    )
    first, second = (read_cellhts2(source / "DualChannelScreen", channel=i, roles=roles) for i in (1, "2"))
    assert first.select("well", "reagent", "role", "flags").equals(second.select("well", "reagent", "role", "flags"))
    assert first["signal"][0] == 2300
    assert second["signal"][0] == 13870
    assert first.filter(pl.col("flags") == "excluded").select("plate", "well").rows() == [("cells_none_3_r1", "A05")]
    with pytest.raises(SourceError) as none:
        read_cellhts2(source / "DualChannelScreen", channel=3)
    assert str(none.value) == (
        f"screen has no such channel in {source / 'DualChannelScreen' / 'Platelist.txt'}: found 3, expected 1 or 2. "
        "Name the channel to analyze."
    )


@pytest.mark.parametrize(("name", "plates"), [("211", 2), ("212", 2), ("213", 2), ("221", 4), ("222", 4), ("241", 8)])
def test_screens_of_any_number_of_replicates_and_channels_are_read(shared: Path, name: str, plates: int) -> None:
    path = shared / "data" / "screens" / "cellHTS2" / "testscreen" / f"platelist{name}.txt"
    roles = {"geneA": "positive", "geneB": "positive", "geneC": "negative", "geneD": "negative"}
    wells = read_cellhts2(path, channel=1, roles=roles)
    assert wells.height == plates * 384
    # One of the files ends early: 26 of its wells are not there.
    assert wells.filter(pl.col("flags") == "no_reading").height == 26


def test_one_file_for_several_plates_is_a_fault(shared: Path) -> None:
    path = shared / "data" / "screens" / "cellHTS2" / "testscreen" / "platelist233.txt"
    with pytest.raises(LayoutError) as caught:
        read_cellhts2(path, channel=1)
    assert str(caught.value).split("\n")[:2] == [
        "cellHTS2 screen: 6 faults.",
        f"  {path}, line 2: found 'RA01D1.TXT', expected one plate for each file (lines 2, 12, 14, 16).",
    ]
    with pytest.raises(SourceError) as several:
        read_cellhts2(path.parent)
    assert several.value.what == "folder has several files that may be the plate list"


def test_another_instrument_may_have_written_the_plate_files(shared: Path) -> None:
    folder = shared / "data" / "screens" / "cellHTS2" / "TwoWayAssay"
    roles = {"mock": "untreated", "GFP": "negative", "AATK": "positive", "MAP2K6": "positive"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wells = read_cellhts2(folder, reader="fusion", roles=roles)
    assert wells.height == 2 * 96
    assert wells.filter(pl.col("role") == "untreated").height == 2 * 6
    assert wells["signal"].null_count() == 0
