"""Every caution of the run."""

from __future__ import annotations

from typing import Any

from sensitome.report.section import Manifest, Tables

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Cautions by stage, in the order in which they were given; equal ones are told once with their count."""
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    for caution in manifest.get("cautions") or ():
        text = str(caution.get("text") or caution.get("what") or "")
        entry = grouped.setdefault((str(caution.get("stage", "")), text), dict(caution) | {"text": text, "count": 0})
        entry["count"] += 1
    return {"cautions": list(grouped.values())}
