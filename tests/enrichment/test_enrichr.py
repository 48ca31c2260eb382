"""Tables of the Enrichr server, of three eras, reproduced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.core.hypergeometric import log_upper_tail
from sensitome.enrichment.conventions import CONVENTIONS
from sensitome.enrichment.over_representation import enrich
from sensitome.io.gene_sets import read_gene_list, read_gene_sets

#: Terms of KEGG_2019_Human.
TERMS = 308


def library_behind(table: pl.DataFrame) -> pl.DataFrame:
    """A library that has the sizes and shared genes of a table of Enrichr, and as many sets."""
    rows = []
    for i, (term, overlap, genes) in enumerate(table.select("Term", "Overlap", "Genes").iter_rows()):
        shared = genes.split(";")
        size = int(overlap.split("/")[1])
        rows += [(term, gene) for gene in shared]
        rows += [(term, f"FILLER{i}_{j}") for j in range(size - len(shared))]
    rows += [(f"untouched {i}", f"UNTOUCHED{i}") for i in range(TERMS - table.height)]
    return pl.DataFrame(rows, schema=["gene_set", "gene"], orient="row")


def kegg_2019(shared: Path, table: str, genes: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    folder = shared / "data" / "enrichr"
    theirs = pl.read_csv(folder / f"DORGE_KEGG_2019_Human_table_{table}.txt", separator="\t")
    symbols = (folder / f"DORGE_Novel_predicted_{genes}.txt").read_text().split()
    return theirs, pl.DataFrame({"list": "a", "gene": symbols}), library_behind(theirs)


@pytest.mark.parametrize(("table", "genes"), [("novel_OGs", "OGs"), ("wo_epi_TSGs", "TSGs_wo_Epi")])
def test_whole_tables_of_2020_are_reproduced(shared: Path, table: str, genes: str) -> None:
    theirs, lists, library = kegg_2019(shared, table, genes)
    ours = enrich(lists, library, convention="enrichr-2020").filter(pl.col("overlap") > 0)
    assert ours["gene_set"].to_list() == theirs["Term"].to_list()
    np.testing.assert_allclose(ours["p_value"], theirs["P-value"], rtol=1e-9)
    np.testing.assert_allclose(ours["q_value"], theirs["Adjusted P-value"], rtol=1e-9)
    np.testing.assert_allclose(ours["odds_ratio"], theirs["Odds Ratio"], rtol=1e-12)
    np.testing.assert_allclose(ours["combined_score"], theirs["Combined Score"], rtol=1e-9, atol=1e-9)
    assert set(ours["n_tested"]) == {TERMS}
    passed = theirs.filter(pl.col("Adjusted P-value") < 0.05)["Term"].to_list()
    assert ours.filter(pl.col("q_value") < 0.05)["gene_set"].to_list() == passed
    for own, other in zip(ours["genes"], theirs["Genes"], strict=True):
        assert set(own.split(";")) == set(other.split(";"))


def test_the_coarse_exponential_is_what_makes_the_servers_p_differ(shared: Path) -> None:
    theirs, lists, library = kegg_2019(shared, "wo_epi_TSGs", "TSGs_wo_Epi")
    exact = enrich(lists, library, convention="enrichr-2018").join(theirs, left_on="gene_set", right_on="Term")
    off = (exact["p_value"] / exact["P-value"] - 1).to_numpy()
    assert off.max() == pytest.approx(1.4e-3, rel=0.02)
    # The factor that was left out: exp(ln² p / 2²¹).
    small = exact["p_value"].to_numpy() < 1e-6
    np.testing.assert_allclose(off[small], np.log(exact["p_value"].to_numpy()[small]) ** 2 / 2**21, rtol=0.1)


def test_eras_of_the_server_differ_in_the_terms_that_pass(shared: Path) -> None:
    _, lists, library = kegg_2019(shared, "novel_OGs", "OGs")
    passed = {
        era: enrich(lists, library, convention=era).filter(pl.col("q_value") < 0.05).height
        for era in ("enrichr-2018", "enrichr-2020", "enrichr")
    }
    assert passed == {"enrichr-2018": 119, "enrichr-2020": 114, "enrichr": 119}


def test_single_p_values_of_40_genes_are_reproduced(shared: Path) -> None:
    table = pl.read_csv(shared / "data" / "enrichr" / "AIdrug2cov_KEGG_2019_Human_table.txt", separator="\t")
    x, k = (table["Overlap"].str.split("/").list.get(i).cast(pl.Int64).to_numpy() for i in (0, 1))
    log_p = log_upper_tail(x, k, np.array(40), np.array(20_000), arithmetic="exp20")
    np.testing.assert_allclose(np.exp(log_p), table["P-value"], rtol=1e-9)
    assert table["P-value"].min() < 1e-31


def answers(shared: Path, name: str) -> tuple[dict, list[tuple]]:
    """Request and rows (p, odds ratio, combined score, shared genes, adjusted p) of a recorded answer."""
    case = json.loads((shared / "data" / "enrichr" / "gget_test_enrichr.json").read_text())[name]
    rows = [tuple(row[2:7]) for row in case["expected_result"]]
    return case["args"], rows


def sizes_behind(rows: list[tuple], n: int, total: int, *, arithmetic: str) -> list[int]:
    """Sizes of the sets that give the p-values, which grow with the size; by halving."""
    p, overlap = np.array([row[0] for row in rows]), np.array([len(row[3]) for row in rows])

    def tail(sizes: np.ndarray) -> np.ndarray:
        return np.exp(log_upper_tail(overlap, sizes, np.array(n), np.array(total), arithmetic=arithmetic))

    low, high = overlap.copy(), np.full(len(rows), total)
    while (low < high).any():
        middle = (low + high) // 2
        enough = tail(middle) >= p * (1 - 1e-9)
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    np.testing.assert_allclose(tail(low), p, rtol=1e-9)
    return low.tolist()


def reproduced(
    rows: list[tuple], genes: list[str], *, convention: str, universe: list[str] | None = None
) -> pl.DataFrame:
    total = 20_000 if universe is None else len(set(universe))
    sizes = sizes_behind(rows, len(genes), total, arithmetic=CONVENTIONS[convention].arithmetic)
    library = []
    for i, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        rest = [f"FILLER{i}_{j}" for j in range(size)] if universe is None else [g for g in universe if g not in genes]
        members = [*row[3], *[gene for gene in rest if gene not in row[3]][: size - len(row[3])]]
        library += [(f"{i:04d}", gene) for gene in members]
    sets = pl.DataFrame(library, schema=["gene_set", "gene"], orient="row")
    lists = pl.DataFrame({"list": "a", "gene": genes})
    return enrich(lists, sets, convention=convention, universe=universe).sort("gene_set")


@pytest.mark.parametrize("name", ["ontology", "diseases_drugs", "celltypes", "kinase_interactions", "transcription"])
def test_answers_of_todays_server_are_reproduced(shared: Path, name: str) -> None:
    request, rows = answers(shared, f"test_enrichr_{name}")
    ours = reproduced(rows, request["genes"], convention="enrichr")
    for column, position in {"p_value": 0, "odds_ratio": 1, "combined_score": 2, "q_value": 4}.items():
        np.testing.assert_allclose(ours[column], [row[position] for row in rows], rtol=1e-8)


@pytest.mark.parametrize("name", ["fly", "yeast", "worm", "fish"])
def test_servers_of_other_species_still_count_as_in_2018(shared: Path, name: str) -> None:
    request, rows = answers(shared, f"test_enrichr_{name}")
    sizes = sizes_behind(rows, len(request["genes"]), 20_000, arithmetic="exact")
    assert min(sizes) > 5


def test_a_background_of_ones_own_counts_sets_within_it(shared: Path) -> None:
    request, rows = answers(shared, "test_enrichr_background")
    genes = [gene.upper() for gene in request["genes"]]
    ours = reproduced(rows, genes, convention="speedrichr", universe=[g.upper() for g in request["background_list"]])
    np.testing.assert_allclose(ours["p_value"], [row[0] for row in rows], rtol=1e-9)
    np.testing.assert_allclose(ours["q_value"], [row[4] for row in rows], rtol=1e-9)
    odds = [np.inf if row[1] == "inf" else row[1] for row in rows]
    np.testing.assert_allclose(ours["odds_ratio"].fill_null(np.inf), odds, rtol=1e-12)
    assert ours["universe_size"].unique().to_list() == [7]


@pytest.mark.parametrize(
    ("era", "p", "odds", "score", "tested", "passed"),
    [
        ("enrichr-2018", 3.105774e-13, None, None, 254, 79),
        ("enrichr-2020", 3.104504e-13, 5.303030, None, 293, 78),
        ("enrichr", 3.104504e-13, 6.659625, 191.802220, 254, 79),
    ],
)
def test_one_list_and_library_through_three_eras(
    shared: Path, era: str, p: float, odds: float | None, score: float | None, tested: int, passed: int
) -> None:
    folder = shared / "data" / "gene_sets"
    lists = pl.DataFrame({"list": "a", "gene": read_gene_list(folder / "gene_list.txt")})
    table = enrich(lists, read_gene_sets(folder / "enrichr.KEGG_2016.gmt"), convention=era)
    row = table.row(0, named=True)
    assert (row["overlap"], row["set_size"], row["list_size"], row["n_tested"]) == (28, 132, 800, tested)
    assert row["p_value"] == pytest.approx(p, rel=2e-7)
    assert row["odds_ratio"] == (None if odds is None else pytest.approx(odds, rel=1e-6))
    if score is not None:
        assert row["combined_score"] == pytest.approx(score, rel=1e-8)
    assert (table["q_value"] < 0.05).sum() == passed
