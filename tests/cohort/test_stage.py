from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sensitome.cohort.stage import compare_stages, stage_numbers
from sensitome.core.multiple import adjust_p
from sensitome.core.rank_sum import rank_sum
from sensitome.errors import MethodError, TableError
from sensitome.expression_matrix import Expression
from sensitome.io.wide_matrix import read_wide_matrix


def cohort(values: np.ndarray) -> Expression:
    samples = pl.DataFrame({"sample": [f"s{i}" for i in range(len(values))]})
    return Expression(values, samples, pl.DataFrame({"feature": [f"m{j}" for j in range(values.shape[1])]}))


@pytest.fixture
def made() -> tuple[Expression, pl.DataFrame]:
    rng = np.random.default_rng(5)
    stage = np.repeat([0, 1, 2, 3], [4, 12, 20, 9])
    values = rng.normal(size=(45, 5))
    values[:, 1] += 0.8 * stage
    values[3, 2] = np.nan
    values[:, 3] = np.maximum(values[:, 3], 0.1)
    values[:, 4] = 2.0
    return cohort(values), pl.DataFrame({"sample": [f"s{i}" for i in range(45)], "stage": stage})


def test_pairs_of_stages_have_wilcoxons_numbers(made: tuple[Expression, pl.DataFrame]) -> None:
    expression, stages = made
    found = compare_stages(expression, stages)
    assert found.contrasts.height == 15
    assert found.contrasts["mirna"].to_list()[:3] == ["m0"] * 3
    row = found.contrasts.filter(pl.col("mirna") == "m1", pl.col("stage_a") == "1", pl.col("stage_b") == "3").row(
        0, named=True
    )
    x, y = expression.values[4:16, 1], expression.values[36:, 1]
    alone = rank_sum(x[None], y[None])
    assert (row["statistic"], row["p_value"]) == (alone.statistic[0], alone.p[0])
    assert (row["n_a"], row["n_b"], row["is_exact"]) == (12, 9, True)
    assert row["effect"] == pytest.approx(np.median(y[:, None] - x[None]))
    assert row["ci_low"] < row["effect"] < row["ci_high"]
    assert row["delta"] == pytest.approx(1 - 2 * row["statistic"] / 108)
    assert row["effect"] > 0
    p = found.contrasts.filter(pl.col("mirna") == "m1")["p_value"].to_numpy()
    np.testing.assert_allclose(found.contrasts.filter(pl.col("mirna") == "m1")["p_holm"], adjust_p(p, method="holm"))
    floored = found.contrasts.filter(pl.col("mirna") == "m3")
    assert not floored["is_exact"].any()


def test_stages_with_too_few_patients_are_named(made: tuple[Expression, pl.DataFrame]) -> None:
    expression, stages = made
    unknown = stages.with_columns(pl.when(pl.col("sample") == "s44").then(None).otherwise("stage").alias("stage"))
    assert compare_stages(expression, unknown).patients.rows() == [
        ("0", 4, False, "fewer than 5 patients"),
        ("1", 12, True, ""),
        ("2", 20, True, ""),
        ("3", 8, True, ""),
        (None, 1, False, "stage unknown"),
    ]


def test_a_trend_is_seen_and_constant_features_have_none(made: tuple[Expression, pl.DataFrame]) -> None:
    trend = compare_stages(*made, permutations=199, seed=1).trend
    rows = {row["mirna"]: row for row in trend.to_dicts()}
    assert rows["m1"]["p_value"] < 0.001
    assert rows["m1"]["effect"] > 0.3
    assert rows["m1"]["kruskal_p"] < 0.01
    assert rows["m1"]["is_exact"]
    assert rows["m3"]["is_exact"]
    assert rows["m3"]["p_value"] >= 1 / 200
    assert rows["m4"]["kruskal_p"] is None
    assert trend.equals(compare_stages(*made, permutations=199, seed=1).trend)


def test_order_of_rows_does_not_matter(made: tuple[Expression, pl.DataFrame]) -> None:
    expression, stages = made
    order = np.random.default_rng(0).permutation(45)
    turned = compare_stages(expression.take(samples=order), stages.sample(fraction=1.0, shuffle=True, seed=3))
    assert_frame_equal(turned.contrasts, compare_stages(*made).contrasts)


def test_stages_are_read_in_every_spelling() -> None:
    words = ["Stage I", "stage iia", "IIIC", "iv", "2", "3.0", "0", "stage x", "T2", "", None]
    assert stage_numbers(pl.Series(words)).to_list() == [1, 2, 3, 4, 2, 3, 0, None, None, None, None]
    assert stage_numbers(pl.Series([1.0, 4.0])).to_list() == [1, 4]


def test_too_few_stages_and_strange_samples_are_refused(made: tuple[Expression, pl.DataFrame]) -> None:
    expression, stages = made
    with pytest.raises(MethodError) as few:
        compare_stages(expression, stages, fewest=15)
    assert str(few.value) == (
        "too few stages to compare: found stage 0: 4, stage 1: 12, stage 2: 20, stage 3: 9, expected two stages with "
        "at least 15 patients. Lower the number of patients that a stage needs, or join stages."
    )
    with pytest.raises(TableError) as strange:
        compare_stages(expression, stages.with_columns(sample=pl.lit("x") + pl.col("sample")))
    assert str(strange.value) == (
        "no sample of the matrix has a stage: found 's0', 's1', 's2' and 42 more against 'xs0', 'xs1', 'xs2' and 42 "
        "more, expected the same names of samples."
    )
    with pytest.raises(TableError) as lacking:
        compare_stages(expression, stages.rename({"stage": "grade"}))
    assert str(lacking.value) == "table of stages lacks columns: found 'sample' and 'grade', expected 'stage'."


def test_micma_differs_between_er_groups_as_recorded(shared: Path) -> None:
    folder = shared / "data" / "mirna_arrays"
    pheno = pl.read_csv(folder / "GSE19536_pheno_ER.csv")
    with pytest.warns(UserWarning, match="matrix names features twice"):
        mirna = read_wide_matrix(folder / "GSE19536_mirna.csv.gz")
    stages = pheno.select(pl.col(pheno.columns[0]).alias("sample"), pl.col(pheno.columns[-1]).alias("stage"))
    wanted = ["101-5p", "106a-5p", "1237-3p", "29a-3p", "29c-3p", "744-3p"]
    names = mirna.features["feature"].to_list()
    part = mirna.take(features=[names.index(f"hsa-miR-{name}") for name in wanted])
    found = compare_stages(part, stages).contrasts
    recorded = {
        "101-5p": (1615, 2.39163e-4),
        "106a-5p": (776, 0.0123537),
        "1237-3p": (1187, 0.603388),
        "29a-3p": (1133, 0.903221),
        "29c-3p": (1879, 1.91969e-8),
        "744-3p": (1547, 0.00151142),
    }
    for name, (w, p) in recorded.items():
        row = found.filter(pl.col("mirna") == f"hsa-miR-{name}").row(0, named=True)
        assert (row["stage_a"], row["statistic"]) == ("case", w)
        assert row["p_value"] == pytest.approx(p, rel=1e-5)
