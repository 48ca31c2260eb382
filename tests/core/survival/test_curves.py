from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.survival.kaplan_meier import (
    INTERVALS,
    Curve,
    at_risk,
    interval,
    kaplan_meier,
    mean_difference,
    quantile,
    restricted_mean,
    survival_at,
)
from sensitome.core.survival.times import merge_times


@pytest.fixture(scope="module")
def curves(oracle: Path) -> dict[str, Curve]:
    table = pl.read_csv(oracle / "survival" / "input.csv")
    high = table["x"].to_numpy() > table["x"].median()
    time, event = table["time"].to_numpy(), table["status"].to_numpy() == 1
    return {name: kaplan_meier(time[part], event[part]) for name, part in (("low", ~high), ("high", high))}


@pytest.mark.parametrize("kind", INTERVALS)
def test_curves_and_intervals_equal_r(oracle: Path, curves: dict[str, Curve], kind: str) -> None:
    table = pl.read_csv(oracle / "survival" / f"km_{kind}.csv", null_values="NA", schema_overrides={"lo": pl.Float64})
    for arm, curve in curves.items():
        r = table.filter(pl.col("arm") == arm)
        steps = curve.n_event > 0
        low, high = interval(curve, kind=kind)  # type: ignore[arg-type]
        ours = {"time": curve.time, "lo": low, "hi": high}
        if "n_risk" in r.columns:
            ours |= {"n_risk": curve.n_risk, "n_event": curve.n_event, "survival": curve.survival}
            ours["se"] = curve.survival * curve.log_se
        for column, values in ours.items():
            np.testing.assert_allclose(values[steps], r[column].cast(pl.Float64).to_numpy(), rtol=1e-10, atol=1e-14)


def test_medians_and_other_quantiles_equal_r(oracle: Path, curves: dict[str, Curve]) -> None:
    rows = pl.read_csv(oracle / "survival" / "quantile.csv", null_values="NA").to_dicts()
    rows += [
        {"arm": r["arm"], "kind": "log", "share": 0.5, "quantile": r["median"], "lo": r["lo"], "hi": r["hi"]}
        for r in pl.read_csv(oracle / "survival" / "median.csv").to_dicts()
    ]
    for r in rows:
        expected = [np.nan if r[name] is None else r[name] for name in ("quantile", "lo", "hi")]
        answer = quantile(curves[r["arm"]], share=r["share"], kind=r["kind"])
        np.testing.assert_allclose(answer, expected, rtol=1e-10)


def test_a_flat_at_one_half_has_its_median_in_the_middle() -> None:
    everyone = np.ones(4, dtype=bool)
    assert quantile(kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), everyone))[0] == 2.5
    assert np.isnan(quantile(kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), everyone & [True, False, False, False]))[0])


def test_restricted_means_equal_r(oracle: Path, curves: dict[str, Curve]) -> None:
    for r in pl.read_csv(oracle / "survival" / "rmst.csv").to_dicts():
        answer = restricted_mean(curves[r["arm"]], until=r["tau"])
        np.testing.assert_allclose(answer, [r["rmst"], r["se"]], rtol=1e-10)
    difference = mean_difference(curves["high"], curves["low"], until=120.0)
    assert difference.value == pytest.approx(73.05209364929168 - 52.41986477285608)
    assert difference.low < difference.value < difference.high
    assert difference.p == pytest.approx(0.00304, abs=1e-5)


def test_times_split_by_rounding_are_one_time() -> None:
    merged = merge_times(np.array([0.1 + 0.2, 0.3, 1.0]))
    assert merged[0] == merged[1]
    curve = kaplan_meier(np.array([0.1 + 0.2, 0.3, 1.0]), np.ones(3, dtype=bool))
    np.testing.assert_allclose(curve.survival, [1 / 3, 0])
    assert merge_times(np.array([2.0])).tolist() == [2.0]


def test_numbers_at_risk_count_those_not_yet_gone() -> None:
    curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, False, True, False]))
    assert at_risk(curve, np.array([0.0, 1.0, 1.5, 2.0, 5.0, 6.0])).tolist() == [4, 4, 3, 3, 1, 0]
    np.testing.assert_allclose(survival_at(curve, np.array([0.5, 1.0, 3.0])), [1, 0.75, 0.5])
    assert restricted_mean(curve, until=0.5) == (0.5, 0.0)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(300):
        time, censored = rng.exponential(1.0, 60), rng.uniform(0.5, 4.0, 60)
        curve = kaplan_meier(np.minimum(time, censored), time <= censored)
        low, high = interval(curve)
        place = np.searchsorted(curve.time, 0.7, side="right") - 1
        covered += bool(low[place] <= np.exp(-0.7) <= high[place])
    # 99.9 % of binomial(300, .95) lies within 271 … 297.
    assert 271 <= covered <= 297
