"""What the evidence says: the verdicts, what each takes, and the best supported candidates in plain sentences."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.evidence.verdicts import MEANINGS, NEGATIVE
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

#: Candidates that are told in sentences; all are in the table.
_TOLD = 12


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Counts of the verdicts with their rules, the best candidates and those that failed; None without conclusions."""
    conclusions = tables.get("conclusions")
    if conclusions is None or conclusions.is_empty():
        return None
    table = conclusions.with_columns(pl.col("verdict").cast(pl.String))
    counts = dict(table.group_by("verdict").len().iter_rows())
    best = table.filter(~pl.col("verdict").is_in([*NEGATIVE, "unclear", "not measured"]))
    against = table.filter(pl.col("verdict").is_in(["contradicted", "additive"]) & _is_validated())
    return {
        "headline": _headline(table, counts),
        "ladder": [(name, counts.get(name, 0), meaning) for name, meaning in MEANINGS.items()],
        "best": _rows(best),
        "more": max(0, best.height - _TOLD),
        "against": _rows(against),
        "more_against": max(0, against.height - _TOLD),
        "by": "false-discovery rate" if setting(manifest, "evidence", "by", default="q_value") == "q_value" else "p",
        "alpha": f"{float(setting(manifest, 'evidence', 'alpha', default=0.05)):g}",
        "margin": f"{float(setting(manifest, 'evidence', 'margin', default=0.32)):g}",
        "stable": f"{100 * float(setting(manifest, 'evidence', 'stable', default=0.5)):.0f} %",
        "figures": ["evidence_matrix"] if "support" in tables else [],
        "has_patients": bool((table["says_patients"].cast(pl.String) != "missing").any()),
    }


def _is_validated() -> pl.Expr:
    return pl.col("says_validation").cast(pl.String) != "missing"


def _headline(table: pl.DataFrame, counts: dict[str, int]) -> str:
    """How many stand, and the best of them."""
    firm = counts.get("strong", 0) + counts.get("confirmed", 0)
    measured = table.filter(_is_validated()).height
    if firm:
        name = table["reagent"][0]
        strong = counts.get("strong", 0)
        some = "" if strong == firm else f"{strong} of them "
        also = f", {some}with support from proteins or patients as well" if strong else ""
        verb = "are confirmed sensitizers" if firm > 1 else "is a confirmed sensitizer"
        return f"{firm} of {plural(table.height, 'candidate')} {verb}{also}. The best supported is {name}."
    if not measured:
        return (
            f"None of {plural(table.height, 'candidate')} can be confirmed: nothing beside the screen has measured "
            "whether they sensitize."
        )
    return f"None of {plural(table.height, 'candidate')} is a confirmed sensitizer."


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    """Candidates with their sentence, the first of the table."""
    return table.head(_TOLD).select("reagent", "kind", "verdict", "summary", "expected").to_dicts()
