"""The funnel with the reagents of each step."""

from __future__ import annotations

from typing import Any

from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

#: Names shown of one step; past it the table of hits has them all.
MOST = 400


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Steps with counts, the share of the first step, and the names that remain and that are left out."""
    steps = tables["funnel"].sort("step")
    if steps.is_empty():
        return None
    top = max(1, steps["n_reagents"][0])
    rows = []
    for row in steps.iter_rows(named=True):
        kept, left = _names(row["reagents"]), _names(row["left_out"])
        rows.append(
            row
            | {
                "share": 100 * row["n_reagents"] / top,
                "kept": kept[:MOST],
                "kept_more": max(0, len(kept) - MOST),
                "left": left[:MOST],
                "left_more": max(0, len(left) - MOST),
            }
        )
    return {"steps": rows}


def _names(text: str | None) -> list[str]:
    """Names of a list that was joined by ";"."""
    return [name for name in (text or "").split(";") if name]
