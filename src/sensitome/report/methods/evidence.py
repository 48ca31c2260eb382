"""How the sources of evidence were read together, in words."""

from __future__ import annotations

import polars as pl

from sensitome.charts.data import Manifest, Tables, named, plural, setting
from sensitome.evidence.verdicts import VERDICTS

__all__ = ["PARAGRAPHS"]


def _evidence(tables: Tables, manifest: Manifest) -> str:
    """Whose evidence, by which rules, and the verdicts."""
    conclusions = tables.get("conclusions")
    if conclusions is None or conclusions.is_empty():
        return ""
    value = (
        "false-discovery rate" if setting(manifest, "evidence", "by", default="q_value") == "q_value" else "nominal p"
    )
    alpha, margin, stable = (
        float(setting(manifest, "evidence", name, default=default))
        for name, default in (("alpha", 0.05), ("margin", 0.32), ("stable", 0.5))
    )
    needed = int(setting(manifest, "evidence", "corroborating", default=1))
    verdicts = conclusions["verdict"].cast(pl.String)
    counts = {name: int((verdicts == name).sum()) for name in VERDICTS}
    found = named([f"{counts[name]} {name}" for name in VERDICTS if counts[name]])
    return (
        f"What the experiments say of {plural(conclusions.height, 'candidate')} was judged by rules without "
        f"weights, in every cell line and drug arm. Sources that rest on the same wells, lysates or patients "
        f"counted as one experiment. A source supported sensitization at a {value} of {alpha:g} or as its own rule "
        f"calls, and contradicted it when its interval excluded a loss of {margin:g} log2 or it was as sure of the "
        f"opposite; a call of the screen was stable when {100 * stable:.0f} % of the defensible settings agreed. "
        f"Screen and validation assay decide; proteins and patients, read by whether the reagent raises or lowers "
        f"its target, made a confirmed sensitizer strong when at least {needed} of them agreed and none "
        f"contradicted. What was not measured counted neither way. Where each candidate stands best: {found}."
    )


#: Heading and writer of each paragraph.
PARAGRAPHS = (("Evidence", _evidence),)
