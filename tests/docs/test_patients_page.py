"""The code of the page on patients runs, and does what the page says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import pytest

from sensitome.errors import Caution


def test_the_code_of_the_page_runs(page: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)```", page("patients"), flags=re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        exec(code[1], names)  # noqa: S102 - the page's own code
    assert names["tests"].height == 3 * 2 * 3  # type: ignore[attr-defined]
    assert names["found"].n_pairs == 3 * 300  # type: ignore[attr-defined]
    assert "n_left_out" in capsys.readouterr().out
