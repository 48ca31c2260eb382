"""The stages of the validation assay on raw files: what the demo plants is found, and what is wrong is told."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import Caution, ControlError, LayoutError, SettingsError
from sensitome.io.study_file import preset, read_study, resolve_study
from sensitome.protein.settings import NORMANN2021 as PAPER_PROTEINS
from sensitome.protein.settings import RECOMMENDED as PROTEINS
from sensitome.settings import Inputs, Study
from sensitome.stages.record import Context, Tables
from sensitome.stages.validation import STAGES
from sensitome.tables import TABLES, check_table
from sensitome.validation.reading import read_validation, read_validation_inputs, validation_files
from sensitome.validation.settings import NORMANN2021, RECOMMENDED


def validated(study: Study, folder: Path) -> Tables:
    return STAGES[0].run({}, Context(study, folder))


@pytest.fixture(scope="module")
def tables(small_study: Path) -> Tables:
    with pytest.warns(Caution, match="technical replicates are counted as n"):
        return validated(read_study(small_study), small_study)


@pytest.fixture
def folder(small_study: Path, tmp_path: Path) -> Path:
    """A copy of the validation that a test may spoil."""
    shutil.copytree(small_study / "validation", tmp_path / "validation")
    shutil.copy(small_study / "study.toml", tmp_path)
    return tmp_path


def by_blocks(study: Study) -> Study:
    return study.model_copy(update={"validation": RECOMMENDED})


def test_every_table_keeps_its_schema(tables: Tables) -> None:
    assert tuple(tables) == STAGES[0].makes
    for name, table in tables.items():
        check_table(table, TABLES[name], name=name)


def test_the_synergy_of_the_dose_matrix_is_found_where_it_was_planted(small_study: Path) -> None:
    stage = next(stage for stage in STAGES if stage.name == "doses")
    made = stage.run({}, Context(read_study(small_study), small_study))
    for name, table in made.items():
        check_table(table, TABLES[name], name=name)
    for reference in ("Bliss", "ZIP"):
        found = made["dose_summary"].filter(pl.col("reference") == reference).row(0, named=True)
        assert (found["drug_one"], found["drug_two"]) == ("trastuzumab", "lapatinib")
        assert found["ci_low"] > 0
        assert 0.3 <= found["peak_dose_one"] <= 1
        assert found["direction"].endswith(f"points more inhibition than {reference} expects")


def test_what_was_planted_is_validated_and_toxic_reagents_are_not(tables: Tables, small_study: Path) -> None:
    truth = pl.read_csv(small_study / "validation" / "validation_truth.csv")
    known = truth.group_by("reagent").agg(pl.col("interaction").min(), pl.col("alone").first().alias("toxicity"))
    found = tables["validated"].join(known, on="reagent")
    assert found.filter(pl.col("interaction") < -0.45)["is_validated"].all()
    rest = found.filter(pl.col("interaction") > -0.1)
    # Reagents share their control: where it is off, several are off together, and still fewer than the paper counts.
    assert rest["is_validated"].sum() < rest["is_validated_paper"].sum()
    toxic = found.filter((pl.col("toxicity") < -0.5) & (pl.col("interaction") > -0.1))
    assert toxic.height
    assert toxic["is_validated_paper"].all()
    assert toxic["alone"].to_list() == ["toxic"] * toxic.height
    assert toxic["reason"].str.starts_with("Toxic with and without drug").all()


def test_the_test_of_the_paper_says_what_it_counts(tables: Tables) -> None:
    assert tables["validation_paper"]["unit"].unique().to_list() == ["wells: technical replicates counted as n"]
    assert tables["validation_paper"]["n"].unique().to_list() == [9]
    assert tables["validation"]["unit"].unique().to_list() == ["biological replicates"]
    assert tables["validation"]["n"].unique().to_list() == [3]


def test_the_studys_own_test_changes_neither_table_and_only_cautions(tables: Tables, small_study: Path) -> None:
    study = by_blocks(read_study(small_study))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = validated(study, small_study)
    for name in ("validation", "validation_paper", "validated"):
        assert own[name].equals(tables[name])


def test_presets_answer_as_the_settings_in_python() -> None:
    assert preset("normann2021").validation == NORMANN2021
    assert preset("normann2021").protein == PAPER_PROTEINS
    assert preset("cellhts2").validation == RECOMMENDED
    assert preset("cellhts2").protein == PROTEINS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"inputs": {"wells": "w.csv", "validation_plates": "p.csv"}},
            "  study, column inputs: expected validation_plates and validation_layout together, or neither.",
        ),
        (
            {"inputs": {"wells": "w.csv", "spots": "s.csv"}},
            "  study, column inputs: expected slides and spots together, or neither.",
        ),
        (
            {"inputs": {"wells": "w.csv", "validation_plates": "p.csv", "validation_layout": "l.csv"}},
            "  study: expected treatments.vehicle, the arm without drug of the validation assay.",
        ),
    ],
)
def test_a_study_that_says_half_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve_study({"name": "x", "preset": "normann2021", **given})
    assert str(caught.value) == f"the study cannot be used as it is in study.\n{message}"


def test_sections_are_asked_for_where_no_preset_answers(small_study: Path) -> None:
    given = read_study(small_study).model_dump(mode="json") | {"preset": None, "preset_version": None}
    for section, message in (
        ("validation", "a section [validation] that says how the validation assay is tested"),
        ("protein", "a section [protein] that says how proteins are called"),
    ):
        with pytest.raises(SettingsError) as caught:
            resolve_study({**given, section: None})
        assert message in str(caught.value)


def test_files_of_the_validation_are_inputs_of_the_run(small_study: Path) -> None:
    inputs = read_study(small_study).inputs
    names = [path.name for path in validation_files(inputs, folder=small_study)]
    assert names[:3] == ["validation_plates.csv", "validation_layout.csv", "V1_r1.csv"]
    assert validation_files(Inputs(wells="w.csv"), folder=small_study) == []
    with pytest.raises(LayoutError) as caught:
        read_validation(Inputs(wells="w.csv"), folder=small_study)
    assert str(caught.value) == (
        "the study has no validation assay in inputs: expected validation_plates and validation_layout. Name its plate "
        "list and its layout in study.toml."
    )


def test_an_arm_without_control_is_refused_before_the_run(folder: Path) -> None:
    layout = pl.read_csv(folder / "validation" / "validation_layout.csv")
    lost = (pl.col("role") == "negative") & (pl.col("treatment") == "lapatinib")
    layout.filter(~lost).write_csv(folder / "validation" / "validation_layout.csv")
    study = read_study(folder)
    with pytest.raises(LayoutError) as caught:
        read_validation_inputs(study.inputs, folder=folder, vehicle="vehicle", settings=RECOMMENDED)
    step = "Put the scrambled control under each treatment, or mark it as negative in the layout."
    assert str(caught.value) == "\n".join(
        [
            "the validation assay cannot be evaluated as it is laid out.",
            *(
                "  found 0, expected negative control wells in cell line 'KPL4', arm 'lapatinib', "
                f"replicate {replicate}. {step}"
                for replicate in (1, 2, 3)
            ),
        ]
    )


def test_a_control_that_reads_nothing_is_refused_before_the_run(folder: Path) -> None:
    layout = pl.read_csv(folder / "validation" / "validation_layout.csv")
    dead = layout.with_columns(
        pl.when(pl.col("role") == "positive")
        .then(pl.lit("negative"))
        .when(pl.col("role") == "negative")
        .then(pl.lit("sample"))
        .otherwise("role")
        .alias("role")
    )
    dead.write_csv(folder / "validation" / "validation_layout.csv")
    plate = folder / "validation" / "V1_r1.csv"
    lines = plate.read_text().splitlines(keepends=True)
    row = next(i for i, line in enumerate(lines) if line.startswith("E;"))
    cells = lines[row].rstrip("\r\n").split(";")
    end = lines[row][len(lines[row].rstrip("\r\n")) :]
    lines[row] = ";".join([cells[0], *["-5" if cell else "" for cell in cells[1:]]]) + end
    plate.write_text("".join(lines))
    study = read_study(folder)
    with pytest.raises(ControlError) as caught:
        read_validation_inputs(study.inputs, folder=folder, vehicle="vehicle", settings=RECOMMENDED)
    assert (
        "found -5.0, expected a median above 0 of the negative control wells under 'vehicle' in plate 'V1_r1'"
        in str(caught.value)
    )


def test_a_lost_plate_leaves_an_assay_that_is_tested_with_what_is_there(folder: Path) -> None:
    listed = pl.read_csv(folder / "validation" / "validation_plates.csv")
    listed.filter(pl.col("plate") != "V1_r3").write_csv(folder / "validation" / "validation_plates.csv")
    with pytest.warns(Caution, match="wells or replicates are missing in the validation assay of 'KPL4'"):
        tables = validated(by_blocks(read_study(folder)), folder)
    held = tables["validation_wells"].filter(pl.col("plate") == "V1_r1")["reagent"].unique()
    few = tables["validation"].filter(pl.col("reagent").is_in(held.implode()))
    assert set(few["n"]) == {2}
    assert few["p_value"].is_not_null().all()
    assert set(tables["validation"].filter(~pl.col("reagent").is_in(held.implode()))["n"]) == {3}


def test_one_biological_replicate_validates_nobody(folder: Path) -> None:
    listed = pl.read_csv(folder / "validation" / "validation_plates.csv")
    listed.filter(pl.col("replicate") == 1).write_csv(folder / "validation" / "validation_plates.csv")
    with pytest.warns(Caution, match="one biological replicate"):
        tables = validated(by_blocks(read_study(folder)), folder)
    for name, table in tables.items():
        check_table(table, TABLES[name], name=name)
    assert tables["validated"]["is_validated"].is_null().all()
    assert tables["validated"]["reason"].unique().to_list() == [
        "No test: one biological replicate says nothing of how far the effect repeats."
    ]
    assert tables["validation_power"].is_empty()


def test_plates_tell_a_control_that_varies_and_wells_that_are_missing(tables: Tables) -> None:
    from sensitome.validation.quality import judge_plates

    wells = tables["validation_wells"]
    control = (pl.col("role") == "negative") & (pl.col("treatment") == "vehicle")
    odd = control & (pl.col("plate") == "V1_r1") & (pl.col("technical") == 1)
    lost = (pl.col("plate") == "V1_r2") & (pl.col("role") == "sample") & (pl.col("technical") == 2)
    spoiled = wells.with_columns(
        pl.when(odd).then(pl.col("signal") * 2).when(lost).then(None).otherwise("signal").alias("signal")
    )
    judged = judge_plates(spoiled, vehicle="vehicle").rows_by_key("plate", named=True, unique=True)
    assert judged["V1_r1"]["verdict"] == "fail"
    assert judged["V1_r1"]["detail"].startswith("controls vary by 4")
    assert judged["V1_r2"]["verdict"] == "warn"
    assert judged["V1_r2"]["detail"] == "12 wells without a reading"
    assert judged["V1_r3"] == {**judged["V1_r3"], "verdict": "pass", "detail": ""}


def test_names_that_the_screen_does_not_know_are_told(tables: Tables) -> None:
    from tests.validation.test_validation_assay import screened

    from sensitome.validation.agreement import compare_with_screen
    from sensitome.validation.power import noise_of_assay

    noise = noise_of_assay(tables["validation_wells"])
    with pytest.warns(Caution) as caught:
        compare_with_screen(screened(3, rate=0.1), tables["validation"], noise=noise, power=0.8)
    text = str(caught[0].message)
    assert text.startswith("the screen does not know all that the validation tests: found ")
    assert text.endswith(
        "Where it is the same reagent, arm or line, write it in the layout as the library and the plate list of the "
        "screen do."
    )
