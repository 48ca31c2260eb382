"""Figures of many like panels: one panel is described once with Altair, then filled with the data of each.

Altair copies every part of a chart whenever charts are layered or put beside each other; with dozens of panels that
takes seconds. Here a panel is built once, with data by name, and its specification is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import csv_text
from sensitome.charts.theme import config

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["Panels", "Specification", "frozen", "named", "specification"]

#: A Vega-Lite specification.
Specification = dict[str, Any]


def named(name: str) -> alt.NamedData:
    """Data that a panel gets later, by name."""
    import altair as alt

    return alt.NamedData(name=name, format=alt.CsvDataFormat(type="csv"))


def specification(chart: ChartType) -> Specification:
    """Specification of a chart that stands alone, with the looks of the house."""
    return chart.to_dict(validate=False) | {"config": config()}


class Panels:
    """Panels beside each other, gathered one by one.

    Parameters
    ----------
    columns : how many beside each other
    title : of the whole figure
    subtitle : lines below it
    resolve : which scales the panels share
    """

    def __init__(
        self, *, columns: int, title: str, subtitle: str | Sequence[str], resolve: Mapping[str, str] | None = None
    ) -> None:
        self.columns = columns
        self.title = {
            "text": title,
            "subtitle": subtitle if isinstance(subtitle, str) else list(subtitle),
            "offset": 14,
        }
        self.resolve = dict(resolve or {})
        self.panels: list[Specification] = []
        self.datasets: dict[str, str] = {}

    def add(
        self,
        template: str,
        *,
        data: Mapping[str, pl.DataFrame],
        title: str,
        subtitle: str | Sequence[str] = "",
        size: float = 13,
    ) -> None:
        """Fill a template with data and put it behind the others.

        Parameters
        ----------
        template : JSON of the panel, from `frozen`
        data : name in the template → rows
        title, subtitle : of the panel; several lines below the title as a sequence
        size : of the title, in pixels
        """
        panel: Specification = json.loads(template)
        for name, rows in data.items():
            self.datasets[f"{len(self.panels)}-{name}"] = csv_text(rows)
        _rename(panel, f"{len(self.panels)}-")
        panel["title"] = {"text": title, "fontSize": size} | (
            {"subtitle": subtitle if isinstance(subtitle, str) else list(subtitle)} if subtitle else {}
        )
        self.panels.append(panel)

    def specification(self) -> Specification | None:
        """The figure; None without panels."""
        if not self.panels:
            return None
        import altair as alt

        return {
            "$schema": alt.SCHEMA_URL,
            "title": self.title,
            "concat": self.panels,
            "columns": max(1, min(self.columns, len(self.panels))),
            "resolve": {"scale": self.resolve},
            "datasets": self.datasets,
            "config": config(),
        }


def frozen(chart: ChartType) -> str:
    """JSON of one panel, without what belongs to the whole figure."""
    panel = chart.to_dict(validate=False)
    for key in ("$schema", "config", "datasets"):
        panel.pop(key, None)
    return json.dumps(panel)


def _rename(part: object, prefix: str) -> None:
    """Put the number of the panel before the names of its data."""
    if isinstance(part, dict):
        data = part.get("data")
        if isinstance(data, dict) and "name" in data:
            data["name"] = f"{prefix}{data['name']}"
        for value in part.values():
            _rename(value, prefix)
    elif isinstance(part, list):
        for value in part:
            _rename(value, prefix)
