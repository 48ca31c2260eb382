"""The page: one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from sensitome.charts.data import signed
from sensitome.report.payload import safe_json
from sensitome.report.section import Section, build_section
from sensitome.report.sections import SECTIONS
from sensitome.report.specs import page_figure, wanted

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["build_page"]

#: Scripts in the order in which they build on each other; the first is the renderer of the figures.
SCRIPTS = ("base.js", "tables.js", "plates.js", "interaction.js", "wells.js", "cards.js", "figures.js", "page.js")
#: It is `vl_convert.javascript_bundle()`, kept as a file: making it takes longer than the rest of the page.
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
    environment = _environment()

    def render(section: Section, context: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        records = wanted(context.get("figures", []), tables)
        drawn = [figure for record in records if (figure := page_figure(record, tables, manifest)) is not None]
        body = environment.get_template(f"{section.name}.html.j2").render(c=context, drawn=drawn)
        return body, {f"spec-{each['name']}": each["specification"] for each in drawn if "specification" in each}

    ready = [build_section(section, tables, manifest, render=render) for section in SECTIONS]
    built = [section for section in ready if section is not None]
    data = {name: safe_json(value) for section in built for name, value in section.data.items()}
    study = manifest.get("study") or {}
    return environment.get_template("page.html.j2").render(
        title=study.get("title") or study.get("name") or "Screen",
        version=manifest.get("sensitome", ""),
        sections=built,
        data=data,
        styles=[_asset(name) for name in STYLES],
        renderer=_asset(RENDERER) if any(name.startswith("spec-") for name in data) else "",
        scripts=[_asset(name) for name in SCRIPTS],
    )


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
