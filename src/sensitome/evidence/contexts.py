"""A candidate in one line and arm: what its sources and experiments say there, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from sensitome.evidence.sources import EXPERIMENTS, KEYS, Asked, Row
from sensitome.evidence.verdicts import VERDICTS, of_experiment, of_validation, verdict_of

__all__ = ["CORROBORATING", "DECIDING", "JUDGED", "SIDES", "Context", "best_of", "contexts_of", "side_of"]

DECIDING = tuple(name for name, one in EXPERIMENTS.items() if one.role == "decides")
CORROBORATING = tuple(name for name, one in EXPERIMENTS.items() if one.role == "corroborates")
JUDGED = (*DECIDING, *CORROBORATING)
#: How experiments are counted.
SIDES = ("supports", "contradicts", "unclear", "missing")
_BEYOND = ("interaction", "combination")
#: Sources whose estimate stands for the conclusion, the first that is there.
_MEASURES = ("interaction", "sensitization", "validation", "screen")


@dataclass(frozen=True)
class Context:
    """A candidate in one line and arm.

    Parameters
    ----------
    cell_line, treatment : where
    sources : name → row of the table `support`
    experiments : name → what it says
    verdict : one of `sensitome.evidence.verdicts.VERDICTS`
    """

    cell_line: str
    treatment: str
    sources: Mapping[str, Row]
    experiments: Mapping[str, str]
    verdict: str

    @property
    def measure(self) -> Row:
        """The estimate that stands for it; empty without any."""
        own = (self.sources[name] for name in _MEASURES if self.sources[name]["says"] != "missing")
        return next(own, {})


def contexts_of(support: pl.DataFrame, asked: Asked) -> dict[tuple[str, str], list[Context]]:
    """Every candidate (reagent, kind) in every drug arm, in the order of lines and arms.

    Parameters
    ----------
    support : table `support`
    asked : the arm without drug, thresholds
    """
    found: dict[tuple[str, str], list[Context]] = {}
    drug = support if asked.vehicle is None else support.filter(pl.col("treatment") != asked.vehicle)
    for keys, own in drug.sort(KEYS).group_by(KEYS, maintain_order=True):
        reagent, kind, cell_line, treatment = (str(key) for key in keys)
        sources = {row["source"]: row for row in own.iter_rows(named=True)}
        experiments = _experiments(sources)
        verdict = verdict_of(
            screen=experiments["screen"],
            validation=experiments["validation"],
            corroborating=[experiments[name] for name in CORROBORATING],
            needed=asked.settings.corroborating,
        )
        found.setdefault((reagent, kind), []).append(Context(cell_line, treatment, sources, experiments, verdict))
    return found


def _experiments(sources: Mapping[str, Row]) -> dict[str, str]:
    """What each experiment says whose sources say so."""
    says = {name: [row["says"] for row in sources.values() if row["experiment"] == name] for name in EXPERIMENTS}
    beyond = [sources[name]["says"] for name in _BEYOND]
    return {name: of_experiment(own) for name, own in says.items()} | {
        "validation": of_validation(with_drug=sources["validation"]["says"], beyond=beyond)
    }


def best_of(contexts: Sequence[Context]) -> Context | None:
    """Where the candidate stands best; None without any line and arm.

    Where a validation assay was done, only its lines and arms are looked at: a candidate that failed there is not saved
    by a line in which nobody tried. Then the first verdict, then most corroborating experiments, then the smallest p of
    the estimate, then the name.
    """
    tested = [context for context in contexts if context.experiments["validation"] != "missing"]

    def order(context: Context) -> tuple[int, int, float, str, str]:
        agreeing = sum(context.experiments[name] == "supports" for name in CORROBORATING)
        p = context.measure.get("p_value")
        sure = p if isinstance(p, float) else 1.0
        return VERDICTS.index(context.verdict), -agreeing, sure, context.cell_line, context.treatment

    return min(tested or contexts, key=order, default=None)


def side_of(says: str) -> str:
    """Which count an experiment belongs to: one of `SIDES`.

    >>> side_of("effect only"), side_of("mixed")
    ('supports', 'contradicts')
    """
    return {"effect only": "supports", "additive": "contradicts", "mixed": "contradicts"}.get(says, says)
