"""The code of the pages on the validation assay and on proteins runs, and finds what it plants."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import pytest

from sensitome.errors import Caution


def run(text: str) -> dict[str, object]:
    code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Caution)
        exec(code[1], names)  # noqa: S102 - the page's own code
    return names


def test_the_code_of_the_page_on_validation_runs(
    page: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    tables = run(page("validation"))["tables"]
    validated = tables["validated"].filter("is_validated")  # type: ignore[index]
    assert validated["reagent"].to_list() == ["miR-0"]
    assert "shape: (6, 10)" in capsys.readouterr().out


def test_the_code_of_the_page_on_proteins_runs(page: Callable[[str], str]) -> None:
    tables = run(page("proteins"))["tables"]
    best = tables["protein_interactions"].sort("q_value").row(0, named=True)  # type: ignore[index]
    assert (best["reagent"], best["treatment"], best["protein"]) == ("miR-0", "lapatinib", "cPARP")


def test_the_words_of_the_paper_are_what_the_code_says() -> None:
    from sensitome.validation.combinations import in_words

    assert in_words(100 * (0.83 * 0.5 - 0.25), "Bliss") == "16.5 points more killing than Bliss expects"


def test_readers_find_every_table_that_the_pages_name(page: Callable[[str], str]) -> None:
    from sensitome.tables import TABLES

    text = page("validation") + page("proteins")
    assert {name for name in TABLES if name.startswith(("validat", "protein_"))} - set(
        re.findall(r"`(\w+)`", text)
    ) <= {"validation_wells", "validation_replicates"}
