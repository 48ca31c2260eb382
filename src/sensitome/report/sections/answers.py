"""Which miRNAs answer to the treatments: Table 1 of the paper, box plots, and what so many arrays could find."""

from __future__ import annotations

from typing import Any

import polars as pl

from sensitome.charts.data import plural, setting
from sensitome.expression.summary import p_in_words, responding
from sensitome.report.payload import Column, column_table
from sensitome.report.section import Manifest, Tables

__all__ = ["build"]

_TESTS = {
    "kruskal": "a Kruskal-Wallis test over all arrays of a group of cell lines, as in Normann et al. 2021",
    "blocked": "a rank test within cell lines",
    "aligned": "a test of aligned ranks within cell lines",
    "permutation": "a test of aligned ranks, shuffled within cell lines",
    "moderated": "a moderated F test with cell lines as blocks (limma)",
}
COLUMNS: dict[str, Column] = {
    "feature": ("miRNA", None, ""),
    "group": ("group of lines", None, "filter"),
    "comparison": ("comparison", None, "filter"),
    "arm": ("arm that changes most", None, "filter"),
    "change": ("change (log2)", 2, ""),
    "p_value": ("nominal p", 4, "rate"),
    "q_value": ("q", 4, "rate"),
    "n": ("arrays", 0, ""),
    "n_detected": ("detected in", 0, ""),
}


def build(tables: Tables, manifest: Manifest) -> dict[str, Any] | None:
    """Groups with the miRNAs that answer, what the design allows, and every test; nothing without arrays."""
    response = tables.get("response")
    if response is None or response.is_empty():
        return None
    alpha = float(setting(manifest, "expression", "alpha", default=0.05))
    by = str(setting(manifest, "expression", "by", default="p_value"))
    rows = response.sort("p_value", "feature", nulls_last=True)
    most = int(setting(manifest, "report", "rows", default=20000))
    caption = "Every miRNA that some array of the group detects, the smallest p first"
    return {
        "alpha": f"{alpha:g}",
        "by": "nominal p" if by == "p_value" else "q",
        "is_nominal": by == "p_value",
        "test": _TESTS.get(str(response["test"][0]), str(response["test"][0])),
        "pools_lines": response["test"][0] == "kruskal",
        "groups": _groups(response, tables.get("response_design"), alpha=alpha, by=by),
        "figures": ["response_boxes"] if "expression" in tables else [],
        "data": {"response": column_table(rows.head(most), COLUMNS, caption=caption, name="response")},
    }


def _groups(response: pl.DataFrame, design: pl.DataFrame | None, *, alpha: float, by: str) -> list[dict[str, Any]]:
    """One entry a group of lines: who answers, how many would by chance, and the smallest p that it could have."""
    answers = responding(response, alpha=alpha, by=by)
    smallest = _by_group(design, "smallest_p")
    arrays = _by_group(design, "arrays")
    groups = []
    for (name, lines), own in response.group_by(["group", "cell_lines"], maintain_order=True):
        mine = answers.filter(pl.col("group") == name)
        tested = own["p_value"].drop_nulls().len()
        p = smallest.get(str(name))
        groups.append(
            {
                "name": name,
                "lines": lines,
                "arrays": arrays.get(str(name), ""),
                "tested": tested,
                "by_chance": f"{alpha * tested:.0f}" if alpha * tested >= 1 else "fewer than 1",
                "after_correction": own.filter(pl.col("q_value") < alpha)["feature"].n_unique(),
                "smallest_p": "–" if p is None else p_in_words(float(p)),
                "is_too_small": p is not None and float(p) >= alpha,
                "count": plural(mine["feature"].n_unique(), "miRNA"),
                "features": [
                    (feature, p_in_words(value), repeated)
                    for feature, value, repeated in mine.select("feature", by, "is_repeated").iter_rows()
                ],
            }
        )
    return groups


def _by_group(design: pl.DataFrame | None, column: str) -> dict[str, Any]:
    """What the design says of each group; of several comparisons the one that can find most."""
    if design is None:
        return {}
    best = design.sort("smallest_p", nulls_last=True).unique("group", keep="first", maintain_order=True)
    return dict(best.select("group", column).iter_rows())
