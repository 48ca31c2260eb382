from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.curves import survival_curves
from sensitome.cohort.cuts import CUTS, Cut, split
from sensitome.cohort.scrutiny import multiverse, pool_cohorts, scrutinize
from sensitome.cohort.survival import compare_survival
from sensitome.core.multiple import adjust_p
from sensitome.core.survival.cox import cox
from sensitome.core.survival.log_rank import log_rank
from sensitome.errors import Caution, TableError
from sensitome.expression_matrix import Expression


def make(seed: int = 1, n: int = 120, effect: float = 0.9, features: int = 6) -> tuple[Expression, pl.DataFrame]:
    """Patients whose survival falls with the second feature."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, features))
    disease = rng.exponential(60 * np.exp(-effect * values[:, 1]))
    other, censored = rng.exponential(200, n), rng.uniform(20, 150, n)
    time = np.round(np.minimum(np.minimum(disease, other), censored) + 0.1, 1)
    cause = np.where(censored < np.minimum(disease, other), 0, np.where(disease <= other, 1, 2))
    clinical = pl.DataFrame(
        {
            "sample": [f"s{i}" for i in range(n)],
            "os_time": time,
            "os_event": cause > 0,
            "bcss_time": time,
            "bcss_event": cause == 1,
            "bcss_cause": cause.astype(np.int8),
            "age": rng.normal(58, 10, n).round(),
            "her2": rng.choice(["+", "-"], n),
        }
    )
    samples = pl.DataFrame({"sample": clinical["sample"]})
    return Expression(values, samples, pl.DataFrame({"feature": [f"m{j}" for j in range(features)]})), clinical


@pytest.fixture(scope="module")
def cohort() -> tuple[Expression, pl.DataFrame]:
    return make()


def test_rows_have_the_numbers_of_the_kernels(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    table = compare_survival(expression, clinical, endpoints=["os", "bcss"], covariates=["age", "her2"])
    assert table.height == 6 * 2 * 3
    x = expression.values[:, 1]
    time, event = clinical["bcss_time"].to_numpy(), clinical["bcss_event"].to_numpy()
    rows = {row["model"]: row for row in table.filter(pl.col("mirna") == "m1", pl.col("endpoint") == "bcss").to_dicts()}
    high = x > np.median(x)
    test = log_rank(time, event, high.astype(np.intp))
    assert rows["log-rank"]["statistic"] == pytest.approx(test.statistic, rel=1e-10)
    assert rows["log-rank"]["p_value"] == pytest.approx(test.p, rel=1e-10)
    assert (rows["log-rank"]["n_high"], rows["log-rank"]["n_low"]) == (60, 60)
    assert rows["log-rank"]["events_high"] == event[high].sum()
    fit = cox(time, event, (x / x.std(ddof=1))[None])
    assert rows["cox"]["effect"] == pytest.approx(fit.coefficient[0], rel=1e-9)
    age, plus = clinical["age"].to_numpy(), (clinical["her2"] == "+").to_numpy().astype(float)
    adjusted = cox(time, event, np.stack([x / x.std(ddof=1), age, plus]))
    assert rows["cox-adjusted"]["effect"] == pytest.approx(adjusted.coefficient[0], rel=1e-8)
    assert rows["cox"]["ci_low"] < rows["cox"]["effect"] < rows["cox"]["ci_high"]
    assert rows["cox"]["power"] > rows["log-rank"]["power"]
    for _, part in table.group_by("model"):
        np.testing.assert_allclose(part["q_value"], adjust_p(part["p_value"].to_numpy()))


def test_strata_and_threads(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    plain = compare_survival(expression, clinical, endpoints=["os"], strata="her2")
    assert plain.equals(compare_survival(expression, clinical, endpoints=["os"], strata="her2", jobs=2))
    x, time, event = expression.values[:, 0], clinical["os_time"].to_numpy(), clinical["os_event"].to_numpy()
    group = (x > np.median(x)).astype(np.intp)
    test = log_rank(time, event, group, strata=(clinical["her2"] == "+").to_numpy().astype(np.intp))
    assert plain.row(0, named=True)["statistic"] == pytest.approx(test.statistic)


def test_order_of_patients_does_not_matter(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    order = np.random.default_rng(2).permutation(120)
    turned = compare_survival(expression.take(samples=order), clinical, endpoints=["os"])
    plain = compare_survival(expression, clinical, endpoints=["os"])
    np.testing.assert_allclose(turned["p_value"], plain["p_value"], rtol=1e-8)


def test_hard_cases_have_notes_and_one_caution_each() -> None:
    expression, clinical = make(n=40, features=4)
    values = expression.values.copy()
    values[:, 0] = 3.0  # constant
    values[:, 2] = np.where(np.arange(40) < 30, 0.0, values[:, 2] ** 2 + 0.1)  # three quarters at the floor
    values[:, 3] = np.nan
    few = clinical.with_columns(pl.Series("os_event", [True, False, True, True] + [False] * 36))
    with pytest.warns(Caution) as caught:
        table = compare_survival(expression.with_values(values), few, endpoints=["os"])
    notes = {(row["mirna"], row["model"]): row for row in table.to_dicts()}
    assert notes["m0", "log-rank"]["note"] == "one value: no split"
    assert notes["m0", "cox"]["note"] == "no estimate: constant, separated or without events"
    assert notes["m0", "cox"]["p_value"] is None
    assert (
        notes["m2", "log-rank"]["note"] == "unequal halves: 30 low, 10 high, 30 at the median; a group without events"
    )
    assert (notes["m2", "log-rank"]["n_high"], notes["m2", "log-rank"]["n_tied"]) == (10, 30)
    assert notes["m1", "cox"]["note"] == "3 events for 1 coefficient"
    assert notes["m3", "log-rank"]["note"] == "not measured"
    assert notes["m3", "log-rank"]["q_value"] is None
    see = "See the column 'note' of the table."
    assert [str(caution.message) for caution in caught] == [
        f"the median split gives unequal halves: found 1 of 4: 'm2 × os'. {see}",
        f"a group has no events: found 1 of 4: 'm2 × os'. {see}",
        f"a split leaves one group empty: found 1 of 4: 'm0 × os'. {see}",
        f"a model has no estimate: found 3 of 4: 'm0 × os', 'm2 × os' and 'm3 × os'. {see}",
        f"a model has fewer than 5 events for each coefficient: found 1 of 4: 'm1 × os'. {see}",
    ]


def test_half_at_the_floor_makes_halves_of_136_and_19() -> None:
    expression, clinical = make(n=155, features=2)
    values = np.where(np.arange(155) < 136, 0.0, expression.values[:, 1] ** 2 + 0.1)[:, None]
    with pytest.warns(Caution) as caught:
        table = compare_survival(
            expression.take(features=[0]).with_values(values), clinical, endpoints=["os"], name="TCGA"
        )
    row = table.filter(pl.col("model") == "log-rank").row(0, named=True)
    assert (row["n_low"], row["n_high"], row["n_tied"], row["cut"]) == (136, 19, 136, 0.0)
    assert row["note"] == "unequal halves: 136 low, 19 high, 136 at the median"
    assert str(caught[0].message) == (
        "the median split gives unequal halves in cohort 'TCGA': found 1 of 1: 'm0 × os'. "
        "See the column 'note' of the table."
    )


def test_unusable_inputs_are_refused(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    with pytest.raises(TableError) as endpoint:
        compare_survival(expression, clinical.select("sample", "os_time"), endpoints=["os"])
    assert str(endpoint.value) == (
        "clinical table lacks columns of the endpoint 'os': found 'sample' and 'os_time', expected 'os_event'."
    )
    with pytest.raises(TableError) as coded:
        compare_survival(expression, clinical.with_columns(pl.col("os_event").cast(pl.Int64) + 1), endpoints=["os"])
    assert str(coded.value) == (
        "column 'os_event' does not say yes or no: found Int64 with 1 and 2, expected Boolean: True = event, False = "
        "censored. Read it through an endpoint, which knows 0/1, 1/2 and words."
    )
    with pytest.raises(TableError) as covariate:
        compare_survival(
            expression, clinical.select("sample", "os_time", "os_event", "age"), endpoints=["os"], covariates=["agee"]
        )
    assert str(covariate.value) == (
        "clinical table lacks covariates: found 'sample', 'os_time', 'os_event' and 'age', expected 'agee'. Did you "
        "mean 'age'?"
    )
    with pytest.raises(TableError) as twice:
        compare_survival(expression, pl.concat([clinical, clinical[:1]]), endpoints=["os"])
    assert str(twice.value) == "clinical table: 1 fault.\n  column sample: found 's0', expected each patient once."
    with pytest.raises(TableError) as strange:
        compare_survival(expression, clinical.with_columns(sample="x" + pl.col("sample")), endpoints=["os"])
    assert str(strange.value).startswith(
        "no sample of the matrix has the endpoint 'os': found 's0', 's1', 's2' and 117 more"
    )
    with pytest.raises(TableError) as feature:
        survival_curves(expression, clinical, feature="m11", endpoint="os")
    assert str(feature.value) == (
        "matrix has no such feature: found 'm11', expected 'm0', 'm1', 'm2' and 3 more. Did you mean 'm1'?"
    )


@pytest.mark.parametrize("rule", CUTS)
def test_every_cut_puts_high_above_low(rule: Cut) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3, 31))
    values[1] = np.round(values[1], 1)
    values[2, :4] = np.nan
    parted = split(values, rule)
    for row, member in zip(values, parted.member, strict=True):
        assert row[member == 1].min() >= row[member == 0].max()
        assert np.isnan(member[np.isnan(row)]).all()


def test_patients_at_the_median_are_low_or_high_as_said() -> None:
    values = np.array([[1.0, 2.0, 2.0, 2.0, 3.0]])
    assert split(values, "median").member.sum() == 1
    assert split(values, "median-up").member.sum() == 4
    assert split(values).n_tied.tolist() == [3]
    assert np.isnan(split(np.full((1, 3), np.nan)).cut[0])


def test_curves_and_their_tables_agree(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    curves = survival_curves(expression, clinical, feature="m1", endpoint="bcss")
    assert curves.arms["n"].to_list() == [60, 60]
    assert curves.arms["median"][0] > curves.arms["median"][1]
    start = curves.steps.filter(pl.col("time") == 0)
    assert start["survival"].to_list() == [1.0, 1.0]
    assert curves.risk.filter(pl.col("time") == 0)["n_risk"].to_list() == [60, 60]
    assert curves.risk["time"].n_unique() <= 6
    for arm in ("low", "high"):
        steps = curves.steps.filter(pl.col("arm") == arm)
        assert steps["survival"].is_sorted(descending=True)
        assert steps["n_event"].sum() == curves.arms.filter(pl.col("arm") == arm)["n_event"][0]
        incidence = curves.incidence.filter(pl.col("arm") == arm, pl.col("cause") == 1)
        # One less the curve counts deaths of other causes as if they could still come.
        assert incidence["incidence"][-1] < 1 - steps["survival"][-1]
    assert survival_curves(expression, clinical, feature="m1", endpoint="os").incidence.is_empty()


def test_scrutiny_has_every_figure(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    table = scrutinize(expression, clinical, feature="m1", endpoint="bcss", permutations=99, seed=4)
    rows = {row["figure"]: row for row in table.to_dicts()}
    assert list(rows) == ["proportional-hazards", "restricted-mean", "firth", "best-cut", "gray", "fine-gray"]
    assert rows["restricted-mean"]["effect"] < 0 < rows["firth"]["effect"]
    assert rows["best-cut"]["p_value"] == 0.01
    assert rows["gray"]["p_value"] < 0.01
    assert rows["fine-gray"]["effect"] > 0
    assert table.equals(scrutinize(expression, clinical, feature="m1", endpoint="bcss", permutations=99, seed=4))
    assert scrutinize(expression, clinical, feature="m1", endpoint="os", permutations=9).height == 4
    with pytest.raises(TableError) as constant:
        scrutinize(expression.with_values(np.ones_like(expression.values)), clinical, feature="m1", endpoint="os")
    assert "found 1 different values" in str(constant.value)


def test_the_multiverse_holds_every_choice(cohort: tuple[Expression, pl.DataFrame]) -> None:
    expression, clinical = cohort
    subsets = {"all": "", "HER2+": 'her2 == "+"', "nobody": "age > 500"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = multiverse(expression, clinical, features=["m1", "m0"], endpoints=["os", "bcss"], subsets=subsets)
    assert table.filter(pl.col("subset") != "nobody").height == 2 * 2 * 2 * (len(CUTS) + 1)
    nobody = table.filter(pl.col("subset") == "nobody")
    assert nobody["p_value"].is_null().all()
    assert nobody["note"][0] == "no sample of the matrix has the endpoint 'os'"
    true = table.filter(pl.col("mirna") == "m1", pl.col("subset") == "all")
    assert (true["p_value"] < 0.05).all()
    assert (true["effect"] > 0).all()


def test_cohorts_are_pooled_for_a_forest() -> None:
    tests = {}
    for seed, name in ((1, "A"), (2, "B")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Caution)
            tests[name] = compare_survival(*make(seed), endpoints=["os"])
    table = pool_cohorts(tests)
    rows = table.filter(pl.col("mirna") == "m1")
    assert rows["source"].to_list() == ["A", "B", "fixed", "random"]
    single, pooled = rows[:2], rows.row(2, named=True)
    assert single["effect"].min() < pooled["effect"] < single["effect"].max()
    assert pooled["ci_high"] - pooled["ci_low"] < (single["ci_high"] - single["ci_low"]).min()
    assert pooled["n_event"] == single["n_event"].sum()
    assert pooled["q_value"] < 0.001
    assert single["q_value"].is_null().all()


def test_false_discoveries_and_intervals_keep_their_level() -> None:
    false, covered, total = 0, 0, 0
    for seed in range(12):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Caution)
            table = compare_survival(*make(100 + seed, features=40, effect=0.6), endpoints=["os"])
        continuous = table.filter(pl.col("model") == "cox")
        null = continuous.filter(pl.col("mirna") != "m1")
        false += int((null["q_value"] <= 0.1).any())
        covered += int(((null["ci_low"] <= 0) & (null["ci_high"] >= 0)).sum())
        total += null.height
    assert false <= 5
    # 99.9 % of binomial(468, .95) lies within 428 … 459.
    assert 0.915 <= covered / total <= 0.98
