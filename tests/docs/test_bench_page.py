"""The page for the bench tells the messages as they are."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("docs_faults", Path(__file__).with_name("faults.py"))
assert spec is not None
assert spec.loader is not None
faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(faults)


@pytest.mark.parametrize("fault", sorted(faults.FAULTS))
def test_a_common_fault_has_the_message_that_the_page_shows(
    fault: str, tmp_path: Path, blocks: Callable[[str], list[tuple[str, str]]]
) -> None:
    told = [text.strip() for language, text in blocks("bench") if language == "text"]
    said = faults.messages(fault, tmp_path)
    assert len(said) == 1
    assert said[0] in told


def test_every_message_on_the_page_is_met(tmp_path: Path, blocks: Callable[[str], list[tuple[str, str]]]) -> None:
    told = [text for language, text in blocks("bench") if text.startswith(("error:", "caution:"))]
    assert len(told) == len(faults.FAULTS)
