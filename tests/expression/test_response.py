from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.group_ranks import kruskal_wallis
from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.expression.effects import compare_groups, estimate_effects
from sensitome.expression.response import measure_response
from sensitome.expression.summary import p_in_words, responding, table_of_groups
from sensitome.expression.trials import response_design
from sensitome.expression_matrix import Expression

ARMS = ("none", "T", "L", "TL")
GROUPS = {"all": ["A", "B", "C", "D"], "responding": ["A", "B"], "poor": ["C", "D"]}


def made(values: np.ndarray, *, lines: str = "ABCD", copies: int = 2, detected: np.ndarray | None = None) -> Expression:
    rows = [(line, arm, copy) for line in lines for arm in ARMS for copy in range(copies)]
    samples = pl.DataFrame(
        {
            "sample": [f"{line}-{arm}-{copy}" for line, arm, copy in rows],
            "cell_line": [line for line, _, _ in rows],
            "treatment": [arm for _, arm, _ in rows],
        }
    )
    features = pl.DataFrame({"feature": [f"miR-{i}" for i in range(values.shape[1])]})
    return Expression(values, samples, features, detected)


def recorded(oracle: Path, name: str) -> np.ndarray:
    return np.genfromtxt(oracle / "response" / f"{name}.csv", delimiter=",", names=True)


@pytest.fixture
def limma_case(oracle: Path) -> Expression:
    return made(np.genfromtxt(oracle / "response" / "input.csv", delimiter=",", skip_header=1).T)


def test_the_moderated_f_of_the_arms_is_that_of_limma(oracle: Path, limma_case: Expression) -> None:
    table = measure_response(limma_case, groups={"all": list("ABCD")}, vehicle="none", test="moderated")
    expected = recorded(oracle, "f_expected")
    np.testing.assert_allclose(table["statistic"], expected["F"], rtol=1e-10)
    np.testing.assert_allclose(table["p_value"], expected["p"], rtol=1e-10)
    assert table["df"].unique().to_list() == [3]


def test_effects_and_intervals_of_an_arm_are_those_of_limma(oracle: Path, limma_case: Expression) -> None:
    table = estimate_effects(limma_case, groups={"all": list("ABCD")}, vehicle="none").filter(pl.col("arm") == "TL")
    expected = recorded(oracle, "effect_expected")
    for ours, theirs in {"effect": "effect", "ci_low": "low", "ci_high": "high", "t": "t", "p_value": "p"}.items():
        np.testing.assert_allclose(table[ours], expected[theirs], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(table["q_value"], expected["q"], rtol=1e-9)


def test_the_difference_of_groups_is_that_of_limma(oracle: Path, limma_case: Expression) -> None:
    groups = {"responding": ["A", "B"], "poor": ["C", "D"]}
    table = compare_groups(limma_case, groups=groups, vehicle="none").filter(pl.col("arm") == "L")
    expected = recorded(oracle, "interaction_expected")
    for ours, theirs in {"effect": "effect", "ci_low": "low", "ci_high": "high", "p_value": "p"}.items():
        np.testing.assert_allclose(table[ours], expected[theirs], rtol=1e-9, atol=1e-12)
    assert table["group"].unique().to_list() == ["responding − poor"]
    assert table["cell_lines"].unique().to_list() == ["A, B − C, D"]
    top = table.sort("p_value")["feature"][:10].to_list()
    assert len(set(top) & {f"miR-{i}" for i in range(20, 30)}) >= 3


def test_the_papers_test_pools_the_lines_of_each_group() -> None:
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(size=(32, 6)), 1)
    detected = np.ones(values.shape, dtype=bool)
    detected[:16, 5] = False
    table = measure_response(made(values, detected=detected), groups=GROUPS, vehicle="none")
    assert table.group_by("group", maintain_order=True).len().rows() == [("all", 6), ("responding", 5), ("poor", 6)]
    arms = np.tile(np.repeat(np.arange(4), 2), 2)
    expected = kruskal_wallis(values[:16, :5].T, arms)
    own = table.filter(pl.col("group") == "responding")
    np.testing.assert_allclose(own["p_value"], expected.p)
    assert own["n"].unique().to_list() == [16]
    assert own["cell_lines"][0] == "A, B"
    two = measure_response(made(values), groups=GROUPS, vehicle="none", comparison="treated")
    assert two["df"].unique().to_list() == [1]
    each = measure_response(made(values), groups={"poor": ["C", "D"]}, vehicle="none", comparison="each")
    assert each["comparison"].unique(maintain_order=True).to_list() == [
        "T against none", "L against none", "TL against none",
    ]  # fmt: skip
    own = np.isin(arms, [0, 2])
    expected = kruskal_wallis(values[16:].T[:, own], arms[own] // 2)
    np.testing.assert_allclose(each.filter(pl.col("arm") == "L")["p_value"], expected.p)


def test_shuffled_samples_give_the_same_answer() -> None:
    rng = np.random.default_rng(2)
    e = made(rng.normal(size=(32, 4)))
    shuffled = e.take(samples=rng.permutation(32))
    for test in ("kruskal", "blocked", "aligned", "moderated"):
        first = measure_response(e, groups=GROUPS, vehicle="none", test=test)
        second = measure_response(shuffled, groups=GROUPS, vehicle="none", test=test)
        np.testing.assert_allclose(first["p_value"], second["p_value"], rtol=1e-9)


def test_tests_within_lines_find_what_differences_between_lines_hide() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(32, 40)) * 0.5 + np.repeat(rng.normal(size=(4, 40)) * 5, 8, axis=0)
    values[:, :20] += 2.0 * np.array([arm == "TL" for _ in "ABCD" for arm in ARMS for _ in range(2)])[:, None]
    found = {
        test: measure_response(
            made(values), groups={"all": list("ABCD")}, vehicle="none", test=test, rng=rng, draws=499
        )
        for test in ("kruskal", "blocked", "aligned", "permutation", "moderated")
    }
    hits = {test: (table["p_value"][:20] < 0.01).sum() for test, table in found.items()}
    assert hits["kruskal"] <= 5
    assert min(hits[test] for test in ("blocked", "aligned", "permutation", "moderated")) >= 15
    first = found["moderated"].row(0, named=True)
    assert first["arm"] == "TL"
    assert first["change"] == pytest.approx(2.0, abs=0.8)


def test_features_without_enough_values_have_no_p(recwarn: pytest.WarningsRecorder) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(32, 4))
    values[:, 0] = np.nan
    values[1:, 1] = np.nan
    values[:8, 2] = np.nan
    for test in ("kruskal", "blocked", "aligned", "permutation", "moderated"):
        table = measure_response(
            made(values), groups={"all": list("ABCD")}, vehicle="none", test=test, rng=rng, draws=49
        )
        assert table["p_value"].is_null().to_list() == [True, True, False, False]
        assert table["q_value"].is_null().to_list() == [True, True, False, False]
        assert table["n"].to_list() == [0, 1, 24, 32]


def test_designs_that_cannot_reach_significance_are_told() -> None:
    one_copy = made(np.zeros((8, 1)), lines="AB", copies=1)
    with pytest.warns(Caution) as caught:
        table = response_design(one_copy, groups={"responding": ["A", "B"]}, vehicle="none")
    assert str(caught[0].message) == (
        "design cannot reach significance by the rank test in group 'responding': found smallest possible p 0.0833, "
        "expected below 0.05. Add replicates, or use the moderated model."
    )
    assert table["arrays"][0] == "none 2, T 2, L 2, TL 2"
    treated = response_design(one_copy, groups={"responding": ["A", "B"]}, vehicle="none", comparison="treated")
    assert treated["smallest_p"][0] == pytest.approx(0.0455, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"groups": {"x": ["A", "KPL"]}},
            "cell lines without arrays in group 'x': found 'KPL', expected 'A', 'B', 'C' or 'D'.",
        ),
        (
            {"vehicle": "DMSO"},
            "group has nothing to compare in group 'all': found treatments 'none', 'T', 'L' and 'TL', expected 'DMSO' "
            "and at least one drug arm.",
        ),
    ],
)
def test_groups_that_do_not_fit_are_refused(change: dict, message: str) -> None:
    with pytest.raises(LayoutError) as caught:
        measure_response(made(np.zeros((32, 2))), **{"groups": GROUPS, "vehicle": "none", **change})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"test": "kruskall"},
            "unknown test of response: found 'kruskall', expected 'kruskal', 'blocked', 'aligned', 'permutation' or "
            "'moderated'. Did you mean 'kruskal'?",
        ),
        ({"comparison": "pairs"}, "unknown comparison: found 'pairs', expected 'arms', 'treated' or 'each'."),
        (
            {"test": "permutation"},
            "test 'permutation' needs a source of chance: expected rng, a NumPy generator with a seed that is kept.",
        ),
    ],
)
def test_unknown_choices_are_refused(change: dict, message: str) -> None:
    with pytest.raises(MethodError) as caught:
        measure_response(made(np.zeros((32, 2))), groups=GROUPS, vehicle="none", **change)
    assert str(caught.value) == message


def test_samples_without_a_line_or_groups_that_overlap_are_refused() -> None:
    e = made(np.zeros((32, 2)))
    nameless = Expression(e.values, e.samples.drop("cell_line"), e.features)
    with pytest.raises(LayoutError) as caught:
        measure_response(nameless, groups=GROUPS, vehicle="none")
    assert str(caught.value) == (
        "samples lack 'cell_line': found columns 'sample' and 'treatment'. Add the columns to the list of arrays."
    )
    with pytest.raises(LayoutError) as caught:
        compare_groups(e, groups={"x": ["A", "B"], "y": ["B"]}, vehicle="none")
    assert str(caught.value) == (
        "groups of lines cannot be compared: found 'x: A, B' or 'y: B', expected two groups that share no line."
    )


def test_table_1_has_the_papers_layout() -> None:
    rows = [
        ("all", "A, B", "hsa-miR-25*", 0.0049),
        ("all", "A, B", "hsa-let-7b*", 0.0204),
        ("all", "A, B", "hsa-miR-1", 0.2),
        ("responding", "A", "hsa-miR-25*", 0.017),
        ("poor", "B", "hsa-miR-9", 0.3),
    ]
    response = pl.DataFrame(rows, schema=["group", "cell_lines", "feature", "p_value"], orient="row").with_columns(
        pl.col("p_value").alias("q_value"), pl.lit("T").alias("arm"), pl.lit(0.5).alias("change")
    )
    assert table_of_groups(response).rows() == [
        ("all", "A, B", 2, r"hsa-let-7b\* (p = 0.02), **hsa-miR-25\* (p = 5E-3)**"),
        ("responding", "A", 1, r"**hsa-miR-25\* (p = 0.02)**"),
        ("poor", "B", 0, ""),
    ]
    assert responding(response, alpha=0.01)["is_repeated"].to_list() == [False]
    assert p_in_words(0.05) == "0.05"
