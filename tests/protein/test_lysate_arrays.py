from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, LayoutError, SourceError, TableError
from sensitome.io.gpr import read_gpr
from sensitome.io.gpr_writer import gpr_text
from sensitome.io.spot_table import read_slides, read_spot_map, read_spot_table
from sensitome.protein.plates import correct_plates
from sensitome.protein.scores import chance_hits, read_proteins, score_proteins, summarize_spots
from sensitome.protein.settings import NORMANN2021, RECOMMENDED, ProteinSettings
from sensitome.protein.simulate import ArrayDesign, SimulatedArray, array_files, simulate_array
from sensitome.protein.spots import normalize_spots, read_array
from sensitome.protein.tables import ProteinReadings, Proteins, Spots
from sensitome.tables import check_table

RAW = ProteinSettings(background="none", total_protein="divide", center="mean", spread="sd", call="z", lowest_flag=-200)


def made(*, seed: int = 1, reagents: int = 30) -> tuple[SimulatedArray, ArrayDesign]:
    design = ArrayDesign((*((f"miR-{i}", "mimic") for i in range(reagents)), ("scrambled", "control")))
    effects = np.zeros((reagents + 1, 4, 9))
    effects[0, 2, [0, 1, 6]], effects[0, 2, 8] = -1.5, 1.5
    return simulate_array(design, effects=effects, rng=np.random.default_rng(seed)), design


def written(array: SimulatedArray, folder: Path) -> Path:
    for name, text in array_files(array).items():
        (folder / name).write_bytes(text.encode())
    return folder


def read(folder: Path, *, settings: ProteinSettings = NORMANN2021) -> pl.DataFrame:
    spots = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    return normalize_spots(spots, settings=settings)


def test_the_planted_proteins_are_called_from_raw_files(tmp_path: Path) -> None:
    folder = written(made()[0], tmp_path)
    for settings in (NORMANN2021, RECOMMENDED):
        spots = read(folder, settings=settings)
        check_table(spots, Spots, name="spots")
        proteins = score_proteins(summarize_spots(spots, settings=settings), settings=settings)
        check_table(proteins, Proteins, name="proteins")
        own = proteins.filter((pl.col("reagent") == "miR-0") & (pl.col("treatment") == "lapatinib"))
        called = dict(own.filter(pl.col("is_hit")).select("protein", "direction").iter_rows())
        assert {"KI67": "down", "HER2": "down", "ERK": "down", "cPARP": "up"}.items() <= called.items()
        effect = own.filter(pl.col("protein") == "KI67").row(0, named=True)
        assert effect["ci_low"] < effect["effect"] < effect["ci_high"]
        assert effect["effect"] == pytest.approx(-1.5, abs=0.4)
        # The ratio gains what its total loses.
        assert own.filter(pl.col("protein") == "pERK/ERK")["effect"][0] == pytest.approx(1.5, abs=0.5)
        readings = read_proteins(proteins, settings=settings)
        check_table(readings, ProteinReadings, name="protein_readings")
        top = readings.sort("reading", descending=True).row(0, named=True)
        assert (top["reagent"], top["treatment"]) == ("miR-0", "lapatinib")
        assert top["summary"].startswith("proliferation down (−")


def test_false_calls_are_as_many_as_promised(tmp_path: Path) -> None:
    array, _ = made(seed=4, reagents=60)
    spots = read(written(array, tmp_path), settings=RECOMMENDED)
    proteins = score_proteins(summarize_spots(spots, settings=RECOMMENDED), settings=RECOMMENDED)
    null = proteins.filter((pl.col("reagent") != "miR-0") & (pl.col("role") == "sample"))
    p = null.filter(~pl.col("protein").str.contains("/"))["p_value"].to_numpy()
    assert abs(np.mean(p < 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / len(p))
    found, expected = chance_hits(null, k=2.0)
    assert 0.5 < found / expected < 1.6


def test_total_protein_takes_the_amount_of_lysate_away(tmp_path: Path) -> None:
    folder = written(made()[0], tmp_path)
    with_total = summarize_spots(read(folder), settings=NORMANN2021)
    without = NORMANN2021.model_copy(update={"total_protein": "none"})
    alone = summarize_spots(read(folder, settings=without), settings=without)
    one, other = (table.filter(pl.col("protein") == "AKT")["log2"].std() for table in (with_total, alone))
    assert one < 0.8 * other


def test_the_slope_of_a_dilution_series_is_taken_out(tmp_path: Path) -> None:
    folder = written(made()[0], tmp_path)
    alone = RECOMMENDED.model_copy(update={"total_protein": "none"})
    spots = read(folder, settings=alone)
    undiluted = summarize_spots(spots, settings=alone.model_copy(update={"dilution": "undiluted"}))
    slope = summarize_spots(spots, settings=alone)
    average = summarize_spots(spots, settings=alone.model_copy(update={"dilution": "average"}))
    slope, undiluted, average = (t.filter(pl.col("protein") == "AKT") for t in (slope, undiluted, average))
    assert abs(slope["log2"].mean() - undiluted["log2"].mean()) < 0.02
    assert undiluted["log2"].mean() - average["log2"].mean() == pytest.approx(0.5, abs=0.02)


def test_rpp_analyzer_is_reproduced_from_genepix_files(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "lysate_arrays" / "RPPanalyzer"

    def table(name: str) -> pl.DataFrame:
        return pl.read_csv(folder / f"{name}.tsv.gz", separator="\t", infer_schema=False)

    expression, background = table("HKdata_expression"), table("HKdata_background")
    about = table("HKdata_arraydescription").rename({"": "field"})
    arrays = [name for name in expression.columns if name]
    field = {row["field"]: row for row in about.iter_rows(named=True)}
    ids = expression[""].to_list()
    slides = []
    for file in dict.fromkeys(field["gpr"][name].strip() for name in arrays):
        pads = []
        for name in sorted((a for a in arrays if field["gpr"][a].strip() == file), key=lambda a: int(field["pad"][a])):
            pad = int(field["pad"][name])
            pads.append(
                pl.DataFrame(
                    {"block": pad, "row": range(1, len(ids) + 1), "column": 1, "id": ids, "flag": 0}
                ).with_columns(
                    expression[name].cast(pl.Float64).alias("foreground"),
                    background[name].cast(pl.Float64).alias("background"),
                )
            )
            role = "normalizer" if field["target"][name].strip() == "protein" else "measurement"
            slides.append((file, pad, name, role))
        (tmp_path / file).write_bytes(gpr_text(pl.concat(pads)).encode())
    pl.DataFrame(slides, schema=["gpr", "pad", "target", "incubation_type"], orient="row").write_csv(
        tmp_path / "slides.csv"
    )
    # A lysate that was printed four times has one id.
    pl.DataFrame({"id": sorted(set(ids)), "sample": sorted(set(ids))}).write_csv(tmp_path / "spots.csv")
    spots = read(tmp_path, settings=RAW)
    expected = table("expected_normalizeRPPA_HKdata_proteinDye_logged")
    checked = 0
    for name in spots["antibody"].unique():
        own = spots.filter(pl.col("antibody") == name).sort("row")["log2"].to_numpy().astype(np.float64)
        theirs = np.array([float(v) if v not in (None, "NA", "-Inf") else np.nan for v in expected[name]])
        both = np.isfinite(own) & np.isfinite(theirs)
        np.testing.assert_allclose(own[both], theirs[both], atol=1e-12)
        np.testing.assert_array_equal(np.isfinite(own), np.isfinite(theirs))
        checked += int(both.sum())
        assert len(own) == 768
    assert checked > 13_000


def test_raw_odyssey_slides_are_what_the_package_holds(shared: Path) -> None:
    folder = shared / "data" / "lysate_arrays" / "RPPanalyzer"
    slide = read_gpr(folder / "S1.gpr.gz", foreground="F999 Mean", background="B999 Mean")
    for kind, column in (("expression", "foreground"), ("background", "background")):
        table = pl.read_csv(folder / f"dataI_{kind}.tsv.gz", separator="\t")
        whole = np.concatenate([table["1-1-1-1"].to_numpy(), table["2-1-1-1"].to_numpy()])
        np.testing.assert_array_equal(slide.spots[column].to_numpy(), whole)
    assert slide.header["Scanner"] == "Odyssey"
    latin = read_gpr(folder / "Slide1.gpr.gz")
    assert (latin.spots.height, latin.foreground, latin.background) == (3024, "F700 Median", "B700 Median")


def test_real_slides_meet_their_total_protein(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "lysate_arrays" / "RPPanalyzer"
    described = pl.read_csv(folder / "slidedescription.txt", separator="\t").with_columns(
        (str(folder) + "/" + pl.col("gpr") + ".gz").alias("gpr"),
        (pl.col("target") + "_" + pl.col("AB_ID")).alias("target"),
    )
    described.select("gpr", "pad", "target", "incubation_type", "foreground", "background").write_csv(
        tmp_path / "slides.csv"
    )
    samples = pl.read_csv(folder / "sampledescription.txt", separator="\t", infer_schema_length=None)
    samples.select(
        pl.col("plate").cast(pl.String),
        (pl.col("row") + pl.col("column").cast(pl.String)).alias("well"),
        "sample_name",
        "treatment",
        "cell_line",
        "dilution",
    ).rename({"sample_name": "reagent"}).write_csv(tmp_path / "spots.csv")
    slides = read_slides(tmp_path / "slides.csv")
    spots = read_array(slides, read_spot_map(tmp_path / "spots.csv"))
    table = normalize_spots(spots, settings=NORMANN2021)
    assert table["antibody"].n_unique() == 10
    assert table["log2"].is_not_null().mean() > 0.9


def test_a_file_that_is_no_genepix_result_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.gpr"
    path.write_text("well;signal\nA1;3\nA2;4\n")
    with pytest.raises(SourceError) as caught:
        read_gpr(path)
    assert str(caught.value) == (
        f"file is not a GenePix result in {path}: found 'well;signal', expected a first line that begins with ATF. "
        "For other exports name the columns in a spot table."
    )


def test_two_wavelengths_ask_for_a_choice(tmp_path: Path) -> None:
    path = tmp_path / "x.gpr"
    path.write_text(
        "ATF\t1.0\n1\t7\nType=GenePix Results 3\nBlock\tColumn\tRow\t"
        "F635 Median\tB635 Median\tF532 Median\tB532 Median\n"
        "1\t1\t1\t10\t1\t20\t2\n"
    )
    with pytest.raises(SourceError) as caught:
        read_gpr(path)
    assert str(caught.value) == (
        f"which wavelength of the slide is meant is not clear in {path}: found wavelengths '532' and '635', expected "
        'the column of the foreground. Name it in the list of slides, such as foreground = "F700 Median".'
    )
    assert read_gpr(path, foreground="F532 Median").spots["background"].to_list() == [2.0]


def test_cells_that_are_no_numbers_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "x.gpr"
    path.write_text("ATF\t1\n0\t5\nBlock\tColumn\tRow\tF700 Median\tB700 Median\n1\t1\t1\tabc\t1\n1\t2\tx\t5\t1\n")
    with pytest.raises(SourceError) as caught:
        read_gpr(path)
    assert str(caught.value) == (
        "GenePix result has cells that are no numbers in " + str(path) + ".\n"
        f"  {path}, line 5, column Row: found 'x', expected a number.\n"
        f"  {path}, line 4, column F700 Median: found 'abc', expected a number."
    )


def test_saturated_spots_are_a_caution(tmp_path: Path) -> None:
    path = tmp_path / "x.gpr"
    path.write_text(
        "ATF\t1\n0\t6\nBlock\tColumn\tRow\tF700 Median\tB700 Median\tF700 % Sat.\n"
        "1\t1\t1\t65535\t1\t80\n1\t2\t1\t5\t1\t0\n"
    )
    (caution,) = read_gpr(path).cautions(path)
    assert isinstance(caution, Caution)
    assert str(caution) == (
        f"spots are saturated in {path}: found 1 of 2 spots with more than 10 % of their pixels at the limit. Their "
        "signal is too low by an unknown amount; scan again with less gain."
    )


def test_faults_of_a_list_of_slides_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.gpr").write_text("ATF")
    path = tmp_path / "slides.csv"
    path.write_text("file,antibody,role,set\na.gpr,AKT,detection,1\na.gpr,AKT,detection,1\nb.gpr,Sypro,stain,1\n")
    with pytest.raises(TableError) as caught:
        read_slides(path)
    assert str(caught.value) == (
        "list of slides: 5 faults.\n"
        f"  {path}, line 2, column antibody: found 'AKT', expected each antibody once in set '1' (lines 2, 3). Give "
        "repeats names of their own, or a set of their own.\n"
        f"  {path}, line 2, column antibody: found 'AKT', expected a total-protein slide for set '1'. Name the Sypro "
        '(or FCF) slide with role "total_protein" and the same set.\n'
        f"  {path}, line 3, column antibody: found 'AKT', expected a total-protein slide for set '1'. Name the Sypro "
        '(or FCF) slide with role "total_protein" and the same set.\n'
        f"  {path}, line 4, column role: found 'stain', expected 'detection', 'total_protein' or 'blank'.\n"
        f"  {path}, line 4, column file: found 'b.gpr', expected a file that exists."
    )


def test_spots_that_are_not_in_the_map_are_named(tmp_path: Path) -> None:
    folder = written(made(reagents=1)[0], tmp_path)
    spots = pl.read_csv(folder / "spots.csv")
    spots.tail(-2).write_csv(folder / "spots.csv")
    with pytest.raises(LayoutError) as caught:
        read_array(read_slides(folder / "slides.csv").head(1), read_spot_map(folder / "spots.csv"))
    assert str(caught.value) == (
        "slides and map of spots do not fit together.\n"
        '  slide_01.gpr: found "2 spots not in the map, the first at block 1, row 1, column 1 of pad 1 '
        "(id 'S00001')\", "
        'expected every spot in the map. Give empty spots a row with reagent "empty".'
    )


def test_a_pad_without_a_partner_is_named(tmp_path: Path) -> None:
    folder = written(made(reagents=1)[0], tmp_path)
    spots = read_array(read_slides(folder / "slides.csv"), read_spot_map(folder / "spots.csv"))
    with pytest.raises(LayoutError) as caught:
        normalize_spots(
            spots.filter((pl.col("stain") == "total_protein") | (pl.col("antibody") == "AKT")).with_columns(
                pl.when(pl.col("stain") == "total_protein").then(pl.lit("2")).otherwise("set").alias("set")
            ),
            settings=NORMANN2021,
        )
    assert str(caught.value) == (
        'slides have no total-protein partner. Add it to the list of slides, or set protein.total_protein = "none".\n'
        "  slide_05.gpr: found 'AKT', expected a total-protein slide with pad 1 in set '1'."
    )


def test_a_plain_table_of_spots_reads_like_a_slide(tmp_path: Path) -> None:
    path = tmp_path / "array_pro.csv"
    path.write_text("Array Row;Array Column;Median;Local background\n1;1;120,5;10\n1;2;90;11\n")
    slide = read_spot_table(path)
    assert slide.spots["foreground"].to_list() == [120.5, 90.0]
    assert slide.spots["block"].to_list() == [1, 1]
    mapped = tmp_path / "odyssey.csv"
    mapped.write_text("Name,Integ,Bg\nS1,5,1\n")
    own = read_spot_table(mapped, columns={"id": "Name", "foreground": "Integ", "background": "Bg"})
    assert own.spots.select("id", "foreground", "background").row(0) == ("S1", 5.0, 1.0)


def test_one_replicate_has_z_and_no_test(tmp_path: Path) -> None:
    folder = written(made()[0], tmp_path)
    spots = read(folder).filter(pl.col("replicate") == 1)
    proteins = score_proteins(summarize_spots(spots, settings=NORMANN2021), settings=NORMANN2021)
    assert proteins["z"].is_not_null().all()
    assert proteins["p_value"].is_null().all()


def tilted() -> pl.DataFrame:
    rng = np.random.default_rng(9)
    rows = [
        {
            "slide": "s",
            "pad": 1,
            "source_plate": plate,
            "well": f"{chr(65 + r)}{c + 1:02d}",
            "treatment": "v",
            "cell_line": "k",
            "replicate": 1,
            "dilution": 1.0,
            "role": "sample",
            "log2": (2.0 if plate == "2" else 0.0) + 0.1 * r + rng.normal(0, 0.05),
        }
        for plate in ("1", "2")
        for r in range(8)
        for c in range(12)
    ]
    return pl.DataFrame(rows)


def test_the_surface_of_a_source_plate_is_taken_away() -> None:
    loess = correct_plates(tilted(), settings=RECOMMENDED.model_copy(update={"plate_correction": "loess"}))
    assert loess["log2"].std() < 0.06
    median = correct_plates(tilted(), settings=RECOMMENDED.model_copy(update={"plate_correction": "median"}))
    means = median.group_by("source_plate").agg(pl.col("log2").median())["log2"].abs()
    assert means.max() < 1e-9
    assert correct_plates(tilted(), settings=RECOMMENDED).equals(tilted())


def test_a_map_without_source_plates_cannot_be_corrected() -> None:
    settings = RECOMMENDED.model_copy(update={"plate_correction": "median"})
    with pytest.raises(LayoutError) as caught:
        correct_plates(tilted().drop("well"), settings=settings)
    assert str(caught.value) == (
        "spots have no source plate to correct by in map of spots: expected columns source_plate and well. Add them to "
        'the map, or set protein.plate_correction = "none".'
    )
