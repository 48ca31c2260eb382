"""What a study says of its miRNA arrays."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sensitome.expression.exclusion import ExpressedBy
from sensitome.frozen_settings import FrozenSettings

__all__ = ["ExpressionSettings"]


class ExpressionSettings(FrozenSettings):
    """How arrays become comparable, and what counts as an answer to a treatment."""

    processing: Literal["normann2021", "normann2021-nowhere", "agimicrorna", "quantile-offset", "log2", "rma"]
    """From signals to log2 values: as the paper does it, or as a peer."""
    test: Literal["kruskal", "blocked", "aligned", "permutation", "moderated"]
    """Kruskal-Wallis over all arrays of a group of lines, as the paper; or a test within lines."""
    comparison: Literal["arms", "treated", "each"]
    """Every arm is a group; vehicle against all drug arms; or vehicle against each drug arm."""
    by: Literal["p_value", "q_value"]
    """Whether nominal p or the false-discovery rate decides who answers."""
    alpha: Annotated[float, Field(gt=0, lt=1)]
    """Limit below which a miRNA answers."""
    expressed_by: ExpressedBy = "auto"
    """What says which targets of inhibitors the untreated cells express: the table ``inputs.expressed``, or the
    detection calls of the arrays; auto = the table where there is one."""
    detected_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of a line's untreated arrays that must detect a miRNA for it to count as expressed."""
    platform: str | None = None
    """Platform of a GEO series that has several."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Where a series or its sample table says it: cell_line, treatment, replicate or sample → their column."""
    words: dict[str, str] = Field(default_factory=dict)
    """Their words for cell lines and treatments → the study's."""
    detected_by: Literal["flag", "minimum"] = "flag"
    """What says that an array detects a miRNA: its own flag, or a signal above a repeated minimum."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Groups of cell lines that are tested apart: name → lines; none = all lines as one group."""
