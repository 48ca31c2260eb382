"""What the command says of a finished run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["headline_words"]


def headline_words(numbers: Mapping[str, Any]) -> Iterator[str]:
    """What a run found, in sentences: the paper's rule, the test beside it, and what the evidence confirms."""
    yield (
        f"{numbers['plates']} plates, {numbers['wells']:,} wells, {numbers['reagents']:,} reagents → "
        f"{numbers['hit_reagents']} reagents with {numbers['hits']} hits, {numbers['candidates']} candidates"
        f"{_against_truth(numbers, 'recall', 'false_discovery_proportion')}."
    )
    if "sensitizers" in numbers:
        known = _against_truth(numbers, "sensitizer_recall", "sensitizer_false_discovery_proportion")
        reagents, contexts = numbers["sensitizing_reagents"], numbers["sensitizers"]
        yield f"The drug changes the effect of {reagents} reagents in {contexts} contexts{known}."
    if "judged" in numbers:
        again, confirmed = numbers["judged"], numbers["confirmed"]
        yield f"Of {again} reagents that were measured again, {confirmed} are confirmed sensitizers."


def _against_truth(numbers: Mapping[str, Any], recall: str, false_share: str) -> str:
    """Recall and false-discovery proportion, where the truth is known."""
    if numbers.get(recall) is None:
        return ""
    return (
        f"; against the known truth: recall {numbers[recall]:.2f}, "
        f"false-discovery proportion {numbers[false_share]:.2f}"
    )
