from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sensitome.errors import Caution, LayoutError, MethodError
from sensitome.expression.detection import call_expressed
from sensitome.expression.process import detect_above_minimum, process_arrays
from sensitome.expression_matrix import Expression
from sensitome.io.arrays import read_arrays


def made() -> Expression:
    """Two untreated and two treated arrays of two lines; a control, three miRNAs, one of them never detected."""
    values = np.array(
        [[500.0, 64.0, 16.0, -1.0], [700.0, 32.0, 8.0, 3.0], [500.0, 128.0, 2.0, 0.1], [900.0, 16.0, 4.0, 0.2]]
    )
    detected = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0]], dtype=bool)
    samples = pl.DataFrame(
        {"sample": list("abcd"), "cell_line": ["KPL4", "KPL4", "SKBR3", "SKBR3"], "treatment": ["none", "T"] * 2}
    )
    features = pl.DataFrame({"feature": ["Bright", "miR-1", "miR-2", "miR-3"], "control": [1, 0, 0, 0]})
    return Expression(values, samples, features, detected)


def test_the_papers_processing_centers_on_detected_and_floors_the_rest() -> None:
    e = process_arrays(made())
    assert e.features["feature"].to_list() == ["miR-1", "miR-2", "miR-3"]
    # Sample a: log2 of 64 and 16 has the median 5; so has b, but for its level of 4. c and d detect one miRNA each.
    np.testing.assert_allclose(e.values, [[1, -1, -1], [1, -1, -1], [0, -1, -1], [0, -1, -1]])


def test_only_what_is_nowhere_detected_may_be_floored() -> None:
    e = process_arrays(made(), method="normann2021-nowhere")
    np.testing.assert_allclose(e.values, [[1, -1, -1], [1, -1, -1], [0, -6, -1], [0, -2, -1]])


def test_a_level_of_an_array_does_not_matter_after_centering() -> None:
    e = made()
    brighter = process_arrays(e.with_values(np.maximum(e.values, 0.5) * np.array([[1.0], [4.0], [1.0], [0.5]])))
    np.testing.assert_allclose(brighter.values[:, 0], process_arrays(e).values[:, 0], atol=1e-12)


def test_logarithms_are_not_logged_again() -> None:
    e = made()
    log2 = process_arrays(e, method="log2")
    again = process_arrays(log2, method="log2")
    np.testing.assert_allclose(again.values, log2.values)
    forced = process_arrays(log2.with_values(np.maximum(log2.values, 1)), method="log2", scale="counts")
    assert forced.values.max() < log2.values.max()


def test_agimicrorna_takes_controls_into_its_quantiles() -> None:
    e = process_arrays(made(), method="agimicrorna")
    assert e.values.shape == (4, 3)
    assert process_arrays(made(), method="quantile-offset").values.min() > 0


def test_processed_values_hide_their_flags_in_the_minimum() -> None:
    e = process_arrays(made())
    hidden = Expression(e.values, e.samples, e.features)
    # A value that is detected and smallest cannot be told from the floor.
    np.testing.assert_array_equal(detect_above_minimum(hidden)[:, 0], [True] * 4)
    assert not detect_above_minimum(hidden)[:, 1:].any()
    assert process_arrays(hidden, detected_by="minimum", scale="log2").detected is not None
    with pytest.raises(MethodError) as caught:
        detect_above_minimum(hidden.with_values(np.arange(12.0).reshape(4, 3)))
    assert str(caught.value) == (
        "no common minimum in the matrix: found smallest value 0 once, expected one value that stands for 'not "
        "expressed'. Give detection flags."
    )


def test_methods_say_what_they_need() -> None:
    e = made()
    with pytest.raises(MethodError) as caught:
        process_arrays(Expression(e.values, e.samples, e.features))
    assert str(caught.value) == (
        "processing 'normann2021' needs detection flags: expected gIsGeneDetected or another flag in the source. Take "
        "detected_by='minimum' where undetected values share one minimum, or another method."
    )
    with pytest.raises(MethodError) as caught:
        process_arrays(e, method="rma")
    assert str(caught.value) == (
        "processing 'rma' needs the single spots of arrays: found labels 'feature' and 'control', expected labels "
        "'gene' and 'probe'. Read the arrays with spots=True and signal='mean'."
    )
    with pytest.raises(MethodError) as caught:
        process_arrays(e, method="quantiles")
    assert str(caught.value) == (
        "unknown processing of arrays: found 'quantiles', expected 'normann2021', 'normann2021-nowhere', "
        "'agimicrorna', 'quantile-offset', 'log2' or 'rma'. Did you mean 'quantile-offset'?"
    )
    with pytest.raises(MethodError) as caught:
        process_arrays(Expression(e.values, e.samples, e.features, np.zeros(e.values.shape, dtype=bool)))
    assert str(caught.value) == (
        "samples without any detected feature: found 'a', 'b', 'c' and 'd'. Leave these arrays out."
    )


def test_rma_of_spots_gives_a_value_per_gene() -> None:
    rng = np.random.default_rng(5)
    level = np.repeat(2.0 ** rng.uniform(3, 12, size=50), 6)
    spots = level * rng.lognormal(0, 0.1, size=(3, 300)) + rng.normal(60, 5, size=(3, 300))
    labels = pl.DataFrame(
        {
            "feature": [str(i) for i in range(300)],
            "gene": [f"miR-{i // 6}" for i in range(300)],
            "probe": [f"p{i // 3}" for i in range(300)],
            "control": [0] * 300,
        }
    )
    samples = pl.DataFrame({"sample": ["a", "b", "c"]})
    e = process_arrays(Expression(spots, samples, labels, spots > 100), method="rma")
    assert e.values.shape == (3, 50)
    assert np.corrcoef(e.values[0], np.log2(level[::6]))[0, 1] > 0.97
    assert np.abs(e.values - e.values.mean(axis=0)).max() < 0.5
    spots[0, 0:3] = np.nan
    with pytest.warns(Caution, match="spots without a reading take part in RMA"):
        assert np.isnan(process_arrays(Expression(spots, samples, labels), method="rma").values).any()


def test_targets_are_called_in_untreated_cells_of_each_line() -> None:
    table = call_expressed(made(), vehicle="none")
    assert table.filter(pl.col("target") == "miR-2").rows() == [
        ("miR-2", "KPL4", True, 1, 1),
        ("miR-2", "SKBR3", False, 0, 1),
    ]
    assert not table.filter(pl.col("target") == "miR-3")["expressed"].any()


def test_the_share_of_arrays_decides_the_call() -> None:
    e = made()
    one_line = Expression(
        e.values, e.samples.with_columns(pl.lit("KPL4").alias("cell_line"), pl.lit("none").alias("treatment")),
        e.features, e.detected,
    )  # fmt: skip
    called = {
        share: call_expressed(one_line, vehicle="none", share=share).filter(pl.col("target") == "miR-2")["expressed"][0]
        for share in (0.25, 0.5, 0.75)
    }
    assert called == {0.25: True, 0.5: True, 0.75: False}


def test_expressed_targets_need_untreated_arrays_and_flags() -> None:
    e = made()
    with pytest.raises(LayoutError) as caught:
        call_expressed(e, vehicle="DMSO")
    assert str(caught.value) == (
        "no untreated array: found treatments 'none' and 'T', expected 'DMSO'. Name the vehicle as the list of "
        "arrays does."
    )
    with pytest.raises(MethodError) as caught_:
        call_expressed(Expression(e.values, e.samples, e.features), vehicle="none")
    assert str(caught_.value) == (
        "expressed targets cannot be told without detection flags: expected gIsGeneDetected or another flag in the "
        "source. Process the arrays with detected_by='minimum', or give a table of expressed targets."
    )
    gap = e.samples.with_columns(pl.when(pl.col("sample") != "b").then("cell_line").alias("cell_line"))
    with pytest.raises(LayoutError) as caught:
        call_expressed(Expression(e.values, gap, e.features, e.detected), vehicle="none")
    assert str(caught.value) == "samples without cell_line: found 'b'. Fill the cells in the list of arrays."


def test_real_arrays_are_processed_in_every_way(shared: Path) -> None:
    folder = shared / "data" / "mirna_arrays"
    names = [f"AgiMicroRna_msc{x}.tsv.gz" for x in ("A1", "A2", "B1")]
    genes = read_arrays(names, folder=folder)
    paper = process_arrays(genes)
    assert paper.values.shape == (3, 799)
    assert paper.detected is not None
    np.testing.assert_allclose(np.median(paper.values[0][paper.detected[0]]), 0, atol=0.35)
    spots = read_arrays(names, folder=folder, signal="mean", spots=True)
    rma = process_arrays(spots, method="rma")
    tgs = process_arrays(genes, method="agimicrorna")
    both = rma.features.with_row_index("i").join(tgs.features.with_row_index("j"), on="feature")
    seen = tgs.detected[0, both["j"].to_numpy()]
    pair = rma.values[0, both["i"].to_numpy()][seen], tgs.values[0, both["j"].to_numpy()][seen]
    assert np.corrcoef(*pair)[0, 1] > 0.9
