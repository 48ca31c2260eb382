"""Numbers of the evidence in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sensitome.evidence.sources import Row

__all__ = ["chance", "estimate", "interval", "joined", "number", "percent"]


def number(value: float, *, digits: int = 2) -> str:
    """A number with a real minus sign.

    >>> number(-0.7), number(-0.001)
    ('−0.70', '0.00')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def percent(share: float) -> str:
    """A share in percent.

    >>> percent(0.624)
    '62 %'
    """
    return f"{100 * share:.0f} %"


def interval(low: Any, high: Any, *, digits: int = 2) -> str:
    """An interval, or that there is none.

    >>> interval(-0.9, -0.5), interval(None, None)
    ('−0.90 to −0.50', 'no interval')
    """
    if not isinstance(low, float) or not isinstance(high, float):
        return "no interval"
    return f"{number(low, digits=digits)} to {number(high, digits=digits)}"


def chance(row: Row) -> str:
    """Q where there is one, else p, else nothing; led by a comma.

    >>> chance({"q_value": 0.004}), chance({"p_value": 0.00001, "q_value": None}), chance({})
    (', q 0.004', ', p < 0.0001', '')
    """
    for name, word in (("q_value", "q"), ("p_value", "p")):
        value = row.get(name)
        if isinstance(value, float):
            return f", {word} < 0.0001" if value < 1e-4 else f", {word} {value:.2g}"
    return ""


def estimate(row: Row, *, unit: str, digits: int = 2) -> str:
    """Effect with interval, doubt and n.

    >>> estimate({"effect": -0.7, "ci_low": -0.9, "ci_high": -0.5, "q_value": 0.004, "n": 3}, unit="log2")
    '−0.70 log2 (−0.90 to −0.50), q 0.004, n 3'
    """
    n = f", n {row['n']:,}" if isinstance(row.get("n"), int) else ""
    around = interval(row.get("ci_low"), row.get("ci_high"), digits=digits)
    return f"{number(row['effect'], digits=digits)} {unit} ({around}){chance(row)}{n}"


def joined(words: Sequence[str], *, last: str = "and") -> str:
    """Words as a list in prose.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return "".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"
