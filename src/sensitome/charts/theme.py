"""Fonts, sizes, colors and shapes of every figure, in one place.

Colors are those of Okabe and Ito (2008), which people with any color vision tell apart; the first two are the black and
orange of Normann et al. 2021. Color is never the only carrier: kinds differ in shape, verdicts in sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "FAINT",
    "FONT",
    "GRID",
    "INK",
    "MUTED",
    "SHAPES",
    "VERDICTS",
    "config",
    "kind_shapes",
    "line_colors",
]

FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"
INK = "#1b2228"
MUTED = "#5c6770"
FAINT = "#ccd3d8"
GRID = "#e9ecef"
ACCENT = "#0b6e75"

#: Okabe–Ito, darkest first; yellow is left out because it is lost on white paper.
LINES = ("#111111", "#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")

#: The shape of each kind of reagent, as in Normann et al. 2021: dot = inhibitor, triangle = mimic.
SHAPES = {"inhibitor": "circle", "mimic": "triangle-up", "siRNA": "square", "CRISPR": "diamond", "compound": "cross"}
OTHER_SHAPES = ("triangle-down", "triangle-left", "triangle-right", "wedge", "arrow")

#: Verdict → (color, shape, sign).
VERDICTS = {
    "pass": ("#2b7a5b", "circle", "✓"),
    "warn": ("#b36b00", "triangle-up", "!"),
    "fail": ("#b3261e", "square", "✕"),
    "not applicable": ("#7c878f", "diamond", "–"),
}

#: Ends and middle of the scale of normalized values: loss of viability is vermillion, gain is blue.
DIVERGING = ("#9a3412", "#e8824a", "#fbe3d2", "#f6f6f4", "#d5e6f3", "#5a9fcf", "#0b4a7c")
#: Scale of raw readings, dark to light in print as well (cividis).
SEQUENTIAL = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")


def line_colors(lines: Iterable[str]) -> dict[str, str]:
    """Color of each cell line, in alphabetical order; past seven lines the colors repeat.

    >>> line_colors(["SUM190PT", "KPL4"])
    {'KPL4': '#111111', 'SUM190PT': '#e69f00'}
    """
    return {line: LINES[index % len(LINES)] for index, line in enumerate(sorted(set(lines)))}


def kind_shapes(kinds: Iterable[str]) -> dict[str, str]:
    """Shape of each kind of reagent; kinds of the lab's own get further shapes in alphabetical order.

    >>> kind_shapes(["mimic", "antisense"])
    {'antisense': 'triangle-down', 'mimic': 'triangle-up'}
    """
    names = sorted(set(kinds))
    own = [name for name in names if name not in SHAPES]
    further = {name: OTHER_SHAPES[index % len(OTHER_SHAPES)] for index, name in enumerate(own)}
    return {name: SHAPES.get(name) or further[name] for name in names}


def config() -> dict[str, Any]:
    """Vega-Lite configuration that every figure carries."""
    return {
        "font": FONT,
        "background": "white",
        "padding": 6,
        "view": {"stroke": None, "continuousWidth": 300, "continuousHeight": 220},
        "axis": {
            "labelFontSize": 11,
            "titleFontSize": 12,
            "titleFontWeight": 500,
            "labelColor": MUTED,
            "titleColor": INK,
            "domainColor": MUTED,
            "tickColor": MUTED,
            "tickSize": 4,
            "gridColor": GRID,
            "titlePadding": 8,
            "labelOverlap": "greedy",
        },
        "legend": {
            "labelFontSize": 11.5,
            "titleFontSize": 11.5,
            "titleFontWeight": 600,
            "labelColor": INK,
            "titleColor": INK,
            "orient": "top",
            "symbolSize": 70,
            "titleOrient": "left",
            "columnPadding": 14,
            "labelLimit": 220,
            "padding": 8,
        },
        "title": {
            "fontSize": 13,
            "fontWeight": 600,
            "color": INK,
            "anchor": "start",
            "frame": "group",
            "subtitleFontSize": 11.5,
            "subtitleColor": MUTED,
            "subtitlePadding": 4,
            "offset": 8,
        },
        # Half-transparent marks make a PDF large, and its order one of chance.
        "mark": {"opacity": 1},
        "text": {"color": INK, "fontSize": 11},
        "concat": {"spacing": 26},
    }
