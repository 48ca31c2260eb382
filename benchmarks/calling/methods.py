"""The methods that are compared: the paper's rule with some of its choices, and every test that needs no groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensitome.screen.sensitization_methods import SENSITIZATION_METHODS

__all__ = ["METHODS", "RULE", "RULES", "with_rates"]

RULE = "rule"
#: The rule, and the rule with another choice: changes of the settings `hits`.
RULES: Mapping[str, Mapping[str, Any]] = {
    RULE: {},
    "rule, no exclusion": {"exclusion": "off"},
    "rule, 2 SD": {"k": 2.0, "exclusion_k": 2.0},
    "rule, MAD": {"spread": "mad"},
    "rule, every replicate": {"replicates": "all"},
}
#: Every test that needs no groups of reagents.
METHODS = tuple(name for name, record in SENSITIZATION_METHODS.items() if not record.needs_groups)


def with_rates(method: str) -> bool:
    """Whether a method gives each context a rate of its own.

    >>> with_rates("heb"), with_rates("moderated-t")
    (True, False)
    """
    return method in METHODS and SENSITIZATION_METHODS[method].decision in ("mean_rate", "local_rate")
