"""The sources of evidence as records: which experiment each rests on, what it may decide, and its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from sensitome.evidence.settings import EvidenceSettings

__all__ = ["ESTIMATE", "EXPERIMENTS", "KEYS", "SAYS", "Asked", "Experiment", "Judgment", "Row", "Source", "Tables"]

Tables = Mapping[str, pl.DataFrame]
Row = Mapping[str, Any]
#: What a source says, and why in words.
Judgment = tuple[str, str]

KEYS = ("reagent", "kind", "cell_line", "treatment")
#: An estimate, wherever it comes from.
ESTIMATE: Mapping[str, str] = {
    "effect": "estimate",
    "ci_low": "lower end of its interval",
    "ci_high": "upper end of its interval",
    "p_value": "its p",
    "q_value": "its false-discovery rate",
    "n": "what it rests on",
}
#: What a source can say. `context` = told, not judged; `missing` = not measured, which is no evidence at all.
SAYS = ("supports", "contradicts", "unclear", "context", "missing")


@dataclass(frozen=True)
class Experiment:
    """What sources share when they are not independent: the same wells, lysates or patients.

    Parameters
    ----------
    name : of it
    title : for people
    role : "decides", "corroborates" or "context"
    missing : what it means that there is none, in words
    """

    name: str
    title: str
    role: Literal["decides", "corroborates", "context"]
    missing: str


#: Every experiment, in the order in which it is told.
EXPERIMENTS: Mapping[str, Experiment] = {
    one.name: one
    for one in (
        Experiment("screen", "screen", "decides", "not in the screen"),
        Experiment("validation", "validation assay", "decides", "no validation assay in this line and arm"),
        Experiment("proteins", "proteins", "corroborates", "no proteins were measured"),
        Experiment("patients", "patients", "corroborates", "no patients were looked at"),
        Experiment("arrays", "arrays", "context", "no expression arrays"),
        Experiment("databases", "targets", "context", "no table of targets"),
    )
}


@dataclass(frozen=True)
class Asked:
    """Whose evidence is asked for.

    Parameters
    ----------
    candidates : one row a candidate: `reagent`, `kind`, `target`, `sign` (+1 the reagent raises its target, −1 lowers
        it, 0 unknown)
    vehicle : the arm without drug
    settings : thresholds
    protein_lists : proteins whose loss speaks against the tumor cell, and those whose gain does
    """

    candidates: pl.DataFrame
    vehicle: str | None
    settings: EvidenceSettings
    protein_lists: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@dataclass(frozen=True)
class Source:
    """One source of evidence: a group of columns of the evidence.

    Parameters
    ----------
    name : of the group; its columns are "<name>_<column>"
    title : for people
    experiment : name of the experiment that it rests on
    unit : of the estimate
    counts : what `n` counts
    select : tables, asked → rows with some of `KEYS`, `effect` and what else of `ESTIMATE` and `further` there is, one
        row a key; None where the run has no such table
    judge : row → what it says, and why in words
    further : further columns: name → (number, text or yes-no; meaning)
    per_arm : whether it speaks of one line and arm, or of the reagent's target everywhere
    """

    name: str
    title: str
    experiment: str
    unit: str
    counts: str
    select: Callable[[Tables, Asked], pl.DataFrame | None]
    judge: Callable[[Row, Asked], Judgment]
    further: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    per_arm: bool = True
