"""What a study says of patients: which files, which patients, which miRNAs."""

from __future__ import annotations

from pathlib import Path

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
    given = {"measured": ["hsa-miR-1-3p"], "hits": HITS, "reagents": REAGENTS, "sensitizers": None, "same": same}
    for mirnas in ("candidates", "all", ["miR-1"], ["hsa-miR-1-3p"]):
        asked = asked_mirnas(settings(mirnas=mirnas), **given)  # type: ignore[arg-type]
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


@pytest.mark.parametrize("given", [{}, {"clinical": "a", "folder": "b", "mirna": "c"}, {"clinical": "a"}])
def test_a_cohort_comes_from_one_place_with_mirnas(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"exactly one of folder and clinical|a matrix of miRNAs"):
        CohortSettings.model_validate(given)
