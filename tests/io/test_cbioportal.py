from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.subset import subset
from sensitome.core.rank_sum import rank_sum
from sensitome.core.survival.kaplan_meier import kaplan_meier, quantile
from sensitome.core.survival.log_rank import LogRank, log_rank
from sensitome.errors import Caution, SourceError, TableError
from sensitome.io.cbioportal import read_case_list, read_cbioportal
from sensitome.patients import Cohort

PATIENTS = """#Patient\tMonths\tStatus\tVital\tAge
#Patient\tMonths\tStatus\tVital\tAge
#STRING\tNUMBER\tSTRING\tSTRING\tNUMBER
#1\t1\t1\t1\t1
PATIENT_ID\tOS_MONTHS\tOS_STATUS\tVITAL_STATUS\tAGE
P1\t10.5\t1:DECEASED\tDied of Disease\t50
P2\t20\t0:LIVING\tLiving\t61
P3\t\t0:LIVING\tLiving\tNA
P4\t12\t1:DECEASED\tDied of Other Causes\t70
P5\t0\t0:LIVING\tLiving\t44
P6\t5\t[Not Available]\t\t55
"""
SAMPLES = """#Sample\tPatient\tType\tHER2
#Sample\tPatient\tType\tHER2
#STRING\tSTRING\tSTRING\tSTRING
#1\t1\t1\t1
SAMPLE_ID\tPATIENT_ID\tSAMPLE_TYPE\tHER2_STATUS
P1-M\tP1\tMetastasis\t+
P1-T\tP1\tPrimary\t+
P2-T\tP2\tPrimary\t-
P3-T\tP3\tPrimary\t+
P4-T\tP4\tPrimary\t+
P5-T\tP5\tPrimary\t-
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "meta_study.txt").write_text("cancer_study_identifier: brca_made\nname: made: for a test\n")
    (tmp_path / "meta_clinical_patient.txt").write_text("datatype: PATIENT_ATTRIBUTES\ndata_filename: patients.txt\n")
    (tmp_path / "meta_clinical_sample.txt").write_text("datatype: SAMPLE_ATTRIBUTES\ndata_filename: samples.txt\n")
    (tmp_path / "patients.txt").write_text(PATIENTS)
    (tmp_path / "samples.txt").write_text(SAMPLES)
    for kind, stable_id, datatype in (
        ("z", "brca_made_mrna_zscores", "Z-SCORE"),
        ("mrna", "brca_made_mrna", "CONTINUOUS"),
        ("mirna", "brca_made_mirna", "CONTINUOUS"),
    ):
        (tmp_path / f"meta_{kind}.txt").write_text(
            f"genetic_alteration_type: MRNA_EXPRESSION\ndatatype: {datatype}\nstable_id: {stable_id}\n"
            f"data_filename: data_{kind}.txt\n"
        )
        (tmp_path / f"data_{kind}.txt").write_text(
            "Hugo_Symbol\tEntrez_Gene_Id\tP4-T\tP1-T\tP9-T\nESR1\t2099\t1\t2\t3\nERBB2\t2064\tNA\t5\t6\n"
        )
    (tmp_path / "case_lists").mkdir()
    (tmp_path / "case_lists" / "cases_all.txt").write_text("stable_id: brca_made_all\ncase_list_ids: P1-T\tP4-T\n")
    return tmp_path


def test_a_study_folder_is_found_through_its_meta_files(study: Path) -> None:
    cohort = read_cbioportal(study)
    assert cohort.name == "brca_made"
    assert cohort.endpoints == ("os", "bcss")
    assert cohort.clinical["patient"].to_list() == ["P1", "P2", "P3", "P4", "P5"]
    assert cohort.clinical["sample"][0] == "P1-T"
    assert cohort.clinical["age"].to_list() == [50.0, 61.0, None, 70.0, 44.0]
    assert cohort.clinical["os_time"].to_list() == [10.5, 20.0, None, 12.0, None]
    assert cohort.clinical["os_event"].to_list() == [True, False, None, True, None]
    assert cohort.clinical["bcss_event"].to_list() == [True, False, None, False, None]
    assert cohort.clinical["bcss_cause"].to_list() == [1, 0, None, 2, None]
    assert set(cohort.matrices) == {"mrna", "mirna"}
    mrna = cohort.matrix("mrna")
    assert mrna.samples["sample"].to_list() == ["P4-T", "P1-T"]
    np.testing.assert_array_equal(mrna.values, [[1, np.nan], [2, 5]])
    assert mrna.features["feature"].to_list() == ["ESR1", "ERBB2"]


def test_who_was_left_out_is_counted_with_the_reason(study: Path) -> None:
    cohort = subset(read_cbioportal(study, case_list="brca_made_all"), 'her2_status == "+"').complete("mrna")
    flow = [tuple(row) for row in cohort.flow.select("step", "reason", "n_left_out", "n_kept", "patients").iter_rows()]
    assert flow == [
        ("clinical tables", "no sample", 1, 5, "P6"),
        ("clinical tables", "further samples of the same patient", 1, 5, "P1-M"),
        ("case list", "not in brca_made_all", 3, 2, "P2; P3; P5"),
        ('her2_status == "+"', 'not her2_status == "+"', 0, 2, ""),
        ("matrix mrna", "no mrna measured", 0, 2, ""),
    ]
    reasons = read_cbioportal(study).flow.filter(pl.col("step") == "endpoint os")
    assert reasons["reason"].to_list() == ["status without time", "time zero"]
    assert reasons["n_kept"].to_list() == [4, 3]


def test_a_vital_status_that_contradicts_survival_is_told(study: Path) -> None:
    (study / "patients.txt").write_text(PATIENTS.replace("0:LIVING\tLiving\t61", "0:LIVING\tDied of Disease\t61"))
    with pytest.warns(Caution) as caught:
        cohort = read_cbioportal(study)
    assert [str(caution.message) for caution in caught] == [
        f"vital status and overall survival contradict each other in {study / 'patients.txt'}: found 1 of 5 patients: "
        "'P2'. The status of overall survival was taken."
    ]
    assert cohort.clinical["os_event"][1] is False


def test_faults_of_a_clinical_file_are_all_told(study: Path) -> None:
    (study / "patients.txt").write_text("PATIENT_ID\tOS_MONTHS\tOS_STATUS\nP1\t1\nP2\t2\t0:LIVING\tmore\n")
    with pytest.raises(TableError) as caught:
        read_cbioportal(study)
    path = study / "patients.txt"
    assert str(caught.value) == (
        "clinical table: 2 faults.\n"
        f"  {path}, line 2: found '2 cells', expected 3 cells, as in the header.\n"
        f"  {path}, line 3: found '4 cells', expected 3 cells, as in the header."
    )
    (study / "patients.txt").write_text("PATIENT_ID\tOS_MONTHS\tOS_STATUS\nP1\t1\t0\nP2\t2\t1\nP1\t3\t1\n")
    with pytest.raises(TableError) as twice:
        read_cbioportal(study)
    assert str(twice.value) == (
        "clinical tables: 1 fault.\n"
        f"  {path}, line 2, column PATIENT_ID: found 'P1', expected each patient once (lines 2, 4)."
    )
    (study / "patients.txt").write_text("PATIENT_ID\tOS_MONTHS\tOS_STATUS\nP1\tlong\t0\nP2\t2\tperhaps\n")
    with pytest.raises(TableError) as wrong:
        read_cbioportal(study)
    assert str(wrong.value) == (
        "endpoints of cohort 'brca_made': 2 faults.\n"
        f"  {path}, line 2, column os_months: found 'long', expected a time. Write it as a number, or leave it empty.\n"
        f"  {path}, line 3, column os_status: found 'perhaps', expected an event or none, such as 1 and 0, dead and "
        "alive, DECEASED and LIVING. Say in the settings what this word means."
    )


def test_what_is_missing_is_named(study: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_cbioportal(study, case_list="brca_made_al")
    assert str(caught.value) == (
        f"study has no such case list in {study / 'case_lists'}: found 'brca_made_al', expected 'brca_made_all'. Did "
        "you mean 'brca_made_all'?"
    )
    (study / "patients.txt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(SourceError, match="Git LFS pointer") as pointer:
        read_cbioportal(study)
    assert str(pointer.value) == (
        f"file is a Git LFS pointer, not the data in {study / 'patients.txt'}. Run: git lfs pull, then run again."
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("none")
    with pytest.raises(SourceError) as none:
        read_cbioportal(empty)
    assert str(none.value) == (
        f"study folder has no clinical table in {empty}: found 'notes.txt', expected a meta file of datatype "
        "PATIENT_ATTRIBUTES, or a file with data_clinical_patient in its name."
    )


@pytest.fixture(scope="module")
def metabric(shared: Path) -> Cohort:
    return read_cbioportal(shared / "data" / "metabric")


def compare(cohort: Cohort, endpoint: str, group: pl.Expr) -> LogRank:
    table = cohort.clinical.with_columns(group.cast(pl.String).alias("_group"))
    table = table.drop_nulls([f"{endpoint}_time", "_group"])
    code = np.unique(table["_group"].to_numpy(), return_inverse=True)[1]
    return log_rank(table[f"{endpoint}_time"].to_numpy(), table[f"{endpoint}_event"].to_numpy(), code)


def test_metabric_has_the_recorded_patients_and_events(metabric: Cohort) -> None:
    clinical = metabric.clinical
    assert clinical.height == 2509
    # One patient of the 1,980 with a status has time zero, and is listed and left out.
    assert clinical["os_time"].count() == 1979
    assert clinical["os_event"].sum() == 1143
    assert metabric.flow.filter(pl.col("reason") == "time zero")["patients"].to_list() == ["MB-0284"] * 2
    positive = subset(metabric, 'her2_status == "+"').clinical
    assert positive.height == 247
    stages = dict(positive["tumor_stage"].value_counts().iter_rows())
    assert stages == {0.0: 4, 1.0: 50, 2.0: 100, 3.0: 28, 4.0: 1, None: 64}


def test_metabric_survival_has_the_recorded_values(metabric: Cohort) -> None:
    positive = subset(metabric, 'her2_status == "+"')
    staged = subset(positive, "tumor_stage in [1, 2, 3]")
    median = pl.col("npi") > pl.col("npi").median()
    recorded = [
        (metabric, "os", pl.col("her2_status"), 19.705557, 9.03383e-6),
        (metabric, "bcss", pl.col("her2_status"), 49.978040, 1.55476e-12),
        (staged, "os", pl.col("tumor_stage"), 19.110256, 7.08371e-5),
        (staged, "bcss", pl.col("tumor_stage"), 17.697066, 1.43592e-4),
        (positive, "os", median, 28.180692, 1.10501e-7),
        (positive, "bcss", median, 29.440858, None),
        (positive, "os", pl.col("age_at_diagnosis") > pl.col("age_at_diagnosis").median(), 0.412390, None),
        (positive, "os", pl.col("er_status"), 0.391552, None),
        (positive, "bcss", pl.col("er_status"), 2.134875, None),
    ]
    for cohort, endpoint, group, statistic, p in recorded:
        answer = compare(cohort, endpoint, group)
        assert round(answer.statistic, 6) == statistic
        assert p is None or float(f"{answer.p:.5e}") == p


def test_metabric_medians_are_the_recorded_ones(metabric: Cohort) -> None:
    table = subset(metabric, 'her2_status == "+"').clinical
    medians = {}
    for endpoint in ("os", "bcss"):
        part = table.drop_nulls(f"{endpoint}_time")
        curve = kaplan_meier(part[f"{endpoint}_time"].to_numpy(), part[f"{endpoint}_event"].to_numpy())
        medians[endpoint] = [float(f"{value:.3g}") for value in quantile(curve, kind="log")]
        assert curve.n_event.sum() == {"os": 155, "bcss": 120}[endpoint]
    assert medians == {"os": [98.7, 85.5, 128.0], "bcss": [125.0, 97.3, 226.0]}


def test_metabric_stages_differ_as_recorded(metabric: Cohort) -> None:
    table = subset(metabric, 'her2_status == "+"').clinical
    recorded = {
        "npi": {(1, 2): (463, 4.5635594e-16), (1, 3): (43.5, 7.875789e-12), (2, 3): (541.5, 7.5247751e-7)},
        "age_at_diagnosis": {(1, 2): (2792, 0.24518), (1, 3): (753, 0.58448), (2, 3): (1363.5, 0.83562)},
    }
    for column, pairs in recorded.items():
        for (first, second), (w, p) in pairs.items():
            x, y = (table.filter(pl.col("tumor_stage") == s)[column].to_numpy()[None] for s in (first, second))
            answer = rank_sum(x, y)
            assert answer.statistic[0] == w
            assert answer.p[0] == pytest.approx(p, rel=1e-5)


def test_the_case_list_of_2012_is_read(shared: Path) -> None:
    ids = read_case_list(shared / "data" / "metabric" / "datahub_cases_nature_2012.txt")
    assert ids[:2] == ["MB-0000", "MB-0039"]
    assert len(ids) > 1900
