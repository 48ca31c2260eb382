"""What a study says of patients: which files, which patients, which miRNAs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from sensitome.cohort.reading import asked_mirnas, cohort_files, read_cohort, stages_of
from sensitome.cohort.settings import CohortSettings
from sensitome.cohort.simulate import CohortDesign, simulate_cohort, write_cohort
from sensitome.errors import SettingsError, SourceError, TableError

REAGENTS = pl.DataFrame(
    {
        "reagent": ["a mimic", "a inhibitor", "miR-2", "scrambled"],
        "kind": ["mimic", "inhibitor", "mimic", "mimic"],
        "role": ["sample", "sample", "sample", "negative"],
        "target": ["miR-1", "miR-1", None, None],
    }
)
HITS = pl.DataFrame(
    {
        "reagent": ["a mimic", "a inhibitor", "miR-2"],
        "kind": ["mimic", "inhibitor", "mimic"],
        "is_candidate": [True, False, False],
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cohort")
    write_cohort(simulate_cohort(CohortDesign(patients=40, mirnas=("miR-1", "miR-2"), genes=5), seed=1), home)
    return home


def settings(**changes: object) -> CohortSettings:
    return CohortSettings.model_validate(
        {
            "clinical": "clinical.csv",
            "mirna": "mirna.csv",
            "mrna": "mrna.csv",
            "stage": "stage",
            "endpoints": {"os": {"time": "os_months", "status": "os_status"}},
            **changes,
        }
    )


def test_only_the_matrices_that_are_needed_are_read_and_the_subset_is_kept(folder: Path) -> None:
    cohort = read_cohort(settings(subset='er_status == "+"', mrna="absent.csv"), folder=folder, matrices=("mirna",))
    assert set(cohort.matrices) == {"mirna"}
    assert cohort.endpoints == ("os",)
    assert set(cohort.clinical["er_status"]) == {"+"}
    assert cohort.flow["n_left_out"].to_list() == [40 - cohort.clinical.height]


def test_every_file_of_a_cohort_is_listed(folder: Path) -> None:
    names = [path.name for path in cohort_files(settings(), folder=folder)]
    assert names == ["clinical.csv", "mirna.csv", "mrna.csv"]
    assert cohort_files(None, folder=folder) == []
    with pytest.raises(SourceError) as caught:
        cohort_files(CohortSettings(folder="nowhere"), folder=folder)
    message = f"no folder of the cohort in {folder / 'nowhere'}. Correct `folder` in the section [cohort]."
    assert str(caught.value) == message


def test_stages_that_are_left_out_have_no_row(folder: Path) -> None:
    cohort = read_cohort(settings(), folder=folder, matrices=())
    assert set(stages_of(cohort, settings())["stage"]) == {1, 2, 3}
    assert set(stages_of(cohort, settings(stages_left_out=["3"]))["stage"]) == {1, 2}
    with pytest.raises(TableError, match="cohort 'clinical' has no column of stages"):
        stages_of(cohort, settings(stage="grade"))


def test_a_reagent_stands_for_its_target_or_else_for_its_name() -> None:
    sensitizers = HITS.select("reagent", "kind", (pl.col("reagent") == "miR-2").alias("is_sensitizer"))
    asked = asked_mirnas(settings(), measured=["miR-1"], hits=HITS, reagents=REAGENTS, sensitizers=sensitizers)
    assert asked.rows() == [
        ("miR-1", "miR-1", "a inhibitor (inhibitor);a mimic (mimic)", True, False, True),
        ("miR-2", None, "miR-2 (mimic)", False, True, False),
    ]
    alone = asked_mirnas(settings(), measured=["miR-1"], hits=HITS, reagents=REAGENTS, sensitizers=None)
    assert alone["mirna"].to_list() == ["miR-1"]


def test_a_mirna_of_another_name_keeps_that_of_the_screen() -> None:
    same = {"miR-1": "hsa-miR-1-3p"}
    given: dict[str, Any] = {"measured": ["hsa-miR-1-3p"], "hits": HITS, "reagents": REAGENTS}
    for mirnas in ("candidates", "all", ["miR-1"], ["hsa-miR-1-3p"]):
        asked = asked_mirnas(settings(mirnas=mirnas), **given, sensitizers=None, same=same)
        assert asked.select("mirna", "measured_as", "is_candidate").rows() == [("miR-1", "hsa-miR-1-3p", True)]


def test_every_mirna_or_named_ones_can_be_asked_for() -> None:
    measured = ["miR-1", "miR-9"]
    every = asked_mirnas(settings(mirnas="all"), measured=measured, hits=HITS, reagents=REAGENTS, sensitizers=None)
    assert every["mirna"].to_list() == measured
    assert every["is_candidate"].to_list() == [True, False]
    with pytest.raises(SettingsError) as caught:
        asked_mirnas(settings(mirnas=["miR-10"]), measured=measured, hits=HITS, reagents=REAGENTS, sensitizers=None)
    assert "some miRNAs cannot be looked up" in str(caught.value)
    assert "'miR-10'" in str(caught.value)


def test_patients_without_mirnas_are_counted(folder: Path, tmp_path: Path) -> None:
    matrix = pl.read_csv(folder / "mirna.csv").drop("P0002", "P0005")
    matrix.write_csv(tmp_path / "few.csv")
    few = settings(clinical=f"{folder}/clinical.csv", mirna="few.csv")
    cohort = read_cohort(few, folder=tmp_path, matrices=("mirna",))
    assert cohort.flow.select("reason", "n_left_out", "n_kept", "patients").row(-1) == (
        "no mirna measured", 2, 38, "P0002; P0005",
    )  # fmt: skip


def test_counts_of_aliquots_become_log2_values_of_patients(tmp_path: Path) -> None:
    (tmp_path / "forms.csv").write_text(
        "bcr_patient_barcode,vital_status,days_to_death,days_to_last_followup,her2\n"
        "tcga-aa-0001,Alive,,300,+\ntcga-aa-0002,Dead,100,,-\ntcga-aa-0003,Alive,,50,+\n"
    )
    (tmp_path / "counts.csv").write_text(
        "mirna,TCGA-AA-0001-11A,TCGA-AA-0001-01A,TCGA-AA-0002-01A,TCGA-AA-0003-01B\nmiR-1,9,3,0,1\nmiR-2,1,1,4,1\n"
    )
    given = {"clinical": "forms.csv", "form": "tcga", "mirna": "counts.csv", "scale": "counts"}
    asked = CohortSettings.model_validate({**given, "columns": {"her2_status": "her2"}, "subset": 'her2_status == "+"'})
    cohort = read_cohort(asked, folder=tmp_path, matrices=("mirna",))
    assert (cohort.endpoints, cohort.time_unit) == (("os",), "days")
    matrix = cohort.matrix("mirna")
    assert matrix.samples["sample"].to_list() == ["TCGA-AA-0001", "TCGA-AA-0003"]
    assert matrix.values[:, 0].round(3).tolist() == [19.517, 18.932]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"endpoints": {"os": {"time": "a", "status": "b"}}}, "clinical and no endpoints"),
        ({"form": "table"}, 'form = "tcga" with columns'),
    ],
)
def test_forms_of_tcga_have_their_own_endpoint_and_names(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CohortSettings.model_validate(
            {"clinical": "a", "mirna": "b", "form": "tcga", "columns": {"her2": "x"}, **given}
        )


@pytest.mark.parametrize("given", [{}, {"clinical": "a", "folder": "b", "mirna": "c"}, {"clinical": "a"}])
def test_a_cohort_comes_from_one_place_with_mirnas(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"exactly one of folder and clinical|a matrix of miRNAs"):
        CohortSettings.model_validate(given)
