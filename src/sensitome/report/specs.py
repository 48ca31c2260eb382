"""Figures as the page draws them: Vega-Lite specifications without what the page already says or styles."""

from __future__ import annotations

from typing import Any

from sensitome.charts.registry import FIGURES, Figure
from sensitome.report.section import Manifest, Tables

__all__ = ["page_figure", "wanted"]


def wanted(names: list[str], tables: Tables) -> list[Figure]:
    """Figures of a section that the tables allow, in the order of the section."""
    known = {record.name: record for record in FIGURES}
    return [known[name] for name in names if name in known and set(known[name].needs) <= set(tables)]


def page_figure(record: Figure, tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Draw one figure for the page.

    Returns
    -------
    name, title, caption and specification, or the problem in words; None when there is nothing to draw. The title of
    the specification is left out, because the page has it as a heading.
    """
    entry: dict[str, Any] = {"name": record.name, "title": record.title, "caption": record.caption}
    try:
        specification = record.specify(tables, manifest)
    except Exception as error:  # one figure must never cost its section
        return entry | {"problem": f"{type(error).__name__}: {error}"}
    if specification is None:
        return None
    for key in ("$schema", "title"):
        specification.pop(key, None)
    return entry | {"specification": specification}
