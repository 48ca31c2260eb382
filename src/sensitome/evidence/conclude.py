"""One conclusion per candidate: its verdict where it is best, where else it holds, and its weakest link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from sensitome.evidence.contexts import JUDGED, SIDES, Context, best_of, contexts_of, side_of
from sensitome.evidence.sentences import conclusion_in_words, weakest_link, where_in_words
from sensitome.evidence.sources import KEYS, Asked, Row
from sensitome.evidence.target import direction_in_words
from sensitome.evidence.verdicts import VERDICTS

__all__ = ["add_verdicts", "conclude"]

_ITEM = ("reagent", "kind")
_ESTIMATE = ("effect", "ci_low", "ci_high", "p_value", "q_value")


def conclude(support: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Draw the conclusion on every candidate.

    Parameters
    ----------
    support : from `sensitome.evidence.gather.gather_evidence`
    asked : candidates, thresholds

    Returns
    -------
    Table `conclusions`: one row per candidate, the best verdict first, then by experiments that support and contradict,
    lines and arms with the same verdict, and the estimate. `cell_line` and `treatment` are where it is best,
    among the lines and arms of the validation assay if it went through one.
    """
    contexts = contexts_of(support, asked)
    rows = [
        _row(item, contexts.get((item["reagent"], item["kind"]), [])) for item in asked.candidates.iter_rows(named=True)
    ]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    places = {name: place for place, name in enumerate(VERDICTS)}
    rank = pl.col("verdict").replace_strict(places, return_dtype=pl.Int32)
    order = [rank, -pl.col("n_supports"), pl.col("n_contradicts"), -pl.col("n_same"), pl.col("effect"), *_ITEM]
    return table.sort(order, nulls_last=True)


def add_verdicts(evidence: pl.DataFrame, support: pl.DataFrame, asked: Asked) -> pl.DataFrame:
    """Say of every row what its experiments say, and the verdict; null without drug.

    Parameters
    ----------
    evidence, support : from `sensitome.evidence.gather.gather_evidence`
    asked : candidates, thresholds

    Returns
    -------
    The evidence with `verdict` and one column `says_<experiment>` for each that is judged
    """
    names = [*KEYS, "verdict", *(f"says_{name}" for name in JUDGED)]
    found = [
        (*item, one.cell_line, one.treatment, one.verdict, *(one.experiments[name] for name in JUDGED))
        for item, contexts in contexts_of(support, asked).items()
        for one in contexts
    ]
    table = pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row")
    return evidence.join(table, on=KEYS, how="left", maintain_order="left")


def _row(item: Row, contexts: Sequence[Context]) -> dict[str, Any]:
    """The conclusion on one candidate."""
    best = best_of(contexts)
    says = {name: best.experiments[name] if best else "missing" for name in JUDGED}
    sides = [side_of(one) for one in says.values()]
    verdict = best.verdict if best else "not measured"
    alike = sum(context.verdict == verdict for context in contexts)
    weakest = weakest_link(best, contexts)
    name = f"{item['reagent']} ({item['kind']})"
    measure = best.measure if best else {}
    return {
        **{column: item.get(column) for column in (*_ITEM, "target", "sign")},
        "chosen_by": _chosen_by(item),
        "verdict": verdict,
        "cell_line": best.cell_line if best else None,
        "treatment": best.treatment if best else None,
        "n_contexts": len(contexts),
        "n_same": alike,
        **{f"says_{one}": word for one, word in says.items()},
        **{f"n_{side}": sides.count(side) for side in SIDES},
        "source": measure.get("source"),
        **{column: measure.get(column) for column in (*_ESTIMATE, "n")},
        "where": where_in_words(contexts, VERDICTS),
        "expected": direction_in_words(item.get("target"), int(item.get("sign") or 0)),
        "weakest": weakest,
        "summary": conclusion_in_words(name, best, alike=alike, of=len(contexts), weakest=weakest),
    }


def _chosen_by(item: Row) -> str:
    """Who made it a candidate."""
    words = {"is_candidate": "rule", "is_sensitizer": "model", "is_validated": "validation"}
    return ", ".join(word for column, word in words.items() if item.get(column))


_SCHEMA: dict[str, Any] = {
    "reagent": pl.String,
    "kind": pl.String,
    "target": pl.String,
    "sign": pl.Int8,
    "chosen_by": pl.String,
    "verdict": pl.String,
    "cell_line": pl.String,
    "treatment": pl.String,
    "n_contexts": pl.Int32,
    "n_same": pl.Int32,
    **{f"says_{name}": pl.String for name in JUDGED},
    **{f"n_{side}": pl.Int32 for side in SIDES},
    "source": pl.String,
    **dict.fromkeys(_ESTIMATE, pl.Float64),
    "n": pl.Int32,
    "where": pl.String,
    "expected": pl.String,
    "weakest": pl.String,
    "summary": pl.String,
}
