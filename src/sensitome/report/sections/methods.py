"""Methods in words."""

from __future__ import annotations

from typing import Any

from sensitome.report.methods import methods_text
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Paragraphs that are ready for a Methods section."""
    return {"paragraphs": methods_text(tables, manifest)}
