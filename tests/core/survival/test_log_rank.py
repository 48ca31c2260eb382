from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.core.survival.log_rank import log_rank, log_rank_each


def columns(oracle: Path) -> dict[str, np.ndarray]:
    table = pl.read_csv(oracle / "survival" / "input.csv")
    found = {name: table[name].to_numpy() for name in table.columns}
    return found | {"event": found["status"] == 1, "high": (found["x"] > np.median(found["x"])).astype(np.intp)}


def test_log_rank_equals_r_for_groups_weights_and_strata(oracle: Path) -> None:
    d = columns(oracle)
    tests = {
        "logrank": log_rank(d["time"], d["event"], d["high"]),
        "peto_rho1": log_rank(d["time"], d["event"], d["high"], rho=1.0),
        "logrank_cause1_others_censored": log_rank(d["time"], d["cause"] == 1, d["high"]),
        "logrank_3_stages": log_rank(d["time"], d["event"], d["stage"] - 1),
        "logrank_stratified_by_stage": log_rank(d["time"], d["event"], d["high"], strata=d["stage"]),
    }
    for r in pl.read_csv(oracle / "survival" / "logrank.csv").to_dicts():
        answer = tests[r["test"]]
        np.testing.assert_allclose([answer.statistic, answer.p], [r["chisq"], r["p"]], rtol=1e-10)
        assert answer.df == r["df"]
    counts = pl.read_csv(oracle / "survival" / "logrank_observed_expected.csv")
    np.testing.assert_allclose(tests["logrank"].observed, counts["observed"], rtol=1e-10)
    np.testing.assert_allclose(tests["logrank"].expected, counts["expected"], rtol=1e-10)


def test_many_features_at_once_give_the_same_numbers(oracle: Path) -> None:
    d = columns(oracle)
    rng = np.random.default_rng(1)
    member = np.vstack([d["high"], rng.integers(0, 2, size=(6, 160))]).astype(float)
    member[3, :30], member[4, rng.integers(0, 160, 50)] = np.nan, np.nan
    for rho, strata in ((0.0, None), (1.0, None), (0.0, d["stage"]), (1.0, d["stage"])):
        answer = log_rank_each(d["time"], d["event"], member, rho=rho, strata=strata)
        for row, values in enumerate(member):
            there = ~np.isnan(values)
            alone = log_rank(
                d["time"][there],
                d["event"][there],
                values[there].astype(np.intp),
                rho=rho,
                strata=None if strata is None else strata[there],
            )
            np.testing.assert_allclose(answer.statistic[row], alone.statistic, rtol=1e-10)
            np.testing.assert_allclose(answer.observed[row], alone.observed, rtol=1e-10)
            np.testing.assert_allclose(answer.expected[row], alone.expected, rtol=1e-10)
            assert answer.n[row].tolist() == [(values == 0).sum(), (values == 1).sum()]
    again = log_rank_each(d["time"], d["event"], np.tile(member, (40, 1)), jobs=2)
    np.testing.assert_array_equal(again.p[:7], log_rank_each(d["time"], d["event"], member).p)


def test_a_group_without_events_still_counts_and_an_empty_one_does_not() -> None:
    time = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    event = np.array([True, True, True, False, False, False])
    late = log_rank(time, event, np.array([0, 0, 0, 1, 1, 1]))
    assert late.df == 1
    assert late.observed.tolist() == [3, 0]
    # Group 1 has left before the first event; group 2 has no one.
    gone = log_rank(np.append(time, 0.5), np.append(event, False), np.array([0, 0, 0, 3, 3, 3, 1]))
    assert gone.df == 1
    assert gone.statistic == pytest.approx(late.statistic)
    alone = log_rank(time, event, np.zeros(6, dtype=np.intp))
    assert np.isnan(alone.p)
    assert alone.df == 0
    each = log_rank_each(time, event, np.array([[0.0] * 6, [1.0] * 6, [np.nan] * 6, [0, 0, 0, 1, 1, 1]]))
    assert np.isnan(each.p[:3]).all()
    assert each.statistic[3] == pytest.approx(late.statistic)


def test_nobody_with_an_event_gives_no_test() -> None:
    time, none = np.array([1.0, 2.0, 3.0, 4.0]), np.zeros(4, dtype=bool)
    assert np.isnan(log_rank(time, none, np.array([0, 0, 1, 1])).p)
    assert np.isnan(log_rank_each(time, none, np.array([[0.0, 0, 1, 1], [0, np.nan, 1, 1]])).p).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_order_of_subjects_unit_of_time_and_labels_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, event, group = rng.integers(1, 12, 30) * 1.0, rng.random(30) < 0.7, rng.integers(0, 2, 30)
    plain = log_rank(time, event, group)
    order = rng.permutation(30)
    for other in (log_rank(time[order], event[order], group[order]), log_rank(time / 12, event, 1 - group)):
        np.testing.assert_allclose(other.statistic, plain.statistic, rtol=1e-9)


def test_p_of_chance_alone_is_uniform() -> None:
    rng = np.random.default_rng(5)
    time, event = rng.exponential(size=120), rng.random(120) < 0.6
    p = log_rank_each(time, event, rng.integers(0, 2, size=(2000, 120)).astype(float)).p
    # 99.9 % of binomial(2000, .05) lies within 69 … 133.
    assert 69 <= (p <= 0.05).sum() <= 133


@pytest.mark.parametrize(
    ("file", "time", "event", "code", "group", "expected"),
    [
        ("R_survival_lung", "time", "status", 2, "sex", "10.32674, 1 df, p 0.001311165"),
        ("R_survival_aml", "time", "status", 1, "x", "3.4, 1 df, p 0.07"),
        ("R_survival_veteran", "time", "status", 1, "celltype", "25.4, 3 df, p 1e-05"),
        ("R_survival_gbsg", "rfstime", "status", 1, "hormon", "8.6, 1 df, p 0.003"),
        ("survminer_BRCAOV.survInfo", "times", "patient.vital_status", 1, "admin.disease_code", "223, 1 df, p 2e-50"),
    ],
)
def test_published_values_are_reproduced(
    shared: Path, file: str, time: str, event: str, code: int, group: str, expected: str
) -> None:
    table = pl.read_csv(shared / "data" / "survival" / f"{file}.csv", null_values="NA", infer_schema_length=None)
    table = table.drop_nulls([time, event, group])
    label = table[group].cast(pl.String).cast(pl.Categorical).to_physical().to_numpy().astype(np.intp)
    label = np.unique(label, return_inverse=True)[1]
    answer = log_rank(table[time].cast(pl.Float64).to_numpy(), table[event].to_numpy() == code, label)
    printed = expected.split(",")[0]
    statistic = f"{answer.statistic:.{len(printed.replace('.', ''))}g}"
    digits = 7 if printed == "10.32674" else 1
    assert f"{statistic}, {answer.df} df, p {answer.p:.{digits}g}" == expected


def test_seven_subjects_who_leave_before_the_first_event_change_nothing(shared: Path) -> None:
    table = pl.read_csv(shared / "data" / "survival" / "R_survival_aml.csv")
    time, event = table["time"].to_numpy() * 1.0, table["status"].to_numpy() == 1
    group = (table["x"] == "Maintained").to_numpy().astype(np.intp)
    plain = log_rank(time, event, group)
    more = log_rank(
        np.append(time, np.full(7, 2.0)), np.append(event, np.zeros(7, bool)), np.append(group, np.full(7, 2))
    )
    assert more.df == 1
    assert more.statistic == pytest.approx(plain.statistic, rel=1e-12)


def test_groups_of_brca_and_ovarian_cancer_have_the_published_counts(shared: Path) -> None:
    table = pl.read_csv(shared / "data" / "survival" / "survminer_BRCAOV.survInfo.csv")
    group = (table["admin.disease_code"] == "ov").to_numpy().astype(np.intp)
    answer = log_rank(table["times"].to_numpy() * 1.0, table["patient.vital_status"].to_numpy() == 1, group)
    assert answer.observed.tolist() == [104, 297]
    assert answer.expected.round().tolist() == [248, 153]
