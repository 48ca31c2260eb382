"""How many reagents remain after each step of the rule, and which."""

from __future__ import annotations

import polars as pl

from sensitome.screen.score_matrix import ITEM
from sensitome.settings import Treatments

__all__ = ["count_funnel"]


def count_funnel(hits: pl.DataFrame, *, treatments: Treatments, expressed_by: str = "") -> pl.DataFrame:
    """Count and name the reagents that remain after each step, as in "1626 → 93 → 16".

    Parameters
    ----------
    hits : table `hits`
    treatments : which arm is the vehicle; without one the steps that need it are left out
    expressed_by : what says which targets are expressed: ``arrays``, ``table`` or nothing

    Returns
    -------
    Table `funnel`
    """
    contexts = hits.select("cell_line", "treatment").n_unique()
    steps: list[tuple[str, pl.Expr]] = [("reagents in the library", pl.lit(value=True))]
    passed = pl.col("is_significant").fill_null(value=False)
    steps.append(("significant loss of viability with a drug" if treatments.vehicle else "significant", passed))
    if treatments.vehicle:
        passed = passed & pl.col("is_quiet").fill_null(value=False)
        steps.append(("of these, no significant effect without drug", passed))
    if hits["is_expressed"].is_not_null().any():
        told = "target detected by the arrays" if expressed_by == "arrays" else "target expressed"
        steps.append((f"of these, {told} where it must be: hits", pl.col("is_hit")))
    if contexts > 1:
        steps.append(("of these, more than one effect: candidates", pl.col("is_hit") & pl.col("is_candidate")))
    rows = []
    before: list[str] = []
    for number, (name, keeps) in enumerate(steps, start=1):
        kept = hits.filter(keeps)
        reagents = kept.select(*ITEM).unique()
        # Nobody lists the whole library.
        named = reagents.sort(*ITEM) if number > 1 else reagents.clear()
        names = [f"{reagent} ({kind})" for reagent, kind, _ in named.iter_rows()]
        rows.append(
            {
                "step": number,
                "name": name,
                "n_reagents": reagents.height,
                "n_contexts": kept.height,
                "by_kind": _by_kind(reagents),
                "reagents": None if number == 1 else ";".join(names),
                "left_out": None if number <= 2 else ";".join(sorted(set(before) - set(names))),
            }
        )
        before = names
    types = {"step": pl.Int16, "n_reagents": pl.Int32, "n_contexts": pl.Int32, "reagents": pl.String}
    return pl.DataFrame(rows, schema_overrides={**types, "left_out": pl.String})


def _by_kind(reagents: pl.DataFrame) -> str:
    """Count by kind in words: "14 mimics, 1 inhibitor"."""
    counts = reagents.group_by("kind").len().sort("len", "kind", descending=[True, False])
    return ", ".join(f"{count} {_plural(kind) if count > 1 else kind}" for kind, count in counts.iter_rows()) or "none"


def _plural(kind: str) -> str:
    """Usual words take an s; a lab's own code stays as it is."""
    return f"{kind}s" if kind.islower() or kind.endswith("RNA") else kind
