"""The figure of candidates and sources: every sign, whatever the order of the rows, and none without candidates."""

from __future__ import annotations

import polars as pl
import pytest
from tests.evidence_run import ALONE, FAILED, asked_of, evidence_tables

from sensitome.charts.evidence_matrix import evidence_matrix
from sensitome.charts.export import render
from sensitome.charts.registry import figure
from sensitome.evidence.conclude import conclude
from sensitome.evidence.gather import SOURCES, gather_evidence, list_candidates
from sensitome.evidence.settings import EvidenceSettings


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    own = evidence_tables()
    asked = asked_of(list_candidates(own, settings=EvidenceSettings()))
    support = gather_evidence(own, asked).support
    return {"support": support, "conclusions": conclude(support, asked)}


def test_every_candidate_and_source_has_a_sign(tables: dict[str, pl.DataFrame]) -> None:
    made = evidence_matrix(tables, {})
    assert made is not None
    cells = next(one for one in made["datasets"].values() if "told, not judged" in one)
    assert cells.count("\n") == 1 + 3 * len(SOURCES)
    for word in ("supports", "unclear", "contradicts", "not measured", '"told, not judged"'):
        assert f",{word}," in cells
    assert f"{ALONE}  (KPL4, lapatinib)" in cells
    assert made["usermeta"] == {"fixed": True}
    assert figure("evidence_matrix").needs == ("conclusions", "support")


def test_the_order_of_rows_does_not_change_the_figure(tables: dict[str, pl.DataFrame]) -> None:
    shuffled = {**tables, "support": tables["support"].sample(fraction=1, shuffle=True, seed=3)}
    assert render(evidence_matrix(shuffled, {})) == render(evidence_matrix(tables, {}))


def test_what_is_left_out_is_counted_and_nothing_is_no_figure(tables: dict[str, pl.DataFrame]) -> None:
    one = tables["conclusions"].head(1)
    many = pl.concat([one.with_columns(pl.lit(f"miR-{i}").alias("reagent")) for i in range(33)])
    made = evidence_matrix({**tables, "conclusions": many}, {})
    assert made is not None
    assert made["title"]["subtitle"][-1] == "3 further candidates in the table"
    assert evidence_matrix({**tables, "conclusions": one.clear()}, {}) is None


def test_candidates_of_the_assay_are_not_crowded_out(tables: dict[str, pl.DataFrame]) -> None:
    table = tables["conclusions"]
    screened = table.filter(pl.col("reagent") == ALONE)
    others = [screened.with_columns(pl.lit(f"miR-{i}").alias("reagent")) for i in range(40)]
    last = table.filter(pl.col("reagent") == FAILED)
    made = evidence_matrix({**tables, "conclusions": pl.concat([*others, last])}, {})
    assert made is not None
    cells = next(one for one in made["datasets"].values() if "name,source,says" in one)
    assert f"{FAILED}  (KPL4, lapatinib)" in cells
