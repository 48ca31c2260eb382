from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sensitome.cohort.association import Association, associate, correlate_lists
from sensitome.core.multiple import adjust_p
from sensitome.errors import MethodError, TableError
from sensitome.expression_matrix import Expression
from sensitome.io.parquet_sink import ParquetSink


def matrix(values: np.ndarray, prefix: str, samples: list[str] | None = None) -> Expression:
    names = samples or [f"s{i}" for i in range(len(values))]
    features = [f"{prefix}{j}" for j in range(values.shape[1])]
    return Expression(values, pl.DataFrame({"sample": names}), pl.DataFrame({"feature": features}))


@pytest.fixture(scope="module")
def cohort() -> tuple[Expression, Expression]:
    rng = np.random.default_rng(7)
    mirna = rng.normal(size=(60, 40))
    gene = rng.normal(size=(60, 90))
    gene[:, :20] += 0.8 * mirna[:, [0]]
    gene[:, 20:30] -= 0.9 * mirna[:, [1]]
    gene[:5, 40] = np.nan
    gene[:, 41] = 3.0
    return matrix(mirna, "miR-"), matrix(gene, "G")


def by_name(found: Association) -> dict[str, dict[str, Any]]:
    return {row["mirna"]: row for row in found.summary.to_dicts()}


def test_a_miRNA_is_a_family_of_its_own_or_all_pairs_are_one(cohort: tuple[Expression, Expression]) -> None:
    every = associate(*cohort, keep="all").pairs
    assert every is not None
    assert every.height == 40 * 89
    for _, part in every.group_by("mirna"):
        np.testing.assert_allclose(part["q_value"], adjust_p(part["p_value"].to_numpy()))
    whole = associate(*cohort, keep="all", family="all").pairs
    assert whole is not None
    expected = adjust_p(every["p_value"].to_numpy())
    exact = expected <= 0.05
    np.testing.assert_allclose(whole["q_value"].to_numpy()[exact], expected[exact], rtol=1e-14)
    assert whole["q_value"].is_null().to_numpy()[~exact].all()
    significant = associate(*cohort, family="all").pairs
    assert significant is not None
    assert significant.equals(whole.filter(pl.col("q_value") <= 0.05))


def test_both_signs_are_kept_and_counted(cohort: tuple[Expression, Expression]) -> None:
    found = associate(*cohort)
    rows = by_name(found)
    assert (rows["miR-0"]["n_positive"], rows["miR-1"]["n_negative"]) == (20, 10)
    assert found.pairs is not None
    counts = found.pairs.group_by("mirna").agg((pl.col("effect") > 0).sum().alias("positive"), pl.len().alias("all"))
    for name, positive, total in counts.iter_rows():
        assert rows[name]["n_positive"] == positive
        assert rows[name]["n_significant"] == total
    top = (
        found.pairs.filter(pl.col("mirna") == "miR-1").sort(pl.col("effect").abs(), descending=True).row(0, named=True)
    )
    assert (rows["miR-1"]["top_gene"], rows["miR-1"]["top_effect"]) == (top["gene"], top["effect"])
    assert found.n_pairs == 40 * 89
    assert found.pairs["ci_low"].le(found.pairs["effect"]).all()
    assert found.pairs["p_t"].gt(0).all()


def test_samples_are_matched_by_name_in_any_order(cohort: tuple[Expression, Expression]) -> None:
    mirna, gene = cohort
    order = np.random.default_rng(0).permutation(60)
    turned = associate(mirna, gene.take(samples=order))
    assert turned.pairs is not None
    plain = associate(mirna, gene).pairs
    assert plain is not None
    np.testing.assert_allclose(turned.pairs["p_value"], plain["p_value"], rtol=1e-12)
    fewer = associate(mirna.take(samples=order[:50]), gene.take(samples=np.arange(55)))
    assert fewer.n_samples == len(set(order[:50].tolist()) & set(range(55)))
    reasons = dict(fewer.left_out.group_by("reason").len().iter_rows())
    assert reasons["only in the second matrix"] == 55 - fewer.n_samples
    assert reasons["only in the first matrix"] == 50 - fewer.n_samples


def test_a_sink_gets_the_same_pairs_and_threads_change_nothing(
    cohort: tuple[Expression, Expression], tmp_path: Path
) -> None:
    with ParquetSink(tmp_path / "pairs.parquet") as sink:
        found = associate(*cohort, sink=sink, jobs=2)
    plain = associate(*cohort)
    assert found.pairs is None
    assert plain.pairs is not None
    assert pl.read_parquet(tmp_path / "pairs.parquet").equals(plain.pairs)
    assert found.summary.equals(plain.summary)
    assert not (tmp_path / "pairs.parquet.part").exists()


def test_a_broken_run_leaves_no_file(tmp_path: Path) -> None:
    def write() -> None:
        with ParquetSink(tmp_path / "t.parquet") as sink:
            sink(pl.DataFrame({"a": [1]}))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_covariates_take_away_what_they_explain() -> None:
    rng = np.random.default_rng(3)
    subtype = rng.integers(0, 3, 80)
    mirna = matrix(rng.normal(size=(80, 1)) + 3 * subtype[:, None], "miR-")
    gene = matrix(rng.normal(size=(80, 30)) + 3 * subtype[:, None], "G")
    covariates = pl.DataFrame({"sample": mirna.samples["sample"], "subtype": [f"S{c}" for c in subtype]})
    assert associate(mirna, gene).summary["n_significant"][0] == 30
    adjusted = associate(mirna, gene, covariates=covariates)
    assert adjusted.summary["n_significant"][0] <= 3
    gap = covariates.with_columns(pl.when(pl.col("sample") == "s4").then(None).otherwise("subtype").alias("subtype"))
    less = associate(mirna, gene, covariates=gap)
    assert less.n_samples == 79
    assert less.left_out.rows() == [("s4", "lacks a covariate")]


def test_targets_that_are_pushed_down_are_seen_as_such(cohort: tuple[Expression, Expression]) -> None:
    targets = pl.DataFrame(
        {"mirna": ["miR-1"] * 15 + ["miR-2"] * 3, "gene": [f"G{j}" for j in range(20, 35)] + ["G1", "G2", "none"]}
    )
    rows = by_name(associate(*cohort, targets=targets))
    assert rows["miR-1"]["n_targets"] == 15
    assert rows["miR-1"]["target_delta"] < -0.4
    assert rows["miR-1"]["target_p_value"] < 0.01
    assert rows["miR-2"]["n_targets"] == 2
    assert (rows["miR-3"]["n_targets"], rows["miR-3"]["target_p_value"]) == (0, None)


def test_correlates_become_lists_by_sign(cohort: tuple[Expression, Expression]) -> None:
    found = associate(*cohort)
    assert found.pairs is not None
    lists = correlate_lists(found.pairs, fewest=5)
    sizes = dict(lists.group_by("list").len().iter_rows())
    rows = by_name(found)
    assert sizes["miR-0, positive"] == rows["miR-0"]["n_positive"]
    assert sizes["miR-1, all"] == rows["miR-1"]["n_significant"]
    assert min(sizes.values()) >= 5
    assert lists["mirna"].unique(maintain_order=True).to_list()[:2] == ["miR-0", "miR-1"]


def test_false_discoveries_stay_at_their_level() -> None:
    rng = np.random.default_rng(12)
    wrong, called = 0, 0
    for _ in range(8):
        mirna, gene = rng.normal(size=(50, 20)), rng.normal(size=(50, 200))
        gene[:, :40] += 0.7 * mirna[:, [0]]
        pairs = associate(matrix(mirna, "m"), matrix(gene, "G"), family="all", p_method="t").pairs
        assert pairs is not None
        true = (pl.col("mirna") == "m0") & pl.col("gene").str.slice(1).cast(pl.Int32).lt(40)
        wrong += pairs.filter(~true).height
        called += pairs.height
    assert called > 150
    assert wrong / called < 0.09


def test_matrices_without_common_samples_are_refused() -> None:
    first, second = matrix(np.ones((4, 1)), "m", ["a", "b", "c", "d"]), matrix(np.ones((2, 1)), "G", ["x", "y"])
    with pytest.raises(TableError) as caught:
        associate(first, second)
    assert str(caught.value) == (
        "the two matrices have no sample in common: found 'a', 'b', 'c' and 1 more against 'x' and 'y', expected the "
        "same names of samples. Bring the names into one form: TCGA barcodes, say, to sample or patient."
    )
    with pytest.raises(MethodError) as few:
        associate(first.take(samples=[0, 1, 2]), first.take(samples=[1, 2]))
    assert str(few.value) == (
        "too few samples to correlate: found 2, expected at least 4 that both matrices have. Check the names of the "
        "samples."
    )


def test_covariates_without_a_key_are_refused() -> None:
    both = matrix(np.ones((4, 1)), "m")
    with pytest.raises(TableError) as caught:
        associate(both, both, covariates=pl.DataFrame({"age": [1]}))
    assert str(caught.value) == ("covariates cannot be used.\n  column sample: a column 'sample' (there is 'age').")
    with pytest.raises(TableError) as twice:
        associate(both, both, covariates=pl.DataFrame({"sample": ["s0", "s0"], "age": [1, 2]}))
    assert str(twice.value) == "covariates cannot be used.\n  column sample: found 's0', expected each sample once."


def test_micma_has_the_published_numbers_of_significant_mrnas(shared: Path) -> None:
    folder = shared / "data" / "mirna_arrays"
    mirna = pl.read_csv(folder / "GSE19536_mirna.csv.gz", infer_schema_length=None)
    gene = pl.read_csv(folder / "GSE19536_mrna_subset_98.tsv.gz", separator="\t", infer_schema_length=None)
    wide = []
    for table in (mirna, gene):
        key, *samples = table.columns
        first = table.unique(key, keep="first", maintain_order=True)
        wide.append(
            Expression(
                first.select(pl.col(samples).cast(pl.Float64, strict=False)).to_numpy().T.copy(),
                pl.DataFrame({"sample": samples}),
                first.select(pl.col(key).alias("feature")),
            )
        )
    found = associate(*wide, p_method="t")
    rows = by_name(found)
    counts = {
        name: (rows[f"hsa-{name}"]["n_positive"], rows[f"hsa-{name}"]["n_negative"])
        for name in ("miR-101-5p", "miR-106a-5p", "miR-1237-3p", "miR-29a-3p", "miR-29c-3p", "miR-744-3p")
    }
    assert counts["miR-101-5p"] == (119, 0)
    assert counts["miR-106a-5p"] == (1, 47)
    assert counts["miR-1237-3p"] == (0, 0)
    assert sum(counts["miR-29a-3p"]) == 1
    assert counts["miR-29c-3p"] == (106, 1)
    assert sum(counts["miR-744-3p"]) == 40
    top = rows["hsa-miR-29c-3p"]
    assert str(top["top_gene"]).endswith("CA12")
    assert (round(float(top["top_effect"]), 6), f"{top['top_p_value']:.3e}") == (0.707808, "3.669e-16")
    assert f"{rows['hsa-miR-101-5p']['top_p_value']:.3e}" == "1.692e-13"
