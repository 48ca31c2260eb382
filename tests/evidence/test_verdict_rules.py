"""Each verdict has its rule, and no verdict is negative unless something contradicts."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from sensitome.evidence.gather import SOURCES
from sensitome.evidence.settings import EvidenceSettings
from sensitome.evidence.verdicts import MEANINGS, NEGATIVE, VERDICTS, of_experiment, of_validation, verdict_of

SAYS = ("supports", "contradicts", "unclear", "context", "missing")
EXPERIMENT = ("supports", "contradicts", "mixed", "unclear", "missing")


@pytest.mark.parametrize(
    ("verdict", "screen", "validation", "proteins", "patients"),
    [
        ("strong", "supports", "supports", "supports", "missing"),
        ("strong", "supports", "supports", "unclear", "supports"),
        ("confirmed", "supports", "supports", "missing", "missing"),
        ("confirmed", "supports", "supports", "supports", "contradicts"),
        ("confirmed", "supports", "supports", "mixed", "supports"),
        ("effect confirmed", "supports", "effect only", "supports", "supports"),
        ("suggestive", "supports", "missing", "missing", "missing"),
        ("suggestive", "supports", "unclear", "contradicts", "missing"),
        ("suggestive", "missing", "supports", "supports", "supports"),
        ("suggestive", "unclear", "effect only", "missing", "missing"),
        ("suggestive", "unclear", "missing", "missing", "supports"),
        ("mixed", "mixed", "missing", "missing", "missing"),
        ("mixed", "contradicts", "supports", "supports", "supports"),
        ("mixed", "supports", "mixed", "missing", "missing"),
        ("additive", "contradicts", "effect only", "supports", "missing"),
        ("mixed", "mixed", "effect only", "missing", "missing"),
        ("unclear", "unclear", "missing", "missing", "missing"),
        ("unclear", "missing", "unclear", "missing", "contradicts"),
        ("additive", "supports", "additive", "supports", "missing"),
        ("contradicted", "supports", "contradicts", "supports", "supports"),
        ("contradicted", "contradicts", "missing", "supports", "missing"),
        ("contradicted", "contradicts", "unclear", "missing", "missing"),
        ("not measured", "missing", "missing", "missing", "missing"),
    ],
)
def test_the_first_rule_that_holds_is_the_verdict(
    verdict: str, screen: str, validation: str, proteins: str, patients: str
) -> None:
    assert verdict_of(screen=screen, validation=validation, corroborating=[proteins, patients]) == verdict


def test_every_verdict_has_a_meaning() -> None:
    assert tuple(MEANINGS) == VERDICTS
    assert set(NEGATIVE) < set(VERDICTS)


def test_how_many_must_corroborate_is_a_setting() -> None:
    says = {"screen": "supports", "validation": "supports", "corroborating": ["supports", "missing"]}
    assert verdict_of(**says) == "strong"
    assert verdict_of(**says, needed=2) == "confirmed"


@pytest.mark.parametrize(
    ("with_drug", "beyond", "says"),
    [
        ("supports", ["supports", "missing"], "supports"),
        ("supports", ["unclear", "supports"], "supports"),
        ("contradicts", ["supports"], "mixed"),
        ("supports", ["supports", "contradicts"], "mixed"),
        ("supports", ["contradicts"], "additive"),
        ("unclear", ["contradicts"], "contradicts"),
        ("missing", ["contradicts"], "contradicts"),
        ("supports", ["missing", "missing"], "effect only"),
        ("contradicts", ["unclear"], "contradicts"),
        ("unclear", ["missing"], "unclear"),
        ("missing", ["unclear"], "unclear"),
        ("missing", ["missing"], "missing"),
        ("context", [], "missing"),
    ],
)
def test_the_validation_tells_sensitizing_from_killing(with_drug: str, beyond: list[str], says: str) -> None:
    assert of_validation(with_drug=with_drug, beyond=beyond) == says


def test_no_verdict_is_negative_unless_something_contradicts() -> None:
    for screen in itertools.product(SAYS, repeat=2):
        for with_drug, *beyond in itertools.product(SAYS, repeat=3):
            own = {
                "screen": of_experiment(screen),
                "validation": of_validation(with_drug=with_drug, beyond=beyond),
            }
            for beside in EXPERIMENT:
                verdict = verdict_of(**own, corroborating=[beside])
                if verdict in NEGATIVE:
                    assert "contradicts" in (*screen, with_drug, *beyond)
                if {*screen, with_drug, *beyond, beside} <= {"missing", "context"}:
                    assert verdict == "not measured"


def test_the_page_of_the_documentation_has_every_verdict_and_source() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    for verdict, meaning in MEANINGS.items():
        assert f"| {verdict} | {meaning} |" in text
        assert f"*{verdict}*" in text
    for source in SOURCES:
        assert f"`{source.name}`" in text
    for name in EvidenceSettings.model_fields:
        assert f"`{name}" in text or name in ("by",)


def test_the_code_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "evidence.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    exec(code, {})  # noqa: S102 - the page's own code
    assert capsys.readouterr().out == "strong\n"
