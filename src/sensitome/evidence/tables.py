"""Tables of the evidence: columns, units and meanings, made from the records of the sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dataframely as dy

from sensitome.evidence.contexts import JUDGED
from sensitome.evidence.gather import SOURCES
from sensitome.evidence.sources import ESTIMATE, EXPERIMENTS, SAYS
from sensitome.evidence.verdicts import VERDICTS
from sensitome.schema_columns import count, key, number, text, yes_no

__all__ = ["EVIDENCE_TABLES", "Conclusions", "Evidence", "Support"]


def _says(meaning: str) -> dy.Enum:
    return dy.Enum(list(SAYS), description=meaning)


_KEYS = {
    "reagent": "name of the reagent",
    "kind": "class of reagent",
    "cell_line": "cell line",
    "treatment": "treatment arm",
}
_FURTHER: Mapping[str, Any] = {
    "number": lambda meaning: number(meaning, "see meaning"),
    "text": text,
    "yes-no": lambda meaning: yes_no(meaning, nullable=True),
    "count": lambda meaning: count(meaning, nullable=True),
}
_EXPERIMENT = ["supports", "contradicts", "mixed", "unclear", "missing"]
#: Experiment that is judged → what it can say.
_JUDGED = dict.fromkeys(JUDGED, _EXPERIMENT) | {"validation": [*_EXPERIMENT, "effect only", "additive"]}
_UNITS = {"p_value": "probability", "q_value": "probability"}


def _columns_of_sources() -> dict[str, Any]:
    """For each source its estimate, its further columns and what it says."""
    columns: dict[str, Any] = {}
    for source in SOURCES:
        for name, meaning in ESTIMATE.items():
            words = f"{source.title}: {meaning}"
            unit = _UNITS.get(name, source.unit)
            columns[f"{source.name}_{name}"] = (
                count(f"{source.title}: {source.counts}", nullable=True) if name == "n" else number(words, unit)
            )
        for name, (kind, meaning) in source.further.items():
            columns[f"{source.name}_{name}"] = _FURTHER[kind](f"{source.title}: {meaning}")
        columns[f"{source.name}_says"] = _says(f"{source.title}: what it says")
    return columns


Evidence = type(
    "Evidence",
    (dy.Schema,),
    {
        "__module__": __name__,
        "__doc__": "One row per candidate × cell line × arm: what every source says of it; null = not measured.",
        **{name: key(meaning) for name, meaning in _KEYS.items()},
        "target": text("what the reagent aims at"),
        "sign": dy.Int8(nullable=False, description="+1 = raises its target, −1 = lowers it, 0 = not known"),
        "is_candidate": yes_no("candidate of the rule"),
        "is_sensitizer": yes_no("called by the test of sensitization in some context"),
        "is_validated": yes_no("in the validation assay"),
        **_columns_of_sources(),
        "verdict": dy.Enum(list(VERDICTS), nullable=True, description="verdict in this line and arm"),
        **{
            f"says_{name}": dy.Enum(words, nullable=True, description=f"what its {EXPERIMENTS[name].title} say")
            for name, words in _JUDGED.items()
        },
        "missing": text("sources without a value for this row", nullable=False),
        "n_sources": count("sources with a value"),
        "summary": text("the row in plain language", nullable=False),
    },
)


class Support(dy.Schema):
    """One row per candidate × cell line × arm × source: its estimate and which side it takes."""

    reagent = key(_KEYS["reagent"])
    kind = key(_KEYS["kind"])
    cell_line = key(_KEYS["cell_line"])
    treatment = key(_KEYS["treatment"])
    source = dy.Enum([source.name for source in SOURCES], primary_key=True, description="source of evidence")
    experiment = dy.Enum(list(EXPERIMENTS), description="experiment that it rests on")
    says = _says("which side it takes; context = told, not judged; missing = not measured, no evidence at all")
    effect = number("its estimate", "as the source states")
    ci_low = number("lower end of its interval; null where there is none", "as the source states")
    ci_high = number("upper end of its interval", "as the source states")
    p_value = number("its p", "probability")
    q_value = number("its false-discovery rate", "probability")
    n = count("what it rests on", nullable=True)
    words = text("what it says, in words", nullable=False)


class Conclusions(dy.Schema):
    """One row per candidate: the verdict by rule where it stands best, and its weakest link; the best first."""

    reagent = key(_KEYS["reagent"])
    kind = key(_KEYS["kind"])
    target = text("what the reagent aims at")
    sign = dy.Int8(nullable=False, description="+1 = raises its target, −1 = lowers it, 0 = not known")
    chosen_by = text("who made it a candidate: rule, model, validation", nullable=False)
    verdict = dy.Enum(list(VERDICTS), description="verdict in the line and arm where it stands best")
    cell_line = text("that cell line")
    treatment = text("that drug arm")
    n_contexts = count("lines and drug arms with evidence")
    n_same = count("lines and drug arms with the same verdict")
    says_screen = dy.Enum(_EXPERIMENT, description="what the screen says there")
    says_validation = dy.Enum(_JUDGED["validation"], description="what the validation assay says there")
    says_proteins = dy.Enum(_EXPERIMENT, description="what the proteins say there")
    says_patients = dy.Enum(_EXPERIMENT, description="what patients say of its target")
    n_supports = count("experiments that support it there")
    n_contradicts = count("experiments that contradict it there, mixed ones included")
    n_unclear = count("experiments that do not take sides")
    n_missing = count("experiments that were not done")
    source = text("source of the estimate: the first of interaction, sensitization, validation, screen")
    effect = number("that estimate", "log2, or as in scores")
    ci_low = number("lower end of its interval", "as effect")
    ci_high = number("upper end of its interval", "as effect")
    p_value = number("its p", "probability")
    q_value = number("its false-discovery rate", "probability")
    n = count("what it rests on", nullable=True)
    where = text("every verdict with its lines and arms", nullable=False)
    expected = text("what is expected of patients if it sensitizes", nullable=False)
    weakest = text("weakest link", nullable=False)
    summary = text("the conclusion in plain sentences", nullable=False)


#: Tables of the evidence by file name.
EVIDENCE_TABLES: Mapping[str, type[dy.Schema]] = {
    "evidence": Evidence,
    "support": Support,
    "conclusions": Conclusions,
}
