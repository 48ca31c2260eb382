"""The code of the page on the mechanism runs and finds what it planted; its settings are settings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from sensitome.expression.settings import ExpressionSettings
from sensitome.settings import Inputs


def test_the_code_of_the_page_runs_and_finds_the_planted_genes(
    blocks: Callable[[str], list[tuple[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    code = next(text for language, text in blocks("mechanism") if language == "python")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the page's own code
    planted = set(names["screen"].truth["gene"])  # type: ignore[attr-defined]
    called = set(names["called"]["gene"])  # type: ignore[index]
    assert len(called & planted) >= 3
    assert len(called - planted) <= 1
    assert "q_value" in capsys.readouterr().out


def test_the_settings_of_the_page_are_settings(blocks: Callable[[str], list[tuple[str, str]]]) -> None:
    given = tomllib.loads(next(text for language, text in blocks("mechanism") if language == "toml"))
    assert set(given["inputs"]) <= set(Inputs.model_fields)
    assert set(given["expression"]) <= set(ExpressionSettings.model_fields)


def test_every_setting_that_the_page_names_is_there(page: Callable[[str], str]) -> None:
    text = page("mechanism")
    for name in ("detected_by", "detected_share", "expressed_by", "columns", "words"):
        assert name in text
        assert name in ExpressionSettings.model_fields
    for name in ("array_samples", "array_flags", "expressed", "mirbase"):
        assert f"inputs.{name}" in text
        assert name in Inputs.model_fields
