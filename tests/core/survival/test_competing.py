from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.survival.competing import cumulative_incidence, fine_gray, gray_test
from sensitome.core.survival.kaplan_meier import kaplan_meier


@pytest.fixture(scope="module")
def d(oracle: Path) -> dict[str, np.ndarray]:
    table = pl.read_csv(oracle / "survival" / "input.csv")
    x = table["x"].to_numpy()
    whole = {name: table[name].to_numpy().astype(np.intp) for name in ("cause", "stage", "age")}
    return whole | {"time": table["time"].to_numpy(), "x": x, "high": (x > np.median(x)).astype(np.intp)}


def test_cumulative_incidence_equals_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    r = pl.read_csv(oracle / "survival" / "aalen_johansen.csv")
    for code, arm in enumerate(("low", "high")):
        own = d["high"] == code
        answer = cumulative_incidence(d["time"][own], d["cause"][own])
        theirs = r.filter(pl.col("arm") == arm)
        place = np.searchsorted(answer.time, theirs["time"].to_numpy())
        np.testing.assert_allclose(answer.incidence[0][place], theirs["cif1"], rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(answer.incidence[1][place], theirs["cif2"], rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(answer.incidence.sum(axis=0) + answer.survival, 1.0)


def test_errors_of_the_incidence_are_near_aalens(oracle: Path, d: dict[str, np.ndarray]) -> None:
    own = d["high"] == 0
    answer = cumulative_incidence(d["time"][own], d["cause"][own])
    r = pl.read_csv(oracle / "survival" / "cuminc.csv").filter(pl.col("curve") == "low 1", pl.col("time") > 2.5)
    last = r.group_by("time", maintain_order=True).last()
    place = np.searchsorted(answer.time, last["time"].to_numpy())
    np.testing.assert_allclose(answer.se[0][place], np.sqrt(last["variance"].to_numpy()), rtol=0.08)


def test_without_competing_causes_incidence_is_one_minus_kaplan_meier(d: dict[str, np.ndarray]) -> None:
    event = d["cause"] > 0
    answer, curve = cumulative_incidence(d["time"], event.astype(np.intp)), kaplan_meier(d["time"], event)
    np.testing.assert_allclose(answer.incidence[0], 1 - curve.survival)
    np.testing.assert_allclose(answer.se[0][:-5], (curve.survival * curve.log_se)[:-5], rtol=1e-9)


def test_grays_test_equals_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    time, cause = d["time"], d["cause"]
    tests = {
        "halves": gray_test(time, cause, d["high"]),
        "stages": gray_test(time, cause, d["stage"] - 1),
        "halves_stratified": gray_test(time, cause, d["high"], strata=d["stage"]),
        "halves_rho1": gray_test(time, cause, d["high"], rho=1.0),
    }
    for r in pl.read_csv(oracle / "survival" / "gray.csv").to_dicts():
        answer = tests[r["test"]]
        np.testing.assert_allclose([answer.statistic, answer.p], [r["chisq"], r["p"]], rtol=1e-10)
        assert answer.df == r["df"]


def test_groups_without_anyone_take_no_degree_of_freedom(d: dict[str, np.ndarray]) -> None:
    plain, gapped = gray_test(d["time"], d["cause"], d["high"]), gray_test(d["time"], d["cause"], d["high"] * 2)
    assert gapped.df == plain.df == 1
    assert gapped.statistic == pytest.approx(plain.statistic)
    assert np.isnan(gray_test(d["time"], d["cause"] * 0, d["high"]).p)
    assert np.isnan(gray_test(d["time"], d["cause"], d["high"] * 0).p)


def test_fine_and_gray_equals_r(oracle: Path, d: dict[str, np.ndarray]) -> None:
    single = fine_gray(d["time"], d["cause"], d["x"][None])
    r = pl.read_csv(oracle / "survival" / "fine_gray.csv").row(0, named=True)
    np.testing.assert_allclose([single.coefficient[0], single.se[0]], [r["coef"], r["se"]], rtol=1e-10)
    x = np.stack([d["x"], d["age"].astype(float)])
    table = pl.read_csv(oracle / "survival" / "fine_gray_more.csv", null_values="NA")
    for ties in ("efron", "breslow"):
        answer = fine_gray(d["time"], d["cause"], x, ties=ties)  # type: ignore[arg-type]
        rows = table.filter(pl.col("ties") == ties)
        for ours, theirs in ((answer.coefficient, "coef"), (answer.se, "se"), (answer.robust_se, "robust_se")):
            np.testing.assert_allclose(ours, rows[theirs], rtol=1e-10)
    crr = table.filter(pl.col("ties") == "crr")
    np.testing.assert_allclose(answer.coefficient, crr["coef"], rtol=1e-3)
    np.testing.assert_allclose(answer.robust_se, crr["se"], rtol=5e-3)


def test_without_competing_causes_fine_and_gray_is_cox(d: dict[str, np.ndarray]) -> None:
    from sensitome.core.survival.cox import cox

    event = d["cause"] > 0
    answer = fine_gray(d["time"], event.astype(np.intp), d["x"][None])
    np.testing.assert_allclose(answer.coefficient, cox(d["time"], event, d["x"][None]).coefficient, rtol=1e-9)
