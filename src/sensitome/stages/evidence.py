"""The last stage of a run: what all the others say of each candidate, and the conclusion."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sensitome.evidence.conclude import add_verdicts, conclude
from sensitome.evidence.gather import gather_evidence, list_candidates
from sensitome.evidence.sources import Asked
from sensitome.protein.settings import RECOMMENDED, ProteinSettings
from sensitome.settings import Study
from sensitome.stages.record import Context, Stage, Tables

__all__ = ["STAGES"]


def _conclude(tables: Mapping[str, pl.DataFrame], context: Context) -> Tables:
    study = context.study
    asked = Asked(
        list_candidates(tables, settings=study.evidence),
        study.treatments.vehicle,
        study.evidence,
        _protein_lists(study),
    )
    gathered = gather_evidence(tables, asked)
    return {
        "evidence": add_verdicts(gathered.evidence, gathered.support, asked),
        "support": gathered.support,
        "conclusions": conclude(gathered.support, asked),
    }


def _protein_lists(study: Study) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Proteins of growth and of death, as the study or the recommended settings have them."""
    settings = study.protein if isinstance(study.protein, ProteinSettings) else RECOMMENDED
    return settings.proliferation, settings.apoptosis


def _can_conclude(study: Study) -> bool:
    """Whether there is an arm without drug: else no experiment can speak of sensitization."""
    return study.treatments.vehicle is not None


#: Everything that is known of each candidate.
STAGES: tuple[Stage, ...] = (
    Stage(
        "evidence",
        ("hits", "reagents"),
        ("evidence", "support", "conclusions"),
        ("evidence", "treatments", "protein"),
        (),
        _conclude,
        applies=_can_conclude,
        uses=(
            "sensitizers",
            "stability",
            "validation",
            "combinations",
            "protein_readings",
            "response",
            "targets",
            "enrichment",
            "association_summary",
            "stage",
            "stage_trend",
            "survival",
        ),
    ),
)
