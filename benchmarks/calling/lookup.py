"""Figures of a design and method out of the records, as text for tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from benchmarks.calling.cells import Design
from benchmarks.calling.gate_tables import with_error
from benchmarks.calling.methods import METHODS, RULE, RULES
from benchmarks.calling.records import Records
from benchmarks.calling.summary import by_method, mean_and_error

__all__ = ["ALL", "Found", "design_of", "label"]

ALL = (*RULES, *METHODS)
_LABELS = {
    RULE: "[the paper's rule](rule.md)",
    "rule, no exclusion": "… without the exclusion",
    "rule, 2 SD": "… 2 SD, with and without drug",
    "rule, MAD": "… MAD in place of the SD",
    "rule, every replicate": "… in every replicate",
}


def label(method: str) -> str:
    """Name of a method with a link to its page."""
    return _LABELS.get(method) or f"[`{method}`](sensitization/{method}.md)"


def design_of(
    scenario: str = "main", *, replicates: int, size: float = 0.75, normalization: str = "study", variant: str = ""
) -> Design:
    """Design with what is usual."""
    return scenario, replicates, size, normalization, variant


class Found:
    """Records by design and method, in the order of seeds."""

    def __init__(self, records: Records) -> None:
        self._groups = by_method(records)
        self._ready = _ready(records)

    def screens(self, designs: Sequence[Design]) -> int:
        """Most screens of any of the designs."""
        return max((len(self._ready.get(design, ())) for design in designs), default=0)

    def ready(self, design: Design) -> float:
        """Mean CPU seconds to make a screen ready for the methods."""
        known = [seconds for seconds in self._ready.get(design, ()) if seconds is not None]
        return float(np.mean(known)) if known else 0.0

    def of(self, design: Design, method: str, *, most: int | None = None) -> list[Mapping[str, Any]]:
        """Records that have an answer, of the first seeds where a study looks at fewer."""
        known = [record for record in self._groups.get((design, method), ()) if "unsupported" not in record]
        return known[:most]

    def mean(
        self, design: Design, method: str, figure: str | Callable[[Mapping[str, Any]], float | None]
    ) -> tuple[float | None, float | None]:
        """Mean of a figure and its Monte-Carlo error."""
        pick = figure if callable(figure) else (lambda record: record.get(figure))
        return mean_and_error(pick(record) for record in self.of(design, method))

    def told(self, design: Design, method: str, figure: str, *, digits: int = 3) -> str:
        """Mean ± error as text."""
        return with_error(*self.mean(design, method, figure), digits)

    def several(self, design: Design, method: str, figures: Sequence[str], *, most: int | None = None) -> str:
        """Means without errors, "a / b / c"; a dash where the method has no answer."""
        found = self.of(design, method, most=most)
        if not found:
            return "–"
        means = (mean_and_error(record.get(figure) for record in found)[0] for figure in figures)
        return " / ".join("–" if mean is None else f"{mean:.2f}" for mean in means)

    def share(self, design: Design, method: str, pair: str) -> str:
        """Σ right / Σ true over screens of a pair of numbers."""
        counts = np.array([record[pair] for record in self.of(design, method)])
        return f"{counts[:, 1].sum() / counts[:, 0].sum():.2f}" if len(counts) and counts[:, 0].sum() else "–"

    def largest_error(self, designs: Sequence[Design], figure: str) -> float:
        """Largest Monte-Carlo error of a figure over designs and methods."""
        errors = (self.mean(design, method, figure)[1] for design in designs for method in ALL)
        return max((error for error in errors if error is not None), default=float("nan"))


def _ready(records: Records) -> dict[Design, list[float | None]]:
    """Seconds to make the screens of each design ready."""
    found: dict[Design, list[float | None]] = {}
    for cell, record in records.items():
        found.setdefault(cell.design, []).append(record.get("seconds"))
    return found
