from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.subset import subset
from sensitome.core.counts import log2_cpm
from sensitome.core.survival.log_rank import log_rank_each
from sensitome.errors import TableError
from sensitome.expression_matrix import Expression
from sensitome.io.tcga import first_primary, parse_barcode, read_tcga_clinical
from sensitome.io.wide_matrix import read_wide_matrix
from sensitome.patients import Cohort

_HEADER = ["patient.bcr_patient_barcode", "patient.her2"] + [
    f"patient.{form}{leaf}"
    for form in ("", "follow_ups.follow_up.")
    for leaf in ("vital_status", "days_to_death", "days_to_last_followup")
]
FORMS = """tcga-3c-aaau\tpositive\talive\tNA\t10\tdead\t40\tNA
tcga-3c-aali\tnegative\talive\tNA\t30\talive\tNA\t25
tcga-3c-aalj\tpositive\tdead\t7\tNA\tNA\tNA\tNA
tcga-3c-aalk\tNA\talive\tNA\t0\tNA\tNA\tNA
tcga-3c-aalm\tpositive\tdead\tNA\t9\tNA\tNA\tNA
"""


def test_barcodes_are_read_in_every_spelling() -> None:
    for text in ("TCGA-3C-AAAU-01A-11R-A41G-13", "tcga.3c.aaau.01a.11r.a41g.13", "TCGA-3C-AAAU-01"):
        barcode = parse_barcode(text)
        assert barcode is not None
        assert (barcode.patient, barcode.kind, barcode.sample) == ("TCGA-3C-AAAU", "01", "TCGA-3C-AAAU-01")
    patient = parse_barcode("TCGA-3C-AAAU")
    assert patient is not None
    assert (patient.sample, patient.vial) == ("TCGA-3C-AAAU", "")
    for text in ("", "MB-0001", "TCGA-3C", "TCGA-3C-AAAU-1"):
        assert parse_barcode(text) is None


def test_follow_up_forms_tell_deaths_and_later_contacts(tmp_path: Path) -> None:
    (tmp_path / "forms.tsv").write_text("\t".join(_HEADER) + "\n" + FORMS)
    cohort = read_tcga_clinical(tmp_path / "forms.tsv", columns={"her2_status": "patient.her2"})
    assert cohort.clinical["patient"].to_list()[0] == "TCGA-3C-AAAU"
    assert cohort.clinical["os_time"].to_list() == [40.0, 30.0, 7.0, None, None]
    assert cohort.clinical["os_event"].to_list() == [True, False, True, None, None]
    assert cohort.clinical["her2_status"].to_list() == ["positive", "negative", "positive", None, "positive"]
    assert cohort.flow["reason"].to_list() == [
        "deaths that only follow-up forms tell: 1",
        "time zero",
        "status without time",
    ]
    assert cohort.time_unit == "days"


def test_forms_without_barcodes_or_with_a_patient_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "forms.tsv"
    path.write_text("bcr_patient_barcode\tvital_status\nTCGA-3C-AAAU\talive\ntcga.3c.aaau\tdead\nP7\tdead\n")
    with pytest.raises(TableError) as caught:
        read_tcga_clinical(path)
    assert str(caught.value) == (
        "clinical forms: 2 faults.\n"
        f"  {path}, line 3, column bcr_patient_barcode: found 'tcga.3c.aaau', expected each patient once (first in "
        "line 2).\n"
        f"  {path}, line 4, column bcr_patient_barcode: found 'P7', expected a TCGA barcode, as TCGA-3C-AAAU."
    )
    path.write_text("name\tage\na\t1\n")
    with pytest.raises(TableError) as lacking:
        read_tcga_clinical(path)
    assert str(lacking.value) == (
        "clinical forms: 2 faults.\n"
        f"  {path}: a column of patients, such as bcr_patient_barcode (there is 'name' and 'age').\n"
        f"  {path}: a column vital_status."
    )


def test_the_first_primary_tumor_of_a_patient_is_taken() -> None:
    names = ["TCGA-AA-0001-06A", "TCGA-AA-0001-01B", "TCGA-AA-0001-01A", "TCGA-AA-0002-01A"]
    matrix = Expression(np.arange(4.0)[:, None], pl.DataFrame({"sample": names}), pl.DataFrame({"feature": ["x"]}))
    kept, left_out = first_primary(matrix)
    assert kept.samples["sample"].to_list() == ["TCGA-AA-0001", "TCGA-AA-0002"]
    assert kept.samples["barcode"].to_list() == ["TCGA-AA-0001-01B", "TCGA-AA-0002-01A"]
    assert kept.values.ravel().tolist() == [1.0, 3.0]
    assert left_out.rows() == [
        ("TCGA-AA-0001-06A", "metastasis, not primary tumor"),
        ("TCGA-AA-0001-01A", "further sample of the same patient"),
    ]
    wrong = Expression(np.ones((1, 1)), pl.DataFrame({"sample": ["s1"]}), pl.DataFrame({"feature": ["x"]}))
    with pytest.raises(TableError) as caught:
        first_primary(wrong)
    assert str(caught.value) == (
        "samples of the matrix: 1 fault.\n  column sample: found 's1', expected a TCGA barcode, as TCGA-3C-AAAU-01A."
    )


@pytest.fixture(scope="module")
def tcga(shared: Path) -> Cohort:
    folder = shared / "data" / "tcga_brca"
    her2 = "patient.lab_proc_her2_neu_immunohistochemistry_receptor_status"
    cohort = read_tcga_clinical(folder / "RTCGA_BRCA_clinical_selected.tsv.gz", columns={"her2_status": her2})
    counts = read_wide_matrix(folder / "MNMO_tumor_mature_mirna_counts.tsv.gz")
    return cohort.with_matrix("mirna", first_primary(counts.with_values(log2_cpm(counts.values)))[0]).complete("mirna")


def test_times_and_deaths_of_tcga_are_those_over_all_forms(tcga: Cohort, shared: Path) -> None:
    expected = pl.read_csv(shared / "data" / "tcga_brca" / "derived_OS_table.tsv.gz", separator="\t")
    both = tcga.clinical.with_columns(pl.col("patient").str.to_lowercase().alias("pt")).join(expected, on="pt")
    assert both.height == expected.height == 1065
    told = both.drop_nulls("os_time")
    # One death has no day in any form: its last contact is no time of death.
    assert told.height == 1064
    assert (told["os_time"] == told["time"]).all()
    assert (told["os_event"].cast(pl.Int64) == told["event"]).all()
    assert tcga.flow["reason"][0] == "deaths that only follow-up forms tell: 47"


def test_mir_101_5p_shows_no_difference_in_her2_positive_tcga(tcga: Cohort) -> None:
    positive = subset(tcga, 'her2_status == "positive"')
    matrix = positive.matrix("mirna")
    clinical = positive.clinical.drop_nulls("os_time")
    place = {name: row for row, name in enumerate(matrix.samples["sample"])}
    values = matrix.values[[place[name] for name in clinical["sample"]]]
    features = matrix.features["feature"].to_list()
    recorded = {
        "101-5p": (0.6928, 0.40521, 77),
        "29a-3p": (0.0142, 0.90521, 77),
        "29c-3p": (0.0905, 0.76348, 77),
        "744-3p": (0.6233, 0.42981, 77),
        "106a-5p": (1.1510, 0.28334, 77),
        "101-3p": (1.1725, 0.27889, 77),
        "1237-3p": (4.2700, 0.03879, 19),
        "518a-5p": (0.2041, 0.65147, 19),
        "19b-2-5p": (0.5009, 0.47910, 4),
    }
    own = values[:, [features.index(f"hsa-miR-{name}") for name in recorded]].T
    answer = log_rank_each(
        clinical["os_time"].to_numpy(),
        clinical["os_event"].to_numpy(),
        (own > np.median(own, axis=1, keepdims=True)).astype(float),
    )
    assert clinical.height == 155
    assert clinical["os_event"].sum() == 22
    for row, (statistic, p, high) in enumerate(recorded.values()):
        assert (round(answer.statistic[row], 4), round(answer.p[row], 5)) == (statistic, p)
        assert answer.n[row, 1] == high
