from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensitome.errors import TableError
from sensitome.expression_matrix import Expression
from sensitome.io.detection_flags import read_detection_flags
from sensitome.io.wide_matrix import read_wide_matrix


def write(folder: Path, text: str, name: str = "flags.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def values(tmp_path: Path) -> Expression:
    return read_wide_matrix(write(tmp_path, "m,s1,s2\na,1,2\nb,3,4\n", "values.csv"))


def test_flags_find_their_values_by_name(tmp_path: Path, values: Expression) -> None:
    e = read_detection_flags(write(tmp_path, "m,s2,s1\nb,yes,1\nother,0,0\na,P,A\n"), values)
    np.testing.assert_array_equal(e.detected, [[False, True], [True, True]])
    turned = read_detection_flags(write(tmp_path, "sample\ta\tb\ns1\tM\t1\ns2\ttrue\t1\n"), values, samples_in="rows")
    np.testing.assert_array_equal(turned.detected, e.detected)


def test_flags_that_are_missing_or_unclear_are_told(tmp_path: Path, values: Expression) -> None:
    path = write(tmp_path, "m,s1\na,1\n")
    with pytest.raises(TableError) as caught:
        read_detection_flags(path, values)
    assert str(caught.value) == (
        f"detection flags do not cover the values in {path}: found nothing for 's2' and 'b', expected a flag for every "
        "sample and feature of the matrix."
    )
    path = write(tmp_path, "m,s1,s2\na,1,?\nb,0,\n")
    with pytest.raises(TableError) as caught:
        read_detection_flags(path, values)
    assert str(caught.value) == (
        "detection flags: 2 faults.\n"
        f"  {path}, line 2, column s2: found '?', expected yes or no, 1 or 0, P or A.\n"
        f"  {path}, line 3, column s2: found '', expected yes or no, 1 or 0, P or A."
    )
