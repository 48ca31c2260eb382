from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)

Blocks = list[tuple[str, str]]


@pytest.fixture(scope="session")
def page() -> Callable[[str], str]:
    """Text of a page by its name."""
    return lambda name: (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def blocks(page: Callable[[str], str]) -> Callable[[str], Blocks]:
    """Language and text of the code blocks of a page, in order."""
    return lambda name: BLOCK.findall(page(name))
