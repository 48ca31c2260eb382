from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensitome.enrichment.conventions import CONVENTIONS
from sensitome.enrichment.over_representation import enrich
from sensitome.errors import Caution, MethodError, TableError
from sensitome.io.gene_sets import read_gene_list, read_gene_sets

SETS = pl.DataFrame(
    [(name, gene) for name, genes in {"one": "ABCD", "two": "CDEFG", "three": "XYZ"}.items() for gene in genes],
    schema=["gene_set", "gene"],
    orient="row",
)


def listed(**lists: str) -> pl.DataFrame:
    return pl.DataFrame(
        [(name, gene) for name, genes in lists.items() for gene in genes], schema=["list", "gene"], orient="row"
    )


@pytest.mark.parametrize("case", ["union", "background"])
def test_gseapy_offline_is_reproduced(oracle: Path, case: str) -> None:
    folder = oracle / "enrichment"
    universe = None if case == "union" else read_gene_list(folder / "background.txt")
    lists = pl.DataFrame({"list": "a", "gene": read_gene_list(folder / "query.txt")})
    ours = enrich(lists, read_gene_sets(folder / "sets.gmt"), convention="gseapy", universe=universe).sort("gene_set")
    theirs = pl.read_csv(folder / f"gseapy_{case}.csv")
    assert ours["gene_set"].to_list() == theirs["gene_set"].to_list()
    assert ours.select(pl.format("{}/{}", "overlap", "set_size")).to_series().to_list() == theirs["overlap"].to_list()
    for column, their in {
        "p_value": "p",
        "q_value": "q",
        "odds_ratio": "odds_ratio",
        "combined_score": "combined_score",
    }.items():
        np.testing.assert_allclose(ours[column], theirs[their], rtol=1e-9)


@pytest.mark.parametrize("name", ["clusterprofiler", "fora"])
def test_the_rules_of_the_r_packages_are_followed(oracle: Path, name: str) -> None:
    folder = oracle / "enrichment"
    lists = pl.DataFrame({"list": "a", "gene": read_gene_list(folder / "query.txt")})
    universe = read_gene_list(folder / "background.txt")
    ours = enrich(lists, read_gene_sets(folder / "sets.gmt"), convention=name, universe=universe).sort("gene_set")
    theirs = pl.read_csv(folder / f"{name}.csv").sort("gene_set")
    for column, their in {
        "gene_set": "gene_set",
        "overlap": "x",
        "set_size": "K",
        "list_size": "n",
        "universe_size": "N",
    }.items():
        assert ours[column].to_list() == theirs[their].to_list()
    np.testing.assert_allclose(ours["p_value"], theirs["p"], rtol=1e-12)
    np.testing.assert_allclose(ours["q_value"], theirs["q"], rtol=1e-12)


def test_a_small_case_is_counted_by_hand() -> None:
    row = enrich(listed(a="ACDQ"), SETS, convention="enrichr").row(0, named=True)
    assert (row["gene_set"], row["overlap"], row["set_size"], row["list_size"]) == ("one", 3, 4, 4)
    assert row["odds_ratio"] == 3 * (20_000 - 4 - 4 + 3) / 1
    assert row["genes"] == "A;C;D"
    assert row["expected"] == 16 / 20_000
    assert row["combined_score"] == pytest.approx(-np.log(row["p_value"]) * row["odds_ratio"], rel=1e-12)
    assert row["log10_p"] == pytest.approx(np.log10(row["p_value"]))


def test_conventions_differ_in_what_they_count() -> None:
    lists, universe = listed(a="ACDQ"), list("ABCDEFGQRSTUV")
    counted = {}
    for name in CONVENTIONS:
        record = replace(CONVENTIONS[name], smallest=1)
        row = enrich(lists, SETS, convention=record, universe=universe).row(0, named=True)
        counted[name] = (row["list_size"], row["universe_size"], row["n_tested"])
    assert counted == {
        "enrichr-2018": (4, 20_000, 2),
        "enrichr-2020": (4, 20_000, 3),
        "enrichr": (4, 20_000, 2),
        "speedrichr": (4, 13, 2),
        "gseapy": (4, 13, 2),
        "clusterprofiler": (3, 7, 2),
        "fora": (4, 13, 2),
        "recommended": (3, 7, 2),
    }


def test_case_of_symbols_counts_only_where_the_tool_minds() -> None:
    assert enrich(listed(a="acd"), SETS, convention="enrichr")["overlap"][0] == 3
    with pytest.raises(TableError):
        enrich(listed(a="acd"), SETS, convention="gseapy")


def test_overlaps_beyond_floating_point_keep_their_order() -> None:
    genes = [f"G{i}" for i in range(2000)]
    sets = pl.DataFrame({"gene_set": ["big"] * 900 + ["bigger"] * 1000, "gene": genes[:900] + genes[:1000]})
    table = enrich(pl.DataFrame({"list": "a", "gene": genes[:1000]}), sets, convention="enrichr-2018")
    assert table["gene_set"].to_list() == ["bigger", "big"]
    assert table["p_value"].to_list() == [0.0, 0.0]
    assert table["log10_p"][0] < table["log10_p"][1] < -300


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from("ABCDEFGXYZQRS"), min_size=1, max_size=20), st.randoms())
def test_order_and_repeats_of_genes_do_not_matter(genes: list[str], random: object) -> None:
    if not set(genes) & set("ABCDEFGXYZ"):
        return
    shuffled = [*genes, *genes]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = enrich(listed(a="".join(genes)), SETS, convention="enrichr")
    second = enrich(listed(a="".join(shuffled)), SETS.reverse(), convention="enrichr")
    columns = ["gene_set", "overlap", "p_value", "q_value", "genes"]
    assert first.select(columns).sort("gene_set").equals(second.select(columns).sort("gene_set"))
    assert (first["q_value"] >= first["p_value"] * (1 - 1e-12)).all()


def test_two_sided_tests_are_an_option() -> None:
    record = replace(CONVENTIONS["fora"], tail="two-sided")
    universe = list("ABCDEFGXYZQRS")
    table = enrich(listed(a="ABCD"), SETS, convention=record, universe=universe).sort("gene_set")
    upper = enrich(listed(a="ABCD"), SETS, convention="fora", universe=universe).sort("gene_set")
    assert table["p_value"][0] == pytest.approx(1 / 715)
    assert upper.filter(pl.col("gene_set") == "three")["p_value"][0] == 1.0
    assert table.filter(pl.col("gene_set") == "three")["p_value"][0] == pytest.approx(1 - 181 / 286 + 97 / 286, abs=0.5)


def test_lists_without_an_annotated_gene_are_told() -> None:
    with pytest.warns(Caution) as caught:
        table = enrich(listed(a="AB", lost="Q"), SETS, convention="enrichr")
    assert str(caught[0].message) == (
        "lists without a gene in any gene set: found 'lost'. They have no enrichment; check how their genes are named."
    )
    assert set(table["list"]) == {"a"}


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        (
            ["ENSG1", "ENSG2"],
            "no gene of the lists is in any gene set: found 'ENSG1' and 'ENSG2', expected symbols as the gene sets "
            "have them, like 'A', 'B' or 'C'. Use the same kind of names in both.",
        ),
        (
            ["10-Sep"],
            "no gene of the lists is in any gene set: found '10-SEP', expected symbols as the gene sets have them, "
            "like 'A', 'B' or 'C'. Excel turned symbols into dates.",
        ),
    ],
)
def test_a_query_without_any_annotated_gene_is_refused(genes: list[str], message: str) -> None:
    with pytest.raises(TableError) as caught:
        enrich(pl.DataFrame({"list": "a", "gene": genes}), SETS, convention="enrichr")
    assert str(caught.value) == message


def test_a_universe_smaller_than_the_query_is_refused() -> None:
    record = replace(CONVENTIONS["enrichr"], universe_size=3)
    with pytest.raises(MethodError) as caught:
        enrich(listed(a="ABCD"), SETS, convention=record)
    assert str(caught.value) == (
        "universe is smaller than the list 'a': found 3 genes in the universe, 4 in the list, expected a universe that "
        "holds every list and set. Give all genes that were measured, or a convention that leaves others out."
    )


def test_choices_that_are_missing_or_unknown_are_told() -> None:
    with pytest.raises(MethodError) as caught:
        enrich(listed(a="A"), SETS, convention="fora")
    assert str(caught.value) == (
        "convention 'fora' needs a universe: expected the genes that could have been in the list. Give the genes that "
        "were measured."
    )
    with pytest.raises(MethodError) as caught:
        enrich(listed(a="A"), SETS, convention="enricher")
    assert str(caught.value) == (
        "unknown convention of enrichment: found 'enricher', expected 'enrichr-2018', 'enrichr-2020', 'enrichr', "
        "'speedrichr', 'gseapy', 'clusterprofiler', 'fora' or 'recommended'. Did you mean 'enrichr'?"
    )
    with pytest.raises(TableError) as caught_:
        enrich(listed(a="A").rename({"gene": "symbol"}), SETS, convention="enrichr")
    assert str(caught_.value) == "lists of genes lack columns: found columns 'list' and 'symbol', expected 'gene'."
