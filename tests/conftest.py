"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def oracle() -> Path:
    """Folder of recorded answers of R and of the peers."""
    return PROJECT / "tests" / "oracle"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real public data beside the checkout; tests that need it skip when it is not there."""
    folder = PROJECT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no public data beside the checkout: {folder / 'data'} does not exist")
    return folder
