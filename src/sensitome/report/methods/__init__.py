"""The methods of a run in words, with the numbers that were used: one file for each part of a study.

A file names its paragraphs in ``PARAGRAPHS``: heading, and a function from tables and manifest to text; "" when the run
did not do it. Every sentence is made from the settings and the tables; nothing is claimed that the run does not have.
"""

from __future__ import annotations

from collections.abc import Callable

from sensitome.charts.data import Manifest, Tables
from sensitome.report.methods import (
    calls,
    enrichment,
    evidence,
    expression,
    patients,
    protein,
    screen,
    study,
    validation,
)
from sensitome.report.sensitization_text import sensitization_method_text

__all__ = ["PARAGRAPHS", "Write", "methods_text"]

#: Tables and manifest → a paragraph.
Write = Callable[[Tables, Manifest], str]

#: Heading and writer of every paragraph, in the order of the page.
PARAGRAPHS: tuple[tuple[str, Write], ...] = (
    *screen.PARAGRAPHS,
    *calls.PARAGRAPHS,
    ("Sensitization", sensitization_method_text),
    *calls.STABILITY,
    *validation.PARAGRAPHS,
    *protein.PARAGRAPHS,
    *expression.PARAGRAPHS,
    *enrichment.PARAGRAPHS,
    *patients.PARAGRAPHS,
    *evidence.PARAGRAPHS,
    *study.PARAGRAPHS,
)


def methods_text(tables: Tables, manifest: Manifest) -> list[tuple[str, str]]:
    """Write the methods from the settings and the tables.

    Parameters
    ----------
    tables : of the run
    manifest : with the resolved study

    Returns
    -------
    Heading and paragraph of what the run did, in order
    """
    written = [(heading, write(tables, manifest)) for heading, write in PARAGRAPHS]
    return [(heading, text) for heading, text in written if text]
