from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.subset import subset
from sensitome.errors import Caution, SettingsError, SourceError, TableError
from sensitome.expression_matrix import Expression
from sensitome.io.clinical import cohort_from_mudata, read_clinical
from sensitome.io.endpoints import EndpointColumns
from sensitome.io.wide_matrix import read_wide_matrix
from sensitome.patients import Cohort

OS = EndpointColumns("os", "months", "status")


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize(
    ("words", "events"),
    [
        (("0", "1", "1.0"), [False, True, True]),
        (("FALSE", "TRUE", "true"), [False, True, True]),
        (("alive", "Dead", "DECEASED"), [False, True, True]),
        (("0:LIVING", "1:DECEASED", "1:DECEASED"), [False, True, True]),
        (("0:DiseaseFree", "1:Recurred/Progressed", "1:PROGRESSION"), [False, True, True]),
    ],
)
def test_events_are_understood_as_people_write_them(tmp_path: Path, words: tuple[str, ...], events: list[bool]) -> None:
    rows = [f"P{i},{i + 1},{word}" for i, word in enumerate(words)]
    cohort = read_clinical(write(tmp_path / "c.csv", "patient,months,status", *rows), endpoints=[OS])
    assert cohort.clinical["os_event"].to_list() == events
    assert cohort.clinical["sample"].to_list() == ["P0", "P1", "P2"]


def test_status_one_and_two_is_taken_as_r_does_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "patient,months,status", "a,1,1", "b,2,2")
    with pytest.warns(Caution) as caught:
        cohort = read_clinical(path, endpoints=[OS])
    assert cohort.clinical["os_event"].to_list() == [False, True]
    assert [str(caution.message) for caution in caught] == [
        f"status is coded 1 and 2 in {path}, column status: expected 0 and 1. 2 was taken as the event and 1 as "
        "censored; say in the settings if it is otherwise."
    ]
    told = EndpointColumns("os", "months", "status", {"1": "event", "2": "censored"})
    assert read_clinical(path, endpoints=[told]).clinical["os_event"].to_list() == [True, False]


def test_unusable_times_are_listed_counted_and_kept_out(tmp_path: Path) -> None:
    rows = ["a,0,1", "b,-3,0", "c,,1", "d,5,", "e,,", "f,7.5,1", 'g,"1.5",0']
    cohort = read_clinical(write(tmp_path / "c.csv", "patient,months,status", *rows), endpoints=[OS])
    assert cohort.clinical["os_time"].to_list() == [None, None, None, None, None, 7.5, 1.5]
    assert cohort.flow.select("reason", "n_left_out", "patients").rows() == [
        ("time zero", 1, "a"),
        ("negative time", 1, "b"),
        ("status without time", 1, "c"),
        ("time without status", 1, "d"),
        ("neither time nor status", 1, "e"),
    ]
    assert cohort.flow["n_kept"].to_list() == [6, 5, 4, 3, 2]


def test_patients_twice_and_missing_columns_are_faults(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "patient,months,status", "a,1,1", "b,2,0", "a,3,0")
    with pytest.raises(TableError) as twice:
        read_clinical(path, endpoints=[OS])
    assert str(twice.value) == (
        "clinical table: 1 fault.\n"
        f"  {path}, line 2, column patient: found 'a', expected each patient once (lines 2, 4). Keep one row of the "
        "patient."
    )
    path = write(tmp_path / "c.csv", "patient,month,status", "a,1,1")
    with pytest.raises(TableError) as lacking:
        read_clinical(path, endpoints=[OS])
    assert str(lacking.value) == (
        "endpoints of cohort 'c': 1 fault.\n"
        f"  {path}: column 'months' of the endpoint 'os' is missing (there is 'patient', 'month', 'status' and "
        "'sample'). Did you mean 'month'?"
    )


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    rows = ["a,1,1,+,40,1", "b,2,0,-,50,2", "c,3,0,+,60,3", "d,4,1,,70,2"]
    return read_clinical(write(tmp_path / "c.csv", "patient,months,status,her2,age,stage", *rows), endpoints=[OS])


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ('her2 == "+"', "ac"),
        ('her2 != "+"', "b"),
        ('her2 == "+" and age >= 50', "c"),
        ('not her2 == "+"', "bd"),
        ("stage in [2, 3]", "bcd"),
        ("stage not in (2, 3)", "a"),
        ("40 < age <= 60", "bc"),
        ('her2 == "-" or stage == 3', "bc"),
        ("os_event", "ad"),
        ("", "abcd"),
    ],
)
def test_subsets_are_said_in_words_of_the_table(cohort: Cohort, expression: str, kept: str) -> None:
    assert subset(cohort, expression).clinical["patient"].to_list() == list(kept)


def test_subsets_that_cannot_be_told_are_refused(cohort: Cohort) -> None:
    with pytest.raises(TableError) as name:
        subset(cohort, 'her == "+"')
    assert str(name.value) == (
        "subset 'her == \"+\"' names a column that is not there: found 'her', expected 'patient', 'months', 'status', "
        "'her2', 'age', 'stage', 'sample', 'os_time' or 'os_event'. Did you mean 'her2'?"
    )
    with pytest.raises(SettingsError) as call:
        subset(cohort, "age > len(her2)")
    assert str(call.value) == (
        "subset 'age > len(her2)' cannot be read: found 'len(her2)' is no value, expected comparisons joined by and, "
        'or, not, such as: her2_status == "+" and age >= 50.'
    )
    with pytest.raises(SettingsError, match="cannot be read"):
        subset(cohort, "age >")
    with pytest.raises(TableError) as kind:
        subset(cohort, 'age == "old"')
    assert str(kind.value).startswith("subset 'age == \"old\"' cannot be told in cohort 'c': found ")


def test_a_cohort_checks_its_keys_and_endpoints() -> None:
    table = pl.DataFrame({"sample": ["a", "a", None], "os_time": [1.0, 2.0, 3.0]})
    with pytest.raises(TableError) as caught:
        Cohort("x", table, ("os",))
    assert str(caught.value) == (
        "cohort 'x' cannot be used.\n"
        "  column sample: found '1 empty', expected a name for each.\n"
        "  column sample: found 'a', expected each name once.\n"
        "  column patient: a column 'patient' (there is 'sample' and 'os_time').\n"
        "  column os_event: a column 'os_event' for the endpoint 'os'."
    )


def test_matrices_follow_the_patients(cohort: Cohort) -> None:
    matrix = Expression(
        np.eye(3), pl.DataFrame({"sample": ["d", "z", "a"]}), pl.DataFrame({"feature": ["x", "y", "w"]})
    )
    both = cohort.with_matrix("mirna", matrix).complete("mirna")
    assert both.clinical["patient"].to_list() == ["a", "d"]
    assert both.matrix("mirna").samples["sample"].to_list() == ["d", "a"]
    assert both.flow.row(-1) == ("matrix mirna", "no mirna measured", 2, 2, "b; c")
    with pytest.raises(TableError) as caught:
        both.matrix("mrna")
    assert str(caught.value) == "cohort 'c' has no matrix 'mrna': found 'mirna'. Did you mean 'mirna'?"


def test_matrices_of_every_form_are_read(tmp_path: Path) -> None:
    plain = read_wide_matrix(write(tmp_path / "a.csv", "miRNA,s1,s2", "m1,1,NA", "m2,2.5,3e2"))
    np.testing.assert_array_equal(plain.values, [[1, 2.5], [np.nan, 300]])
    short = read_wide_matrix(write(tmp_path / "b.tsv", "s1\ts2", "m1\t1\t2"))
    assert (short.samples["sample"].to_list(), short.features["feature"].to_list()) == (["s1", "s2"], ["m1"])
    turned = read_wide_matrix(write(tmp_path / "c.csv", "sample,m1,m2", "s1,1,2"), samples_in="rows")
    assert (turned.samples["sample"].to_list(), turned.values.tolist()) == (["s1"], [[1.0, 2.0]])


def test_features_named_twice_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "miRNA,s1,s2", "m1,1,2", "m2,5,6", "m1,3,NA")
    with pytest.warns(Caution) as caught:
        first = read_wide_matrix(path)
    assert str(caught[0].message) == (
        f"matrix names features twice in {path}: found 'm1', expected each name once. The first row of each was taken."
    )
    assert first.values.tolist() == [[1.0, 5.0], [2.0, 6.0]]
    with pytest.warns(Caution, match="Their rows were averaged"):
        assert read_wide_matrix(path, duplicates="mean").values.tolist() == [[2.0, 5.0], [2.0, 6.0]]
    with pytest.raises(TableError) as refused:
        read_wide_matrix(path, duplicates="refuse")
    assert str(refused.value) == f"matrix names features twice in {path}: found 'm1', expected each name once."


def test_cells_that_are_no_numbers_are_located(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "# made", "miRNA,s1,s2", "m1,1,2", "m2,low,6")
    with pytest.raises(TableError) as caught:
        read_wide_matrix(path)
    assert str(caught.value) == (
        "matrix has cells that are no numbers.\n"
        f"  {path}, line 4, column s1: found 'low', expected a number. Write a number, or leave the cell empty."
    )
    with pytest.raises(SourceError) as empty:
        read_wide_matrix(write(tmp_path / "b.csv", "miRNA,s1"))
    assert str(empty.value) == f"matrix holds no values in {tmp_path / 'b.csv'}: found columns 'miRNA' and 's1'."


def test_a_mudata_object_becomes_a_cohort() -> None:
    pandas = pytest.importorskip("pandas")
    obs = pandas.DataFrame({"months": [1.0, 2.0, None], "status": ["dead", "alive", "dead"]}, index=["a", "b", "c"])
    part = SimpleNamespace(
        X=np.arange(4.0).reshape(2, 2),
        obs=pandas.DataFrame(index=["c", "a"]),
        var=pandas.DataFrame(index=["x", "y"]),
        layers={},
    )
    cohort = cohort_from_mudata(SimpleNamespace(obs=obs, mod={"mrna": part}), endpoints=[OS], name="made")
    assert cohort.clinical["os_time"].to_list() == [1.0, 2.0, None]
    assert cohort.flow["reason"].to_list() == ["status without time"]
    assert cohort.matrix("mrna").samples["sample"].to_list() == ["c", "a"]
    part.obs = pandas.DataFrame({"months": [3, 4], "status": ["1", "0"]}, index=["c", "a"])
    single = cohort_from_mudata(part, endpoints=[OS], name="one")
    assert single.matrix("mirna").values.tolist() == [[0.0, 1.0], [2.0, 3.0]]
