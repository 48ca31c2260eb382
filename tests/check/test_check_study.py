"""Every part of a study is judged, by itself and with the others, and nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sensitome.check import Report, check_study
from sensitome.inputs import input_files
from sensitome.io.study_file import read_study


@pytest.fixture
def study(small_study: Path, tmp_path: Path) -> Path:
    """A small study of all parts that a test may damage."""
    return Path(shutil.copytree(small_study, tmp_path / "study"))


def replace(path: Path, old: str, new: str) -> None:
    """Change the first place of a file where a text stands."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def messages(report: Report, folder: Path) -> list[str]:
    """What is told, without the folder's own name."""
    return [str(error).replace(f"{folder}/", "") for error in report.errors]


def test_faults_of_every_part_are_told_at_once(study: Path) -> None:
    replace(study / "expressed.csv", ",true", ",perhaps")
    replace(study / "library.csv", ",negative,", ",siScr,")
    (study / "arrays" / "BT-474_lapatinib_1.txt").unlink()
    replace(study / "validation" / "validation_layout.csv", ",negative,", ",siScr,")
    replace(study / "validation" / "dose_matrix.csv", "dose_one", "dose 1st")
    replace(study / "protein" / "slides.csv", "detection", "detecting")
    replace(study / "targets.csv", "mirna,gene", "mirna,symbols")
    (study / "gene_sets.gmt").write_text("a set\n", encoding="utf-8")
    replace(study / "cohort" / "clinical.csv", "alive", "perhaps")
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    report = check_study(study)
    assert messages(report, study) == [
        "table of expressed targets: 1 fault.\n"
        "  expressed.csv, line 2, column expressed: found 'perhaps', expected 'yes' or 'no'.",
        "library: 1 fault.\n"
        "  library.csv, line 14, column role: found 'siScr', expected 'sample', 'negative', 'positive', 'untreated', "
        "'empty' or 'excluded'. Use one of these words, or map the lab's own word under roles.",
        "file not found in arrays/BT-474_lapatinib_1.txt. Did you mean 'BT-474_lapatinib_2.txt'?",
        "library: 1 fault.\n"
        "  validation/validation_layout.csv, line 2, column role: found 'siScr', expected 'sample', 'negative', "
        "'positive', 'untreated', 'empty' or 'excluded'. Use one of these words, or map the lab's own word under "
        "roles.",
        "dose matrices: 1 fault.\n"
        "  validation/dose_matrix.csv: column 'dose_one' is missing (there is 'cell_line', 'drug_one', 'drug_two', "
        "'unit', 'dose 1st', 'dose_two', 'replicate' and 'response'). Add or rename the column.",
        "list of slides: 1 fault.\n"
        "  protein/slides.csv, line 2, column role: found 'detecting', expected 'detection', 'total_protein' or "
        "'blank'.",
        "target evidence: 1 fault.\n"
        "  targets.csv: column 'gene' is missing (there is 'mirna' and 'symbols'). Add or rename the column.",
        "file holds no gene sets in gene_sets.gmt: found 'a set', expected per line a name, a description and genes, "
        "separated by tabs (GMT).",
        "endpoints of cohort 'simulated patients': 1 fault.\n"
        "  cohort/clinical.csv, line 2, column os_status: found 'perhaps', expected an event or none, such as 1 and 0, "
        "dead and alive, DECEASED and LIVING. Say in the settings what this word means.",
    ]
    assert (report.faults, report.sound) == (9, {"miRBase": "3 releases"})
    assert {path: path.read_bytes() for path in study.rglob("*") if path.is_file()} == before


def test_a_fault_of_one_part_leaves_the_others_judged(study: Path) -> None:
    (study / "arrays.csv").unlink()
    report = check_study(study)
    assert messages(report, study) == ["file not found in arrays.csv. Did you mean 'targets.csv'?"]
    sound = ["screen", "validation", "dose matrices", "lysate array", "miRBase", "targets", "gene sets", "patients"]
    assert list(report.sound) == sound


def test_groups_of_lines_are_held_against_the_arrays(study: Path) -> None:
    replace(study / "study.toml", '"SKBR3", "BT-474", "KPL4"', '"SKBR3", "BT474", "KPL4"')
    assert messages(check_study(study), study) == [
        "cell lines without arrays in group 'all': found 'BT474', expected 'SKBR3', 'BT-474', 'KPL4' or 'SUM190PT'. "
        "Did you mean 'BT-474'?"
    ]


def test_the_parts_of_a_cohort_are_held_against_its_clinical_table(study: Path) -> None:
    replace(study / "study.toml", 'stage = "stage"', 'stage = "tumor_stage"')
    replace(study / "study.toml", "er_status ==", "er_state ==")
    there = "'patient', 'sample', 'age', 'er_status', 'subtype', 'stage', 'os_months', 'os_status', 'vital_status', "
    there += "'os_time', 'os_event', 'bcss_time' and 2 more"
    assert messages(check_study(study), study) == [
        f"cohort 'simulated patients' has no column of stages: found {there}, expected 'tumor_stage'. "
        "Did you mean 'stage'?",
        f"subset 'er_state == \"-\"' names a column that is not there: found 'er_state', expected {there}. "
        "Did you mean 'er_status'?",
    ]


def test_matrices_without_a_common_sample_are_told(study: Path) -> None:
    mrna = study / "cohort" / "mrna.csv"
    mrna.write_text(mrna.read_text(encoding="utf-8").replace("P0", "Q0"), encoding="utf-8")
    assert messages(check_study(study), study) == [
        "no sample of the matrix mrna is a patient of cohort 'simulated patients' in cohort/mrna.csv: found 'Q0001', "
        "'Q0002', 'Q0003' and 57 more against 'P0001', 'P0002', 'P0003' and 57 more, expected the same names of "
        "samples. "
        "Bring the names into one form; a matrix with samples as rows has to be turned."
    ]


def test_a_test_that_the_design_does_not_allow_is_refused_before_a_run(study: Path) -> None:
    plates = (study / "plates.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (study / "plates.csv").write_text("".join(line for line in plates if "_r2.csv" not in line), encoding="utf-8")
    with (study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[sensitization]\nmethod = "moderated-t"\n')
    assert messages(check_study(study), study) == [
        "this design does not support 'moderated-t' (moderated t of the interaction (limma)): found 1 replicate of "
        "vehicle and drug, expected two replicates or more. Choose another method; those that need no replicates: heb, "
        "mash, robust-z."
    ]


def test_choices_that_only_a_late_stage_reads_are_checked(study: Path) -> None:
    with (study / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[quality.thresholds]\n"zprime.warn" = 0.3\n')
    replace(study / "study.toml", '"own", "plate-median"', '"own", "plate-medians"')
    assert messages(check_study(study), study) == [
        "unknown normalization in stability.normalizations: found 'plate-medians', expected 'own', 'none', "
        "'plate-median', 'plate-mean', 'plate-shorth', 'negatives', 'robust-z', 'b-score', 'loess', 'loess-gaussian', "
        "'loess-span-0.5', 'loess-raw', 'cellhts2-loess-2007', 'cellhts2-locfit', 'row-column-loess' or 'blup'. "
        "Did you mean 'plate-median'?",
        "unknown quality threshold in quality.thresholds: found 'zprime.warn', expected the name of a figure, a dot "
        'and "warn" or "fail". Did you mean \'z_prime.warn\'?',
    ]


def test_a_fault_that_follows_from_another_is_not_told(study: Path) -> None:
    (study / "mirbase.tsv").write_text("version,accession\n", encoding="utf-8")
    assert messages(check_study(study), study) == [
        "history of miRNA names: 1 fault.\n"
        "  mirbase.tsv: column 'name' is missing (there is 'version' and 'accession'). Add or rename the column."
    ]


def test_a_subset_without_patients_is_one_fault(study: Path) -> None:
    replace(study / "study.toml", 'stage = "stage"', 'stage = "stage"\nsubset = "age > 500"')
    assert messages(check_study(study), study) == [
        "subset 'age > 500' keeps no patient in cohort 'simulated patients': found 60 patients, of none of whom it is "
        "true. Look at the words and units of these columns."
    ]


def test_no_input_that_a_run_reads_can_be_lost_without_a_word(study: Path) -> None:
    settings = read_study(study)
    groups = input_files(
        settings.inputs, folder=study, cohort=settings.cohort, cohorts=settings.cohorts, protein=settings.protein
    )
    lost = [paths[-1] for paths in groups.values() if paths]
    assert len(lost) > 10
    for path in lost:
        path.unlink()
    said = "\n".join(messages(check_study(study), study))
    assert [path.name for path in lost if path.name not in said] == []
