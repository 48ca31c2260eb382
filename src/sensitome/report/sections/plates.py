"""The plate wall."""

from __future__ import annotations

from typing import Any

from sensitome.charts.theme import DIVERGING, SEQUENTIAL
from sensitome.report.plate_data import plate_data
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]


def build(tables: Tables, manifest: Manifest) -> dict[str, Any]:
    """Packed wells for the canvas; colors are those of the figures."""
    data = plate_data(tables, manifest)
    data["palettes"] = {"raw": list(SEQUENTIAL), "normalized": list(DIVERGING)}
    return {
        "data": {"plates": data},
        "left_out": data["left_out"],
        "count": sum(len(entry["plates"]["plate"]) for entry in data["formats"]),
        "units": data["units"],
    }
