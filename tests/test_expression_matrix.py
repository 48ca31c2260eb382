from __future__ import annotations

from importlib import import_module

import numpy as np
import polars as pl
import pytest

from sensitome.errors import MissingExtraError, TableError
from sensitome.expression_matrix import Expression


def made(detected: bool = True) -> Expression:
    values = np.array([[1.0, 2.0, np.nan], [4.0, 5.0, 6.0]])
    samples = pl.DataFrame({"sample": ["s1", "s2"], "cell_line": ["KPL4", "SKBR3"]})
    return Expression(values, samples, pl.DataFrame({"feature": ["a", "b", "c"]}), values > 1.5 if detected else None)


def test_parts_keep_values_flags_and_labels_together() -> None:
    part = made().take(samples=[1, 0], features=[2, 0])
    np.testing.assert_array_equal(part.values, [[6.0, 4.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(part.detected, [[True, True], [False, False]])
    assert part.samples["sample"].to_list() == ["s2", "s1"]
    assert part.features["feature"].to_list() == ["c", "a"]
    assert made(detected=False).take(samples=[0]).detected is None


def test_the_long_table_has_a_row_per_feature_and_sample_and_null_for_no_value() -> None:
    table = made().to_table(labels=("cell_line",))
    assert table.columns == ["feature", "sample", "cell_line", "value", "detected"]
    assert table.rows()[4:] == [("c", "s1", "KPL4", None, False), ("c", "s2", "SKBR3", 6.0, True)]
    assert made(detected=False).to_table()["detected"].null_count() == 6


def test_other_values_keep_the_labels() -> None:
    other = made().with_values(np.zeros((2, 3)))
    assert other.values.sum() == 0
    assert other.samples.equals(made().samples)


def test_all_faults_of_labels_and_shapes_are_told_at_once() -> None:
    with pytest.raises(TableError) as caught:
        Expression(
            np.zeros((2, 2)),
            pl.DataFrame({"sample": ["s1", "s1", None]}),
            pl.DataFrame({"gene": ["a", "b"]}),
            np.zeros((3, 2), dtype=bool),
        )
    assert str(caught.value) == (
        "expression matrix and its labels do not fit together.\n"
        "  column sample: found '1 empty', expected a name for each.\n"
        "  column sample: found 's1', expected each name once.\n"
        "  column feature: a column 'feature' (there is 'gene').\n"
        "  column values: found (2, 2), expected 3 samples × 2 features, as the label tables say."
    )


def test_anndata_is_asked_for_by_name_where_it_is_missing() -> None:
    try:
        import_module("anndata")
    except ImportError:
        with pytest.raises(MissingExtraError) as caught:
            made().to_anndata()
        assert str(caught.value) == (
            "AnnData needs the package 'anndata', which is not installed. Run: pip install 'sensitome[anndata]'."
        )
    else:
        data = made().to_anndata()
        back = Expression.from_anndata(data)
        np.testing.assert_array_equal(back.values, made().values)
        np.testing.assert_array_equal(back.detected, made().detected)
        assert back.samples.equals(made().samples)
        assert back.features.equals(made().features)
