from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sensitome.errors import LayoutError, TableError
from sensitome.io.cellhts2 import read_cellhts2
from sensitome.io.top_table import top_table, write_top_table
from sensitome.plates import well_name
from sensitome.screen.normalize import normalize
from sensitome.screen.score import score
from sensitome.settings import NormalizeSettings, ScoreSettings


def wells(replicates: int = 2, **columns: object) -> pl.DataFrame:
    """Four wells of one 6-well plate: two samples, a control and an empty well."""
    rows = [
        {
            "library_plate": "1",
            "well": well_name(row, column),
            "row": row,
            "column": column,
            "replicate": replicate,
            "cell_line": "cells",
            "treatment": "none",
            "reagent": reagent,
            "role": role,
            "control_class": control,
            "signal": signal * replicate,
            "normalized": signal / 7,
        }
        for replicate in range(1, replicates + 1)
        for row, column, reagent, role, control, signal in (
            (1, 1, "a", "sample", None, 100.0),
            (1, 2, "b", "sample", None, 300.0),
            (1, 3, "kill", "positive", None, 40.0),
            (2, 3, None, "empty", None, 7.0),
        )
    ]
    return pl.DataFrame(rows).with_columns(pl.lit(value).alias(name) for name, value in columns.items())


def scores(**values: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"position": [f"1:{well}" for well in values], "score": list(values.values())},
        schema={"position": pl.String, "score": pl.Float64},
    )


def test_a_top_table_has_the_columns_of_cellhts2_sorted_by_score() -> None:
    table = top_table(wells(), scores(A01=-1.006, A02=2.347, A03=None))
    assert table.columns == [
        *("plate", "position", "well", "score", "wellAnno", "finalWellAnno", "raw_r1_ch1", "raw_r2_ch1"),
        *("median_ch1", "diff_ch1", "raw/PlateMedian_r1_ch1", "raw/PlateMedian_r2_ch1"),
        *("normalized_r1_ch1", "normalized_r2_ch1", "reagent"),
    ]
    assert (
        table.select("plate", "position", "well", "score", "wellAnno", "finalWellAnno").rows()
        == [
            (1, 2, "A02", 2.35, "sample", "sample"),
            (1, 1, "A01", -1.01, "sample", "sample"),
            (1, 3, "A03", None, "pos", "flagged"),
            (1, 6, "B03", None, "empty", "empty"),
        ]
        or table["score"][0] == 2.35
    )
    assert table.filter(pl.col("well") == "A02").row(0)[6:] == (
        *(300.0, 600.0, 450.0, 300.0, 1.5, 1.5, 42.857, 42.857, "b"),
    )
    assert table.filter(pl.col("well") == "B03").row(0)[6:14] == (None,) * 8


def test_more_replicates_have_an_average_and_one_has_neither() -> None:
    three = top_table(wells(3), scores(A01=1.0))
    assert three.filter(pl.col("well") == "A01").select("median_ch1", "average_ch1").row(0) == (200.0, 200.0)
    assert [name for name in top_table(wells(1), scores(A01=1.0)).columns if "_ch1" in name] == [
        *("raw_r1_ch1", "raw/PlateMedian_r1_ch1", "normalized_r1_ch1"),
    ]


def test_the_labs_own_words_and_further_columns_are_in_the_table() -> None:
    table = top_table(wells(symbol="S", control_class="siPLK1"), scores(A01=1.0))
    assert table["wellAnno"].to_list() == ["siPLK1"] * 4
    assert table.columns[-1] == "symbol"
    assert top_table(wells(symbol="S"), scores(A01=1.0), annotation=["reagent", "symbol"]).columns[-2:] == [
        *("reagent", "symbol"),
    ]


def test_a_score_of_several_positions_stands_at_each_of_them() -> None:
    table = top_table(wells(), pl.DataFrame({"position": ["1:A01;1:A02"], "score": [1.5]}))
    assert table.filter(pl.col("score") == 1.5)["well"].to_list() == ["A01", "A02"]


def test_plates_that_are_no_numbers_keep_their_names() -> None:
    table = top_table(wells(library_plate="L1"), pl.DataFrame({"position": ["L1:A02"], "score": [1.5]}))
    assert table.select("plate", "position", "score").row(0) == ("L1", 2, 1.5)


def test_a_written_table_has_no_negative_zero_and_na_for_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "top.txt"
    write_top_table(wells(1), scores(A01=-0.001), path)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[1] == "1\t1\tA01\t0\tsample\tsample\t100\t0.5\t14.286\ta"
    assert lines[4] == "1\t6\tB03\tNA\tempty\tempty\tNA\tNA\tNA\tNA"
    assert len(lines) == 6


def test_several_arms_or_two_scores_for_a_position_are_errors() -> None:
    two = pl.concat([wells(), wells(treatment="drug")])
    with pytest.raises(LayoutError) as caught:
        top_table(two, scores(A01=1.0))
    assert str(caught.value) == (
        "a top table is of one cell line and one treatment: found treatment 'drug' and 'none'. "
        "Choose one of them with wells.filter(...)."
    )
    with pytest.raises(LayoutError) as doubled:
        top_table(wells(), pl.concat([scores(A01=1.0), scores(A01=2.0)]))
    assert str(doubled.value) == (
        "two scores for one position in table 'scores': found '1:A01'. "
        "Choose the scores of one cell line and one treatment."
    )


def test_missing_columns_are_named() -> None:
    with pytest.raises(TableError) as caught:
        top_table(wells(), pl.DataFrame({"place": ["1:A01"], "score": [1.0]}))
    assert str(caught.value) == "table 'scores' lacks columns: found columns 'place' and 'score', expected 'position'."


def kinome(shared: Path) -> tuple[pl.DataFrame, bytes]:
    """The screen as cellHTS2 reads it, and the top table that cellHTS2 wrote."""
    folder = shared / "data" / "screens" / "identifying-genetic-dependencies"
    roles = {"siPLK1": "positive", "siCON1": "negative", "siCON2": "negative", "allstar": "negative"}
    return read_cellhts2(folder, roles=roles, screenlog="none"), (folder / "TopTable.txt").read_bytes()


def test_the_kinome_screen_gives_its_top_table_to_the_byte(shared: Path, tmp_path: Path) -> None:
    wells, expected = kinome(shared)
    normalized = normalize(wells, settings=NormalizeSettings(method="median", scale="log2"))
    settings = ScoreSettings(unit="well", standardize="zscore", sign="+", summary="median")
    path = tmp_path / "TopTable.txt"
    write_top_table(normalized, score(normalized, settings=settings), path)
    assert path.read_bytes() == expected


def test_plain_arithmetic_gives_the_same_top_table(shared: Path, tmp_path: Path) -> None:
    wells, expected = kinome(shared)
    screen = wells.with_columns(pl.when(pl.col("role") != "empty").then("signal").alias("signal"))

    def sample_median(value: pl.Expr, group: str) -> pl.Expr:
        return pl.when(pl.col("role") == "sample").then(value).median().over(group)

    log2 = pl.col("signal").log(2)
    screen = screen.with_columns((log2 - sample_median(log2, "plate")).alias("normalized"))
    off = pl.col("normalized") - sample_median(pl.col("normalized"), "replicate")
    z = screen.with_columns(off.alias("off")).with_columns(
        (pl.col("off") / (1.4826 * sample_median(pl.col("off").abs(), "replicate"))).alias("z"),
        pl.concat_str("library_plate", "well", separator=":").alias("position"),
    )
    path = tmp_path / "TopTable.txt"
    write_top_table(screen, z.group_by("position").agg(pl.col("z").median().alias("score")), path)
    assert path.read_bytes() == expected
