"""What a section of the page is, and how it is built without taking the page down when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from sensitome.errors import listed

__all__ = ["Built", "Section", "build_section"]

Tables = Mapping[str, pl.DataFrame]
Manifest = Mapping[str, Any]
#: Tables and manifest → context of the template; None when there is nothing to show.
Build = Callable[[Tables, Manifest], "dict[str, Any] | None"]
#: Section and context → HTML, and what its figures need by name.
Render = Callable[["Section", "dict[str, Any]"], "tuple[str, dict[str, Any]]"]


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Parameters
    ----------
    name : its anchor
    title : its heading
    needs : tables without which the section only says what is missing
    build : tables, manifest → context of ``templates/<name>.html.j2``. The entry ``data`` of the context, a mapping of
        names to JSON-able values, is put on the page for the scripts; the entry ``figures`` lists figures to draw.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    build: Build


@dataclass(frozen=True)
class Built:
    """A section that is ready for the page.

    Parameters
    ----------
    section : the record
    body : its HTML
    data : what the scripts need, by name
    problem : what is missing or went wrong, in words; "" when all is well
    failed : whether the problem is a mistake of the program, not a table that the run does not have
    """

    section: Section
    body: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    failed: bool = False


def build_section(section: Section, tables: Tables, manifest: Manifest, *, render: Render) -> Built | None:
    """Build one section; a missing table or a crash is told in its place.

    Parameters
    ----------
    section : the record
    tables, manifest : of the run
    render : section and context → HTML and the data of its figures

    Returns
    -------
    None when the section has nothing to show
    """
    missing = [name for name in section.needs if name not in tables]
    if missing:
        noun = "table" if len(missing) == 1 else "tables"
        return Built(section, problem=f"This run has no {noun} {listed(missing, last='and')}.")
    try:
        context = section.build(tables, manifest)
        if context is None:
            return None
        body, figures = render(section, context)
    except Exception as error:  # one section must never cost the whole page
        return Built(section, problem=f"{type(error).__name__}: {error}", failed=True)
    data = {f"data-{name}": value for name, value in context.get("data", {}).items()}
    return Built(section, body=body, data=data | figures)
