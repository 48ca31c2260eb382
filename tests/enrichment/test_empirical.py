from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sensitome.enrichment.empirical import enrich_targets, target_lists
from sensitome.errors import Caution, MethodError, TableError

MIRNAS = [f"miR-{i}" for i in range(300)]
GENES = np.array([f"G{i}" for i in range(3000)])


@pytest.fixture(scope="module")
def world() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Targets of 300 miRNAs, of which some genes have ten times more than others, and sets full of such genes.

    miR-0 … miR-19 prefer the genes of the set "planted" besides.
    """
    rng = np.random.default_rng(11)
    length = rng.lognormal(0, 1, size=3000)
    by_length = np.argsort(-length)
    sets = {f"long {i}": rng.choice(by_length[:900], 60, replace=False) for i in range(20)}
    sets |= {f"any {i}": rng.choice(3000, 60, replace=False) for i in range(60)}
    sets["planted"] = rng.choice(3000, 60, replace=False)
    chance = np.clip(0.02 * length, 0, 0.6)
    hits = rng.random((300, 3000)) < chance
    hits[:20, sets["planted"]] |= rng.random((20, 60)) < 0.12
    rows, columns = np.nonzero(hits)
    targets = pl.DataFrame({"mirna": np.array(MIRNAS)[rows], "gene": GENES[columns]})
    library = [(name, gene) for name, own in sets.items() for gene in GENES[own]]
    return targets, pl.DataFrame(library, schema=["gene_set", "gene"], orient="row")


def outcome(world: tuple[pl.DataFrame, pl.DataFrame], lists: dict[str, list[str]], **choice: object) -> pl.DataFrame:
    targets, library = world
    table = pl.DataFrame(
        [(name, m) for name, own in lists.items() for m in own], schema=["list", "mirna"], orient="row"
    )
    settings = {
        "convention": "fora",
        "universe": GENES.tolist(),
        "draws": 2000,
        "rng": np.random.default_rng(1),
        **choice,
    }
    return enrich_targets(table, targets, library, expressed=MIRNAS, **settings)


def test_random_mirnas_have_pathways_by_genes_and_none_by_mirnas(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    rng = np.random.default_rng(5)
    lists = {f"random {i}": rng.choice(MIRNAS[20:], 15, replace=False).tolist() for i in range(20)}
    table = outcome(world, lists, draws=999)
    by_list = table.group_by("list").agg(
        (pl.col("q_value") < 0.05).sum().alias("nominal"), (pl.col("empirical_q") < 0.05).sum().alias("empirical")
    )
    # Twenty sets are full of genes with long 3′ UTRs: the gene-wise test calls them for any miRNAs.
    assert by_list["nominal"].min() >= 10
    assert by_list["empirical"].sum() <= 2
    assert 0.02 < (table["empirical_p"] < 0.05).mean() < 0.08


def test_a_planted_pathway_is_found_by_both(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    row = outcome(world, {"hits": MIRNAS[:15]}).filter(pl.col("gene_set") == "planted").row(0, named=True)
    assert row["q_value"] < 0.01
    assert row["empirical_q"] < 0.05
    assert row["fold_random"] > 1.3
    assert row["n_mirnas"] == 15
    assert row["draws"] == 2000


def test_p_is_never_zero_and_counts_the_list_itself(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    table = outcome(world, {"hits": MIRNAS[:15]}, draws=99)
    assert table["empirical_p"].min() == 0.01
    np.testing.assert_allclose(table["empirical_p"] * 100, (table["empirical_p"] * 100).round())
    assert (table["empirical_q"] >= table["empirical_p"]).all()


def test_the_same_seed_gives_the_same_answer_on_any_number_of_threads(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    first = outcome(world, {"hits": MIRNAS[:15]}, jobs=1)
    assert first.equals(outcome(world, {"hits": MIRNAS[:15]}, jobs=3))


def test_jaccard_asks_for_the_share_of_the_targets(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    overlap, jaccard = (outcome(world, {"hits": MIRNAS[:15]}, statistic=s) for s in ("overlap", "jaccard"))
    assert overlap["p_value"].equals(jaccard["p_value"])
    assert not overlap["empirical_p"].equals(jaccard["empirical_p"])
    assert jaccard.filter(pl.col("gene_set") == "planted")["empirical_p"][0] < 0.01


@pytest.mark.parametrize("convention", ["enrichr", "enrichr-2020", "clusterprofiler", "recommended", "gseapy"])
def test_the_gene_wise_columns_are_those_of_the_convention(
    world: tuple[pl.DataFrame, pl.DataFrame], convention: str
) -> None:
    from sensitome.enrichment.over_representation import enrich

    targets, library = world
    ours = outcome(world, {"hits": MIRNAS[:2]}, convention=convention, draws=50)
    genes = target_lists(pl.DataFrame({"list": "hits", "mirna": MIRNAS[:2]}), targets)
    alone = enrich(genes, library, convention=convention, universe=GENES.tolist())
    both = ours.join(alone, on="gene_set", suffix="_alone", maintain_order="left")
    assert both.height == alone.height
    np.testing.assert_allclose(both["q_value"], both["q_value_alone"], rtol=1e-12)
    assert both["n_tested"].equals(both["n_tested_alone"].rename("n_tested"))


def test_mirnas_that_are_not_expressed_are_told_and_drawn_from(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    targets, library = world
    lists = pl.DataFrame({"list": "a", "mirna": ["miR-1", "hsa-miR-999"]})
    with pytest.warns(Caution) as caught:
        enrich_targets(
            lists, targets, library, expressed=MIRNAS, convention="enrichr", draws=10, rng=np.random.default_rng(1)
        )
    assert str(caught[0].message) == (
        "miRNAs of the lists are not among the expressed ones: found 1: 'hsa-miR-999'. They are drawn from as well; "
        "check that lists and expression use the same names."
    )


def test_a_list_of_nearly_all_mirnas_cannot_be_compared(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    with pytest.raises(MethodError) as caught:
        outcome(world, {"most": MIRNAS[:200]})
    assert str(caught.value) == (
        "list 'most' cannot be compared with random lists: found 200 of 300 expressed miRNAs, expected at most half of "
        "them. Give all miRNAs that the untreated or treated cells express."
    )


def test_tables_without_their_columns_are_refused(world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    targets, library = world
    with pytest.raises(TableError) as caught:
        enrich_targets(
            pl.DataFrame({"list": ["a"], "feature": ["miR-1"]}),
            targets,
            library,
            expressed=MIRNAS,
            convention="enrichr",
            rng=np.random.default_rng(1),
        )
    assert str(caught.value) == "lists of miRNAs lack columns: found columns 'list' and 'feature', expected 'mirna'."
