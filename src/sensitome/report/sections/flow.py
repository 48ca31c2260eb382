"""The flow of the study with counts."""

from __future__ import annotations

from typing import Any

from sensitome.charts.flowchart import flow
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Boxes of the flow; the template draws them as text, so that they can be read aloud and printed."""
    return {"boxes": flow(tables, manifest)}
