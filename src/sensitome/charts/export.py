"""Figures as SVG and PDF, without a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from sensitome.charts.panels import Specification

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["render", "render_both"]


def render(chart: ChartType | Specification, *, format: Literal["svg", "pdf"] = "svg") -> bytes:  # noqa: A002
    """Draw a figure; the same figure gives the same bytes.

    Parameters
    ----------
    chart : a figure of `sensitome.charts.registry`, drawn or specified
    format : "svg" (UTF-8) or "pdf"

    Returns
    -------
    The bytes of the file
    """
    return _svg(chart).encode() if format == "svg" else render_both(chart)[1]


def render_both(chart: ChartType | Specification) -> tuple[bytes, bytes]:
    """Draw a figure once, as SVG and as PDF.

    Parameters
    ----------
    chart : as `render`

    Returns
    -------
    Bytes of the SVG and of the PDF
    """
    import vl_convert

    svg = _svg(chart)
    # Two fonts in one PDF are written in an order of chance; one weight needs one font.
    pdf = vl_convert.svg_to_pdf(re.sub(r' font-weight="[^"]*"', "", svg))
    # So are the resources of a page; sorting their lines leaves every offset of the file as it is.
    return svg.encode(), re.sub(
        rb"(/(?:ExtGState|XObject|Pattern|Shading|ColorSpace) <<\n)([^>]*)(?=\n *>>)", _sorted, pdf
    )


def _sorted(block: re.Match[bytes]) -> bytes:
    """A PDF dictionary with its lines in order."""
    return block[1] + b"\n".join(sorted(block[2].split(b"\n")))


def _svg(chart: ChartType | Specification) -> str:
    """SVG text of a figure."""
    import altair as alt
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    made = chart if isinstance(chart, dict) else chart.to_dict(validate=False)
    return _plain(vl_convert.vegalite_to_svg(made, vl_version=version))


def _plain(svg: str) -> str:
    """Leave out labels that are invisible because they would overlap, and number gradients and clips from 0.

    The renderer counts gradients on from figure to figure.
    """
    seen: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        return seen.setdefault(match.group(0), f"{match.group(1)}{len(seen)}")

    svg = re.sub(r'<text [^>]*\bopacity="0"[^>]*>[^<]*</text>', "", svg)
    return re.sub(r"\b(gradient_|clip)\d+\b", name, svg)
