"""The page: one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import signed
from sensitome.report.payload import safe_json
from sensitome.report.section import Built, build_section
from sensitome.report.sections import SECTIONS
from sensitome.report.specs import page_figure, wanted

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["build_page"]

#: Scripts in the order in which they build on each other; the first is the renderer of the figures.
SCRIPTS = ("base.js", "tables.js", "plates.js", "wells.js", "figures.js", "page.js")
RENDERER = "vega.js"
STYLES = ("page.css", "print.css")


def build_page(tables: Mapping[str, pl.DataFrame], manifest: Mapping[str, Any]) -> str:
    """Write the report of a run.

    Parameters
    ----------
    tables : tables of the run by name (see `sensitome.tables.TABLES`); any may be missing. A table `truth` with
        `reagent`, `kind`, `cell_line`, `treatment`, `is_active` adds what a simulation knows.
    manifest : as ``manifest.json`` of a run folder

    Returns
    -------
    HTML text. The same tables and manifest give the same text; it loads nothing from anywhere.

    Examples
    --------
    >>> page = build_page({}, {"study": {"name": "empty"}})
    >>> "<title>empty</title>" in page
    True
    """
    built = [ready for section in SECTIONS if (ready := build_section(section, tables, manifest)) is not None]
    figures = {ready.section.name: _figures(ready, tables, manifest) for ready in built}
    data = {f"data-{key}": safe_json(value) for ready in built for key, value in ready.context.get("data", {}).items()}
    for drawn in figures.values():
        for figure in drawn:
            if "specification" in figure:
                data[f"spec-{figure['name']}"] = safe_json(figure.pop("specification"))
    study = manifest.get("study") or {}
    page: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=study.get("title") or study.get("name") or "Screen",
            version=manifest.get("sensitome", ""),
            sections=built,
            figures=figures,
            data=data,
            styles=[_asset(name) for name in STYLES],
            renderer=_asset(RENDERER) if any(key.startswith("spec-") for key in data) else "",
            scripts=[_asset(name) for name in SCRIPTS],
            has_cautions=bool(manifest.get("cautions")),
        )
    )
    return page


def _figures(ready: Built, tables: Mapping[str, pl.DataFrame], manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Figures of a section."""
    records = wanted(ready.context.get("figures", []), tables)
    return [drawn for record in records if (drawn := page_figure(record, tables, manifest)) is not None]


def _environment() -> Environment:
    """Templates of the package; everything that is put into them is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sensitome.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = lambda value: f"{value:,}"
    environment.filters["decimal"] = lambda value: "–" if value is None else signed(value, digits=3)
    environment.filters["plural"] = lambda count, noun: f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
    return environment


def _asset(name: str) -> str:
    """Text of a style or script of the package."""
    return files("sensitome.report").joinpath("assets", name).read_text(encoding="utf-8")
